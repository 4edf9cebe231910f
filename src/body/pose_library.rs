//! The 15 pose templates, three rows of five.

use crate::project::{HeadAngles, PoseChoice};

/// Which way a row of the library faces, as the viewer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PoseFacing {
    Left,
    Front,
    Right,
}

/// A named pose.
#[derive(Debug, Clone, PartialEq)]
pub struct PoseTemplate {
    /// Stable id, as project files name it.
    pub id: String,
    /// For people.
    pub name: String,
    pub facing: PoseFacing,
    pub angles: HeadAngles,
}

/// The shipped templates (`poses/`), rows left, front, right.
#[derive(Debug, Clone)]
pub struct PoseLibrary {
    templates: Vec<PoseTemplate>,
}

impl PoseLibrary {
    /// The shipped library.
    pub fn shipped() -> Self {
        todo!()
    }

    /// 15 templates, row by row.
    pub fn templates(&self) -> &[PoseTemplate] {
        &self.templates
    }

    /// The angles of a choice; an unknown id gives none.
    pub fn angles(&self, choice: &PoseChoice) -> Option<HeadAngles> {
        todo!("{choice:?}")
    }
}
