//! A price, only where amount and currency can be told exactly from the text alone.
use serde::Serialize;

use super::number::digit;

/// An exact price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Price {
    /// In hundredths of the currency's unit, whatever the currency: pages show two decimals or none.
    pub minor: i64,
    /// Three letters, as ISO 4217 has them.
    pub currency: &'static str,
}

/// Signs and codes that mean one currency only on every site of the shop.
const CURRENCIES: [(&str, &str); 22] = [
    ("US $", "USD"),
    ("AU $", "AUD"),
    ("C $", "CAD"),
    ("HK$", "HKD"),
    ("NT$", "TWD"),
    ("USD", "USD"),
    ("EUR", "EUR"),
    ("GBP", "GBP"),
    ("AUD", "AUD"),
    ("CAD", "CAD"),
    ("CHF", "CHF"),
    ("PLN", "PLN"),
    ("JPY", "JPY"),
    ("KRW", "KRW"),
    ("IDR", "IDR"),
    ("INR", "INR"),
    ("MXN", "MXN"),
    ("S/.", "PEN"),
    ("£", "GBP"),
    ("€", "EUR"),
    ("円", "JPY"),
    ("$", "USD"),
];

impl Price {
    /// Reads `$21.99`, `EUR 17,72`, `3,858 円`. None for a range, an unknown currency, an amount that can be read two ways.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (amount, currency) = CURRENCIES.iter().find_map(|(sign, currency)| {
            let amount = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign))?;
            Some((amount.trim(), *currency))
        })?;
        Some(Self { minor: hundredths(amount)?, currency })
    }
}

/// `1,234.50`, `1.234,50`, `1 234`: the last separator parts decimals if exactly two digits follow it.
fn hundredths(amount: &str) -> Option<i64> {
    let is_separator = |character: char| matches!(character, '.' | ',' | '\'' | '’') || character.is_whitespace();
    let groups: Vec<&str> = amount.split(is_separator).collect();
    if groups.iter().any(|group| group.is_empty() || group.chars().any(|character| digit(character).is_none())) {
        return None;
    }
    let (decimals, whole) = match groups.split_last()? {
        (last, rest) if !rest.is_empty() && last.chars().count() == 2 => (Some(*last), rest),
        _ => (None, &groups[..]),
    };
    if whole.iter().skip(1).any(|group| group.chars().count() != 3) {
        return None;
    }
    let digits = whole.iter().chain(decimals.iter()).flat_map(|group| group.chars()).filter_map(digit);
    let number =
        digits.take(18).try_fold(0_i64, |number, value| number.checked_mul(10)?.checked_add(i64::from(value)))?;
    if decimals.is_some() { Some(number) } else { number.checked_mul(100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_price_is_exact_and_a_range_is_left_open() {
        for (text, minor, currency) in [
            ("$21.99", 2199, "USD"),
            ("$1,234.50", 123_450, "USD"),
            ("EUR 17,72", 1772, "EUR"),
            ("EUR 1.234,50", 123_450, "EUR"),
            ("17,72 €", 1772, "EUR"),
            ("C $5.00", 500, "CAD"),
            ("3,858 円", 385_800, "JPY"),
            ("£3", 300, "GBP"),
            ("USD9.75", 975, "USD"),
        ] {
            assert_eq!(Price::read(text), Some(Price { minor, currency }), "{text}");
        }
        for text in ["", "$", "$5.99 to $14.99", "free", "9.75", "$9.7", "XYZ 5.00", "R$ 5,00", "$1,23,456"] {
            assert_eq!(Price::read(text), None, "{text}");
        }
    }
}
