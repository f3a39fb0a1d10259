//! Reads an eBay search result page: its sellers, and what kind of answer it is. It neither fetches nor decides what to
//! do about a page.
mod bare;
mod character;
mod dom;
mod heading;
mod listing;
mod mark;
mod number;
mod outline;
mod page;
mod percent;
mod price;
mod reader;
mod report;
mod scanner;
mod seller_text;
mod tree;

pub use listing::Listing;
pub use page::{Layout, Outcome, Page, Section, SellerSummary, View};
pub use percent::Percent;
pub use price::Price;
pub use report::{ParseReport, table};
pub use seller_text::SellerText;

use outline::Outline;

/// Reads one page. Any text is accepted; what is no result page has no listings and an outcome that says so.
pub fn parse(html: &str) -> Page {
    let dom = reader::read(html);
    let outline = Outline::of(&dom);
    let total = outline
        .heading
        .and_then(|heading| heading::total(&dom, heading, outline.query.as_deref(), outline.language.as_deref()));
    let listings: Vec<Listing> = outline
        .cards(total.as_ref().map(|total| total.count))
        .map(|(card, section)| listing::read(&dom, card, section, outline.language.as_deref()))
        .filter(|listing| !listing.is_placeholder())
        .collect();
    let view = outline.view();
    let outcome = if listings.is_empty() {
        outline.outcome_without_cards(&dom, total.as_ref().map(|total| total.count))
    } else if view == Some(View::Grid) {
        Outcome::WrongView
    } else if listings.iter().all(|listing| listing.seller.is_none()) {
        Outcome::SellersHidden
    } else {
        Outcome::Page
    };
    let is_results = !matches!(outcome, Outcome::Blocked | Outcome::NotResults);
    Page {
        outcome,
        layout: outline.layout().filter(|_| is_results),
        view: view.filter(|_| is_results),
        total: total.as_ref().map(|total| total.count),
        total_is_floor: total.is_some_and(|total| total.is_floor),
        has_more: outline.has_next,
        cards: listings.len(),
        listings,
    }
}

#[cfg(test)]
mod tests;
