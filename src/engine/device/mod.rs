//! Where networks run and in which number type, and why: a choice that never panics.

#[cfg(any(feature = "cuda", test))]
mod driver;
mod failure;

pub(super) use failure::told_apart;

use candle_core::{DType, Device};
use std::str::FromStr;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The best that this program and this machine have.
    #[default]
    Auto,
    Cpu,
    /// By CUDA's ordinal.
    Cuda(usize),
    Metal,
}

/// The number type that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DTypeChoice {
    /// f32 on the processor, f16 on a graphics card.
    #[default]
    Auto,
    F32,
    Bf16,
    F16,
}

/// Why networks cannot run as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    #[error("`{0}` is no device; use cpu, cuda:0, metal or auto")]
    UnknownDevice(String),
    #[error("`{0}` is no number type; use f32, bf16, f16 or auto")]
    UnknownDType(String),
    #[error("{device} cannot be used ({reason}); use --device cpu or auto")]
    Unavailable { device: String, reason: String },
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::UnknownDevice(text.to_owned());
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "metal" => Ok(Self::Metal),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let ordinal = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                ordinal.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

impl FromStr for DTypeChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        match text {
            "auto" => Ok(Self::Auto),
            "f32" => Ok(Self::F32),
            "bf16" => Ok(Self::Bf16),
            "f16" => Ok(Self::F16),
            _ => Err(DeviceError::UnknownDType(text.to_owned())),
        }
    }
}

/// A device that was opened.
#[derive(Debug, Clone)]
pub struct Picked {
    pub device: Device,
    pub dtype: DType,
    /// `cpu (f32), because ...`, for people and records.
    pub description: String,
}

/// Opens what was asked for; `Auto` falls back to the processor and says why.
pub fn pick(choice: DeviceChoice, dtype: DTypeChoice) -> Result<Picked, DeviceError> {
    let (device, name, reason) = match choice {
        DeviceChoice::Cpu => (Device::Cpu, "cpu".to_owned(), "as asked".to_owned()),
        DeviceChoice::Cuda(ordinal) => (cuda(ordinal)?, format!("cuda:{ordinal}"), "as asked".to_owned()),
        DeviceChoice::Metal => (metal()?, "metal".to_owned(), "as asked".to_owned()),
        DeviceChoice::Auto => best(),
    };
    let dtype = match dtype {
        DTypeChoice::Auto if !device.is_cpu() => DType::F16,
        asked => on_cpu(asked),
    };
    let description = format!("{name} ({}), {reason}", dtype.as_str());
    Ok(Picked { device, dtype, description })
}

/// The processor, in place of a graphics card, as `reason` says.
pub(super) fn instead(dtype: DTypeChoice, reason: &str) -> Picked {
    let dtype = on_cpu(dtype);
    Picked { device: Device::Cpu, dtype, description: format!("cpu ({}), as {reason}", dtype.as_str()) }
}

fn on_cpu(dtype: DTypeChoice) -> DType {
    match dtype {
        DTypeChoice::Auto | DTypeChoice::F32 => DType::F32,
        DTypeChoice::Bf16 => DType::BF16,
        DTypeChoice::F16 => DType::F16,
    }
}

fn best() -> (Device, String, String) {
    let found = |name: &str| (name.to_owned(), "found by itself".to_owned());
    let no_cuda = match cuda(0) {
        Ok(device) => {
            let (name, reason) = found("cuda:0");
            return (device, name, reason);
        }
        Err(error) => error,
    };
    match (metal(), no_cuda) {
        (Ok(device), _) => {
            let (name, reason) = found("metal");
            (device, name, reason)
        }
        (Err(_), DeviceError::Unavailable { reason, .. }) => {
            (Device::Cpu, "cpu".to_owned(), format!("as {reason}"))
        }
        (Err(_), other) => (Device::Cpu, "cpu".to_owned(), other.to_string()),
    }
}

fn unavailable(device: String, reason: impl Into<String>) -> DeviceError {
    DeviceError::Unavailable { device, reason: reason.into() }
}

/// The CUDA binding panics where a library is missing, so they are looked for first.
#[cfg(feature = "cuda")]
fn cuda(ordinal: usize) -> Result<Device, DeviceError> {
    let card = format!("cuda:{ordinal}");
    match driver::missing() {
        Some("cuda") => return Err(unavailable(card, "there is no NVIDIA driver")),
        Some(library) => return Err(unavailable(card, format!("CUDA's library {library} is missing"))),
        None => {}
    }
    Device::new_cuda(ordinal).map_err(|error| unavailable(card, first_line(&error)))
}

#[cfg(not(feature = "cuda"))]
fn cuda(ordinal: usize) -> Result<Device, DeviceError> {
    Err(unavailable(format!("cuda:{ordinal}"), "this program was built without graphics card support"))
}

#[cfg(feature = "metal")]
fn metal() -> Result<Device, DeviceError> {
    Device::new_metal(0).map_err(|error| unavailable("metal".to_owned(), first_line(&error)))
}

#[cfg(not(feature = "metal"))]
fn metal() -> Result<Device, DeviceError> {
    Err(unavailable("metal".to_owned(), "this program was built without Metal"))
}

/// Without the trace of the stack that may follow.
#[cfg(any(feature = "cuda", feature = "metal"))]
fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_nonsense_is_refused() {
        assert_eq!("cuda:3".parse(), Ok(DeviceChoice::Cuda(3)));
        assert_eq!("auto".parse(), Ok(DeviceChoice::Auto));
        assert!("cuda:-1".parse::<DeviceChoice>().unwrap_err().to_string().contains("cuda:-1"));
        assert_eq!("bf16".parse(), Ok(DTypeChoice::Bf16));
        assert!("f64".parse::<DTypeChoice>().is_err());
    }

    #[test]
    fn the_processor_computes_in_f32_unless_told() {
        let picked = pick(DeviceChoice::Cpu, DTypeChoice::Auto).unwrap();
        assert_eq!((picked.dtype, picked.description.as_str()), (DType::F32, "cpu (f32), as asked"));
        assert_eq!(pick(DeviceChoice::Cpu, DTypeChoice::F16).unwrap().dtype, DType::F16);
    }

    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    #[test]
    fn a_plain_build_says_why_it_runs_on_the_processor() {
        let picked = pick(DeviceChoice::Auto, DTypeChoice::Auto).unwrap();
        assert!(picked.device.is_cpu() && picked.description.contains("built without"));
        assert!(pick(DeviceChoice::Cuda(0), DTypeChoice::Auto).is_err());
    }
}
