//! A scripted marketplace whose truth is known: categories of products, products with sellers over several pages.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gleaner::domain::ledger::Cost;
use gleaner::domain::money::Money;
use gleaner::domain::product::{Asin, Product};
use gleaner::domain::seller::{Sighting, normalise};
use gleaner::domain::task::Category;
use gleaner::scrapers::mocked::{Ask, Play, Script};
use gleaner::scrapers::{Answer, ProductPage, SellerPage};

/// A marketplace: `categories` x `products` products, each with `pages` result pages of `sellers` sellers.
#[derive(Clone, Copy, Debug)]
pub struct Market {
    pub categories: usize,
    pub products: usize,
    pub pages: i16,
    pub sellers: usize,
}

pub const COST: Cost = Cost { billed: true, rendered: false };

impl Market {
    pub fn small() -> Self {
        Self { categories: 3, products: 8, pages: 2, sellers: 3 }
    }

    pub fn chosen(&self) -> Vec<Category> {
        let category = |index| Category {
            node_id: format!("node-{index}"),
            name: format!("Category {index}"),
            department: format!("Department {}", index / 2),
        };
        (0..self.categories).map(category).collect()
    }

    fn title(product: usize) -> String {
        format!("Product number{product}")
    }

    /// Products of a category; each category shares its first product with the one before.
    fn products_of(&self, category: usize) -> Vec<usize> {
        let first = category * self.products;
        let shared = (category > 0).then(|| first - 1);
        shared.into_iter().chain(first..first + self.products).collect()
    }

    fn seller_names(&self, product: usize, page: i16) -> Vec<String> {
        let page = usize::try_from(page).expect("a page");
        (0..self.sellers)
            .map(|n| format!("Seller{}", (product * 7 + page * 3 + n * 5) % (self.products * 11)))
            .collect()
    }

    /// The normalised names that a complete run finds.
    pub fn truth(&self) -> BTreeSet<String> {
        let products = (0..self.categories).flat_map(|category| self.products_of(category));
        let pages = products.flat_map(|product| (1..=self.pages).map(move |page| (product, page)));
        pages.flat_map(|(product, page)| self.seller_names(product, page)).map(|name| normalise(&name)).collect()
    }

    /// What the marketplace answers when nothing is wrong.
    pub fn answer(&self, ask: &Ask) -> Play {
        match ask {
            Ask::Category(request) => {
                let index: usize = request.node_id.trim_start_matches("node-").parse().expect("one of ours");
                let all = self.products_of(index);
                let half = all.len().div_ceil(2);
                let rows = if request.page == 1 { &all[..half] } else { &all[half..] };
                let products = (1..).zip(rows).map(|(rank, product)| self.product(rank, *product)).collect();
                let page = ProductPage { products, bad_rows: 0, unread_prices: 0, has_more: request.page < 2 };
                Play::Products(Answer { result: Ok(page), cost: COST, raw: None, job: None })
            }
            Ask::Search(request) => {
                let product: usize = request.query.trim_start_matches("Product number").parse().expect("one of ours");
                let sightings = self.seller_names(product, request.page).into_iter().map(sighting).collect();
                let page = SellerPage { sightings, has_more: request.page < self.pages };
                Play::Sellers(Answer { result: Ok(page), cost: COST, raw: None, job: None })
            }
        }
    }

    fn product(&self, rank: i32, product: usize) -> Product {
        let price = i64::try_from(product).expect("small") * 100 + 999;
        Product {
            asin: Asin::parse(&format!("B{product:09}")).expect("ten characters"),
            rank,
            title: Some(Self::title(product)),
            price: Some(Money::usd(price)),
            url: None,
        }
    }

    /// Everything is answered after `latency`.
    pub fn script(self, latency: Duration) -> Arc<Script> {
        Arc::new(move |ask, _| (latency, self.answer(ask)))
    }
}

fn sighting(name: String) -> Sighting {
    Sighting {
        feedback_tenths: Some(987),
        feedback_count: Some(1_200),
        feedback_approx: true,
        listing_id: Some(format!("{name}-1")),
        title: "A listing".to_owned(),
        price: Some(Money::usd(4_200)),
        link: None,
        name,
    }
}

/// An answer that is fine and holds nothing.
pub fn finds_nothing(ask: &Ask) -> Play {
    match ask {
        Ask::Category(_) => {
            let page = ProductPage { products: Vec::new(), bad_rows: 0, unread_prices: 0, has_more: false };
            Play::Products(Answer { result: Ok(page), cost: COST, raw: None, job: None })
        }
        Ask::Search(_) => {
            let page = SellerPage { sightings: Vec::new(), has_more: false };
            Play::Sellers(Answer { result: Ok(page), cost: COST, raw: None, job: None })
        }
    }
}

/// An answer that fails.
pub fn fails(ask: &Ask, failure: gleaner::domain::failure::Failure) -> Play {
    match ask {
        Ask::Category(_) => Play::Products(Answer { result: Err(failure), cost: COST, raw: None, job: None }),
        Ask::Search(_) => Play::Sellers(Answer { result: Err(failure), cost: COST, raw: None, job: None }),
    }
}
