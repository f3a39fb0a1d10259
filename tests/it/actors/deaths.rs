//! Every actor killed in the middle of a run, at each kind of message it handles.

use std::sync::Arc;
use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::TaskState;
use gleaner::scrapers::mocked::{Ask, Play, Script, Witness};

use crate::support::invariants::{self, Result};
use crate::support::market::Market;
use crate::support::world::{Killer, World, in_virtual_time};

/// How long each answer takes.
pub const LATENCY: Duration = Duration::from_millis(200);

/// Every message of every actor in an eventful run; three more, which end a supervisor's work, are in
/// `last_words`, and those of the Engine in `engine_deaths`.
const MESSAGES: &[(&str, &str)] = &[
    ("coordinator", "pull"),
    ("coordinator", "begin"),
    ("coordinator", "hold"),
    ("coordinator", "worker_died"),
    ("coordinator", "gathered"),
    ("coordinator", "rows"),
    ("coordinator", "released"),
    ("failure_counter", "report"),
    ("failure_counter", "new_phase"),
    ("recorder", "tell"),
    ("recorder", "hand"),
    ("recorder", "flush"),
    ("recorder", "summarise"),
    ("recorder", "kept"),
    ("stream", "publish"),
    ("stream", "doing"),
    ("stream", "standing"),
    ("stream", "look"),
    ("stream", "subscribe"),
    ("supervisor", "down"),
    ("supervisor", "standstill"),
    ("supervisor", "wanted"),
    ("worker", "assigned"),
    ("worker", "answered"),
    ("worker", "kept"),
    ("worker", "say_what_you_hold"),
    ("worker", "say_what_you_do"),
];

/// A run with a dead worker, coordinator and stream, a pause and a resume in it, so that every message is handled.
async fn eventful(world: &World) -> gleaner::domain::ids::RunKey {
    let market = Market::small();
    let key = world.add_run(&RunSettings::default(), &market.chosen());
    world.killer.aim("worker", "answered", 9);
    world.killer.aim("coordinator", "pull", 12);
    world.killer.aim("stream", "publish", 14);
    world.give(key, Command::Start).await.expect("it can be started");
    world.requests(20).await;
    look(world, key).await;
    world.give(key, Command::Pause).await.expect("it can be paused");
    assert_eq!(world.rest(key).await, RunStatus::Paused);
    invariants::hold_at_rest(&world.store, key, &world.witness.seen());
    world.give(key, Command::Resume).await.expect("it can be resumed");
    tokio::time::sleep(Duration::from_millis(300)).await;
    look(world, key).await;
    world.rest(key).await;
    key
}

async fn look(world: &World, key: gleaner::domain::ids::RunKey) {
    use gleaner::actors::engine::{Attach, LookAt};
    use gleaner::actors::stream::Subscribe;
    world.engine.send(LookAt { key }).await.expect("the engine lives");
    let attached = world.engine.send(Attach { key }).await.expect("the engine lives");
    if let Some(stream) = attached.stream {
        // A stream that dies of the question is replaced; whoever asked asks again.
        let _ = stream.send(Subscribe { after: 0 }).await;
    }
}

/// What a run over the small market comes to when nothing disturbs it.
pub fn undisturbed() -> Result {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        invariants::result(&world.store, key)
    })
}

#[test]
fn whoever_dies_at_whatever_message_the_result_is_that_of_an_undisturbed_run() {
    let undisturbed = undisturbed();
    for (actor, message) in MESSAGES {
        for nth in [1, 2, 7] {
            in_virtual_time(async {
                let world = World::new(Market::small().script(LATENCY));
                world.killer.aim(actor, message, nth);
                let key = eventful(&world).await;
                let handled = world.killer.handled().get(&(*actor, *message)).copied().unwrap_or(0);
                assert!(handled > 0, "{actor} never handled {message}: the test would prove nothing");
                let unknown: Vec<_> = world
                    .killer
                    .handled()
                    .into_keys()
                    .filter(|one| one.0 != "engine" && !MESSAGES.contains(one))
                    .collect();
                assert!(unknown.is_empty(), "nobody is killed at {unknown:?}");
                println!("{actor} at {message} {nth}: {} killed", world.killer.killed());
                invariants::hold_at_rest(&world.store, key, &world.witness.seen());
                invariants::effects_are_those_of(&undisturbed, &world.store, key);
                let repeated = world.witness.seen().requests - 54;
                assert!(repeated <= 5 * world.killer.killed(), "{repeated} requests repeated");
            });
        }
    }
}

#[test]
fn a_product_that_kills_its_worker_is_quarantined_after_the_third_time() {
    in_virtual_time(async {
        let market = Market::small();
        let script: Arc<Script> = Arc::new(move |ask, _| match ask {
            Ask::Search(request) if request.query == "Product number5" => {
                (LATENCY, Play::Panic("a title that the parser cannot stand".to_owned()))
            }
            _ => (LATENCY, market.answer(ask)),
        });
        let world = World::new(script);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let failed: Vec<_> =
            world.store.tasks(key).into_iter().filter(|task| task.state == TaskState::Failed).collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].error_code.as_deref(), Some("worker_crashed"));
        assert_eq!(world.witness.seen().asked[&("Product number5".to_owned(), 1)], 3);
        assert_eq!(world.store.run(key).expect("the run").counters.ebay.done, 23);
        let restarted = world.store.events(key).iter().filter(|e| e.data.contains("worker_restarted")).count();
        assert_eq!(restarted, 3);
    });
}

#[test]
fn a_process_that_died_is_taken_over_where_it_stood() {
    let undisturbed = undisturbed();
    for died_at in [1, 4, 9, 20, 37, 53] {
        let market = Market::small();
        // The process is the runtime: when it is dropped, every actor and every request on the wire is gone.
        let (store, key, asked) = in_virtual_time(async {
            let world = World::new(market.script(LATENCY));
            let key = world.add_run(&RunSettings::default(), &market.chosen());
            world.give(key, Command::Start).await.expect("it can be started");
            world.requests(died_at).await;
            (world.store.clone(), key, world.witness.seen().requests)
        });
        in_virtual_time(async {
            let (script, witness) = (market.script(LATENCY), Witness::default());
            let world = World::over(store, Clock::seeded(8), script, witness, Killer::default());
            assert_eq!(world.rest(key).await, RunStatus::Completed);
            invariants::hold_at_rest(&world.store, key, &world.witness.seen());
            invariants::effects_are_those_of(&undisturbed, &world.store, key);
            let repeated = asked + world.witness.seen().requests - 54;
            assert!(repeated <= 5, "{repeated} requests were repeated for one death");
            let recovered = world.store.events(key).iter().filter(|e| e.data.contains("process that is gone")).count();
            assert_eq!(recovered, 1);
        });
    }
}

#[test]
fn a_wish_that_comes_while_a_run_is_being_taken_over_is_obeyed() {
    for (command, ends) in [(Command::Pause, RunStatus::Paused), (Command::Cancel, RunStatus::Cancelled)] {
        let market = Market::small();
        let (store, key) = in_virtual_time(async {
            let world = World::new(market.script(LATENCY));
            let key = world.add_run(&RunSettings::default(), &market.chosen());
            world.give(key, Command::Start).await.expect("it can be started");
            world.requests(9).await;
            (world.store.clone(), key)
        });
        in_virtual_time(async {
            let (script, witness) = (market.script(LATENCY), Witness::default());
            let world = World::over(store, Clock::seeded(8), script, witness, Killer::default());
            // The row wishes it already when the supervisor reads it, and the wish itself is in its mailbox too.
            world.give(key, command).await.expect("it can be given");
            assert_eq!(world.rest(key).await, ends);
            invariants::hold_at_rest(&world.store, key, &world.witness.seen());
            assert_eq!(world.witness.seen().requests, 0, "nothing was asked for");
        });
    }
}
