//! What a vendor asks for its answers: a price per 1,000, and sums that lose nothing to rounding.
//!
//! Sums are whole micro-units (millionths of a dollar): one answer costs far less than a cent. They become money, in minor
//! units, only when they are shown.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::money::{Currency, Money};

/// Micro-units of a major unit.
const MICROS: i128 = 1_000_000;
/// Most digits behind the point of a price.
const PLACES_MAX: usize = 6;
/// Most digits before it.
const DIGITS_MAX: usize = 9;

/// A price per 1,000 answers, in micro-units of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerThousand {
    micros: i64,
    currency: Currency,
}

impl PerThousand {
    /// Reads a decimal with its currency, as `1.35 USD`.
    ///
    /// # Errors
    /// What is allowed, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let allowed = || format!("`{text}` is no price; a decimal with its currency is, such as \"1.35 USD\"");
        let (amount, code) = text.trim().rsplit_once(' ').ok_or_else(allowed)?;
        let currency = Currency::parse(code).ok_or_else(allowed)?;
        let (whole, fraction) = amount.trim().split_once('.').unwrap_or((amount.trim(), ""));
        let digits = |part: &str, most: usize| part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole, DIGITS_MAX) || !digits(fraction, PLACES_MAX) {
            return Err(allowed());
        }
        let micros = format!("{whole}{fraction:0<PLACES_MAX$}").parse().map_err(|_| allowed())?;
        Ok(Self { micros, currency })
    }
}

/// What answers cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    plain: PerThousand,
    rendered: PerThousand,
}

impl Prices {
    /// Prices of plain and of rendered answers; without a price of their own, rendered ones cost what the others do.
    ///
    /// # Errors
    /// Where the two are in different currencies.
    pub fn new(plain: PerThousand, rendered: Option<PerThousand>) -> Result<Self, String> {
        let rendered = rendered.unwrap_or(plain);
        if plain.currency == rendered.currency {
            return Ok(Self { plain, rendered });
        }
        let (one, other) = (plain.currency.code(), rendered.currency.code());
        Err(format!("is in {other}, and price_per_1000 in {one}; both must be in one currency"))
    }

    /// What so many billed answers come to.
    #[must_use]
    pub fn bill(&self, plain: i64, rendered: i64) -> Bill {
        let thousands =
            i128::from(plain) * i128::from(self.plain.micros) + i128::from(rendered) * i128::from(self.rendered.micros);
        Bill::of(i64::try_from((thousands + 500) / 1_000).unwrap_or(i64::MAX), self.plain.currency)
    }
}

/// A sum of money as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bill {
    /// The exact sum in micro-units (millionths of the currency's major unit).
    pub micros: i64,
    /// The same rounded to minor units (cents).
    pub minor: i64,
    /// In which currency.
    pub currency: Currency,
    /// For people.
    pub text: String,
}

impl Bill {
    fn of(micros: i64, currency: Currency) -> Self {
        let per_minor = MICROS / 10_i128.pow(currency.exponent());
        let minor = i64::try_from((i128::from(micros) + per_minor / 2) / per_minor).unwrap_or(i64::MAX);
        let shown = Money { minor, currency };
        let text = if minor == 0 && micros > 0 {
            format!("less than {}", Money { minor: 1, currency })
        } else {
            shown.to_string()
        };
        Self { micros, minor, currency, text }
    }
}

impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn per_thousand(text: &str) -> PerThousand {
        PerThousand::parse(text).expect("a price")
    }

    #[test]
    fn a_single_answer_is_not_rounded_away() {
        let prices = Prices::new(per_thousand("1.35 USD"), Some(per_thousand("1.6 usd"))).expect("one currency");
        let one = prices.bill(1, 0);
        assert_eq!((one.micros, one.minor, one.text.as_str()), (1_350, 0, "less than $0.01"));
        let many = prices.bill(449, 6);
        assert_eq!((many.micros, many.minor, many.text.as_str()), (615_750, 62, "$0.62"));
        assert_eq!(prices.bill(0, 0).text, "$0.00");
    }

    #[test]
    fn rendered_answers_cost_what_the_others_do_unless_they_have_a_price() {
        let prices = Prices::new(per_thousand("2 EUR"), None).expect("one currency");
        assert_eq!(prices.bill(500, 500).text, "2.00 EUR");
    }

    #[test]
    fn what_is_no_price_is_refused_with_what_is_allowed() {
        for text in ["", "1.35", "USD", "1,35 USD", "-1 USD", ".5 USD", "1.0000001 USD", "1.35 dollars", "1e3 USD"] {
            let error = PerThousand::parse(text).expect_err(text);
            assert!(error.contains("\"1.35 USD\""), "{error}");
        }
        let error = Prices::new(per_thousand("1 USD"), Some(per_thousand("1 EUR"))).expect_err("two currencies");
        assert!(error.contains("EUR") && error.contains("USD"), "{error}");
    }

    proptest! {
        #[test]
        fn a_sum_of_bills_is_the_bill_of_the_sum(plain in 0_i64..1_000_000, rendered in 0_i64..1_000_000) {
            let prices = Prices::new(per_thousand("0.475 USD"), Some(per_thousand("1.35 USD"))).expect("one currency");
            let single = plain * prices.bill(1, 0).micros + rendered * prices.bill(0, 1).micros;
            prop_assert_eq!(prices.bill(plain, rendered).micros, single);
        }
    }
}
