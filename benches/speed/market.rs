//! A marketplace that is there at once: categories of two pages, products with one result page of two or three sellers.

use gleaner::domain::ledger::Cost;
use gleaner::domain::money::Money;
use gleaner::domain::product::{Asin, Product};
use gleaner::domain::seller::Sighting;
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::Category;
use gleaner::scrapers::mocked::{Ask, Play};
use gleaner::scrapers::{Answer, ProductPage, SellerPage};

/// Every answer is paid for.
pub const COST: Cost = Cost { billed: true, rendered: false };
/// Pages of a category.
pub const CATEGORY_PAGES: usize = 2;
/// Products on a full page of a category.
const PAGE_PRODUCTS: usize = 50;

/// A marketplace of this many categories, each with two pages of products.
#[derive(Clone, Copy)]
pub struct Market {
    pub categories: usize,
    pub page_products: usize,
}

impl Market {
    /// At least so many products, in categories of a hundred.
    pub fn of(products: usize) -> Self {
        Self { categories: products.div_ceil(CATEGORY_PAGES * PAGE_PRODUCTS), page_products: PAGE_PRODUCTS }
    }

    /// Products, each a task of phase `ebay`.
    pub fn products(self) -> usize {
        self.categories * CATEGORY_PAGES * self.page_products
    }

    /// Tasks of a whole run.
    pub fn tasks(self) -> usize {
        self.categories + self.products()
    }

    /// Requests of a whole run.
    pub fn requests(self) -> usize {
        self.categories * CATEGORY_PAGES + self.products()
    }

    /// Settings under which nothing waits but for its answer.
    pub fn settings(workers: u16) -> RunSettings {
        RunSettings { workers, page_delay_ms: 0, pages_per_category: 2, pages_per_product: 1, ..RunSettings::default() }
    }

    pub fn chosen(self) -> Vec<Category> {
        let category = |index| Category {
            node_id: format!("node-{index}"),
            name: format!("Category {index}"),
            department: format!("Department {}", index / 10),
        };
        (0..self.categories).map(category).collect()
    }

    /// The products on a page of a category; pages count from 1.
    pub fn page_of(self, node_id: &str, page: i16) -> ProductPage {
        let category: usize = node_id.trim_start_matches("node-").parse().expect("one of ours");
        let page = usize::try_from(page).expect("a page");
        let first = (category * CATEGORY_PAGES + page - 1) * self.page_products;
        let products = (1..).zip(first..first + self.page_products).map(|(rank, product)| Product {
            asin: Asin::parse(&format!("B{product:09}")).expect("ten characters"),
            rank,
            title: Some(format!("Stainless steel kettle with a whistle and a long spout number{product}")),
            price: Some(Money::usd(i64::try_from(product).expect("small") + 1_999)),
            url: Some(format!("https://www.amazon.com/dp/B{product:09}")),
        });
        ProductPage { products: products.collect(), bad_rows: 0, unread_prices: 0, has_more: page < CATEGORY_PAGES }
    }

    /// The sellers of a product: two or three, each of which sells some thirty products.
    pub fn sellers_of(self, query: &str) -> Vec<Sighting> {
        let product = product_of(query);
        let names = self.products() / 12 + 1;
        (0..2 + product % 2).map(|n| sighting((product * 7 + n * 13) % names, product)).collect()
    }

    /// What is answered when nothing is wrong.
    pub fn answer(self, ask: &Ask) -> Play {
        match ask {
            Ask::Category(request) => {
                let result = Ok(self.page_of(&request.node_id, request.page));
                Play::Products(Answer { result, cost: COST, raw: None, job: None })
            }
            Ask::Search(request) => {
                let page = SellerPage { sightings: self.sellers_of(&request.query), has_more: false };
                Play::Sellers(Answer { result: Ok(page), cost: COST, raw: None, job: None })
            }
        }
    }
}

/// The product that a search is for.
pub fn product_of(query: &str) -> usize {
    query.rsplit("number").next().and_then(|digits| digits.parse().ok()).expect("the number at the end of the title")
}

fn sighting(seller: usize, product: usize) -> Sighting {
    Sighting {
        name: format!("kitchen_corner_{seller}"),
        feedback_tenths: Some(987),
        feedback_count: Some(1_200),
        feedback_approx: true,
        listing_id: Some(format!("2956{product:08}")),
        title: format!("NEW Stainless Steel Kettle with Whistle {product}"),
        price: Some(Money::usd(4_200)),
        link: Some(format!("https://www.ebay.com/itm/2956{product:08}")),
    }
}
