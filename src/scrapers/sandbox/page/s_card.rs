//! A card of today's generation, in the list or in the gallery.

use super::html::Html;
use super::seller_row::seller_rows;
use super::shape::Shape;
use super::{Card, language};

/// "Sponsored", drawn so that a reader of texts sees it scrambled.
const SPONSORED: &str = "<div aria-labelledby=\"s-j4jr792 s-8fgf962\" class=\"fj_s-8fgf962_s-904e432\" role=heading \
    aria-level=6><span aria-hidden=true translate=no>derosnopS</span></div>";

/// A card at `place` of its list, counted from 0.
pub(super) fn card(html: &mut Html, card: &Card, shape: &Shape, query: &str, place: usize) {
    let offer = &card.offer;
    let view = if shape.gallery { "vertical" } else { "horizontal" };
    let trackable = format!("{{\"trackableId\":\"01K{:023X}\"}}", offer.look);
    let data_view = format!("mi:1686|iid:{}", place + 1);
    let (id, listing) = (format!("item{:x}", offer.item_id), offer.item_id.to_string());
    let attributes = [
        ("data-gr4", "2"),
        ("data-viewport", &trackable),
        ("data-view", &data_view),
        ("id", &id),
        ("data-listingid", &listing),
        ("class", &format!("s-card s-card--{view}")),
    ];
    html.open("li", if shape.gallery { &attributes } else { &attributes[1..] });
    html.open("div", &[("class", &format!("su-card-container su-card-container--{view}"))]);
    let address = address(card, query);
    media(html, card, &address, place);
    html.open("div", &[("class", "su-card-container__content")]);
    header(html, card, shape, &address);
    attributes_of(html, card, shape, place);
    footer(html, offer.look);
    html.raw("</div></div></li>");
}

/// The item's address with the tracking that the shop adds.
pub(super) fn address(card: &Card, query: &str) -> String {
    let offer = &card.offer;
    let words: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    format!(
        "https://www.ebay.com/itm/{}?_skw={words}&itmmeta=01K{:023X}&hash=item{:x}%3Ag%3A{:x}&itmprp=enc%3A{:x}",
        offer.item_id,
        offer.look,
        offer.item_id,
        offer.look >> 20,
        offer.rank,
    )
}

fn media(html: &mut Html, card: &Card, address: &str, place: usize) {
    let image = format!("https://i.ebayimg.com/images/g/{:x}/s-l500.webp", card.offer.look >> 16);
    html.open("div", &[("class", "su-card-container__media")]).open("div", &[("class", "s-card__media-wrapper")]);
    html.mark(&format!("M_fbd99063#s0-2-54-0-9-8-4-4-0-3-0-4[{place}]-1-0-1-1-1-2-5"));
    html.open("div", &[("class", "su-media su-media--image")]).mark("F#1");
    html.open("div", &[("class", "su-media__primary")]).open("div", &[("class", "su-media__image")]);
    let link = [
        ("class", "s-card__link image-treatment"),
        ("href", address),
        ("_sp", "p2351460.m1686.l8340"),
        ("target", "_blank"),
        ("tabindex", "-1"),
        ("style", "--aspect-ratio: 1;"),
    ];
    html.open("a", &link).mark("F#1");
    let picture = [
        ("class", "s-card__image"),
        ("loading", if place < 8 { "eager" } else { "lazy" }),
        ("src", &image),
        ("alt", &card.title),
    ];
    html.open("img", &picture).mark("F/").raw("</a></div></div>").mark("F/").raw("</div></div></div>");
}

fn header(html: &mut Html, card: &Card, shape: &Shape, address: &str) {
    let words = shape.language.words();
    html.open("div", &[("class", "su-card-container__header")]);
    html.open("a", &[("class", "s-card__link"), ("target", "_blank"), ("tabindex", "-1"), ("href", address)]);
    html.open("div", &[("role", "heading"), ("aria-level", "3"), ("class", "s-card__title")]);
    if card.offer.look >> 40 & 15 == 0 {
        html.leaf("span", "s-card__new-listing", words.new_listing);
    }
    html.leaf("span", "su-styled-text primary default", &card.title);
    html.leaf("span", "clipped", words.new_window).raw("</div></a>");
    html.raw(if html.is_quoted() {
        "<div class=\"s-card__subtitle-row\">"
    } else {
        "<div class=s-card__subtitle-row>"
    });
    let condition = if card.offer.brand_new { words.brand_new } else { words.pre_owned };
    html.open("div", &[("class", "s-card__subtitle")]).leaf("span", "su-styled-text secondary default", condition);
    html.raw("</div></div></div>");
}

fn row(html: &mut Html, class: &str, text: &str) {
    html.open("div", &[("class", "s-card__attribute-row")]).leaf("span", class, text).close("div");
}

fn attributes_of(html: &mut Html, card: &Card, shape: &Shape, place: usize) {
    let (offer, language) = (&card.offer, shape.language);
    let words = language.words();
    let both = "su-card-container__attributes su-card-container__attributes--has-secondary";
    html.open("div", &[("class", if shape.gallery { "su-card-container__attributes" } else { both })]);
    html.open("div", &[("class", "su-card-container__attributes__primary")]);
    row(html, "su-styled-text primary bold large-1 s-card__price", &language.price(offer.cents));
    if offer.look >> 32 & 7 == 0 {
        html.open("div", &[("class", "s-card__attribute-row")]).leaf("span", "su-styled-text secondary large", "Was: ");
        let before = language.price(offer.cents * 13 / 10);
        html.leaf("span", "su-styled-text secondary strikethrough large", &before);
        html.leaf("span", "su-spacer --spacing-100", "").leaf("span", "su-styled-text secondary bold large", "23% off");
        html.close("div");
    }
    let secondary = "su-styled-text secondary large";
    row(html, secondary, if offer.look >> 35 & 3 == 0 { words.best_offer } else { words.buy_now });
    row(html, secondary, &delivery(card, language));
    row(html, secondary, if offer.domestic { words.located_here } else { words.located_abroad });
    if offer.look >> 37 & 7 == 0 {
        row(html, "su-styled-text primary bold large", &format!("{}+ sold", 5 + offer.look % 300));
    }
    html.close("div");
    if !shape.gallery {
        seller_rows(html, &card.seller, language, offer.look, place);
    }
    html.close("div");
}

/// What the card says of delivery.
pub(super) fn delivery(card: &Card, language: language::Language) -> String {
    if card.offer.free_shipping {
        language.words().free_delivery.to_owned()
    } else {
        language.delivery(399 + i64::try_from(card.offer.look >> 48 & 1_023).unwrap_or(0))
    }
}

fn footer(html: &mut Html, look: u64) {
    html.open("div", &[("class", "su-card-container__footer")]).open("div", &[("class", "s-card__footer")]);
    html.open("div", &[("class", "s-card__footer--row")]).open("div", &[("class", "s-card__sep")]);
    if look >> 44 & 1 == 0 {
        html.raw(SPONSORED);
    }
    html.raw("</div></div></div></div>");
}

/// The card "Shop on eBay": an advertisement of the shop that is no result.
pub(super) fn placeholder(html: &mut Html) {
    let attributes = [
        ("data-viewport", "{\"trackableId\":\"01GDF2P4GS7EBZ8M2AWN707B\"}"),
        ("data-view", "mi:1686|iid:1"),
        ("id", ""),
        ("data-listingid", "2500219655424533"),
        ("class", "s-card s-card--horizontal"),
    ];
    html.open("li", &attributes).open("div", &[("class", "su-card-container su-card-container--horizontal")]);
    html.open("div", &[("class", "su-card-container__content")]);
    html.open("div", &[("class", "su-card-container__header")]);
    let address = "https://ebay.com/itm/123456?itmmeta=012DEW30YG0MEEKND7NH&hash=item123546:g:acwAA9KNiJowH";
    html.open("a", &[("class", "s-card__link"), ("target", "_blank"), ("href", address)]);
    html.open("div", &[("role", "heading"), ("aria-level", "3"), ("class", "s-card__title")]);
    html.leaf("span", "su-styled-text primary default", "Shop on eBay").raw("</div></a></div>");
    html.open("div", &[("class", "su-card-container__attributes")]);
    html.open("div", &[("class", "su-card-container__attributes__primary")]);
    row(html, "su-styled-text primary bold large-1 s-card__price", "$20.00");
    html.raw("</div></div></div></div></li>");
}
