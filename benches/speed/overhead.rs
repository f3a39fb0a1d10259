//! Wall time of a whole run over its ideal, where each answer takes 200 ms: what the engine adds to waiting; and what as
//! many plain loops add that wait as long and then change one row each.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::NoTls;

use crate::Asked;
use crate::database::Database;
use crate::durable::whole_run;
use crate::figures::Figures;
use crate::market::{CATEGORY_PAGES, Market};
use crate::shop::{Pace, Shop};
use crate::table::{Goal, Table};

const LATENCY: Duration = Duration::from_millis(200);
const WORKERS: u16 = 5;
/// Changes of one plain loop.
const PLAIN_CHANGES: u32 = 100;

/// Measures with five workers, `rounds` times.
pub async fn measure(asked: &Asked, table: &mut Table) {
    // Five categories, so that both phases keep all five workers busy.
    let page_products = asked.number("tasks", 2_000).div_ceil(5 * CATEGORY_PAGES);
    let market = Market { categories: 5, page_products };
    let rounds = asked.number("rounds", 1);
    let requests = u32::try_from(market.requests()).expect("few");
    let ideal = LATENCY * requests / u32::from(WORKERS);
    let [mut ratio, mut ratio_to_real, mut answered, mut lost] = [(); 4].map(|()| Figures::default());
    eprintln!("overhead: {requests} requests of {} ms, {WORKERS} workers, ideal {ideal:?}", LATENCY.as_millis());
    let database = Database::open().await;
    for _ in 0..rounds {
        let shop = Shop::new(market, Pace { mean: LATENCY, uneven: false });
        let (took, seen) = whole_run(&database, market, WORKERS, &shop).await;
        let real = shop.took() / u32::from(WORKERS);
        ratio.add(took.as_secs_f64() / ideal.as_secs_f64());
        ratio_to_real.add(took.as_secs_f64() / real.as_secs_f64());
        answered.add(shop.took().as_secs_f64() * 1_000.0 / f64::from(requests));
        lost.add((took - real).as_secs_f64() * 1_000.0 * f64::from(WORKERS) / f64::from(requests));
        eprintln!(
            "overhead: keeping a group took {:?} in the mean",
            seen.keeping / seen.groups.try_into().unwrap_or(1)
        );
    }
    let bare = plain_loops(&database).await;
    database.close().await;
    table.ratio("overhead: wall time / ideal of 200 ms an answer", &ratio, Goal::AtMost(1.01));
    table.ratio("overhead: the same of plain loops that commit one row an answer", bare, Goal::None);
    table.ratio("overhead: wall time / plain loops", ratio.median() / bare, Goal::None);
    table.ratio("overhead: wall time / what the answers really took", &ratio_to_real, Goal::AtMost(1.01));
    table.figure("overhead: an answer really took, ms", &answered, Goal::None);
    table.figure("overhead: a worker without a request between two, ms", &lost, Goal::None);
}

/// Wall time over its ideal of loops without actors: each waits, changes one row of its own in one statement, and waits for
/// the commit, as often as [`PLAIN_CHANGES`] says.
async fn plain_loops(database: &Database) -> f64 {
    let setting = connect(database).await;
    let rows = "CREATE TABLE plain (id integer PRIMARY KEY, count integer NOT NULL); \
        INSERT INTO plain SELECT n, 0 FROM generate_series(1, 100) AS n";
    setting.batch_execute(rows).await.expect("a table");
    let change = |id: i32| {
        let client = connect(database);
        async move {
            let client = client.await;
            let update = client.prepare("UPDATE plain SET count = count + 1 WHERE id = $1").await.expect("a statement");
            let since = Instant::now();
            for _ in 0..PLAIN_CHANGES {
                sleep(LATENCY).await;
                client.execute(&update, &[&id]).await.expect("a row");
            }
            since.elapsed()
        }
    };
    let took = futures_util::future::join_all((1..=i32::from(WORKERS)).map(change)).await;
    let longest = took.into_iter().max().expect("loops");
    longest.as_secs_f64() / (LATENCY * PLAIN_CHANGES).as_secs_f64()
}

async fn connect(database: &Database) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.expect("it answers");
    tokio::spawn(connection);
    client
}
