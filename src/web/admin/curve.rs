//! A row of counts as a picture: the paths of an SVG that is 600 wide and 148 high, and two lines to read it by.

use std::fmt::Write;

use serde::Serialize;

/// Size of the picture, in its own units.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 148.0;
/// How many steps from one line to the next the picture is high: the lines lie at a fifth and at three fifths of it.
const STEPS: f64 = 2.5;

/// The picture.
#[derive(Debug, Serialize)]
pub(super) struct Curve {
    /// The curve: a step for each count.
    line: String,
    /// The same, closed down to the ground.
    area: String,
    /// What the upper line stands for.
    upper: i64,
    /// What the lower line stands for.
    lower: i64,
}

/// The picture of these counts. It does not begin at nothing: what changes is what one wants to see.
pub(super) fn curve(counts: &[i64]) -> Curve {
    let (least, most) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
    let (low, step) = scale(least, most);
    let y = |count: i64| HEIGHT * (1.0 - float(count - low) / (STEPS * float(step)));
    let wide = WIDTH / float(i64::try_from(counts.len()).unwrap_or(1).max(1));
    let (mut line, mut x) = (String::new(), 0.0);
    for (at, count) in counts.iter().enumerate() {
        x += wide;
        let to = if at == 0 { "M0 " } else { "V" };
        // Writing to a String cannot fail.
        let _ = write!(line, "{to}{:.1}H{x:.1}", y(*count));
    }
    if line.is_empty() {
        line.push_str("M0 0");
    }
    Curve { area: format!("{line}V{HEIGHT:.0}H0z"), line, upper: low + 2 * step, lower: low + step }
}

/// Where the picture begins, and the round step between its lines, so that all counts lie within.
fn scale(least: i64, most: i64) -> (i64, i64) {
    let steps = (0..18).flat_map(|power| [1, 2, 5].map(|times| times * 10_i64.pow(power)));
    let low = |step: i64| least.div_euclid(step) * step;
    let fits = |step: &i64| float(most - low(*step)) < STEPS * float(*step);
    steps.map(|step| (low(step), step)).find(|(_, step)| fits(step)).unwrap_or((least, 1))
}

#[allow(clippy::cast_precision_loss, reason = "counts of sellers are far below 2^52")]
fn float(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_steps_from_the_first_count_to_the_last_between_lines_that_stand_for_round_counts() {
        let curve = curve(&[1_000, 1_400, 1_800]);
        assert_eq!(curve.line, "M0 148.0H200.0V100.6H400.0V53.3H600.0");
        assert!(curve.area.ends_with("V148H0z"));
        assert_eq!((curve.upper, curve.lower), (2_000, 1_500));
    }

    #[test]
    fn nothing_one_count_and_a_count_that_stays_are_pictures_too() {
        for counts in [&[][..], &[0], &[7], &[5, 5, 5], &[0, 0]] {
            let curve = curve(counts);
            assert!(!curve.line.contains("NaN") && !curve.line.contains("inf"), "{counts:?}: {}", curve.line);
            assert!(curve.upper > curve.lower, "{counts:?}");
        }
    }

    #[test]
    fn every_count_lies_within_and_not_at_the_bottom_of_something_empty() {
        for (least, most) in [(0, 0), (0, 3), (151_200, 184_624), (999, 1_000), (1_000_000, 1_000_001)] {
            let (low, step) = scale(least, most);
            assert!(low <= least && float(most - low) < STEPS * float(step), "{least} to {most}: {low}, {step}");
        }
    }
}
