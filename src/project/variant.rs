//! One picture's worth of decisions, and the stable list of them that a project plans.

use super::{CanvasSize, Earring, Face, PoseChoice, Project, Recipe, Scale};

/// Everything that decides one picture's pixels, but for the files it names.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariantName(pub String);

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

    /// Every planned picture, in an order that depends on the plan alone.
    pub fn variants(&self) -> Vec<Variant> {
        todo!()
    }
}
