//! Errors by how far the head was turned.

use crate::evaluation::Table;
use crate::vision::Trust;

/// Ends of the ranges of |yaw|, degrees.
const RANGES: [(f64, f64); 5] = [(0.0, 20.0), (20.0, 40.0), (40.0, 60.0), (60.0, 75.0), (75.0, 91.0)];

/// How far one measurement is from the truth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Miss {
    /// Yaw, pitch, roll, degrees; a yaw's error is negative towards the front.
    pub(super) angles: [f64; 3],
    /// What the measurement says of itself.
    pub(super) sigma: [f64; 3],
    pub(super) extent_px: f64,
    /// In heights of the face.
    pub(super) extent_share: f64,
    pub(super) lobe_share: f64,
    pub(super) steady: f64,
    pub(super) trust: Trust,
}

/// Measurements in order of arrival, each with its true yaw; none where no face was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Scores(Vec<(f64, Option<Miss>)>);

impl Scores {
    pub(super) fn add(&mut self, yaw_deg: f64, miss: Option<Miss>) {
        self.0.push((yaw_deg, miss));
    }

    /// Angles, then everything else.
    pub(super) fn tables(&self, title: &str) -> [Table; 2] {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut angles = Table {
            title: format!("{title}; angles in degrees"),
            columns: words(&[
                "|yaw|",
                "heads",
                "seen",
                "yaw mean",
                "yaw 95 %",
                "yaw bias",
                "pitch mean",
                "pitch 95 %",
                "pitch bias",
                "roll mean",
                "roll 95 %",
            ]),
            rows: Vec::new(),
        };
        let mut rest = Table {
            title: format!("{title}; extent, lobe, uncertainty"),
            columns: words(&[
                "|yaw|",
                "extent px",
                "extent %",
                "extent bias %",
                "lobe %",
                "lobe 95 %",
                "yaw in 1 sigma",
                "yaw in 2 sigma",
                "pitch in 2 sigma",
                "roll in 2 sigma",
                "steady",
                "good / fair / poor",
            ]),
            rows: Vec::new(),
        };
        for (from, to) in RANGES.into_iter().chain([(0.0, 60.0001)]) {
            let within = |yaw: f64| (from..to).contains(&yaw.abs());
            let all: Vec<Option<Miss>> =
                self.0.iter().filter(|(yaw, _)| within(*yaw)).map(|(_, miss)| *miss).collect();
            let seen: Vec<Miss> = all.iter().copied().flatten().collect();
            let range = format!("{from:.0}..{:.0}", to.min(90.0));
            angles.rows.push(angles_row(&range, all.len(), &seen));
            rest.rows.push(rest_row(&range, &seen));
        }
        [angles, rest]
    }
}

fn angles_row(range: &str, heads: usize, seen: &[Miss]) -> Vec<String> {
    let mut row = vec![range.to_owned(), heads.to_string(), seen.len().to_string()];
    for angle in 0..3 {
        let off: Vec<f64> = seen.iter().map(|miss| miss.angles[angle]).collect();
        row.push(one(mean_size(&off)));
        row.push(one(most(&off)));
        if angle < 2 {
            row.push(one(mean(&off)));
        }
    }
    row
}

fn rest_row(range: &str, seen: &[Miss]) -> Vec<String> {
    let of = |value: fn(&Miss) -> f64| seen.iter().map(value).collect::<Vec<f64>>();
    let within = |angle: usize, sigmas: f64| {
        let inside = seen.iter().filter(|miss| miss.angles[angle].abs() <= sigmas * miss.sigma[angle]);
        format!("{:.0} %", 100.0 * inside.count() as f64 / seen.len().max(1) as f64)
    };
    let trusted = |trust: Trust| seen.iter().filter(|miss| miss.trust == trust).count();
    vec![
        range.to_owned(),
        one(mean_size(&of(|miss| miss.extent_px))),
        one(100.0 * mean_size(&of(|miss| miss.extent_share))),
        one(100.0 * mean(&of(|miss| miss.extent_share))),
        one(100.0 * mean(&of(|miss| miss.lobe_share))),
        one(100.0 * most(&of(|miss| miss.lobe_share))),
        within(0, 1.0),
        within(0, 2.0),
        within(1, 2.0),
        within(2, 2.0),
        format!("{:.2}", mean(&of(|miss| miss.steady))),
        format!("{} / {} / {}", trusted(Trust::Good), trusted(Trust::Fair), trusted(Trust::Poor)),
    ]
}

fn one(value: f64) -> String {
    format!("{value:.1}")
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

pub(super) fn mean_size(values: &[f64]) -> f64 {
    values.iter().map(|value| value.abs()).sum::<f64>() / values.len().max(1) as f64
}

/// 95 of 100 are no further from 0.
pub(super) fn most(values: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let at = (0.95 * sizes.len() as f64).ceil() as usize;
    sizes.get(at.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_five_of_a_hundred_lie_within() {
        let values: Vec<f64> = (1..=100).map(f64::from).map(|value| -value).collect();
        assert_eq!((most(&values), mean_size(&values), mean(&values)), (95.0, 50.5, -50.5));
        assert_eq!((most(&[]), mean(&[])), (0.0, 0.0));
    }

    #[test]
    fn every_turn_counts_in_one_range_and_lost_faces_are_told() {
        let miss = Miss {
            angles: [2.0, -1.0, 0.0],
            sigma: [1.5, 1.0, 1.0],
            extent_px: 1.0,
            extent_share: 0.01,
            lobe_share: 0.02,
            steady: 0.9,
            trust: Trust::Good,
        };
        let mut scores = Scores::default();
        (-9..=9).for_each(|step| scores.add(f64::from(step) * 10.0, (step != 9).then_some(miss)));
        let [angles, rest] = scores.tables("x");
        let column = |row: usize, column: usize| angles.rows[row][column].as_str();
        let heads: Vec<&str> = (0..6).map(|row| column(row, 1)).collect();
        assert_eq!(heads, ["3", "4", "4", "4", "4", "13"]);
        assert_eq!((column(4, 2), column(0, 3), column(0, 6)), ("3", "2.0", "1.0"));
        assert_eq!((rest.rows[0][6].as_str(), rest.rows[0][7].as_str()), ("0 %", "100 %"));
    }
}
