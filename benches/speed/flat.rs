//! Whether a task costs the same in a long run as in a short one, and at the end of a run as at its beginning.

use std::time::Duration;

use crate::Asked;
use crate::database::Database;
use crate::durable::whole_run;
use crate::figures::rate;
use crate::market::Market;
use crate::shop::{Pace, Shop};
use crate::table::{Goal, Table};
use crate::watched_store::Seen;

const WORKERS: u16 = 5;
/// Products that a window holds at most.
const WINDOW_MAX: usize = 20_000;

/// Measures runs of 1,000, 10,000 and 100,000 products, and of 1,000,000 where `--million` is said.
pub async fn measure(asked: &Asked, table: &mut Table) {
    let mut sizes = vec![1_000, 10_000, asked.number("tasks", 100_000)];
    if asked.has("--million") {
        sizes.push(1_000_000);
    }
    let mut smallest = None;
    for products in sizes {
        let market = Market::of(products);
        let database = Database::open().await;
        let (took, seen) = whole_run(&database, market, WORKERS, &Shop::new(market, Pace::default())).await;
        database.close().await;
        let whole = rate(market.tasks(), took);
        let (begin, end) = windows(&seen, products);
        table.figure(format!("flat, {products} products: whole run, tasks/s"), whole, Goal::None);
        table.figure(format!("flat, {products} products: its beginning, tasks/s"), begin, Goal::None);
        table.figure(format!("flat, {products} products: its end, tasks/s"), end, Goal::None);
        table.ratio(format!("flat, {products} products: end / beginning"), end / begin, Goal::AtLeast(0.9));
        let first = *smallest.get_or_insert(whole);
        if products > 1_000 {
            table.ratio(format!("flat: {products} products / 1,000 products"), whole / first, Goal::AtLeast(0.9));
        }
    }
}

/// Searches a second in the first and in the last fifth of the second phase.
fn windows(seen: &Seen, products: usize) -> (f64, f64) {
    let window = (products / 5).min(WINDOW_MAX);
    let last = *seen.marks.last().expect("many searches");
    let first = *seen.marks.first().expect("many searches");
    let after_first = seen.marks.iter().find(|(count, _)| *count >= first.0 + window).expect("more than a window");
    let before_last = seen.marks.iter().rfind(|(count, _)| *count + window <= last.0).expect("more than a window");
    let between = |one: (usize, tokio::time::Instant), other: (usize, tokio::time::Instant)| -> f64 {
        let time: Duration = other.1 - one.1;
        rate(other.0 - one.0, time)
    };
    (between(first, *after_first), between(*before_last, last))
}
