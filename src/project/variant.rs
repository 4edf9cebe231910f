//! One picture's worth of decisions, and the stable list of them that a project plans.

use super::{CanvasSize, Earring, Face, Point, PoseChoice, Project, Recipe, Scale};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Everything that decides one picture's pixels, but for the files it names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    pub name: VariantName,
    pub canvas: CanvasSize,
    pub earrings: Vec<Earring>,
    pub scale: Scale,
    pub pose: PoseChoice,
    pub face: Option<Face>,
    pub prompt: String,
    pub negative_prompt: String,
    pub recipe: Recipe,
}

/// A readable name, unique within its plan and safe as a file name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VariantName(pub String);

impl std::fmt::Display for VariantName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Variant {
    /// The same picture at another size of the same shape: everything on the canvas grows or shrinks with it.
    /// None if the shape differs by more than the rounding of a side.
    pub fn at_size(&self, size: CanvasSize) -> Option<Self> {
        let across = f64::from(size.width) / f64::from(self.canvas.width);
        let down = f64::from(size.height) / f64::from(self.canvas.height);
        let longest = f64::from(self.canvas.width.max(self.canvas.height));
        if (across - down).abs() * longest > 1.0 {
            return None;
        }
        let mut variant = self.clone();
        variant.canvas = size;
        for earring in &mut variant.earrings {
            let Point { x, y } = earring.hook_in_canvas;
            earring.hook_in_canvas = Point { x: x * across, y: y * down };
            earring.scale *= across;
        }
        if let Scale::Band { top, bottom } = &mut variant.scale {
            *top *= down;
            *bottom *= down;
        }
        Some(variant)
    }
}

/// Name of the one picture of a plan that varies nothing.
const ONLY: &str = "picture";

/// Longest label of one axis in bytes: five of them, a preset's name and an ending fit the 255 bytes that
/// file systems allow.
const LONGEST_LABEL: usize = 40;

impl Project {
    /// The picture on the canvas now, the plan left aside.
    pub fn current_variant(&self) -> Variant {
        Variant {
            name: VariantName("current".to_owned()),
            canvas: self.canvas,
            earrings: self.earrings.clone(),
            scale: self.scale.clone(),
            pose: self.pose.clone(),
            face: self.face.clone(),
            prompt: self.prompt.clone(),
            negative_prompt: self.negative_prompt.clone(),
            recipe: self.recipe.clone(),
        }
    }

    /// Every planned picture, in an order that depends on the plan alone: poses outermost, then faces, scales,
    /// prompts, and seeds innermost.
    pub fn variants(&self) -> Vec<Variant> {
        self.variants_lazily().collect()
    }

    /// [`Project::variants`] one at a time, for plans too long to hold.
    pub fn variants_lazily(&self) -> impl Iterator<Item = Variant> + '_ {
        let axes = Axes::of(self);
        (0..self.variant_count()).map(move |index| axes.variant(self, index))
    }

    /// How many pictures the plan asks for, without making them.
    pub fn variant_count(&self) -> u64 {
        let plan = &self.plan;
        let lengths =
            [plan.poses.len(), plan.faces.len(), plan.scales.len(), plan.prompts.len(), plan.seeds.len()];
        lengths.iter().fold(1, |count: u64, length| count.saturating_mul((*length).max(1) as u64))
    }
}

/// The plan's lists with a label for every entry.
struct Axes {
    /// One list of labels an axis; empty where the plan does not list the axis.
    labels: [Vec<String>; 5],
}

impl Axes {
    fn of(project: &Project) -> Self {
        let plan = &project.plan;
        Self {
            labels: [
                distinct(plan.poses.iter().map(pose_label).collect()),
                distinct(
                    plan.faces.iter().map(|face| format!("face-{}", slug(file_stem(&face.file)))).collect(),
                ),
                distinct(plan.scales.iter().map(scale_label).collect()),
                distinct(plan.prompts.iter().map(|prompt| format!("prompt-{}", slug(prompt))).collect()),
                distinct(plan.seeds.iter().map(|seed| format!("seed-{seed}")).collect()),
            ],
        }
    }

    /// The place on every axis of the plan's picture `index`.
    fn places(&self, mut index: u64) -> [usize; 5] {
        let mut places = [0; 5];
        for (place, labels) in places.iter_mut().zip(&self.labels).rev() {
            let length = labels.len().max(1) as u64;
            *place = (index % length) as usize;
            index /= length;
        }
        places
    }

    fn variant(&self, project: &Project, index: u64) -> Variant {
        let places = self.places(index);
        let plan = &project.plan;
        let [pose, face, scale, prompt, seed] = places;
        let mut variant = project.current_variant();
        variant.name = self.name(places);
        if let Some(pose) = plan.poses.get(pose) {
            variant.pose = pose.clone();
        }
        if let Some(face) = plan.faces.get(face) {
            variant.face = Some(face.clone());
        }
        if let Some(scale) = plan.scales.get(scale) {
            variant.scale = scale.clone();
        }
        if let Some(prompt) = plan.prompts.get(prompt) {
            variant.prompt.clone_from(prompt);
        }
        if let Some(seed) = plan.seeds.get(seed) {
            variant.recipe.seed = *seed;
        }
        variant
    }

    /// The labels of the axes that vary. Labels hold no `_`, so different places give different names.
    fn name(&self, places: [usize; 5]) -> VariantName {
        let varying = self.labels.iter().zip(places).filter(|(labels, _)| labels.len() > 1);
        let labels: Vec<_> = varying.map(|(labels, place)| labels[place].as_str()).collect();
        VariantName(if labels.is_empty() { ONLY.to_owned() } else { labels.join("_") })
    }
}

/// Numbers the labels that an earlier one equals.
fn distinct(labels: Vec<String>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let number = |label: String| {
        let numbered = (2..).map(|number| format!("{label}-{number}"));
        let free = std::iter::once(label.clone()).chain(numbered).find(|name| !taken.contains(name));
        let free = free.unwrap_or(label);
        taken.insert(free.clone());
        free
    };
    labels.into_iter().map(number).collect()
}

fn pose_label(pose: &PoseChoice) -> String {
    match pose {
        PoseChoice::Template(id) => slug(id),
        PoseChoice::Angles(angles) => {
            format!("yaw{:+.0}-pitch{:+.0}-roll{:+.0}", angles.yaw_deg, angles.pitch_deg, angles.roll_deg)
        }
    }
}

fn scale_label(scale: &Scale) -> String {
    match scale {
        Scale::Band { top, bottom } => format!("band-{top:.0}-{bottom:.0}"),
        Scale::Ratio(ratio) => format!("ratio-{ratio:.2}"),
        Scale::RealSize { face_mm: None } => "real-size".to_owned(),
        Scale::RealSize { face_mm: Some(face) } => format!("real-size-{face:.0}mm"),
    }
}

fn file_stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Lower-case letters and digits of any script, everything between them a single `-`.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        let c = if c.is_alphanumeric() { c } else { '-' };
        if slug.len() + c.len_utf8() > LONGEST_LABEL - "prompt-".len() {
            break;
        }
        if c != '-' || !(slug.is_empty() || slug.ends_with('-')) {
            slug.push(c);
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    if slug.is_empty() { "x".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::HeadAngles;

    fn planned() -> Project {
        let mut project = Project::default();
        project.plan.poses = ["front-straight", "left-soft"].map(|id| PoseChoice::Template(id.into())).into();
        project.plan.scales = vec![Scale::Ratio(0.5), Scale::RealSize { face_mm: None }];
        project.plan.seeds = vec![7, u64::MAX];
        project
    }

    #[test]
    fn names_say_what_varies_in_a_stable_order() {
        let names: Vec<_> = planned().variants().into_iter().map(|variant| variant.name.0).collect();
        assert_eq!(
            names,
            [
                "front-straight_ratio-0.50_seed-7",
                "front-straight_ratio-0.50_seed-18446744073709551615",
                "front-straight_real-size_seed-7",
                "front-straight_real-size_seed-18446744073709551615",
                "left-soft_ratio-0.50_seed-7",
                "left-soft_ratio-0.50_seed-18446744073709551615",
                "left-soft_real-size_seed-7",
                "left-soft_real-size_seed-18446744073709551615",
            ]
        );
    }

    #[test]
    fn a_variant_takes_what_its_place_says_and_the_rest_from_the_project() {
        let variant = &planned().variants()[5];
        assert_eq!(variant.pose, PoseChoice::Template("left-soft".into()));
        assert_eq!(variant.scale, Scale::Ratio(0.5));
        assert_eq!(variant.recipe.seed, u64::MAX);
        assert_eq!(variant.prompt, crate::project::DEFAULT_PROMPT);
    }

    #[test]
    fn an_empty_plan_is_the_project_itself() {
        let variants = Project::default().variants();
        assert_eq!(variants.len(), 1);
        assert_eq!(variants[0].name.0, "picture");
        assert_eq!(variants[0].pose, PoseChoice::default());
    }

    #[test]
    fn equal_labels_are_numbered_past_names_already_taken() {
        let mut project = Project::default();
        project.plan.prompts = ["Gold!", "gold", "gold 2", "金の輪", "???"].map(str::to_owned).into();
        let names: Vec<_> = project.variants().into_iter().map(|variant| variant.name.0).collect();
        assert_eq!(names, ["prompt-gold", "prompt-gold-2", "prompt-gold-2-2", "prompt-金の輪", "prompt-x"]);
    }

    #[test]
    fn names_fit_a_file_system_and_hold_no_separator() {
        let mut project = planned();
        project.plan.prompts = vec!["語".repeat(500), "/../..".into()];
        project.plan.poses.push(PoseChoice::Angles(HeadAngles { yaw_deg: -179.6, ..HeadAngles::default() }));
        project.plan.poses.push(PoseChoice::Template("x/".repeat(300)));
        project.plan.faces = ["../a b/Anna_1.JPG", r"C:\faces\.png"]
            .map(|file| Face { file: file.into(), crop: None, remove: Vec::new(), other: Default::default() })
            .into();
        let variants = project.variants();
        assert_eq!(variants.len() as u64, project.variant_count());
        let names: BTreeSet<_> = variants.iter().map(|variant| &variant.name.0).collect();
        assert_eq!(names.len(), variants.len());
        for name in names {
            assert!(name.len() < 255 - 40, "{name}");
            assert!(!name.contains(['/', '\\', ':', ' ']), "{name}");
        }
    }

    #[test]
    fn another_size_of_the_same_shape_scales_all_that_lies_on_the_canvas() {
        let mut variant = crate::project::parse(include_str!("../../tests/fixtures/project/format-1.adorn"))
            .expect("the fixture")
            .current_variant();
        variant.scale = Scale::Band { top: 10.0, bottom: 100.0 };
        let double = variant.at_size(CanvasSize { width: 2160, height: 2700 }).expect("the same shape");
        assert_eq!(double.earrings[0].hook_in_canvas, Point { x: 1280.0, y: 1024.5 });
        assert_eq!(double.earrings[0].hook_in_product, variant.earrings[0].hook_in_product);
        assert_eq!(double.earrings[0].scale, 1.5);
        assert_eq!(double.scale, Scale::Band { top: 20.0, bottom: 200.0 });
        assert_eq!(variant.at_size(CanvasSize { width: 1080, height: 1080 }), None);
        assert!(variant.at_size(CanvasSize { width: 333, height: 416 }).is_some(), "a rounded side");
        assert_eq!(variant.at_size(variant.canvas), Some(variant));
    }

    #[test]
    fn counting_an_absurd_plan_neither_overflows_nor_builds_it() {
        let mut project = Project::default();
        project.plan.seeds = vec![0; 1 << 16];
        project.plan.prompts = vec![String::new(); 1 << 16];
        project.plan.scales = vec![Scale::default(); 1 << 16];
        project.plan.poses = vec![PoseChoice::default(); 1 << 16];
        assert_eq!(project.variant_count(), u64::MAX);
    }
}
