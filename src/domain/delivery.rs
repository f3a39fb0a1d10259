//! How a notice is sent, and when it is sent again where it did not arrive: pure functions of how long it is tried and a
//! draw of chance.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// In which form a webhook takes notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Signed JSON with all facts, for programs.
    Generic,
    /// `{"text": "..."}`, which chat services take.
    Chat,
    /// Mail to people.
    Email,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Generic, Self::Chat, Self::Email];

    /// Its name on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Chat => "chat",
            Self::Email => "email",
        }
    }

    /// The form of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == name)
    }
}

/// The first wait.
pub const WAIT_MIN: Duration = Duration::from_secs(5);
/// Longest wait between two tries.
pub const WAIT_MAX: Duration = Duration::from_secs(4 * 60 * 60);
/// How long it is tried.
pub const TRIED_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// After how long without one arrival a webhook is switched off.
pub const FAILING_MAX: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The wait after a failure, for a notice that is tried for so long: as long again, so that tries grow apart, and between
/// half and all of that, so that what failed together does not come back together. `None` where it is given up. `chance` is
/// a draw from `0.0..1.0`.
#[must_use]
pub fn wait_before_next(tried: Duration, chance: f64) -> Option<Duration> {
    let whole = tried.clamp(WAIT_MIN, WAIT_MAX);
    (tried < TRIED_MAX).then(|| whole.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_stay_within_their_bounds(tried in 0_u64..200_000, chance in 0.0_f64..1.0) {
            match wait_before_next(Duration::from_secs(tried), chance) {
                Some(wait) => prop_assert!(wait >= WAIT_MIN / 2 && wait <= WAIT_MAX && tried < TRIED_MAX.as_secs()),
                None => prop_assert!(tried >= TRIED_MAX.as_secs()),
            }
        }

        #[test]
        fn a_day_of_failures_is_a_bounded_number_of_tries(chance in 0.0_f64..1.0) {
            let (mut tried, mut tries) = (Duration::ZERO, 0);
            while let Some(wait) = wait_before_next(tried, chance) {
                tried += wait;
                tries += 1;
            }
            prop_assert!((14..60).contains(&tries), "{} tries", tries);
        }
    }
}
