//! How a card of today's generation names its seller: four ways, each seen in captures, among rows that are no sellers.

use super::super::seller::Seller;
use super::html::Html;
use super::language::Language;

/// The half of a card's attributes in which the seller stands. `look` decides in which way.
pub(super) fn seller_rows(html: &mut Html, seller: &Seller, language: Language, look: u64, place: usize) {
    html.open("div", &[("class", "su-card-container__attributes__secondary")]);
    match look >> 5 & 15 {
        0 => text_row(html, "Customs services and international tracking provided"),
        1 => badge_row(html, "certifiedRefurbished", "eBay Refurbished", place),
        2 => badge_row(html, "authorizedSeller", "Authorized Seller", place),
        _ => {}
    }
    let feedback = language.feedback(seller.percent_tenths, seller.ratings);
    let both = format!("{}  {feedback}", seller.name);
    match (look & 31, &seller.store) {
        (0..=3, _) => badge_row(html, "sellerOrStoreInfo", &both, place),
        (4..=5, _) => badge_with_tooltip(html, &both, place),
        (6..=13, Some(store)) => badge_with_store(html, seller, store, &both, place),
        _ => {
            html.open("div", &[("class", "s-card__attribute-row")]);
            html.leaf("span", "su-styled-text primary large", &format!("{} ", seller.name));
            html.leaf("span", "su-styled-text primary large", &feedback).close("div");
        }
    }
    html.close("div");
}

fn text_row(html: &mut Html, text: &str) {
    html.open("div", &[("class", "s-card__attribute-row")]).leaf("span", "su-styled-text secondary large", text);
    html.close("div");
}

fn open_badge(html: &mut Html, kind: &str) {
    let class = format!("s-card__program-badge-container s-card__program-badge-container--{kind}");
    html.open("div", &[("class", "s-card__attribute-row")]).open("div", &[("class", &class)]);
}

fn icon(html: &mut Html, name: &str, place: usize) {
    html.open("span", &[("class", "su-icon"), ("aria-hidden", "true")]);
    html.mark(&format!("M#s0-55-0-9-8-4-4-0-3-0-4[{place}]-1-0-1-8-1-12-32-19"));
    html.open("svg", &[("class", "icon icon--16"), ("focusable", "false"), ("aria-hidden", "true")]);
    html.raw(&format!("<use href=\"#icon-{name}\" /></svg>")).mark("M/").close("span");
}

fn badge_row(html: &mut Html, kind: &str, text: &str, place: usize) {
    open_badge(html, kind);
    html.open("div", &[("class", "su-program-badge s-card__program-badge")]);
    icon(html, "top-rated-seller-48", place);
    html.leaf("span", "su-styled-text default", text).raw("</div></div></div>");
}

/// The badge with a hidden tooltip in the same row: its words are not the seller's.
fn badge_with_tooltip(html: &mut Html, text: &str, place: usize) {
    open_badge(html, "sellerOrStoreInfo");
    html.raw("<span><span>").mark("F#0").open("span", &[("class", "tooltip")]).mark("F#3");
    html.open("div", &[("class", "su-program-badge s-card__program-badge tooltip__host")]);
    icon(html, "legacy-top-rated-seller-48-colored", place);
    html.leaf("span", "su-styled-text default", text).close("div").mark("F/");
    let id = format!("s0-2-54-0-9-8-4-4-0-3-0-4[{place}]-overlay");
    html.open("span", &[("id", &id), ("class", "tooltip__overlay"), ("role", "tooltip")]);
    html.raw(r#"<span class="tooltip__pointer"></span><span class="tooltip__mask"><span class="tooltip__cell">"#);
    html.open("span", &[("class", "tooltip__content")]);
    html.open("div", &[("class", "s-card__program-badge-tooltip")]).raw("<b><span>Top Rated Plus</span></b><br>");
    html.open("ul", &[("class", "tooltip__list")]);
    // Sent pages leave list items open.
    let end = if html.is_quoted() { "</li>" } else { "" };
    for promise in ["Buyers rate them best", "Money back on returns", "On its way within one business day"] {
        html.raw("<li><span>").text(promise).raw("</span>").raw(end);
    }
    html.raw("</ul></div></span></span></span></span></span></span></span></div></div>");
}

/// The badge that links to the seller's shop, whose name in the address is another.
fn badge_with_store(html: &mut Html, seller: &Seller, store: &str, text: &str, place: usize) {
    open_badge(html, "sellerWithStoreInfo");
    let label = format!("Visit {}  eBay Store!", seller.name);
    let address = format!("http://stores.ebay.com/{store}");
    let link = [("class", "su-link"), ("aria-label", &label), ("_sp", "p2351460.m4114.l195612"), ("href", &address)];
    html.open("a", &link).open("div", &[("class", "su-program-badge s-card__program-badge")]);
    icon(html, "store-16", place);
    html.leaf("span", "su-styled-text small", text).raw("</div></a></div></div>");
}
