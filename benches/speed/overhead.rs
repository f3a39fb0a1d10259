//! Wall time of a whole run over its ideal, where each answer takes 200 ms: what the engine adds to waiting.

use std::time::Duration;

use crate::Asked;
use crate::database::Database;
use crate::durable::whole_run;
use crate::figures::{Figures, mean};
use crate::market::{CATEGORY_PAGES, Market};

const LATENCY: Duration = Duration::from_millis(200);
const WORKERS: u16 = 5;

/// Measures with five workers, `rounds` times.
pub async fn measure(asked: &Asked) {
    // Five categories, so that both phases keep all five workers busy.
    let page_products = asked.number("tasks", 500).div_ceil(5 * CATEGORY_PAGES);
    let market = Market { categories: 5, page_products };
    let rounds = asked.number("rounds", 3);
    let requests = u32::try_from(market.requests()).expect("few");
    let ideal = LATENCY * requests / u32::from(WORKERS);
    let (mut ratio, mut answered) = (Figures::default(), Figures::default());
    let database = Database::open().await;
    for _ in 0..rounds {
        let (took, seen) = whole_run(&database, market, WORKERS, LATENCY).await;
        ratio.add(took.as_secs_f64() / ideal.as_secs_f64());
        answered.add(mean(usize::try_from(seen.waited_ms).unwrap_or(0), seen.outcomes));
    }
    database.close().await;
    println!("overhead: {requests} requests of {} ms, {WORKERS} workers, {rounds} rounds", LATENCY.as_millis());
    println!("    ideal, s                     {:.2}", ideal.as_secs_f64());
    println!("    wall time / ideal            {ratio}");
    println!("    an answer really took, ms    {answered}");
}
