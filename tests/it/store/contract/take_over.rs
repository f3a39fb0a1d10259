//! Taking a run over, and raising its fence.

use gleaner::domain::ids::{RunId, RunKey};
use gleaner::domain::ledger::{Close, Entry, Reply, Verdict};
use gleaner::domain::recovery::Recovery;
use gleaner::domain::run::{Command, PauseReason, RunStatus, Wish};
use gleaner::domain::task::TaskState;
use gleaner::store::StoreError;
use uuid::Uuid;

use super::entries::{at, close, failed, first, paused, sellers, started};
use super::ground::Ground;
use super::hand::{Hand, MANY};

over_both_stores!(
    a_take_over_puts_claims_back_and_raises_the_fence,
    a_take_over_obeys_what_was_wanted,
    a_run_at_rest_is_left_as_it_is,
    a_late_answer_of_the_old_owner_is_refused_by_its_claim,
    what_a_runs_last_actors_still_send_is_held_back_once_it_goes_on,
    a_fence_is_raised_only_by_who_holds_it,
    running_runs_are_listed_and_no_others,
    a_run_that_is_not_there_is_not_found,
    what_a_take_over_found_is_told_once_and_kept_with_what_comes_late_after_it,
    a_take_over_knows_whether_the_last_run_that_searched_found_sellers,
);

async fn a_take_over_puts_claims_back_and_raises_the_fence(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 3).await;
    let fence = hand.before.fence;
    hand.keep(vec![
        started(first(2)),
        sellers(first(2), &["Ann"], false),
        started(first(3)),
        failed(first(3), false),
        started(first(4)),
    ])
    .await;
    let taken = ground.store().take_over(hand.key, None).await.expect("it is taken over");
    assert_eq!((taken.status, taken.wanted, taken.released), (RunStatus::Running, Wish::Run, 2));
    assert_eq!((taken.memory.fence, taken.repeated), (fence + 1, 1), "one was on the wire and not answered");
    assert!((0..60_000).contains(&taken.time_lost_ms), "{} ms", taken.time_lost_ms);
    assert!(taken.settings.is_ok() && taken.started_at.is_some());
    assert_eq!(taken.name, "a run");
    assert_eq!((taken.memory.counters.ebay.pending, taken.memory.counters.ebay.claimed), (2, 0));
    let task = hand.task(2).await;
    assert_eq!((task.state, task.claim_no, task.next_page, task.crashes), (TaskState::Pending, 1, 2, 0));
    assert_eq!(hand.state(3).await, TaskState::Failed, "a final task stays final");
    hand.before = taken.memory;
    hand.adds_up().await;
}

async fn a_take_over_obeys_what_was_wanted(ground: &dyn Ground) {
    let hand = Hand::start(ground, 1).await;
    hand.give(Command::Pause).await;
    let taken = ground.store().take_over(hand.key, None).await.expect("it is taken over");
    assert_eq!((taken.status, taken.wanted), (RunStatus::Running, Wish::Pause));
}

async fn a_run_at_rest_is_left_as_it_is(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    for (end, status) in
        [(paused(PauseReason::Manual, &[]), RunStatus::Paused), (Close::Completed, RunStatus::Completed)]
    {
        hand.keep(vec![started(first(1)), close(end)]).await;
        let tasks = ground.tasks(hand.key).await;
        let fence = hand.before.fence;
        let taken = ground.store().take_over(hand.key, None).await.expect("it is read");
        assert_eq!((taken.status, taken.released, taken.memory.fence), (status, 0, fence + 1));
        assert_eq!(ground.tasks(hand.key).await, tasks);
        assert_eq!(ground.run(hand.key).await.status, status);
        hand.before = taken.memory;
        if status == RunStatus::Paused {
            hand.give_and_take_over(Command::Resume).await;
        }
    }
}

async fn what_a_runs_last_actors_still_send_is_held_back_once_it_goes_on(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    hand.keep(vec![started(first(1)), close(paused(PauseReason::Manual, &[]))]).await;
    // The answer was lost with their Recorder: the next one raised its fence, and keeps the close once more.
    let memory = ground.store().raise_fence(hand.key, hand.before.fence).await.expect("it is the newest");
    hand.give(Command::Resume).await;
    hand.before = memory;
    let again = ground.store().keep(&hand.group(vec![close(paused(PauseReason::Manual, &[]))])).await;
    assert!(matches!(again, Err(StoreError::FenceLost)), "{again:?}");
    assert_eq!(ground.run(hand.key).await.status, RunStatus::Running);
}

async fn a_late_answer_of_the_old_owner_is_refused_by_its_claim(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.tell(started(first(2))).await;
    hand.before = ground.store().take_over(hand.key, None).await.expect("it is taken over").memory;
    let late = hand.tell(sellers(first(2), &["Ann"], true)).await;
    assert_eq!(late, Reply::Outcome(Verdict::Refused));
    assert_eq!(ground.sellers().await, []);
    hand.accepts(sellers(first(2).claimed_as(2), &["Ann"], true)).await;
    hand.adds_up().await;
}

async fn a_fence_is_raised_only_by_who_holds_it(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.tell(started(first(1))).await;
    let fence = hand.before.fence;
    let raised = ground.store().raise_fence(hand.key, fence).await.expect("it is ours");
    assert_eq!(raised.fence, fence + 1);
    assert_eq!(raised.counters.amazon.claimed, 1, "claims stay");
    let lost = ground.store().raise_fence(hand.key, fence).await;
    assert!(matches!(lost, Err(StoreError::FenceLost)), "{lost:?}");
    assert_eq!(ground.run(hand.key).await.memory(), raised, "the loser changed nothing");
    assert_eq!(ground.store().memory(hand.key).await.expect("the row"), raised);
}

async fn running_runs_are_listed_and_no_others(ground: &dyn Ground) {
    let pending = Hand::start(ground, 1).await.key;
    let mut other = Hand::start(ground, 1).await;
    assert_eq!(running(ground).await.len(), 2);
    other.tell(close(Close::Cancelled)).await;
    assert_eq!(running(ground).await, [pending]);
}

async fn running(ground: &dyn Ground) -> Vec<RunKey> {
    crate::support::world::under_way(ground.store()).await
}

async fn a_run_that_is_not_there_is_not_found(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.key = RunKey { org: ground.org(), run: RunId(Uuid::from_u128(99)) };
    let store = ground.store();
    assert!(matches!(store.take_over(hand.key, None).await, Err(StoreError::NotFound)));
    assert!(matches!(store.raise_fence(hand.key, 1).await, Err(StoreError::NotFound)));
    assert!(matches!(store.memory(hand.key).await, Err(StoreError::NotFound)));
    assert!(matches!(store.keep(&hand.group(vec![started(first(1))])).await, Err(StoreError::NotFound)));
    assert!(matches!(store.command(hand.key, Command::Start, MANY).await, Err(StoreError::NotFound)));
    assert!(store.last_events(hand.key, 10).await.expect("none").is_empty());
}

async fn a_take_over_knows_whether_the_last_run_that_searched_found_sellers(ground: &dyn Ground) {
    let found_before = async |key| ground.store().take_over(key, None).await.expect("it is taken over").found_before;
    let mut one = Hand::start_searching(ground, 1).await;
    assert!(!found_before(one.key).await, "there is none before it");
    one.before = ground.store().take_over(one.key, None).await.expect("it is taken over").memory;
    one.accepts(sellers(first(2), &["Ann"], true)).await;
    let mut other = Hand::start_searching(ground, 1).await;
    let never = Hand::start(ground, 1).await;
    assert!(found_before(other.key).await);
    assert!(found_before(never.key).await, "one that searched nothing is passed over");
    other.before = ground.store().take_over(other.key, None).await.expect("it is taken over").memory;
    other.accepts(sellers(first(2), &[], true)).await;
    assert!(!found_before(never.key).await);
    assert!(!found_before(one.key).await, "later ones do not matter");
}

async fn what_a_take_over_found_is_told_once_and_kept_with_what_comes_late_after_it(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.tell(started(first(2))).await;
    hand.before = ground.store().take_over(hand.key, None).await.expect("it is taken over").memory;
    assert_eq!(hand.before.recovery, None);
    let found = Recovery {
        at: at(0),
        why: "taken over from a process that is gone".to_owned(),
        tasks_released: 1,
        answers_reattached: 0,
        requests_repeated: 1,
        late_answers: 0,
        time_lost_ms: 1_500,
    };
    hand.tell(Entry::Recovered(found.clone())).await;
    assert_eq!(ground.run(hand.key).await.recovery.as_ref(), Some(&found));
    let event = hand.events().await.pop().expect("an event");
    assert_eq!((&event["action"], &event["time_lost_ms"]), (&"run_recovered".into(), &1_500.into()));
    let told = hand.told().await;
    hand.tell(Entry::Recovered(found.clone())).await;
    assert_eq!(hand.told().await, told, "handed over again, it is not told again");

    let group = hand.group(vec![sellers(first(2), &["Ann"], true)]);
    hand.keep(group.entries.clone()).await;
    let again = ground.store().keep(&group).await.expect("it was kept");
    assert_eq!(again.after, hand.before, "the same group changes nothing");
    assert_eq!(ground.run(hand.key).await.recovery, Some(Recovery { late_answers: 1, ..found.clone() }));
    let event = hand.events().await.pop().expect("an event");
    assert_eq!((&event["action"], &event["claim_no"]), (&"answer_refused".into(), &1.into()));
    let row = ground.run(hand.key).await;
    assert_eq!((row.spend.all_sent(), row.spend.repeated, row.counters.requests_made), (2, 0, 2));
    hand.adds_up().await;
    hand.tell(Entry::Recovered(Recovery { at: at(9), ..found })).await;
    assert_eq!(ground.run(hand.key).await.recovery.expect("the newest").late_answers, 0);
}
