//! A layer's weights: as they came, or in the order in which kernels read them, and never both.

use super::conv::{Window, Windows};
use super::gemm::{Dense, Panels, multiply};
use super::simd::Isa;
use super::tensors::{Extras, floats, made, usable};
use candle_core::{DType, Device, Result, Tensor};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Clones share one copy.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Weights {
    form: Arc<Mutex<Form>>,
    /// `[outputs, inputs]` or `[outputs, inputs, 3, 3]`.
    dims: Vec<usize>,
}

#[derive(Debug)]
enum Form {
    Plain(Tensor),
    Packed(Arc<Panels>),
}

impl Weights {
    /// `plain` is `[outputs, inputs]` or `[outputs, inputs, 3, 3]`.
    pub(in crate::engine) fn new(plain: Tensor) -> Self {
        Self { dims: plain.dims().to_vec(), form: Arc::new(Mutex::new(Form::Plain(plain))) }
    }

    pub(in crate::engine) fn outputs(&self) -> usize {
        self.dims.first().copied().unwrap_or(0)
    }

    /// As they came. Packed ones are put back, so that memory never holds both.
    pub(in crate::engine) fn plain(&self) -> Result<Tensor> {
        let mut form = self.form();
        let plain = match &*form {
            Form::Plain(plain) => return Ok(plain.clone()),
            Form::Packed(panels) => panels.unpack(self.taps()),
        };
        let plain = Tensor::from_vec(plain, self.dims.as_slice(), &Device::Cpu)?;
        *form = Form::Plain(plain.clone());
        Ok(plain)
    }

    /// `x` `[.., inputs]` to `[.., outputs]`, if kernels can.
    pub(in crate::engine) fn linear(&self, x: &Tensor, extras: Extras<'_>) -> Result<Option<Tensor>> {
        let Some(panels) = self.packed(x, &extras)? else { return Ok(None) };
        let mut shape = x.dims().to_vec();
        match shape.last_mut() {
            Some(last) if Some(&*last) == self.dims.get(1) => *last = panels.outputs(),
            _ => candle_core::bail!("a layer of {:?} cannot take {:?}", self.dims, x.dims()),
        }
        let (dtype, x) = (x.dtype(), x.to_dtype(DType::F32)?.contiguous()?);
        let (x, inputs) = (floats(&x), self.dims[1]);
        let rows = Dense { x: x.get()?, inputs };
        let y = extras.with(&shape, |finish| made(&shape, |out| multiply(&rows, &panels, finish, out)))?;
        y.to_dtype(dtype).map(Some)
    }

    /// `x` `[b, h, w, inputs]` to `[b, h', w', outputs]`, if kernels can.
    pub(in crate::engine) fn convolve(
        &self,
        x: &Tensor,
        window: Window,
        extras: Extras<'_>,
    ) -> Result<Option<Tensor>> {
        let Some(panels) = self.packed(x, &extras)? else { return Ok(None) };
        let (batch, h, w, channels) = x.dims4()?;
        if self.dims.get(1) != Some(&channels) {
            candle_core::bail!("a convolution of {:?} cannot take {:?}", self.dims, x.dims());
        }
        let shape = [batch, window.side(h), window.side(w), panels.outputs()];
        let (dtype, x) = (x.dtype(), x.to_dtype(DType::F32)?.contiguous()?);
        let x = floats(&x);
        let rows = Windows { x: x.get()?, batch, h, w, channels, window };
        let y = extras.with(&shape, |finish| made(&shape, |out| multiply(&rows, &panels, finish, out)))?;
        y.to_dtype(dtype).map(Some)
    }

    /// The packed form, if `x` and all else may go through kernels. The first call puts them in order; those of
    /// a half type are put in order for each call, as their use is to take little memory.
    fn packed(&self, x: &Tensor, extras: &Extras<'_>) -> Result<Option<Arc<Panels>>> {
        if !usable(x) || !extras.usable() {
            return Ok(None);
        }
        let mut form = self.form();
        let (packed, stays) = match &*form {
            Form::Packed(panels) => return Ok(Some(panels.clone())),
            Form::Plain(plain) if !usable(plain) => return Ok(None),
            Form::Plain(plain) => (Arc::new(self.pack(plain)?), plain.dtype() == DType::F32),
        };
        if stays {
            *form = Form::Packed(packed.clone());
        }
        Ok(Some(packed))
    }

    fn pack(&self, plain: &Tensor) -> Result<Panels> {
        let plain = plain.to_dtype(DType::F32)?.contiguous()?;
        let (weight, inputs) = (floats(&plain), self.dims.get(1).copied().unwrap_or(0));
        Ok(Panels::pack(Isa::best(), weight.get()?, self.outputs(), inputs, self.taps()))
    }

    fn taps(&self) -> usize {
        self.dims.iter().skip(2).product()
    }

    /// A thread that panicked left a whole form behind: it is replaced in one step.
    fn form(&self) -> MutexGuard<'_, Form> {
        self.form.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
