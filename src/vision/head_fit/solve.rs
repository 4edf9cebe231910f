//! Levenberg-Marquardt over the head's turn, place, size, nearness and shape, with robust weights.
//!
//! Unknowns: turn (3, a small rotation in the picture's frame), log of the scale, place (2), nearness, and the
//! head's differences (standard normal each). Residuals are in standard deviations, so the inverse of the
//! normal matrix is the covariance.

use super::Placing;
use super::points::{self, HeadPoints, MODES, across, shaped, spread};
use crate::body::{LANDMARKS, head_angles, head_rotation};
use crate::project::HeadAngles;
use crate::vision::FaceLandmarks;
use glam::{DMat3, DQuat, DVec2, DVec3};

/// Unknowns of the camera: turn 3, log scale, place 2, nearness.
const CAMERA: usize = 7;
const UNKNOWNS: usize = CAMERA + MODES;
const NEARNESS: usize = 6;
const DATA: usize = 2 * LANDMARKS;

type Vector = [f64; UNKNOWNS];
type Matrix = [Vector; UNKNOWNS];

/// Portraits are taken from about 1.4 m, closer with telephones, from afar in studios: mean and standard
/// deviation of one over the distance, 1/m.
const NEAR_MEAN: f64 = 0.7;
const NEAR_SPREAD: f64 = 0.5;
/// Turns from which the fit starts, degrees; the best end is kept.
const START_YAWS: [f64; 5] = [0.0, -35.0, 35.0, -70.0, 70.0];
const START_PITCHES: [f64; 2] = [0.0, 18.0];
/// Rounds of a start before the best is chosen, and of the chosen one.
const FIRST_ROUNDS: usize = 8;
const LAST_ROUNDS: usize = 40;
/// Cauchy's constant: residuals of this many standard deviations weigh half.
const CAUCHY: f64 = 2.4;
/// Landmark errors of one face go together (a whole jaw line is off, not one spot of it): as many
/// landmarks as stand for one independent observation.
const TOGETHER: f64 = 3.0;
/// A step that changes no unknown more than this ends the fit.
const SMALLEST_STEP: f64 = 1e-7;

/// A fitted head.
#[derive(Debug, Clone)]
pub(super) struct Solution {
    turn: DMat3,
    log_scale: f64,
    place: DVec2,
    nearness: f64,
    amounts: [f64; MODES],
    cost: f64,
    covariance: Matrix,
    pub(super) residual_px: f64,
}

impl Solution {
    pub(super) fn placing(&self) -> Placing {
        Placing { turn: self.turn, place: self.place, scale: self.log_scale.exp(), nearness: self.nearness }
    }

    pub(super) fn angles(&self) -> HeadAngles {
        head_angles(self.turn)
    }

    /// The turn's covariance carried to the three angles.
    pub(super) fn sigma_deg(&self) -> HeadAngles {
        const STEP: f64 = 1e-4;
        let base = self.angles();
        let moved = [DVec3::X, DVec3::Y, DVec3::Z].map(|axis| {
            let there = head_angles(turned(self.turn, axis * STEP));
            let per = |there: f64, here: f64| (there - here) / STEP;
            [
                per(there.yaw_deg, base.yaw_deg),
                per(there.pitch_deg, base.pitch_deg),
                per(there.roll_deg, base.roll_deg),
            ]
        });
        let sigma = |angle: usize| {
            let mut variance = 0.0;
            for (first, row) in moved.iter().enumerate() {
                for (second, other) in moved.iter().enumerate() {
                    variance += row[angle] * self.covariance[first][second] * other[angle];
                }
            }
            variance.max(0.0).sqrt()
        };
        HeadAngles { yaw_deg: sigma(0), pitch_deg: sigma(1), roll_deg: sigma(2) }
    }

    /// Width, height and depth of the head over the model's.
    pub(super) fn proportions(&self) -> DVec3 {
        self.grown(DVec3::ONE)
    }

    /// The head's own differences at a point that only its proportions move.
    fn grown(&self, at: DVec3) -> DVec3 {
        shaped(at, &points::grown(at), &self.amounts[..3])
    }
}

impl HeadPoints {
    /// The fitted head's landmarks, picture frame.
    pub(super) fn landmarks_in(&self, solution: &Solution) -> FaceLandmarks {
        let view = across(&solution.turn);
        let placing = solution.placing();
        FaceLandmarks(std::array::from_fn(|index| {
            let at = self.seen(index, view);
            placing.project(shaped(at, &self.mode(index, at), &solution.amounts))
        }))
    }

    /// The fitted head's lobes, picture frame.
    pub(super) fn lobes_in(&self, solution: &Solution) -> [DVec2; 2] {
        let placing = solution.placing();
        self.lobes.map(|lobe| placing.project(solution.grown(lobe)))
    }
}

/// The best of several starts: flat faces look alike when they are turned one way or the other.
pub(super) fn best(head: &HeadPoints, landmarks: &FaceLandmarks) -> Solution {
    let roll = eyes_roll(landmarks);
    let starts = START_YAWS.iter().flat_map(|yaw| START_PITCHES.map(|pitch| (*yaw, pitch)));
    let candidates = starts.map(|(yaw_deg, pitch_deg)| {
        let angles = HeadAngles { yaw_deg, pitch_deg, roll_deg: roll };
        let mut fit = Fit::start(head, landmarks, angles);
        fit.rounds(FIRST_ROUNDS);
        fit
    });
    let chosen = candidates.min_by(|a, b| a.solution.cost.total_cmp(&b.solution.cost));
    let mut fit = chosen.unwrap_or_else(|| Fit::start(head, landmarks, HeadAngles::default()));
    fit.rounds(LAST_ROUNDS);
    fit.finish()
}

/// The line through both eyes tells the roll, degrees.
fn eyes_roll(landmarks: &FaceLandmarks) -> f64 {
    let across = points::mean(&landmarks.0[42..48]) - points::mean(&landmarks.0[36..42]);
    if across.length() < 1e-9 { 0.0 } else { across.y.atan2(across.x.max(1e-9)).to_degrees() }
}

fn turned(turn: DMat3, by: DVec3) -> DMat3 {
    DMat3::from_quat(DQuat::from_scaled_axis(by)) * turn
}

struct Fit<'a> {
    head: &'a HeadPoints,
    landmarks: &'a FaceLandmarks,
    solution: Solution,
    damping: f64,
}

impl<'a> Fit<'a> {
    /// Weak perspective: with the turn given, size and place follow from the landmarks' spread and middle.
    fn start(head: &'a HeadPoints, landmarks: &'a FaceLandmarks, angles: HeadAngles) -> Self {
        let turn = head_rotation(angles);
        let flat: Vec<DVec2> =
            head.landmarks[17..].iter().map(|at| turn * *at).map(|at| DVec2::new(at.x, -at.y)).collect();
        let (own, seen) = (points::mean(&flat), points::mean(&landmarks.0[17..]));
        let size = |points: &[DVec2], middle: DVec2| {
            points.iter().map(|at| at.distance_squared(middle)).sum::<f64>().sqrt().max(1e-9)
        };
        let scale = size(&landmarks.0[17..], seen) / size(&flat, own);
        let solution = Solution {
            turn,
            log_scale: scale.ln(),
            place: seen - own * scale,
            nearness: NEAR_MEAN,
            amounts: [0.0; MODES],
            cost: f64::INFINITY,
            covariance: [[0.0; UNKNOWNS]; UNKNOWNS],
            residual_px: 0.0,
        };
        let mut fit = Self { head, landmarks, solution, damping: 1e-3 };
        fit.solution.cost = fit.cost(&fit.solution, across(&fit.solution.turn));
        fit
    }

    /// Distance of each landmark from the fitted one, picture frame, pixels; `view` chooses the outlines.
    fn misses(&self, solution: &Solution, view: DVec3) -> [DVec2; LANDMARKS] {
        let placing = solution.placing();
        std::array::from_fn(|index| {
            let at = self.head.seen(index, view);
            let shape = self.head.mode(index, at);
            placing.project(shaped(at, &shape, &solution.amounts)) - self.landmarks.0[index]
        })
    }

    /// One standard deviation of a landmark, pixels.
    fn deviation(&self, index: usize, solution: &Solution, view: DVec3) -> f64 {
        spread(index) * solution.log_scale.exp() / self.head.say(index, view).sqrt()
    }

    /// Robust cost: Cauchy's over landmarks, squares over what is held back.
    fn cost(&self, solution: &Solution, view: DVec3) -> f64 {
        let misses = self.misses(solution, view);
        let data = misses.iter().enumerate().map(|(index, miss)| {
            let squares = miss.length_squared() / self.deviation(index, solution, view).powi(2);
            CAUCHY.powi(2) * (squares / CAUCHY.powi(2)).ln_1p()
        });
        data.sum::<f64>() / TOGETHER + held(solution).iter().map(|held| held * held).sum::<f64>()
    }

    fn rounds(&mut self, rounds: usize) {
        for _ in 0..rounds {
            let view = across(&self.solution.turn);
            self.solution.cost = self.cost(&self.solution, view);
            let (normal, gradient) = self.normal(view);
            let mut largest = 0.0;
            // A step that makes things worse is tried again, shorter.
            for _ in 0..8 {
                let Some(step) = damped_step(&normal, &gradient, self.damping) else {
                    self.damping *= 10.0;
                    continue;
                };
                let tried = moved(&self.solution, &step);
                let cost = self.cost(&tried, view);
                if cost.is_finite() && cost < self.solution.cost {
                    self.solution = Solution { cost, ..tried };
                    self.damping = (self.damping * 0.3).max(1e-9);
                    largest = step.iter().fold(0.0, |most: f64, part| most.max(part.abs()));
                    break;
                }
                self.damping = (self.damping * 10.0).min(1e9);
            }
            if largest < SMALLEST_STEP {
                break;
            }
        }
    }

    /// Normal matrix and gradient at the solution.
    fn normal(&self, view: DVec3) -> (Matrix, Vector) {
        const STEP: f64 = 1e-5;
        let here = self.misses(&self.solution, view);
        let mut columns = [[0.0; DATA]; UNKNOWNS];
        for (unknown, column) in columns.iter_mut().enumerate() {
            let mut step = [0.0; UNKNOWNS];
            // Pixels need a step of their own size.
            let length = if matches!(unknown, 4 | 5) { 1e-2 } else { STEP };
            step[unknown] = length;
            let there = self.misses(&moved(&self.solution, &step), view);
            for (pair, (there, here)) in column.chunks_exact_mut(2).zip(there.iter().zip(&here)) {
                let per = (*there - *here) / length;
                (pair[0], pair[1]) = (per.x, per.y);
            }
        }
        let weights: [f64; LANDMARKS] = std::array::from_fn(|index| {
            let deviation = self.deviation(index, &self.solution, view);
            let squares = here[index].length_squared() / deviation.powi(2);
            1.0 / (deviation.powi(2) * (1.0 + squares / CAUCHY.powi(2)) * TOGETHER)
        });
        let mut normal = [[0.0; UNKNOWNS]; UNKNOWNS];
        let mut gradient = [0.0; UNKNOWNS];
        for first in 0..UNKNOWNS {
            for second in first..UNKNOWNS {
                let sum: f64 = (0..DATA)
                    .map(|datum| columns[first][datum] * columns[second][datum] * weights[datum / 2])
                    .sum();
                normal[first][second] = sum;
                normal[second][first] = sum;
            }
            gradient[first] = (0..DATA)
                .map(|datum| columns[first][datum] * here[datum / 2][datum % 2] * weights[datum / 2])
                .sum();
        }
        for (index, held) in held(&self.solution).iter().enumerate() {
            let (unknown, per) =
                if index == 0 { (NEARNESS, 1.0 / NEAR_SPREAD) } else { (CAMERA + index - 1, 1.0) };
            normal[unknown][unknown] += per * per;
            gradient[unknown] += per * held;
        }
        (normal, gradient)
    }

    /// Adds covariance and residual.
    fn finish(mut self) -> Solution {
        let view = across(&self.solution.turn);
        let (normal, _) = self.normal(view);
        let misses = self.misses(&self.solution, view);
        let mut squares: Vec<(f64, f64)> = misses
            .iter()
            .enumerate()
            .map(|(index, miss)| {
                let deviation = self.deviation(index, &self.solution, view);
                (miss.length_squared() / deviation.powi(2), self.head.say(index, view))
            })
            .collect();
        // Two coordinates a landmark; the median of such a sum of squares is 2 ln 2.
        squares.sort_by(|a, b| a.0.total_cmp(&b.0));
        let median = squares[LANDMARKS / 2].0 / (2.0 * std::f64::consts::LN_2);
        let worse = median.max(0.25);
        self.solution.covariance = inverse(&normal)
            .map_or([[f64::INFINITY; UNKNOWNS]; UNKNOWNS], |covariance| {
                covariance.map(|row| row.map(|value| value * worse))
            });
        let (sum, share) = misses.iter().enumerate().fold((0.0, 0.0), |(sum, share), (index, miss)| {
            let deviation = self.deviation(index, &self.solution, view);
            let kept = self.head.say(index, view)
                / (1.0 + miss.length_squared() / deviation.powi(2) / CAUCHY.powi(2));
            (sum + kept * miss.length_squared(), share + kept)
        });
        self.solution.residual_px = (sum / share.max(1e-9)).sqrt();
        self.solution
    }
}

/// What is held back, in standard deviations: nearness, then the head's differences.
fn held(solution: &Solution) -> [f64; 1 + MODES] {
    std::array::from_fn(|index| match index {
        0 => (solution.nearness - NEAR_MEAN) / NEAR_SPREAD,
        _ => solution.amounts[index - 1],
    })
}

fn moved(solution: &Solution, step: &Vector) -> Solution {
    Solution {
        turn: turned(solution.turn, DVec3::new(step[0], step[1], step[2])),
        log_scale: solution.log_scale + step[3].clamp(-0.5, 0.5),
        place: solution.place + DVec2::new(step[4], step[5]),
        nearness: (solution.nearness + step[NEARNESS]).clamp(-0.2, 4.0),
        amounts: std::array::from_fn(|mode| (solution.amounts[mode] + step[CAMERA + mode]).clamp(-3.5, 3.5)),
        cost: solution.cost,
        covariance: solution.covariance,
        residual_px: solution.residual_px,
    }
}

/// Solves (N + damping diag N) step = -gradient.
fn damped_step(normal: &Matrix, gradient: &Vector, damping: f64) -> Option<Vector> {
    let mut damped = *normal;
    for (index, row) in damped.iter_mut().enumerate() {
        row[index] *= 1.0 + damping;
    }
    let lower = cholesky(&damped)?;
    Some(solved(&lower, &gradient.map(|part| -part)))
}

/// The lower factor of a positive definite matrix.
fn cholesky(matrix: &Matrix) -> Option<Matrix> {
    let mut lower = [[0.0; UNKNOWNS]; UNKNOWNS];
    for row in 0..UNKNOWNS {
        for column in 0..=row {
            let sum: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
            let left = matrix[row][column] - sum;
            lower[row][column] = if row == column {
                if !(left > 0.0 && left.is_finite()) {
                    return None;
                }
                left.sqrt()
            } else {
                left / lower[column][column]
            };
        }
    }
    Some(lower)
}

fn solved(lower: &Matrix, right: &Vector) -> Vector {
    let mut answer = *right;
    for row in 0..UNKNOWNS {
        let sum: f64 = (0..row).map(|k| lower[row][k] * answer[k]).sum();
        answer[row] = (answer[row] - sum) / lower[row][row];
    }
    for row in (0..UNKNOWNS).rev() {
        let sum: f64 = (row + 1..UNKNOWNS).map(|k| lower[k][row] * answer[k]).sum();
        answer[row] = (answer[row] - sum) / lower[row][row];
    }
    answer
}

fn inverse(matrix: &Matrix) -> Option<Matrix> {
    let lower = cholesky(matrix)?;
    let mut inverse = [[0.0; UNKNOWNS]; UNKNOWNS];
    for (column, into) in inverse.iter_mut().enumerate() {
        let mut unit = [0.0; UNKNOWNS];
        unit[column] = 1.0;
        *into = solved(&lower, &unit);
    }
    Some(inverse)
}
