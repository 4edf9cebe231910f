//! Channel planes of floats: what control images and networks exchange.

/// A `[channels, height, width]` array of f32, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Planes {
    channels: usize,
    height: usize,
    width: usize,
    data: Vec<f32>,
}

impl Planes {
    /// All zeros.
    pub fn zeros(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width, data: vec![0.0; channels * height * width] }
    }

    /// Red, green and blue in 0..=1.
    pub fn from_rgb(picture: &image::RgbImage) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let mut planes = Self::zeros(3, height, width);
        let area = width * height;
        for (index, pixel) in picture.pixels().enumerate() {
            for channel in 0..3 {
                planes.data[channel * area + index] = f32::from(pixel.0[channel]) / 255.0;
            }
        }
        planes
    }

    /// `[channels, height, width]`
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// All values, channel by channel, row by row.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// One channel, row by row.
    pub fn channel_mut(&mut self, channel: usize) -> &mut [f32] {
        let area = self.width * self.height;
        &mut self.data[channel * area..(channel + 1) * area]
    }

    /// One channel, row by row.
    pub fn channel(&self, channel: usize) -> &[f32] {
        let area = self.width * self.height;
        &self.data[channel * area..(channel + 1) * area]
    }
}
