//! Pixels: product photos, mattes, the composite and finished files.
//!
//! This room promises strict ID. Product pixels are decoded once, rastered once, and written last; nothing
//! that a model paints can touch them. It refuses to know bodies, models and windows.
//!
//! Colour: pictures are 8-bit sRGB, alpha is straight; blending and resampling happen in linear light on
//! premultiplied values.

mod composite;
mod load;
mod placed;
mod planes;
mod png_file;

pub use composite::composite;
pub use load::{LoadError, ProductPhoto, load_face, load_product};
pub use placed::{PlacedEarring, Placement};
pub use planes::Planes;
pub use png_file::{PngError, read_record, write_png};
