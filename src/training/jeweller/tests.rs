//! The jeweller's promises: known size, clean matte, metal that looks like metal, and the sample file.

use super::*;
use std::path::{Path, PathBuf};

fn sample_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample/earring.png")
}

/// Writes the demo's product anew; see the module's text.
#[test]
#[ignore = "writes assets/sample/earring.png"]
fn write_the_sample_earring() {
    let product = render_product(&JewelSpec::default(), SAMPLE_HEIGHT_PX);
    println!("hook {:?}, height {:.3} mm", product.hook_in_product, product.height_mm);
    let file = std::fs::File::create(sample_file()).expect("a file");
    let mut encoder = png::Encoder::new(file, product.pixels.width(), product.pixels.height());
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_compression(png::Compression::High);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&product.pixels).expect("pixels");
    writer.finish().expect("an end");
}
