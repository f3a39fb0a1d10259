//! A category that the marketplace does not know any more is paid for once, skipped with its reason, and holds up nobody.

use std::sync::Arc;
use std::time::Duration;

use gleaner::domain::run::RunStatus;
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::TaskState;
use gleaner::scrapers::mocked::{Ask, Script};

use crate::support::invariants;
use crate::support::market::{Market, finds_nothing};
use crate::support::world::{World, in_virtual_time};

/// The marketplace without these nodes, which it answers as an unknown one: fine, and nothing on the page.
fn without(market: Market, gone: &'static [&'static str]) -> Arc<Script> {
    Arc::new(move |ask, _| {
        let play = match ask {
            Ask::Category(request) if gone.contains(&request.node_id.as_str()) => finds_nothing(ask),
            _ => market.answer(ask),
        };
        (Duration::from_millis(200), play)
    })
}

#[test]
fn a_category_that_disappeared_is_skipped_with_its_reason_and_the_rest_is_complete() {
    in_virtual_time(async {
        let market = Market { categories: 3, products: 4, pages: 1, sellers: 2 };
        let world = World::new(without(market, &["node-2"]));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let tasks = world.store.tasks(key);
        let gone = tasks.iter().find(|task| task.work.label() == "Category 2").expect("its task");
        assert_eq!((gone.state, gone.error_code.as_deref()), (TaskState::Skipped, Some("no_products")));
        assert!(tasks.iter().filter(|task| task.task_no != gone.task_no).all(|task| task.state == TaskState::Done));
        let found = world.store.sellers(world.org).len();
        assert_eq!(found, Market { categories: 2, ..market }.truth().len(), "what the other two hold");
        assert_eq!(
            world.witness.seen().asked.iter().filter(|(page, _)| page.0 == "node-2").map(|(_, n)| n).sum::<u32>(),
            1
        );
        let told = world.store.events(key);
        let phase_ends = told.iter().find(|event| event.data.contains("\"scope\":\"phase\"")).expect("the phase ends");
        assert!(phase_ends.data.contains("\"skipped\":1"), "it is told: {}", phase_ends.data);
    });
}

#[test]
fn a_run_of_nothing_but_such_categories_completes_and_says_that_they_were_skipped() {
    in_virtual_time(async {
        let market = Market { categories: 2, products: 4, pages: 1, sellers: 2 };
        let world = World::new(without(market, &["node-0", "node-1"]));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let counters = world.store.run(key).expect("the run").counters;
        assert_eq!((counters.amazon.skipped, counters.amazon.failed, counters.requests_made), (2, 0, 2));
        assert!(world.store.sellers(world.org).is_empty());
    });
}
