//! The part of a photo that a model looks at.

use crate::project::Rectangle;
pub(super) use crate::vision::look::Window;
use candle_core::{Result, Tensor};
use image::imageops::{FilterType, crop_imm, replace, resize};
use image::{GrayImage, Luma, RgbImage};

impl Window {
    /// The frame's part of the photo, or all of it.
    pub(super) fn of(photo: &RgbImage, frame: Option<Rectangle>) -> Self {
        let (width, height) = photo.dimensions();
        let Some(frame) = frame else { return Self::whole(photo) };
        // A number that is none becomes 0, and the window empty.
        let along = |from: f64, to: f64, length: u32| {
            let (from, to) =
                (from.clamp(0.0, length.into()) as u32, to.clamp(0.0, length.into()).ceil() as u32);
            (from, to.saturating_sub(from))
        };
        let ((left, width), (top, height)) =
            (along(frame.left, frame.right, width), along(frame.top, frame.bottom, height));
        Self { left, top, width, height }
    }

    pub(super) fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    pub(super) fn holds(self, x: u32, y: u32) -> bool {
        (self.left..self.left + self.width).contains(&x) && (self.top..self.top + self.height).contains(&y)
    }

    pub(super) fn crop(self, photo: &RgbImage) -> RgbImage {
        crop_imm(photo, self.left, self.top, self.width, self.height).to_image()
    }

    /// What was seen in the window, as large as the photo; 0 elsewhere.
    pub(super) fn place(self, photo: &RgbImage, seen: &GrayImage) -> GrayImage {
        let mut mask = GrayImage::new(photo.width(), photo.height());
        let seen = resize(seen, self.width, self.height, FilterType::Triangle);
        replace(&mut mask, &seen, self.left.into(), self.top.into());
        mask
    }
}

/// Shares `[1, 1, h, w]`, 0..=1, as codes; what is no number is 0.
pub(super) fn grey(shares: &Tensor) -> Result<GrayImage> {
    let (_, _, height, width) = shares.dims4()?;
    let shares = shares.flatten_all()?.to_vec1::<f32>()?;
    let at = |x: u32, y: u32| shares.get(y as usize * width + x as usize).copied().unwrap_or(0.0);
    Ok(GrayImage::from_fn(width as u32, height as u32, |x, y| Luma([(255.0 * at(x, y)).round() as u8])))
}
