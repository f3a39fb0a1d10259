//! Several measurements of one thing, shown by their smallest, middle and largest.

use std::fmt;
use std::time::Duration;

/// Measurements of one thing.
#[derive(Clone, Default)]
pub struct Figures {
    values: Vec<f64>,
}

impl Figures {
    pub fn add(&mut self, value: f64) {
        self.values.push(value);
        self.values.sort_by(f64::total_cmp);
    }

    pub fn median(&self) -> f64 {
        self.values.get(self.values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn decimals(&self) -> usize {
        match self.median() {
            median if median >= 1_000.0 => 0,
            median if median >= 10.0 => 1,
            _ => 3,
        }
    }
}

impl From<f64> for Figures {
    fn from(value: f64) -> Self {
        Self { values: vec![value] }
    }
}

impl From<&Figures> for Figures {
    fn from(figures: &Figures) -> Self {
        figures.clone()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.values[..] {
            return write!(f, "{only:.*}", self.decimals());
        }
        let (least, most) = (self.values.first().copied(), self.values.last().copied());
        let (least, most, decimals) = (least.unwrap_or(f64::NAN), most.unwrap_or(f64::NAN), self.decimals());
        write!(f, "{:.decimals$} (min {least:.decimals$}, max {most:.decimals$})", self.median())
    }
}

/// How many a second.
#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// A share of the whole.
#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn mean(sum: usize, count: usize) -> f64 {
    sum as f64 / count.max(1) as f64
}
