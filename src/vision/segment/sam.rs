//! Segment Anything (Kirillov et al. 2023) with its smallest encoder, and MobileSAM (Zhang et al. 2023).
//!
//! candle's encoders and mask decoder, the prompts of `prompts`. The network is asked for the thing inside a box: the
//! designer's frame, or else the box around what the classical cut-out finds, because a hoop's middle is empty and a
//! point there would ask for the ground. Include and exclude strokes become points.

use super::prompts::{Point, PromptEncoder, Prompts, SIDE, WIDTH};
use super::window::{Window, grey};
use super::{SegmentError, Segmenter};
use crate::picture::cutout::{CutOutRequest, cut_out};
use crate::picture::resize_rgb;
use crate::project::{self, Rectangle, Stroke, StrokeKind};
use candle_core::{DType, Device, IndexOp, Module, Result, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::segment_anything::image_encoder::ImageEncoderViT;
use candle_transformers::models::segment_anything::mask_decoder::MaskDecoder;
use candle_transformers::models::segment_anything::tiny_vit::{TinyViT, tiny_vit_5m};
use image::{GrayImage, RgbImage};
use std::collections::HashMap;
use std::convert::Infallible;

/// How the names of either model's image encoder start.
pub(super) const MARK: &str = "image_encoder.";

/// A tensor of MobileSAM's image encoder that SAM's has not.
const TINY_MARK: &str = "image_encoder.patch_embed.seq.0.c.weight";

/// SAM ViT-B: width, blocks, heads, blocks that see the whole picture, window of the others.
const VIT_B: (usize, usize, usize, [usize; 4], usize) = (768, 12, 12, [2, 5, 8, 11], 14);
const PATCH: usize = 16;

/// Masks that the decoder makes beside the one for several prompts; layers and width of its judge.
const DECODER: (usize, usize, usize) = (3, 3, 256);

/// What a photo's codes are centred on and divided by.
const MEAN: [f32; 3] = [123.675, 116.28, 103.53];
const DEVIATION: [f32; 3] = [58.395, 57.12, 57.375];

/// Points taken of a stroke, evenly along it, and of all strokes; the latest strokes count.
const POINTS_OF_STROKE: usize = 4;
const POINTS: usize = 32;

/// What is seen around a frame, as a share of its sides: a thing is told by its surroundings.
const AROUND: f64 = 0.2;

enum Encoder {
    Tiny(Box<TinyViT>),
    Base(Box<ImageEncoderViT>),
}

/// A network from the user's disk.
pub(super) struct Sam {
    encoder: Encoder,
    pub(super) prompts: PromptEncoder,
    decoder: MaskDecoder,
}

impl Sam {
    pub(super) fn of(tensors: HashMap<String, Tensor>) -> Result<Self> {
        let is_tiny = tensors.contains_key(TINY_MARK);
        let weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let part = |name: &str| weights.pp(name);
        let encoder = if is_tiny {
            Encoder::Tiny(Box::new(tiny_vit_5m(part("image_encoder"))?))
        } else {
            Encoder::Base(Box::new(base(part("image_encoder"))?))
        };
        let (masks, layers, width) = DECODER;
        let decoder = MaskDecoder::new(WIDTH, masks, layers, width, part("mask_decoder"))?;
        Ok(Self { encoder, prompts: PromptEncoder::new(&part("prompt_encoder"))?, decoder })
    }

    /// A look of at most `SIDE` a side to how much each of its pixels is the thing: `[1, 1, h, w]`, 0..=1.
    fn look(&self, look: &RgbImage, prompts: &Prompts) -> Result<Tensor> {
        let logits = self.logits(&input(look)?, prompts)?;
        let whole = logits.upsample_bilinear2d(SIDE, SIDE, false)?;
        let part = whole.i((.., .., ..look.height() as usize, ..look.width() as usize))?;
        candle_nn::ops::sigmoid(&part.contiguous()?)
    }

    /// `[1, 3, SIDE, SIDE]` to `[1, 1, SIDE / 4, SIDE / 4]`, above 0 the thing.
    pub(super) fn logits(&self, input: &Tensor, prompts: &Prompts) -> Result<Tensor> {
        let picture = match &self.encoder {
            Encoder::Tiny(encoder) => encoder.forward(input)?,
            Encoder::Base(encoder) => encoder.forward(input)?,
        };
        let tokens = self.prompts.tokens(prompts)?;
        let (grid, no_mask) = (self.prompts.grid()?, self.prompts.no_mask()?);
        Ok(self.decoder.forward(&picture, &grid, &tokens, &no_mask, false)?.0)
    }
}

fn base(weights: VarBuilder<'_>) -> Result<ImageEncoderViT> {
    let (width, blocks, heads, whole, window) = VIT_B;
    ImageEncoderViT::new(
        SIDE, PATCH, 3, width, blocks, heads, WIDTH, true, true, true, window, &whole, weights,
    )
}

/// Codes, centred, with nothing beyond the look's right and lower edge: `[1, 3, SIDE, SIDE]`.
pub(super) fn input(look: &RgbImage) -> Result<Tensor> {
    let (width, height) = (look.width() as usize, look.height() as usize);
    let codes = Tensor::from_slice(look.as_raw(), (height, width, 3), &Device::Cpu)?;
    let [mean, deviation] = [MEAN, DEVIATION].map(|three| Tensor::new(&three, &Device::Cpu));
    let centred = codes.to_dtype(DType::F32)?.broadcast_sub(&mean?)?.broadcast_div(&deviation?)?;
    let planes = centred.permute((2, 0, 1))?.unsqueeze(0)?;
    planes.pad_with_zeros(2, 0, SIDE - height)?.pad_with_zeros(3, 0, SIDE - width)?.contiguous()
}

impl Segmenter for Sam {
    fn segment(&self, request: &CutOutRequest<'_>) -> std::result::Result<GrayImage, SegmentError> {
        let photo = request.photo;
        let Some((window, look, prompts)) = ask(request) else {
            return Ok(GrayImage::new(photo.width(), photo.height()));
        };
        let mut mask = window.place(photo, &grey(&self.look(&look, &prompts)?)?);
        let inside = Window::of(photo, request.frame);
        let outside = mask.enumerate_pixels_mut().filter(|(x, y, _)| !inside.holds(*x, *y));
        outside.for_each(|(_, _, pixel)| pixel.0 = [0]);
        Ok(mask)
    }
}

/// The part of the photo that is looked at, the look of it (`SIDE` pixels along its longer side), and what is asked
/// for in it; none if the frame holds nothing of the photo.
pub(super) fn ask(request: &CutOutRequest<'_>) -> Option<(Window, RgbImage, Prompts)> {
    let window = Window::of(request.photo, request.frame.map(widened));
    if window.is_empty() || Window::of(request.photo, request.frame).is_empty() {
        return None;
    }
    let scale = SIDE as f64 / f64::from(window.width.max(window.height));
    let [width, height] =
        [window.width, window.height].map(|side| ((f64::from(side) * scale).round() as u32).max(1));
    let look = resize_rgb(&window.crop(request.photo), width, height);
    let prompts = prompts_of(request, window, scale, &look);
    Some((window, look, prompts))
}

fn widened(frame: Rectangle) -> Rectangle {
    let (aside, above) = ((frame.right - frame.left) * AROUND, (frame.bottom - frame.top) * AROUND);
    Rectangle {
        left: frame.left - aside,
        top: frame.top - above,
        right: frame.right + aside,
        bottom: frame.bottom + above,
    }
}

/// The request's frame and strokes in the look's frame.
fn prompts_of(request: &CutOutRequest<'_>, window: Window, scale: f64, look: &RgbImage) -> Prompts {
    let place = |point: project::Point| project::Point {
        x: (point.x - f64::from(window.left)) * scale,
        y: (point.y - f64::from(window.top)) * scale,
    };
    let strokes: Vec<Stroke> = request
        .strokes
        .iter()
        .map(|stroke| Stroke {
            radius: stroke.radius * scale,
            points: stroke.points.iter().copied().map(place).collect(),
            ..stroke.clone()
        })
        .collect();
    let corners = match request.frame {
        Some(frame) => [(frame.left, frame.top), (frame.right, frame.bottom)].map(|(x, y)| {
            let corner = place(project::Point { x, y });
            let clamped = |at: f64, side: u32| at.clamp(0.0, f64::from(side) - 1.0) as f32;
            (clamped(corner.x, look.width()), clamped(corner.y, look.height()))
        }),
        None => around_product(look, &strokes),
    };
    let points = |kind: StrokeKind| points_of(&strokes, kind, look);
    Prompts { corners, include: points(StrokeKind::Include), exclude: points(StrokeKind::Exclude) }
}

/// The corners of what the classical cut-out finds; of everything, if it finds nothing.
fn around_product(look: &RgbImage, strokes: &[Stroke]) -> [Point; 2] {
    let Ok(found) =
        cut_out(&CutOutRequest { photo: look, frame: None, strokes }, None, || Ok::<(), Infallible>(()));
    let mut bounds: Option<[u32; 4]> = None;
    for (x, y, pixel) in found.pixels.enumerate_pixels() {
        if pixel.0[3] > 127 {
            let [left, top, right, bottom] = bounds.unwrap_or([x, y, x, y]);
            bounds = Some([left.min(x), top.min(y), right.max(x), bottom.max(y)]);
        }
    }
    let [left, top, right, bottom] = bounds.unwrap_or([0, 0, look.width() - 1, look.height() - 1]);
    [(left as f32, top as f32), (right as f32, bottom as f32)]
}

/// Up to `POINTS` places in the look that strokes of this kind go through.
fn points_of(strokes: &[Stroke], kind: StrokeKind, look: &RgbImage) -> Vec<Point> {
    let (width, height) = (f64::from(look.width()), f64::from(look.height()));
    let inside = |point: &project::Point| (0.0..width).contains(&point.x) && (0.0..height).contains(&point.y);
    let own = strokes.iter().rev().filter(|stroke| stroke.kind == kind);
    own.flat_map(|stroke| along(&stroke.points))
        .filter(inside)
        .map(|point| (point.x as f32, point.y as f32))
        .take(POINTS)
        .collect()
}

/// A few of a stroke's points, evenly chosen, its ends left out where there are enough.
fn along(points: &[project::Point]) -> Vec<project::Point> {
    let count = points.len().min(POINTS_OF_STROKE);
    (0..count).map(|number| points[(2 * number + 1) * points.len() / (2 * count)]).collect()
}
