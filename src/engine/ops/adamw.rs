//! AdamW (Loshchilov and Hutter, 2019, algorithm 2), as PyTorch computes it: one pass over each weight.

use candle_core::backprop::GradStore;
use candle_core::{DType, Result, Tensor, Var};
use candle_nn::{Optimizer, ParamsAdamW};
use rayon::prelude::*;

/// Numbers that a thread takes at once.
const BLOCK: usize = 1 << 14;

/// Adam with decoupled weight decay. f32 on the CPU goes through one pass of our own; other weights through
/// candle's.
#[derive(Debug)]
pub struct AdamW {
    settings: ParamsAdamW,
    states: Vec<State>,
    others: candle_nn::AdamW,
    steps: i32,
}

/// A weight with its moments, the gradient's mean and mean square.
#[derive(Debug)]
struct State {
    weight: Var,
    mean: Vec<f32>,
    square: Vec<f32>,
}

/// What a step multiplies by.
#[derive(Debug, Clone, Copy)]
struct Factors {
    beta1: f32,
    beta2: f32,
    /// Of the weight itself.
    keep: f32,
    /// Learning rate over the first moment's bias correction.
    rate: f32,
    /// Square root of the second moment's bias correction.
    correction: f32,
    eps: f32,
}

impl AdamW {
    /// `weights` that are not of floats have no gradients and are left out.
    pub fn new(weights: Vec<Var>, settings: ParamsAdamW) -> Result<Self> {
        let ours = |weight: &Var| weight.device().is_cpu() && weight.dtype() == DType::F32;
        let (own, others): (Vec<_>, Vec<_>) = weights.into_iter().partition(ours);
        let state = |weight: Var| {
            let zeros = vec![0.0; weight.elem_count()];
            State { weight, mean: zeros.clone(), square: zeros }
        };
        let others = candle_nn::AdamW::new(others, settings.clone())?;
        Ok(Self { settings, states: own.into_iter().map(state).collect(), others, steps: 0 })
    }

    /// Moves every weight that has a gradient.
    pub fn step(&mut self, gradients: &GradStore) -> Result<()> {
        self.steps += 1;
        let factors = self.factors();
        for state in &mut self.states {
            if let Some(gradient) = gradients.get(&state.weight) {
                state.step(gradient, factors)?;
            }
        }
        self.others.step(gradients)
    }

    fn factors(&self) -> Factors {
        let ParamsAdamW { lr, beta1, beta2, eps, weight_decay } = self.settings;
        Factors {
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            keep: (1.0 - lr * weight_decay) as f32,
            rate: (lr / (1.0 - beta1.powi(self.steps))) as f32,
            correction: (1.0 - beta2.powi(self.steps)).sqrt() as f32,
            eps: eps as f32,
        }
    }
}

impl State {
    fn step(&mut self, gradient: &Tensor, factors: Factors) -> Result<()> {
        let gradient = gradient.flatten_all()?.to_vec1::<f32>()?;
        let mut weight = self.weight.as_tensor().flatten_all()?.to_vec1::<f32>()?;
        let moments = self.mean.par_chunks_mut(BLOCK).zip(self.square.par_chunks_mut(BLOCK));
        let numbers = weight.par_chunks_mut(BLOCK).zip(gradient.par_chunks(BLOCK));
        numbers.zip(moments).for_each(|((weight, gradient), (mean, square))| {
            for (((weight, &g), mean), square) in weight.iter_mut().zip(gradient).zip(mean).zip(square) {
                *mean += (g - *mean) * (1.0 - factors.beta1);
                *square = *square * factors.beta2 + g * g * (1.0 - factors.beta2);
                let spread = square.sqrt() / factors.correction + factors.eps;
                *weight = *weight * factors.keep - factors.rate * *mean / spread;
            }
        });
        let shape = self.weight.shape();
        self.weight.set(&Tensor::from_vec(weight, shape, self.weight.device())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::noise;

    #[test]
    fn steps_are_those_of_candle_s_own() {
        let settings = ParamsAdamW { lr: 0.05, weight_decay: 0.1, ..ParamsAdamW::default() };
        let start = noise(&[3, 5], "weight");
        let (own, stock) = (Var::from_tensor(&start).unwrap(), Var::from_tensor(&start).unwrap());
        let mut ours = AdamW::new(vec![own.clone()], settings.clone()).unwrap();
        let mut theirs = candle_nn::AdamW::new(vec![stock.clone()], settings).unwrap();
        let target = noise(&[3, 5], "target");
        for _ in 0..20 {
            let loss = |x: &Var| (x.as_tensor() - &target).unwrap().sqr().unwrap().sum_all().unwrap();
            ours.step(&loss(&own).backward().unwrap()).unwrap();
            theirs.step(&loss(&stock).backward().unwrap()).unwrap();
        }
        let gap = (own.as_tensor() - stock.as_tensor()).unwrap().abs().unwrap().max_all().unwrap();
        assert!(gap.to_scalar::<f32>().unwrap() < 1e-5);
        let moved = (own.as_tensor() - start).unwrap().abs().unwrap().max_all().unwrap();
        assert!(moved.to_scalar::<f32>().unwrap() > 0.1);
    }
}
