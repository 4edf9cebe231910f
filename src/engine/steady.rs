//! Opening a bundle so that its pictures get made: what memory does not hold is refused before anything is
//! read, and where `auto` took a graphics card that fails, the processor takes over, once, and says so.
//!
//! The window and the command line share this policy. It refuses to know networks.

use super::bundle::Bundle;
use super::device::{DTypeChoice, DeviceChoice, Picked, instead, pick};
use super::diffusion::{AdaptableEngine, DiffusionEngine, GUIDED, card_of, network_size_of};
use super::memory::{MemoryPlan, Planner, free};
use super::progress::{Control, Progress, Stage};
use super::{Engine, EngineCard, EngineError, Generated, MemoryOutlook, NetworkSize, Request};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

/// Makes the engine that takes over, told why.
type Rescue = Arc<dyn Fn(&EngineError) -> Result<Arc<dyn Engine>, EngineError> + Send + Sync>;

/// A bundle on its device, whose weights were not read yet.
pub struct Opening {
    bundle: Bundle,
    picked: Picked,
    planner: Planner,
}

impl Opening {
    /// Reads settings and headers, and opens the device.
    pub fn new(folder: &Path, device: DeviceChoice, dtype: DTypeChoice) -> Result<Self, EngineError> {
        Self::on(Bundle::open(folder)?, pick(device, dtype)?)
    }

    fn on(bundle: Bundle, picked: Picked) -> Result<Self, EngineError> {
        let planner = Planner::new(&bundle, &picked)?;
        Ok(Self { bundle, picked, planner })
    }

    /// The size at which the bundle paints for a canvas of this size.
    pub fn network_size(&self, canvas_width: u32, canvas_height: u32) -> NetworkSize {
        network_size_of(&self.bundle, canvas_width, canvas_height)
    }

    /// Plan and free bytes for a step of `batch` latents; a picture that does not fit is an error.
    pub fn fits(&self, size: NetworkSize, batch: usize) -> Result<MemoryOutlook, EngineError> {
        let free = free(&self.picked.device);
        Ok(MemoryOutlook { plan: self.planner.check(size, batch, false, free)?, free })
    }

    /// The plan, whether it fits or not.
    pub fn plan(&self, size: NetworkSize, batch: usize) -> MemoryPlan {
        self.planner.plan(size, batch)
    }

    /// Reads the weights.
    pub fn load(self) -> Result<DiffusionEngine, EngineError> {
        DiffusionEngine::load(self.bundle, self.picked, self.planner)
    }

    /// An engine for pictures of this size, after `tell` heard what they take.
    fn engine(
        self,
        size: NetworkSize,
        tell: &dyn Fn(&EngineCard, &MemoryOutlook),
    ) -> Result<Arc<dyn Engine>, EngineError> {
        let outlook = self.fits(size, GUIDED)?;
        tell(&card_of(&self.bundle, &self.picked), &outlook);
        Ok(Arc::new(AdaptableEngine::new(self.load()?)))
    }
}

/// An engine that outlives its graphics card.
pub struct SteadyEngine {
    current: RwLock<(Arc<dyn Engine>, Option<Rescue>)>,
}

impl SteadyEngine {
    /// Reads a bundle for pictures on a canvas of this size. `tell` hears what they take before weights are
    /// read.
    pub fn open(
        folder: &Path,
        device: DeviceChoice,
        dtype: DTypeChoice,
        canvas: (u32, u32),
        tell: &dyn Fn(&EngineCard, &MemoryOutlook),
    ) -> Result<Self, EngineError> {
        let opening = Opening::new(folder, device, dtype)?;
        let size = opening.network_size(canvas.0, canvas.1);
        let may_move = device == DeviceChoice::Auto && !opening.picked.device.is_cpu();
        if !may_move {
            return Ok(Self::new(opening.engine(size, tell)?, None));
        }
        let bundle = opening.bundle.clone();
        let rescue: Rescue = Arc::new(move |error| {
            let opening = Opening::on(bundle.clone(), instead(dtype, reason(error)))?;
            opening.engine(size, &|_, _| ())
        });
        match opening.engine(size, tell) {
            Err(error) if is_the_card_s(&error) => Ok(Self::new(rescue(&error)?, None)),
            engine => Ok(Self::new(engine?, Some(rescue))),
        }
    }

    fn new(engine: Arc<dyn Engine>, rescue: Option<Rescue>) -> Self {
        Self { current: RwLock::new((engine, rescue)) }
    }

    fn current(&self) -> (Arc<dyn Engine>, Option<Rescue>) {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Engine for SteadyEngine {
    fn card(&self) -> EngineCard {
        self.current().0.card()
    }

    fn network_size(&self, canvas_width: u32, canvas_height: u32) -> NetworkSize {
        self.current().0.network_size(canvas_width, canvas_height)
    }

    fn memory(&self, size: NetworkSize) -> Option<MemoryOutlook> {
        self.current().0.memory(size)
    }

    fn generate(&self, request: &Request<'_>, control: &Control) -> Result<Generated, EngineError> {
        let (engine, rescue) = self.current();
        let error = match engine.generate(request, control) {
            Err(error) if is_the_card_s(&error) => error,
            outcome => return outcome,
        };
        let Some(rescue) = rescue else { return Err(error) };
        control.step(Progress::new(Stage::Loading, 0, 1))?;
        let engine = rescue(&error)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (Arc::clone(&engine), None);
        engine.generate(request, control)
    }
}

/// Whether another device would not have failed so.
fn is_the_card_s(error: &EngineError) -> bool {
    use EngineError::{DeviceLost, DeviceMemory, Memory};
    matches!(error, DeviceLost { .. } | DeviceMemory { .. } | Memory { .. })
}

/// What follows "as" in the device's description.
fn reason(error: &EngineError) -> &'static str {
    match error {
        EngineError::DeviceLost { .. } => "the graphics card stopped answering",
        _ => "the graphics card has too little memory",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineKind;
    use crate::engine::testing::with_request;
    use image::RgbImage;
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Fails as told, or paints black.
    struct Fake {
        device: &'static str,
        fails: Option<fn() -> EngineError>,
        asked: Arc<AtomicUsize>,
    }

    impl Engine for Fake {
        fn card(&self) -> EngineCard {
            EngineCard { name: String::new(), kind: EngineKind::Untrained, device: self.device.to_owned() }
        }

        fn network_size(&self, canvas_width: u32, canvas_height: u32) -> NetworkSize {
            NetworkSize::covering(canvas_width, canvas_height)
        }

        fn generate(&self, request: &Request<'_>, _: &Control) -> Result<Generated, EngineError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let picture = RgbImage::new(request.size.width(), request.size.height());
            self.fails.map_or_else(
                || Ok(Generated { picture, notices: Vec::new(), trace: BTreeMap::new() }),
                |error| Err(error()),
            )
        }
    }

    fn lost() -> EngineError {
        EngineError::DeviceLost { reason: "CUDA_ERROR_UNKNOWN".to_owned() }
    }

    /// A card that fails so, and what takes over; how often each was asked.
    fn pair(
        card: fn() -> EngineError,
        cpu: Option<fn() -> EngineError>,
    ) -> (SteadyEngine, [Arc<AtomicUsize>; 2]) {
        let asked = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
        let first = Fake { device: "cuda:0", fails: Some(card), asked: Arc::clone(&asked[0]) };
        let counter = Arc::clone(&asked[1]);
        let rescue: Rescue =
            Arc::new(move |_| Ok(Arc::new(Fake { device: "cpu", fails: cpu, asked: Arc::clone(&counter) })));
        (SteadyEngine::new(Arc::new(first), Some(rescue)), asked)
    }

    fn counts(asked: &[Arc<AtomicUsize>; 2]) -> [usize; 2] {
        [asked[0].load(Ordering::Relaxed), asked[1].load(Ordering::Relaxed)]
    }

    #[test]
    fn the_processor_takes_over_once_and_stays() {
        let (engine, asked) = pair(lost, None);
        assert_eq!(engine.card().device, "cuda:0");
        with_request(|request| {
            assert!(engine.generate(request, &Control::silent()).is_ok());
            assert!(engine.generate(request, &Control::silent()).is_ok());
        });
        assert_eq!((engine.card().device.as_str(), counts(&asked)), ("cpu", [1, 2]));
    }

    #[test]
    fn what_fails_on_the_processor_too_is_told() {
        let (engine, asked) = pair(lost, Some(lost));
        with_request(|request| assert!(engine.generate(request, &Control::silent()).is_err()));
        assert_eq!(counts(&asked), [1, 1]);
    }

    #[test]
    fn a_network_s_own_trouble_is_no_reason_to_move() {
        let (engine, asked) = pair(|| EngineError::NotFinite { part: "the denoiser".to_owned() }, None);
        with_request(|request| assert!(engine.generate(request, &Control::silent()).is_err()));
        assert_eq!(counts(&asked), [1, 0]);
    }
}
