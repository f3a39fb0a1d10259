//! What was asked of a sandbox: by kind, by page, by outcome. Kept so that a test can say what a run really did.

use std::collections::BTreeMap;

use serde::Serialize;

/// Pages that are counted one by one; further ones are counted in `pages_beyond`.
const PAGES_MAX: usize = 200_000;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A page of Best Sellers.
    BestSellers,
    /// A page of a seller search.
    SellerSearch,
}

/// A page that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PageId {
    pub(super) kind: Kind,
    /// The browse node, or the search words with their price window.
    pub(super) key: String,
    pub(super) page: usize,
}

/// How often a page was asked for, and answered as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PageCount {
    /// Requests.
    pub asked: u64,
    /// Of those, requests that got their page.
    pub answered: u64,
}

/// The counts of a sandbox since its start.
#[derive(Default)]
pub(super) struct Counts {
    requests: BTreeMap<Kind, u64>,
    refused: u64,
    outcomes: BTreeMap<&'static str, u64>,
    pages: BTreeMap<PageId, PageCount>,
    pages_beyond: u64,
    in_flight: u64,
    in_flight_max: u64,
    fetched: u64,
}

/// A page's line in the counts.
#[derive(Serialize)]
struct PageLine<'a> {
    kind: Kind,
    key: &'a str,
    page: usize,
    #[serde(flatten)]
    count: PageCount,
}

impl Counts {
    /// A request that is no query for a page: broken, unauthorised.
    pub(super) fn refuse(&mut self) {
        self.refused += 1;
    }

    /// A request for a page came.
    pub(super) fn ask(&mut self, page: &PageId) {
        *self.requests.entry(page.kind).or_default() += 1;
        self.in_flight += 1;
        self.in_flight_max = self.in_flight_max.max(self.in_flight);
        if let Some(count) = self.pages.get_mut(page) {
            count.asked += 1;
        } else if self.pages.len() < PAGES_MAX {
            self.pages.insert(page.clone(), PageCount { asked: 1, answered: 0 });
        } else {
            self.pages_beyond += 1;
        }
    }

    /// A request's answer leaves.
    pub(super) fn answer(&mut self, page: &PageId, outcome: &'static str, is_page: bool) {
        *self.outcomes.entry(outcome).or_default() += 1;
        if let Some(count) = self.pages.get_mut(page).filter(|_| is_page) {
            count.answered += 1;
        }
    }

    /// A job's answer is fetched for the first time.
    pub(super) fn fetch(&mut self) {
        self.fetched += 1;
    }

    /// A request is over, whether its answer left or its sender did.
    pub(super) fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The counts as JSON; `with_pages` adds a line for each page.
    pub(super) fn shown(&self, with_pages: bool) -> serde_json::Value {
        let total: u64 = self.requests.values().sum();
        let of = |kind| self.requests.get(&kind).copied().unwrap_or(0);
        let mut shown = serde_json::json!({
            "requests": total,
            "best_sellers": of(Kind::BestSellers),
            "seller_search": of(Kind::SellerSearch),
            "refused": self.refused,
            "outcomes": self.outcomes,
            "in_flight": self.in_flight,
            "in_flight_max": self.in_flight_max,
            "fetched": self.fetched,
            "pages_beyond": self.pages_beyond,
        });
        if with_pages {
            let lines = self.pages.iter().map(|(id, count)| PageLine {
                kind: id.kind,
                key: &id.key,
                page: id.page,
                count: *count,
            });
            shown["pages"] = lines.filter_map(|line| serde_json::to_value(line).ok()).collect();
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_kind_page_and_outcome() {
        let mut counts = Counts::default();
        let page = PageId { kind: Kind::SellerSearch, key: "tea".to_owned(), page: 2 };
        counts.ask(&page);
        counts.ask(&page);
        counts.answer(&page, "http408", false);
        counts.leave();
        counts.answer(&page, "page", true);
        let shown = counts.shown(true);
        assert_eq!(
            (&shown["requests"], &shown["seller_search"], &shown["best_sellers"]),
            (&2.into(), &2.into(), &0.into())
        );
        assert_eq!((&shown["in_flight"], &shown["in_flight_max"]), (&1.into(), &2.into()));
        assert_eq!(shown["outcomes"], serde_json::json!({"http408": 1, "page": 1}));
        let line = serde_json::json!({"kind": "seller_search", "key": "tea", "page": 2, "asked": 2, "answered": 1});
        assert_eq!(shown["pages"][0], line);
        assert!(counts.shown(false).get("pages").is_none());
    }
}
