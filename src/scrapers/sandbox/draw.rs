//! Chance that a key decides: the same seed and the same key give the same draws, in any order and on any thread.

use std::f64::consts::TAU;

/// A stream of draws.
#[derive(Clone)]
pub(super) struct Draw(u64);

impl Draw {
    /// The stream of a key. Different `what`s of one seed have nothing in common.
    pub(super) fn new(seed: u64, what: &str, parts: &[u64]) -> Self {
        let mut state = mix(seed ^ 0x5eed_0f0a_11ce_b00c);
        for byte in what.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        for part in parts {
            state = mix(state.rotate_left(23) ^ *part);
        }
        Self(state)
    }

    /// 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// From `0.0..1.0`.
    pub(super) fn share(&mut self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
        let share = (self.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        share
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// From `0..end`; 0 where `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let wide = (u128::from(self.bits()) * end as u128) >> 64;
        usize::try_from(wide).unwrap_or(0)
    }

    /// One of several.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// From a normal distribution.
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.share()).ln()).sqrt();
        radius * (TAU * self.share()).cos()
    }

    /// From a lognormal distribution with this median; `sigma` is the deviation of the logarithm.
    pub(super) fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }
}

/// The key of a text.
pub(super) fn key(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A bijection of 64 bits that leaves nothing of the pattern (the finaliser of SplitMix64, Steele and others 2014).
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_decides_its_draws_and_keys_differ() {
        let draws = |seed, what, part| {
            let mut draw = Draw::new(seed, what, &[part]);
            [draw.bits(), draw.bits()]
        };
        assert_eq!(draws(1, "price", 7), draws(1, "price", 7));
        for other in [draws(2, "price", 7), draws(1, "title", 7), draws(1, "price", 8)] {
            assert_ne!(draws(1, "price", 7), other);
        }
    }

    #[test]
    fn draws_are_spread_as_they_say() {
        let mut draw = Draw::new(1, "spread", &[]);
        let below: Vec<usize> = (0..10_000).map(|_| draw.below(10)).collect();
        assert!((0..10).all(|value| (900..1_100).contains(&below.iter().filter(|drawn| **drawn == value).count())));
        let medians = (0..10_000).filter(|_| draw.lognormal(50.0, 1.0) < 50.0).count();
        assert!((4_800..5_200).contains(&medians), "{medians}");
        assert_eq!(draw.below(0), 0);
    }
}
