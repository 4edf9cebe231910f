//! Blends the patches that lie over each pixel of the hole.

use super::field::Field;
use super::level::{Level, REACH};
use glam::Vec4;
use rayon::prelude::*;

/// Share of the patches over a pixel that count as good: their distance sets how fast weights fall (Wexler et al.).
const GOOD_SHARE: f32 = 0.5;

/// Differences below this are grain, squared codes.
const GRAIN: f32 = 4.0;

/// Paints every pixel of the hole from the field.
pub(super) fn blend(level: &mut Level, field: &Field) {
    let holes: Vec<u32> = (0..level.hole.len() as u32).filter(|index| level.hole[*index as usize]).collect();
    let painted: Vec<Option<Vec4>> =
        holes.par_iter().map(|index| colour(level, field, *index as usize)).collect();
    for (index, colour) in holes.into_iter().zip(painted) {
        if let Some(colour) = colour {
            level.pixels[index as usize] = colour;
        }
    }
}

/// What the patches over a pixel say it is; none where no patch lies over it.
pub(super) fn colour(level: &Level, field: &Field, pixel: usize) -> Option<Vec4> {
    let (width, reach) = (level.width as isize, REACH as isize);
    let (x, y) = (pixel as isize % width, pixel as isize / width);
    let mut votes = [(Vec4::ZERO, 0.0_f32, 0.0_f32); (2 * REACH + 1) * (2 * REACH + 1)];
    let mut count = 0;
    for down in -reach..=reach {
        for right in -reach..=reach {
            let (x, y) = (x + right, y + down);
            if x < 0 || y < 0 || x >= width || y >= level.height as isize {
                continue;
            }
            let middle = (y * width + x) as usize;
            let Some(find) = field.find(middle) else { continue };
            // Sources are whole patches, so the place is inside.
            let from = (find.source as isize - down * width - right) as usize;
            votes[count] = (level.pixels[from], find.distance, level.confidence[middle]);
            count += 1;
        }
    }
    let votes = &mut votes[..count];
    let good = good_distance(votes)?;
    let (mut sum, mut weights) = (Vec4::ZERO, 0.0);
    for (colour, distance, confidence) in votes {
        let weight = *confidence * (-*distance / (2.0 * good)).exp().max(1e-6);
        sum += *colour * weight;
        weights += weight;
    }
    Some(sum / weights)
}

fn good_distance(votes: &mut [(Vec4, f32, f32)]) -> Option<f32> {
    let place = (votes.len().checked_sub(1)? as f32 * GOOD_SHARE) as usize;
    let (_, good, _) = votes.select_nth_unstable_by(place, |one, other| one.1.total_cmp(&other.1));
    Some(good.1.max(GRAIN))
}
