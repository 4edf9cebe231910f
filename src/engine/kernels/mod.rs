//! What the processor computes faster than candle does: the operations of every network, by hand.
//!
//! One source serves AVX-512, AVX2 and everything else; the processor is asked once, and `ADORN_KERNELS`
//! (`avx512`, `avx2`, `portable`) asks for less. These kernels compute in f32 on the CPU, on numbers stored as f32
//! or, where nothing tracks gradients, as halves; [`gradients`] has the backward of each, for candle's autograd.
//! Candle's own operations serve other devices and are what the tests compare with. This module knows numbers
//! and shapes, and no network; with the one memory map it is the only home of `unsafe`.

mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod conv;
mod gemm;
pub(super) mod gradients;
mod math;
mod memory;
mod norm;
mod pages;
mod pointwise;
mod portable;
mod simd;
mod tensors;
#[cfg(test)]
mod tests;
mod weights;

pub(super) use conv::Window;
pub(super) use gemm::Curve;
pub use pages::{Keeper, keep_pages};
pub(super) use tensors::{
    Extras, attend, bend, double, geglu, group_moments, group_norm, layer_norm, scaled, usable,
};
pub(super) use weights::Weights;
