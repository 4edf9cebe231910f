//! What serde cannot say: ranges, uniqueness, finite numbers. Checked once at the border, so that no room
//! above meets a negative size, a NaN or an endless plan.

use super::{
    CanvasSize, CutFrom, Earring, ExportPreset, Face, Point, PoseChoice, Project, Recipe, Rectangle, Scale,
    Stroke, Variant,
};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Longest prompt in characters; text encoders read far less.
pub const LONGEST_PROMPT: usize = 2_000;

/// Most pictures a plan may ask for.
pub const LARGEST_PLAN: u64 = 100_000;

/// Most earrings on one canvas.
const MOST_EARRINGS: usize = 64;

/// Most export presets of one project.
const MOST_PRESETS: usize = 64;

/// Most LoRAs, and most textual inversions, of one recipe.
const MOST_ADAPTERS: usize = 32;

/// Most strokes over one photo.
pub const MOST_STROKES: usize = 1_000;

/// Most points of all strokes over one photo.
pub const MOST_STROKE_POINTS: usize = 10_000;

/// Longest word of a textual inversion in characters.
const LONGEST_TOKEN: usize = 64;

/// Longest path in bytes: what Linux allows, more than others do.
const LONGEST_PATH: usize = 4096;

/// Longest id of a pose template in characters; the library's own have at most 20.
const LONGEST_ID: usize = 100;

/// Longest preset name in characters.
const LONGEST_PRESET_NAME: usize = 32;

/// Canvas and product coordinates, in pixels; far beyond any canvas.
const COORDINATE: RangeInclusive<f64> = -1e6..=1e6;

/// A field whose value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {what}")]
pub struct FieldFault {
    /// Path of the field in the file, such as `earrings[1].scale`.
    pub field: String,
    /// What is wrong and what would be right.
    pub what: String,
}

type Checked = Result<(), FieldFault>;

impl Project {
    /// Checks every value's range; what passes can be saved, opened again and laid out.
    pub fn check(&self) -> Checked {
        check_canvas("canvas", self.canvas)?;
        check_earrings(&self.earrings)?;
        check_scale("scale", &self.scale)?;
        check_pose("pose", &self.pose)?;
        if let Some(face) = &self.face {
            check_face("face", face)?;
        }
        check_prompt("prompt", &self.prompt)?;
        check_prompt("negative_prompt", &self.negative_prompt)?;
        check_recipe(&self.recipe)?;
        self.check_plan()?;
        check_presets(&self.presets)
    }

    fn check_plan(&self) -> Checked {
        let plan = &self.plan;
        each(&plan.poses, "plan.poses", check_pose)?;
        each(&plan.faces, "plan.faces", check_face)?;
        each(&plan.scales, "plan.scales", check_scale)?;
        each(&plan.prompts, "plan.prompts", |field, prompt| check_prompt(field, prompt))?;
        let count = self.variant_count();
        require(count <= LARGEST_PLAN, "plan", || {
            format!("asks for {count} pictures, and at most {LARGEST_PLAN} fit one plan; shorten its lists")
        })
    }
}

impl Variant {
    /// Checks what a raster is made by: size and earrings. For variants that come from a finished file's
    /// record; a project's own variants are as sound as their project.
    pub fn check_layout(&self) -> Checked {
        check_canvas("canvas", self.canvas)?;
        check_earrings(&self.earrings)
    }
}

fn require(holds: bool, field: &str, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(FieldFault { field: field.to_owned(), what: what() }) }
}

fn each<T>(items: &[T], field: &str, check: impl Fn(&str, &T) -> Checked) -> Checked {
    items.iter().enumerate().try_for_each(|(index, item)| check(&format!("{field}[{index}]"), item))
}

/// NaN lies in no range, so this is also the check for finite numbers.
fn check_range(field: &str, value: f64, range: &RangeInclusive<f64>, unit: &str) -> Checked {
    require(range.contains(&value), field, || {
        // Beyond that, digits before the point are noise.
        let value = if value.abs() < 1e15 { value.to_string() } else { format!("{value:e}") };
        format!("is {value}; must be from {} to {}{unit}", range.start(), range.end())
    })
}

fn check_canvas(field: &str, size: CanvasSize) -> Checked {
    for (name, side) in [("width", size.width), ("height", size.height)] {
        require(CanvasSize::SIDE.contains(&side), &format!("{field}.{name}"), || {
            let (least, most) = (CanvasSize::SIDE.start(), CanvasSize::SIDE.end());
            format!("is {side}; must be from {least} to {most} pixels")
        })?;
    }
    Ok(())
}

fn check_earrings(earrings: &[Earring]) -> Checked {
    require(earrings.len() <= MOST_EARRINGS, "earrings", || {
        format!("has {} entries; at most {MOST_EARRINGS} fit one canvas", earrings.len())
    })?;
    let mut ids = BTreeSet::new();
    each(earrings, "earrings", check_earring)?;
    for (index, earring) in earrings.iter().enumerate() {
        require(ids.insert(earring.id), &format!("earrings[{index}].id"), || {
            format!("is {}, which an earlier earring has; ids must differ", earring.id.0)
        })?;
    }
    Ok(())
}

fn check_earring(field: &str, earring: &Earring) -> Checked {
    check_file(field, &earring.file)?;
    check_point(&format!("{field}.hook_in_product"), earring.hook_in_product)?;
    check_point(&format!("{field}.hook_in_canvas"), earring.hook_in_canvas)?;
    check_range(&format!("{field}.scale"), earring.scale, &(1e-4..=1e4), " canvas pixels per product pixel")?;
    check_range(&format!("{field}.rotation_deg"), earring.rotation_deg, &(-36_000.0..=36_000.0), " degrees")?;
    if let Some(height) = earring.real_height_mm {
        check_range(&format!("{field}.real_height_mm"), height, &(0.1..=10_000.0), " mm")?;
    }
    earring.cut_from.as_ref().map_or(Ok(()), |cut| check_cut(&format!("{field}.cut_from"), cut))
}

fn check_cut(field: &str, cut: &CutFrom) -> Checked {
    check_file(field, &cut.file)?;
    if let Some(Rectangle { left, top, right, bottom }) = cut.frame {
        let edges = [("left", left), ("top", top), ("right", right), ("bottom", bottom)];
        edges.iter().try_for_each(|(name, edge)| {
            check_range(&format!("{field}.frame.{name}"), *edge, &COORDINATE, " pixels")
        })?;
        let holds = left < right && top < bottom;
        require(holds, &format!("{field}.frame"), || "encloses nothing; draw it anew".to_owned())?;
    }
    check_strokes(&format!("{field}.strokes"), &cut.strokes)
}

fn check_file(field: &str, file: &str) -> Checked {
    let field = format!("{field}.file");
    require(!file.is_empty() && !file.contains('\0'), &field, || "names no file; give its path".to_owned())?;
    require(file.len() <= LONGEST_PATH, &field, || {
        format!("has {} bytes; paths have at most {LONGEST_PATH}", file.len())
    })
}

fn check_point(field: &str, point: Point) -> Checked {
    check_range(&format!("{field}.x"), point.x, &COORDINATE, " pixels")?;
    check_range(&format!("{field}.y"), point.y, &COORDINATE, " pixels")
}

fn check_scale(field: &str, scale: &Scale) -> Checked {
    match scale {
        Scale::Band { top, bottom } => {
            check_range(&format!("{field}.band.top"), *top, &COORDINATE, " pixels")?;
            check_range(&format!("{field}.band.bottom"), *bottom, &COORDINATE, " pixels")?;
            require(top < bottom, &format!("{field}.band.bottom"), || {
                format!("is {bottom}, not below the band's top {top}; rows count downwards")
            })
        }
        Scale::Ratio(ratio) => check_range(&format!("{field}.ratio"), *ratio, &(0.0..=1.0), ""),
        Scale::RealSize { face_mm: Some(face) } => {
            check_range(&format!("{field}.real_size.face_mm"), *face, &(1.0..=1_000.0), " mm")
        }
        Scale::RealSize { face_mm: None } => Ok(()),
    }
}

fn check_pose(field: &str, pose: &PoseChoice) -> Checked {
    match pose {
        PoseChoice::Template(id) => {
            let fits = (1..=LONGEST_ID).contains(&id.chars().count());
            require(fits, &format!("{field}.template"), || {
                "names no pose; give a template's id, such as front-straight".to_owned()
            })
        }
        PoseChoice::Angles(angles) => {
            let named =
                [("yaw_deg", angles.yaw_deg), ("pitch_deg", angles.pitch_deg), ("roll_deg", angles.roll_deg)];
            named.iter().try_for_each(|(name, angle)| {
                check_range(&format!("{field}.angles.{name}"), *angle, &(-180.0..=180.0), " degrees")
            })
        }
    }
}

fn check_face(field: &str, face: &Face) -> Checked {
    check_file(field, &face.file)?;
    check_strokes(&format!("{field}.remove"), &face.remove)?;
    let Some(crop) = face.crop else { return Ok(()) };
    check_range(&format!("{field}.crop.left"), crop.left, &COORDINATE, " pixels")?;
    check_range(&format!("{field}.crop.top"), crop.top, &COORDINATE, " pixels")?;
    check_range(&format!("{field}.crop.side"), crop.side, &(1.0..=1e6), " pixels")
}

fn check_strokes(field: &str, strokes: &[Stroke]) -> Checked {
    let points: usize = strokes.iter().map(|stroke| stroke.points.len()).sum();
    require(strokes.len() <= MOST_STROKES && points <= MOST_STROKE_POINTS, field, || {
        let count = strokes.len();
        format!(
            "has {count} strokes of {points} points; at most {MOST_STROKES} of {MOST_STROKE_POINTS} are drawn"
        )
    })?;
    each(strokes, field, |field, stroke| {
        check_range(&format!("{field}.radius"), stroke.radius, &(0.1..=1e5), " pixels")?;
        require(!stroke.points.is_empty(), &format!("{field}.points"), || {
            "is empty; a dab has one point".to_owned()
        })?;
        each(&stroke.points, &format!("{field}.points"), |field, point| check_point(field, *point))
    })
}

fn check_prompt(field: &str, prompt: &str) -> Checked {
    let length = prompt.chars().count();
    require(length <= LONGEST_PROMPT, field, || {
        format!("has {length} characters; at most {LONGEST_PROMPT} are read, shorten it")
    })
}

fn check_recipe(recipe: &Recipe) -> Checked {
    if let Some(steps) = recipe.steps {
        check_range("recipe.steps", f64::from(steps), &(1.0..=1000.0), "")?;
    }
    if let Some(guidance) = recipe.guidance {
        check_range("recipe.guidance", guidance, &(0.0..=50.0), "")?;
    }
    if let Some(gamma) = recipe.gamma {
        check_range("recipe.gamma", gamma, &(0.0..=1000.0), "")?;
    }
    check_range("recipe.appearance_strength", recipe.appearance_strength, &(0.0..=1.0), "")?;
    check_range("recipe.control_strength", recipe.control_strength, &(0.0..=2.0), "")?;
    check_adapters(recipe)
}

fn check_adapters(recipe: &Recipe) -> Checked {
    for (field, count) in
        [("recipe.loras", recipe.loras.len()), ("recipe.embeddings", recipe.embeddings.len())]
    {
        require(count <= MOST_ADAPTERS, field, || {
            format!("has {count} entries; at most {MOST_ADAPTERS} are read")
        })?;
    }
    each(&recipe.loras, "recipe.loras", |field, lora| {
        check_file(field, &lora.file)?;
        check_range(&format!("{field}.strength"), lora.strength, &(-4.0..=4.0), "")
    })?;
    let mut tokens = BTreeSet::new();
    each(&recipe.embeddings, "recipe.embeddings", |field, embedding| {
        check_file(field, &embedding.file)?;
        let length = embedding.token.chars().count();
        let plain = !embedding.token.contains(|c: char| c.is_whitespace() || c.is_control());
        require(plain && (1..=LONGEST_TOKEN).contains(&length), &format!("{field}.token"), || {
            format!("must be one word of 1 to {LONGEST_TOKEN} characters; it is typed in prompts")
        })
    })?;
    for (index, embedding) in recipe.embeddings.iter().enumerate() {
        // Prompts are read without case.
        require(
            tokens.insert(embedding.token.to_lowercase()),
            &format!("recipe.embeddings[{index}].token"),
            || format!("is {}, which an earlier one has; words must differ", embedding.token),
        )?;
    }
    Ok(())
}

fn check_presets(presets: &[ExportPreset]) -> Checked {
    require(presets.len() <= MOST_PRESETS, "presets", || {
        format!("has {} entries; at most {MOST_PRESETS} fit one project", presets.len())
    })?;
    let mut names = BTreeSet::new();
    for (index, preset) in presets.iter().enumerate() {
        let field = format!("presets[{index}]");
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let safe = preset.name.chars().all(allowed);
        require(
            safe && (1..=LONGEST_PRESET_NAME).contains(&preset.name.len()),
            &format!("{field}.name"),
            || {
                format!(
                    "must be 1 to {LONGEST_PRESET_NAME} letters, digits, `-` or `_`; rename it, as it names files"
                )
            },
        )?;
        // Some file systems do not tell upper from lower case.
        require(names.insert(preset.name.to_ascii_lowercase()), &format!("{field}.name"), || {
            format!("is {}, which an earlier preset has; names must differ", preset.name)
        })?;
        check_canvas(&format!("{field}.size"), preset.size)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::EarringId;

    fn earring(id: u32) -> Earring {
        Earring {
            id: EarringId(id),
            file: "hoop.png".to_owned(),
            hook_in_product: Point::default(),
            hook_in_canvas: Point::default(),
            scale: 1.0,
            rotation_deg: 0.0,
            mirror: false,
            real_height_mm: None,
            ear: crate::project::Ear::Auto,
            cut_from: None,
            other: crate::project::Other::new(),
        }
    }

    fn fault_of(change: impl FnOnce(&mut Project)) -> String {
        let mut project = Project { earrings: vec![earring(1), earring(2)], ..Project::default() };
        assert_eq!(project.check(), Ok(()));
        change(&mut project);
        project.check().expect_err("a fault").field
    }

    #[test]
    fn every_range_is_named_by_its_field() {
        assert_eq!(fault_of(|p| p.canvas.height = 63), "canvas.height");
        assert_eq!(fault_of(|p| p.canvas.width = 8193), "canvas.width");
        assert_eq!(fault_of(|p| p.earrings[1].scale = 0.0), "earrings[1].scale");
        assert_eq!(fault_of(|p| p.earrings[0].scale = f64::NAN), "earrings[0].scale");
        assert_eq!(
            fault_of(|p| p.earrings[0].hook_in_canvas.x = f64::INFINITY),
            "earrings[0].hook_in_canvas.x"
        );
        assert_eq!(fault_of(|p| p.earrings[1].id = EarringId(1)), "earrings[1].id");
        assert_eq!(fault_of(|p| p.earrings[1].real_height_mm = Some(0.0)), "earrings[1].real_height_mm");
        assert_eq!(fault_of(|p| p.earrings[1].file.clear()), "earrings[1].file");
        assert_eq!(fault_of(|p| p.earrings[1].file = "a/".repeat(LONGEST_PATH)), "earrings[1].file");
        assert_eq!(fault_of(|p| p.pose = PoseChoice::Template("x".repeat(LONGEST_ID + 1))), "pose.template");
        assert_eq!(fault_of(|p| p.scale = Scale::Ratio(1.5)), "scale.ratio");
        assert_eq!(fault_of(|p| p.scale = Scale::Band { top: 5.0, bottom: 5.0 }), "scale.band.bottom");
        assert_eq!(fault_of(|p| p.scale = Scale::RealSize { face_mm: Some(0.0) }), "scale.real_size.face_mm");
        assert_eq!(fault_of(|p| p.recipe.steps = Some(0)), "recipe.steps");
        assert_eq!(fault_of(|p| p.recipe.guidance = Some(51.0)), "recipe.guidance");
        assert_eq!(fault_of(|p| p.recipe.appearance_strength = -0.1), "recipe.appearance_strength");
        let lora = |file: &str, strength: f64| crate::project::Lora {
            file: file.to_owned(),
            strength,
            other: crate::project::Other::new(),
        };
        assert_eq!(fault_of(|p| p.recipe.loras = vec![lora("a", 9.0)]), "recipe.loras[0].strength");
        assert_eq!(fault_of(|p| p.recipe.loras = vec![lora("a", f64::NAN)]), "recipe.loras[0].strength");
        assert_eq!(fault_of(|p| p.recipe.loras = vec![lora("", 1.0)]), "recipe.loras[0].file");
        assert_eq!(fault_of(|p| p.recipe.loras = vec![lora("a", 1.0); MOST_ADAPTERS + 1]), "recipe.loras");
        let words = |tokens: &[&str]| {
            let word = |token: &&str| crate::project::Embedding {
                file: "a".to_owned(),
                token: (*token).to_owned(),
                other: crate::project::Other::new(),
            };
            tokens.iter().map(word).collect::<Vec<_>>()
        };
        assert_eq!(fault_of(|p| p.recipe.embeddings = words(&["two words"])), "recipe.embeddings[0].token");
        assert_eq!(fault_of(|p| p.recipe.embeddings = words(&[""])), "recipe.embeddings[0].token");
        assert_eq!(fault_of(|p| p.recipe.embeddings = words(&["a", "A"])), "recipe.embeddings[1].token");
        assert_eq!(fault_of(|p| p.prompt = "x".repeat(LONGEST_PROMPT + 1)), "prompt");
        assert_eq!(fault_of(|p| p.plan.prompts = vec!["x".repeat(LONGEST_PROMPT + 1)]), "plan.prompts[0]");
    }

    #[test]
    fn a_cut_names_its_photo_and_a_frame_that_holds_something() {
        let cut = |file: &str, [left, top, right, bottom]: [f64; 4]| {
            let (strokes, other) = (Vec::new(), crate::project::Other::new());
            let frame = Some(Rectangle { left, top, right, bottom });
            fault_of(|p| {
                p.earrings[1].cut_from = Some(CutFrom { file: file.to_owned(), frame, strokes, other });
            })
        };
        assert_eq!(cut("", [0.0, 0.0, 9.0, 9.0]), "earrings[1].cut_from.file");
        assert_eq!(cut("a.jpg", [0.0, 0.0, f64::NAN, 9.0]), "earrings[1].cut_from.frame.right");
        assert_eq!(cut("a.jpg", [0.0, 9.0, 9.0, 9.0]), "earrings[1].cut_from.frame");
    }

    #[test]
    fn strokes_are_bounded_and_finite() {
        let stroke = |radius: f64, points: Vec<Point>| Stroke {
            kind: crate::project::StrokeKind::Include,
            radius,
            points,
            other: crate::project::Other::new(),
        };
        let fault = |remove: Vec<Stroke>| {
            let other = crate::project::Other::new();
            fault_of(|p| p.face = Some(Face { file: "a.jpg".to_owned(), crop: None, remove, other }))
        };
        let dab = vec![Point::default()];
        assert_eq!(fault(vec![stroke(0.0, dab.clone())]), "face.remove[0].radius");
        assert_eq!(fault(vec![stroke(1.0, dab.clone()), stroke(1.0, vec![])]), "face.remove[1].points");
        let lost = vec![Point { x: 0.0, y: f64::NAN }];
        assert_eq!(fault(vec![stroke(1.0, lost)]), "face.remove[0].points[0].y");
        assert_eq!(fault(vec![stroke(1.0, dab.clone()); MOST_STROKES + 1]), "face.remove");
        assert_eq!(fault(vec![stroke(1.0, vec![dab[0]; MOST_STROKE_POINTS + 1])]), "face.remove");
        let strokes = vec![stroke(f64::NAN, dab.clone())];
        let other = crate::project::Other::new();
        let cut = CutFrom { file: "a.jpg".to_owned(), frame: None, strokes, other };
        let fault = fault_of(|p| p.earrings[0].cut_from = Some(cut));
        assert_eq!(fault, "earrings[0].cut_from.strokes[0].radius");
    }

    #[test]
    fn a_plan_may_not_ask_for_more_than_the_most() {
        assert_eq!(fault_of(|p| p.plan.seeds = (0..=LARGEST_PLAN).collect()), "plan");
    }

    #[test]
    fn preset_names_are_safe_and_differ_even_without_case() {
        let preset = |name: &str| ExportPreset {
            name: name.to_owned(),
            size: CanvasSize::default(),
            other: crate::project::Other::new(),
        };
        assert_eq!(fault_of(|p| p.presets = vec![preset("../x")]), "presets[0].name");
        assert_eq!(fault_of(|p| p.presets = vec![preset("")]), "presets[0].name");
        assert_eq!(fault_of(|p| p.presets = vec![preset("Shop"), preset("shop")]), "presets[1].name");
    }
}
