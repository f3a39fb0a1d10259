//! The audit log's entries of a run, and the snapshots of the registry.

use gleaner::domain::ledger::Close;
use gleaner::domain::run::{Command, PauseReason};

use super::entries::{close, failed, first, paused, sellers};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    an_entry_opens_with_the_run_and_closes_with_it,
    a_run_that_is_opened_again_has_a_second_entry,
    a_paused_run_that_is_cancelled_closes_its_entry,
);

async fn an_entry_opens_with_the_run_and_closes_with_it(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    let open = ground.audit_entries(hand.key).await;
    assert_eq!((open.len(), open[0].closed_at, open[0].seller_count_snapshot), (1, None, None));
    hand.accepts(sellers(first(2), &["Ann", "Bea"], true)).await;
    hand.tell(close(paused(PauseReason::Manual, &[]))).await;
    assert_eq!(ground.audit_entries(hand.key).await, open, "a pause ends nothing");
    hand.give_and_take_over(Command::Resume).await;
    hand.keep(vec![sellers(first(3), &["Cis"], true), close(Close::Completed)]).await;
    let entry = ground.audit_entries(hand.key).await.remove(0);
    assert_eq!((entry.affected_count, entry.seller_count_snapshot), (3, Some(3)));
    assert!(entry.closed_at.is_some() && entry.source_run_id == hand.key.run);
    assert_eq!(ground.run(hand.key).await.seller_count_snapshot, Some(3), "the closing group's sellers count");
}

async fn a_run_that_is_opened_again_has_a_second_entry(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.keep(vec![sellers(first(2), &["Ann"], true), failed(first(3), false), close(Close::Completed)]).await;
    hand.give_and_take_over(Command::RetryFailed).await;
    let again = first(3).again().claimed_as(2);
    hand.keep(vec![sellers(again, &["Ann", "Bea", "Cis"], true), close(Close::Completed)]).await;
    let counts: Vec<_> =
        ground.audit_entries(hand.key).await.iter().map(|e| (e.affected_count, e.seller_count_snapshot)).collect();
    assert_eq!(counts, [(1, Some(1)), (2, Some(3))]);
}

async fn a_paused_run_that_is_cancelled_closes_its_entry(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.keep(vec![sellers(first(2), &["Ann"], true), close(paused(PauseReason::Manual, &[]))]).await;
    hand.give(Command::Cancel).await;
    let entry = ground.audit_entries(hand.key).await.remove(0);
    assert_eq!((entry.affected_count, entry.seller_count_snapshot), (1, Some(1)));
    assert_eq!(ground.run(hand.key).await.seller_count_snapshot, Some(1));
}
