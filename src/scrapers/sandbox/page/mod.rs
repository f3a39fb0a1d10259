//! Result pages as the shop serves them: both generations of markup, list and gallery, fill outside the filters, nothing
//! found, other languages, block pages. The structure follows captured pages; which shape a page has, its key decides.

mod blocked;
mod frame;
mod html;
mod language;
mod s_card;
mod s_item;
mod seller_row;
mod shape;

pub(super) use blocked::blocked;
pub(super) use frame::{empty_page, page};
pub(super) use shape::Shape;

use super::market::{Found, Market};
use super::offer::Offer;
use super::search::Search;
use super::seller::Seller;

/// A result card: the offer, and what is known of its product and seller.
pub(super) struct Card {
    pub(super) offer: Offer,
    pub(super) seller: Seller,
    pub(super) title: String,
}

/// A result page before it is rendered.
pub(super) struct ResultPage<'a> {
    pub(super) search: &'a Search,
    pub(super) total: usize,
    pub(super) has_more: bool,
    pub(super) cards: Vec<Card>,
    /// Cards that break words or filters.
    pub(super) fill: Vec<Card>,
}

impl<'a> ResultPage<'a> {
    /// What was found, with the words for its cards.
    pub(super) fn of(market: &Market, search: &'a Search, found: Found) -> Self {
        let cards = |offers: Vec<Offer>| offers.into_iter().map(|offer| Card::of(market, offer)).collect();
        Self {
            search,
            total: found.total,
            has_more: found.has_more,
            cards: cards(found.offers),
            fill: cards(found.fill),
        }
    }
}

impl Card {
    fn of(market: &Market, offer: Offer) -> Self {
        let full = market.product(offer.product).and_then(|product| product.title.as_deref()).unwrap_or("Untitled");
        let seller = market.seller(offer.seller);
        Self { offer, seller, title: listing_title(full, offer.look) }
    }
}

/// How sellers word their listings: the product's first words, some of its praise, and words of their own.
fn listing_title(product: &str, look: u64) -> String {
    const BEFORE: [&str; 5] = ["", "NEW ", "New ", "", "GENUINE "];
    const AFTER: [&str; 7] = ["", " - New", " NEW & SEALED", " Free Ship", " (US Seller)", "", " \"as shown\""];
    let parts: Vec<&str> = product.split(", ").collect();
    let kept = 1 + usize::try_from(look >> 8).unwrap_or(0) % parts.len();
    let pick = |from: &[&'static str], shift: u32| from[usize::try_from(look >> shift).unwrap_or(0) % from.len()];
    let middle: String = parts[..kept].join(" ").chars().take(64).collect();
    format!("{}{}{}", pick(&BEFORE, 20), middle.trim_end(), pick(&AFTER, 28))
}

#[cfg(test)]
mod tests;
