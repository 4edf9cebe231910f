//! Convolutions over channels-last pictures.

use super::linear::uniform;
use super::resample::upsample_nearest;
use crate::engine::kernels::gradients::{self, trainable};
use crate::engine::kernels::{Extras, Weights, Window};
use candle_core::{DType, Result, Tensor};
use candle_nn::{Init, VarBuilder};

/// Zeros around a 3x3 convolution's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// One on every side.
    Around,
    /// One below and one to the right only: how the autoencoder halves.
    Trailing,
}

/// A 3x3 convolution. Stride 1 goes with padding around only.
#[derive(Debug, Clone)]
pub struct Conv2d {
    /// `[outputs, inputs, 3, 3]`.
    weight: Weights,
    /// `[outputs]`.
    bias: Tensor,
    stride: usize,
    padding: Padding,
}

impl Conv2d {
    /// Reads `weight` and `bias` of a 3x3 convolution that keeps the size.
    pub fn load(inputs: usize, outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Self::load_hinted(inputs, outputs, uniform(inputs * 9), vb)
    }

    /// Reads `weight` and `bias` of a 3x3 convolution that halves the size.
    pub fn load_halving(
        inputs: usize,
        outputs: usize,
        padding: Padding,
        vb: &VarBuilder<'_>,
    ) -> Result<Self> {
        Ok(Self { stride: 2, padding, ..Self::load(inputs, outputs, vb)? })
    }

    /// One that keeps the size and starts from zeros in a fresh network (ControlNet's hint).
    pub fn load_zero(inputs: usize, outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Self::load_hinted(inputs, outputs, Init::Const(0.0), vb)
    }

    fn load_hinted(inputs: usize, outputs: usize, hint: Init, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            weight: Weights::new(vb.get_with_hints((outputs, inputs, 3, 3), "weight", hint)?),
            bias: vb.get_with_hints(outputs, "bias", hint)?,
            stride: 1,
            padding: Padding::Around,
        })
    }

    /// `x` `[b, h, w, inputs]` to `[b, h', w', outputs]`, `h' = ceil(h / stride)` with padding around.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if let Some(y) = self.weight.convolve(x, self.window(), self.extras())? {
            return Ok(y);
        }
        match self.forward_trained(x, self.window())? {
            Some(y) => Ok(y),
            None => self.forward_plain(x),
        }
    }

    /// By kernels with a backward, if they can.
    fn forward_trained(&self, x: &Tensor, window: Window) -> Result<Option<Tensor>> {
        let weight = self.weight.plain()?;
        if ![x, &weight, &self.bias].into_iter().all(trainable) {
            return Ok(None);
        }
        gradients::convolve(x, &weight, &self.bias, window).map(Some)
    }

    /// [`Self::forward`] of `x` with each pixel repeated in both directions, `[b, 2h, 2w, outputs]`; stride 1.
    pub fn forward_doubled(&self, x: &Tensor) -> Result<Tensor> {
        let window = Window { doubled: true, ..self.window() };
        if let Some(y) = self.weight.convolve(x, window, self.extras())? {
            return Ok(y);
        }
        if let Some(y) = self.forward_trained(x, window)? {
            return Ok(y);
        }
        let (_, h, w, _) = x.dims4()?;
        self.forward_plain(&upsample_nearest(x, 2 * h, 2 * w)?)
    }

    fn window(&self) -> Window {
        let before = usize::from(self.padding == Padding::Around);
        Window { stride: self.stride, before, after: 1, doubled: false }
    }

    fn extras(&self) -> Extras<'_> {
        Extras { bias: Some(&self.bias), ..Extras::default() }
    }

    /// By candle's own operations.
    fn forward_plain(&self, x: &Tensor) -> Result<Tensor> {
        let (dtype, weight) = (x.dtype(), self.weight.plain()?);
        let (x, weight) = if dtype == DType::BF16 && x.device().is_cpu() {
            // candle's CPU convolution refuses bf16.
            (x.to_dtype(DType::F32)?, weight.to_dtype(DType::F32)?)
        } else {
            (x.clone(), weight)
        };
        let (x, around) = self.padded(x)?;
        let view = x.permute((0, 3, 1, 2))?;
        // The CPU's convolution gathers by stride anyway; the others want the order they name.
        let view = if view.device().is_cpu() { view } else { view.contiguous()? };
        let y = view.conv2d(&weight, around, self.stride, 1, 1)?;
        y.permute((0, 2, 3, 1))?.contiguous()?.to_dtype(dtype)?.broadcast_add(&self.bias)
    }

    /// `x` with what zeros the convolution does not add itself, and how many it adds on every side.
    fn padded(&self, x: Tensor) -> Result<(Tensor, usize)> {
        let (_, h, w, _) = x.dims4()?;
        // candle's backward tells the input's size from its height alone, so strided inputs are padded to
        // exactly what the stride reads: an unread last row or column is never there.
        let (before, after): (usize, fn(usize) -> usize) = match (self.stride, self.padding) {
            (1, Padding::Around) => return Ok((x, 1)),
            (_, Padding::Around) => (1, |side| side % 2),
            (_, Padding::Trailing) => (0, |side| 1 - side % 2),
        };
        let x = x.pad_with_zeros(1, before, after(h))?.pad_with_zeros(2, before, after(w))?;
        Ok((x, 0))
    }

    /// The convolution of `x` added to `residual`, which has its result's shape.
    pub fn forward_added(&self, x: &Tensor, residual: &Tensor) -> Result<Tensor> {
        match self.weight.convolve(x, self.window(), Extras { residual: Some(residual), ..self.extras() })? {
            Some(y) => Ok(y),
            None => self.forward(x)? + residual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn counting(shape: &[usize]) -> Tensor {
        let count = shape.iter().product::<usize>() as u32;
        let ramp = Tensor::arange(0u32, count, &Device::Cpu).unwrap().to_dtype(DType::F32).unwrap();
        ((ramp * 0.37).unwrap().sin().unwrap()).reshape(shape).unwrap()
    }

    /// The definition, one output at a time.
    fn by_definition(x: &Tensor, conv: &Conv2d) -> Vec<f32> {
        let (h, w, inputs) = (x.dim(1).unwrap(), x.dim(2).unwrap(), x.dim(3).unwrap());
        let x = x.squeeze(0).unwrap().to_vec3::<f32>().unwrap();
        let outputs = conv.weight.outputs();
        let weight = conv.weight.plain().unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let bias = conv.bias.to_vec1::<f32>().unwrap();
        let (before, after) = if conv.padding == Padding::Around { (1, 1) } else { (0, 1) };
        let side = |n: usize| (n + before + after - 3) / conv.stride + 1;
        let mut sums = Vec::new();
        for (row, column, o) in
            (0..side(h)).flat_map(|r| (0..side(w)).flat_map(move |c| (0..outputs).map(move |o| (r, c, o))))
        {
            let mut sum = bias[o];
            for (ky, kx, i) in
                (0..3).flat_map(|y| (0..3).flat_map(move |x| (0..inputs).map(move |i| (y, x, i))))
            {
                let (y, xx) = (row * conv.stride + ky, column * conv.stride + kx);
                if (before..h + before).contains(&y) && (before..w + before).contains(&xx) {
                    sum += x[y - before][xx - before][i] * weight[((o * inputs + i) * 3 + ky) * 3 + kx];
                }
            }
            sums.push(sum);
        }
        sums
    }

    #[test]
    fn convolution_agrees_with_its_definition_at_every_stride_and_padding() {
        let x = counting(&[1, 5, 6, 3]);
        for (stride, padding) in [(1, Padding::Around), (2, Padding::Around), (2, Padding::Trailing)] {
            let conv = Conv2d {
                weight: Weights::new(counting(&[4, 3, 3, 3])),
                bias: counting(&[4]),
                stride,
                padding,
            };
            let got = conv.forward(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let want = by_definition(&x, &conv);
            assert_eq!(got.len(), want.len());
            assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-5), "stride {stride} {padding:?}");
        }
    }

    #[test]
    fn gradients_of_a_halving_convolution_survive_sides_of_unlike_parity() {
        let weight = candle_core::Var::from_tensor(&counting(&[4, 3, 3, 3])).unwrap();
        let x = candle_core::Var::from_tensor(&counting(&[1, 4, 5, 3])).unwrap();
        let padding = Padding::Around;
        let conv = Conv2d {
            weight: Weights::new(weight.as_tensor().clone()),
            bias: counting(&[4]),
            stride: 2,
            padding,
        };
        let loss = |x: &Tensor| conv.forward(x).unwrap().sqr().unwrap().sum_all().unwrap();
        let grads = loss(&x).backward().unwrap();
        let grad = grads.get(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(grads.get(&weight).unwrap().dims(), [4, 3, 3, 3]);
        for place in [0, 29, 59] {
            let mut step = vec![0f32; 60];
            step[place] = 1e-2;
            let step = Tensor::from_vec(step, (1, 4, 5, 3), &Device::Cpu).unwrap();
            let at = |x: Result<Tensor>| loss(&x.unwrap()).to_scalar::<f32>().unwrap();
            let slope = (at(x.as_tensor() + &step) - at(x.as_tensor() - &step)) / 2e-2;
            assert!((slope - grad[place]).abs() < 1e-2 * slope.abs().max(1.0), "{slope} {}", grad[place]);
        }
    }

    #[test]
    fn bf16_runs_on_the_cpu() {
        let conv = Conv2d {
            weight: Weights::new(counting(&[4, 3, 3, 3]).to_dtype(DType::BF16).unwrap()),
            bias: counting(&[4]).to_dtype(DType::BF16).unwrap(),
            stride: 1,
            padding: Padding::Around,
        };
        let y = conv.forward(&counting(&[1, 5, 6, 3]).to_dtype(DType::BF16).unwrap()).unwrap();
        assert_eq!((y.dims(), y.dtype()), ([1, 5, 6, 4].as_slice(), DType::BF16));
    }
}
