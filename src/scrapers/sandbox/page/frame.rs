//! The page around the cards: head, heading, notices, the list, page links, foot.

use super::html::Html;
use super::shape::{Generation, Shape};
use super::{Card, ResultPage, s_card, s_item};
use crate::scrapers::sandbox::search::Search;

/// Renders a result page in the given shape.
pub(in super::super) fn page(page: &ResultPage<'_>, shape: &Shape) -> String {
    let mut html = Html::new(shape.quoted);
    let query = &page.search.query;
    head(&mut html, shape, query);
    outside_placeholder(&mut html, shape);
    heading(&mut html, shape, page.total, query);
    html.open("div", &[("class", "srp-river-results clearfix"), ("id", "srp-river-results")]);
    refinements(&mut html, query);
    if page.total == 0 && !page.fill.is_empty() {
        no_exact_matches(&mut html);
        fill_notice(&mut html, shape, "div");
    } else if shape.notice && page.total > 0 {
        sorted_out_notice(&mut html, shape, page.search);
    }
    let view = if shape.gallery { "srp-results srp-grid clearfix" } else { "srp-results srp-list clearfix" };
    html.open("ul", &[("class", view)]);
    if shape.placeholder_inside && !page.cards.is_empty() {
        placeholder(&mut html, shape);
    }
    cards(&mut html, &page.cards, shape, query, 0);
    if page.total > 0 && !page.fill.is_empty() {
        fill_notice(&mut html, shape, "li");
    }
    cards(&mut html, &page.fill, shape, query, page.cards.len());
    if page.total == 0 && page.fill.is_empty() {
        selling_banner(&mut html, query);
    }
    pagination(&mut html, shape, page);
    html.close("ul");
    foot(&mut html);
    html.finish()
}

/// A result page on which nothing was found, in the plainest shape.
pub(in super::super) fn empty_page(search: &Search, seed: u64) -> String {
    let found = ResultPage { search, total: 0, has_more: false, cards: Vec::new(), fill: Vec::new() };
    page(&found, &Shape::of(seed, search, false))
}

fn cards(html: &mut Html, cards: &[Card], shape: &Shape, query: &str, start: usize) {
    for (card, place) in cards.iter().zip(start..) {
        match shape.generation {
            Generation::SCard => s_card::card(html, card, shape, query, place),
            Generation::SItem => s_item::card(html, card, shape, query, place),
        }
    }
}

fn placeholder(html: &mut Html, shape: &Shape) {
    match shape.generation {
        Generation::SCard => s_card::placeholder(html),
        Generation::SItem => s_item::placeholder(html),
    }
}

fn head(html: &mut Html, shape: &Shape, query: &str) {
    let code = shape.language.words().code;
    html.raw("<!DOCTYPE html>");
    if html.is_quoted() {
        html.open("html", &[("lang", code)]);
    } else {
        // The open form in which the server sends it; a browser sees one `html` element.
        html.raw(&format!("<!--[if IE 9]><html class=\"ie9\" lang=\"{code}\"><![endif]--><!--[if gt IE 9]><!--><html lang=\"{code}\"><!--<![endif]-->"));
        html.mark("M#s0-2").raw("<noscript class=x-page-config></noscript>").mark("M/");
    }
    html.raw("<head>").open("meta", &[("http-equiv", "X-UA-Compatible"), ("content", "IE=edge")]);
    html.raw(
        "<script>window.SRP = window.SRP || {}; if (window.performance && 1 < 2) { SRP.start = Date.now(); }</script>",
    );
    html.raw("<title>").text(query).raw(" for sale | eBay</title>");
    let words: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let canonical = format!("https://www.ebay.com/sch/i.html?_nkw={words}");
    html.open("link", &[("rel", "canonical"), ("href", &canonical)]);
    html.raw("<style>.srp-results{list-style:none}.s-card__title{margin:0}</style></head>");
    html.open("body", &[("class", "desktop gh-flex srp--list-view skin-large")]);
    html.open("header", &[("id", "gh")]).open("form", &[("id", "gh-f"), ("action", "/sch/i.html")]);
    let field = [("type", "text"), ("class", "gh-search-input"), ("id", "gh-ac"), ("name", "_nkw"), ("value", query)];
    html.open("input", &field).raw("</form></header>");
    html.open("div", &[("class", "srp-main srp-main--isLarge")]).open("div", &[("id", "srp-river-main")]);
}

/// The hidden list before the results: its cards are none.
fn outside_placeholder(html: &mut Html, shape: &Shape) {
    html.open("div", &[("class", "s-clipped"), ("aria-hidden", "true")]);
    placeholder(html, shape);
    html.close("div");
}

fn heading(html: &mut Html, shape: &Shape, total: usize, query: &str) {
    html.open("div", &[("class", "srp-controls srp-controls--with-list srp-controls--resize")]);
    html.open("div", &[("class", "srp-controls__row-2")]).open("div", &[("class", "srp-controls__row-cells")]);
    html.open("div", &[("class", "srp-controls__control srp-controls__count")]);
    html.open("h1", &[("data-marko-key", "12 s0-55-0-9-8-4-2-0-4[0]"), ("class", "srp-controls__count-heading")]);
    for (stands_out, text) in shape.language.heading(total, query) {
        html.mark("F#f_0");
        if stands_out {
            html.leaf("span", "BOLD", &text);
        } else {
            html.text(&text);
        }
        html.mark("F/");
    }
    html.raw("</h1></div></div></div></div>");
}

/// The carousel of refinements, a list of its own before the results.
fn refinements(html: &mut Html, query: &str) {
    let words: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    html.open("div", &[("class", "srp-multi-aspect-guidance")]).open("ul", &[("class", "carousel__list")]);
    for (place, choice) in ["Brand New", "Free Shipping", "Buy It Now", "US Only"].into_iter().enumerate() {
        html.open("li", &[("class", "carousel__snap-point srp-carousel-list__item")]).mark(&format!("F#4[@{place}]"));
        let address = format!("https://www.ebay.com/sch/i.html?_nkw={words}&_fsrp=1&LH_Pick={place}");
        html.open("a", &[("class", "srp-carousel-list__item-link"), ("href", &address)]).raw("<div>").text(choice);
        html.leaf("span", "clipped", " - apply filter").raw("</div></a>").mark("F/").close("li");
    }
    html.raw("</ul></div>");
}

fn no_exact_matches(html: &mut Html) {
    html.open("div", &[("class", "srp-river-answer srp-river-answer--SAVE_CARD")]);
    html.open("div", &[("class", "srp-save-null-search")]);
    html.leaf("h3", "srp-save-null-search__heading", "No exact matches found").raw("</div></div>");
}

/// The notice before results that break words or filters: an item of the list, or a block before it.
fn fill_notice(html: &mut Html, shape: &Shape, tag: &str) {
    html.mark("F#p_0")
        .open(tag, &[("class", "srp-river-answer srp-river-answer--REWRITE_START"), ("data-view", "mi:1706|iid:1")]);
    html.raw("<section class=\"su-notice\"><section aria-roledescription=\"Notice\" class=\"section-notice\" role=\"region\">");
    html.open("span", &[("class", "section-notice__main")]).raw("<p>");
    html.leaf("span", "BOLD", shape.language.words().fewer_words);
    // Sent pages leave this paragraph open.
    html.raw(if html.is_quoted() { "</p>" } else { "" });
    html.raw("</span></section></section>").close(tag).mark("F/");
}

/// A notice of the same kind that says nothing about the cards after it.
fn sorted_out_notice(html: &mut Html, shape: &Shape, search: &Search) {
    let words = shape.language.words();
    let query: String = url::form_urlencoded::byte_serialize(search.query.as_bytes()).collect();
    let address = format!("https://www.ebay.com/sch/i.html?_nkw={query}&_sacat=0&_blrs=recall_filtering");
    let class = "srp-river-answer srp-river-answer--REWRITE_START";
    html.mark("F#p_0").open("div", &[("class", class), ("data-view", "mi:4721|iid:2")]);
    html.raw("<section class=\"su-notice\">").open("span", &[("class", "section-notice__main")]).raw("<p>");
    html.text(words.sorted_out).raw(" ").open("a", &[("_sp", "p2351460.m5230.l9671"), ("href", &address)]);
    html.leaf("span", "PSEUDOLINK", words.show_all).raw("</a></p></span></section></div>").mark("F/");
}

fn selling_banner(html: &mut Html, query: &str) {
    let words: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let class = "srp-river-answer srp-river-answer--START_LISTING_BANNER srp-river-answer--no-border";
    html.open("li", &[("class", class)]).open("div", &[("class", "su-banner-card START_LISTING_BANNER")]);
    html.leaf("h3", "card__title", "Have one to sell?");
    let address = format!("https://www.ebay.com/sl/prelist/suggest?title={words}");
    html.open("a", &[("class", "fake-btn fake-btn--secondary"), ("href", &address)]);
    html.leaf("span", "su-styled-text default", "Start a listing").raw("</a></div></li>");
}

/// Links to other pages. The last page has a button in the place of the link to the next.
fn pagination(html: &mut Html, shape: &Shape, page: &ResultPage<'_>) {
    let (current, search) = (page.search.page, page.search);
    if page.total <= search.per_page {
        return;
    }
    let words: String = url::form_urlencoded::byte_serialize(search.query.as_bytes()).collect();
    let address = |number: usize| format!("https://www.ebay.com/sch/i.html?_nkw={words}&_ipg=60&_pgn={number}");
    html.mark("F#p_0").open("li", &[("class", "srp-river-answer srp-river-answer--BASIC_PAGINATION_V2")]);
    html.open("div", &[("class", "s-pagination")]).open("nav", &[("role", "navigation"), ("class", "pagination")]);
    if current == 1 {
        html.open("button", &[("class", "pagination__previous icon-btn"), ("aria-disabled", "true")]).close("button");
    } else {
        let previous = address(current - 1);
        html.open("a", &[("href", &previous), ("class", "pagination__previous icon-link")]).close("a");
    }
    html.open("ol", &[("class", "pagination__items")]);
    for number in 1..=page.total.div_ceil(search.per_page).min(10) {
        let link = [("href", &*address(number)), ("class", "pagination__item"), ("aria-current", "page")];
        html.raw("<li>").open("a", &link[..if number == current { 3 } else { 2 }]).text(&number.to_string());
        html.raw("</a></li>");
    }
    html.close("ol");
    let label = shape.language.words().next_page;
    if page.has_more {
        let next = address(current + 1);
        let link =
            [("href", next.as_str()), ("type", "next"), ("class", "pagination__next icon-link"), ("aria-label", label)];
        html.open("a", &link).close("a");
    } else {
        let button = [
            ("type", "next"),
            ("class", "pagination__next icon-btn"),
            ("aria-disabled", "true"),
            ("aria-label", label),
        ];
        html.open("button", &button).close("button");
    }
    html.raw("</nav></div></li>").mark("F/");
}

fn foot(html: &mut Html) {
    html.raw("</div></div>").open("div", &[("class", "srp-main-below-river")]);
    html.open("div", &[("class", "srp-rvi"), ("data-view", "mi:127811|iid:1")]).raw("</div></div></div>");
    html.raw("<footer id=glbfooter><p>Copyright of nobody: a page of the sandbox.</p></footer>");
    html.raw("<script>window.SRP && SRP.metrics && SRP.metrics.updateMetric('riverItemCount', 60);</script>");
    if html.is_quoted() {
        html.raw("</body></html>");
    }
}
