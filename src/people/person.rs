//! Who is portrayed: a number becomes a person, and the person words for captions.
//!
//! Frequencies are chosen so that data is varied, not so that it mirrors any country. Dark skin goes with dark
//! hair and eyes more often than not; grey comes with age.

use crate::project::Dice;

/// One of many people, told apart by a number: same number, same person.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    id: u64,
    attributes: Attributes,
}

/// What a person looks like, in words a caption can use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attributes {
    pub woman: bool,
    /// Years, 18..=80.
    pub age: u32,
    pub skin: SkinTone,
    pub freckles: bool,
    pub hair: HairStyle,
    pub hair_colour: HairColour,
    pub eyes: EyeColour,
    pub beard: Beard,
    pub make_up: MakeUp,
    pub glasses: Glasses,
    pub headwear: Headwear,
    pub neckline: Neckline,
    pub cloth: ClothColour,
    /// Whether hair and headwear leave the ears' lobes free.
    pub ears_shown: bool,
}

/// An enumeration whose cases have words for captions.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($case:ident => $words:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($case),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$case),+];

            /// As a caption says it; empty where there is nothing to say.
            pub fn words(self) -> &'static str {
                match self { $(Self::$case => $words),+ }
            }
        }
    };
}

words!(SkinTone {
    Fair => "fair skin",
    Light => "light skin",
    Olive => "olive skin",
    Tan => "tan skin",
    Brown => "brown skin",
    Dark => "dark skin",
});

words!(HairStyle {
    Shaved => "a shaved head",
    Crop => "a short crop",
    Pixie => "a pixie cut",
    SlickedBack => "short hair combed back",
    Bun => "hair in a bun",
    TopKnot => "hair in a top knot",
    Ponytail => "a ponytail",
    Bob => "a bob",
    TuckedBob => "a bob tucked behind the ears",
    LongStraight => "long straight hair",
    LongWavy => "long wavy hair",
    LongTucked => "long hair tucked behind the ears",
    Afro => "an afro",
    Curls => "short curls",
});

words!(HairColour {
    Black => "black",
    DarkBrown => "dark brown",
    Brown => "brown",
    Chestnut => "chestnut",
    Auburn => "auburn",
    Red => "red",
    DarkBlond => "dark blond",
    Blond => "blond",
    Grey => "grey",
    White => "white",
});

words!(EyeColour {
    DarkBrown => "dark brown eyes",
    Brown => "brown eyes",
    Hazel => "hazel eyes",
    Green => "green eyes",
    Blue => "blue eyes",
    Grey => "grey eyes",
});

words!(Beard {
    Shaven => "",
    Stubble => "stubble",
    Moustache => "a moustache",
    Short => "a short beard",
    Full => "a full beard",
});

words!(MakeUp {
    Bare => "",
    Light => "light make-up",
    RedLips => "red lipstick",
    Evening => "evening make-up",
});

words!(Glasses {
    Without => "",
    Round => "round glasses",
    Square => "square glasses",
});

words!(Headwear {
    Without => "",
    Beanie => "a knitted hat",
    Headscarf => "a headscarf",
});

words!(Neckline {
    Crew => "a crew-neck T-shirt",
    VNeck => "a V-neck top",
    Scoop => "a scoop-neck top",
    Turtleneck => "a turtleneck",
    Boat => "a boat-neck top",
});

words!(ClothColour {
    White => "white",
    Cream => "cream",
    Grey => "grey",
    Black => "black",
    Navy => "navy blue",
    Blue => "blue",
    Green => "green",
    Burgundy => "burgundy",
    Red => "red",
    Pink => "pink",
    Mustard => "mustard",
    Beige => "beige",
});

impl HairStyle {
    /// Whether the style leaves the lobes free.
    pub fn shows_ears(self) -> bool {
        !matches!(self, Self::Bob | Self::LongStraight | Self::LongWavy | Self::Afro)
    }
}

impl Person {
    pub fn of(id: u64) -> Self {
        let mut dice = Dice::named(id, 1);
        let woman = dice.chance(0.68);
        let age = (18.0 + 62.0 * dice.share().powf(1.7)) as u32;
        let skin = dice.pick(SkinTone::ALL);
        let hair = hair(&mut dice, woman, skin);
        let hair_colour = hair_colour(&mut dice, age, skin);
        let eyes = eye_colour(&mut dice, skin);
        let beard = if woman {
            Beard::Shaven
        } else {
            dice.weighted(&[
                (Beard::Shaven, 4.0),
                (Beard::Stubble, 3.0),
                (Beard::Moustache, 0.5),
                (Beard::Short, 2.0),
                (Beard::Full, 1.0),
            ])
        };
        let make_up = if woman {
            dice.weighted(&[
                (MakeUp::Bare, 3.0),
                (MakeUp::Light, 4.0),
                (MakeUp::RedLips, 1.5),
                (MakeUp::Evening, 1.5),
            ])
        } else {
            MakeUp::Bare
        };
        let framed = dice.weighted(&[(Glasses::Without, 8.0), (Glasses::Round, 1.0), (Glasses::Square, 1.0)]);
        let headwear = dice.weighted(&[
            (Headwear::Without, 9.0),
            (Headwear::Beanie, 0.4),
            (Headwear::Headscarf, if woman { 0.6 } else { 0.0 }),
        ]);
        // Temples go over the ears, and a scarf covers those.
        let glasses = if headwear == Headwear::Headscarf { Glasses::Without } else { framed };
        let neckline = dice.pick(if woman {
            Neckline::ALL
        } else {
            &[Neckline::Crew, Neckline::Crew, Neckline::VNeck, Neckline::Turtleneck]
        });
        let cloth = dice.pick(ClothColour::ALL);
        let freckles = matches!(skin, SkinTone::Fair | SkinTone::Light) && dice.chance(0.35);
        let ears_shown = hair.shows_ears() && headwear == Headwear::Without;
        Self {
            id,
            attributes: Attributes {
                woman,
                age,
                skin,
                freckles,
                hair,
                hair_colour,
                eyes,
                beard,
                make_up,
                glasses,
                headwear,
                neckline,
                cloth,
                ears_shown,
            },
        }
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn attributes(&self) -> Attributes {
        self.attributes
    }
}

fn hair(dice: &mut Dice, woman: bool, skin: SkinTone) -> HairStyle {
    let coiled = if matches!(skin, SkinTone::Brown | SkinTone::Dark) { 2.5 } else { 0.25 };
    if woman {
        dice.weighted(&[
            (HairStyle::Crop, 0.3),
            (HairStyle::Pixie, 1.2),
            (HairStyle::Bun, 2.0),
            (HairStyle::TopKnot, 1.0),
            (HairStyle::Ponytail, 1.6),
            (HairStyle::Bob, 1.2),
            (HairStyle::TuckedBob, 1.2),
            (HairStyle::LongStraight, 1.2),
            (HairStyle::LongWavy, 1.4),
            (HairStyle::LongTucked, 1.8),
            (HairStyle::Afro, coiled * 0.6),
            (HairStyle::Curls, coiled * 0.6),
        ])
    } else {
        dice.weighted(&[
            (HairStyle::Shaved, 0.8),
            (HairStyle::Crop, 3.0),
            (HairStyle::Pixie, 1.5),
            (HairStyle::SlickedBack, 1.5),
            (HairStyle::Bun, 0.3),
            (HairStyle::LongTucked, 0.3),
            (HairStyle::Curls, coiled),
        ])
    }
}

fn hair_colour(dice: &mut Dice, age: u32, skin: SkinTone) -> HairColour {
    let grey = ((age as f32 - 38.0) / 40.0).clamp(0.0, 0.85);
    if dice.chance(grey) {
        return dice.weighted(&[(HairColour::Grey, 2.0), (HairColour::White, grey)]);
    }
    let pale = match skin {
        SkinTone::Fair => 1.0,
        SkinTone::Light => 0.8,
        SkinTone::Olive => 0.25,
        SkinTone::Tan => 0.12,
        SkinTone::Brown | SkinTone::Dark => 0.03,
    };
    dice.weighted(&[
        (HairColour::Black, 0.5 + 2.0 * (1.0 - pale)),
        (HairColour::DarkBrown, 2.0),
        (HairColour::Brown, 0.3 + 1.2 * pale),
        (HairColour::Chestnut, 0.2 + 0.8 * pale),
        (HairColour::Auburn, 0.7 * pale),
        (HairColour::Red, 0.5 * pale),
        (HairColour::DarkBlond, 1.2 * pale),
        (HairColour::Blond, 1.2 * pale),
    ])
}

fn eye_colour(dice: &mut Dice, skin: SkinTone) -> EyeColour {
    let pale = match skin {
        SkinTone::Fair => 1.0,
        SkinTone::Light => 0.7,
        SkinTone::Olive => 0.25,
        SkinTone::Tan => 0.1,
        SkinTone::Brown | SkinTone::Dark => 0.0,
    };
    dice.weighted(&[
        (EyeColour::DarkBrown, 2.0 - 1.5 * pale),
        (EyeColour::Brown, 1.0),
        (EyeColour::Hazel, 0.2 + 0.6 * pale),
        (EyeColour::Green, 0.6 * pale),
        (EyeColour::Blue, 1.4 * pale),
        (EyeColour::Grey, 0.5 * pale),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_number_is_always_the_same_person_and_another_is_another() {
        assert_eq!(Person::of(7), Person::of(7));
        let different: BTreeSet<String> =
            (0..40).map(|id| format!("{:?}", Person::of(id).attributes())).collect();
        assert!(different.len() >= 38, "{}", different.len());
    }

    #[test]
    fn every_style_colour_and_garment_is_somebodys() {
        let all: Vec<Attributes> = (0..2000).map(|id| Person::of(id).attributes()).collect();
        let has = |wanted: &dyn Fn(&Attributes) -> bool| all.iter().any(wanted);
        assert!(HairStyle::ALL.iter().all(|style| has(&|a| a.hair == *style)));
        assert!(HairColour::ALL.iter().all(|colour| has(&|a| a.hair_colour == *colour)));
        assert!(SkinTone::ALL.iter().all(|tone| has(&|a| a.skin == *tone && a.ears_shown)));
        assert!(Headwear::ALL.iter().all(|hat| has(&|a| a.headwear == *hat)));
        assert!(all.iter().all(|a| (18..=80).contains(&a.age)));
        assert!(all.iter().all(|a| !a.woman || a.beard == Beard::Shaven));
    }
}
