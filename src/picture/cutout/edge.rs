//! The last pixel: how much of an edge pixel is product, and what colour the product has there.
//!
//! A pixel of the edge is a mixture, I = a F + (1 - a) B in linear light. B is known from the ground; F is chosen
//! among the pure product pixels nearby as the one that explains I best from close by (in the manner of robust
//! matting, Wang and Cohen 2007); then a is a projection. Where product and ground are too alike for colours to
//! tell, the smoothed border of the label decides. The ground's part is then taken out of the colour.

use super::grid::{Grid, distance};
use super::ground::GroundModel;
use super::view::Mark;
use crate::picture::linear::{decoded, encoded};
use glam::Vec3;

/// Half the width of the band that is looked at closely, work pixels.
pub(super) const BAND: f32 = 3.0;

/// How far product colours are looked for, work pixels.
const REACH: isize = 4;

/// Depth in the product from which a pixel is pure, work pixels.
const PURE: f32 = 1.6;

/// Alpha that is as good as none, and as all.
const SNAP: f32 = 0.04;

/// How far colours are heard beside a trained eye.
const HEARD: f32 = 0.5;

/// Everything about the work picture that an edge pixel asks for.
pub(super) struct EdgeModel {
    /// Linear light.
    light: Grid<Vec3>,
    ground: Grid<Vec3>,
    /// How deep in the product, negative outside; work pixels, up to the band's width.
    pub(super) depth: Grid<f32>,
    /// Alpha as far as it is known without colours: a trained eye's, or the label smoothed.
    shape: Grid<f32>,
    is_learned: bool,
    /// The ground's deviation in sRGB 0..=1.
    noise: f32,
}

/// What an edge pixel came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) alpha: f32,
    /// Linear light of the product alone.
    pub(super) colour: Vec3,
    /// How far colours decided, 0..=1; the rest is shape.
    pub(super) certainty: f32,
}

/// A colour that the product may have at an edge pixel.
struct Candidate {
    colour: Vec3,
    alpha: f32,
    cost: f32,
}

impl EdgeModel {
    /// Looks once with the label as it is, then again with the border where alpha passes one half; a trained eye's
    /// label is there already.
    pub(super) fn of(
        colours: &Grid<Vec3>,
        ground: &GroundModel,
        marks: &Grid<Mark>,
        label: &Grid<bool>,
        learned: Option<Grid<f32>>,
    ) -> Self {
        let light = colours.map(|colour| colour.map(decoded));
        let ground_light = ground.colours.map(|colour| colour.map(decoded));
        let mut model = Self {
            light,
            ground: ground_light,
            depth: depth(label),
            is_learned: learned.is_some(),
            shape: learned.unwrap_or_else(|| shape(label)),
            noise: ground.noise,
        };
        if model.is_learned {
            return model;
        }
        let found = Grid::from_fn(label.width, label.height, |column, row| {
            match marks.at(column, row) {
                Mark::Product => return true,
                Mark::Ground => return false,
                Mark::Free => {}
            }
            let near = model.depth.at(column, row).abs() < BAND;
            if near { model.alpha_at_work(column, row) > 0.5 } else { label.at(column, row) }
        });
        model.depth = depth(&found);
        model.shape = shape(&found);
        model
    }

    fn alpha_at_work(&self, column: usize, row: usize) -> f32 {
        let light = self.light.at(column, row);
        self.look(light, column as f32 + 0.5, row as f32 + 0.5, 1.0).alpha
    }

    /// Looks at a pixel of colour `light` at a place of the work frame; `factor` photo pixels make a work pixel.
    pub(super) fn look(&self, light: Vec3, x: f32, y: f32, factor: f32) -> Edge {
        let ground = self.ground.between(x, y);
        let depth = self.depth.between(x, y);
        let shape = ((self.shape.between(x, y) - 0.5) * factor + 0.5).clamp(0.0, 1.0);
        let noise = self.noise_of(ground);
        let Some((best, doubt)) = self.best(light, ground, (x, y), shape, noise) else {
            return Edge { alpha: shape, colour: light, certainty: 0.0 };
        };
        let contrast = (best.colour - ground).length_squared();
        let rest = light - (best.colour * best.alpha + ground * (1.0 - best.alpha));
        let fits = (-rest.length_squared() / (2.0 * (5.0 * noise).powi(2) + 0.02 * contrast)).exp();
        let certainty = contrast / (contrast + (7.0 * noise).powi(2) + doubt * doubt) * (0.3 + 0.7 * fits);
        let trust = if self.is_learned { HEARD * certainty } else { certainty };
        let alpha = trust * best.alpha + (1.0 - trust) * shape;
        // Far from the border there is no mixture, whatever colours say.
        let least = ((depth - 0.8) / (BAND - 1.2)).clamp(0.0, 1.0);
        let most = (1.0 - (-depth - 0.8) / (BAND - 1.2)).clamp(0.0, 1.0);
        let alpha = alpha.clamp(least, most);
        let alpha = ((alpha - SNAP) / (1.0 - 2.0 * SNAP)).clamp(0.0, 1.0);
        Edge { alpha, colour: unmixed(light, ground, best.colour, alpha), certainty }
    }

    /// The ground's deviation at a brightness, linear light.
    fn noise_of(&self, ground: Vec3) -> f32 {
        let code = encoded(ground.element_sum() / 3.0);
        (decoded(code + self.noise) - decoded(code - self.noise)).max(1e-4) / 2.0 + 2e-4
    }

    /// The candidate that explains a pixel best, and how much the likely ones differ in colour.
    fn best(
        &self,
        light: Vec3,
        ground: Vec3,
        (x, y): (f32, f32),
        shape: f32,
        noise: f32,
    ) -> Option<(Candidate, f32)> {
        let (column, row) = (x.floor() as isize, y.floor() as isize);
        let mut best: Option<Candidate> = None;
        let (mut sum, mut squares, mut weights) = (Vec3::ZERO, 0.0, 0.0);
        let mut strongest: Option<(Vec3, f32)> = None;
        for at_row in row - REACH..=row + REACH {
            for at_column in column - REACH..=column + REACH {
                let depth = self.depth.near(at_column, at_row);
                if depth <= 0.0 {
                    continue;
                }
                let colour = self.light.near(at_column, at_row);
                let apart = (at_column as f32 + 0.5 - x).powi(2) + (at_row as f32 + 0.5 - y).powi(2);
                if depth < PURE {
                    // Thin wire has no pure pixel: the one that differs most is the nearest to pure.
                    let off = (colour - self.ground.near(at_column, at_row)).length_squared();
                    if apart <= 6.3 && strongest.is_none_or(|(_, most)| off > most) {
                        strongest = Some((colour, off));
                    }
                    continue;
                }
                let candidate = explain(light, ground, colour, apart, shape, noise);
                let weight = (-0.25 * apart).exp();
                sum += colour * weight;
                squares += colour.length_squared() * weight;
                weights += weight;
                if best.as_ref().is_none_or(|best| candidate.cost < best.cost) {
                    best = Some(candidate);
                }
            }
        }
        if let Some(best) = best {
            let mean = sum / weights;
            let variance = (squares / weights - mean.length_squared()).max(0.0);
            return Some((best, 0.5 * variance.sqrt()));
        }
        let (colour, _) = strongest?;
        Some((explain(light, ground, colour, 0.0, shape, noise), 0.3 * (colour - ground).length()))
    }
}

/// A pixel as a mixture of `colour` and the ground.
fn explain(light: Vec3, ground: Vec3, colour: Vec3, apart: f32, shape: f32, noise: f32) -> Candidate {
    let axis = colour - ground;
    let length = axis.length_squared();
    let alpha = ((light - ground).dot(axis) / length.max(1e-9)).clamp(0.0, 1.0);
    let rest = (light - ground - axis * alpha).length_squared();
    let tolerance = (2.0 * noise).powi(2) + 0.004 * length;
    let unlikely = ((alpha - shape) / 0.4).powi(2);
    Candidate { colour, alpha, cost: rest / tolerance + 0.06 * apart + unlikely }
}

/// The product's own colour: the ground's part is taken out as far as alpha allows, the rest is the candidate's.
fn unmixed(light: Vec3, ground: Vec3, candidate: Vec3, alpha: f32) -> Vec3 {
    if alpha <= 0.0 {
        return candidate;
    }
    let solved = ((light - ground * (1.0 - alpha)) / alpha).clamp(Vec3::ZERO, Vec3::ONE);
    let trust = ((alpha - 0.15) / 0.55).clamp(0.0, 1.0);
    candidate.lerp(solved, trust)
}

/// Distance to the label's border, positive inside.
fn depth(label: &Grid<bool>) -> Grid<f32> {
    let most = BAND + 2.0;
    let inside = distance(&label.map(|label| !label), most);
    let outside = distance(label, most);
    Grid::from_fn(label.width, label.height, |column, row| {
        let (inside, outside) = (inside.at(column, row), outside.at(column, row));
        if inside > 0.0 { inside - 0.5 } else { 0.5 - outside }
    })
}

fn shape(label: &Grid<bool>) -> Grid<f32> {
    label.map(|label| if label { 1.0 } else { 0.0 }).smoothed(1)
}
