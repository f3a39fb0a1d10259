//! The table in which every benchmark ends: what was measured, what it ought to be, and how far it is from that. Ratios
//! come first: they were taken in one run, while absolute figures say as much about the machine as about this program.

use std::fmt;

use crate::figures::Figures;

/// What a figure ought to be.
#[derive(Clone, Copy)]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// It is told to explain another one.
    None,
}

struct Row {
    what: String,
    figures: Figures,
    goal: Goal,
    is_ratio: bool,
}

/// Everything that was measured.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a ratio of two things that were measured in one run.
    pub fn ratio(&mut self, what: impl Into<String>, figures: impl Into<Figures>, goal: Goal) {
        self.add(Row { what: what.into(), figures: figures.into(), goal, is_ratio: true });
    }

    /// Adds an absolute figure; its unit stands in `what`.
    pub fn figure(&mut self, what: impl Into<String>, figures: impl Into<Figures>, goal: Goal) {
        self.add(Row { what: what.into(), figures: figures.into(), goal, is_ratio: false });
    }

    fn add(&mut self, row: Row) {
        // A benchmark that dies later takes nothing away of this.
        eprintln!("{row}");
        self.rows.push(row);
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let median = self.figures.median();
        let (goal, share, held) = match self.goal {
            Goal::AtMost(most) => (format!("<= {most}"), format!("{:.2}", median / most), median <= most),
            Goal::AtLeast(least) => (format!(">= {least}"), format!("{:.2}", median / least), median >= least),
            Goal::None => (String::new(), String::new(), true),
        };
        let held = match (self.goal, held) {
            (Goal::None, _) => "",
            (_, true) => "held",
            (_, false) => "missed",
        };
        write!(f, "{:<68} {:>32} {goal:>10} {share:>6} {held}", self.what, self.figures.to_string())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<68} {:>32} {:>10} {:>6}", "what", "measured", "goal", "/ goal")?;
        for is_ratio in [true, false] {
            self.rows.iter().filter(|row| row.is_ratio == is_ratio).try_for_each(|row| writeln!(f, "{row}"))?;
        }
        Ok(())
    }
}
