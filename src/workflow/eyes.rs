//! The eyes and the head they measure by, opened when they are first needed and shared from then on.

use crate::body::BodyModel;
use crate::vision::{Eyes, HeadPoints, VisionError};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Clones share what is open.
#[derive(Clone, Default)]
pub(super) struct SharedEyes(Arc<(OnceLock<Eyes>, OnceLock<HeadPoints>)>);

impl SharedEyes {
    pub(super) fn open(&self) -> Result<&Eyes, VisionError> {
        let (eyes, _) = &*self.0;
        if let Some(eyes) = eyes.get() {
            return Ok(eyes);
        }
        let opened = Eyes::shipped()?;
        Ok(eyes.get_or_init(|| opened))
    }

    pub(super) fn head(&self, model: &BodyModel) -> &HeadPoints {
        self.0.1.get_or_init(|| HeadPoints::of(model))
    }
}

impl fmt::Debug for SharedEyes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.0.0.get().is_some();
        formatter.debug_struct("SharedEyes").field("open", &open).finish()
    }
}
