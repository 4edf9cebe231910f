//! Matrix products over the last axis: linear layers, their activations, lookups.

use crate::engine::kernels::gradients::{self, trainable};
use crate::engine::kernels::{self, Curve, Extras, Weights, bend, usable};
use candle_core::{D, Result, Tensor};
use candle_nn::{Init, VarBuilder};

/// What follows a matrix product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x * sigmoid(x)`.
    Silu,
    /// The exact one, by erf.
    Gelu,
    /// `x * sigmoid(1.702 x)`, CLIP's.
    QuickGelu,
}

impl Activation {
    /// Element by element; any shape.
    pub fn apply(self, x: &Tensor) -> Result<Tensor> {
        if usable(x) {
            return bend(x, self.curve());
        }
        if trainable(x) {
            return gradients::bend(x, self.curve());
        }
        match self {
            Self::Silu => x.silu(),
            Self::Gelu => x.gelu_erf(),
            Self::QuickGelu => x * candle_nn::ops::sigmoid(&(x * 1.702)?)?,
        }
    }

    fn curve(self) -> Curve {
        match self {
            Self::Silu => Curve::Silu,
            Self::Gelu => Curve::Gelu,
            Self::QuickGelu => Curve::QuickGelu,
        }
    }
}

/// `y = x W^T + b` over the last axis.
#[derive(Debug, Clone)]
pub struct Linear {
    /// `[outputs, inputs]`.
    weight: Weights,
    /// `[outputs]`.
    bias: Option<Tensor>,
}

impl Linear {
    /// Reads `weight` and `bias`.
    pub fn load(inputs: usize, outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            bias: Some(vb.get_with_hints(outputs, "bias", uniform(inputs))?),
            ..Self::load_no_bias(inputs, outputs, vb)?
        })
    }

    /// Reads `weight` alone.
    pub fn load_no_bias(inputs: usize, outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let weight = vb.get_with_hints((outputs, inputs), "weight", uniform(inputs))?;
        Ok(Self { weight: Weights::new(weight), bias: None })
    }

    /// Reads a 1x1 convolution's `weight` `[outputs, inputs, 1, 1]` and `bias`: the same thing channels-last.
    /// `hint` is for builders that make weights instead of reading them.
    pub fn load_pointwise(
        inputs: usize,
        outputs: usize,
        hint: Option<Init>,
        vb: &VarBuilder<'_>,
    ) -> Result<Self> {
        let hint = hint.unwrap_or_else(|| uniform(inputs));
        // Squeezing views the stored tensor; a reshape would copy what is not contiguous.
        let weight = vb.get_with_hints((outputs, inputs, 1, 1), "weight", hint)?.squeeze(3)?.squeeze(2)?;
        Ok(Self { weight: Weights::new(weight), bias: Some(vb.get_with_hints(outputs, "bias", hint)?) })
    }

    /// `x` `[.., inputs]` to `[.., outputs]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self.weight.linear(x, self.extras())? {
            Some(y) => Ok(y),
            None => self.forward_tracked(x),
        }
    }

    /// Where gradients are asked for, or no kernel works.
    fn forward_tracked(&self, x: &Tensor) -> Result<Tensor> {
        let weight = self.weight.plain()?;
        if trainable(x) && trainable(&weight) && self.bias.as_ref().is_none_or(trainable) {
            return gradients::linear(x, &weight, self.bias.as_ref());
        }
        self.forward_plain(x)
    }

    fn extras(&self) -> Extras<'_> {
        Extras { bias: self.bias.as_ref(), ..Extras::default() }
    }

    /// By candle's own operations.
    fn forward_plain(&self, x: &Tensor) -> Result<Tensor> {
        let (inputs, mut shape) = (x.dim(D::Minus1)?, x.dims().to_vec());
        let rows = shape[..shape.len() - 1].iter().product::<usize>();
        // One large product instead of a broadcast batch of small ones.
        let y = x.reshape((rows, inputs))?.matmul(&self.weight.plain()?.t()?)?;
        let y = match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        };
        if let Some(last) = shape.last_mut() {
            *last = self.weight.outputs();
        }
        y.reshape(shape)
    }

    /// The product, then an activation.
    pub fn forward_activated(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        match self.weight.linear(x, Extras { curve: activation.curve(), ..self.extras() })? {
            Some(y) => Ok(y),
            None => activation.apply(&self.forward_tracked(x)?),
        }
    }

    /// The product added to `residual`, which has its shape.
    pub fn forward_added(&self, x: &Tensor, residual: &Tensor) -> Result<Tensor> {
        match self.weight.linear(x, Extras { residual: Some(residual), ..self.extras() })? {
            Some(y) => Ok(y),
            None => self.forward_tracked(x)? + residual,
        }
    }
}

/// PyTorch's default range for a layer with this many inputs.
pub(super) fn uniform(inputs: usize) -> Init {
    let bound = 1.0 / (inputs.max(1) as f64).sqrt();
    Init::Uniform { lo: -bound, up: bound }
}

/// GEGLU: of `x` `[.., 2c]`, the first half times the exact GELU of the second, `[.., c]`.
pub fn geglu(x: &Tensor) -> Result<Tensor> {
    if usable(x) {
        return kernels::geglu(x);
    }
    if trainable(x) {
        return gradients::geglu(x);
    }
    let width = x.dim(D::Minus1)? / 2;
    let gate = x.narrow(D::Minus1, width, width)?.contiguous()?.gelu_erf()?;
    x.narrow(D::Minus1, 0, width)? * gate
}

/// Rows of a table by number.
#[derive(Debug, Clone)]
pub struct Embedding {
    /// `[entries, width]`.
    table: Tensor,
}

impl Embedding {
    /// Reads `weight`.
    pub fn load(entries: usize, width: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let hint = Init::Randn { mean: 0.0, stdev: 0.02 };
        Ok(Self { table: vb.get_with_hints((entries, width), "weight", hint)? })
    }

    /// `ids` `[b, n]` u32 to `[b, n, width]`; a number outside the table is an error.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let (b, n) = ids.dims2()?;
        self.table.index_select(&ids.flatten_all()?, 0)?.reshape((b, n, self.table.dim(1)?))
    }

    /// The first `n` rows, `[n, width]`.
    pub fn first(&self, n: usize) -> Result<Tensor> {
        self.table.narrow(0, 0, n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn geglu_gates_the_first_half_by_the_second() {
        let x = Tensor::new(&[[3f32, 5.0, 1.0, -1.0]], &Device::Cpu).unwrap();
        let y = geglu(&x).unwrap().to_vec2::<f32>().unwrap();
        // gelu(1) = 0.841345, gelu(-1) = -0.158655.
        assert!((y[0][0] - 3.0 * 0.841_345).abs() < 1e-4, "{y:?}");
        assert!((y[0][1] + 5.0 * 0.158_655).abs() < 1e-4, "{y:?}");
    }

    #[test]
    fn quick_gelu_is_a_scaled_sigmoid_gate() {
        let x = Tensor::new(&[2f32], &Device::Cpu).unwrap();
        let y = Activation::QuickGelu.apply(&x).unwrap().to_vec1::<f32>().unwrap();
        assert!((y[0] - 2.0 / (1.0 + (-3.404f32).exp())).abs() < 1e-6);
    }

    #[test]
    fn a_token_outside_the_table_is_an_error() {
        let table =
            Embedding { table: Tensor::zeros((4, 2), candle_core::DType::F32, &Device::Cpu).unwrap() };
        assert!(table.forward(&Tensor::new(&[[4u32]], &Device::Cpu).unwrap()).is_err());
    }
}
