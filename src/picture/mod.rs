//! Pixels: product photos, mattes, the composite and finished files.
//!
//! This room promises strict ID. Product pixels are decoded once, rastered once, and written last; nothing
//! that a model paints can touch them. It refuses to know bodies, models and windows.
//!
//! Colour: pictures are 8-bit sRGB, alpha is straight; blending and resampling happen in linear light on
//! premultiplied values.

mod composite;
mod linear;
mod load;
mod placed;
mod planes;
mod png_file;
mod resample;
mod similarity;

pub use composite::{Exactness, composite, exactness};
pub use load::{
    Fault, LARGEST_FILE, LONGEST_SIDE, LoadError, MOST_PIXELS, ProductPhoto, load_face, load_product,
};
pub use placed::{PlacedEarring, Placement};
pub use planes::Planes;
pub use png_file::{LONGEST_RECORD, PngError, RECORD_KEYWORD, read_record, write_png};
pub use similarity::{Similarity, product_matte_rows};
