//! What outcomes do to a task, and when they count.

use gleaner::domain::coverage::{PageState, pages};
use gleaner::domain::ids::TaskNo;
use gleaner::domain::ledger::{Entry, Reply, Summary, Verdict};
use gleaner::domain::recent::Recent;
use gleaner::domain::run::{Command, PauseReason};
use gleaner::domain::task::TaskState;
use serde_json::json;

use super::entries::{close, failed, first, paused, product, products, rate_limited, refused, retry, sellers, started};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    started_claims_a_pending_task_and_is_told,
    a_stale_started_claims_nothing,
    a_page_moves_the_task_to_the_next,
    a_page_that_holds_nothing_is_noted_until_it_holds_something,
    an_outcome_counts_even_when_its_started_was_lost,
    a_retry_uses_an_attempt_and_a_rate_limit_none,
    a_failed_task_stays_at_its_page_and_joins_the_streak,
    a_finished_task_ends_the_streak_and_a_page_in_the_middle_does_not,
    the_newest_pages_are_kept_in_the_row_until_something_begins_anew,
    a_refused_request_gives_the_task_back,
    an_outcome_handed_over_again_changes_nothing,
    a_stale_claim_is_refused,
    an_outcome_out_of_turn_is_refused,
    a_summary_is_kept_and_stays_until_the_next,
);

async fn started_claims_a_pending_task_and_is_told(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    assert_eq!(hand.tell(started(first(1).claimed_as(4))).await, Reply::Done);
    let task = hand.task(1).await;
    assert_eq!((task.state, task.claim_no, task.requests), (TaskState::Claimed, 4, 0));
    assert_eq!(hand.told().await, ["started", "fetching"]);
    hand.adds_up().await;
}

async fn a_stale_started_claims_nothing(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.tell(started(first(1).claimed_as(4))).await;
    hand.tell(started(first(1).claimed_as(3))).await;
    assert_eq!(hand.task(1).await.claim_no, 4);
    hand.adds_up().await;
}

async fn a_page_moves_the_task_to_the_next(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.keep(vec![started(first(1)), products(first(1), vec![product(1), product(2)], false)]).await;
    let task = hand.task(1).await;
    assert_eq!((task.state, task.next_page, task.requests, task.products), (TaskState::Claimed, 2, 1, 2));
    hand.accepts(products(first(1).next_page(), vec![product(3)], true)).await;
    let task = hand.task(1).await;
    assert_eq!((task.state, task.next_page, task.requests, task.products), (TaskState::Done, 3, 2, 3));
    assert_eq!((hand.before.counters.requests_made, hand.before.counters.requests_billed), (2, 2));
    assert_eq!(hand.before.counters.departments_completed, 1);
    hand.adds_up().await;
}

async fn a_page_that_holds_nothing_is_noted_until_it_holds_something(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.accepts(sellers(first(2), &["Ann"], false)).await;
    hand.accepts(sellers(first(2).next_page(), &[], false)).await;
    assert_eq!((hand.task(2).await.next_page, hand.task(2).await.empties), (3, 0b10));
    hand.accepts(sellers(first(2).next_page().next_page(), &["Ben"], true)).await;
    let task = hand.task(2).await;
    assert_eq!(
        pages(task.state, task.next_page, task.empties).iter().map(|cell| cell.status).collect::<Vec<_>>(),
        [PageState::Done, PageState::Empty, PageState::Done]
    );
}

async fn an_outcome_counts_even_when_its_started_was_lost(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.accepts(products(first(1), vec![product(1)], false)).await;
    let task = hand.task(1).await;
    assert_eq!((task.state, task.claim_no, task.requests), (TaskState::Claimed, 1, 1));
    hand.adds_up().await;
}

async fn a_retry_uses_an_attempt_and_a_rate_limit_none(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    let asked = first(1);
    hand.accepts(retry(asked)).await;
    let task = hand.task(1).await;
    assert_eq!((task.state, task.page_attempts, task.next_page), (TaskState::Claimed, 1, 1));
    assert_eq!(task.error_code.as_deref(), Some("timeout"));
    assert_eq!(task.error_message.as_deref(), Some("no answer in time"));
    hand.accepts(rate_limited(asked.again())).await;
    assert_eq!((hand.task(1).await.page_attempts, hand.task(1).await.requests), (1, 2));
    assert_eq!((hand.before.counters.requests_made, hand.before.counters.requests_billed), (2, 0));
    let events = hand.events().await;
    assert_eq!(events[1]["wait_seconds"], json!(1.5));
    assert_eq!((&events[2]["action"], &events[2]["wait_seconds"]), (&json!("rate_limited"), &json!(5.0)));
    hand.accepts(products(asked.again().again(), vec![product(1)], true)).await;
    let task = hand.task(1).await;
    assert_eq!((task.page_attempts, task.error_code, task.error_message), (0, None, None));
    hand.adds_up().await;
}

async fn a_failed_task_stays_at_its_page_and_joins_the_streak(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.accepts(sellers(first(2), &["Ann"], false)).await;
    hand.accepts(failed(first(2).next_page(), false)).await;
    hand.accepts(failed(first(3), true)).await;
    let task = hand.task(2).await;
    assert_eq!((task.state, task.next_page, task.page_attempts, task.rejected), (TaskState::Failed, 2, 1, false));
    assert!(hand.task(3).await.rejected);
    assert_eq!(hand.before.streak, [TaskNo(2), TaskNo(3)]);
    assert_eq!(ground.sightings(hand.key).await.len(), 1, "the page before it is kept");
    hand.adds_up().await;
}

async fn a_finished_task_ends_the_streak_and_a_page_in_the_middle_does_not(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.accepts(failed(first(2), false)).await;
    hand.accepts(sellers(first(3), &[], false)).await;
    assert_eq!(hand.before.streak, [TaskNo(2)]);
    hand.accepts(sellers(first(3).next_page(), &[], true)).await;
    assert_eq!(hand.before.streak, []);
    hand.adds_up().await;
}

async fn the_newest_pages_are_kept_in_the_row_until_something_begins_anew(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 3).await;
    let recent = |pages, count, empty| Recent { pages, count, empty };
    assert_eq!(hand.before.recent, recent(0, 0, 0), "a new phase begins anew");
    hand.keep(vec![sellers(first(2), &["Ann"], false), failed(first(3), false), retry(first(4))]).await;
    assert_eq!(hand.before.recent, recent(0b01, 2, 0), "an attempt decides nothing");
    hand.accepts(rate_limited(first(4).again())).await;
    hand.accepts(sellers(first(2).next_page(), &[], true)).await;
    assert_eq!(hand.before.recent, recent(0b010, 3, 1));
    hand.adds_up().await;
    assert_eq!(ground.store().memory(hand.key).await.expect("the row").recent, recent(0b010, 3, 1));
    hand.tell(close(paused(PauseReason::Manual, &[]))).await;
    hand.adds_up().await;
    hand.give_and_take_over(Command::Resume).await;
    assert_eq!(hand.before.recent, recent(0, 0, 0));
    hand.adds_up().await;
}

async fn a_refused_request_gives_the_task_back(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.accepts(refused(first(1))).await;
    let task = hand.task(1).await;
    assert_eq!((task.state, task.claim_no, task.page_attempts), (TaskState::Pending, 1, 0));
    assert_eq!(task.error_code.as_deref(), Some("refused"));
    assert_eq!(hand.before.streak, []);
    hand.adds_up().await;
}

async fn an_outcome_handed_over_again_changes_nothing(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    let page = products(first(1), vec![product(1)], false);
    hand.accepts(page.clone()).await;
    let (tasks, told, counters) = (ground.tasks(hand.key).await, hand.told().await, hand.before.counters);
    assert_eq!(hand.tell(page.clone()).await, Reply::Outcome(Verdict::KeptBefore));
    let twice = hand.keep(vec![page.clone(), page]).await;
    assert_eq!(twice.replies, [Reply::Outcome(Verdict::KeptBefore), Reply::Outcome(Verdict::KeptBefore)]);
    assert_eq!((ground.tasks(hand.key).await, hand.told().await, hand.before.counters), (tasks, told, counters));
    hand.adds_up().await;
}

async fn a_stale_claim_is_refused(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.tell(started(first(2).claimed_as(2))).await;
    let mut told = hand.told().await;
    let stale = hand.tell(sellers(first(2), &["Ann"], true)).await;
    assert_eq!(stale, Reply::Outcome(Verdict::Refused));
    told.push("answer_refused".to_owned());
    assert_eq!(hand.told().await, told, "it is told as what it is, and nothing else of it");
    assert_eq!(ground.sellers().await, [], "it does not reach the registry");
    assert_eq!(hand.state(2).await, TaskState::Claimed);
    hand.adds_up().await;
}

async fn an_outcome_out_of_turn_is_refused(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    let second = hand.tell(sellers(first(2).next_page(), &["Ann"], true)).await;
    assert_eq!(second, Reply::Outcome(Verdict::Refused), "the first request's outcome is not kept yet");
    let unknown = hand.tell(sellers(first(77), &["Ann"], true)).await;
    assert_eq!(unknown, Reply::Outcome(Verdict::Refused));
    let mixed = hand.keep(vec![sellers(first(2), &["Bea"], true), sellers(first(77), &["Ann"], true)]).await;
    assert_eq!(mixed.replies, [Reply::Outcome(Verdict::Accepted), Reply::Outcome(Verdict::Refused)]);
    assert_eq!(ground.sellers().await.len(), 1, "only what counts reaches the registry");
    hand.adds_up().await;
}

async fn a_summary_is_kept_and_stays_until_the_next(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    let mut group = hand.group(vec![Entry::Mark]);
    group.summary = Some(Summary { checkpoint: json!({"done": 1}), worker_status: json!([{"worker_id": 1}]) });
    let kept = ground.store().keep(&group).await.expect("it is kept");
    assert_eq!((kept.replies, kept.events), (vec![Reply::Done], vec![]));
    hand.before = kept.after;
    hand.tell(Entry::Mark).await;
    let row = ground.run(hand.key).await;
    assert_eq!((row.checkpoint, row.worker_status), (json!({"done": 1}), json!([{"worker_id": 1}])));
}
