//! When to ask again: pure functions of the attempt, the kind of failure and a draw of chance.

use std::time::Duration;

/// Longest wait between two attempts of a page.
pub const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Longest wait that a provider's own word (`Retry-After`) is granted.
pub const RATE_LIMIT_WAIT_MAX: Duration = Duration::from_secs(120);

/// The wait after failed attempt number `attempt` (1 is the first): exponential with full jitter, so that workers that
/// failed together do not come back together. `chance` is a draw from `0.0..1.0`.
#[must_use]
pub fn backoff(base: Duration, attempt: u32, chance: f64) -> Duration {
    let doubled = base.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(BACKOFF_MAX).mul_f64(chance.clamp(0.0, 1.0))
}

/// The wait after a rate-limited answer: the run's own wait or the provider's word, whichever is longer, but never
/// longer than [`RATE_LIMIT_WAIT_MAX`].
#[must_use]
pub fn rate_limit_wait(own: Duration, stated: Option<Duration>) -> Duration {
    own.max(stated.unwrap_or_default()).min(RATE_LIMIT_WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stated_wait_wins_when_it_is_longer_and_is_capped() {
        let own = Duration::from_secs(5);
        assert_eq!(rate_limit_wait(own, None), own);
        assert_eq!(rate_limit_wait(own, Some(Duration::from_secs(1))), own);
        assert_eq!(rate_limit_wait(own, Some(Duration::from_secs(40))), Duration::from_secs(40));
        assert_eq!(rate_limit_wait(own, Some(Duration::from_secs(4_000))), RATE_LIMIT_WAIT_MAX);
    }

    proptest! {
        #[test]
        fn back_off_stays_within_its_bounds(base_ms in 0_u64..600_000, attempt in 0_u32..10_000, chance in 0.0_f64..1.0) {
            let wait = backoff(Duration::from_millis(base_ms), attempt, chance);
            prop_assert!(wait <= BACKOFF_MAX);
            if attempt <= 1 {
                prop_assert!(wait <= Duration::from_millis(base_ms));
            }
        }

        #[test]
        fn with_the_same_draw_a_later_attempt_never_waits_less(attempt in 1_u32..100, chance in 0.0_f64..1.0) {
            let base = Duration::from_millis(1_000);
            prop_assert!(backoff(base, attempt, chance) <= backoff(base, attempt + 1, chance));
        }
    }
}
