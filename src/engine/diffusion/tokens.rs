//! Tokens already made, by the content they were made from: a designer changes one thing at a time.

use crate::engine::EngineError;
use candle_core::Tensor;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Prompts and pictures remembered; an entry of Stable Diffusion's size takes at most 1.6 MB.
const ENTRIES: usize = 32;

pub(super) type Key = [u8; 32];

/// Content's key, apart for each `kind` of encoder.
pub(super) fn key(kind: &[u8], content: &[u8]) -> Key {
    Sha256::new().chain_update(kind).chain_update(content).finalize().into()
}

/// The last few tokens, newest first.
#[derive(Default)]
pub(super) struct TokenCache(Mutex<VecDeque<(Key, Tensor)>>);

impl TokenCache {
    /// The tokens under `key`, made now if they are not there. Failures are not remembered.
    pub(super) fn get_or(
        &self,
        key: Key,
        make: impl FnOnce() -> Result<Tensor, EngineError>,
    ) -> Result<Tensor, EngineError> {
        if let Some(tokens) = self.find(&key) {
            return Ok(tokens);
        }
        let tokens = make()?;
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push_front((key, tokens.clone()));
        entries.truncate(ENTRIES);
        Ok(tokens)
    }

    fn find(&self, key: &Key) -> Option<Tensor> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = entries.iter().position(|(known, _)| known == key)?;
        let entry = entries.remove(at)?;
        let tokens = entry.1.clone();
        entries.push_front(entry);
        Some(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn the_same_content_is_encoded_once_and_the_oldest_is_forgotten() {
        let (cache, made) = (TokenCache::default(), std::cell::Cell::new(0));
        let ask = |content: usize| {
            let make = || {
                made.set(made.get() + 1);
                Ok(Tensor::new(content as u32, &Device::Cpu)?)
            };
            let tokens = cache.get_or(key(b"text", &content.to_le_bytes()), make).unwrap();
            assert_eq!(tokens.to_scalar::<u32>().unwrap() as usize, content);
            made.get()
        };
        assert_eq!((ask(0), ask(0)), (1, 1));
        for content in 1..=ENTRIES {
            ask(content);
        }
        assert_eq!(ask(ENTRIES), ENTRIES + 1);
        assert_eq!(ask(0), ENTRIES + 2);
        assert_ne!(key(b"text", b"x"), key(b"image", b"x"));
    }
}
