//! The instruction set of every machine: plain arithmetic that the compiler vectorises as it can.

use super::simd::{Form, Simd, Tile, tile_of_6};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Portable;

const LANES: usize = 8;

/// An array, lane by lane: an unoptimised build unrolls no loop.
macro_rules! each {
    ($i:ident => $lane:expr) => {
        [
            {
                const $i: usize = 0;
                $lane
            },
            {
                const $i: usize = 1;
                $lane
            },
            {
                const $i: usize = 2;
                $lane
            },
            {
                const $i: usize = 3;
                $lane
            },
            {
                const $i: usize = 4;
                $lane
            },
            {
                const $i: usize = 5;
                $lane
            },
            {
                const $i: usize = 6;
                $lane
            },
            {
                const $i: usize = 7;
                $lane
            },
        ]
    };
}

impl Simd for Portable {
    type V = [f32; LANES];
    const LANES: usize = LANES;
    const ROWS: usize = 6;
    const VECTORS: usize = 1;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::V {
        [value; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::V {
        let from = &from[..LANES];
        each!(I => from[I])
    }

    #[inline(always)]
    unsafe fn read(self, from: *const f32) -> Self::V {
        // SAFETY: the caller vouches for a whole vector, and arrays of floats are aligned as floats are.
        unsafe { from.cast::<Self::V>().read() }
    }

    #[inline(always)]
    fn load_some(self, from: &[f32]) -> Self::V {
        each!(I => from.get(I).copied().unwrap_or(0.0))
    }

    #[inline(always)]
    fn store(self, value: Self::V, to: &mut [f32]) {
        to[..LANES].copy_from_slice(&value);
    }

    #[inline(always)]
    fn store_some(self, value: Self::V, to: &mut [f32]) {
        for (to, value) in to.iter_mut().zip(value) {
            *to = value;
        }
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        each!(I => a[I] + b[I])
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        each!(I => a[I] - b[I])
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        each!(I => a[I] * b[I])
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        each!(I => a[I] / b[I])
    }

    /// In two roundings: without the instruction, a fused one is a slow call.
    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        each!(I => a[I] * b[I] + c[I])
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        each!(I => if a[I] > b[I] { a[I] } else { b[I] })
    }

    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        each!(I => if a[I] < b[I] { a[I] } else { b[I] })
    }

    #[inline(always)]
    fn round(self, a: Self::V) -> Self::V {
        // 1.5 * 2^23: adding it leaves no bits for a fraction.
        const WHOLE: f32 = 12_582_912.0;
        each!(I => (a[I] + WHOLE) - WHOLE)
    }

    #[inline(always)]
    fn scale(self, a: Self::V, n: Self::V) -> Self::V {
        each!(I => a[I] * f32::from_bits(((n[I] as i32 + 127) << 23) as u32))
    }

    #[inline(always)]
    fn sum(self, a: Self::V) -> f32 {
        ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
    }

    #[inline(never)]
    fn tile(self, work: Tile<'_>, form: Form) {
        match form {
            Form::Columns => tile_of_6::<Self, false, true>(self, work),
            Form::Wide | Form::Narrow => tile_of_6::<Self, false, false>(self, work),
        }
    }
}
