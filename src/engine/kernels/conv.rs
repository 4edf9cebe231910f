//! 3x3 convolutions of channels-last pictures as matrix products whose left side is never stored.

use super::gemm::Rows;

/// How a 3x3 window walks over a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) stride: usize,
    /// Zeros above and to the left.
    pub(crate) before: usize,
    /// Zeros below and to the right.
    pub(crate) after: usize,
    /// Each pixel is seen twice in both directions.
    pub(crate) doubled: bool,
}

impl Window {
    /// The result's length along a side of `n` pixels.
    pub(crate) fn side(&self, n: usize) -> usize {
        let seen = if self.doubled { 2 * n } else { n } + self.before + self.after;
        if seen < 3 { 0 } else { (seen - 3) / self.stride + 1 }
    }
}

/// A row for every pixel of the result: its window, `[tap, channel]`.
pub(super) struct Windows<'a> {
    /// `[b, h, w, channels]`.
    pub(super) x: &'a [f32],
    pub(super) batch: usize,
    pub(super) h: usize,
    pub(super) w: usize,
    pub(super) channels: usize,
    pub(super) window: Window,
}

impl Windows<'_> {
    /// The pixel of the picture under `tap` of the window at `row`, if there is one.
    #[inline(always)]
    fn pixel(&self, row: usize, tap: usize) -> Option<usize> {
        let (oh, ow) = (self.window.side(self.h), self.window.side(self.w));
        let (line, column) = (row / ow, row % ow);
        let (b, line) = (line / oh, line % oh);
        let y = (line * self.window.stride + tap / 3).checked_sub(self.window.before)?;
        let x = (column * self.window.stride + tap % 3).checked_sub(self.window.before)?;
        let (y, x) = if self.window.doubled { (y / 2, x / 2) } else { (y, x) };
        (y < self.h && x < self.w).then_some((b * self.h + y) * self.w + x)
    }
}

impl Rows for Windows<'_> {
    fn rows(&self) -> usize {
        self.batch * self.window.side(self.h) * self.window.side(self.w)
    }

    #[inline(always)]
    fn copy(&self, row: usize, k: usize, mut to: &mut [f32]) {
        let (mut tap, mut channel) = (k / self.channels, k % self.channels);
        while !to.is_empty() {
            let (part, rest) = to.split_at_mut((self.channels - channel).min(to.len()));
            match self.pixel(row, tap) {
                Some(pixel) => {
                    let from = pixel * self.channels + channel;
                    part.copy_from_slice(&self.x[from..from + part.len()]);
                }
                None => part.fill(0.0),
            }
            (tap, channel, to) = (tap + 1, 0, rest);
        }
    }
}
