//! The eyes, opened when they are first needed and shared by the whole program from then on: their networks are
//! part of it and never change. The head they measure by is the studio's own.

use crate::body::BodyModel;
use crate::vision::{Eyes, HeadPoints, VisionError};
use std::fmt;
use std::sync::{Arc, OnceLock};

static EYES: OnceLock<Eyes> = OnceLock::new();

/// Clones share the head.
#[derive(Clone, Default)]
pub(super) struct SharedEyes(Arc<OnceLock<HeadPoints>>);

impl SharedEyes {
    pub(super) fn open() -> Result<&'static Eyes, VisionError> {
        if let Some(eyes) = EYES.get() {
            return Ok(eyes);
        }
        let opened = Eyes::shipped()?;
        Ok(EYES.get_or_init(|| opened))
    }

    pub(super) fn head(&self, model: &BodyModel) -> &HeadPoints {
        self.0.get_or_init(|| HeadPoints::of(model))
    }
}

impl fmt::Debug for SharedEyes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = EYES.get().is_some();
        formatter.debug_struct("SharedEyes").field("open", &open).finish()
    }
}
