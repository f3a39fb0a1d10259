//! The eBay page parser over pages that were really served, and over those pages after damage.
use std::collections::BTreeMap;
use std::path::Path;

use gleaner::scrapers::ebay_page::{Outcome, Section, parse};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::samples::samples;

const FOLDERS: [&str; 4] = ["ebay_srp", "ebay_blocked", "ebay_other", "oxylabs"];

/// Captured pages with what they are known to hold.
fn captures(samples: &Path) -> Vec<(String, String, Value)> {
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(samples.join("ebay_srp")).expect("the folder was there") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_some_and(|extension| extension == "html") {
            let expected = read(&path.with_extension("expected.json"));
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            pages.push((name, read(&path), serde_json::from_str(&expected).expect("expected files are JSON")));
        }
    }
    assert!(!pages.is_empty(), "the folder of captured pages is empty");
    pages.sort_by(|one, other| one.0.cmp(&other.0));
    pages
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).expect("a readable file")).into_owned()
}

/// Cards by seller and section.
type Sellers = BTreeMap<(String, Section), usize>;

fn known_sellers(expected: &Value) -> Sellers {
    let mut sellers = Sellers::new();
    for item in expected["items"].as_array().expect("a list of items") {
        if let Some(name) = item["seller"]["username"].as_str() {
            let section = if item["section"] == "main" { Section::Main } else { Section::OffFilter };
            *sellers.entry((name.to_owned(), section)).or_default() += 1;
        }
    }
    sellers
}

fn found_sellers(html: &str) -> Sellers {
    parse(html).sellers().into_iter().map(|seller| ((seller.name, seller.section), seller.listings)).collect()
}

#[test]
fn every_captured_page_yields_exactly_its_sellers() {
    let Some(samples) = samples(&FOLDERS) else { return };
    let mut wrong_pages = Vec::new();
    for (name, html, expected) in captures(&samples) {
        let (known, found) = (known_sellers(&expected), found_sellers(&html));
        let right = known.keys().filter(|key| found.contains_key(key)).count();
        println!("{name}: {right} right, {} missing, {} wrong", known.len() - right, found.len() - right);
        if known != found {
            wrong_pages.push(name);
        }
    }
    assert_eq!(wrong_pages, Vec::<String>::new());
}

#[test]
fn every_captured_card_yields_its_item_title_and_price() {
    let Some(samples) = samples(&FOLDERS) else { return };
    for (name, html, expected) in captures(&samples) {
        let page = parse(&html);
        let items = expected["items"].as_array().unwrap();
        assert_eq!(page.cards, items.len(), "{name}");
        for (listing, item) in page.listings.iter().zip(items) {
            assert_eq!(listing.listing_id.as_deref(), item["item_id"].as_str(), "{name}");
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            // The known title may begin with a mark such as "New listing".
            let title = words(item["title"].as_str().unwrap());
            assert!(
                title.ends_with(&listing.title) && listing.title.len() * 2 > title.len(),
                "{name}: {}",
                listing.title
            );
            // It may end with a second price, of another way to buy.
            let price = words(item["price_text"].as_str().unwrap());
            assert!(listing.price_text.as_ref().is_some_and(|text| price.starts_with(text)), "{name}: {price}");
        }
    }
}

#[test]
fn pages_that_are_no_results_are_recognised() {
    let Some(samples) = samples(&FOLDERS) else { return };
    for (folder, outcome) in [("ebay_blocked", Outcome::Blocked), ("ebay_other", Outcome::NotResults)] {
        for entry in std::fs::read_dir(samples.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let page = parse(&read(&path));
            assert_eq!((page.outcome, page.sellers().len()), (outcome, 0), "{}", path.display());
        }
    }
    let answer = read(&samples.join("oxylabs/universal_result.json"));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let content = answer["results"][0]["content"].as_str().unwrap();
    assert_eq!(parse(content).outcome, Outcome::NotResults);
}

#[test]
fn a_page_that_was_cut_is_never_taken_for_an_empty_one() {
    let Some(samples) = samples(&FOLDERS) else { return };
    for (name, html, expected) in captures(&samples) {
        let known = known_sellers(&expected);
        for part in 1..40 {
            let cut = &html[..html.floor_char_boundary(html.len() * part / 40)];
            let page = parse(cut);
            let nothing_found = expected["reported_total"] == 0;
            assert!(nothing_found || page.outcome != Outcome::Empty, "{name} cut at {part}/40");
            for seller in page.sellers() {
                assert!(known.contains_key(&(seller.name.clone(), seller.section)), "{name} cut: {}", seller.name);
            }
        }
    }
}

/// Pieces that matter to the parser, to be put together at random.
const PIECES: [&str; 34] = [
    "<ul class='srp-results srp-list'>",
    "<ul class='srp-results srp-grid'>",
    "</ul>",
    "<li class='s-card s-card--horizontal'>",
    "<li class=s-item>",
    "</li>",
    "<li class='srp-river-answer srp-river-answer--REWRITE_START'>",
    "<div class='srp-river-answer srp-river-answer--REWRITE_START'>",
    "<div class=su-card-container__attributes__secondary>",
    "<div class=s-card__attribute-row>",
    "<span class=su-styled-text>fern99</span>",
    "<span class=su-styled-text>98,7% positive (1.2K)",
    "<span class=s-item__seller-info-text>",
    "fern99 (1,493) 98.9%",
    "<h1 class=srp-controls__count-heading>",
    "<span class=BOLD>",
    "1.234 +",
    "件以上",
    "<table><tr><td>",
    "</table>",
    "<p>",
    "</p>",
    "<b><a>",
    "</b>",
    "<script>",
    "</script>",
    "<svg><desc>",
    "<template>",
    "</template>",
    "<select><option>",
    "<a class=pagination__next href='/sch/i.html'>",
    "<!-- ",
    "(%)",
    "<frameset>",
];

proptest! {
    #[test]
    fn no_sequence_of_pieces_breaks_the_parser(
        pieces in prop::collection::vec((prop::sample::select(&PIECES[..]), ".{0,4}"), 0..60)
    ) {
        let html: String = pieces.iter().flat_map(|(piece, noise)| [*piece, noise.as_str()]).collect();
        let page = parse(&html);
        let with_seller = page.listings.iter().filter(|listing| listing.seller.is_some()).count();
        prop_assert_eq!(page.sellers().iter().map(|seller| seller.listings).sum::<usize>(), with_seller);
        prop_assert_eq!(page.cards, page.listings.len());
        if page.outcome == Outcome::Page {
            prop_assert!(with_seller > 0);
        }
    }

    #[test]
    fn no_text_breaks_the_parser(text in any::<String>()) {
        parse(&text);
        parse(&format!(
            "<ul class=srp-results><li class=s-item><span class=s-item__seller-info-text>{text}</span>\
             <h1 class=srp-controls__count-heading>{text}"
        ));
    }
}
