//! Ends: of a phase, and of the run's actors.

use gleaner::domain::ids::TaskNo;
use gleaner::domain::ledger::{Close, Reply};
use gleaner::domain::run::{Command, FailReason, PauseReason, RunStatus, Wish};
use gleaner::domain::task::{Phase, TaskState};
use serde_json::json;

use super::entries::{close, failed, first, paused, phase_over, product, products, sellers, started};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    a_phase_ends_once,
    a_pause_gives_claims_back_and_says_why,
    a_pause_of_an_outage_reprieves_each_task_once,
    a_completed_run_tells_its_phase_and_itself,
    a_failed_run_keeps_its_reason,
    a_cancelled_run_keeps_what_was_collected,
    a_close_is_kept_once,
    a_cancel_that_came_before_a_pause_stays_wanted,
);

async fn a_phase_ends_once(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    hand.accepts(products(first(1), vec![product(1)], true)).await;
    hand.accepts(failed(first(2), false)).await;
    assert_eq!(hand.before.streak, [TaskNo(2)]);
    assert_eq!(hand.tell(phase_over()).await, Reply::Done);
    assert_eq!((hand.before.phase, hand.before.streak.clone()), (Phase::Ebay, vec![]));
    let told = hand.told().await;
    assert_eq!(told.last().map(String::as_str), Some("complete"));
    let twice = hand.keep(vec![phase_over(), phase_over()]).await;
    assert_eq!(twice.replies, [Reply::Repeated, Reply::Repeated]);
    assert_eq!(hand.told().await, told);
    assert_eq!(ground.run(hand.key).await.phase, Phase::Ebay);
    hand.adds_up().await;
}

async fn a_pause_gives_claims_back_and_says_why(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.give(Command::Pause).await;
    hand.keep(vec![started(first(2)), sellers(first(2), &["Ann"], false), started(first(3))]).await;
    assert_eq!(hand.tell(close(paused(PauseReason::Manual, &[]))).await, Reply::Done);
    let row = ground.run(hand.key).await;
    assert_eq!((row.status, row.wanted), (RunStatus::Paused, Wish::Pause));
    assert_eq!(row.pause.map(|pause| pause.reason), Some(PauseReason::Manual));
    assert_eq!((row.completed_at, row.seller_count_snapshot), (None, None));
    let task = hand.task(2).await;
    assert_eq!((task.state, task.next_page, task.claim_no), (TaskState::Pending, 2, 1));
    assert_eq!((row.counters.ebay.pending, row.counters.ebay.claimed), (2, 0));
    let event = hand.events().await.pop().expect("an event");
    assert_eq!((&event["action"], &event["reason"]), (&json!("paused"), &json!("manual")));
    hand.adds_up().await;
}

async fn a_pause_of_an_outage_reprieves_each_task_once(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 3).await;
    hand.keep(vec![failed(first(2), false), failed(first(3), true), sellers(first(4), &[], true)]).await;
    hand.tell(close(paused(PauseReason::ConsecutiveFailures, &[2, 3, 4, 77]))).await;
    let task = hand.task(2).await;
    assert_eq!((task.state, task.page_attempts, task.reprieved), (TaskState::Pending, 0, true));
    assert_eq!(hand.state(3).await, TaskState::Failed, "a rejected task stays failed");
    assert_eq!(hand.state(4).await, TaskState::Done);
    assert_eq!(hand.before.streak, []);
    assert_eq!(ground.run(hand.key).await.wanted, Wish::Pause, "the engine's pause is a wish as well");
    hand.adds_up().await;
    hand.give_and_take_over(Command::Resume).await;
    assert_eq!(ground.run(hand.key).await.pause, None);
    hand.accepts(failed(first(2).again().claimed_as(2), false)).await;
    hand.tell(close(paused(PauseReason::ConsecutiveFailures, &[2]))).await;
    assert_eq!(hand.state(2).await, TaskState::Failed, "a second streak leaves it failed");
    hand.adds_up().await;
}

async fn a_completed_run_tells_its_phase_and_itself(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.accepts(sellers(first(2), &["Ann", "Bea"], true)).await;
    assert_eq!(hand.tell(close(Close::Completed)).await, Reply::Done);
    let row = ground.run(hand.key).await;
    assert_eq!((row.status, row.seller_count_snapshot), (RunStatus::Completed, Some(2)));
    assert!(row.completed_at.is_some());
    let events = hand.events().await;
    let scopes: Vec<_> = events.iter().rev().take(2).map(|event| (&event["scope"], &event["items_count"])).collect();
    assert_eq!(scopes, [(&json!("run"), &json!(2)), (&json!("phase"), &json!(2))]);
    hand.adds_up().await;
}

async fn a_failed_run_keeps_its_reason(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.accepts(failed(first(1), false)).await;
    let end = Close::Failed { reason: FailReason::NothingSucceeded, message: "no category was read".to_owned() };
    hand.tell(close(end)).await;
    let row = ground.run(hand.key).await;
    assert_eq!((row.status, row.fail_reason), (RunStatus::Failed, Some(FailReason::NothingSucceeded)));
    assert_eq!(row.fail_message.as_deref(), Some("no category was read"));
    assert_eq!(row.seller_count_snapshot, Some(0));
    hand.give_and_take_over(Command::RetryFailed).await;
    let row = ground.run(hand.key).await;
    assert_eq!((row.status, row.fail_reason, row.fail_message), (RunStatus::Running, None, None));
    assert_eq!(row.completed_at, None);
    hand.adds_up().await;
}

async fn a_cancelled_run_keeps_what_was_collected(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.accepts(sellers(first(2), &["Ann"], true)).await;
    hand.tell(started(first(3))).await;
    hand.give(Command::Cancel).await;
    hand.tell(close(Close::Cancelled)).await;
    let row = ground.run(hand.key).await;
    assert_eq!((row.status, row.wanted, row.seller_count_snapshot), (RunStatus::Cancelled, Wish::Cancel, Some(1)));
    assert_eq!(hand.state(3).await, TaskState::Pending, "nobody holds a task of a run at rest");
    assert_eq!(ground.sightings(hand.key).await.len(), 1);
    hand.adds_up().await;
}

async fn a_close_is_kept_once(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.tell(close(paused(PauseReason::Manual, &[]))).await;
    let (row, told) = (ground.run(hand.key).await, hand.told().await);
    for end in [paused(PauseReason::RateLimited, &[]), Close::Completed, Close::Cancelled] {
        assert_eq!(hand.tell(close(end)).await, Reply::Repeated);
    }
    let after = ground.run(hand.key).await;
    assert_eq!((after.status, after.pause, after.completed_at), (row.status, row.pause, None));
    assert_eq!(hand.told().await, told);
    hand.adds_up().await;
}

async fn a_cancel_that_came_before_a_pause_stays_wanted(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.give(Command::Cancel).await;
    hand.tell(close(paused(PauseReason::ProviderRefused, &[]))).await;
    let row = ground.run(hand.key).await;
    assert_eq!((row.status, row.wanted), (RunStatus::Paused, Wish::Cancel));
}
