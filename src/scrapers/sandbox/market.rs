//! The marketplace's own data: products on their shelves, and what a search finds. It knows neither HTTP nor HTML, and is
//! the only source of the ground truth.

use std::ops::Range;

use super::draw::{Draw, key};
use super::offer::{Offer, offers};
use super::product::{PRODUCTS_PER_CATEGORY, Product};
use super::search::Search;
use super::seller::Seller;
use super::shelf::SHELVES;
use crate::scrapers::catalogue::{self, CATEGORIES_PER_DEPARTMENT};

/// Places on a page of Best Sellers.
pub(super) const PLACES_PER_PAGE: usize = 50;
/// Products that one search can match, at most.
const MATCHES_MAX: usize = 40;
/// With so few results or fewer, the shop may fill its page with others.
const FEW: usize = 12;
/// Places of a category that a neighbour's product holds: some products sell in two categories.
const SHARED_PLACES: [usize; 2] = [36, 72];

/// The marketplace of one seed.
pub(super) struct Market {
    seed: u64,
    products: Vec<Product>,
    /// Each word of each title with its product, sorted.
    words: Vec<(u64, u32)>,
}

/// What a search finds on one page.
#[derive(Default)]
pub(super) struct Found {
    /// Results of the whole search.
    pub(super) total: usize,
    /// The page's results.
    pub(super) offers: Vec<Offer>,
    /// Results that break words or filters, with which the shop fills its page.
    pub(super) fill: Vec<Offer>,
    pub(super) has_more: bool,
}

impl Market {
    pub(super) fn new(seed: u64) -> Self {
        let count = SHELVES.len() * PRODUCTS_PER_CATEGORY;
        let products: Vec<Product> = (0..count).filter_map(|number| Product::make(seed, number)).collect();
        let mut words = Vec::with_capacity(count * 20);
        for (number, product) in (0_u32..).zip(&products) {
            words.extend(words_of(product.title.as_deref().unwrap_or_default()).map(|word| (word, number)));
        }
        words.sort_unstable();
        words.dedup();
        Self { seed, products, words }
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn product(&self, number: u32) -> Option<&Product> {
        self.products.get(number as usize)
    }

    pub(super) fn seller(&self, number: u32) -> Seller {
        Seller::make(self.seed, number)
    }

    /// The products of a category's page, in order of rank; none for an unknown node.
    pub(super) fn best_sellers(&self, node_id: &str, page: usize) -> Vec<&Product> {
        let listed = catalogue::categories().find(|category| category.node_id == node_id);
        let Some(category) = listed.and_then(|listed| SHELVES.iter().position(|shelf| shelf.id == listed.id)) else {
            return Vec::new();
        };
        let end = (page * PLACES_PER_PAGE).min(PRODUCTS_PER_CATEGORY);
        let places = end.min(page.saturating_sub(1) * PLACES_PER_PAGE)..end;
        places.filter_map(|place| self.products.get(self.at(category, place))).collect()
    }

    /// Which product stands at a place of a category.
    fn at(&self, category: usize, place: usize) -> usize {
        if !SHARED_PLACES.contains(&place) {
            return category * PRODUCTS_PER_CATEGORY + place;
        }
        let mut draw = Draw::new(self.seed, "shared", &[category as u64, place as u64]);
        let department = category - category % CATEGORIES_PER_DEPARTMENT;
        let step = 1 + draw.below(CATEGORIES_PER_DEPARTMENT - 1);
        let neighbour = department + (category - department + step) % CATEGORIES_PER_DEPARTMENT;
        neighbour * PRODUCTS_PER_CATEGORY + draw.below(SHARED_PLACES[0])
    }

    /// What a search finds: offers of every product whose title holds all the words.
    pub(super) fn search(&self, search: &Search) -> Found {
        let matches = self.matches(&search.query);
        let mut all: Vec<Offer> = matches.iter().flat_map(|number| self.offers(*number)).collect();
        if matches.len() > 1 {
            all.sort_unstable_by_key(|offer| (offer.rank, offer.item_id));
        }
        let (within, outside): (Vec<Offer>, Vec<Offer>) = all.into_iter().partition(|offer| search.takes(offer));
        let total = within.len();
        let start = (search.page - 1) * search.per_page;
        let offers: Vec<Offer> = within.into_iter().skip(start).take(search.per_page).collect();
        let has_more = total > start + offers.len() && !offers.is_empty();
        let fill = self.fill(search, total, &matches, outside);
        Found { total, offers, fill, has_more }
    }

    /// With what the shop fills a page of few results: the same product outside the filters, and its neighbour.
    fn fill(&self, search: &Search, total: usize, matches: &[u32], outside: Vec<Offer>) -> Vec<Offer> {
        let Some(first) = matches.first().filter(|_| total <= FEW && search.page == 1) else { return Vec::new() };
        if !Draw::new(self.seed, "fill", &[key(&search.key())]).chance(0.7) {
            return Vec::new();
        }
        let neighbour = self.offers(first ^ 1).into_iter().filter(|offer| !search.takes(offer));
        outside.into_iter().take(30).chain(neighbour).take(search.per_page - total).collect()
    }

    fn offers(&self, number: u32) -> Vec<Offer> {
        self.product(number).map(|product| offers(self.seed, number, product)).unwrap_or_default()
    }

    /// Products whose titles hold all words of the query.
    fn matches(&self, query: &str) -> Vec<u32> {
        let wanted: Vec<u64> = words_of(query).collect();
        let Some(rarest) = wanted.iter().map(|word| self.holding(*word)).min_by_key(Range::len) else {
            return Vec::new();
        };
        self.words[rarest]
            .iter()
            .map(|(_, number)| *number)
            .filter(|number| wanted.iter().all(|word| self.words.binary_search(&(*word, *number)).is_ok()))
            .take(MATCHES_MAX)
            .collect()
    }

    fn holding(&self, word: u64) -> Range<usize> {
        let start = self.words.partition_point(|entry| entry.0 < word);
        start..start + self.words[start..].partition_point(|entry| entry.0 == word)
    }
}

fn words_of(text: &str) -> impl Iterator<Item = u64> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| key(&word.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::query;
    use std::collections::BTreeSet;

    #[test]
    fn a_category_has_a_hundred_products_on_two_pages() {
        let market = Market::new(1);
        let asins = |page| market.best_sellers("1063252", page).iter().map(|p| p.asin.clone()).collect::<Vec<_>>();
        assert_eq!([asins(1).len(), asins(2).len(), asins(3).len()], [50, 50, 0]);
        assert_eq!(asins(1).into_iter().chain(asins(2)).collect::<BTreeSet<_>>().len(), 100);
        assert!(market.best_sellers("1", 1).is_empty());
    }

    #[test]
    fn some_products_sell_in_two_categories() {
        let market = Market::new(1);
        let nodes = ["1063236", "1063252", "1063278", "3610841", "510106"];
        let rows: Vec<_> = nodes
            .iter()
            .flat_map(|node| [1, 2].map(|page| market.best_sellers(node, page)))
            .flatten()
            .map(|product| &product.asin)
            .collect();
        let distinct = rows.iter().collect::<BTreeSet<_>>().len();
        assert_eq!(rows.len(), 500);
        assert!((485..500).contains(&distinct), "{distinct}");
    }

    #[test]
    fn the_query_of_a_title_finds_its_product_alone() {
        let market = Market::new(1);
        for number in (0..7_500).step_by(37) {
            let Some(title) = market.products[number as usize].title.as_deref() else { continue };
            assert_eq!(market.matches(&query::from_title(title, 80)), [number], "{title}");
            assert!(market.matches(&query::from_title(title, 10)).len() <= MATCHES_MAX);
        }
        assert!(market.matches("no such thing here").is_empty() && market.matches("  ").is_empty());
    }

    #[test]
    fn results_are_dealt_to_pages_without_a_gap_or_a_repeat() {
        let market = Market::new(1);
        let title = market.products[3].title.clone().expect("a title");
        let search = |page| Search { query: query::from_title(&title, 80), page, per_page: 60, ..Search::default() };
        let first = market.search(&search(1));
        let mut dealt = Vec::new();
        let mut page = 1;
        loop {
            let found = market.search(&search(page));
            dealt.extend(found.offers.iter().map(|offer| (offer.rank, offer.item_id)));
            if !found.has_more {
                break;
            }
            page += 1;
        }
        assert_eq!(dealt.len(), first.total);
        assert!(dealt.is_sorted());
        assert!(market.search(&search(page + 1)).offers.is_empty());
    }
}
