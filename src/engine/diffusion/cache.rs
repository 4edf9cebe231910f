//! What was made from content that comes back: a designer changes one thing at a time.
//!
//! An engine owns its caches, so other weights never meet old entries. Each is bounded by bytes and forgets
//! what was asked for longest ago. Entries hold no gradients: engines only paint.

use crate::engine::EngineError;
use crate::engine::control_net::{BranchKeys, HintTokens};
use crate::engine::unet::StepTime;
use candle_core::Tensor;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

const MIB: usize = 1 << 20;

pub(super) type Key = [u8; 32];

/// Content's key, apart for each `kind` of thing made from it.
pub(super) fn key(kind: &str, content: &[u8]) -> Key {
    Sha256::new().chain_update(kind).chain_update([0]).chain_update(content).finalize().into()
}

/// A value made of tensors.
pub(super) trait Kept: Clone {
    fn bytes(&self) -> usize;
}

fn weight(tensor: &Tensor) -> usize {
    tensor.elem_count() * tensor.dtype().size_in_bytes()
}

impl Kept for Tensor {
    fn bytes(&self) -> usize {
        weight(self)
    }
}

impl Kept for BranchKeys {
    fn bytes(&self) -> usize {
        self.tensors().map(weight).sum()
    }
}

impl Kept for HintTokens {
    fn bytes(&self) -> usize {
        weight(&self.0)
    }
}

impl Kept for StepTime {
    fn bytes(&self) -> usize {
        self.shifts().map(weight).sum()
    }
}

/// All that an engine remembers. A picture of Stable Diffusion 1.5 at 512 x 512 in f32 leaves about 2 MB of
/// tokens, 46 MB of keys and values, 5 MB of hint and 4 MB of times.
pub(super) struct Caches {
    pub(super) tokens: Cache<Tensor>,
    pub(super) keys: Cache<BranchKeys>,
    pub(super) hints: Cache<HintTokens>,
    pub(super) times: Cache<StepTime>,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            tokens: Cache::of(32 * MIB),
            keys: Cache::of(192 * MIB),
            hints: Cache::of(32 * MIB),
            times: Cache::of(16 * MIB),
        }
    }
}

/// Values by key, the latest asked for first.
pub(super) struct Cache<V> {
    /// Bytes.
    most: usize,
    entries: Mutex<VecDeque<(Key, V)>>,
}

impl<V: Kept> Cache<V> {
    pub(super) fn of(most: usize) -> Self {
        Self { most, entries: Mutex::default() }
    }

    /// The value under `key`, made now if it is not there. Failures are not remembered.
    pub(super) fn get_or(
        &self,
        key: Key,
        make: impl FnOnce() -> Result<V, EngineError>,
    ) -> Result<V, EngineError> {
        if let Some(value) = self.find(&key) {
            return Ok(value);
        }
        let value = make()?;
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push_front((key, value.clone()));
        let mut held: usize = entries.iter().map(|(_, value)| value.bytes()).sum();
        while held > self.most
            && let Some((_, oldest)) = entries.pop_back()
        {
            held -= oldest.bytes();
        }
        Ok(value)
    }

    /// Entries held.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn find(&self, key: &Key) -> Option<V> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let at = entries.iter().position(|(known, _)| known == key)?;
        let entry = entries.remove(at)?;
        let value = entry.1.clone();
        entries.push_front(entry);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use std::cell::Cell;

    #[test]
    fn the_same_content_is_made_once_and_what_was_not_asked_for_is_forgotten() {
        // Room for three numbers of four bytes.
        let (cache, made) = (Cache::of(12), Cell::new(0));
        let ask = |content: u32| {
            let make = || {
                made.set(made.get() + 1);
                Ok(Tensor::new(content, &Device::Cpu)?)
            };
            let value = cache.get_or(key("number", &content.to_le_bytes()), make).unwrap();
            assert_eq!(value.to_scalar::<u32>().unwrap(), content);
            made.get()
        };
        assert_eq!((ask(0), ask(0), ask(1), ask(2)), (1, 1, 2, 3));
        assert_eq!((ask(0), ask(3)), (3, 4), "1 was asked for longest ago");
        assert_eq!((ask(0), ask(2), ask(1)), (4, 4, 5));
    }

    #[test]
    fn what_is_larger_than_the_whole_cache_is_made_but_not_kept() {
        let cache = Cache::of(3);
        let made = Cell::new(0);
        for _ in 0..2 {
            let make = || {
                made.set(made.get() + 1);
                Ok(Tensor::new(7u32, &Device::Cpu)?)
            };
            cache.get_or(key("number", b""), make).unwrap();
        }
        assert_eq!(made.get(), 2);
    }

    #[test]
    fn kinds_and_contents_never_run_into_each_other() {
        assert_ne!(key("text", b"x"), key("image", b"x"));
        assert_ne!(key("text", b"x"), key("textx", b""));
    }
}
