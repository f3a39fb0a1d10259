//! The price window: what an eBay listing may cost for it to count as a reseller of an Amazon product.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::money::Money;

/// A markup range in percent over the Amazon price; `80..=120` asks for `price x 1.8` to `price x 2.2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceWindow {
    /// Smallest markup in percent, at least -99.
    pub markup_min_percent: i32,
    /// Largest markup in percent, not below the smallest, at most 10,000.
    pub markup_max_percent: i32,
}

impl Default for PriceWindow {
    fn default() -> Self {
        Self { markup_min_percent: 80, markup_max_percent: 120 }
    }
}

impl PriceWindow {
    /// Lower and upper bound for a product of this price: the lower rounded down, the upper rounded up.
    #[must_use]
    pub fn bounds(&self, price: Money) -> (Money, Money) {
        let at = |percent: i32| i128::from(price.minor) * i128::from(100 + percent);
        let narrow = |minor: i128| i64::try_from(minor).unwrap_or(i64::MAX);
        let low = narrow(at(self.markup_min_percent).div_euclid(100));
        let high = narrow((at(self.markup_max_percent) + 99).div_euclid(100));
        (Money { minor: low, ..price }, Money { minor: high, ..price })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_default_window_is_one_point_eight_to_two_point_two() {
        let (low, high) = PriceWindow::default().bounds(Money::usd(1_000));
        assert_eq!((low, high), (Money::usd(1_800), Money::usd(2_200)));
    }

    proptest! {
        #[test]
        fn a_window_is_never_upside_down(cents in 1_i64..1_000_000_000, min in -99_i32..10_000, width in 0_i32..5_000) {
            let window = PriceWindow { markup_min_percent: min, markup_max_percent: min + width };
            let (low, high) = window.bounds(Money::usd(cents));
            prop_assert!(low <= high);
        }
    }
}
