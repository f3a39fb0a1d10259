//! What a result page says, as values. Nothing here reads HTML.
use std::collections::HashMap;

use serde::Serialize;

use super::listing::Listing;
use super::percent::Percent;

/// What kind of answer a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Result cards, and sellers on them.
    Page,
    /// A result page on which nothing was found.
    Empty,
    /// A gallery: it never shows sellers, so their absence says nothing.
    WrongView,
    /// A list whose cards show no seller at all: a layout that does not tell.
    SellersHidden,
    /// A bot check or an error page.
    Blocked,
    /// Some other page, or results in a form that cannot be read.
    NotResults,
}

/// Generation of a result page's markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Layout {
    /// Since 2025.
    #[serde(rename = "s-card")]
    SCard,
    /// Before.
    #[serde(rename = "s-item")]
    SItem,
}

/// How the cards are laid out. Sellers are shown in the list only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// One card a row.
    List,
    /// A gallery.
    Grid,
}

/// Which results a card belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// What was asked for.
    Main,
    /// Fill that ignores words or filters of the search.
    OffFilter,
}

/// One result page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page {
    /// What kind of answer this is.
    pub outcome: Outcome,
    /// The markup's generation; none where the page is no result page.
    pub layout: Option<Layout>,
    /// List or gallery; none where the page is no result page.
    pub view: Option<View>,
    /// Results that the heading reports for the whole search.
    pub total: Option<u64>,
    /// Whether the heading says "at least" (`1,300+`).
    pub total_is_floor: bool,
    /// Whether the page links to a next one.
    pub has_more: bool,
    /// Result cards, placeholders not counted.
    pub cards: usize,
    /// The cards in page order.
    pub listings: Vec<Listing>,
}

/// A seller on a page, with the number of its cards in one section.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SellerSummary {
    /// As shown.
    pub name: String,
    /// Share of positive feedback; none for an unrated seller.
    pub feedback_percent: Option<Percent>,
    /// Number of ratings.
    pub feedback_count: Option<u64>,
    /// Whether the count was shown rounded (`1.2K`).
    pub feedback_count_approx: bool,
    /// The section of these cards; a seller in both has two entries.
    pub section: Section,
    /// Cards of this seller in this section.
    pub listings: usize,
}

impl Page {
    /// The sellers in order of first appearance, one entry for each name and section.
    pub fn sellers(&self) -> Vec<SellerSummary> {
        let mut summaries: Vec<SellerSummary> = Vec::new();
        let mut places: HashMap<(&str, Section), usize> = HashMap::new();
        for listing in &self.listings {
            let Some(seller) = &listing.seller else { continue };
            let place = *places.entry((&seller.name, listing.section)).or_insert_with(|| {
                summaries.push(SellerSummary {
                    name: seller.name.clone(),
                    feedback_percent: seller.feedback_percent,
                    feedback_count: seller.feedback_count,
                    feedback_count_approx: seller.feedback_count_approx,
                    section: listing.section,
                    listings: 0,
                });
                summaries.len() - 1
            });
            summaries[place].listings += 1;
        }
        summaries
    }
}
