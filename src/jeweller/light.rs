//! The studio around the piece, what surfaces do to light, and the film.

use super::Metal;
use super::worn::Setting;
use crate::picture::encoded;
use crate::scene::smooth;
use glam::{Vec3, vec3};
use std::sync::LazyLock;

/// A softbox or a flag: a rectangle of the surroundings, seen from the piece.
struct Panel {
    /// Direction of its middle.
    towards: Vec3,
    /// Direction of its long side, made perpendicular to `towards`.
    up: Vec3,
    /// Half extents across and along, tangents of angles.
    half: (f32, f32),
    /// Softness of its edge, tangent.
    edge: f32,
    light: Vec3,
}

/// Later panels hide earlier ones.
static PANELS: [Panel; 7] = [
    // The big overhead softbox, a little to the front.
    Panel {
        towards: vec3(-0.15, 0.86, 0.48),
        up: vec3(1.0, 0.0, 0.1),
        half: (0.50, 1.05),
        edge: 0.10,
        light: vec3(4.6, 4.5, 4.35),
    },
    // Key window, upper left.
    Panel {
        towards: vec3(-0.72, 0.42, 0.55),
        up: vec3(0.0, 1.0, 0.0),
        half: (0.26, 0.50),
        edge: 0.05,
        light: vec3(6.2, 6.1, 5.9),
    },
    // A tall strip at the right.
    Panel {
        towards: vec3(0.90, 0.08, 0.34),
        up: vec3(0.0, 1.0, 0.0),
        half: (0.13, 0.85),
        edge: 0.04,
        light: vec3(4.4, 4.4, 4.5),
    },
    // A white card below throws warm light back.
    Panel {
        towards: vec3(0.18, -0.88, 0.42),
        up: vec3(1.0, 0.0, 0.0),
        half: (0.34, 0.90),
        edge: 0.16,
        light: vec3(1.25, 1.15, 1.02),
    },
    // Black flags beside the camera draw the metal's dark lines.
    Panel {
        towards: vec3(-0.30, 0.04, 0.95),
        up: vec3(0.0, 1.0, 0.0),
        half: (0.10, 0.75),
        edge: 0.07,
        light: vec3(0.030, 0.019, 0.012),
    },
    Panel {
        towards: vec3(0.52, -0.04, 0.85),
        up: vec3(0.0, 1.0, 0.0),
        half: (0.15, 0.80),
        edge: 0.06,
        light: vec3(0.030, 0.019, 0.012),
    },
    // Rim flag from behind: an outline on white grounds.
    Panel {
        towards: vec3(0.0, -0.25, -0.97),
        up: vec3(1.0, 0.0, 0.0),
        half: (0.55, 1.1),
        edge: 0.3,
        light: vec3(0.10, 0.095, 0.09),
    },
];

/// A panel as rays ask it: every ray asks every panel.
struct Prepared {
    towards: Vec3,
    up: Vec3,
    across: Vec3,
    panel: &'static Panel,
}

static PREPARED: LazyLock<[Prepared; 7]> = LazyLock::new(|| PANELS.each_ref().map(Prepared::new));

impl Prepared {
    fn new(panel: &'static Panel) -> Self {
        let towards = panel.towards.normalize();
        let up = (panel.up - towards * panel.up.dot(towards)).normalize();
        Self { towards, up, across: up.cross(towards), panel }
    }

    /// How much of the panel a direction sees, 0..=1.
    fn cover(&self, direction: Vec3, blur: f32) -> f32 {
        let depth = direction.dot(self.towards);
        if depth <= 0.02 {
            return 0.0;
        }
        let (along, across) = (direction.dot(self.up) / depth, direction.dot(self.across) / depth);
        let Panel { half, edge, .. } = self.panel;
        let edge = edge + blur;
        let side = |at: f32, half: f32| smooth((half + edge - at.abs()) / (2.0 * edge));
        side(across, half.0) * side(along, half.1)
    }
}

/// What stands around the piece.
#[derive(Debug, Clone, Copy)]
pub(super) enum Room<'a> {
    /// The tent alone: a product on transparent ground.
    Tent,
    /// The tent, and behind the piece the ground it is photographed on.
    Ground,
    /// The place where somebody wears it.
    Worn(&'a Setting),
}

impl Room<'_> {
    /// See [`studio`].
    pub(super) fn studio(self, direction: Vec3, blur: f32) -> Vec3 {
        match self {
            Self::Worn(setting) => setting.radiance(direction, blur),
            Self::Tent | Self::Ground => studio(direction, blur),
        }
    }

    /// See [`soft_light`].
    pub(super) fn soft_light(self, normal: Vec3) -> Vec3 {
        match self {
            Self::Worn(setting) => setting.soft_light(normal),
            Self::Tent | Self::Ground => soft_light(normal),
        }
    }

    /// See [`lamps`].
    pub(super) fn lamps(self, direction: Vec3) -> Vec3 {
        match self {
            Self::Worn(setting) => setting.sparks(direction),
            Self::Tent | Self::Ground => Vec3::splat(lamps(direction)),
        }
    }
}

/// Light in linear sRGB, the part that the ground adds kept apart: a piece is traced once and then stands on
/// a ground of any colour.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Seen {
    pub(super) own: Vec3,
    /// What a white ground would add.
    pub(super) ground: Vec3,
}

impl Seen {
    pub(super) fn own(light: Vec3) -> Self {
        Self { own: light, ground: Vec3::ZERO }
    }
}

impl std::ops::Add for Seen {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { own: self.own + other.own, ground: self.ground + other.ground }
    }
}

impl std::ops::Mul<Vec3> for Seen {
    type Output = Self;

    fn mul(self, strength: Vec3) -> Self {
        Self { own: self.own * strength, ground: self.ground * strength }
    }
}

/// Light from a direction in a room.
pub(super) fn seen(room: Room<'_>, direction: Vec3, blur: f32) -> Seen {
    let light = room.studio(direction, blur);
    if !matches!(room, Room::Ground) {
        return Seen::own(light);
    }
    // Black cards stand around the set, as photographers place them: polished metal would otherwise have no
    // outline in a white tent. Only its last rim mirrors the ground, which the piece itself shades a little.
    let cards = 1.0 - 0.55 * smooth((0.30 - direction.z) / 0.3) * smooth((direction.z + 0.80) / 0.3);
    let share = 0.62 * smooth((0.10 + blur - direction.z) / 0.5);
    Seen { own: light * ((1.0 - share) * cards), ground: Vec3::splat(share * cards) }
}

/// Light from a direction; `blur` softens every edge, for surfaces less than polished.
pub(super) fn studio(direction: Vec3, blur: f32) -> Vec3 {
    // The tent: bright above, dim below, dimmer towards the camera, a pale sweep behind.
    let height = smooth(0.5 + 0.62 * direction.y);
    let front = smooth((direction.z - 0.25) / 0.75);
    let tent = Vec3::splat(0.11 + 0.74 * height) * (1.0 - 0.55 * front);
    let mut light = tent * vec3(1.03, 0.985, 0.93);
    for own in PREPARED.iter() {
        light = light.lerp(own.panel.light, own.cover(direction, blur));
    }
    light
}

/// Light that a matt white surface with this normal sends back: the studio, seen through a whole hemisphere.
pub(super) fn soft_light(normal: Vec3) -> Vec3 {
    let from = |towards: Vec3, wrap: f32| ((normal.dot(towards.normalize()) + wrap) / (1.0 + wrap)).max(0.0);
    Vec3::splat(0.10 + 0.08 * normal.y)
        + vec3(0.34, 0.335, 0.325) * from(PANELS[0].towards, 0.25)
        + vec3(0.36, 0.355, 0.345) * from(PANELS[1].towards, 0.20)
        + vec3(0.13, 0.13, 0.14) * from(PANELS[2].towards, 0.10)
        + vec3(0.13, 0.115, 0.095) * from(PANELS[3].towards, 0.30)
}

/// The small lamps that are switched on for stones: points of light all over the upper tent.
pub(super) fn lamps(direction: Vec3) -> f32 {
    let wave = |at: f32| (0.5 + 0.5 * (11.0 * at).sin()).powi(6);
    let (across, along) = (direction.x - 0.35 * direction.y, direction.y + 0.35 * direction.x);
    wave(across + 0.1) * wave(along - 0.07) * smooth(0.6 + direction.z) * 9.0
}

/// Schlick's approximation of Fresnel's reflectance (1994).
pub(super) fn schlick(straight_on: f32, cosine: f32) -> f32 {
    straight_on + (1.0 - straight_on) * (1.0 - cosine.clamp(0.0, 1.0)).powi(5)
}

/// Reflectance of polished metal, linear sRGB.
pub(super) fn metal(metal: Metal, cosine: f32) -> Vec3 {
    let straight_on = match metal {
        Metal::Gold => vec3(1.00, 0.715, 0.305),
        Metal::RoseGold => vec3(0.97, 0.66, 0.50),
        Metal::Silver => vec3(0.955, 0.945, 0.915),
        Metal::WhiteGold => vec3(0.84, 0.79, 0.70),
    };
    straight_on + (Vec3::ONE - straight_on) * (1.0 - cosine.clamp(0.0, 1.0)).powi(5)
}

/// Film: linear below the knee, a shoulder above it, so highlights keep their colour and never clip hard.
pub(super) fn develop(light: Vec3) -> Vec3 {
    const KNEE: f32 = 0.62;
    let shoulder = |value: f32| {
        let over = (value - KNEE).max(0.0) / (1.0 - KNEE);
        value.min(KNEE) + (1.0 - KNEE) * (1.0 - (-over).exp())
    };
    Vec3::new(shoulder(light.x), shoulder(light.y), shoulder(light.z))
}

/// IEC 61966-2-1: linear light 0..=1 to an 8-bit sRGB code.
pub(super) fn encode(light: f32) -> u8 {
    (encoded(light) * 255.0).round() as u8
}
