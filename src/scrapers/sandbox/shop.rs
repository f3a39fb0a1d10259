//! What the sandbox answers from: the marketplace of a seed, or a folder of captures. Contents only; the vendor's
//! envelope is put around them in `protocol`.

use serde_json::{Value, json};

use super::market::{Market, PLACES_PER_PAGE};
use super::page::{ResultPage, Shape, blocked, empty_page, page};
use super::product::Product;
use super::replay::{Replay, Row};
use super::search::Search;

/// What is answered from.
pub(super) enum Shop {
    Market(Market),
    Replay {
        /// The captures.
        replay: Replay,
        /// Decides the looks of pages that no capture gives.
        seed: u64,
    },
}

impl Shop {
    fn seed(&self) -> u64 {
        match self {
            Self::Market(market) => market.seed(),
            Self::Replay { seed, .. } => *seed,
        }
    }

    /// The parsed content of a Best Sellers page. In a replay every category holds the list.
    pub(super) fn best_sellers(&self, node_id: &str, page: usize) -> Value {
        let before = page.saturating_sub(1) * PLACES_PER_PAGE;
        let rows: Vec<Value> = match self {
            Self::Market(market) => {
                let products = market.best_sellers(node_id, page);
                products.into_iter().zip(before + 1..).map(|(product, rank)| market_row(product, rank)).collect()
            }
            Self::Replay { replay, .. } => replay.best_sellers(page, PLACES_PER_PAGE).iter().map(replay_row).collect(),
        };
        json!({
            "url": format!("https://www.amazon.com/gp/bestsellers/{node_id}?pg={page}"),
            "page": page,
            "results": rows,
            "parse_status_code": 12000,
        })
    }

    /// The source of a result page.
    pub(super) fn results(&self, search: &Search) -> String {
        match self {
            Self::Market(market) => render(market, search, false),
            Self::Replay { replay, seed } => {
                replay.page(search).map_or_else(|| empty_page(search, *seed), str::to_owned)
            }
        }
    }

    /// The results as a gallery; a page that keeps the visitor out where there is nothing to show as one.
    pub(super) fn gallery(&self, search: &Search, look: u64) -> String {
        match self {
            Self::Market(market) => {
                let found = market.search(search);
                if found.offers.is_empty() && found.fill.is_empty() {
                    return blocked(look);
                }
                render(market, search, true)
            }
            Self::Replay { .. } => blocked(look),
        }
    }

    /// What a fault looks like where it can look in several ways.
    pub(super) fn blocked(&self, look: u64) -> String {
        blocked(look ^ self.seed())
    }
}

fn render(market: &Market, search: &Search, gallery: bool) -> String {
    let found = market.search(search);
    page(&ResultPage::of(market, search, found), &Shape::of(market.seed(), search, gallery))
}

fn market_row(product: &Product, rank: usize) -> Value {
    let cents = product.shown_cents();
    let mut row = json!({
        "pos": rank,
        "asin": product.asin.as_str(),
        "title": product.title,
        "price_upper": price(cents, 1),
        "currency": "USD",
        "rating": f64::from(product.rating_tenths) / 10.0,
        "ratings_count": product.ratings,
        "is_prime": !rank.is_multiple_of(3),
        "url": format!("/dp/{}/ref=zg_bs_g_{rank}", product.asin),
    });
    // The field's documented forms, each where a row's rank says: a row without a price has null, 0, or no field.
    match (cents, rank % 3) {
        (None, 0) => {}
        _ => row["price"] = price(cents, rank),
    }
    if let Some(cents) = cents {
        row["price_str"] = json!(format!("${}.{:02}", cents / 100, cents % 100));
    }
    row
}

fn replay_row(row: &Row) -> Value {
    json!({
        "pos": row.rank,
        "asin": row.asin.as_str(),
        "title": row.title,
        "price": price(row.cents, 1),
        "price_upper": price(row.cents, 1),
        "currency": "USD",
        "url": format!("/dp/{}", row.asin),
    })
}

/// A price in one of the forms that the vendor documents: whole dollars are an integer, others a float or a text.
fn price(cents: Option<i64>, rank: usize) -> Value {
    match cents {
        None if rank % 3 == 1 => Value::Null,
        None => json!(0),
        Some(cents) if cents % 100 == 0 => json!(cents / 100),
        Some(cents) if rank.is_multiple_of(17) => json!(format!("${}.{:02}", cents / 100, cents % 100)),
        Some(cents) => {
            #[allow(clippy::cast_precision_loss, reason = "prices are far below 2^53 cents")]
            let dollars = cents as f64 / 100.0;
            json!(dollars)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_come_in_every_documented_form() {
        assert_eq!(price(Some(1_200), 1), json!(12));
        assert_eq!(price(Some(1_299), 1), json!(12.99));
        assert_eq!(price(Some(129_999), 17), json!("$1299.99"));
        assert_eq!((price(None, 1), price(None, 2)), (Value::Null, json!(0)));
    }
}
