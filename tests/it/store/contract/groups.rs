//! Groups as a whole: sent again, sent by who lost the fence, sent out of order, and the events they number.

use gleaner::domain::event::Action;
use gleaner::domain::ledger::{Close, Entry};
use gleaner::store::StoreError;

use super::entries::{at, close, first, phase_over, product, products, released, sellers, started};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    a_group_sent_again_answers_alike_and_writes_nothing,
    a_closing_group_sent_again_answers_alike,
    a_group_without_the_fence_changes_nothing,
    a_group_out_of_order_changes_nothing,
    events_are_numbered_in_the_order_of_their_entries,
    the_newest_events_come_oldest_first,
);

/// All that a run and its registry hold.
async fn everything(hand: &Hand<'_>) -> String {
    let ground = hand.ground;
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        ground.run(hand.key).await,
        ground.tasks(hand.key).await,
        ground.items(hand.key).await,
        ground.sightings(hand.key).await,
        ground.sellers().await,
        ground.events(hand.key).await,
    )
}

async fn a_group_sent_again_answers_alike_and_writes_nothing(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    hand.keep(vec![products(first(1), vec![product(1), product(2), product(3)], true), phase_over()]).await;
    hand.keep(vec![started(first(4)), released(4, 1, false)]).await;
    let group = hand.group(vec![
        started(first(3)),
        sellers(first(3), &["Ann", "Bea"], true),
        sellers(first(3), &["Ann", "Bea"], true),
        sellers(first(5).claimed_as(0), &["Cis"], true),
        started(first(5)),
        released(5, 1, true),
        released(4, 1, false),
        released(77, 1, false),
        Entry::Mark,
        phase_over(),
    ]);
    let kept = ground.store().keep(&group).await.expect("it is kept");
    let before = everything(&hand).await;
    for _ in 0..2 {
        let again = ground.store().keep(&group).await.expect("it was kept");
        assert_eq!(again.replies, kept.replies);
        assert_eq!(again.events, kept.events);
        assert_eq!(again.after, kept.after);
    }
    assert_eq!(everything(&hand).await, before);
    hand.before = kept.after;
    hand.adds_up().await;
}

async fn a_closing_group_sent_again_answers_alike(ground: &dyn Ground) {
    let hand = Hand::start_searching(ground, 1).await;
    let group = hand.group(vec![sellers(first(2), &["Ann"], true), close(Close::Completed)]);
    let kept = ground.store().keep(&group).await.expect("it is kept");
    let before = everything(&hand).await;
    let again = ground.store().keep(&group).await.expect("it was kept");
    assert_eq!((again.replies, again.events, again.after), (kept.replies, kept.events, kept.after));
    assert_eq!(everything(&hand).await, before);
    assert_eq!(ground.audit_entries(hand.key).await.len(), 1);
}

async fn a_group_without_the_fence_changes_nothing(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    let page = vec![sellers(first(2), &["Ann"], true)];
    let old = hand.group(page.clone());
    ground.store().keep(&old).await.expect("it is kept");
    hand.before = ground.store().take_over(hand.key, None).await.expect("it is taken over").memory;
    let before = everything(&hand).await;
    let mut ahead = hand.group(page);
    ahead.before.fence += 1;
    for group in [old, ahead] {
        let lost = ground.store().keep(&group).await;
        assert!(matches!(lost, Err(StoreError::FenceLost)), "{lost:?}");
    }
    assert_eq!(everything(&hand).await, before);
}

async fn a_group_out_of_order_changes_nothing(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    let early = hand.group(vec![sellers(first(2), &["Ann"], true)]);
    hand.tell(Entry::Mark).await;
    hand.tell(Entry::Mark).await;
    let mut late = hand.group(vec![sellers(first(2), &["Ann"], true)]);
    late.before.group_no += 1;
    let before = everything(&hand).await;
    for group in [early, late] {
        let broken = ground.store().keep(&group).await;
        assert!(matches!(broken, Err(StoreError::Broken(_))), "{broken:?}");
    }
    assert_eq!(everything(&hand).await, before);
}

async fn events_are_numbered_in_the_order_of_their_entries(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    let said = Entry::Said { action: Action::Resumed, at: at(7) };
    let last = hand.before.last_seq;
    let kept = hand
        .keep(vec![started(first(1)), said, products(first(1), vec![product(1)], true), started(first(2)), Entry::Mark])
        .await;
    let numbers: Vec<i64> = kept.events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (last + 1..=last + 6).collect::<Vec<i64>>());
    assert_eq!(hand.told().await[1..], ["fetching", "resumed", "found", "uploading", "inserted", "fetching"]);
    assert_eq!(ground.events(hand.key).await[1..], kept.events, "what is answered is what is stored, byte for byte");
    hand.adds_up().await;
}

async fn the_newest_events_come_oldest_first(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    for n in 0..5 {
        hand.tell(Entry::Said { action: Action::Resumed, at: at(n) }).await;
    }
    let numbers = |events: Vec<gleaner::domain::ledger::StoredEvent>| -> Vec<i64> {
        events.into_iter().map(|event| event.seq).collect()
    };
    let store = ground.store();
    assert_eq!(numbers(store.last_events(hand.key, 3).await.expect("some")), [4, 5, 6]);
    assert_eq!(numbers(store.last_events(hand.key, 100).await.expect("all")), [1, 2, 3, 4, 5, 6]);
    assert_eq!(numbers(store.last_events(hand.key, 0).await.expect("none")), Vec::<i64>::new());
}
