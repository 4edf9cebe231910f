//! Everything that is true of a picture, as it lies beside it: `truth.json`.

use super::caption::earrings;
use super::cast::Take;
use super::dress::WornTruth;
use crate::jeweller::Jewel;
use crate::people::Shot;
use crate::project::HeadAngles;
use serde::{Deserialize, Serialize};

/// Of this program's truth files.
pub const TRUTH_FORMAT: u32 = 1;

/// What a picture shows, besides what is measured in it.
pub(super) struct Subject {
    pub(super) style: &'static str,
    pub(super) identity: u64,
    pub(super) caption: String,
    pub(super) looks: Option<Looks>,
    /// The head in the world.
    pub(super) head: HeadAngles,
    pub(super) licence: String,
    pub(super) sources: Vec<String>,
}

/// Truth about a picture. Canvas frame: pixels, y down, pixel centres at .5. World frame: metres, x to the
/// picture's right, y up, z to the camera. Angles in degrees, signs as in the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    pub format: u32,
    /// The sample's key.
    pub id: String,
    /// How the person was made: rendered, photographic.
    pub style: String,
    /// Columns and rows.
    pub size: [u32; 2],
    /// Same number, same person; of all sets.
    pub identity: u64,
    pub caption: String,
    /// None of a photographed person: the caption says what is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Looks>,
    /// The head against the line of sight: yaw, pitch, roll. `pose.png` shows it.
    pub angles_deg: [f64; 3],
    /// The head in the world: yaw, pitch, roll.
    pub head_in_world_deg: [f64; 3],
    pub camera: CameraTruth,
    /// First and last row of the 68 landmarks, which `scale.png` fills; canvas.
    pub face_rows: [f64; 2],
    /// Their distance over the picture's height.
    pub face_ratio: f64,
    /// iBUG order, hidden or not; canvas.
    pub landmarks: Vec<[f64; 2]>,
    /// Likewise; world.
    pub landmarks_in_world: Vec<[f32; 3]>,
    /// The subject's left and right lobe.
    pub lobes: [LobeTruth; 2],
    /// The earring that the picture is about first.
    pub earrings: Vec<EarringTruth>,
    pub licence: String,
    pub sources: Vec<String>,
}

/// The pinhole camera: u = focal x / z + centre, z forward, for a world point (x, -y, -z) + translation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CameraTruth {
    /// Pixels.
    pub focal: [f64; 2],
    pub centre: [f64; 2],
    /// Metres.
    pub translation: [f32; 3],
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LobeTruth {
    /// Where an earring pierces it; canvas and world.
    pub at: [f64; 2],
    pub in_world: [f32; 3],
    /// Pixels in a millimetre there.
    pub px_per_mm: f64,
    /// Nothing stands before it.
    pub visible: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarringTruth {
    /// left or right: the subject's.
    pub ear: String,
    /// Where it passes through the lobe; canvas.
    pub hook: [f64; 2],
    pub family: String,
    pub metal: String,
    /// The whole piece, highest to lowest point, millimetres.
    pub height_mm: f64,
    /// Columns and rows that the whole piece spans: left, top, right, bottom, end exclusive; canvas.
    pub spans: [u32; 4],
    /// Area of its whole matte in pixels, and the share that is seen.
    pub whole_px: f64,
    pub seen: f64,
    /// The picture's border cuts nothing off.
    pub inside: bool,
}

/// What the person looks like, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    pub gender: String,
    pub age: u32,
    pub skin: String,
    pub freckles: bool,
    pub hair: String,
    pub hair_colour: String,
    pub eyes: String,
    pub beard: String,
    pub make_up: String,
    pub glasses: String,
    pub headwear: String,
    pub clothes: String,
    pub ears_shown: bool,
    pub light: String,
    pub background: String,
    pub earrings: String,
}

impl Truth {
    pub(super) fn of(id: String, subject: &Subject, shot: &Shot, jewel: &Jewel, worn: &[WornTruth]) -> Self {
        let height = f64::from(shot.camera.height);
        let ratio = (shot.face_rows.1 - shot.face_rows.0) / height;
        let degrees = |angles: HeadAngles| [angles.yaw_deg, angles.pitch_deg, angles.roll_deg];
        let lobes = [0, 1].map(|side| LobeTruth {
            at: shot.lobes[side].in_canvas.to_array(),
            in_world: shot.lobes[side].in_world.to_array(),
            px_per_mm: shot.lobes[side].px_per_mm,
            visible: shot.lobes[side].visible,
        });
        Self {
            format: TRUTH_FORMAT,
            id,
            style: subject.style.to_owned(),
            size: [shot.camera.width, shot.camera.height],
            identity: subject.identity,
            caption: subject.caption.clone(),
            attributes: subject.looks.clone(),
            angles_deg: degrees(shot.angles),
            head_in_world_deg: degrees(subject.head),
            camera: CameraTruth {
                focal: shot.camera.focal.to_array(),
                centre: shot.camera.centre.to_array(),
                translation: shot.camera.translation.to_array(),
            },
            face_rows: [shot.face_rows.0, shot.face_rows.1],
            face_ratio: ratio,
            landmarks: shot.landmarks.iter().map(glam::DVec2::to_array).collect(),
            landmarks_in_world: shot.landmarks_in_world.iter().map(glam::Vec3::to_array).collect(),
            earrings: worn.iter().map(|worn| EarringTruth::of(worn, &lobes, jewel)).collect(),
            lobes,
            licence: subject.licence.clone(),
            sources: subject.sources.clone(),
        }
    }
}

impl EarringTruth {
    fn of(worn: &WornTruth, lobes: &[LobeTruth; 2], jewel: &Jewel) -> Self {
        Self {
            ear: ["left", "right"][worn.side].to_owned(),
            hook: lobes[worn.side].at,
            family: jewel.design().family.name().to_owned(),
            metal: jewel.design().metal.name().to_owned(),
            height_mm: jewel.height_mm(),
            spans: [worn.columns.start, worn.rows.start, worn.columns.end, worn.rows.end],
            whole_px: worn.whole_px,
            seen: worn.seen_px / worn.whole_px.max(1e-6),
            inside: worn.inside,
        }
    }
}

impl Looks {
    pub(super) fn of(take: &Take) -> Self {
        let own = take.person.attributes();
        let words = |words: &str| words.to_owned();
        Self {
            gender: words(if own.woman { "woman" } else { "man" }),
            age: own.age,
            skin: words(own.skin.words()),
            freckles: own.freckles,
            hair: words(own.hair.words()),
            hair_colour: words(own.hair_colour.words()),
            eyes: words(own.eyes.words()),
            beard: words(own.beard.words()),
            make_up: words(own.make_up.words()),
            glasses: words(own.glasses.words()),
            headwear: words(own.headwear.words()),
            clothes: format!("{} in {}", own.neckline.words(), own.cloth.words()),
            ears_shown: own.ears_shown,
            light: words(take.sitting.lighting.words()),
            background: words(take.sitting.backdrop.words()),
            earrings: earrings(&take.design),
        }
    }
}
