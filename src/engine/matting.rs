//! The network that mattes products: a small U-Net that learned on photos of jewels that never existed.
//!
//! It sees a photo beside the ground behind it, so that it learns what differs from a ground and not what
//! earrings look like. It works at half the photo's size: 2 x 2 pixels become channels on the way in and out.
//! `tests/oracles/matting/train.py` trains it. It stands beside the painting networks because it runs on their
//! operations.

use super::EngineError;
use super::ops::{Activation, Conv2d, Padding};
use crate::picture::cutout::{Evidence, Matting, PLANES};
use candle_core::safetensors::load_buffer;
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use rayon::prelude::*;
use std::sync::OnceLock;

const FILE: &[u8] = include_bytes!("../../assets/vision/matting.safetensors");

/// Channels at each level, each half as large as the one before.
const WIDTHS: [usize; 5] = [16, 24, 32, 48, 48];

/// Channels of the evidence: 2 x 2 pixels of every plane.
const INPUTS: usize = 4 * PLANES;

/// Pixels that sides must be multiples of: the deepest level's.
const MULTIPLE: usize = 1 << WIDTHS.len();

/// A level and what joins it to the finer one.
struct Level {
    halve: Conv2d,
    down: Conv2d,
    /// Back to the finer level's width, and on from there with what that level knows.
    widen: Conv2d,
    up: Conv2d,
}

/// See the module.
pub struct ProductMatting {
    first: Conv2d,
    down: Conv2d,
    /// From the second one on.
    levels: Vec<Level>,
    last: Conv2d,
}

impl ProductMatting {
    /// The network that Adorn ships, read once.
    pub fn shipped() -> std::result::Result<&'static Self, EngineError> {
        static NETWORK: OnceLock<ProductMatting> = OnceLock::new();
        if let Some(network) = NETWORK.get() {
            return Ok(network);
        }
        let read = Self::read(FILE)?;
        Ok(NETWORK.get_or_init(|| read))
    }

    fn read(file: &[u8]) -> Result<Self> {
        let tensors = load_buffer(file, &Device::Cpu)?;
        Self::load(&VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))
    }

    fn load(vb: &VarBuilder<'_>) -> Result<Self> {
        let level = |(at, width): (usize, &[usize])| {
            let (fine, coarse) = (width[0], width[1]);
            Ok(Level {
                halve: Conv2d::load_halving(fine, coarse, Padding::Around, &vb.pp("halve").pp(at))?,
                down: Conv2d::load(coarse, coarse, &vb.pp("down").pp(at + 1))?,
                widen: Conv2d::load(coarse, fine, &vb.pp("widen").pp(at))?,
                up: Conv2d::load(fine, fine, &vb.pp("up").pp(at))?,
            })
        };
        Ok(Self {
            first: Conv2d::load(INPUTS, WIDTHS[0], &vb.pp("first"))?,
            down: Conv2d::load(WIDTHS[0], WIDTHS[0], &vb.pp("down").pp(0))?,
            levels: WIDTHS.windows(2).enumerate().map(level).collect::<Result<_>>()?,
            last: Conv2d::load(WIDTHS[0], 4, &vb.pp("last"))?,
        })
    }

    /// Logits `[1, rows, columns, 4]` for evidence `[1, rows, columns, INPUTS]`.
    fn forward(&self, evidence: &Tensor) -> Result<Tensor> {
        let bend = |x: Tensor| Activation::Silu.apply(&x);
        let mut x = bend(self.first.forward(evidence)?)?;
        x = bend(self.down.forward(&x)?)?;
        let mut kept = Vec::new();
        for level in &self.levels {
            kept.push(x.clone());
            x = bend(level.halve.forward(&x)?)?;
            x = bend(level.down.forward(&x)?)?;
        }
        for (level, finer) in self.levels.iter().zip(&kept).rev() {
            x = (bend(level.widen.forward_doubled(&x)?)? + finer)?;
            x = bend(level.up.forward(&x)?)?;
        }
        self.last.forward(&x)
    }

    fn look(&self, evidence: &Evidence) -> Result<Vec<f32>> {
        let folded = Folded::of(evidence);
        let logits = self.forward(&folded.tensor()?)?.flatten_all()?.to_vec1::<f32>()?;
        Ok(folded.opened(&logits))
    }
}

impl Matting for ProductMatting {
    fn alpha(&self, evidence: &Evidence) -> Option<Vec<f32>> {
        self.look(evidence).inspect_err(|error| tracing::warn!("the matting network failed: {error}")).ok()
    }
}

/// Evidence, its edges repeated up to whole multiples, 2 x 2 pixels of a plane in four channels.
struct Folded<'a> {
    evidence: &'a Evidence,
    /// Of the folded picture.
    rows: usize,
    columns: usize,
}

impl<'a> Folded<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        let half = |side: usize| side.next_multiple_of(MULTIPLE) / 2;
        Self { evidence, rows: half(evidence.height), columns: half(evidence.width) }
    }

    fn tensor(&self) -> Result<Tensor> {
        let Evidence { width, height, planes } = self.evidence;
        let mut folded = vec![0.0; INPUTS * self.rows * self.columns];
        folded.par_chunks_exact_mut(INPUTS * self.columns).enumerate().for_each(|(row, line)| {
            for (column, channels) in line.as_chunks_mut::<INPUTS>().0.iter_mut().enumerate() {
                for (channel, value) in channels.iter_mut().enumerate() {
                    let (plane, below, right) = (channel / 4, channel % 4 / 2, channel % 2);
                    let row = (2 * row + below).min(height - 1);
                    *value = planes[(plane * height + row) * width + (2 * column + right).min(width - 1)];
                }
            }
        });
        Tensor::from_vec(folded, (1, self.rows, self.columns, INPUTS), &Device::Cpu)
    }

    /// Logits back at every pixel, as alpha.
    fn opened(&self, logits: &[f32]) -> Vec<f32> {
        let Evidence { width, height, .. } = *self.evidence;
        let mut alpha = vec![0.0; width * height];
        alpha.par_chunks_exact_mut(width).enumerate().for_each(|(row, line)| {
            for (column, alpha) in line.iter_mut().enumerate() {
                let channel = row % 2 * 2 + column % 2;
                let logit = logits[(row / 2 * self.columns + column / 2) * 4 + channel];
                *alpha = 1.0 / (1.0 + (-logit).exp());
            }
        });
        alpha
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::cutout::{CutOut, CutOutRequest, Doubt, cut_out};
    use crate::project::{Other, Point, Stroke, StrokeKind};
    use image::{Rgb, RgbImage};

    fn cut(photo: &RgbImage, strokes: &[Stroke]) -> CutOut {
        let matting = ProductMatting::shipped().expect("the shipped network");
        let found =
            cut_out(&CutOutRequest { photo, frame: None, strokes }, Some(matting), || Ok::<_, ()>(()));
        let found = found.expect("never stopped");
        for (own, pixel) in found.pixels.pixels().zip(photo.pixels()) {
            assert!(own.0[3] < 255 || own.0[..3] == pixel.0, "an opaque pixel is not the photo's");
            assert!(own.0[3] > 0 || own.0 == [0; 4], "a clear pixel hides a colour");
        }
        found
    }

    /// A red ring of golden light and shade on grey.
    fn ring(side: u32) -> RgbImage {
        let far = |x: u32, y: u32| {
            (f64::from(x) + 0.5 - f64::from(side) / 2.0).hypot(f64::from(y) + 0.5 - f64::from(side) / 2.0)
        };
        RgbImage::from_fn(side, side, |x, y| {
            let part = far(x, y) / f64::from(side);
            let noise = ((x * 7 + y * 13) % 3) as u8;
            if !(0.22..0.34).contains(&part) {
                return Rgb([178 + noise, 177 + noise, 176 + noise]);
            }
            let shade = ((part - 0.22) * 40.0).sin().abs();
            Rgb([(90.0 + 140.0 * shade) as u8, (60.0 + 120.0 * shade) as u8, 30 + noise])
        })
    }

    #[test]
    fn the_network_sees_what_pytorch_says_it_sees() {
        let (width, height) = (50, 70);
        let planes = (0..PLANES * width * height).map(|at| {
            // Plane 6, what was followed as ground, is empty: the network sees product.
            let (wave, followed) = (at as f64, at / (width * height) == 6);
            if followed { 0.0 } else { ((wave * 0.37).sin() * (wave * 0.0021).sin() / 2.0 + 0.5) as f32 }
        });
        let evidence = Evidence { width, height, planes: planes.collect() };
        let file = include_bytes!("../../tests/fixtures/matting/expected.safetensors");
        let expected = load_buffer(file, &Device::Cpu).expect("the fixture").remove("alpha").expect("alpha");
        let expected = expected.to_dtype(DType::F32).and_then(|it| it.flatten_all()?.to_vec1::<f32>());
        let found = ProductMatting::shipped().expect("the network").alpha(&evidence).expect("alpha");
        let off = found.iter().zip(expected.expect("numbers")).map(|(own, other)| (own - other).abs());
        let worst = off.fold(0.0, f32::max);
        assert!(worst < 1e-3 && found.len() == width * height, "{worst}");
    }

    #[test]
    fn a_ring_is_a_ring_with_an_empty_middle() {
        let found = cut(&ring(160), &[]);
        let alpha = |x: u32, y: u32| found.pixels.get_pixel(x, y).0[3];
        assert_eq!((alpha(80, 80), alpha(4, 4), alpha(80 + 45, 80), alpha(80, 80 - 45)), (0, 0, 255, 255));
        let share = found.pixels.pixels().filter(|own| own.0[3] > 127).count() as f64 / (160.0 * 160.0);
        let truth = std::f64::consts::PI * (0.34_f64.powi(2) - 0.22_f64.powi(2));
        assert!((share / truth - 1.0).abs() < 0.04, "{share} of {truth}");
    }

    #[test]
    fn strokes_win_over_the_network() {
        let dab =
            |kind, x| Stroke { kind, radius: 6.0, points: vec![Point { x, y: 80.0 }], other: Other::new() };
        let strokes = [dab(StrokeKind::Exclude, 125.0), dab(StrokeKind::Include, 80.0)];
        let found = cut(&ring(160), &strokes);
        assert_eq!((found.pixels.get_pixel(125, 80).0[3], found.pixels.get_pixel(80, 80).0[3]), (0, 255));
    }

    #[test]
    fn photos_of_no_size_and_of_one_colour_are_no_trouble() {
        for (width, height) in [(1, 1), (1, 400), (33, 2)] {
            cut(&RgbImage::from_pixel(width, height, Rgb([90, 80, 70])), &[]);
        }
        let plain = cut(&RgbImage::from_pixel(90, 70, Rgb([240, 240, 240])), &[]);
        assert!(plain.doubts.contains(&Doubt::NothingFound));
    }
}
