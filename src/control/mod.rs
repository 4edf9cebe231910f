//! Control images: the hint (I_c, M, I_s), the pose image I_p, the appearance image I_a (METHOD 1 to 3).
//!
//! Turns what the designer decided into the arrays that networks are fed with. It refuses to know candle
//! and windows.

mod hint;
mod pose_image;
mod resample;
mod scale_band;

pub use hint::{Hint, appearance_image};
pub use pose_image::{POSE_RENDER, pose_image, pose_render};
pub use scale_band::{BandNotice, fit_band_to_earring, scale_band};
