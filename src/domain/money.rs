//! Money in integer minor units with its currency; never a float, never a guess about cents.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An ISO 4217 code, three capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// United States dollar.
    pub const USD: Self = Self(*b"USD");

    /// Reads a three-letter code, in either case; `None` for anything else.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.trim().as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphabetic).then(|| Self(bytes.map(|b| b.to_ascii_uppercase())))
    }

    /// The code as text.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// How many minor units make a major one, as a power of ten (ISO 4217: none for the yen and a few others).
    #[must_use]
    pub fn exponent(&self) -> u32 {
        match &self.0 {
            b"JPY" | b"KRW" | b"VND" | b"CLP" | b"ISK" => 0,
            b"KWD" | b"BHD" | b"OMR" | b"TND" | b"JOD" => 3,
            _ => 2,
        }
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl TryFrom<String> for Currency {
    type Error = String;
    fn try_from(code: String) -> Result<Self, Self::Error> {
        Self::parse(&code).ok_or_else(|| format!("`{code}` is not a three-letter currency code"))
    }
}

/// An amount in minor units (cents for dollars).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Money {
    /// Minor units: `$12.99` is 1299.
    pub minor: i64,
    /// In which currency.
    pub currency: Currency,
}

impl Money {
    /// An amount of United States cents.
    #[must_use]
    pub fn usd(cents: i64) -> Self {
        Self { minor: cents, currency: Currency::USD }
    }

    /// Reads a plain decimal in *major* units: digits with an optional point and commas as thousands separators, such
    /// as `1,299.00`, `1299` or `12.9`. `None` where it is not one, is negative, or is too large.
    #[must_use]
    pub fn from_decimal(text: &str, currency: Currency) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole: String = whole.chars().filter(|c| *c != ',').collect();
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 13 || !digits(&whole) || !digits(fraction) {
            return None;
        }
        let places = currency.exponent() as usize;
        let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(places).collect();
        let rounds_up = fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5');
        let minor = format!("{whole}{kept}").parse::<i64>().ok()?.checked_add(i64::from(rounds_up))?;
        Some(Self { minor, currency })
    }
}

impl fmt::Display for Money {
    /// `$12.99` for dollars, `12.99 EUR` for the rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = self.currency.exponent();
        let scale = 10_i64.pow(exponent);
        let sign = if self.minor < 0 { "-" } else { "" };
        let (major, rest) = ((self.minor / scale).abs(), (self.minor % scale).abs());
        let digits =
            if exponent == 0 { major.to_string() } else { format!("{major}.{rest:0w$}", w = exponent as usize) };
        if self.currency == Currency::USD {
            write!(f, "{sign}${digits}")
        } else {
            write!(f, "{sign}{digits} {}", self.currency.code())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_major_units_and_a_whole_number_is_not_cents() {
        let read = |text| Money::from_decimal(text, Currency::USD).map(|money| money.minor);
        assert_eq!(read("1,299.00"), Some(129_900));
        assert_eq!(read("1299"), Some(129_900));
        assert_eq!(read("12.99"), Some(1_299));
        assert_eq!(read("12.9"), Some(1_290));
        assert_eq!(read("12.999"), Some(1_300));
        for nonsense in ["", ".", "-1", "1.2.3", "12,99x", "NaN", "99999999999999999999"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn amounts_are_shown_with_their_currency() {
        assert_eq!(Money::usd(129_905).to_string(), "$1299.05");
        let yen = Currency::parse("jpy").map(|currency| Money { minor: 500, currency }.to_string());
        assert_eq!(yen.as_deref(), Some("500 JPY"));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(cents in 0_i64..10_000_000_000) {
            let shown = Money::usd(cents).to_string();
            prop_assert_eq!(Money::from_decimal(&shown[1..], Currency::USD), Some(Money::usd(cents)));
        }
    }
}
