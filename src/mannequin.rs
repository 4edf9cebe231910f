//! The engine that needs no weights: the shaded body framed under the earring, an instant layout preview.

use crate::engine::progress::Control;
use crate::engine::{Engine, EngineCard, EngineError, Generated, NetworkSize, Request};

/// Paints the framed body as a fine display mannequin.
#[derive(Debug, Clone)]
pub struct MannequinEngine {}

impl Engine for MannequinEngine {
    fn card(&self) -> EngineCard {
        todo!()
    }

    fn network_size(&self, canvas_width: u32, canvas_height: u32) -> NetworkSize {
        todo!("{canvas_width} {canvas_height}")
    }

    fn generate(&self, request: &Request<'_>, control: &Control) -> Result<Generated, EngineError> {
        let _ = (request, control);
        todo!()
    }
}
