//! Pixels: product photos, mattes, the composite and finished files.
//!
//! This room promises strict ID. Product pixels are decoded once, rastered once, and written last; nothing
//! that a model paints can touch them. It refuses to know bodies, models and windows.
//!
//! Colour: pictures are 8-bit sRGB, alpha is straight; products are blended and resampled in linear light on
//! premultiplied values. What networks see is resized as their training resized it, see `resize.rs`.

mod caption;
mod ciede2000;
mod composite;
pub mod cutout;
mod expansion;
mod folder;
mod inpaint;
mod linear;
mod load;
mod placed;
mod planes;
mod png_file;
mod resample;
mod resize;
mod seam;
mod similarity;
mod strokes;
mod surroundings;

pub use caption::{Corner, caption};
pub use ciede2000::{Lab, ciede2000};
pub use composite::{Exactness, composite, exactness};
pub use expansion::{Expansion, expansion};
pub use folder::{FolderError, Listed, files_below, is_picture};
pub use inpaint::{inpaint, painted_out};
pub(crate) use linear::{Linear, encoded};
pub use load::{
    Fault, LARGEST_FILE, LONGEST_SIDE, LoadError, MOST_PIXELS, ProductPhoto, SavedAgain, load_face,
    load_product, load_saved_again,
};
pub use placed::{PlacedEarring, Placement};
pub use planes::Planes;
pub use png_file::{LONGEST_RECORD, PngError, RECORD_KEYWORD, read_record, write_png, write_product};
pub use resize::{earring_planes, pillow_bicubic, resize_planes, resize_rgb};
pub use seam::{Seam, seam};
pub use similarity::{Similarity, product_matte_rows};
pub use strokes::{stroke_mask, strokes_over};
pub use surroundings::outskirts;
