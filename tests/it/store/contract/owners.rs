//! Whose a run is: one owner at a time, who may take it over, and what the engines see of each other.

use gleaner::domain::ids::{EngineId, RunKey};
use gleaner::domain::ledger::Close;
use gleaner::domain::run::{Command, RunStatus, Wish};
use gleaner::domain::task::TaskState;
use gleaner::store::{EngineSeen, RunStore, StoreError, Surveyed};

use super::entries::{close, first, sellers, started};
use super::ground::Ground;
use super::hand::{Hand, MANY};

over_both_stores!(
    a_run_belongs_to_whoever_started_it_until_it_rests,
    only_who_knows_that_the_owner_is_gone_takes_a_run_over,
    an_owner_that_has_beaten_since_it_was_seen_is_not_gone,
    an_owner_that_was_followed_keeps_nothing_any_more,
    an_engine_that_leaves_gives_its_runs_up,
    an_engine_is_seen_by_its_beat,
    a_watched_run_is_seen_whatever_its_state,
    what_was_on_the_wire_when_processes_died_is_under_suspicion_and_in_the_end_set_aside,
    who_loses_a_supervisor_only_is_not_under_suspicion,
);

async fn seen(store: &dyn RunStore, key: RunKey) -> Surveyed {
    let survey = store.survey(false, &[key]).await.expect("the store answers");
    survey.runs.into_iter().find(|run| run.key == key).expect("it is watched")
}

async fn a_run_belongs_to_whoever_started_it_until_it_rests(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    let mine = ground.store().engine();
    let run = seen(ground.store(), hand.key).await;
    assert_eq!((run.owner, run.status, run.wanted, run.commands), (Some(mine), RunStatus::Running, Wish::Run, 1));
    let other = ground.another().await;
    let accepted = other.command(hand.key, Command::Pause, MANY).await.expect("any engine takes a command");
    assert_eq!((accepted.owner, accepted.commands), (Some(mine), 2), "and sees whose the run is");
    hand.tell(close(Close::Cancelled)).await;
    assert_eq!(seen(ground.store(), hand.key).await.owner, None);
}

/// An engine whose session is gone.
fn dead(id: EngineId) -> EngineSeen {
    EngineSeen { id, beat: 1, in_session: false }
}

async fn only_who_knows_that_the_owner_is_gone_takes_a_run_over(ground: &dyn Ground) {
    let hand = Hand::start(ground, 1).await;
    let (mine, other) = (ground.store().engine(), ground.another().await);
    let before = ground.run(hand.key).await;
    for gone in [None, Some(dead(other.engine()))] {
        assert!(matches!(other.take_over(hand.key, gone).await, Err(StoreError::Owned)));
    }
    assert_eq!(ground.run(hand.key).await, before, "the loser changed nothing");
    let taken = other.take_over(hand.key, Some(dead(mine))).await.expect("its owner is gone");
    assert_eq!(taken.memory.fence, before.fence + 1);
    assert!(matches!(ground.store().take_over(hand.key, None).await, Err(StoreError::Owned)));
    let third = ground.another().await;
    assert!(matches!(third.take_over(hand.key, Some(dead(mine))).await, Err(StoreError::Owned)), "somebody was faster");
}

async fn an_owner_that_has_beaten_since_it_was_seen_is_not_gone(ground: &dyn Ground) {
    let hand = Hand::start(ground, 1).await;
    let (store, other) = (ground.store(), ground.another().await);
    let beaten = store.survey(true, &[]).await.expect("the store answers");
    let seen = *beaten.engines.iter().find(|engine| engine.id == store.engine()).expect("its own beat");
    let seen = EngineSeen { in_session: true, ..seen };
    store.survey(true, &[]).await.expect("the store answers");
    assert!(matches!(other.take_over(hand.key, Some(seen)).await, Err(StoreError::Owned)));
    let frozen = EngineSeen { beat: seen.beat + 1, ..seen };
    other.take_over(hand.key, Some(frozen)).await.expect("its beat stands still");
}

async fn an_owner_that_was_followed_keeps_nothing_any_more(ground: &dyn Ground) {
    let hand = Hand::start_searching(ground, 1).await;
    let other = ground.another().await;
    other.take_over(hand.key, Some(dead(ground.store().engine()))).await.expect("its owner is gone");
    let events = ground.events(hand.key).await;
    let late = ground.store().keep(&hand.group(vec![started(first(2)), sellers(first(2), &["Ann"], true)])).await;
    assert!(matches!(late, Err(StoreError::FenceLost)), "{late:?}");
    assert_eq!((ground.events(hand.key).await, ground.sellers().await), (events, Vec::new()));
}

async fn an_engine_that_leaves_gives_its_runs_up(ground: &dyn Ground) {
    let hand = Hand::start(ground, 1).await;
    ground.store().leave().await.expect("the store answers");
    assert_eq!(seen(ground.store(), hand.key).await.owner, None);
    let other = ground.another().await;
    other.take_over(hand.key, None).await.expect("nobody owns it");
    assert_eq!(seen(ground.store(), hand.key).await.owner, Some(other.engine()));
    ground.store().leave().await.expect("the store answers");
    assert_eq!(seen(ground.store(), hand.key).await.owner, Some(other.engine()), "the runs of others are left alone");
}

async fn an_engine_is_seen_by_its_beat(ground: &dyn Ground) {
    let mut beats = Vec::new();
    for beating in [true, true, false] {
        let survey = ground.store().survey(beating, &[]).await.expect("the store answers");
        assert_eq!(survey.engines.len(), 1);
        assert_eq!(survey.engines[0].id, ground.store().engine());
        beats.push(survey.engines[0].beat);
    }
    assert!(beats[0] < beats[1] && beats[1] == beats[2], "{beats:?}");
    ground.another().await.survey(true, &[]).await.expect("the store answers");
    let both = ground.store().survey(false, &[]).await.expect("the store answers");
    assert_eq!(both.engines.len(), 2);
}

async fn a_watched_run_is_seen_whatever_its_state(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.tell(close(Close::Completed)).await;
    let unwatched = ground.store().survey(false, &[]).await.expect("the store answers");
    assert_eq!(unwatched.runs, []);
    let run = seen(ground.store(), hand.key).await;
    assert_eq!((run.status, run.last_seq), (RunStatus::Completed, hand.before.last_seq));
}

async fn what_was_on_the_wire_when_processes_died_is_under_suspicion_and_in_the_end_set_aside(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    let mut owner = ground.store().engine();
    for (deaths, expected) in [(1, (1, 0)), (2, (2, 0)), (3, (3, 1)), (4, (4, 2)), (5, (5, 3))] {
        let claim = hand.task(2).await.claim_no + 1;
        hand.tell(started(first(2).claimed_as(claim))).await;
        let next = ground.another().await;
        hand.before = next.take_over(hand.key, Some(dead(owner))).await.expect("its owner is gone").memory;
        owner = next.engine();
        let task = hand.task(2).await;
        assert_eq!((task.suspect, task.crashes), expected, "after {deaths} deaths");
        assert_eq!(task.state, if deaths < 5 { TaskState::Pending } else { TaskState::Failed });
        hand.adds_up().await;
    }
    let task = hand.task(2).await;
    assert_eq!(task.error_code.as_deref(), Some("worker_crashed"));
    assert_eq!((hand.task(3).await.suspect, hand.state(3).await), (0, TaskState::Pending), "it was never on the wire");
}

async fn who_loses_a_supervisor_only_is_not_under_suspicion(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.tell(started(first(2))).await;
    hand.before = ground.store().take_over(hand.key, None).await.expect("it is ours").memory;
    assert_eq!((hand.task(2).await.suspect, hand.state(2).await), (0, TaskState::Pending));
}
