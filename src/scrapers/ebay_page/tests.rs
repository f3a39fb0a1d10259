//! Rules of result pages, each on a small page made for it. Whole captured pages are read by the integration tests.
use super::*;

/// A card of the present layout with one seller row.
fn card(item: &str, row: &str) -> String {
    format!(
        "<li class='s-card s-card--horizontal' data-listingid={item}><a class=su-link href=https://shop.example/itm/{item}?x=1>\
         <div class=s-card__title><span class=s-card__new-listing>New Listing</span><span class='su-styled-text primary'>Kettle \
         {item}</span><span class=clipped>Opens in a new window</span></div></a>\
         <div class=su-card-container__attributes__primary><div class=s-card__attribute-row>\
         <span class='su-styled-text s-card__price'>$21.99</span></div></div>\
         <div class=su-card-container__attributes__secondary>{row}</div></li>"
    )
}

fn pair(name: &str, feedback: &str) -> String {
    format!(
        "<div class=s-card__attribute-row><span class='su-styled-text primary large'>{name}</span>\
         <span class='su-styled-text primary large'>{feedback}</span></div>"
    )
}

fn seller(item: &str, name: &str) -> String {
    card(item, &pair(name, "98.7% positive (1.2K)"))
}

fn old_card(item: &str, text: &str) -> String {
    format!(
        "<li class=s-item><a class=s-item__link href=https://shop.example/itm/Some-Kettle/{item}><div class=s-item__title>\
         <span role=heading>Kettle</span></div></a><span class=s-item__price>$5.99 <span>to</span> $14.99</span>\
         <span class=s-item__seller-info><span class=s-item__seller-info-text>{text}</span></span></li>"
    )
}

fn heading(text: &str) -> String {
    format!("<h1 class=srp-controls__count-heading>{text}</h1>")
}

fn list(inside: &str) -> String {
    format!("<ul class='srp-results srp-list clearfix'>{inside}</ul>")
}

fn found(page: &Page) -> Vec<(String, Section)> {
    page.sellers().into_iter().map(|seller| (seller.name, seller.section)).collect()
}

fn total(text: &str) -> Option<(u64, bool)> {
    let page = parse(&format!("{}{}", heading(text), list(&seller("1001", "fern99"))));
    page.total.map(|total| (total, page.total_is_floor))
}

const REWRITE: &str = "class='srp-river-answer srp-river-answer--REWRITE_START'";

#[test]
fn a_card_tells_item_title_price_address_and_seller() {
    let page = parse(&format!(
        "{}{}",
        heading("<span class=BOLD>1</span> result for kettle"),
        list(&seller("1001", "fern99"))
    ));
    assert_eq!((page.outcome, page.layout, page.view), (Outcome::Page, Some(Layout::SCard), Some(View::List)));
    let listing = &page.listings[0];
    assert_eq!(listing.listing_id.as_deref(), Some("1001"));
    assert_eq!(listing.title, "Kettle 1001");
    assert_eq!(listing.price_text.as_deref(), Some("$21.99"));
    assert_eq!(listing.price.as_ref().map(|price| (price.minor, price.currency)), Some((2199, "USD")));
    assert_eq!(listing.url.as_deref(), Some("https://shop.example/itm/1001?x=1"));
    assert_eq!(listing.seller.as_ref().map(|seller| seller.name.as_str()), Some("fern99"));
}

#[test]
fn an_old_card_tells_the_same() {
    let page = parse(&list(&old_card("1001", "fern_99 (1,493) 98.9%")));
    assert_eq!((page.outcome, page.layout, page.view), (Outcome::Page, Some(Layout::SItem), Some(View::List)));
    let listing = &page.listings[0];
    assert_eq!(listing.listing_id.as_deref(), Some("1001"));
    assert_eq!(listing.price_text.as_deref(), Some("$5.99 to $14.99"));
    assert_eq!(listing.price, None);
    let summary = &page.sellers()[0];
    assert_eq!(
        (summary.name.as_str(), summary.feedback_count, summary.feedback_count_approx),
        ("fern_99", Some(1493), false)
    );
}

#[test]
fn each_badge_that_names_a_seller_is_read_and_its_tooltip_is_not() {
    let badge = |kind: &str, inside: &str| {
        format!(
            "<div class=s-card__attribute-row><div class='s-card__program-badge-container \
             s-card__program-badge-container--{kind}'>{inside}</div></div>"
        )
    };
    let text = |text: &str| format!("<span class=su-icon></span><span class='su-styled-text default'>{text}</span>");
    let tooltip = "<span role=tooltip><ul><li><span class=su-styled-text>Returns, money back</span></ul></span>";
    let store = format!("<a href=http://stores.example/slug-of-store>{}</a>", text("fern-d  92% positive (624)"));
    let rows = [
        badge("sellerOrStoreInfo", &text("fern-b  99.6% positive (9.2K)")),
        badge("sellerOrStoreInfo", &format!("{}{tooltip}", text("fern-c  99.8% positive (173.8K)"))),
        badge("sellerWithStoreInfo", &store),
        badge("certifiedRefurbished", &text("eBay Refurbished")),
        badge("directFromBrand", &text("Direct from A-Brand")),
    ];
    let cards: String = rows.iter().zip(1001..).map(|(row, item)| card(&item.to_string(), row)).collect();
    let page = parse(&list(&cards));
    let names: Vec<String> = page.sellers().into_iter().map(|seller| seller.name).collect();
    assert_eq!(names, ["fern-b", "fern-c", "fern-d"]);
    assert_eq!(page.cards, 5);
}

#[test]
fn a_seller_row_may_stand_after_other_rows() {
    let promise = "<div class=s-card__attribute-row><span class=su-styled-text>Customs services provided</span></div>";
    let page = parse(&list(&card("1001", &format!("{promise}{}", pair("fern99", "100&nbsp;% positifs (1,3&nbsp;K)")))));
    let summary = &page.sellers()[0];
    assert_eq!(summary.feedback_percent.map(Percent::hundredths), Some(10_000));
    assert_eq!((summary.feedback_count, summary.feedback_count_approx), (Some(1300), true));
}

#[test]
fn direction_marks_and_comments_are_no_part_of_a_seller() {
    let row = pair("\u{200e}fe<!--F#f_0-->rn99\u{200f}", "\u{202b}98.7% <!--x-->positive\u{202c} (\u{200e}1.2K)");
    assert_eq!(found(&parse(&list(&card("1001", &row)))), [("fern99".to_owned(), Section::Main)]);
}

#[test]
fn sellers_are_counted_once_for_each_section() {
    let marker = format!("<li {REWRITE}><p>Results matching fewer words</li>");
    let cards =
        [seller("1", "fern99"), seller("2", "fern99"), marker, seller("3", "fern99"), seller("4", "moss-co")].concat();
    let page = parse(&format!("{}{}", heading("2 results for kettle"), list(&cards)));
    let summaries: Vec<_> = page.sellers().into_iter().map(|s| (s.name, s.section, s.listings)).collect();
    assert_eq!(
        summaries,
        [
            ("fern99".to_owned(), Section::Main, 2),
            ("fern99".to_owned(), Section::OffFilter, 1),
            ("moss-co".to_owned(), Section::OffFilter, 1),
        ]
    );
}

#[test]
fn what_a_notice_before_the_list_means_depends_on_the_count() {
    let page = |heading: &str, notice: &str| {
        let page = parse(&format!("{heading}<div {REWRITE}>{notice}</div>{}", list(&seller("1", "fern99"))));
        found(&page)[0].1
    };
    assert_eq!(page(&heading("0 results for kettle"), ""), Section::OffFilter);
    assert_eq!(page(&heading("34 results for kettle"), ""), Section::Main);
    assert_eq!(page("", "<a href='/sch/i.html?_nkw=x&_blrs=recall_filtering'>more</a>"), Section::Main);
    assert_eq!(page("", "<p>Results matching fewer words"), Section::OffFilter);
}

#[test]
fn a_notice_between_old_cards_parts_them_too() {
    for marker in [format!("<div {REWRITE}>fewer words</div>"), format!("<li {REWRITE}>fewer words")] {
        let cards = [old_card("1", "fern_99 (4) 100%"), marker, old_card("2", "moss_co (5) 100%")].concat();
        let page = parse(&format!("{}{}", heading("1 result for kettle"), list(&cards)));
        assert_eq!(found(&page), [("fern_99".to_owned(), Section::Main), ("moss_co".to_owned(), Section::OffFilter)]);
    }
}

#[test]
fn a_notice_within_the_list_before_any_card_marks_all_if_it_is_an_item() {
    let cards = format!("<li {REWRITE}>fewer words</li>{}", seller("1", "fern99"));
    assert_eq!(found(&parse(&format!("{}{}", heading("3 results"), list(&cards))))[0].1, Section::OffFilter);
}

#[test]
fn placeholders_carousels_and_cards_outside_the_list_are_no_results() {
    let shop = "<li class=s-card data-listingid=2500219655424533><a href=https://shop.example/itm/123456?x></a></li>";
    let titled = "<li class=s-item><h3 class=s-item__title>Shop on eBay</h3></li>";
    let carousel = format!(
        "<li class='srp-river-answer srp-river-answer--ITEMS_CAROUSEL'><ul>{}<li><div class=s-card>x</div></li></ul></li>",
        seller("7", "carousel-seller")
    );
    let page = parse(&format!(
        "<ul>{}</ul>{}",
        seller("8", "outside-seller"),
        list(&[shop, titled, &carousel, &seller("1", "fern99")].concat())
    ));
    assert_eq!(found(&page), [("fern99".to_owned(), Section::Main)]);
    assert_eq!(page.cards, 1);
}

#[test]
fn unclosed_elements_do_not_join_cards() {
    let open = |html: String| html.replace("</li>", "").replace("</div>", "");
    let cards = [open(seller("1", "fern99")), open(seller("2", "moss-co")), seller("3", "reed-co")].concat();
    let page = parse(&list(&cards));
    assert_eq!(page.cards, 3);
    assert_eq!(found(&page).len(), 3);
}

#[test]
fn a_list_left_open_in_a_card_does_not_hide_the_next_card() {
    let tooltip = "<span role=tooltip><ul><li>Returns<li>Ships";
    let first = card("1", &format!("{}{tooltip}", pair("fern99", "98% positive (5)"))).replace("</li>", "");
    let page = parse(&list(&format!("{first}{}", seller("2", "moss-co"))));
    assert_eq!(found(&page).len(), 2);
}

#[test]
fn a_gallery_is_the_wrong_view_by_list_or_by_cards() {
    let vertical = "<li class='s-card s-card--vertical'><div class=s-card__title>Kettle</div></li>";
    for html in
        [format!("<ul class='srp-results srp-grid'>{vertical}</ul>"), format!("<ul class=srp-results>{vertical}</ul>")]
    {
        let page = parse(&html);
        assert_eq!((page.outcome, page.view, page.cards), (Outcome::WrongView, Some(View::Grid), 1));
    }
}

#[test]
fn a_list_without_a_seller_hides_them() {
    let page = parse(&list("<li class=s-item><h3 class=s-item__title>Kettle</h3></li>"));
    assert_eq!((page.outcome, page.layout), (Outcome::SellersHidden, Some(Layout::SItem)));
}

#[test]
fn nothing_found_is_empty_and_a_count_without_cards_is_not() {
    assert_eq!(parse(&format!("{}{}", heading("0 results for kettle"), list(""))).outcome, Outcome::Empty);
    assert_eq!(parse("<div class=srp-save-null-search__heading>No exact matches</div>").outcome, Outcome::Empty);
    assert_eq!(parse(&heading("Aucun résultat pour bouilloire")).outcome, Outcome::Empty);
    assert_eq!(parse(&heading("1,234 results for kettle")).outcome, Outcome::NotResults);
    let unknown = list("<li class=z-card>Kettle</li>");
    assert_eq!(parse(&format!("{}{unknown}", heading("Ergebnisse"))).outcome, Outcome::NotResults);
}

#[test]
fn block_pages_are_told_from_other_pages() {
    for html in [
        "",
        "<title>Pardon Our Interruption...</title><p>Please wait",
        "<html><head><title>Error Page | eBay</title></head><body><main>SORRY</main>",
        "<h1>Service Unavailable - Zero size object</h1>",
        "<p>check",
    ] {
        assert_eq!(parse(html).outcome, Outcome::Blocked, "{html}");
    }
    for html in [
        "<title>Kettle | eBay</title><link rel=canonical href=https://shop.example/itm/1001><p>fern99 98% positive (12)",
        "<title>Kettle</title><meta property=og:type content=product>",
        "<title>Shop</title><a href=https://shop.example/itm/1001>Kettle</a>",
    ] {
        let page = parse(html);
        assert_eq!((page.outcome, page.layout, page.sellers().len()), (Outcome::NotResults, None, 0), "{html}");
    }
    let large = format!("<title>Access denied: a novel</title>{}", "<p>text".repeat(1200));
    assert_eq!(parse(&large).outcome, Outcome::NotResults);
}

#[test]
fn only_a_link_leads_to_a_next_page() {
    assert!(parse("<a class='pagination__next icon-link' href=/sch/i.html?_pgn=2>").has_more);
    assert!(!parse("<button class=pagination__next type=button>").has_more);
    assert!(!parse("<a class=pagination__next aria-disabled=true>").has_more);
    assert!(!parse("<a class=pagination__previous href=/sch/i.html>").has_more);
}

#[test]
fn the_total_is_read_in_many_languages() {
    for (text, expected) in [
        ("<span class=BOLD>9,100</span><!--F/-->+ results for <span class=BOLD>kettle</span>", (9100, true)),
        ("<span class=BOLD>1.300</span>+ Ergebnisse für <span class=BOLD>LEGO 75192</span>", (1300, true)),
        ("<span class=BOLD>1 234</span> résultats pour <span class=BOLD>bouilloire</span>", (1234, false)),
        ("<span class=BOLD>1\u{202f}234\u{a0}567</span> résultats", (1_234_567, false)),
        ("<span class=BOLD>12’000</span> Ergebnisse", (12_000, false)),
        ("<span class=BOLD>1</span> result for <span class=BOLD>2011 kettle</span>", (1, false)),
        ("<span class=BOLD>0</span> results for <span class=BOLD>2002 BMW X5</span>", (0, false)),
        ("<span class=BOLD>Switch 2</span>の結果<span class=BOLD>7,400</span>件以上", (7400, true)),
        ("<span class=BOLD>1,234+</span> results for <span class=BOLD>12 1,234,000 kettles</span>", (1234, true)),
        ("<span class=BOLD>2</span> results for <span class=BOLD>25 kettles</span>", (2, false)),
        ("Charizard 에 대한 결과 <span class=BOLD>140,000</span>개 이상", (140_000, true)),
        ("185,510 results for <b>warhammer 40000</b>", (185_510, false)),
        ("Plus de 1 000 résultats pour bouilloire", (1000, true)),
        ("\u{200f}4.800\u{200e}+ resultados", (4800, true)),
    ] {
        assert_eq!(total(text), Some(expected), "{text}");
    }
    assert_eq!(total("results"), None);
}

#[test]
fn a_query_of_digits_is_not_taken_for_the_total() {
    let page = |language: &str, heading: &str| {
        parse(&format!(
            "<html lang={language}><input name=_nkw value=2024><h1 class=srp-controls__count-heading>{heading}</h1>{}",
            list(&seller("1", "fern99"))
        ))
        .total
    };
    assert_eq!(page("ja", "<span class=BOLD>2024</span>の結果<span class=BOLD>7,400</span>件以上"), Some(7400));
    assert_eq!(page("en", "<span class=BOLD>7,400</span> results for <span class=BOLD>2024</span>"), Some(7400));
    assert_eq!(page("ja", "2024 の結果 7,400 件以上"), Some(7400));
    assert_eq!(page("en", "<span class=BOLD>2,024</span> results for <span class=BOLD>2024</span>"), Some(2024));
}

#[test]
fn script_templates_and_comments_hold_no_results() {
    let inside = list(&seller("1", "fern99"));
    for html in [
        format!("<script>var x = \"{inside}\";</script>"),
        format!("<!-- {inside} -->"),
        format!("<template>{inside}</template>"),
        format!("<textarea>{inside}</textarea>"),
        format!("<noscript>{inside}</noscript>"),
    ] {
        assert_eq!(parse(&html).cards, 0, "{html}");
    }
}

#[test]
fn results_below_thousands_of_nested_elements_are_still_found() {
    let page = parse(&format!("{}{}", "<div>".repeat(200_000), list(&seller("1", "fern99"))));
    assert_eq!(found(&page).len(), 1);
}

#[test]
fn a_report_has_the_form_that_scripts_rely_on() {
    let page = parse(&format!("{}{}", heading("1 result"), list(&seller("1", "fern99"))));
    let json = serde_json::to_value(ParseReport::new("a.html", &page, 1.5)).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"file": "a.html", "outcome": "page", "layout": "s-card", "view": "list", "total": 1,
            "total_is_floor": false, "has_more": false, "millis": 1.5, "sellers": [{"name": "fern99",
            "feedback_percent": 98.7, "feedback_count": 1200, "feedback_count_approx": true, "section": "main",
            "listings": 1}]})
    );
    let table = table(&ParseReport::new("a.html", &page, 1.5));
    assert!(table.contains("fern99") && table.contains("98.7 %") && table.contains("~1200"), "{table}");
}
