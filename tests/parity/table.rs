//! The table's rows: errors measured, printed and held to their bounds.

use crate::adapter::Outputs;
use candle_core::Tensor;
use std::fmt::Write;

/// Allowed in f32: largest difference over the largest expected value.
pub(crate) const F32: f32 = 1e-4;

/// One part of the table. Lines are printed together when it ends; then it fails if any row did.
pub(crate) struct Table {
    component: &'static str,
    lines: String,
    faults: Vec<String>,
}

impl Table {
    pub(crate) fn new(component: &'static str) -> Self {
        let lines = format!("\n{component:<44}{:<6}{:>12}{:>12}\n", "dtype", "error", "allowed");
        Self { component, lines, faults: Vec::new() }
    }

    /// Notes one measured error.
    pub(crate) fn row(&mut self, config: &str, dtype: &str, error: f32, allowed: f32, remark: &str) {
        let line = format!("  {config:<42}{dtype:<6}{error:>12.2e}{allowed:>12.2e}  {remark}");
        writeln!(self.lines, "{}", line.trim_end()).unwrap();
        // Written so that an error that is no number fails too.
        let holds = error <= allowed;
        if !holds {
            self.faults.push(line);
        }
    }

    /// Notes a line that has no error.
    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.lines, "  {line}").unwrap();
    }

    /// Prints, then panics if a row was over its bound.
    pub(crate) fn finish(self) {
        // At once, so that tests that run side by side do not mix their lines.
        print!("{}", self.lines);
        assert!(self.faults.is_empty(), "{} is off:\n{}", self.component, self.faults.join("\n"));
    }
}

/// The worst error over all outputs, and that output's name. Both sides hold the same names and shapes.
pub(crate) fn worst(got: &Outputs, expected: &Outputs) -> (f32, String) {
    assert_eq!(got.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    let errors = expected.iter().map(|(name, expected)| (error(&got[name], expected), name.clone()));
    errors.max_by(|(a, _), (b, _)| a.total_cmp(b)).unwrap()
}

/// Largest difference over the largest expected value; infinite where a number is not one.
pub(crate) fn error(got: &Tensor, expected: &Tensor) -> f32 {
    assert_eq!(got.dims(), expected.dims());
    let (got, expected) = (values(got), values(expected));
    if !got.iter().all(|value| value.is_finite()) {
        return f32::INFINITY;
    }
    let gap = got.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let size = expected.iter().map(|value| value.abs()).fold(0.0, f32::max);
    if gap == 0.0 { 0.0 } else { gap / size }
}

/// Peak signal to noise ratio of pictures whose values span `range`, in dB.
pub(crate) fn psnr(got: &Tensor, expected: &Tensor, range: f64) -> f64 {
    let (got, expected) = (values(got), values(expected));
    let squares = got.iter().zip(&expected).map(|(a, b)| f64::from(a - b).powi(2));
    10.0 * (range * range / (squares.sum::<f64>() / got.len() as f64)).log10()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}
