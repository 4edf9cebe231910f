//! A picture in a sentence, as somebody would describe an advertisement: true, natural, and not always the same.

use super::cast::Take;
use crate::jeweller::{Design, Family};
use crate::people::{Attributes, Beard, Glasses, HairStyle, Headwear, MakeUp};
use crate::project::Dice;

/// Describes the picture.
pub(super) fn caption(take: &Take, ratio: f64) -> String {
    let mut dice = take.caption_dice.clone();
    let own = take.person.attributes();
    let sitting = &take.sitting;
    let (who, earrings) = (who(&own, &mut dice), earrings(&take.design));
    let looks = looks(&own, &mut dice);
    let view = view(sitting.angles.yaw_deg);
    let (light, backdrop) = (sitting.lighting.words(), sitting.backdrop.words());
    let cloth = format!("{} {}", own.cloth.words(), own.neckline.words().trim_start_matches("a "));
    let cloth = with_article(&cloth);
    let shot = match ratio {
        ..0.35 => "portrait from the chest up",
        0.35..0.62 => "portrait",
        _ => "close-up portrait",
    };
    let (he, his) = if own.woman { ("She", "her") } else { ("He", "his") };
    let text = match dice.index(8) {
        0 => format!("A {shot} of {who} with {looks}, wearing {earrings} and {cloth}, {light}, {backdrop}"),
        1 => format!("{who} wears {earrings}, {view}, {looks}, {backdrop}"),
        2 => format!("{earrings} on {who} with {looks}, {view}, {light}"),
        3 => format!("A photo of {who}, {view}. {he} has {looks} and wears {earrings}. {backdrop}, {light}"),
        4 => format!("{who} in {cloth} and {earrings}, {backdrop}"),
        5 => format!("Jewellery advertisement: {who} with {earrings}, {looks}, {light}, {backdrop}"),
        6 => format!("{who} with {looks} shows {his} {}, {view}, {light}", earrings.trim_start_matches("a ")),
        _ => format!("A {shot} of {who} wearing {earrings}, {view}"),
    };
    capitalised(&text)
}

fn who(own: &Attributes, dice: &mut Dice) -> String {
    let kind = if own.woman { "woman" } else { "man" };
    let age = match own.age {
        ..30 => "young",
        30..48 => "",
        48..64 => "middle-aged",
        _ => "older",
    };
    let (decade, his) = (own.age / 10 * 10, if own.woman { "her" } else { "his" });
    let decades = ["teens", "twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties"];
    match (dice.index(4), decades.get((decade / 10).saturating_sub(1) as usize)) {
        (0, Some(decade)) => format!("a {kind} in {his} {decade}"),
        (1, _) => format!("{} {kind} with {}", with_article(age), own.skin.words()),
        _ => format!("{} {kind}", with_article(age)),
    }
}

/// Hair or what covers it first, then up to two things more.
fn looks(own: &Attributes, dice: &mut Dice) -> String {
    let mut first =
        if own.headwear == Headwear::Without { hair(own) } else { own.headwear.words().to_owned() };
    let mut more = vec![own.eyes.words()];
    if own.glasses != Glasses::Without {
        more.push(own.glasses.words());
    }
    if own.beard != Beard::Shaven {
        more.push(own.beard.words());
    }
    if own.make_up != MakeUp::Bare {
        more.push(own.make_up.words());
    }
    if own.freckles {
        more.push("freckles");
    }
    dice.shuffle(&mut more);
    more.truncate(dice.index(3));
    if let Some(last) = more.pop() {
        for one in more {
            first = format!("{first}, {one}");
        }
        first = format!("{first} and {last}");
    }
    first
}

/// The colour where it belongs: "brown hair in a bun", "an auburn bob", "short black curls".
fn hair(own: &Attributes) -> String {
    let (style, colour) = (own.hair.words(), own.hair_colour.words());
    if own.hair == HairStyle::Shaved {
        return style.to_owned();
    }
    if style.contains("hair") {
        return style.replacen("hair", &format!("{colour} hair"), 1);
    }
    let bare = style.trim_start_matches("an ").trim_start_matches("a ");
    let coloured = match bare.strip_prefix("short ") {
        Some(rest) => format!("short {colour} {rest}"),
        None => format!("{colour} {bare}"),
    };
    if bare == style { coloured } else { with_article(&coloured) }
}

/// "gold hoop earrings".
pub(super) fn earrings(design: &Design) -> String {
    let kind = match design.family {
        Family::Hoop => "hoop",
        Family::Huggie => "huggie",
        Family::Stud => "stud",
        Family::Cluster => "flower",
        Family::Pearl if design.count <= 1 => "pearl stud",
        Family::Pearl => "pearl drop",
        Family::Enamel => "enamel flower",
        Family::Gem => {
            let gem = design.gem().unwrap_or_default().name();
            return format!("{} {gem} drop earrings", design.metal.name());
        }
        family => family.name(),
    };
    format!("{} {kind} earrings", design.metal.name())
}

fn view(yaw_deg: f64) -> &'static str {
    match yaw_deg {
        ..-55.0 => "in profile facing left",
        -55.0..-15.0 => "turned to the left",
        -15.0..=15.0 => "facing the camera",
        15.0..=55.0 => "turned to the right",
        _ => "in profile facing right",
    }
}

/// With "a" or "an"; "a" alone for no words.
fn with_article(words: &str) -> String {
    match words.chars().next() {
        None => "a".to_owned(),
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("an {words}"),
        Some(_) => format!("a {words}"),
    }
}

/// Every sentence begins with a capital.
pub(super) fn capitalised(text: &str) -> String {
    let mut begin = true;
    let mut raised = |letter: char| {
        let first = begin && letter.is_alphabetic();
        begin = letter == '.' || (begin && !first);
        if first { letter.to_ascii_uppercase() } else { letter }
    };
    text.chars().map(&mut raised).collect()
}

#[cfg(test)]
mod tests {
    use super::super::cast::cast;
    use super::*;
    use crate::body::BodyModel;
    use crate::people::Person;
    use crate::project::CanvasSize;
    use std::collections::BTreeSet;

    #[test]
    fn captions_are_sentences_that_tell_the_earring() {
        let model = BodyModel::open_head().unwrap();
        let size = CanvasSize { width: 256, height: 256 };
        let takes = (0..200).map(|number| cast(&model, 5, number, size, 0));
        let mut all = BTreeSet::new();
        for take in takes {
            let text = caption(&take, 0.5);
            let earrings = earrings(&take.design);
            assert!(text.to_lowercase().contains(&earrings), "{text}");
            assert!(text.starts_with(|letter: char| letter.is_ascii_uppercase()), "{text}");
            for wrong in ["  ", " ,", "a a ", "a an ", "an a ", " a e", " a o", " a i", "None", "and and"] {
                assert!(!text.contains(wrong), "{wrong:?} in {text}");
            }
            let own = take.person.attributes();
            let words: Vec<_> = text.split([' ', ',', '.']).collect();
            assert!(own.woman != words.contains(&"man"), "{text}");
            all.insert(text);
        }
        assert!(all.len() > 190, "{} different captions", all.len());
    }

    #[test]
    fn colours_stand_where_they_belong() {
        let with = |hair: HairStyle| {
            let own = (0..5000).map(|id| Person::of(id).attributes());
            let own = own.into_iter().find(|own| own.hair == hair && own.hair_colour.words() == "black");
            own.map(|own| super::hair(&own)).unwrap()
        };
        assert_eq!(with(HairStyle::Bun), "black hair in a bun");
        assert_eq!(with(HairStyle::Pixie), "a black pixie cut");
        assert_eq!(with(HairStyle::Crop), "a short black crop");
        assert_eq!(with(HairStyle::Curls), "short black curls");
        assert_eq!(with(HairStyle::Afro), "a black afro");
        assert_eq!(capitalised("a photo. she waits"), "A photo. She waits");
        assert_eq!(with_article("auburn bob"), "an auburn bob");
    }
}
