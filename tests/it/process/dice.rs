//! Moments that a seed decides: `GLEANER_SEED`, or a fixed one. It is said at the beginning, so that a failure can be played
//! again.

use std::ops::Range;
use std::time::Duration;

use gleaner::clock::Clock;
use tokio::time::sleep;

/// A seed and what it decides.
pub struct Dice {
    pub seed: u64,
    clock: Clock,
}

impl Dice {
    pub fn new() -> Self {
        Self::of_round(0)
    }

    /// For the scenario's round of this number: the seed's, and those of the numbers behind it.
    pub fn of_round(round: u64) -> Self {
        let first: u64 = std::env::var("GLEANER_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_260_101);
        let seed = first + round;
        eprintln!("GLEANER_SEED={seed}");
        Self { seed, clock: Clock::seeded(seed) }
    }

    pub fn of(&self, range: Range<u32>) -> u64 {
        let width = f64::from(range.end - range.start);
        (f64::from(range.start) + self.clock.chance() * width).floor() as u64
    }

    /// Falls anywhere between two requests, or in the middle of a commit.
    pub async fn a_moment(&self, ms: Range<u32>) {
        sleep(Duration::from_millis(self.of(ms))).await;
    }
}
