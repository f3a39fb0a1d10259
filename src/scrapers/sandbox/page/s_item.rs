//! A card of the generation before 2025, in the list or in the gallery.

use super::Card;
use super::html::Html;
use super::s_card::{address, delivery};
use super::shape::Shape;

/// A card at `place` of its list, counted from 0.
pub(super) fn card(html: &mut Html, card: &Card, shape: &Shape, query: &str, place: usize) {
    let offer = &card.offer;
    let (id, view) = (format!("item{:x}", offer.item_id), format!("mi:1686|iid:{}", place + 1));
    let key = format!("0 s0-55-0-9-8-4-4-0-3-0-4[{place}]");
    let trackable = format!("{{\"trackableId\":\"01J{:023X}\"}}", offer.look);
    let attributes = [
        ("data-marko-key", key.as_str()),
        ("data-viewport", &trackable),
        ("id", &id),
        ("class", "s-item s-item__pl-on-bottom"),
        ("data-view", &view),
    ];
    html.open("li", &attributes).open("div", &[("class", "s-item__wrapper clearfix")]).mark("F#f_0");
    let address = address(card, query);
    image(html, card, &address);
    html.open("div", &[("class", "s-item__info clearfix")]).mark("F#f_22");
    html.leaf("div", "s-item__caption", "").mark("F#f_17");
    title(html, card, shape, &address);
    details(html, card, shape);
    html.raw("</div>").mark("F/").raw("</div></li>");
}

fn image(html: &mut Html, card: &Card, address: &str) {
    let picture = format!("https://i.ebayimg.com/images/g/{:x}/s-l140.webp", card.offer.look >> 16);
    html.open("div", &[("class", "s-item__image-section")]).open("div", &[("class", "s-item__image")]);
    let tracking = "[{\"actionKind\":\"NAVSRC\",\"interaction\":\"wwFVrK2vRE0lhQQ0MDFKVzVS\"}]";
    let link = [
        ("data-interactions", tracking),
        ("tabindex", "-1"),
        ("target", "_blank"),
        ("aria-hidden", "true"),
        ("_sp", "p2351460.m1686.l7400"),
        ("href", address),
    ];
    html.open("a", &link).open("div", &[("class", "s-item__image-wrapper image-treatment")]);
    html.open("img", &[("src", &picture), ("loading", "lazy"), ("style", " ;width:500px;"), ("alt", &card.title)]);
    html.raw("</div></a></div></div>");
}

fn title(html: &mut Html, card: &Card, shape: &Shape, address: &str) {
    let words = shape.language.words();
    let link = [("target", "_blank"), ("_sp", "p2351460.m1686.l7400"), ("class", "s-item__link"), ("href", address)];
    html.open("a", &link).open("div", &[("class", "s-item__title")]);
    html.open("span", &[("role", "heading"), ("aria-level", "3")]).mark("F#f_0");
    if card.offer.look >> 40 & 15 == 0 {
        html.leaf("span", "LIGHT_HIGHLIGHT", words.new_listing);
    }
    html.text(&card.title).mark("F/").raw("</span></div>").leaf("span", "clipped", words.new_window).close("a");
    html.mark("F/").open("div", &[("class", "s-item__subtitle")]).mark("F#f_0");
    let condition = if card.offer.brand_new { words.brand_new } else { words.pre_owned };
    html.leaf("span", "SECONDARY_INFO", condition).mark("F/").close("div").mark("F/");
}

fn details(html: &mut Html, card: &Card, shape: &Shape) {
    let (offer, language) = (&card.offer, shape.language);
    let words = language.words();
    html.open("div", &[("class", "s-item__details clearfix")]);
    html.open("div", &[("class", "s-item__details-section--primary")]);
    let format = if offer.look >> 35 & 3 == 0 { words.best_offer } else { words.buy_now };
    let place = if offer.domestic { words.located_here } else { words.located_abroad };
    let rows = [
        ("s-item__price", language.price(offer.cents)),
        ("s-item__dynamic s-item__formatBuyItNow", format.to_owned()),
        ("s-item__shipping s-item__logisticsCost", delivery(card, language)),
        ("s-item__location s-item__itemLocation", place.to_owned()),
    ];
    for (class, text) in rows {
        html.open("div", &[("class", "s-item__detail s-item__detail--primary")]);
        html.open("span", &[("class", class)]).mark("F#f_0").text(&text).mark("F/").raw("</span></div>");
    }
    if offer.look >> 44 & 1 == 0 {
        html.open("div", &[("class", "s-item__detail s-item__detail--primary")]);
        html.raw(
            "<span><span aria-labelledby=\"s-ge5g862 s-gv16250\" data-w=rdenopSos class=s-kkxy065_s-9p8g778 role=text>",
        );
        html.raw("<div aria-hidden=true>").text(words.sponsored).raw("</div></span></span></div>");
    }
    html.close("div").leaf("div", "s-item__details-section--center", "");
    html.open("div", &[("class", "s-item__details-section--secondary")]);
    if !shape.gallery {
        let feedback = language.old_feedback(card.seller.percent_tenths, card.seller.ratings);
        html.open("span", &[("class", "s-item__detail s-item__detail--secondary")]);
        html.open("span", &[("class", "s-item__seller-info")]);
        html.leaf("span", "s-item__seller-info-text", &format!("{} {feedback}", card.seller.name));
        html.raw("</span></span>");
    }
    html.raw("</div></div>");
}

/// The card "Shop on eBay" of this generation.
pub(super) fn placeholder(html: &mut Html) {
    let attributes = [("id", ""), ("class", "s-item s-item__pl-on-bottom"), ("data-view", "mi:1686|iid:1")];
    html.open("li", &attributes).open("div", &[("class", "s-item__wrapper clearfix")]);
    html.open("div", &[("class", "s-item__info clearfix")]);
    let address = "https://ebay.com/itm/123456?itmmeta=012DEW30YG0MEEKND7NH&hash=item123546:g:acwAA9KNiJowH";
    html.open("a", &[("class", "s-item__link"), ("href", address)]).open("div", &[("class", "s-item__title")]);
    html.raw("<span role=heading aria-level=3>Shop on eBay</span></div></a>");
    html.open("div", &[("class", "s-item__details clearfix")]).leaf("span", "s-item__price", "$20.00");
    html.raw("</div></div></div></li>");
}
