//! Start noise: PyTorch's CPU generator, so that a seed gives diffusers' picture.
//!
//! Source: PyTorch's `CPUGeneratorImpl`, `DistributionTemplates.h` (`normal_fill`) and
//! `DistributionsHelper.h`: mt19937 and Box-Muller, in two ways that depend on the count.

use rand_mt::Mt;
use std::f64::consts::TAU as TAU_F64;

/// Numbers that the vector way makes together.
const BLOCK: usize = 16;

/// `torch.Generator` on the CPU: what it gives depends on what was drawn before.
#[derive(Debug, Clone)]
pub struct Generator {
    mt19937: Mt,
    /// The sine that a pair of single numbers left over.
    spare: Option<f64>,
}

impl Generator {
    /// `torch.Generator().manual_seed(seed)`, which keeps a seed's low half only.
    pub fn new(seed: u64) -> Self {
        Self { mt19937: Mt::new((seed & 0xffff_ffff) as u32), spare: None }
    }

    /// The next `torch.randn(count, generator=self)`, to float rounding.
    pub fn standard_normal(&mut self, count: usize) -> Vec<f32> {
        if count < BLOCK { (0..count).map(|_| self.single()).collect() } else { self.in_blocks(count) }
    }

    /// Box-Muller on doubles; each pair's sine waits for the next call.
    fn single(&mut self) -> f32 {
        if let Some(spare) = self.spare.take() {
            return spare as f32;
        }
        let (angle, radius) = (TAU_F64 * self.double(), (-2.0 * (-self.double()).ln_1p()).sqrt());
        self.spare = Some(radius * angle.sin());
        (radius * angle.cos()) as f32
    }

    fn double(&mut self) -> f64 {
        let (high, low) = (self.mt19937.next_u32(), self.mt19937.next_u32());
        let bits = (u64::from(high) << 32 | u64::from(low)) & ((1 << 53) - 1);
        bits as f64 / (1u64 << 53) as f64
    }

    /// Uniform floats first, then Box-Muller over blocks; a rest is made by drawing the last block anew.
    fn in_blocks(&mut self, count: usize) -> Vec<f32> {
        let mut uniform = || (self.mt19937.next_u32() & 0x00ff_ffff) as f32 / (1u32 << 24) as f32;
        let mut values: Vec<f32> = (0..count).map(|_| uniform()).collect();
        values.chunks_exact_mut(BLOCK).for_each(box_muller);
        if !count.is_multiple_of(BLOCK) {
            let last = &mut values[count - BLOCK..];
            last.fill_with(uniform);
            box_muller(last);
        }
        values
    }
}

/// What a fresh generator of this seed draws first.
pub fn standard_normal(seed: u64, count: usize) -> Vec<f32> {
    Generator::new(seed).standard_normal(count)
}

/// The first half holds radii, the second angles.
fn box_muller(block: &mut [f32]) {
    let (radii, angles) = block.split_at_mut(BLOCK / 2);
    for (first, second) in radii.iter_mut().zip(angles) {
        let radius = (-2.0 * (1.0 - *first).ln()).sqrt();
        let angle = std::f32::consts::TAU * *second;
        (*first, *second) = (radius * angle.cos(), radius * angle.sin());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Case {
        seed: u64,
        /// Draws, one after the other.
        draws: Vec<Draw>,
    }

    #[derive(Deserialize)]
    struct Draw {
        count: usize,
        /// All values, or the first and last 20.
        head: Vec<f32>,
        tail: Vec<f32>,
        sum: f64,
    }

    #[test]
    fn noise_is_pytorch_s() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../tests/fixtures/engine/noise.json")).unwrap();
        assert_eq!(cases.len(), 35);
        for Case { seed, draws } in cases {
            let mut generator = Generator::new(seed);
            for Draw { count, head, tail, sum } in draws {
                let ours = generator.standard_normal(count);
                assert_eq!(ours.len(), count);
                let last = &ours[count - tail.len()..];
                for (ours, theirs) in ours.iter().zip(&head).chain(last.iter().zip(&tail)) {
                    assert!((ours - theirs).abs() < 2e-6, "seed {seed}, {count}: {ours} for {theirs}");
                }
                let total: f64 = ours.iter().map(|&value| f64::from(value)).sum();
                assert!((total - sum).abs() < 1e-3, "seed {seed}, {count}: {total} for {sum}");
            }
        }
    }
}
