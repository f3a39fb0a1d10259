//! One result card: item, title, price text, seller. Which section it belongs to is told by the page's outline.
use html5ever::local_name;
use serde::Serialize;

use super::dom::{Dom, Kept, NodeId, Step};
use super::mark::Marks;
use super::page::Section;
use super::price::Price;
use super::seller_text::{self, SellerText};

/// The item of the "Shop on eBay" card that stands among results and is none.
const PLACEHOLDER_ITEM: &str = "123456";
/// The listing id of the same card.
const PLACEHOLDER_LISTING: &str = "2500219655424533";
/// The title of the same card where ids are missing.
const PLACEHOLDER_TITLE: &str = "Shop on eBay";

/// Texts of one row or title that are read; captured rows have up to five.
const TEXTS_MAX: usize = 12;

/// A result card.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listing {
    /// The item number in the card's link.
    pub listing_id: Option<String>,
    /// As shown, without "New listing" and other marks.
    pub title: String,
    /// As shown; a range has both ends.
    pub price_text: Option<String>,
    /// Where the text tells one exact price.
    pub price: Option<Price>,
    /// Address of the item's page.
    pub url: Option<String>,
    /// Whether the card answers the search.
    pub section: Section,
    /// None where the card shows none.
    pub seller: Option<SellerText>,
}

impl Listing {
    /// Whether this is the shop's own advertisement in the form of a card.
    pub(super) fn is_placeholder(&self) -> bool {
        self.listing_id.as_deref().is_some_and(|id| id == PLACEHOLDER_ITEM || id == PLACEHOLDER_LISTING)
            || self.title == PLACEHOLDER_TITLE
    }
}

/// What of a card has been found on the way.
#[derive(Default)]
struct Found {
    title: Option<String>,
    /// The texts of the first price, which are siblings: the ends of a range. A second price is another way to buy.
    prices: Vec<String>,
    price_parent: Option<NodeId>,
    url: Option<String>,
    item: Option<String>,
    seller: Option<SellerText>,
    /// Text of an element that may hold the seller, if the one inside it does not.
    seller_info: Option<NodeId>,
}

/// Reads the card at `card`.
pub(super) fn read(dom: &Dom, card: NodeId, section: Section, language: Option<&str>) -> Listing {
    let mut found = Found::default();
    let mut secondary = None;
    let mut walk = dom.walk(card);
    while let Some(step) = walk.next() {
        let id = match step {
            Step::Enter(id) => id,
            Step::Leave(id) => {
                secondary = secondary.filter(|open| *open != id);
                continue;
            }
        };
        let Some(element) = dom.element(id) else { continue };
        let marks = element.marks;
        if id != card && marks.any(Marks::CARD) {
            // An unclosed element can put the next card into this one.
            walk.pass_over(id);
            continue;
        }
        if element.is(&local_name!("a"))
            && found.item.is_none()
            && let Some(href) = element.attribute(Kept::Href)
            && let Some(item) = item_of(href)
        {
            (found.item, found.url) = (Some(item.to_owned()), Some(href.to_owned()));
        }
        if marks.any(Marks::TITLE) && found.title.is_none() {
            found.title = Some(title(dom, id)).filter(|title| !title.is_empty());
        } else if marks.any(Marks::PRICE) {
            let parent = dom.node(id).parent;
            if found.prices.is_empty() || found.price_parent == parent {
                found.prices.push(dom.spaced_text(id, Marks::CLIPPED));
                found.price_parent = parent;
            }
            walk.pass_over(id);
        } else if marks.any(Marks::SECONDARY) {
            secondary = secondary.or(Some(id));
        } else if marks.any(Marks::ROW) && secondary.is_some() && found.seller.is_none() {
            found.seller = seller_text::of_row(&row_texts(dom, id), language);
        } else if marks.any(Marks::SELLER_INFO_TEXT) && found.seller.is_none() {
            found.seller = seller_text::of_seller_info(&dom.spaced_text(id, Marks::NOT_SHOWN), language);
        } else if marks.any(Marks::SELLER_INFO) {
            found.seller_info = found.seller_info.or(Some(id));
        }
    }
    found.into_listing(dom, card, section, language)
}

impl Found {
    fn into_listing(self, dom: &Dom, card: NodeId, section: Section, language: Option<&str>) -> Listing {
        let seller = self.seller.or_else(|| {
            let info = self.seller_info?;
            seller_text::of_seller_info(&dom.spaced_text(info, Marks::NOT_SHOWN), language)
        });
        let listing_id = dom.element(card).and_then(|element| element.attribute(Kept::ListingId));
        let price_text = Some(self.prices.join(" ")).filter(|text| !text.is_empty());
        Listing {
            listing_id: self.item.or_else(|| listing_id.map(str::to_owned)),
            title: self.title.unwrap_or_default(),
            price: price_text.as_deref().and_then(Price::read),
            price_text,
            url: self.url,
            section,
            seller,
        }
    }
}

/// The item number in an item's address, `/itm/123` or `/itm/a-title/123`.
fn item_of(href: &str) -> Option<&str> {
    let (_, path) = href.split_once("/itm/")?;
    let path = path.split(['?', '#']).next()?;
    path.split('/').rev().find(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The title: the styled text in it where there is one, without marks such as "New listing".
fn title(dom: &Dom, id: NodeId) -> String {
    let texts = styled_texts(dom, id);
    if texts.is_empty() { dom.text(id, Marks::NOT_TITLE) } else { texts.join(" ") }
}

/// The texts of an attribute row: its styled texts, or all of it where the row has none. Tooltips and text for screen
/// readers are not part of the row.
fn row_texts(dom: &Dom, row: NodeId) -> Vec<String> {
    let texts = styled_texts(dom, row);
    if texts.is_empty() { vec![dom.spaced_text(row, Marks::NOT_SHOWN)] } else { texts }
}

fn styled_texts(dom: &Dom, top: NodeId) -> Vec<String> {
    let mut texts = Vec::new();
    let mut walk = dom.walk(top);
    while let Some(step) = walk.next() {
        if texts.len() == TEXTS_MAX {
            break;
        }
        let Step::Enter(id) = step else { continue };
        let marks = dom.marks(id);
        if marks.any(Marks::NOT_TITLE) {
            walk.pass_over(id);
        } else if marks.any(Marks::STYLED_TEXT) {
            texts.extend(Some(dom.text(id, Marks::NOT_TITLE)).filter(|text| !text.is_empty()));
            walk.pass_over(id);
        }
    }
    texts
}
