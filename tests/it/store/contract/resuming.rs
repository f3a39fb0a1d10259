//! Runs that look by themselves whether their outage is over.

use chrono::TimeDelta;
use futures_util::future::join;
use gleaner::domain::ledger::{Close, Entry, Reply};
use gleaner::domain::run::{Command, Pause, PauseReason, RunStatus, Wish};
use gleaner::store::StoreError;
use serde_json::json;

use super::entries::{at, close, first, sellers, unwell};
use super::ground::Ground;
use super::hand::{Hand, MANY};

over_both_stores!(
    a_paused_run_looks_again_when_its_time_has_come_and_not_before,
    a_pause_is_over_when_a_page_is_fine_and_that_is_told_once,
    a_pause_that_is_not_over_goes_on_since_its_beginning,
    a_run_that_ends_while_it_looks_has_no_pause_left,
    a_person_is_faster_than_the_schedule,
    a_pause_that_a_person_asked_for_too_does_not_resume_by_itself,
);

/// An outage that is looked at from this moment on.
fn outage(resumes_at: Option<chrono::DateTime<chrono::Utc>>) -> Pause {
    Pause { resumes_at, ..Pause::of(PauseReason::ConsecutiveFailures, at(0)) }
}

fn stands(pause: Pause) -> Entry {
    close(Close::Paused { pause, message: "it stands still".to_owned(), reprieved: Vec::new() })
}

/// A run in phase `ebay` that is due.
async fn due(ground: &dyn Ground) -> Hand<'_> {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.tell(stands(outage(Some(at(60_000))))).await;
    hand
}

async fn look(hand: &mut Hand<'_>) {
    hand.ground.store().look_again(hand.key, MANY).await.expect("it is due");
    hand.before = hand.ground.store().take_over(hand.key, None).await.expect("it is taken over").memory;
}

async fn a_paused_run_looks_again_when_its_time_has_come_and_not_before(ground: &dyn Ground) {
    let store = ground.store();
    let mut later = Hand::start_searching(ground, 1).await;
    let row = ground.run(later.key).await;
    let in_an_hour = row.updated_at + TimeDelta::hours(1);
    later.tell(stands(outage(Some(in_an_hour)))).await;
    let mut never = Hand::start_searching(ground, 1).await;
    never.tell(stands(outage(None))).await;
    let mut hand = due(ground).await;
    assert_eq!(ground.run(later.key).await.pause, Some(outage(Some(in_an_hour))), "the time is kept");
    assert_eq!(store.due().await.expect("the store answers"), [hand.key]);
    for other in [later.key, never.key] {
        let refused = store.look_again(other, MANY).await;
        assert!(matches!(refused, Err(StoreError::NotAllowed { status: RunStatus::Paused, .. })), "{refused:?}");
    }
    let full = store.look_again(hand.key, 0).await;
    assert!(matches!(full, Err(StoreError::ConcurrentLimit { .. })), "{full:?}");

    let (one, other) = join(store.look_again(hand.key, MANY), store.look_again(hand.key, MANY)).await;
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "of two engines one may: {one:?} {other:?}");
    assert_eq!(store.due().await.expect("the store answers"), []);
    let row = ground.run(hand.key).await;
    assert_eq!((row.status, row.wanted), (RunStatus::Running, Wish::Run));
    let looks = Pause { probes: 1, ..outage(None) };
    assert_eq!(row.pause, Some(looks.clone()), "its pause is kept beside");
    let event = hand.events().await.pop().expect("an event");
    assert_eq!((&event["action"], &event["attempt"]), (&json!("probe"), &json!(1)));
    let taken = store.take_over(hand.key, None).await.expect("it is taken over");
    assert_eq!((taken.pause, taken.memory.probing), (Some(looks), true));
    hand.before = taken.memory;
    hand.adds_up().await;
}

async fn a_pause_is_over_when_a_page_is_fine_and_that_is_told_once(ground: &dyn Ground) {
    let mut hand = due(ground).await;
    look(&mut hand).await;
    hand.accepts(sellers(first(2), &["Ann"], true)).await;
    assert!(hand.before.probing, "a page alone ends nothing");
    hand.adds_up().await;
    for _ in 0..2 {
        assert_eq!(hand.tell(Entry::Well { at: at(0) }).await, Reply::Done);
        assert_eq!(hand.told().await.iter().filter(|action| *action == "resumed").count(), 1);
    }
    hand.adds_up().await;
    assert_eq!(ground.run(hand.key).await.pause, None);
    assert!(!hand.before.probing);
}

async fn a_pause_that_is_not_over_goes_on_since_its_beginning(ground: &dyn Ground) {
    let mut hand = due(ground).await;
    look(&mut hand).await;
    hand.accepts(unwell(first(2))).await;
    let task = hand.task(2).await;
    assert_eq!((task.state.as_str(), task.page_attempts, task.requests), ("pending", 0, 1));
    assert_eq!((task.error_code.as_deref(), hand.before.streak.len()), (Some("http_500"), 0));
    let again = Pause { probes: 1, ..outage(Some(at(120_000))) };
    hand.tell(stands(again.clone())).await;
    let row = ground.run(hand.key).await;
    assert_eq!((row.status, row.wanted, row.pause), (RunStatus::Paused, Wish::Pause, Some(again)));
    hand.adds_up().await;
    assert_eq!(ground.store().due().await.expect("the store answers"), [hand.key]);
    look(&mut hand).await;
    assert_eq!(ground.run(hand.key).await.pause.map(|pause| pause.probes), Some(2));
}

async fn a_run_that_ends_while_it_looks_has_no_pause_left(ground: &dyn Ground) {
    let mut hand = due(ground).await;
    look(&mut hand).await;
    hand.tell(close(Close::Completed)).await;
    let row = ground.run(hand.key).await;
    assert_eq!((row.status, row.pause), (RunStatus::Completed, None));
    hand.adds_up().await;
}

async fn a_person_is_faster_than_the_schedule(ground: &dyn Ground) {
    let store = ground.store();
    for (command, status) in [(Command::Resume, RunStatus::Running), (Command::Cancel, RunStatus::Cancelled)] {
        let hand = due(ground).await;
        hand.give(command).await;
        assert_eq!(store.due().await.expect("the store answers"), []);
        let refused = store.look_again(hand.key, MANY).await;
        assert!(matches!(refused, Err(StoreError::NotAllowed { .. })), "{refused:?}");
        let row = ground.run(hand.key).await;
        assert_eq!((row.status, row.pause), (status, None));
    }
}

async fn a_pause_that_a_person_asked_for_too_does_not_resume_by_itself(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.give(Command::Pause).await;
    hand.tell(stands(outage(Some(at(60_000))))).await;
    assert_eq!(ground.run(hand.key).await.pause, Some(outage(None)));
    assert_eq!(ground.store().due().await.expect("the store answers"), []);
}
