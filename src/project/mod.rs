//! The document: what a designer decided, as plain data.
//!
//! No pixels, no handles, no clocks: a [`Project`] is cheap to clone and compare, so undo is a list of
//! snapshots, "unsaved" is `project != saved`, and autosave writes a snapshot. This room refuses to know
//! everything above it: images, models, windows. Positions are pixels of the canvas unless a name says
//! otherwise; angles are degrees, clockwise on screen; lengths of real things are millimetres.
//!
//! Every struct keeps the fields it does not know (`other`), so a file written by a newer Adorn of the same
//! format survives being opened and saved here.

mod check;
mod cut;
mod dice;
mod digest;
mod file;
mod locate;
mod paths;
mod schema;
mod unknown;
mod variant;
mod whole_file;

pub use check::{FieldFault, LARGEST_PLAN, LONGEST_PROMPT, MOST_STROKE_POINTS, MOST_STROKES};
pub use cut::{CutFrom, Rectangle, Stroke, StrokeKind};
pub use dice::{Dice, mixed};
pub use digest::{digest_of, digest_of_file, hex};
pub use file::{FORMAT, FileError, load, parse, save, to_json};
pub use paths::{base_of, relative_path, resolve};
pub use schema::schema_json;
pub use variant::{Variant, VariantName};
pub use whole_file::write_whole;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fields of a file that this version does not know, kept as they were.
pub type Other = serde_json::Map<String, serde_json::Value>;

/// Everything a designer decided about one ad and its variants. Saved as `NAME.adorn`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Project {
    /// Version of the file format; see [`FORMAT`].
    pub format: u32,
    /// Size of the finished picture.
    #[serde(default)]
    pub canvas: CanvasSize,
    /// Products on the canvas, back to front. The first one is the main earring: the scale band and the
    /// model's lobe are placed by it.
    #[serde(default)]
    pub earrings: Vec<Earring>,
    /// How large the model's face is, and where.
    #[serde(default)]
    pub scale: Scale,
    /// How the model's head is turned.
    #[serde(default)]
    pub pose: PoseChoice,
    /// Whose face the model resembles; none lets the model be anyone.
    #[serde(default)]
    pub face: Option<Face>,
    /// What the picture shows, in words.
    #[serde(default = "default_prompt")]
    pub prompt: String,
    /// What the picture must not show.
    #[serde(default)]
    pub negative_prompt: String,
    /// The sampler's settings.
    #[serde(default)]
    pub recipe: Recipe,
    /// Which variants a batch export makes.
    #[serde(default)]
    pub plan: VariantPlan,
    /// Sizes and formats a batch export writes.
    #[serde(default)]
    pub presets: Vec<ExportPreset>,
    #[serde(flatten)]
    pub other: Other,
}

/// METHOD 1: the paper's default prompt.
pub const DEFAULT_PROMPT: &str = "A beautiful woman wears earrings, best quality";

fn default_prompt() -> String {
    DEFAULT_PROMPT.to_owned()
}

impl Default for Project {
    fn default() -> Self {
        Self {
            format: FORMAT,
            canvas: CanvasSize::default(),
            earrings: Vec::new(),
            scale: Scale::default(),
            pose: PoseChoice::default(),
            face: None,
            prompt: default_prompt(),
            negative_prompt: String::new(),
            recipe: Recipe::default(),
            plan: VariantPlan::default(),
            presets: Vec::new(),
            other: Other::new(),
        }
    }
}

/// Size of the finished picture in pixels, each side 64..=8192.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CanvasSize {
    #[schemars(range(min = 64, max = 8192))]
    pub width: u32,
    #[schemars(range(min = 64, max = 8192))]
    pub height: u32,
}

impl CanvasSize {
    /// Allowed length of a side in pixels.
    pub const SIDE: std::ops::RangeInclusive<u32> = 64..=8192;
}

impl Default for CanvasSize {
    fn default() -> Self {
        Self { width: 1024, height: 1024 }
    }
}

/// A point in pixels; the frame is the field's. (0, 0) is the top left corner of the top left pixel.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// Names an earring for as long as its project lives; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EarringId(pub u32);

/// One product photo and how it lies on the canvas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Earring {
    pub id: EarringId,
    /// The product photo (PNG, JPEG or WebP with alpha where the product ends), relative to the project file.
    pub file: String,
    /// Where the earring passes through the lobe, in pixels of the product file.
    pub hook_in_product: Point,
    /// Where the hook lies on the canvas.
    pub hook_in_canvas: Point,
    /// Canvas pixels per product pixel, > 0.
    pub scale: f64,
    /// Turned clockwise about the hook, in degrees.
    #[serde(default)]
    pub rotation_deg: f64,
    /// Flipped left to right before turning.
    #[serde(default)]
    pub mirror: bool,
    /// Height of the product's matte in the real world, in millimetres, > 0.
    #[serde(default)]
    pub real_height_mm: Option<f64>,
    /// Which ear wears it.
    #[serde(default)]
    pub ear: Ear,
    /// Where `file` was cut out; none for a file that came with its own transparency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_from: Option<CutFrom>,
    #[serde(flatten)]
    pub other: Other,
}

impl Project {
    /// Every file that it names, its plan's too.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        let faces = self.face.iter().chain(&self.plan.faces).map(|face| &face.file);
        self.earrings.iter().flat_map(Earring::files).chain(faces).chain(self.recipe.files())
    }
}

impl Earring {
    /// Every file that it names: the product's, and the photo it was cut out of.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.file).chain(self.cut_from.iter().map(|cut| &cut.file))
    }

    /// Every file that it names, to be named otherwise.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut String> {
        std::iter::once(&mut self.file).chain(self.cut_from.iter_mut().map(|cut| &mut cut.file))
    }
}

/// Which of the model's ears wears an earring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ear {
    /// The ear that the pose shows; when it shows both, the one on the hook's half of the canvas.
    #[default]
    Auto,
    /// The subject's own left ear.
    Left,
    /// The subject's own right ear.
    Right,
}

/// How the scale band is found (METHOD 2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Drawn by hand: rows of the canvas between the face's upper and lower limit.
    Band { top: f64, bottom: f64 },
    /// The face's height as a share of the canvas height, 0..=1.
    Ratio(f64),
    /// From the main earring's `real_height_mm`; a face height of `None` is the body model's own.
    RealSize { face_mm: Option<f64> },
}

impl Default for Scale {
    fn default() -> Self {
        Self::Ratio(0.5)
    }
}

/// A pose template by its id, or free angles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PoseChoice {
    /// Id of a template in the pose library, such as `front-straight`.
    Template(String),
    Angles(HeadAngles),
}

impl Default for PoseChoice {
    fn default() -> Self {
        Self::Template("front-straight".to_owned())
    }
}

/// The head's turn against the camera, in degrees. Yaw > 0: the nose points to the picture's right; pitch
/// > 0: chin down; roll > 0: the crown leans to the picture's right.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct HeadAngles {
    pub yaw_deg: f64,
    pub pitch_deg: f64,
    pub roll_deg: f64,
}

/// A face photo that the model resembles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Face {
    /// The photo, relative to the project file.
    pub file: String,
    /// The square of the photo that shows the face; none takes the largest centred square.
    #[serde(default)]
    pub crop: Option<Square>,
    /// What is taken out of the photo before anyone looks at it, above all earrings: `include` strokes cover what
    /// goes, later `exclude` strokes keep what they cover.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<Stroke>,
    #[serde(flatten)]
    pub other: Other,
}

/// An axis-aligned square in pixels of the file it crops.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Square {
    pub left: f64,
    pub top: f64,
    pub side: f64,
}

/// The sampler's settings (METHOD 6 and 7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Recipe {
    /// Same seed, same picture.
    pub seed: u64,
    /// Denoising steps, 1..=1000; none: the bundle's own.
    pub steps: Option<u32>,
    /// Classifier-free guidance, 0..=50; none: the bundle's own.
    pub guidance: Option<f64>,
    /// Eq. 10's time limit in training timesteps, 0..=1000; none: the bundle's own.
    pub gamma: Option<f64>,
    /// Scales alpha(t) of Eq. 10, 0..=1.
    pub appearance_strength: f64,
    /// Scales the ControlNet's residuals, 0..=2.
    pub control_strength: f64,
    /// None: the bundle's own.
    pub sampler: Option<Sampler>,
    /// Small files that change how the model paints, applied in this order.
    pub loras: Vec<Lora>,
    /// Words of the prompts that stand for learned vectors.
    pub embeddings: Vec<Embedding>,
    #[serde(flatten)]
    pub other: Other,
}

/// A LoRA and how strongly it works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lora {
    /// The file (safetensors), relative to the project file.
    pub file: String,
    /// 1: as trained; 0: not at all; -4..=4.
    #[serde(default = "as_trained")]
    pub strength: f64,
    #[serde(flatten)]
    pub other: Other,
}

fn as_trained() -> f64 {
    1.0
}

/// A textual inversion and the word that calls it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Embedding {
    /// The file (safetensors), relative to the project file.
    pub file: String,
    /// Typed in a prompt, it stands for the file's vectors.
    pub token: String,
    #[serde(flatten)]
    pub other: Other,
}

impl Recipe {
    /// Every file that it names.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        let loras = self.loras.iter().map(|lora| &lora.file);
        loras.chain(self.embeddings.iter().map(|embedding| &embedding.file))
    }

    /// Every file that it names, to be named otherwise.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let loras = self.loras.iter_mut().map(|lora| &mut lora.file);
        loras.chain(self.embeddings.iter_mut().map(|embedding| &mut embedding.file))
    }

    /// The same recipe for whoever opens its files: paths from the project's folder `base`.
    pub fn resolved(&self, base: &std::path::Path) -> Self {
        let mut recipe = self.clone();
        for file in recipe.files_mut() {
            *file = resolve(base, file).to_string_lossy().into_owned();
        }
        recipe
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            seed: 0,
            steps: None,
            guidance: None,
            gamma: None,
            appearance_strength: 1.0,
            control_strength: 1.0,
            sampler: None,
            loras: Vec::new(),
            embeddings: Vec::new(),
            other: Other::new(),
        }
    }
}

/// How noise becomes a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sampler {
    /// DDIM with eta 0 (Song et al. 2021), the paper's.
    #[default]
    Ddim,
    /// Ho et al. 2020.
    Ddpm,
    /// Karras et al. 2022.
    Euler,
    EulerAncestral,
    /// DPM-Solver++ 2M (Lu et al. 2022) on Karras' sigmas.
    #[serde(rename = "dpmpp_2m_karras")]
    Dpmpp2mKarras,
    /// UniPC of second order (Zhao et al. 2023).
    #[serde(rename = "unipc")]
    UniPc,
    /// For models and LoRAs distilled for few steps (Luo et al. 2023).
    Lcm,
}

impl Sampler {
    pub const ALL: [Self; 7] = [
        Self::Ddim,
        Self::Ddpm,
        Self::Euler,
        Self::EulerAncestral,
        Self::Dpmpp2mKarras,
        Self::UniPc,
        Self::Lcm,
    ];

    /// As files and commands write it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ddim => "ddim",
            Self::Ddpm => "ddpm",
            Self::Euler => "euler",
            Self::EulerAncestral => "euler_ancestral",
            Self::Dpmpp2mKarras => "dpmpp_2m_karras",
            Self::UniPc => "unipc",
            Self::Lcm => "lcm",
        }
    }

    /// The sampler of this id.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sampler| sampler.id() == id)
    }
}

/// The variants of a batch export: every combination of the lists; an empty list stands for the project's
/// own value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct VariantPlan {
    pub poses: Vec<PoseChoice>,
    pub faces: Vec<Face>,
    pub scales: Vec<Scale>,
    pub prompts: Vec<String>,
    pub seeds: Vec<u64>,
    #[serde(flatten)]
    pub other: Other,
}

/// One size in which a batch export writes every variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExportPreset {
    /// Names the preset on the command line and in file names: letters, digits, `-` and `_`.
    pub name: String,
    pub size: CanvasSize,
    #[serde(flatten)]
    pub other: Other,
}
