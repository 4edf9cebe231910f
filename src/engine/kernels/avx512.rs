//! AVX-512: sixteen floats a vector, thirty-two registers.

use super::simd::{Form, Kernel, Simd, Tile, tile_of_14};
use std::arch::x86_64::*;

/// Proof that the processor has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Avx512(());

const LANES: usize = 16;

/// The first `count` lanes.
#[inline(always)]
fn mask(count: usize) -> __mmask16 {
    if count >= LANES { !0 } else { (1 << count) - 1 }
}

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")).then_some(Self(()))
    }

    pub(super) fn enter(self, kernel: impl Kernel) {
        #[target_feature(enable = "avx512f")]
        fn entered(isa: Avx512, kernel: impl Kernel) {
            kernel.run(isa);
        }
        // SAFETY: `self` is proof that the processor has these instructions.
        unsafe { entered(self, kernel) }
    }
}

impl Simd for Avx512 {
    type V = __m512;
    const LANES: usize = LANES;
    const ROWS: usize = 14;
    const VECTORS: usize = 2;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::V {
        let from = &from[..LANES];
        // SAFETY: `from` holds a whole vector.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    unsafe fn read(self, from: *const f32) -> Self::V {
        // SAFETY: the caller vouches for a whole vector.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    fn load_some(self, from: &[f32]) -> Self::V {
        // SAFETY: the mask keeps to those of `from` that exist.
        unsafe { _mm512_maskz_loadu_ps(mask(from.len()), from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, value: Self::V, to: &mut [f32]) {
        let to = &mut to[..LANES];
        // SAFETY: `to` holds a whole vector.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), value) }
    }

    #[inline(always)]
    fn store_some(self, value: Self::V, to: &mut [f32]) {
        // SAFETY: the mask keeps to those of `to` that exist.
        unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), mask(to.len()), value) }
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm512_min_ps(a, b) }
    }

    #[inline(always)]
    fn round(self, a: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }

    #[inline(always)]
    fn scale(self, a: Self::V, n: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm512_scalef_ps(a, n) }
    }

    #[inline(always)]
    fn sum(self, a: Self::V) -> f32 {
        // SAFETY: `self` is proof.
        unsafe { _mm512_reduce_add_ps(a) }
    }

    #[inline(always)]
    fn tile(self, work: Tile<'_>, form: Form) {
        #[target_feature(enable = "avx512f")]
        fn whole<const WIDE: bool, const COLUMNS: bool>(isa: Avx512, work: Tile<'_>) {
            tile_of_14::<_, WIDE, COLUMNS>(isa, work);
        }
        // SAFETY: `self` is proof that the processor has these instructions.
        unsafe {
            match form {
                Form::Wide => whole::<true, false>(self, work),
                Form::Narrow => whole::<false, false>(self, work),
                Form::Columns => whole::<true, true>(self, work),
            }
        }
    }
}
