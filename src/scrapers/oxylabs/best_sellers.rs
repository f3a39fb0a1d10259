//! The vendor's `amazon_bestsellers` source: the query for a page, and products from the parsed content. A row that cannot
//! be read is counted, and so is a price that cannot; a page of which no row or no price can be read is a failure, so that
//! a changed form is seen.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::failure::{Failure, RetryKind};
use crate::domain::money::{Currency, Money};
use crate::domain::product::{Asin, Product};
use crate::scrapers::{CategoryRequest, ProductPage, cut_title};

/// Only the first 100 ranks are public: two pages.
const PAGES_MAX: i16 = 2;
/// Ranks of a full page.
const RANKS_PER_PAGE: i32 = 50;
/// Most rows of a page that is believed: each may be searched, and each search is paid for.
const ROWS_MAX: usize = 100;

/// The parsed content of a page; rows are read one by one.
#[derive(Debug, Deserialize)]
pub struct Content {
    results: Option<Vec<Value>>,
}

/// The query for a page.
pub(super) fn query(request: &CategoryRequest) -> Value {
    json!({
        "source": "amazon_bestsellers",
        "domain": "com",
        "query": request.node_id,
        "start_page": request.page,
        "pages": 1,
        "parse": true,
    })
}

/// The page's address on Amazon, for people.
pub(super) fn address(request: &CategoryRequest) -> String {
    format!("https://www.amazon.com/gp/bestsellers/?node={}&pg={}", request.node_id, request.page)
}

impl Content {
    /// The products of page `page`.
    ///
    /// # Errors
    /// Where there is no list of rows, or none of its rows can be read.
    pub fn into_page(self, page: i16) -> Result<ProductPage, Failure> {
        let Some(rows) = self.results else {
            return Err(Failure::retryable(RetryKind::Layout, "the parsed page holds no list of products"));
        };
        if rows.len() > ROWS_MAX {
            let words = format!("the page holds {} rows, and at most {ROWS_MAX} are taken", rows.len());
            return Err(Failure::retryable(RetryKind::Layout, words));
        }
        let products = products(&rows, page);
        if products.is_empty() && !rows.is_empty() {
            let detail = format!("none of the page's {} rows can be read", rows.len());
            return Err(Failure::retryable(RetryKind::Layout, detail));
        }
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let bad_rows = count(rows.len() - products.len());
        let unread_prices = count(products.iter().filter(|(_, price_read)| !price_read).count());
        if unread_prices > 1 && unread_prices == count(products.len()) {
            return Err(Failure::retryable(RetryKind::Layout, format!("none of {unread_prices} prices can be read")));
        }
        let products = products.into_iter().map(|(product, _)| product).collect();
        Ok(ProductPage { products, bad_rows, unread_prices, has_more: page < PAGES_MAX && !rows.is_empty() })
    }
}

/// The products of the rows that can be read, and whether the price could be read too.
fn products(rows: &[Value], page: i16) -> Vec<(Product, bool)> {
    let before = (i32::from(page) - 1).max(0) * RANKS_PER_PAGE;
    rows.iter()
        .zip(1..)
        .filter_map(|(row, place)| {
            let asin = Asin::parse(row.get("asin")?.as_str()?)?;
            let title = row.get("title").and_then(Value::as_str).map(str::trim).filter(|title| !title.is_empty());
            let url = format!("https://www.amazon.com/dp/{asin}");
            // Whether positions of the second page count from 1 or from 51 is not documented; both become 51 and on.
            let place = row.get("pos").and_then(Value::as_i64).and_then(|pos| i32::try_from(pos).ok()).unwrap_or(place);
            let rank = if place > before { place } else { place + before };
            let price = price(row);
            let price_read = price.is_some();
            let (title, price) = (title.map(cut_title), price.flatten());
            Some((Product { asin, rank, title, price, url: Some(url) }, price_read))
        })
        .collect()
}

/// The row's price; the inner `None` where it has none (null, absent, 0 and an empty text mean the same), the outer one
/// where it cannot be read. A number counts major units, whether it is whole or not.
fn price(row: &Value) -> Option<Option<Money>> {
    let text = match row.get("price") {
        None | Some(Value::Null) => return Some(None),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(_) => return None,
    };
    if text.is_empty() {
        return Some(None);
    }
    let currency = match row.get("currency") {
        None | Some(Value::Null) => Currency::USD,
        Some(Value::String(code)) if matches!(code.trim(), "$" | "") => Currency::USD,
        Some(Value::String(code)) => Currency::parse(code)?,
        Some(_) => return None,
    };
    let amount = text.strip_prefix('$').or_else(|| text.strip_prefix(currency.code())).unwrap_or(&text);
    let price = Money::from_decimal(amount.trim(), currency)?;
    Some(Some(price).filter(|price| price.minor > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: Value, page: i16) -> Result<ProductPage, Failure> {
        serde_json::from_value::<Content>(json!({ "results": rows })).expect("a content").into_page(page)
    }

    fn price_of(fields: Value) -> Option<Option<String>> {
        price(&fields).map(|price| price.map(|money| money.to_string()))
    }

    #[test]
    fn a_number_is_dollars_whether_whole_or_not() {
        let shown = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(price_of(json!({"price": 1299, "currency": "USD"})), shown("$1299.00"));
        assert_eq!(price_of(json!({"price": 12.99, "currency": "USD"})), shown("$12.99"));
        assert_eq!(price_of(json!({"price": 0.1 + 0.2})), shown("$0.30"));
        assert_eq!(price_of(json!({"price": "$1,299.00", "currency": "$"})), shown("$1299.00"));
        assert_eq!(price_of(json!({"price": "12.5", "currency": "EUR"})), shown("12.50 EUR"));
        assert_eq!(price_of(json!({"price": "USD 7"})), shown("$7.00"));
    }

    #[test]
    fn null_absent_zero_and_an_empty_text_are_no_price() {
        for row in [json!({}), json!({"price": null}), json!({"price": 0}), json!({"price": 0.0}), json!({"price": ""})]
        {
            assert_eq!(price_of(row.clone()), Some(None), "{row}");
        }
    }

    #[test]
    fn a_price_that_cannot_be_read_is_told_from_none() {
        for price in [json!(-1), json!(true), json!("ask us"), json!([1]), json!("$5 - $9")] {
            assert_eq!(price_of(json!({"price": price})), None);
        }
        assert_eq!(price_of(json!({"price": 1, "currency": "Dollars"})), None);
    }

    #[test]
    fn bad_rows_are_counted_and_the_good_ones_kept() {
        let rows = json!([
            {"pos": 1, "asin": "B000000001", "title": "Kettle", "price": 20},
            {"pos": 2, "asin": "B0", "title": "Cut short", "price": 20},
            {"pos": 3, "asin": null}, 7,
            {"pos": 5, "asin": "b000000005", "title": "  "},
        ]);
        let page = page(rows, 1).expect("a page");
        assert_eq!((page.products.len(), page.bad_rows, page.has_more), (2, 3, true));
        assert_eq!(page.products[0].url.as_deref(), Some("https://www.amazon.com/dp/B000000001"));
        assert_eq!(
            (page.products[1].asin.as_str(), &page.products[1].title, page.products[1].rank),
            ("B000000005", &None, 5)
        );
    }

    #[test]
    fn a_product_whose_price_cannot_be_read_stays_without_one_and_is_counted() {
        let row = |asin: &str, price: Value| json!({"asin": asin, "title": "Kettle", "price": price});
        let mixed =
            page(json!([row("B000000001", json!("$5 - $9")), row("B000000002", json!(20))]), 1).expect("a page");
        assert_eq!((mixed.products.len(), mixed.bad_rows, mixed.unread_prices), (2, 0, 1));
        assert_eq!(mixed.products.iter().map(|product| product.price.is_some()).collect::<Vec<_>>(), [false, true]);
        let changed = page(json!([row("B000000001", json!("5 to 9")), row("B000000002", json!("from 5"))]), 1);
        assert!(matches!(changed, Err(Failure::Retryable { kind: RetryKind::Layout, .. })), "{changed:?}");
    }

    #[test]
    fn a_page_of_more_rows_than_there_are_ranks_is_not_believed_and_a_title_is_cut() {
        let rows: Vec<Value> = (0..101).map(|n| json!({"asin": format!("B{n:09}"), "title": "Kettle"})).collect();
        assert!(matches!(page(json!(rows), 1), Err(Failure::Retryable { kind: RetryKind::Layout, .. })));
        let long = page(json!([{"asin": "B000000001", "title": "é".repeat(3_000_000)}]), 1).expect("a page");
        assert_eq!(long.products[0].title.as_ref().map(|title| title.chars().count()), Some(1_000));
    }

    #[test]
    fn ranks_of_the_second_page_go_on_after_the_first_and_end_there() {
        for pos in [1, 51] {
            let page = page(json!([{"pos": pos, "asin": "B000000001"}]), 2).expect("a page");
            assert_eq!((page.products[0].rank, page.has_more), (51, false));
        }
    }

    #[test]
    fn no_rows_is_an_empty_category_and_no_readable_row_is_a_failure() {
        let empty = page(json!([]), 1).expect("a page");
        assert_eq!((empty.products.len(), empty.has_more), (0, false));
        for unreadable in [page(json!([{"asin": 5}]), 1), page(Value::Null, 1)] {
            assert!(matches!(unreadable, Err(Failure::Retryable { kind: RetryKind::Layout, .. })), "{unreadable:?}");
        }
    }
}
