//! AVX2 with FMA: eight floats a vector, sixteen registers.

use super::simd::{Form, Kernel, Simd, Tile, tile_of_6};
use std::arch::x86_64::*;

/// Proof that the processor has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Avx2(());

const LANES: usize = 8;

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }

    pub(super) fn enter(self, kernel: impl Kernel) {
        #[target_feature(enable = "avx2,fma")]
        fn entered(isa: Avx2, kernel: impl Kernel) {
            kernel.run(isa);
        }
        // SAFETY: `self` is proof that the processor has these instructions.
        unsafe { entered(self, kernel) }
    }
}

impl Simd for Avx2 {
    type V = __m256;
    const LANES: usize = LANES;
    const ROWS: usize = 6;
    const VECTORS: usize = 2;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::V {
        let from = &from[..LANES];
        // SAFETY: `from` holds a whole vector.
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    unsafe fn read(self, from: *const f32) -> Self::V {
        // SAFETY: the caller vouches for a whole vector.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    fn load_some(self, from: &[f32]) -> Self::V {
        let mut all = [0.0; LANES];
        let count = from.len().min(LANES);
        all[..count].copy_from_slice(&from[..count]);
        self.load(&all)
    }

    #[inline(always)]
    fn store(self, value: Self::V, to: &mut [f32]) {
        let to = &mut to[..LANES];
        // SAFETY: `to` holds a whole vector.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), value) }
    }

    #[inline(always)]
    fn store_some(self, value: Self::V, to: &mut [f32]) {
        let mut all = [0.0; LANES];
        self.store(value, &mut all);
        let count = to.len().min(LANES);
        to[..count].copy_from_slice(&all[..count]);
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm256_div_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm256_max_ps(a, b) }
    }

    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm256_min_ps(a, b) }
    }

    #[inline(always)]
    fn round(self, a: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }

    #[inline(always)]
    fn scale(self, a: Self::V, n: Self::V) -> Self::V {
        // SAFETY: `self` is proof.
        unsafe {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent)))
        }
    }

    #[inline(always)]
    fn sum(self, a: Self::V) -> f32 {
        let mut all = [0.0; LANES];
        self.store(a, &mut all);
        ((all[0] + all[4]) + (all[2] + all[6])) + ((all[1] + all[5]) + (all[3] + all[7]))
    }

    #[inline(always)]
    fn tile(self, work: Tile<'_>, form: Form) {
        #[target_feature(enable = "avx2,fma")]
        fn whole<const WIDE: bool, const COLUMNS: bool>(isa: Avx2, work: Tile<'_>) {
            tile_of_6::<_, WIDE, COLUMNS>(isa, work);
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
