//! A page that the database refuses for what it holds fails its task, and the rest of the run is complete; a database that
//! refuses everything loses nothing.

use std::time::Duration;

use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::TaskState;

use crate::support::invariants;
use crate::support::market::Market;
use crate::support::world::{World, in_virtual_time};

#[test]
fn a_page_that_cannot_be_kept_fails_its_task_and_holds_up_nobody() {
    in_virtual_time(async {
        let market = Market { categories: 2, products: 10, pages: 1, sellers: 2 };
        let world = World::new(market.script(Duration::from_millis(200)));
        world.store.refuse("Seller10");
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let (failed, others): (Vec<_>, Vec<_>) = world
            .store
            .tasks(key)
            .into_iter()
            .filter(|task| task.work.label().starts_with("Product"))
            .partition(|task| task.state == TaskState::Failed);
        assert!(!failed.is_empty() && failed.len() < 5, "{} tasks hold the seller", failed.len());
        assert!(others.iter().all(|task| task.state == TaskState::Done));
        for task in &failed {
            assert!(task.error_message.as_deref().is_some_and(|words| words.contains("cannot be kept")), "{task:?}");
        }
        let told = world.store.events(key);
        assert!(told.iter().any(|event| event.data.contains("\"error_stage\":\"storage\"")), "it is told");
        let found = world.store.sellers(world.org).into_iter().map(|seller| seller.normalised_name);
        assert!(found.count() >= market.truth().len() - failed.len() * 2);
        assert!(world.witness.seen().asked.values().all(|times| *times == 1), "no page is asked for again");
        let checkpoint = world.store.run(key).expect("the run").checkpoint;
        assert_eq!(
            (&checkpoint["percent"], &checkpoint["tasks"]["claimed"]),
            (&100.0.into(), &0.into()),
            "{checkpoint}"
        );
    });
}

#[test]
fn a_page_that_cannot_be_kept_is_no_failure_of_the_provider() {
    // A new failure counter reads the streak from the row: whenever it dies, it finds none there.
    for nth in 1..20 {
        in_virtual_time(async {
            let market = Market { categories: 2, products: 5, pages: 1, sellers: 2 };
            let world = World::new(market.script(Duration::from_millis(200)));
            world.store.refuse("Seller10");
            world.killer.aim("failure_counter", "report", nth);
            let settings = RunSettings { max_consecutive_failures: 1, workers: 2, ..RunSettings::default() };
            let key = world.add_run(&settings, &market.chosen());
            assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
            assert!(world.store.run(key).expect("the run").counters.ebay.failed > 0);
        });
    }
}

#[test]
fn a_database_that_refuses_everything_for_an_hour_loses_no_page_and_fails_no_task() {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(Duration::from_millis(200)));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        world.requests(20).await;
        world.store.refuse_all(true);
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        world.store.refuse_all(false);
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        assert_eq!(world.store.run(key).expect("the run").counters.ebay.failed, 0);
        assert_eq!(world.store.sellers(world.org).len(), market.truth().len());
        assert!(world.witness.seen().asked.values().all(|times| *times == 1), "no page is asked for again");
    });
}
