//! Many small pictures on one sheet.

use image::RgbImage;
use image::imageops::replace;

/// `tiles` row by row, `columns` to a row, `gap` black pixels between them and none around; cells are as large
/// as the largest tile, smaller tiles stand at their cell's top left.
pub fn contact_sheet(tiles: &[RgbImage], columns: u32, gap: u32) -> RgbImage {
    let cell_width = tiles.iter().map(RgbImage::width).max().unwrap_or(0);
    let cell_height = tiles.iter().map(RgbImage::height).max().unwrap_or(0);
    let count = u32::try_from(tiles.len()).unwrap_or(u32::MAX);
    let columns = columns.clamp(1, count.max(1));
    let rows = count.div_ceil(columns);
    let side = |cells: u32, length: u32| cells * length + cells.saturating_sub(1) * gap;
    let mut sheet = RgbImage::new(side(columns.min(count), cell_width), side(rows, cell_height));
    for (tile, index) in tiles.iter().zip(0..count) {
        let x = index % columns * (cell_width + gap);
        let y = index / columns * (cell_height + gap);
        replace(&mut sheet, tile, i64::from(x), i64::from(y));
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn tiles_stand_row_by_row_with_gaps_between() {
        let tile = |grey: u8| RgbImage::from_pixel(2, 3, Rgb([grey; 3]));
        let sheet = contact_sheet(&[tile(10), tile(20), tile(30)], 2, 1);
        assert_eq!(sheet.dimensions(), (5, 7));
        assert_eq!(sheet.get_pixel(1, 2).0, [10; 3]);
        assert_eq!(sheet.get_pixel(2, 0).0, [0; 3]);
        assert_eq!(sheet.get_pixel(3, 0).0, [20; 3]);
        assert_eq!(sheet.get_pixel(0, 4).0, [30; 3]);
        assert_eq!(sheet.get_pixel(4, 6).0, [0; 3]);
    }

    #[test]
    fn no_tiles_make_an_empty_sheet() {
        assert_eq!(contact_sheet(&[], 5, 4).dimensions(), (0, 0));
    }
}
