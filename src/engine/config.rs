//! What a network's `config.json` may say: bounds, and one readable error for each way of being wrong.
//!
//! Config files come from outside, so every number is bounded before it sizes anything.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// A value given once for all levels, or level by level.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum PerLevel<T> {
    Same(T),
    Each(Vec<T>),
}

impl<T: Copy> PerLevel<T> {
    /// One value a level.
    pub fn spread(&self, what: &'static str, levels: usize) -> Result<Vec<T>, ConfigError> {
        match self {
            Self::Same(value) => Ok(vec![*value; levels]),
            Self::Each(values) if values.len() == levels => Ok(values.clone()),
            Self::Each(values) => Err(ConfigError::Levels { what, expected: levels, found: values.len() }),
        }
    }
}

/// Why a network's config cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("{what} is {value}, which must be between {least} and {most}; check config.json")]
    Range { what: &'static str, value: usize, least: usize, most: usize },
    #[error("{part} does not divide {whole} ({divisor} into {value}); check config.json")]
    Division { part: &'static str, divisor: usize, whole: &'static str, value: usize },
    #[error("{what} lists {found} values for {expected} levels; check config.json")]
    Levels { what: &'static str, expected: usize, found: usize },
    #[error("{what} = {value} is not supported; use a model of the Stable Diffusion 1.5 family")]
    Unsupported { what: &'static str, value: String },
    #[error("{what} must be a small positive number; check config.json")]
    Number { what: &'static str },
}

/// Channels of any layer.
pub const CHANNELS: RangeInclusive<usize> = 1..=16_384;
/// Levels of a U-shaped network.
pub const LEVELS: RangeInclusive<usize> = 1..=8;
/// Residual blocks a level.
pub const LAYERS_PER_BLOCK: RangeInclusive<usize> = 1..=16;
/// Layers of a transformer.
pub const DEPTH: RangeInclusive<usize> = 1..=128;

/// `value` within `bounds`.
pub fn in_range(what: &'static str, value: usize, bounds: RangeInclusive<usize>) -> Result<(), ConfigError> {
    if bounds.contains(&value) {
        return Ok(());
    }
    Err(ConfigError::Range { what, value, least: *bounds.start(), most: *bounds.end() })
}

/// `divisor` divides `value` without a rest.
pub fn divides(
    part: &'static str,
    divisor: usize,
    whole: &'static str,
    value: usize,
) -> Result<(), ConfigError> {
    if divisor > 0 && value.is_multiple_of(divisor) {
        return Ok(());
    }
    Err(ConfigError::Division { part, divisor, whole, value })
}

/// A norm's epsilon.
pub fn small_positive(what: &'static str, value: f64) -> Result<(), ConfigError> {
    if value > 0.0 && value < 1.0 { Ok(()) } else { Err(ConfigError::Number { what }) }
}

/// Settings that would make another network: each absent, null, or at the value that changes nothing.
pub fn usual(settings: &Map<String, Value>, usual: &[(&'static str, Usual)]) -> Result<(), ConfigError> {
    let set = |what: &str| settings.get(what).filter(|value| !value.is_null());
    let odd = usual.iter().find_map(|(what, usual)| {
        let value = set(what)?;
        let same = match usual {
            Usual::Unset => false,
            Usual::Flag(usual) => value.as_bool() == Some(*usual),
            Usual::Number(usual) => value.as_f64() == Some(*usual),
            Usual::Word(usual) => value.as_str() == Some(*usual),
        };
        (!same).then(|| (*what, value.to_string()))
    });
    odd.map_or(Ok(()), |(what, value)| Err(ConfigError::Unsupported { what, value }))
}

/// The value of a setting that changes nothing.
#[derive(Debug, Clone, Copy)]
pub enum Usual {
    Unset,
    Flag(bool),
    Number(f64),
    Word(&'static str),
}

/// A setting that only has one value here.
pub fn only<T: PartialEq + std::fmt::Debug>(
    what: &'static str,
    value: &T,
    allowed: &T,
) -> Result<(), ConfigError> {
    if value == allowed {
        return Ok(());
    }
    Err(ConfigError::Unsupported { what, value: format!("{value:?}") })
}
