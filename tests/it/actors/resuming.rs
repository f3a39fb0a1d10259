//! A run that stands still for an outage looks by itself whether it is over, with one page at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::domain::failure::{Failure, RetryKind};
use gleaner::domain::ids::RunKey;
use gleaner::domain::run::{Command, Pause, PauseReason, RunStatus, Wish};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::{Ask, Play, Script, Witness};
use tokio::time::{Instant, sleep};

use crate::support::invariants;
use crate::support::market::{Market, fails};
use crate::support::world::{Killer, World, in_virtual_time};

const LATENCY: Duration = Duration::from_millis(200);
const MINUTE: Duration = Duration::from_secs(60);
/// Longer than anything is looked after by itself.
const HALF_A_DAY: Duration = Duration::from_secs(13 * 3_600);

fn market() -> Market {
    Market { products: 20, ..Market::small() }
}

fn outage(ask: &Ask) -> Play {
    fails(ask, Failure::retryable(RetryKind::Server, "503 upstream temporarily unavailable"))
}

/// A market whose searches fail like this while the switch is on.
fn switched(broken: &Arc<AtomicBool>, failing: impl Fn(&Ask) -> Play + Send + Sync + 'static) -> Arc<Script> {
    let broken = broken.clone();
    Arc::new(move |ask, _| match ask {
        Ask::Search(_) if broken.load(Ordering::SeqCst) => (LATENCY, failing(ask)),
        _ => (LATENCY, market().answer(ask)),
    })
}

fn pause(world: &World, key: RunKey) -> Pause {
    world.store.run(key).expect("the run").pause.expect("a pause")
}

fn told(world: &World, key: RunKey, action: &str) -> usize {
    let action = format!(r#""action":"{action}""#);
    world.store.events(key).iter().filter(|event| event.data.contains(&action)).count()
}

/// Waits until the run has that status and nobody works on it.
async fn comes_to(world: &World, key: RunKey, status: RunStatus) {
    while world.rest(key).await != status {
        sleep(MINUTE).await;
    }
}

/// A run over a market that breaks after a while, until it stands still.
async fn broken_down(world: &World, broken: &AtomicBool, settings: RunSettings) -> RunKey {
    let key = world.add_run(&settings, &market().chosen());
    world.give(key, Command::Start).await.expect("it can be started");
    world.requests(30).await;
    broken.store(true, Ordering::SeqCst);
    assert_eq!(world.rest(key).await, RunStatus::Paused);
    key
}

#[test]
fn an_outage_is_looked_at_with_one_page_each_time_and_when_it_is_over_all_go_on() {
    in_virtual_time(async {
        let broken = Arc::new(AtomicBool::new(false));
        let world = World::new(switched(&broken, outage));
        let key = broken_down(&world, &broken, RunSettings::default()).await;
        let (first, requests) = (pause(&world, key), world.witness.seen().requests);
        assert_eq!((first.reason, first.probes), (PauseReason::ConsecutiveFailures, 0));
        let stood: Vec<_> = world.store.tasks(key).into_iter().map(|task| (task.task_no, task.page_attempts)).collect();

        // After 1 minute, then 2, then 5: one page each.
        for (minutes, asked) in [(1, 1), (2, 2), (5, 3)] {
            assert_eq!(world.witness.seen().requests, requests + asked - 1);
            sleep(MINUTE * minutes + Duration::from_secs(8)).await;
            assert_eq!(world.status(key), RunStatus::Paused);
            assert_eq!(world.witness.seen().requests, requests + asked, "one page");
            let again = pause(&world, key);
            assert_eq!((again.reason, again.since, again.probes), (first.reason, first.since, asked as u16));
            assert_eq!(again.proofs.len(), 1);
            assert_eq!(world.store.run(key).expect("the run").streak, []);
        }
        let stands: Vec<_> =
            world.store.tasks(key).into_iter().map(|task| (task.task_no, task.page_attempts)).collect();
        assert_eq!(stands, stood, "a probe uses up no attempt");
        assert_eq!((told(&world, key, "probe"), told(&world, key, "paused"), told(&world, key, "resumed")), (3, 4, 0));
        let counted = world.store.run(key).expect("the run").counters.requests_made;
        assert_eq!(counted, i64::from(world.witness.seen().requests), "a probe counts like any request");

        broken.store(false, Ordering::SeqCst);
        comes_to(&world, key, RunStatus::Completed).await;
        assert_eq!((told(&world, key, "probe"), told(&world, key, "resumed")), (4, 1));
        assert_eq!(world.store.run(key).expect("the run").pause, None);
        assert_eq!(world.store.sellers(world.org).len(), market().truth().len());
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
    });
}

#[test]
fn nobody_else_works_until_the_first_page_is_fine() {
    in_virtual_time(async {
        let broken = Arc::new(AtomicBool::new(false));
        let slow = broken.clone();
        // Once it was broken, a page takes ten seconds.
        let was_broken = Arc::new(AtomicBool::new(false));
        let script: Arc<Script> = Arc::new(move |ask, _| {
            let breaks = slow.load(Ordering::SeqCst) && matches!(ask, Ask::Search(_));
            was_broken.fetch_or(breaks, Ordering::SeqCst);
            let latency = if was_broken.load(Ordering::SeqCst) { Duration::from_secs(10) } else { LATENCY };
            (latency, if breaks { outage(ask) } else { market().answer(ask) })
        });
        let world = World::new(script);
        let key = broken_down(&world, &broken, RunSettings::default()).await;
        broken.store(false, Ordering::SeqCst);
        let before = world.witness.seen().requests;
        world.requests(before + 1).await;
        sleep(Duration::from_secs(9)).await;
        assert_eq!((world.status(key), world.witness.seen().requests), (RunStatus::Running, before + 1));
        assert!(world.store.run(key).expect("the run").pause.is_some(), "the pause is not over");
        assert_eq!(told(&world, key, "resumed"), 0);
        sleep(Duration::from_secs(3)).await;
        assert_eq!(world.witness.seen().requests, before + 6, "all five go on, the first with its next page");
        comes_to(&world, key, RunStatus::Completed).await;
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
    });
}

#[test]
fn after_twelve_hours_it_waits_for_a_person() {
    in_virtual_time(async {
        let broken = Arc::new(AtomicBool::new(false));
        let world = World::new(switched(&broken, outage));
        let key = broken_down(&world, &broken, RunSettings::default()).await;
        sleep(HALF_A_DAY).await;
        let (gave_up, requests) = (pause(&world, key), world.witness.seen().requests);
        assert_eq!(gave_up.resumes_at, None);
        assert!((45..52).contains(&gave_up.probes), "{}", gave_up.probes);
        sleep(HALF_A_DAY).await;
        assert_eq!(world.witness.seen().requests, requests);
        broken.store(false, Ordering::SeqCst);
        world.give(key, Command::Resume).await.expect("a person may");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
    });
}

#[test]
fn the_schedule_goes_on_after_a_restart_of_the_process() {
    let broken = Arc::new(AtomicBool::new(false));
    let (store, key) = in_virtual_time(async {
        let world = World::new(switched(&broken, outage));
        let key = broken_down(&world, &broken, RunSettings::default()).await;
        (world.store.clone(), key)
    });
    in_virtual_time(async {
        broken.store(false, Ordering::SeqCst);
        let (clock, witness) = (Clock::seeded(8), Witness::default());
        // The store's time is that of the process that died: it is due at once.
        let world = World::over(store, clock, switched(&broken, outage), witness, Killer::default());
        comes_to(&world, key, RunStatus::Completed).await;
        assert_eq!(told(&world, key, "probe"), 1);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
    });
}

#[test]
fn a_refused_probe_waits_for_a_person() {
    in_virtual_time(async {
        let broken = Arc::new(AtomicBool::new(false));
        let refuses = Arc::new(AtomicBool::new(false));
        let refused = refuses.clone();
        let script = switched(&broken, move |ask| match refused.load(Ordering::SeqCst) {
            true => fails(ask, Failure::Refused { detail: "quota is spent".to_owned() }),
            false => outage(ask),
        });
        let world = World::new(script);
        let key = broken_down(&world, &broken, RunSettings::default()).await;
        refuses.store(true, Ordering::SeqCst);
        sleep(MINUTE * 2).await;
        let stands = pause(&world, key);
        assert_eq!((stands.reason, stands.resumes_at, stands.probes), (PauseReason::ProviderRefused, None, 0));
        assert_eq!(told(&world, key, "probe"), 1);
    });
}

#[test]
fn the_time_that_a_provider_names_is_waited_for() {
    in_virtual_time(async {
        let broken = Arc::new(AtomicBool::new(false));
        let limited = |ask: &Ask| {
            let retry_after = Some(Duration::from_secs(40 * 60));
            fails(ask, Failure::RateLimited { retry_after, domain_throttled: false, detail: "429".to_owned() })
        };
        let world = World::new(switched(&broken, limited));
        let key = broken_down(&world, &broken, RunSettings::default()).await;
        let stands = pause(&world, key);
        assert_eq!(stands.reason, PauseReason::RateLimited);
        assert_eq!((stands.resumes_at.expect("a time") - stands.since).num_minutes(), 40);
        broken.store(false, Ordering::SeqCst);
        let since = Instant::now();
        comes_to(&world, key, RunStatus::Completed).await;
        assert!(since.elapsed() > MINUTE * 40, "{:?}", since.elapsed());
    });
}

#[test]
fn a_product_that_always_fails_does_not_stand_for_all_others() {
    in_virtual_time(async {
        let broken = Arc::new(AtomicBool::new(false));
        let breaks = broken.clone();
        let poisonous = |ask: &Ask| matches!(ask, Ask::Search(request) if request.query == "Product number10");
        let script: Arc<Script> = Arc::new(move |ask, _| match ask {
            Ask::Search(_) if breaks.load(Ordering::SeqCst) || poisonous(ask) => (LATENCY, outage(ask)),
            _ => (LATENCY, market().answer(ask)),
        });
        let world = World::new(script);
        let key = world.add_run(&RunSettings::default(), &market().chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        world.requests(7).await;
        broken.store(true, Ordering::SeqCst);
        assert_eq!(world.rest(key).await, RunStatus::Paused);
        broken.store(false, Ordering::SeqCst);
        comes_to(&world, key, RunStatus::Completed).await;
        assert!(told(&world, key, "probe") <= 11, "{} probes", told(&world, key, "probe"));
        assert_eq!(world.store.run(key).expect("the run").counters.ebay.failed, 1);
    });
}

#[test]
fn whoever_switches_it_off_or_pauses_by_hand_is_left_in_peace() {
    in_virtual_time(async {
        let broken = Arc::new(AtomicBool::new(false));
        let world = World::new(switched(&broken, outage));
        let settings = RunSettings { auto_resume: false, ..RunSettings::default() };
        let key = broken_down(&world, &broken, settings).await;
        broken.store(false, Ordering::SeqCst);
        let by_hand = world.add_run(&RunSettings::default(), &market().chosen());
        world.give(by_hand, Command::Start).await.expect("it can be started");
        world.requests(world.witness.seen().requests + 9).await;
        world.give(by_hand, Command::Pause).await.expect("it can be paused");
        world.rest(by_hand).await;
        let requests = world.witness.seen().requests;
        sleep(HALF_A_DAY).await;
        assert_eq!((world.status(key), world.status(by_hand)), (RunStatus::Paused, RunStatus::Paused));
        assert_eq!(world.witness.seen().requests, requests);
    });
}

#[test]
fn a_command_that_comes_while_it_looks_is_obeyed_as_ever() {
    for (command, ends) in [(Command::Pause, RunStatus::Paused), (Command::Cancel, RunStatus::Cancelled)] {
        in_virtual_time(async {
            let broken = Arc::new(AtomicBool::new(false));
            let world = World::new(switched(&broken, outage));
            let key = broken_down(&world, &broken, RunSettings::default()).await;
            let requests = world.witness.seen().requests;
            world.requests(requests + 1).await;
            let accepted = world.give(key, command).await.expect("it is running");
            assert_eq!(accepted.status, RunStatus::Running);
            assert_eq!(world.rest(key).await, ends);
            sleep(HALF_A_DAY).await;
            assert_eq!(world.status(key), ends, "a person's word stays");
            assert_eq!(world.witness.seen().requests, requests + 1);
            assert_eq!(world.store.run(key).expect("the run").wanted == Wish::Cancel, ends == RunStatus::Cancelled);
            invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        });
    }
}

#[test]
fn whoever_dies_while_it_looks_the_run_goes_on() {
    for (actor, message) in [
        ("worker", "answered"),
        ("worker", "kept"),
        ("failure_counter", "report"),
        ("coordinator", "pull"),
        ("recorder", "kept"),
        ("supervisor", "well"),
    ] {
        in_virtual_time(async {
            let broken = Arc::new(AtomicBool::new(false));
            let world = World::new(switched(&broken, outage));
            let key = broken_down(&world, &broken, RunSettings::default()).await;
            broken.store(false, Ordering::SeqCst);
            let handled = world.killer.handled().get(&(actor, message)).copied().unwrap_or(0);
            world.killer.aim(actor, message, handled + 1);
            comes_to(&world, key, RunStatus::Completed).await;
            assert_eq!(world.killer.killed(), 1, "{actor} at {message}");
            assert_eq!(told(&world, key, "resumed"), 1, "{actor} at {message}");
            assert_eq!(world.store.sellers(world.org).len(), market().truth().len());
            invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        });
    }
}
