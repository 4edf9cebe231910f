//! Counting verdicts and errors.

use crate::evaluation::Table;
use crate::workflow::CheckVerdict;

/// How often a check said what.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally([usize; 4]);

impl Tally {
    pub(super) fn add(&mut self, verdict: CheckVerdict) {
        let place = match verdict {
            CheckVerdict::Pass => 0,
            CheckVerdict::Doubt => 1,
            CheckVerdict::Fail => 2,
            CheckVerdict::NotApplicable => 3,
        };
        self.0[place] += 1;
    }

    /// Cells: how many were looked at; pass, doubt and fail as shares of those judged; not judged.
    pub(super) fn cells(&self) -> Vec<String> {
        let [pass, doubt, fail, not_judged] = self.0;
        let judged = (pass + doubt + fail).max(1) as f64;
        let share = |count: usize| format!("{:.0} %", 100.0 * count as f64 / judged);
        let total = pass + doubt + fail + not_judged;
        vec![total.to_string(), share(pass), share(doubt), share(fail), not_judged.to_string()]
    }
}

/// Headings of [`Tally::cells`].
pub(super) const TALLY: [&str; 5] = ["pictures", "pass", "doubt", "fail", "not judged"];

pub(super) fn table(title: &str, columns: &[&str]) -> Table {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    Table { title: title.to_owned(), columns, rows: Vec::new() }
}

/// A table whose rows begin with a name and end in a tally.
pub(super) fn tally_table(title: &str, first: &str) -> Table {
    let columns: Vec<_> = std::iter::once(first).chain(TALLY).collect();
    table(title, &columns)
}

pub(super) fn tally_row(name: String, tally: &Tally) -> Vec<String> {
    std::iter::once(name).chain(tally.cells()).collect()
}

/// Mean, and the value that 95 % stay below; of absolute values.
pub(super) fn mean_and_worst(values: &[f64]) -> (f64, f64) {
    let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let mean = sizes.iter().sum::<f64>() / sizes.len().max(1) as f64;
    (mean, sizes.get(sizes.len() * 95 / 100).or(sizes.last()).copied().unwrap_or_default())
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
