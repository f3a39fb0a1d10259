//! Durable tasks a second of a whole run at a provider that answers at once, against the bare group commit of the same
//! rows, measured in turns so that both meet the same machine.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use gleaner::actors::engine::{Attach, Engine, Obey};
use gleaner::actors::run_context::{MakeProviders, Providers};
use gleaner::actors::supervisor::Means;
use gleaner::clock::Clock;
use gleaner::domain::ids::RunKey;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::scrapers::mocked::{Mocked, Script, Witness};
use gleaner::store::{RunRow, RunStore};
use tokio::time::Instant;

use crate::Asked;
use crate::database::Database;
use crate::figures::{Figures, mean, rate};
use crate::market::Market;
use crate::plain_loop::PlainLoop;
use crate::statements::Statements;
use crate::watched_store::{Seen, WatchedStore};

const PAGE_PRODUCTS: usize = 50;
/// Longest time without a change of which actors live.
const RUN_MAX: Duration = Duration::from_secs(600);

/// A whole run of the real engine over this database, at a provider that answers at once or after `latency`: how long it
/// took, and what passed to storage.
pub async fn whole_run(database: &Database, market: Market, workers: u16, latency: Duration) -> (Duration, Seen) {
    let (took, seen, run) = scripted_run(database, market, workers, market.script(latency)).await;
    assert_eq!(usize::try_from(run.counters.requests_made), Ok(market.requests()));
    (took, seen)
}

/// As [`whole_run`], at a provider that does as its script says; with the run as it ended.
pub async fn scripted_run(
    database: &Database,
    market: Market,
    workers: u16,
    script: Arc<Script>,
) -> (Duration, Seen, RunRow) {
    let key = database.new_run(market, Market::settings(workers)).await;
    let store = WatchedStore::new(database.store.clone());
    let make_providers: MakeProviders = Arc::new(move || {
        let mocked = Rc::new(Mocked::new(script.clone(), Witness::default()));
        Providers { best_sellers: mocked.clone(), seller_search: mocked }
    });
    let means = Means {
        store: Arc::new(store.clone()),
        clock: Clock::system(),
        make_providers,
        make_probe: Arc::new(|| Rc::new(())),
        hear_engines: Arc::new(|_| {}),
        prices: None,
    };
    let engine = Engine::new(means, 3, tokio::sync::mpsc::channel(1).0).start();
    let since = Instant::now();
    engine.send(Obey { key, command: Command::Start }).await.expect("the engine lives").expect("it can be started");
    gone(&engine, &store, key).await;
    let took = since.elapsed();
    let run = database.store.run(key.org, key.run).await.expect("the run");
    assert_eq!(run.status, RunStatus::Completed);
    (took, store.seen(), run)
}

/// Waits until no actor of the run is left.
async fn gone(engine: &Addr<Engine>, store: &WatchedStore, key: RunKey) {
    loop {
        let mut attached = engine.send(Attach { key }).await.expect("the engine lives");
        let running = store.survey(false, &[]).await.expect("the store answers").runs;
        if attached.stream.is_none() && running.iter().all(|run| run.key != key) {
            return;
        }
        let changed = tokio::time::timeout(RUN_MAX, attached.changed.changed()).await;
        changed.expect("a run moves").expect("the engine lives");
    }
}

/// Figures of one number of workers.
#[derive(Default)]
struct Row {
    engine: Figures,
    keep: Figures,
    statements: Figures,
    engine_to_keep: Figures,
    engine_to_statements: Figures,
    group_outcomes: Figures,
    keep_us: Figures,
    between_us: Figures,
}

/// Measures with 5 and with 20 workers, `rounds` times each, the three ways of writing in turns.
pub async fn measure(asked: &Asked) {
    let tasks = asked.number("tasks", 5_000);
    let market = Market { categories: tasks.div_ceil(2 * PAGE_PRODUCTS), page_products: PAGE_PRODUCTS };
    let rounds = asked.number("rounds", 5);
    println!("durable: {} tasks ({} requests), {rounds} rounds", market.tasks(), market.requests());
    for workers in [5_u16, 20] {
        let mut row = Row::default();
        for _ in 0..rounds {
            let database = Database::open().await;
            round(&database, market, workers, &mut row).await;
            database.close().await;
        }
        println!("  {workers} workers");
        println!("    engine, tasks/s              {}", row.engine);
        println!("    plain loop over keep, tasks/s {}", row.keep);
        println!("    bare statements, tasks/s     {}", row.statements);
        println!("    engine / plain loop          {}", row.engine_to_keep);
        println!("    engine / bare statements     {}", row.engine_to_statements);
        println!("    outcomes in a group          {}", row.group_outcomes);
        println!("    keeping a group, us          {}", row.keep_us);
        println!("    between two groups, us       {}", row.between_us);
    }
}

async fn round(database: &Database, market: Market, workers: u16, row: &mut Row) {
    let at_a_time = usize::from(workers);
    let (took, seen) = whole_run(database, market, workers, Duration::ZERO).await;
    let key = database.new_run(market, Market::settings(workers)).await;
    let plain = PlainLoop { store: &database.store, market, key, at_a_time, clock: Clock::system() };
    let plain_took = plain.write().await;
    let statements = Statements::of(database, market, key).await;
    let bare_took = statements.write(at_a_time).await;
    let tasks = market.tasks();
    row.engine.add(rate(tasks, took));
    row.keep.add(rate(tasks, plain_took));
    row.statements.add(rate(market.products(), bare_took));
    row.engine_to_keep.add(rate(tasks, took) / rate(tasks, plain_took));
    row.engine_to_statements.add(rate(tasks, took) / rate(market.products(), bare_took));
    row.group_outcomes.add(mean(seen.outcomes, seen.groups));
    let us = |time: Duration| mean(usize::try_from(time.as_micros()).unwrap_or(usize::MAX), seen.groups);
    row.keep_us.add(us(seen.keeping));
    row.between_us.add(us(seen.between));
}
