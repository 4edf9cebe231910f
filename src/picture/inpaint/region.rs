//! Where a mask's holes lie, and how much of their surroundings is looked at.
//!
//! Holes near each other are painted together, as each lies in the other's surroundings; holes far apart are not, so
//! that two ears of a large photo do not make the whole photo a search space.

use image::{GrayImage, Rgb, RgbImage};

/// Pixels of surroundings around a hole, at least and at most; between them as many as the hole is wide.
const MARGIN: (u32, u32) = (24, 320);

/// Most holes that are told apart; a mask of more specks is painted as one region.
const MOST_REGIONS: usize = 64;

/// Side of the tiles in which holes are looked for, pixels.
const TILE: u32 = 16;

/// A rectangle of the picture with its holes and their surroundings.
#[derive(Debug, Clone)]
pub(super) struct Region {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Row by row: whether a pixel goes.
    pub(super) hole: Vec<bool>,
}

/// Half-open box of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Extent {
    fn with(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    fn grown(self, (width, height): (u32, u32)) -> Self {
        let longest = (self.right - self.left).max(self.bottom - self.top);
        let margin = longest.clamp(MARGIN.0, MARGIN.1);
        Self {
            left: self.left.saturating_sub(margin),
            top: self.top.saturating_sub(margin),
            right: (self.right + margin).min(width),
            bottom: (self.bottom + margin).min(height),
        }
    }

    fn meets(self, other: Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// All holes, from the top left; regions do not hold each other's holes.
pub(super) fn regions((width, height): (u32, u32), mask: &GrayImage) -> Vec<Region> {
    let mut extents = extents((width, height), mask);
    // Joining grows a region, which may then meet another one.
    while let Some((one, other)) = meeting(&extents, (width, height)) {
        let joined = extents[one].with(extents[other]);
        extents.remove(other);
        extents[one] = joined;
    }
    let region = |extent: Extent| {
        let Extent { left, top, right, bottom } = extent.grown((width, height));
        let rows = (top..bottom).flat_map(|y| (left..right).map(move |x| is_hole(mask, x, y)));
        Region { left, top, width: right - left, height: bottom - top, hole: rows.collect() }
    };
    extents.into_iter().map(region).collect()
}

fn meeting(extents: &[Extent], size: (u32, u32)) -> Option<(usize, usize)> {
    let meets = |one: usize, other: usize| {
        extents[one].grown(size).meets(extents[other]) || extents[other].grown(size).meets(extents[one])
    };
    (0..extents.len())
        .find_map(|one| (one + 1..extents.len()).find(|other| meets(one, *other)).map(|other| (one, other)))
}

fn is_hole(mask: &GrayImage, x: u32, y: u32) -> bool {
    x < mask.width() && y < mask.height() && mask.get_pixel(x, y).0[0] != 0
}

/// The boxes around the mask's holes; holes within a tile of each other share one, and so do all if there are
/// too many.
fn extents((width, height): (u32, u32), mask: &GrayImage) -> Vec<Extent> {
    let (width, height) = (width.min(mask.width()), height.min(mask.height()));
    let (columns, rows) = (width.div_ceil(TILE) as usize, height.div_ceil(TILE) as usize);
    let mut tiles: Vec<Option<Extent>> =
        (0..columns * rows).map(|index| in_tile(mask, index % columns, index / columns)).collect();
    let mut extents = Vec::new();
    for first in 0..tiles.len() {
        let Some(mut extent) = tiles[first].take() else { continue };
        let mut open = vec![first];
        while let Some(tile) = open.pop() {
            let (x, y) = (tile % columns, tile / columns);
            for y in y.saturating_sub(1)..(y + 2).min(rows) {
                for x in x.saturating_sub(1)..(x + 2).min(columns) {
                    if let Some(other) = tiles[y * columns + x].take() {
                        extent = extent.with(other);
                        open.push(y * columns + x);
                    }
                }
            }
        }
        extents.push(extent);
    }
    if extents.len() > MOST_REGIONS {
        extents.into_iter().reduce(Extent::with).into_iter().collect()
    } else {
        extents
    }
}

/// The box around a tile's masked pixels.
fn in_tile(mask: &GrayImage, column: usize, row: usize) -> Option<Extent> {
    let (left, top) = (column as u32 * TILE, row as u32 * TILE);
    let rows = top..(top + TILE).min(mask.height());
    let pixels = rows.flat_map(|y| (left..(left + TILE).min(mask.width())).map(move |x| (x, y)));
    let holes = pixels.filter(|(x, y)| mask.get_pixel(*x, *y).0[0] != 0);
    holes.map(|(x, y)| Extent { left: x, top: y, right: x + 1, bottom: y + 1 }).reduce(Extent::with)
}

impl Region {
    pub(super) fn holes(&self) -> usize {
        self.hole.iter().filter(|hole| **hole).count()
    }

    /// Whether any patch of the surroundings is whole.
    pub(super) fn has_sources(&self) -> bool {
        super::level::has_whole_patch(self.width as usize, self.height as usize, &self.hole)
    }

    /// Writes the hole's new colours (codes, not rounded, row by row).
    pub(super) fn put(&self, picture: &mut RgbImage, colours: &[[f32; 3]]) {
        for (index, colour) in colours.iter().enumerate().filter(|(index, _)| self.hole[*index]) {
            let (x, y) = (index as u32 % self.width, index as u32 / self.width);
            // `as` saturates.
            let code = colour.map(|value| (value + 0.5) as u8);
            picture.put_pixel(self.left + x, self.top + y, Rgb(code));
        }
    }
}
