//! A feedback percentage, exact as shown.
use std::fmt;

use serde::{Serialize, Serializer};

use super::number::digit;

/// A share of positive feedback in hundredths of a percent, 0 to 10,000: eBay shows at most one decimal, and two fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Percent(u16);

impl Percent {
    /// In hundredths of a percent; none above 100 %.
    pub fn from_hundredths(hundredths: u16) -> Option<Self> {
        (hundredths <= 10_000).then_some(Self(hundredths))
    }

    /// In hundredths of a percent.
    pub fn hundredths(self) -> u16 {
        self.0
    }

    /// As a number, 98.7 for 98.7 %.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// Reads `98`, `98.7`, `98,7`, `98٫7`, in any script's digits.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut hundredths: u16 = 0;
        let mut decimals: Option<u8> = None;
        let mut digits = 0;
        for character in text.chars() {
            match (digit(character), decimals) {
                (Some(value), None) if digits < 3 => {
                    hundredths = hundredths.checked_mul(10)?.checked_add(u16::from(value) * 100)?;
                    digits += 1;
                }
                (Some(value), Some(place @ 0..=1)) => {
                    hundredths = hundredths.checked_add(u16::from(value) * if place == 0 { 10 } else { 1 })?;
                    decimals = Some(place + 1);
                }
                (None, None) if digits > 0 && matches!(character, '.' | ',' | '٫' | '．' | '，') => {
                    decimals = Some(0)
                }
                _ => return None,
            }
        }
        (digits > 0 && decimals != Some(0)).then(|| Self::from_hundredths(hundredths))?
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.as_f64())
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_read_with_point_or_comma_in_any_digits() {
        for (text, hundredths) in [
            ("98.7", 9870),
            ("98,7", 9870),
            ("100", 10_000),
            ("0", 0),
            ("99.95", 9995),
            ("９８．７", 9870),
            ("٩٨٫٧", 9870),
        ] {
            assert_eq!(Percent::read(text).map(Percent::hundredths), Some(hundredths), "{text}");
        }
    }

    #[test]
    fn what_is_no_percentage_is_refused() {
        for text in ["", ".", "101", "1000", "98.", "98.7.1", "a", "-5", "98.765", ".5"] {
            assert_eq!(Percent::read(text), None, "{text}");
        }
    }

    #[test]
    fn it_serialises_as_the_number_that_was_shown() {
        assert_eq!(serde_json::to_string(&Percent::read("98,7").unwrap()).unwrap(), "98.7");
    }
}
