//! Cut-outs as they are judged: on the three grounds that show what an edge got wrong.

use crate::picture::composite::over;
use crate::picture::linear::Linear;
use image::{RgbImage, RgbaImage};

/// What a cut-out is laid on for looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backdrop {
    /// Squares of two greys, `side` pixels large.
    Checkerboard {
        side: u32,
    },
    Black,
    White,
    /// A plain sRGB colour.
    Plain([u8; 3]),
}

impl Backdrop {
    fn colour(self, column: u32, row: u32) -> [u8; 3] {
        match self {
            Self::Checkerboard { side } => {
                let side = side.max(1);
                if (column / side + row / side).is_multiple_of(2) { [204; 3] } else { [153; 3] }
            }
            Self::Black => [0; 3],
            Self::White => [255; 3],
            Self::Plain(colour) => colour,
        }
    }
}

/// Lays a cut-out on a backdrop, in linear light; opaque pixels keep their codes.
pub fn lay_on(cut_out: &RgbaImage, backdrop: Backdrop) -> RgbImage {
    let linear = Linear::new();
    RgbImage::from_fn(cut_out.width(), cut_out.height(), |column, row| {
        image::Rgb(over(linear, cut_out.get_pixel(column, row).0, backdrop.colour(column, row)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    #[test]
    fn opaque_pixels_are_kept_and_clear_ones_show_the_backdrop() {
        let mut cut_out = RgbaImage::new(4, 1);
        cut_out.put_pixel(0, 0, Rgba([9, 8, 7, 255]));
        cut_out.put_pixel(1, 0, Rgba([255, 255, 255, 128]));
        let laid = lay_on(&cut_out, Backdrop::Checkerboard { side: 2 });
        assert_eq!(laid.get_pixel(0, 0).0, [9, 8, 7]);
        assert_eq!((laid.get_pixel(2, 0).0, laid.get_pixel(3, 0).0), ([153; 3], [153; 3]));
        // Half of white light over black is sRGB 188.
        assert_eq!(lay_on(&cut_out, Backdrop::Black).get_pixel(1, 0).0, [188; 3]);
        assert_eq!(lay_on(&cut_out, Backdrop::White).get_pixel(1, 0).0, [255; 3]);
        assert_eq!(lay_on(&cut_out, Backdrop::Plain([1, 2, 3])).get_pixel(3, 0).0, [1, 2, 3]);
    }
}
