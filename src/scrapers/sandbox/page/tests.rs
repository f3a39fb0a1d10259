//! The pages hold what they were made of. Nothing here knows the parser: texts are looked for, not structure.

use super::shape::Generation;
use super::*;
use crate::domain::query;

fn rendered(
    number: u32,
    page_number: usize,
    gallery: bool,
    change: impl Fn(&mut Search, &mut Shape),
) -> (Vec<Card>, String) {
    let market = Market::new(1);
    let title = market.product(number).and_then(|product| product.title.clone()).expect("a title");
    let query = query::from_title(&title, 80);
    let mut search = Search { query, page: page_number, per_page: 60, ..Search::default() };
    let mut shape = Shape::of(1, &search, gallery);
    change(&mut search, &mut shape);
    let found = market.search(&search);
    let result = ResultPage::of(&market, &search, found);
    let html = page(&result, &shape);
    (result.cards, html)
}

#[test]
fn a_list_names_every_seller_and_a_gallery_none() {
    for generation in [Generation::SCard, Generation::SItem] {
        let (cards, html) = rendered(3, 1, false, |_, shape| shape.generation = generation);
        assert_eq!(cards.len(), 60);
        assert!(cards.iter().all(|card| html.contains(&card.seller.name)));
        let (cards, html) = rendered(3, 1, true, |_, shape| shape.generation = generation);
        assert!(cards.iter().all(|card| !html.contains(&card.seller.name)));
        assert!(html.contains("srp-grid"));
    }
}

#[test]
fn a_page_has_the_size_that_was_meant() {
    for number in 0..12 {
        let Some(_) = Market::new(1).product(number).and_then(|product| product.title.as_ref()) else { continue };
        let (cards, html) = rendered(number, 1, false, |_, _| {});
        if cards.len() == 60 {
            assert!((60_000..220_000).contains(&html.len()), "{number}: {}", html.len());
        }
    }
}

#[test]
fn the_last_page_has_a_button_where_others_have_a_link() {
    let (_, first) = rendered(3, 1, false, |_, shape| shape.quoted = true);
    assert!(first.contains("class=\"pagination__next icon-link\""));
    let (cards, last) = rendered(3, 1, false, |search, shape| {
        shape.quoted = true;
        search.page = 1_000;
    });
    assert!(cards.is_empty() && last.contains("<button type=\"next\""));
}

#[test]
fn the_same_request_gives_the_same_page() {
    assert_eq!(rendered(5, 1, false, |_, _| {}).1, rendered(5, 1, false, |_, _| {}).1);
}

#[test]
fn an_empty_page_says_so_and_a_blocked_one_says_nothing() {
    let search = Search { query: "tea & <b>".to_owned(), page: 1, per_page: 60, ..Search::default() };
    let empty = empty_page(&search, 1);
    assert!(empty.contains("count-heading") && empty.contains("tea &amp; &lt;b&gt;"));
    for number in 0..3 {
        assert!(!blocked(number).contains("srp-"), "{number}");
    }
}
