//! Sellers: identity by normalised name, and sightings with their evidence.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::money::Money;

/// The marketplace an account belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// eBay.
    Ebay,
}

impl Platform {
    /// The name that rows and exports use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ebay => "ebay",
        }
    }
}

/// Most characters of an identity. A marketplace allows 64; an index entry of the database holds about 2,700 bytes, and a
/// damaged page must not bring a name that cannot be kept.
const IDENTITY_CHARS_MAX: usize = 500;

/// A seller's identity: Unicode NFKC, trimmed, inner white space collapsed to one space, lower-cased, cut to 500
/// characters. NUL, which no database keeps in text, becomes U+FFFD.
#[must_use]
pub fn normalise(name: &str) -> String {
    // ASCII is composed as it is, in either case.
    let is_ascii = name.is_ascii() && !name.contains('\0');
    let folded: String = if is_ascii { name.to_owned() } else { name.replace('\0', "\u{fffd}").nfkc().collect() };
    let spaced = folded.split_whitespace().collect::<Vec<_>>().join(" ");
    if is_ascii {
        let cut = &spaced[..spaced.len().min(IDENTITY_CHARS_MAX)];
        return cut.trim_end().to_ascii_lowercase();
    }
    // Lower-casing can leave a string that NFKC would change again (for example `İ`), so it is composed once more.
    let identity: String = spaced.to_lowercase().nfkc().take(IDENTITY_CHARS_MAX).collect();
    identity.trim_end().to_owned()
}

/// A seller's place among an organisation's sellers in the order in which they came to be seen; 0 is before the first. As
/// text it is the cursor of new sellers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival(pub i64);

impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a{}", self.0)
    }
}

/// A text that is no [`Arrival`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoArrival;

impl FromStr for Arrival {
    type Err = NoArrival;

    fn from_str(text: &str) -> Result<Self, NoArrival> {
        let digits = text.strip_prefix('a').filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        digits.and_then(|digits| digits.parse().ok()).map(Self).ok_or(NoArrival)
    }
}

/// One listing of one seller on one result page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// The name as the page spells it.
    pub name: String,
    /// Positive feedback in tenths of a percent (98.7 % is 987); `None` for an unrated seller.
    pub feedback_tenths: Option<i16>,
    /// How many ratings, rounded where `feedback_approx` says so.
    pub feedback_count: Option<i64>,
    /// The page shows the count rounded (`1.2K`).
    pub feedback_approx: bool,
    /// The listing: eBay's item id.
    pub listing_id: Option<String>,
    /// The listing's title.
    pub title: String,
    /// The listing's price, where it can be told exactly.
    pub price: Option<Money>,
    /// The listing's address, without tracking parameters.
    pub link: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spelling_case_width_and_spaces_do_not_make_another_seller() {
        assert_eq!(normalise("  Top\u{a0} Dog\tShop "), "top dog shop");
        assert_eq!(normalise("ＡＢＣ１２３"), "abc123");
        assert_eq!(normalise("Cafe\u{301}"), normalise("café"));
    }

    #[test]
    fn a_name_that_no_database_could_keep_has_an_identity_all_the_same() {
        assert_eq!(normalise("a\0B"), "a\u{fffd}b");
        assert_eq!(normalise(&"x".repeat(10_000)).len(), 500);
        assert_eq!(normalise(&format!("{} {}", "x".repeat(499), "y")).len(), 499);
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(name in "\\PC{0,40}") {
            let once = normalise(&name);
            prop_assert_eq!(normalise(&once), once);
        }
    }
}
