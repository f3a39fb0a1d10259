//! Products as the Amazon phase finds them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::money::Money;

/// An Amazon Standard Identification Number: ten letters or digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
pub struct Asin(String);

impl Asin {
    /// Reads an ASIN; `None` for anything but ten ASCII letters or digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() == 10 && text.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| Self(text.to_ascii_uppercase()))
    }

    /// The ASIN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Asin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Asin> for String {
    fn from(asin: Asin) -> Self {
        asin.0
    }
}

impl TryFrom<String> for Asin {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not an ASIN"))
    }
}

/// One row of a Best Sellers page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The product's identity on Amazon.
    pub asin: Asin,
    /// Its place in the category, 1..=100.
    pub rank: i32,
    /// Its full title; `None` where the row has none.
    pub title: Option<String>,
    /// Its price; `None` where the row has none (null, absent and 0 mean the same).
    pub price: Option<Money>,
    /// Its page, without tracking parameters.
    pub url: Option<String>,
}

/// Why a product is not searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The product has no title to search for, or none with a letter or digit in it.
    NoTitle,
    /// The product has no price to make a window from.
    NoPrice,
    /// The category holds no products.
    NoProducts,
    /// Its search, with the same settings, is fresher than the run asks for.
    RecentlySearched,
}

impl SkipReason {
    /// Every reason.
    const ALL: [Self; 4] = [Self::NoTitle, Self::NoPrice, Self::NoProducts, Self::RecentlySearched];

    /// The reason of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// What it says to people.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::NoTitle => "it has no title to search for",
            Self::NoPrice => "it has no price, and the price window needs one",
            Self::NoProducts => "the category holds no products",
            Self::RecentlySearched => {
                "its search with the same settings is fresher than skip_searched_within_days asks for"
            }
        }
    }

    /// The name that rows use (`error_code` of a skipped task).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoTitle => "no_title",
            Self::NoPrice => "no_price",
            Self::NoProducts => "no_products",
            Self::RecentlySearched => "recently_searched",
        }
    }
}

impl Product {
    /// Why this product cannot be searched, if it cannot. `needs_price` is false where a run's price filter is off.
    #[must_use]
    pub fn skip_reason(&self, needs_price: bool) -> Option<SkipReason> {
        match (&self.title, self.price) {
            (None, _) => Some(SkipReason::NoTitle),
            (Some(title), _) if !title.contains(char::is_alphanumeric) => Some(SkipReason::NoTitle),
            (_, None) if needs_price => Some(SkipReason::NoPrice),
            _ => None,
        }
    }
}
