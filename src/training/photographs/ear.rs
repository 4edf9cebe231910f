//! Where exactly an earlobe hangs in a photo: the head's fit knows it to a centimetre, its outline to a pixel.
//!
//! Row by row, skin is followed from the cheek outwards until it ends. Where an ear is seen bare, that edge lies
//! further out beside the ear than below it: the lobe ends where the edge jumps inwards. Hair over the ear makes no
//! such jump, and a wall of skin's colour leaves no edge; both are refused.

use super::skin::Skin;
use glam::DVec2;
use image::RgbImage;

/// Side of a cell, millimetres.
const CELL: f64 = 0.7;

/// Around the lobe that is expected, cells: inwards, outwards, upwards, downwards.
const IN: i32 = 26;
const OUT: i32 = 34;
const UP: i32 = 40;
const DOWN: i32 = 36;

/// The shadow between cheek and ear may be so wide, cells.
const GAP: i32 = 4;

/// How far up or down the lobe may end, cells.
const REACH: i32 = 22;

/// The edge above and below the lobe's end: first row and number of rows from it, cells.
const ABOVE: (i32, i32) = (-9, 7);
const BELOW: (i32, i32) = (3, 8);

/// The least jump of the edge, and what it may differ beside the ear, cells.
const JUMP: f64 = 5.0;
const UNEVEN: f64 = 4.5;

/// Outside of the ear so many columns are looked at, and so much of them may be of skin's colour.
const OUTSIDE: (i32, i32) = (3, 18);
const ALIKE: f32 = 0.22;

/// Where an ear is pierced: inwards from the lobe's edge and up from its end, millimetres.
const PIERCED: DVec2 = DVec2::new(3.6, 4.2);

/// Where the lobe lies from where the fit expects it, millimetres: inwards, and down. Fits see lobes too far out and too
/// low; further off lies a jaw, or hair.
const INWARDS: (f64, f64) = (0.5, 13.0);
const DOWNWARDS: (f64, f64) = (-19.0, 5.0);

/// The piercing point of an ear that is seen bare. `outward`: 1 where the ear points to the picture's right, -1 to its
/// left.
pub(super) fn lobe_of(
    photo: &RgbImage,
    skin: &Skin,
    expected: DVec2,
    px_per_mm: f64,
    outward: f64,
) -> Option<DVec2> {
    let cell = CELL * px_per_mm;
    let step = DVec2::new(cell * outward, cell);
    let shown = |column: i32, row: i32| {
        skin.at(photo, expected + DVec2::new(f64::from(column), f64::from(row)) * step)
    };
    let edges: Vec<Option<i32>> = (-UP..=DOWN).map(|row| edge(|column| shown(column, row) > 0.5)).collect();
    let mean = |(first, count): (i32, i32), row: i32| {
        let rows = (row + first..row + first + count)
            .map(|row| edges.get(usize::try_from(row + UP).ok()?)?.map(f64::from));
        let rows = rows.collect::<Option<Vec<_>>>()?;
        let mean = rows.iter().sum::<f64>() / rows.len() as f64;
        let spread = rows.iter().map(|edge| (edge - mean).abs()).sum::<f64>() / rows.len() as f64;
        Some((mean, spread))
    };
    let jump = |row: i32| {
        let ((above, uneven), (below, _)) = (mean(ABOVE, row)?, mean(BELOW, row)?);
        (uneven < UNEVEN).then_some((above - below, above, row))
    };
    let jumps = (-REACH..=REACH).filter_map(jump);
    let (height, edge, end) = jumps.max_by(|one, other| one.0.total_cmp(&other.0))?;
    if height < JUMP {
        return None;
    }
    let beyond = (end - 14..end + 10).flat_map(|row| (OUTSIDE.0..OUTSIDE.1).map(move |column| (column, row)));
    let beyond: Vec<f32> = beyond.map(|(column, row)| shown(edge as i32 + column, row)).collect();
    if beyond.iter().sum::<f32>() / beyond.len() as f32 > ALIKE {
        return None;
    }
    // Millimetres outwards and down.
    let from_expected = DVec2::new(edge, f64::from(end)) * CELL - PIERCED;
    let near = (INWARDS.0..INWARDS.1).contains(&-from_expected.x)
        && (DOWNWARDS.0..DOWNWARDS.1).contains(&from_expected.y);
    near.then(|| expected + from_expected * DVec2::new(outward, 1.0) * px_per_mm)
}

/// The last column of skin on the way outwards from the cheek; none where the cheek shows none.
fn edge(is_skin: impl Fn(i32) -> bool) -> Option<i32> {
    let first = (-IN..-IN + 10).find(|column| is_skin(*column))?;
    let mut last = first;
    for column in first..=OUT {
        if is_skin(column) {
            last = column;
        } else if column - last > GAP {
            break;
        }
    }
    Some(last)
}
