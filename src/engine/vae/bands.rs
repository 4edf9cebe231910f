//! Pictures too large to be worked on at once: kept as bands of rows, and worked on band by band.
//!
//! A convolution sees the rows beyond a band's edges, and a norm takes its statistics over all bands, so the
//! result is that of the whole picture up to rounding: no seams, nothing to blend. What it saves is every
//! temporary: only the two pictures that a residual block has to keep ever exist whole.

use crate::engine::EngineError;
use crate::engine::ops::{Conv2d, GroupNorm, GroupStatistics};
use crate::engine::progress::Control;
use crate::engine::unet::residual::{Downsample, ResidualBlock, Upsample};
use candle_core::{Result, Tensor};
use std::collections::VecDeque;
use std::ops::Range;

/// Numbers in one band of a picture: 64 MiB in f32.
pub(in crate::engine) const BAND: usize = 16 << 20;

/// A picture of up to so many bands stays whole: cutting it would save little and cost time.
pub(in crate::engine) const WHOLE: usize = 4;

/// Rows of a band at least: each convolution reads two more.
const LEAST_ROWS: usize = 8;

/// A picture `[b, h, w, c]`, cut into bands of rows.
#[derive(Debug, Clone)]
pub(super) struct Bands {
    /// Top to bottom, `[b, rows, w, c]` each.
    parts: VecDeque<Tensor>,
    /// Rows that were let go of, above the first part.
    gone: usize,
    height: usize,
    /// Numbers that a band may have.
    limit: usize,
}

impl Bands {
    /// `x` in bands of about `limit` numbers; whole, if it has only a few times that.
    pub(super) fn cut(x: &Tensor, limit: usize) -> Result<Self> {
        let (b, height, w, c) = x.dims4()?;
        let parts = ranges(height, rows_at_once(limit, height, b * w * c));
        let parts = parts.map(|rows| x.narrow(1, rows.start, rows.len())).collect::<Result<_>>()?;
        Ok(Self { parts, gone: 0, height, limit })
    }

    /// The picture in one piece.
    pub(super) fn joined(&self) -> Result<Tensor> {
        self.rows(0..self.height)
    }

    /// The picture, where it is one band.
    fn whole(&self) -> Option<&Tensor> {
        if self.gone == 0 && self.parts.len() == 1 { self.parts.front() } else { None }
    }

    /// Numbers in a row of this picture, all samples together, if it had `channels`.
    fn row(&self, channels: usize) -> Result<usize> {
        match self.parts.front() {
            Some(part) => Ok(part.dim(0)? * part.dim(2)? * channels),
            None => candle_core::bail!("a picture without rows"),
        }
    }

    fn channels(&self) -> Result<usize> {
        self.parts.front().map_or(Ok(0), |part| part.dim(3))
    }

    /// These rows in one piece.
    fn rows(&self, rows: Range<usize>) -> Result<Tensor> {
        let mut pieces = Vec::new();
        let mut top = self.gone;
        for part in &self.parts {
            let bottom = top + part.dim(1)?;
            let (from, to) = (rows.start.max(top), rows.end.min(bottom));
            if from < to {
                pieces.push(part.narrow(1, from - top, to - from)?);
            }
            top = bottom;
        }
        match pieces.as_slice() {
            [piece] => piece.contiguous(),
            pieces => Tensor::cat(pieces, 1),
        }
    }

    /// Frees the bands that end at or above `row`.
    fn let_go_above(&mut self, row: usize) -> Result<()> {
        while let Some(part) = self.parts.front() {
            let bottom = self.gone + part.dim(1)?;
            if bottom > row {
                break;
            }
            self.gone = bottom;
            self.parts.pop_front();
        }
        Ok(())
    }

    /// What `layer`, which looks one row up and down, makes of these rows.
    fn seen(&self, rows: &Range<usize>, layer: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let (from, to) = (rows.start.saturating_sub(1), (rows.end + 1).min(self.height));
        layer(&self.rows(from..to)?)?.narrow(1, rows.start - from, rows.len())?.contiguous()
    }

    /// A norm's statistics over the whole picture.
    fn statistics(&self, norm: &GroupNorm) -> Result<GroupStatistics> {
        let parts = self.parts.iter().map(|part| norm.statistics(part)).collect::<Result<Vec<_>>>()?;
        GroupStatistics::pooled(&parts)
    }

    /// A convolution that keeps the size, to `outputs` channels.
    pub(super) fn convolved(
        &self,
        conv: &Conv2d,
        outputs: usize,
        control: &Control,
    ) -> std::result::Result<Self, EngineError> {
        let widest = self.channels()?.max(outputs);
        made(self.height, self.row(widest)?, self.limit, control, |rows| self.seen(rows, |x| conv.forward(x)))
    }

    /// A norm, SiLU and a convolution that keeps the size, to `outputs` channels.
    pub(super) fn normed_and_convolved(
        &self,
        norm: &GroupNorm,
        conv: &Conv2d,
        outputs: usize,
        control: &Control,
    ) -> std::result::Result<Self, EngineError> {
        let (statistics, widest) = (self.statistics(norm)?, self.channels()?.max(outputs));
        made(self.height, self.row(widest)?, self.limit, control, |rows| {
            self.seen(rows, |x| conv.forward(&norm.forward_silu_with(x, &statistics)?))
        })
    }

    /// A residual block to `outputs` channels. The picture is freed on the way.
    pub(super) fn through(
        mut self,
        block: &ResidualBlock,
        outputs: usize,
        control: &Control,
    ) -> std::result::Result<Self, EngineError> {
        let row = self.row(self.channels()?.max(outputs))?;
        if let Some(whole) = self.whole()
            && rows_at_once(self.limit, self.height, row) == self.height
        {
            control.check()?;
            return Ok(Self::cut(&block.forward(whole, None)?, self.limit)?);
        }
        let mut hidden = self.normed_and_convolved(&block.norm1, &block.conv1, outputs, control)?;
        let statistics = hidden.statistics(&block.norm2)?;
        made(self.height, row, self.limit, control, |rows| {
            let inner = hidden
                .seen(rows, |x| block.conv2.forward(&block.norm2.forward_silu_with(x, &statistics)?))?;
            let outer = self.rows(rows.clone())?;
            // The next rows' convolution looks up once more.
            hidden.let_go_above(rows.end - 1)?;
            self.let_go_above(rows.end)?;
            match &block.conv_shortcut {
                Some(shortcut) => inner + shortcut.forward(&outer)?,
                None => inner + outer,
            }
        })
    }

    /// Twice the size.
    pub(super) fn doubled(
        mut self,
        upsample: &Upsample,
        control: &Control,
    ) -> std::result::Result<Self, EngineError> {
        let row = self.row(self.channels()?)?;
        made(self.height * 2, row * 2, self.limit, control, |rows| {
            // Row r shows row r / 2, and the convolution looks one up and down.
            let from = rows.start.saturating_sub(1) / 2;
            let to = (rows.end / 2 + 1).min(self.height);
            let x = self.rows(from..to)?;
            let (_, h, w, _) = x.dims4()?;
            let doubled = upsample.forward(&x, h * 2, w * 2)?;
            self.let_go_above((rows.end - 1) / 2)?;
            doubled.narrow(1, rows.start - from * 2, rows.len())?.contiguous()
        })
    }

    /// Half the size.
    pub(super) fn halved(
        mut self,
        downsample: &Downsample,
        control: &Control,
    ) -> std::result::Result<Self, EngineError> {
        let row = self.row(self.channels()?)?;
        made(self.height / 2, row * 2, self.limit, control, |rows| {
            // Row r reads rows 2r to 2r + 2; below the last, the layer adds zeros itself.
            let x = self.rows(rows.start * 2..(rows.end * 2 + 1).min(self.height))?;
            self.let_go_above(rows.end * 2)?;
            downsample.forward(&x)
        })
    }
}

/// A picture of `height` rows, made band by band. `row` is how many numbers the widest picture on the way
/// has in a row.
fn made(
    height: usize,
    row: usize,
    limit: usize,
    control: &Control,
    mut band: impl FnMut(&Range<usize>) -> Result<Tensor>,
) -> std::result::Result<Bands, EngineError> {
    let mut parts = VecDeque::new();
    for rows in ranges(height, rows_at_once(limit, height, row)) {
        control.check()?;
        parts.push_back(band(&rows)?);
    }
    Ok(Bands { parts, gone: 0, height, limit })
}

fn rows_at_once(limit: usize, height: usize, row: usize) -> usize {
    if height * row <= limit.saturating_mul(WHOLE) {
        return height;
    }
    (limit / row.max(1)).max(LEAST_ROWS).min(height)
}

fn ranges(height: usize, rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..height).step_by(rows.max(1)).map(move |start| start..(start + rows).min(height))
}
