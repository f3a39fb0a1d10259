//! The five workers together.

use std::sync::Arc;
use std::time::Duration;

use gleaner::domain::run::RunStatus;
use gleaner::domain::settings::RunSettings;

use crate::support::invariants;
use crate::support::market::Market;
use crate::support::world::{World, in_virtual_time};

#[test]
fn a_run_finds_exactly_the_truth() {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(Duration::from_millis(200)));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let found: std::collections::BTreeSet<String> =
            world.store.sellers(world.org).into_iter().map(|seller| seller.normalised_name).collect();
        assert_eq!(found, market.truth());
        let row = world.store.run(key).expect("the run");
        assert_eq!(usize::try_from(row.counters.sellers_found).expect("small"), market.truth().len());
        assert_eq!(row.seller_count_snapshot, i64::try_from(market.truth().len()).ok());
        // 3 categories x 2 pages, 24 distinct products x 2 pages.
        assert_eq!(world.witness.seen().requests, 3 * 2 + 24 * 2);
        assert_eq!(row.counters.requests_made, 3 * 2 + 24 * 2);
    });
}

#[test]
fn ten_thousand_tasks_keep_exactly_five_on_the_wire_and_none_is_held_twice() {
    in_virtual_time(async {
        let market = Market { categories: 100, products: 100, pages: 1, sellers: 2 };
        let world = World::new(market.script(Duration::from_millis(200)));
        // One page of a category holds half of its products, so two pages are asked for.
        let settings = RunSettings { pages_per_category: 2, page_delay_ms: 0, ..RunSettings::default() };
        let key = world.add_run(&settings, &market.chosen());
        let since = tokio::time::Instant::now();
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        let took = since.elapsed();
        let seen = world.witness.seen();
        invariants::hold_at_rest(&world.store, key, &seen);
        assert_eq!(seen.peak, 5);
        assert_eq!(world.store.run(key).expect("the run").counters.ebay.done, 10_000);
        // 200 + 10,000 requests of 200 ms over five workers, in virtual time: nobody ever stood idle.
        let ideal = Duration::from_millis(200) * (200 + 10_000) / 5;
        assert!(took <= ideal + Duration::from_secs(1), "{took:?} for an ideal of {ideal:?}");
        assert!(seen.asked.values().all(|times| *times == 1), "a page was asked for twice");
    });
}

#[test]
fn nobody_polls_while_all_wait_for_one_slow_answer() {
    in_virtual_time(async {
        let market = Market { categories: 1, products: 10, pages: 1, sellers: 1 };
        let world = World::new(market.script(Duration::from_secs(60)));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.give(key, gleaner::domain::run::Command::Start).await.expect("it can be started");
        world.requests(1).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        // The Engine alone looks around: at what other processes do.
        let in_the_run = || {
            let mut handled = world.killer.handled();
            handled.remove(&("engine", "surveyed"));
            handled
        };
        let before = in_the_run();
        tokio::time::sleep(Duration::from_secs(50)).await;
        let after = in_the_run();
        assert_eq!(before, after, "a message was handled while nothing happened");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
    });
}

#[test]
fn sixty_four_workers_share_one_run() {
    in_virtual_time(async {
        let market = Market { categories: 4, products: 60, pages: 1, sellers: 1 };
        let world = World::new(market.script(Duration::from_millis(200)));
        let settings = RunSettings { workers: 64, ..RunSettings::default() };
        let key = world.add_run(&settings, &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        let seen = world.witness.seen();
        invariants::hold_at_rest(&world.store, key, &seen);
        assert_eq!(seen.peak, 64);
    });
}

#[test]
fn a_run_without_products_completes_at_once_and_says_so() {
    in_virtual_time(async {
        let market = Market { categories: 2, products: 0, pages: 1, sellers: 1 };
        let script: Arc<gleaner::scrapers::mocked::Script> = Arc::new(|_, _| {
            let page =
                gleaner::scrapers::ProductPage { products: Vec::new(), bad_rows: 0, unread_prices: 0, has_more: false };
            let answer = gleaner::scrapers::Answer {
                result: Ok(page),
                cost: crate::support::market::COST,
                raw: None,
                job: None,
            };
            (Duration::from_millis(10), gleaner::scrapers::mocked::Play::Products(answer))
        });
        let world = World::new(script);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        assert_eq!(world.store.run(key).expect("the run").counters.amazon.skipped, 2);
        let phases = world.store.events(key).iter().filter(|event| event.data.contains(r#""scope":"phase""#)).count();
        assert_eq!(phases, 2);
    });
}
