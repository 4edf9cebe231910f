//! One scale of a region: colours and texture as floats, the hole, and where whole patches can be taken from.

use super::region::Region;
use glam::Vec4;
use image::RgbImage;

/// A patch reaches this far from its middle: 7x7 pixels.
pub(super) const REACH: usize = 3;

/// Texture is averaged over this many pixels each way, so that a coarse level still tells hair from skin.
const TEXTURE_REACH: usize = 4;

/// The coarsest level's hole is at most this deep: a patch then sees the hole's edge.
const SHALLOW: f32 = 4.0;

/// Confidence falls to this share with every pixel into the hole.
const CONFIDENCE_DECAY: f32 = 0.85;

/// Depth beyond which a pixel is as uncertain as it gets.
const DEEPEST: f32 = 24.0;

/// One scale of a region.
#[derive(Debug, Clone)]
pub(super) struct Level {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Red, green, blue as codes, and texture: the mean step between neighbours around the pixel.
    pub(super) pixels: Vec<Vec4>,
    pub(super) hole: Vec<bool>,
    /// 1 outside the hole, falling with the way to its edge.
    pub(super) confidence: Vec<f32>,
    /// Whether the patch around a pixel lies inside the region and outside the hole.
    pub(super) source: Vec<bool>,
    /// Pixels whose patches touch the hole, in reading order.
    pub(super) targets: Vec<u32>,
    /// How many pixels deep every pixel lies in the hole, 0 outside.
    depths: Vec<f32>,
}

impl Level {
    pub(super) fn of(picture: &RgbImage, region: &Region) -> Self {
        let (width, height) = (region.width as usize, region.height as usize);
        let colour = |index: usize| {
            let (x, y) = (region.left + (index % width) as u32, region.top + (index / width) as u32);
            let [red, green, blue] = picture.get_pixel(x, y).0.map(f32::from);
            if region.hole[index] { Vec4::ZERO } else { Vec4::new(red, green, blue, 0.0) }
        };
        let mut pixels: Vec<Vec4> = (0..width * height).map(colour).collect();
        add_texture(&mut pixels, width, height, &region.hole);
        Self::new(width, height, pixels, region.hole.clone())
    }

    fn new(width: usize, height: usize, pixels: Vec<Vec4>, hole: Vec<bool>) -> Self {
        let depths = depths(width, height, &hole);
        let confidence = depths.iter().map(|depth| confidence(*depth)).collect();
        let (source, touching) = patches(width, height, &hole);
        let targets = (0..touching.len() as u32).filter(|index| touching[*index as usize]).collect();
        Self { width, height, pixels, hole, confidence, source, targets, depths }
    }

    pub(super) fn holes(&self) -> usize {
        self.hole.iter().filter(|hole| **hole).count()
    }

    /// The hole's greatest depth in pixels.
    pub(super) fn depth(&self) -> f32 {
        self.depths.iter().copied().fold(0.0, f32::max)
    }

    /// Trusts the hole's pixels down to a depth, and nothing deeper at all.
    pub(super) fn trust(&mut self, most: f32) {
        for (trust, depth) in self.confidence.iter_mut().zip(&self.depths) {
            *trust = if *depth <= most { confidence(*depth) } else { 0.0 };
        }
    }

    /// Half the size; a pixel with any hole in it is hole, so that nothing of what goes leaks in.
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut pixels = Vec::with_capacity(width * height);
        let mut hole = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let four = [0, 1, self.width, self.width + 1].map(|step| 2 * y * self.width + 2 * x + step);
                let any = four.iter().any(|index| self.hole[*index]);
                let sum: Vec4 = four.iter().map(|index| self.pixels[*index]).sum();
                pixels.push(if any { Vec4::ZERO } else { sum / 4.0 });
                hole.push(any);
            }
        }
        Self::new(width, height, pixels, hole)
    }

    /// A first guess at the hole from a level of half the size.
    pub(super) fn fill_from(&mut self, coarse: &Self) {
        for index in (0..self.hole.len()).filter(|index| self.hole[*index]) {
            let (x, y) = (index % self.width, index / self.width);
            let (x, y) = ((x / 2).min(coarse.width - 1), (y / 2).min(coarse.height - 1));
            self.pixels[index] = coarse.pixels[y * coarse.width + x];
        }
    }

    pub(super) fn colours(&self) -> Vec<[f32; 3]> {
        self.pixels.iter().map(|pixel| [pixel.x, pixel.y, pixel.z]).collect()
    }
}

fn confidence(depth: f32) -> f32 {
    CONFIDENCE_DECAY.powf(depth.min(DEEPEST))
}

/// From the finest to the coarsest level that still has whole patches around its hole.
pub(super) fn pyramid(finest: Level) -> Vec<Level> {
    let mut levels = vec![finest];
    while let Some(last) = levels.last().filter(|last| last.depth() > SHALLOW) {
        let next = last.halved();
        // A handful of patches would be repeated all over the hole.
        let sources = next.source.iter().filter(|source| **source).count();
        if sources < 200 {
            break;
        }
        levels.push(next);
    }
    levels
}

pub(super) fn has_whole_patch(width: usize, height: usize, hole: &[bool]) -> bool {
    patches(width, height, hole).0.contains(&true)
}

/// For every pixel: whether its patch is whole, and whether it touches the hole.
fn patches(width: usize, height: usize, hole: &[bool]) -> (Vec<bool>, Vec<bool>) {
    let counts = box_sums(width, height, REACH, |index| f32::from(u8::from(hole[index])));
    let inside = |index: usize| {
        let (x, y) = (index % width, index / width);
        x >= REACH && y >= REACH && x + REACH < width && y + REACH < height
    };
    let source = (0..hole.len()).map(|index| counts[index] < 0.5 && inside(index)).collect();
    (source, counts.iter().map(|count| *count > 0.5).collect())
}

/// The sum of a square of `2 reach + 1` pixels around every pixel, cut at the region's edge.
fn box_sums(width: usize, height: usize, reach: usize, value: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut across = vec![0.0; width * height];
    for y in 0..height {
        for x in 0..width {
            let span = x.saturating_sub(reach)..(x + reach + 1).min(width);
            across[y * width + x] = span.map(|x| value(y * width + x)).sum();
        }
    }
    let mut sums = vec![0.0; width * height];
    for y in 0..height {
        let span = y.saturating_sub(reach)..(y + reach + 1).min(height);
        for x in 0..width {
            sums[y * width + x] = span.clone().map(|y| across[y * width + x]).sum();
        }
    }
    sums
}

/// Fills the fourth channel: the mean step to the next pixel, right and below, among known pixels.
fn add_texture(pixels: &mut [Vec4], width: usize, height: usize, hole: &[bool]) {
    let step = |index: usize| -> Option<f32> {
        let (x, y) = (index % width, index / width);
        if hole[index] || x + 1 >= width || y + 1 >= height || hole[index + 1] || hole[index + width] {
            return None;
        }
        let own = pixels[index];
        let steps = (pixels[index + 1] - own).abs() + (pixels[index + width] - own).abs();
        Some((steps.x + steps.y + steps.z) / 3.0)
    };
    let steps: Vec<Option<f32>> = (0..pixels.len()).map(step).collect();
    let sums = box_sums(width, height, TEXTURE_REACH, |index| steps[index].unwrap_or(0.0));
    let counts = box_sums(width, height, TEXTURE_REACH, |index| f32::from(u8::from(steps[index].is_some())));
    for (index, pixel) in pixels.iter_mut().enumerate().filter(|(index, _)| !hole[*index]) {
        pixel.w = sums[index] / counts[index].max(1.0);
    }
}

/// How deep every pixel lies in the hole: a chamfer distance to the nearest known pixel, 0 outside. The region's
/// own edge is no edge of the hole.
fn depths(width: usize, height: usize, hole: &[bool]) -> Vec<f32> {
    const DIAGONAL: f32 = std::f32::consts::SQRT_2;
    let far = (width + height) as f32;
    let mut depths: Vec<f32> = hole.iter().map(|hole| if *hole { far } else { 0.0 }).collect();
    let mut relax = |index: usize, x: usize, y: usize, ways: [(isize, isize, f32); 4]| {
        for (right, down, length) in ways {
            let (Some(x), Some(y)) = (x.checked_add_signed(right), y.checked_add_signed(down)) else {
                continue;
            };
            if x < width && y < height {
                depths[index] = depths[index].min(depths[y * width + x] + length);
            }
        }
    };
    let before = [(-1, 0, 1.0), (0, -1, 1.0), (-1, -1, DIAGONAL), (1, -1, DIAGONAL)];
    let after = before.map(|(right, down, length)| (-right, -down, length));
    for index in 0..width * height {
        relax(index, index % width, index / width, before);
    }
    for index in (0..width * height).rev() {
        relax(index, index % width, index / width, after);
    }
    depths
}
