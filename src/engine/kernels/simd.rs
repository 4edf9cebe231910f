//! What a kernel may ask of an instruction set: vectors of f32 and a register tile.
//!
//! A kernel is written once, over [`Simd`]; [`Isa::run`] compiles it for each instruction set and enters the
//! one that this processor has. Everything below a kernel is `inline(always)`, so that it is compiled with
//! the instructions of the entry that it ends up in.

use super::portable::Portable;
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512};
use std::sync::OnceLock;

/// Steps of a sum that are taken at once, so that a panel of weights stays in the nearest cache.
pub(super) const DEPTH: usize = 288;

/// Floats from one row of a left-hand block to the next: an odd number of cache lines.
pub(super) const STRIDE: usize = 304;

/// One instruction set. A value is proof that the processor has it.
pub(super) trait Simd: Copy + Send + Sync {
    type V: Copy;
    /// Floats in a vector.
    const LANES: usize;
    /// Rows of a tile.
    const ROWS: usize;
    /// Vectors in a row of a wide tile.
    const VECTORS: usize;

    fn splat(self, value: f32) -> Self::V;
    /// The first [`Self::LANES`] of `from`, which holds as many.
    fn load(self, from: &[f32]) -> Self::V;
    /// A vector from `from` on.
    ///
    /// # Safety
    /// [`Self::LANES`] floats lie there.
    unsafe fn read(self, from: *const f32) -> Self::V;
    /// Those of `from` that fit, then zeros.
    fn load_some(self, from: &[f32]) -> Self::V;
    /// Into the first [`Self::LANES`] of `to`, which holds as many.
    fn store(self, value: Self::V, to: &mut [f32]);
    /// Into as many of `to` as there are.
    fn store_some(self, value: Self::V, to: &mut [f32]);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// To the nearest whole number.
    fn round(self, a: Self::V) -> Self::V;
    /// `a * 2^n` for whole `n` in -126..=127.
    fn scale(self, a: Self::V, n: Self::V) -> Self::V;
    fn sum(self, a: Self::V) -> f32;
    /// One tile: see [`Tile`].
    fn tile(self, tile: Tile<'_>, form: Form);
}

/// What a tile's operands look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `a` in rows, `b` as wide as a tile can be.
    Wide,
    /// `a` in rows, `b` one vector wide.
    Narrow,
    /// `a` in columns of `ROWS`, one after another; `b` as wide as a tile can be.
    Columns,
}

/// `c (+)= a b`: `a` is `ROWS` rows [`STRIDE`] apart (but see [`Form::Columns`]), `b` `[depth, width]`, `c` `ROWS` rows `c_stride` apart.
pub(super) struct Tile<'a> {
    pub(super) a: &'a [f32],
    pub(super) b: &'a [f32],
    pub(super) depth: usize,
    pub(super) c: &'a mut [f32],
    pub(super) c_stride: usize,
    /// The sum starts here; `c` holds nothing yet.
    pub(super) fresh: bool,
}

/// Defines a tile's function, row by row: an unoptimised build unrolls no loop, and sums would not stay in
/// registers.
macro_rules! tile_of_rows {
    ($name:ident, $rows:literal: $($r:literal)*) => {
        #[inline(always)]
        pub(super) fn $name<S: Simd, const WIDE: bool, const COLUMNS: bool>(s: S, tile: Tile<'_>) {
            let Tile { a, b, depth, c, c_stride, fresh } = tile;
            let lanes = S::LANES;
            let width = if WIDE { 2 * lanes } else { lanes };
            let (row, step) = if COLUMNS { (1, $rows) } else { (STRIDE, 1) };
            let read = ($rows - 1) * row + depth.saturating_sub(1) * step + 1;
            assert!((COLUMNS || depth <= STRIDE) && a.len() >= read && b.len() >= depth * width);
            assert!(c_stride >= width && c.len() >= ($rows - 1) * c_stride + width);
            let (mut low, mut high) = ([s.splat(0.0); $rows], [s.splat(0.0); $rows]);
            if !fresh {
                $(low[$r] = s.load(&c[$r * c_stride..]);
                if WIDE {
                    high[$r] = s.load(&c[$r * c_stride + lanes..]);
                })*
            }
            let (mut left, mut right) = (a.as_ptr(), b.as_ptr());
            let mut steps = depth;
            while steps > 0 {
                // SAFETY: `depth` steps of `width` floats in `b` and of one float in each row of `a`: their
                // lengths were checked above. (Past the end of `a` the pointer is moved and not read.)
                unsafe {
                    let first = s.read(right);
                    let second = if WIDE { s.read(right.add(lanes)) } else { first };
                    $(let one = s.splat(*left.add($r * row));
                    low[$r] = s.mul_add(one, first, low[$r]);
                    if WIDE {
                        high[$r] = s.mul_add(one, second, high[$r]);
                    })*
                    (left, right) = (left.add(step), right.add(width));
                }
                steps -= 1;
            }
            $(s.store(low[$r], &mut c[$r * c_stride..]);
            if WIDE {
                s.store(high[$r], &mut c[$r * c_stride + lanes..]);
            })*
        }
    };
}

tile_of_rows!(tile_of_6, 6: 0 1 2 3 4 5);
#[cfg(target_arch = "x86_64")]
tile_of_rows!(tile_of_14, 14: 0 1 2 3 4 5 6 7 8 9 10 11 12 13);

/// Work that runs on whichever instruction set is there.
pub(super) trait Kernel {
    /// Implementations are `inline(always)`.
    fn run<S: Simd>(self, s: S);
}

/// The instruction sets that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Isa {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Isa {
    /// The fastest that the processor has, or a slower one that `ADORN_KERNELS` names.
    pub(super) fn best() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| {
            let asked = std::env::var("ADORN_KERNELS").unwrap_or_default();
            let present = Self::present();
            let named = present.iter().find(|isa| isa.name() == asked);
            named.or(present.last()).copied().unwrap_or(Self::Portable)
        })
    }

    /// All that the processor has, slowest first.
    pub(super) fn present() -> Vec<Self> {
        let mut present = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            present.extend(Avx2::detect().map(Self::Avx2));
            present.extend(Avx512::detect().map(Self::Avx512));
        }
        present
    }

    /// As `ADORN_KERNELS` spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
        }
    }

    /// Rows of a tile, lanes of a vector, columns of a wide tile.
    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Portable => Shape::of::<Portable>(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => Shape::of::<Avx2>(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => Shape::of::<Avx512>(),
        }
    }

    pub(super) fn run(self, kernel: impl Kernel) {
        match self {
            Self::Portable => kernel.run(Portable),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(isa) => isa.enter(kernel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(isa) => isa.enter(kernel),
        }
    }
}

/// Sizes of an instruction set's tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) rows: usize,
    pub(super) lanes: usize,
    /// Columns of a wide tile.
    pub(super) wide: usize,
}

impl Shape {
    fn of<S: Simd>() -> Self {
        Self { rows: S::ROWS, lanes: S::LANES, wide: S::LANES * S::VECTORS }
    }
}
