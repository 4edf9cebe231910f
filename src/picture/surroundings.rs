//! What lies around a product: for every pixel near the matte, the nearest pixel of the matte.
//!
//! The line from a pixel to its nearest matte pixel is the outline's normal there, and it crosses nothing of
//! the product. Measures of the picture around a product walk along these lines. Exact Euclidean distances
//! by lower envelopes (Felzenszwalb and Huttenlocher 2012), one pass down and one across.

use super::PlacedEarring;
use glam::DVec2;
use image::RgbImage;

/// A window of the canvas: the matte's bounds and as many pixels around them as were asked for.
pub(super) struct Surroundings {
    /// Canvas pixel of the window's first one.
    left: u32,
    top: u32,
    width: usize,
    height: usize,
    /// Canvas column and row of the nearest pixel with any matte, row by row.
    nearest: Vec<[u32; 2]>,
}

/// A pixel at a certain distance from the product, and the normal that leads there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Normal {
    /// Canvas frame, centre of the matte's pixel; whole numbers are centres here.
    pub(super) foot: DVec2,
    /// Outwards, of length 1.
    pub(super) outwards: DVec2,
    /// Canvas pixel at the line's end.
    pub(super) end: DVec2,
}

impl Normal {
    /// The canvas pixel nearest to the point `distance` pixels outside of the matte.
    pub(super) fn pixel(&self, picture: &RgbImage, distance: f64) -> Option<[u8; 3]> {
        let at = (self.foot + self.outwards * distance).round();
        let inside = at.x >= 0.0 && at.y >= 0.0;
        inside.then(|| picture.get_pixel_checked(at.x as u32, at.y as u32)).flatten().map(|pixel| pixel.0)
    }
}

/// Canvas pixels per pixel of a picture of 512: what measures around a product are scaled by, never below 1.
pub(super) fn unit(picture: &RgbImage) -> f64 {
    (f64::from(picture.width().min(picture.height())) / 512.0).max(1.0)
}

impl Surroundings {
    /// The window that reaches `reach` pixels beyond the matte. None without any matte.
    pub(super) fn of(placed: &PlacedEarring, reach: u32) -> Option<Self> {
        let (columns, rows) = placed.bounds()?;
        let (left, top) = (columns.start.saturating_sub(reach), rows.start.saturating_sub(reach));
        let right = columns.end.saturating_add(reach).min(placed.pixels().width());
        let bottom = rows.end.saturating_add(reach).min(placed.pixels().height());
        let (width, height) = ((right - left) as usize, (bottom - top) as usize);
        let rows_down = nearest_rows(placed, left, top, width, height);
        let mut nearest = vec![[0, 0]; width * height];
        let mut envelope = Envelope::default();
        for (row, line) in nearest.chunks_exact_mut(width).enumerate() {
            let own = &rows_down[row * width..(row + 1) * width];
            envelope.fill(own, row);
            envelope.read(|column, from| {
                line[column] = [left + from as u32, top + own[from].unwrap_or_default() as u32];
            });
        }
        Some(Self { left, top, width, height, nearest })
    }

    /// Every canvas pixel of the window with the matte pixel nearest to it.
    pub(super) fn pixels(&self) -> impl Iterator<Item = ([u32; 2], [u32; 2])> + '_ {
        let places = (0..self.height).flat_map(move |y| (0..self.width).map(move |x| (x, y)));
        places
            .zip(&self.nearest)
            .map(|((x, y), nearest)| ([self.left + x as u32, self.top + y as u32], *nearest))
    }

    /// The matte pixel nearest to a canvas pixel; none outside the window.
    pub(super) fn nearest(&self, [x, y]: [u32; 2]) -> Option<[u32; 2]> {
        let (x, y) = (x.checked_sub(self.left)? as usize, y.checked_sub(self.top)? as usize);
        (x < self.width && y < self.height).then(|| self.nearest[y * self.width + x])
    }

    /// Normals of this length, evenly along the outline and `step` pixels apart. Where the product lies closer
    /// on the other side, as inside a small hoop, there are none.
    pub(super) fn normals(&self, length: f64, step: u32) -> Vec<Normal> {
        let half = f64::from(step) / 2.0;
        let on_lattice = |[x, y]: [u32; 2]| x % step == 0 && y % step == 0;
        let normal = |(end, foot): ([u32; 2], [u32; 2])| {
            let (end, foot) = (centre(end), centre(foot));
            let distance = end.distance(foot);
            let ends_there = (distance - length).abs() < half && distance > 0.0;
            ends_there.then(|| Normal { foot, outwards: (end - foot) / distance, end })
        };
        self.pixels().filter(|(end, _)| on_lattice(*end)).filter_map(normal).collect()
    }
}

/// Every canvas pixel within `reach` pixels outside of the matte: its place, the matte pixel nearest to it, and
/// how far away that is.
pub fn outskirts(placed: &PlacedEarring, reach: f64) -> Vec<([u32; 2], [u32; 2], f64)> {
    let Some(around) = Surroundings::of(placed, reach.ceil().max(0.0) as u32) else { return Vec::new() };
    let with_distance = |(at, nearest)| (at, nearest, centre(at).distance(centre(nearest)));
    around.pixels().map(with_distance).filter(|(_, _, apart)| *apart > 0.0 && *apart <= reach).collect()
}

/// Whole numbers are the centres of pixels here.
pub(super) fn centre([x, y]: [u32; 2]) -> DVec2 {
    DVec2::new(f64::from(x), f64::from(y))
}

/// For every pixel of the window the nearest row of its own column with any matte, rows of the window.
fn nearest_rows(
    placed: &PlacedEarring,
    left: u32,
    top: u32,
    width: usize,
    height: usize,
) -> Vec<Option<usize>> {
    let mut rows: Vec<Option<usize>> = vec![None; width * height];
    for y in 0..height {
        for x in 0..width {
            let matte = placed.pixels().get_pixel(left + x as u32, top + y as u32).0[3];
            let above = if y > 0 { rows[(y - 1) * width + x] } else { None };
            rows[y * width + x] = if matte > 0 { Some(y) } else { above };
        }
    }
    for y in (0..height.saturating_sub(1)).rev() {
        for x in 0..width {
            let (own, below) = (rows[y * width + x], rows[(y + 1) * width + x]);
            let nearer = below.filter(|below| own.is_none_or(|own| below.abs_diff(y) < own.abs_diff(y)));
            rows[y * width + x] = nearer.or(own);
        }
    }
    rows
}

/// The lower envelope of one row's parabolas.
#[derive(Default)]
struct Envelope {
    width: usize,
    /// Columns whose parabolas show, and from which column on each does.
    shown: Vec<(usize, f64)>,
}

impl Envelope {
    fn fill(&mut self, rows: &[Option<usize>], row: usize) {
        self.width = rows.len();
        self.shown.clear();
        let height = |column: usize| rows[column].map(|nearest| (nearest.abs_diff(row) as f64).powi(2));
        for column in 0..rows.len() {
            let Some(own) = height(column) else { continue };
            let mut from = f64::NEG_INFINITY;
            while let Some((last, last_from)) = self.shown.last().copied() {
                let (at, last_at) = (column as f64, last as f64);
                let below = height(last).unwrap_or_default();
                from = (own + at * at - below - last_at * last_at) / (2.0 * (at - last_at));
                if from > last_from {
                    break;
                }
                self.shown.pop();
                from = f64::NEG_INFINITY;
            }
            self.shown.push((column, from));
        }
    }

    /// Tells every column which parabola is lowest there.
    fn read(&self, mut tell: impl FnMut(usize, usize)) {
        let mut at = 0;
        for column in 0..self.width {
            while self.shown.get(at + 1).is_some_and(|(_, from)| *from <= column as f64) {
                at += 1;
            }
            if let Some((from, _)) = self.shown.get(at) {
                tell(column, *from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgba, RgbaImage};

    fn placed(matte: impl Fn(u32, u32) -> bool) -> PlacedEarring {
        let code = |x, y| if matte(x, y) { 255 } else { 0 };
        PlacedEarring::from_pixels(RgbaImage::from_fn(60, 50, |x, y| Rgba([9, 9, 9, code(x, y)])))
    }

    #[test]
    fn every_pixel_knows_its_nearest_matte_pixel() {
        // Scattered without order, so that ties and far columns come up.
        let matte = |x: u32, y: u32| (x * 7 + y * 13).is_multiple_of(41) && x > 12 && (5..40).contains(&y);
        let placed = placed(matte);
        let around = Surroundings::of(&placed, 9).expect("a matte");
        let all: Vec<_> = placed.pixels().enumerate_pixels().filter(|(_, _, p)| p.0[3] > 0).collect();
        let mut seen = 0;
        for (at, nearest) in around.pixels() {
            let least = all.iter().map(|(x, y, _)| centre(at).distance_squared(centre([*x, *y])));
            let least = least.fold(f64::INFINITY, f64::min);
            assert!(matte(nearest[0], nearest[1]), "{at:?} {nearest:?}");
            assert_eq!(centre(at).distance_squared(centre(nearest)), least, "{at:?}");
            seen += 1;
        }
        assert!(seen > 1000);
    }

    #[test]
    fn normals_stand_around_a_disc_and_not_inside_a_small_hoop() {
        let distance = |x: u32, y: u32| centre([x, y]).distance(DVec2::new(30.0, 25.0));
        let disc = Surroundings::of(&placed(|x, y| distance(x, y) < 8.0), 20).expect("a matte");
        let normals = disc.normals(10.0, 1);
        assert!((90..130).contains(&normals.len()), "{}", normals.len());
        for normal in &normals {
            let radial = (normal.foot - DVec2::new(30.0, 25.0)).normalize();
            assert!(radial.dot(normal.outwards) > 0.9, "{normal:?}");
        }
        let hoop =
            Surroundings::of(&placed(|x, y| (10.0..14.0).contains(&distance(x, y))), 20).expect("a matte");
        let inside = hoop
            .normals(11.0, 1)
            .iter()
            .filter(|normal| normal.end.distance(DVec2::new(30.0, 25.0)) < 9.0)
            .count();
        assert_eq!(inside, 0, "the hoop's opposite side is nearer");
    }

    #[test]
    fn without_a_matte_there_are_no_surroundings() {
        assert!(Surroundings::of(&placed(|_, _| false), 10).is_none());
    }
}
