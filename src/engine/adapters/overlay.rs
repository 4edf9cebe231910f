//! A bundle's weights with something added to them on the way to a network.

use super::{Embedding, Lora};
use crate::engine::EngineError;
use crate::engine::bundle::{Bundle, Component};
use crate::engine::checkpoint::{Checkpoint, Weights};
use candle_core::{DType, Device, Result, Shape, Tensor};
use candle_nn::Init;
use candle_nn::var_builder::{SimpleBackend, VarBuilder};
use std::sync::Arc;

/// The table that textual inversions add rows to.
const TABLE: &str = "text_model.embeddings.token_embedding.weight";

/// One network's weights and what is added to them.
pub(super) struct Overlay {
    base: Weights,
    component: Component,
    loras: Vec<(Arc<Lora>, f64)>,
    /// Rows after the vocabulary, `[vectors, width]` f32.
    rows: Option<Tensor>,
}

impl Overlay {
    pub(super) fn new(
        component: Component,
        bundle: &Bundle,
        loras: Vec<(Arc<Lora>, f64)>,
        embeddings: &[Embedding],
    ) -> std::result::Result<Self, EngineError> {
        let base = component.checkpoint(&bundle.folder)?;
        Ok(Self::over(base, component, loras, embeddings)?)
    }

    /// Over these weights, whose names are `component`'s own.
    pub(super) fn over(
        base: Checkpoint,
        component: Component,
        loras: Vec<(Arc<Lora>, f64)>,
        embeddings: &[Embedding],
    ) -> Result<Self> {
        let base = Weights::new(base);
        let rows: Vec<&Tensor> = embeddings.iter().map(Embedding::rows).collect();
        let rows = if rows.is_empty() { None } else { Some(Tensor::cat(&rows, 0)?) };
        Ok(Self { base, component, loras, rows })
    }

    pub(super) fn builder(self, dtype: DType, device: &Device) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self), dtype, device.clone())
    }

    /// The vocabulary's rows, then the added ones.
    fn table(&self, rows: &Tensor, shape: &Shape, dtype: DType, device: &Device) -> Result<Tensor> {
        let (all, width) = shape.dims2()?;
        let own = Shape::from((all.saturating_sub(rows.dim(0)?), width));
        let own = self.base.get(own, TABLE, Init::Const(0.0), dtype, device)?;
        Tensor::cat(&[&own, &rows.to_device(device)?.to_dtype(dtype)?], 0)
    }
}

impl SimpleBackend for Overlay {
    fn get(&self, shape: Shape, name: &str, init: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        if let (Some(rows), TABLE) = (&self.rows, name) {
            return self.table(rows, &shape, dtype, device);
        }
        let mut changed: Option<Tensor> = None;
        for (lora, strength) in &self.loras {
            let change = lora.change(self.component, name, shape.dims(), *strength, device)?;
            if let Some(change) = change {
                // Summed in f32 whatever the files hold, and rounded once.
                let weight = match changed.take() {
                    Some(weight) => weight,
                    None => self.base.get(shape.clone(), name, init, DType::F32, device)?,
                };
                changed = Some((weight + change)?);
            }
        }
        match changed {
            Some(weight) => weight.to_dtype(dtype),
            None => self.base.get(shape, name, init, dtype, device),
        }
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        self.base.get_unchecked(name, dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.base.contains_tensor(name)
    }
}
