//! Previews with the product in them: what a designer watches is the ad, not the model's half of it.

use crate::control::Hint;
use crate::engine::progress::{Control, Progress};
use crate::picture::resize_rgb;
use image::RgbImage;
use std::sync::Arc;

/// `control` for an engine: every preview that the engine reports goes on with the product laid over it.
pub(super) fn with_product(control: &Control, hint: Arc<Hint>) -> Control {
    control.mapped(move |progress| {
        let preview = progress.preview.map(|preview| Arc::new(laid_over(&preview, &hint)));
        Progress { preview, ..progress }
    })
}

/// I_c + preview (1 - M) at the hint's size, in stored values: close enough to watch, and quick.
fn laid_over(preview: &RgbImage, hint: &Hint) -> RgbImage {
    let [_, height, width] = hint.planes.shape();
    let mut picture = resize_rgb(preview, width as u32, height as u32);
    let matte = hint.matte.channel(0);
    for channel in 0..3 {
        let product = hint.planes.channel(channel);
        let samples = picture.iter_mut().skip(channel).step_by(3);
        for ((sample, product), matte) in samples.zip(product).zip(matte) {
            *sample = (product * 255.0 + f32::from(*sample) * (1.0 - matte)).round().clamp(0.0, 255.0) as u8;
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Planes;
    use image::Rgb;

    #[test]
    fn the_product_covers_the_preview_where_its_matte_is_full_and_nowhere_else() {
        let (mut planes, mut matte) = (Planes::zeros(4, 2, 2), Planes::zeros(1, 2, 2));
        planes.channel_mut(0)[0] = 1.0;
        matte.channel_mut(0)[0] = 1.0;
        let preview = RgbImage::from_pixel(2, 2, Rgb([10, 20, 30]));
        let picture = laid_over(&preview, &Hint { planes, matte });
        let pixels: Vec<_> = picture.pixels().map(|pixel| pixel.0).collect();
        assert_eq!(pixels, [[255, 0, 0], [10, 20, 30], [10, 20, 30], [10, 20, 30]]);
    }
}
