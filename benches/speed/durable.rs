//! Durable tasks a second of a whole run at a provider that answers at once, against the bare group commit of the same
//! rows, measured in turns so that both meet the same machine.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use gleaner::actors::engine::{Attach, Engine, Obey};
use gleaner::actors::run_context::MakeProviders;
use gleaner::actors::supervisor::Means;
use gleaner::clock::Clock;
use gleaner::domain::ids::RunKey;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::store::{RunRow, RunStore};
use tokio::time::Instant;

use crate::Asked;
use crate::database::Database;
use crate::figures::{Figures, mean, rate};
use crate::market::Market;
use crate::plain_loop::PlainLoop;
use crate::shop::{Pace, Shop};
use crate::statements::Statements;
use crate::table::{Goal, Table};
use crate::usage;
use crate::watched_store::{Seen, WatchedStore};

/// Longest time without a change of which actors live: a million products take a quarter of an hour.
const RUN_MAX: Duration = Duration::from_secs(3_600);

/// A whole run of the real engine over this database at this shop: how long it took, and what passed to storage.
pub async fn whole_run(database: &Database, market: Market, workers: u16, shop: &Shop) -> (Duration, Seen) {
    let (took, seen, run) = run_at(database, market, workers, shop.providers()).await;
    assert_eq!(usize::try_from(run.counters.requests_made), Ok(market.requests()));
    (took, seen)
}

/// As [`whole_run`], at any provider; with the run as it ended.
pub async fn run_at(
    database: &Database,
    market: Market,
    workers: u16,
    make_providers: MakeProviders,
) -> (Duration, Seen, RunRow) {
    let key = database.new_run(market, Market::settings(workers)).await;
    let store = WatchedStore::new(database.store.clone());
    let engine = Engine::new(means(&store, make_providers), 3, tokio::sync::mpsc::channel(1).0).start();
    let since = Instant::now();
    engine.send(Obey { key, command: Command::Start }).await.expect("the engine lives").expect("it can be started");
    gone(&engine, &store, key).await;
    let took = since.elapsed();
    store.retire();
    let run = database.store.run(key.org, key.run).await.expect("the run");
    assert_eq!(run.status, RunStatus::Completed);
    (took, store.seen(), run)
}

/// What an engine over this store and provider needs.
pub fn means(store: &WatchedStore, make_providers: MakeProviders) -> Means {
    Means {
        store: Arc::new(store.clone()),
        clock: Clock::system(),
        make_providers,
        make_probe: Arc::new(|| Rc::new(())),
        hear_engines: Arc::new(|_| {}),
        tell_facts: Arc::new(|_| {}),
        prices: None,
    }
}

/// Waits until no actor of the run is left.
pub async fn gone(engine: &Addr<Engine>, store: &WatchedStore, key: RunKey) {
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
    group_outcomes: Figures,
    keep_us: Figures,
    between_us: Figures,
    wal_bytes: Figures,
    our_us: Figures,
    server_user_us: Figures,
    server_system_us: Figures,
}

/// Measures with 5 and with 20 workers, `rounds` times each, the three ways of writing in turns.
pub async fn measure(asked: &Asked, table: &mut Table) {
    let market = Market::of(asked.number("tasks", 5_000));
    let rounds = asked.number("rounds", 5);
    eprintln!("durable: {} tasks ({} requests), {rounds} rounds", market.tasks(), market.requests());
    for workers in [5_u16, 20] {
        let mut row = Row::default();
        for _ in 0..rounds {
            let database = Database::open().await;
            round(&database, market, workers, &mut row).await;
            database.close().await;
        }
        let name = |what: &str| format!("durable, {workers} workers: {what}");
        table.ratio(name("engine / bare group commit"), &row.engine_to_keep, Goal::AtLeast(0.75));
        table.figure(name("whole run of the engine, tasks/s"), &row.engine, Goal::None);
        table.figure(name("bare group commit, tasks/s"), &row.keep, Goal::None);
        table.figure(name("statements of our own instead, tasks/s"), &row.statements, Goal::None);
        table.figure(name("outcomes in a transaction"), &row.group_outcomes, Goal::None);
        table.figure(name("keeping a group, us"), &row.keep_us, Goal::None);
        table.figure(name("between two groups, us"), &row.between_us, Goal::None);
        table.figure(name("log written for a task, bytes"), &row.wal_bytes, Goal::None);
        table.figure(name("our processor time for a task, us"), &row.our_us, Goal::None);
        table.figure(name("PostgreSQL's own for a task, us"), &row.server_user_us, Goal::None);
        table.figure(name("the kernel's under PostgreSQL for a task, us"), &row.server_system_us, Goal::None);
    }
}

async fn round(database: &Database, market: Market, workers: u16, row: &mut Row) {
    let at_a_time = usize::from(workers);
    let shop = Shop::new(market, Pace::default());
    let (wal, ours, servers) = (database.wal_bytes().await, usage::cpu(usage::ourselves()), database.server_cpu());
    let (took, seen) = whole_run(database, market, workers, &shop).await;
    let (ours, servers) = (usage::cpu(usage::ourselves()).since(ours).sum(), database.server_cpu().since(servers));
    let wal = database.wal_bytes().await - wal;
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
    row.group_outcomes.add(mean(seen.outcomes, seen.groups));
    let us = |time: Duration| mean(usize::try_from(time.as_micros()).unwrap_or(usize::MAX), seen.groups);
    row.keep_us.add(us(seen.keeping));
    row.between_us.add(us(seen.between));
    let of_a_task = |whole: f64| whole / mean(tasks, 1);
    row.wal_bytes.add(of_a_task(wal));
    row.our_us.add(of_a_task(ours * 1e6));
    row.server_user_us.add(of_a_task(servers.user * 1e6));
    row.server_system_us.add(of_a_task(servers.system * 1e6));
}
