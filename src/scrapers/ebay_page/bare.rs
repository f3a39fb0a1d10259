//! Judges a page without a result card: nothing found, kept out, or something else.
use super::dom::Dom;
use super::mark::Marks;
use super::outline::Outline;
use super::page::Outcome;

/// Elements of a bot check or an error page; pages with content have over a thousand.
const BARE_ELEMENTS_MAX: usize = 250;
/// Elements up to which a title is believed that sounds like a block page.
const BLOCK_ELEMENTS_MAX: usize = 1_000;

/// How the titles of bot checks, gateways and error pages begin to sound, in lower case.
const BLOCK_TITLES: [&str; 17] = [
    "pardon our interruption",
    "error page",
    "security measure",
    "service unavailable",
    "temporarily unavailable",
    "access denied",
    "access to this page has been denied",
    "captcha",
    "robot",
    "just a moment",
    "attention required",
    "checking your browser",
    "too many requests",
    "forbidden",
    "bad gateway",
    "gateway time",
    "internal server error",
];

impl Outline {
    /// The outcome of a page on which no result card was found. `total` is what its heading reports.
    pub(super) fn outcome_without_cards(&self, dom: &Dom, total: Option<u64>) -> Outcome {
        if self.has_null_search {
            return Outcome::Empty;
        }
        if self.heading.is_some() {
            // A heading that counts results beside a list without them is a cut or unknown form, never "nothing found".
            return match total {
                Some(0) => Outcome::Empty,
                Some(_) => Outcome::NotResults,
                None if self.has_unknown_items => Outcome::NotResults,
                None => Outcome::Empty,
            };
        }
        let title = self.title.map(|title| dom.text(title, Marks::NONE).to_lowercase()).unwrap_or_default();
        let sounds_blocked = BLOCK_TITLES.iter().any(|block| title.contains(block));
        if sounds_blocked && self.elements <= BLOCK_ELEMENTS_MAX {
            return Outcome::Blocked;
        }
        if self.elements <= BARE_ELEMENTS_MAX && !self.has_subject && !self.has_list {
            return Outcome::Blocked;
        }
        Outcome::NotResults
    }
}
