//! What a run spends, as its row keeps it.

use gleaner::domain::ids::TaskNo;
use gleaner::domain::ledger::{Cost, Entry, Reply, Verdict};
use gleaner::domain::run::PauseReason;
use gleaner::domain::spend::{Spend, Tally};
use gleaner::store::StoreError;

use super::entries::{
    close, failed, first, paused, product, products, rate_limited, refused, released, retry, sellers, started,
};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    requests_are_counted_by_what_came_of_them,
    a_group_that_is_sent_again_spends_nothing,
    a_request_that_a_worker_died_with_is_counted_as_asked_again,
    requests_that_a_process_died_with_are_counted_as_asked_again,
    what_is_cut_off_in_order_may_be_paid_all_the_same,
);

/// A billed and rendered one, as a page of Best Sellers is.
fn rendered(entry: Entry) -> Entry {
    match entry {
        Entry::Outcome(mut outcome) => {
            outcome.cost = Cost { billed: true, rendered: true };
            Entry::Outcome(outcome)
        }
        other => other,
    }
}

async fn spent(hand: &Hand<'_>) -> Spend {
    hand.ground.run(hand.key).await.spend
}

async fn requests_are_counted_by_what_came_of_them(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 3).await;
    let again = first(1).again();
    hand.keep(vec![
        rendered(products(first(1), vec![product(1), product(2)], false)),
        rendered(products(first(1).next_page(), Vec::new(), true)),
        retry(first(2)),
        rate_limited(first(2).again()),
        failed(first(2).again().again(), false),
        failed(first(3), true),
        sellers(first(4), &["Ann"], false),
    ])
    .await;
    hand.keep(vec![sellers(first(4).next_page(), &[], true), refused(first(5))]).await;
    assert_eq!(hand.tell(retry(again)).await, Reply::Outcome(Verdict::KeptBefore), "counts nothing");
    let spend = spent(&hand).await;
    let tally = |requests, billed, rendered| Tally { requests, billed, rendered };
    let happened: Vec<_> = spend.outcomes.named().into_iter().filter(|(_, tally)| tally.requests > 0).collect();
    assert_eq!(
        happened,
        [
            ("ok", tally(2, 2, 1)),
            ("empty", tally(2, 2, 1)),
            ("rate_limit", tally(1, 0, 0)),
            ("timeout", tally(1, 0, 0)),
            ("http_500", tally(2, 0, 0)),
            ("refused", tally(1, 0, 0)),
        ]
    );
    assert_eq!((spend.amazon.requests, spend.amazon.pages, spend.amazon.wire_ms), (7, 2, 280));
    assert_eq!((spend.ebay.requests, spend.ebay.pages, spend.ebay.wire_ms), (2, 2, 80));
    assert_eq!(spend.repeated, 0);
    hand.adds_up().await;
}

async fn a_group_that_is_sent_again_spends_nothing(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    let group = hand.group(vec![started(first(1)), products(first(1), vec![product(1)], true), started(first(2))]);
    let kept = ground.store().keep(&group).await.expect("it is kept");
    let again = ground.store().keep(&group).await.expect("it was kept");
    assert_eq!(kept.after.spend, again.after.spend);
    assert_eq!(spent(&hand).await, kept.after.spend);
    assert_eq!((kept.after.spend.outcomes.total().requests, kept.after.spend.on_wire), (1, vec![TaskNo(2)]));
    hand.before = again.after;
    hand.adds_up().await;
}

async fn a_request_that_a_worker_died_with_is_counted_as_asked_again(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    hand.keep(vec![started(first(1)), started(first(2)), products(first(2), vec![product(1)], false)]).await;
    // The first died with its request on the wire, the second while it waited between two pages.
    hand.keep(vec![released(1, 1, true), released(2, 1, true)]).await;
    let spend = spent(&hand).await;
    assert_eq!((spend.repeated, spend.on_wire), (1, Vec::new()));
    hand.keep(vec![released(1, 1, true)]).await;
    assert_eq!(spent(&hand).await.repeated, 1, "a death that is told twice is one");
    hand.adds_up().await;
}

async fn requests_that_a_process_died_with_are_counted_as_asked_again(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 3).await;
    hand.keep(vec![started(first(2)), started(first(3)), sellers(first(3), &["Ann"], false), started(first(4))]).await;
    hand.before = ground.store().take_over(hand.key, None).await.expect("it is taken over").memory;
    assert_eq!((hand.before.spend.repeated, hand.before.spend.on_wire.len()), (2, 0));
    hand.adds_up().await;
    let again = ground.store().take_over(hand.key, None).await.expect("it is taken over").memory;
    assert_eq!(again.spend.repeated, 2, "nothing was on the wire any more");
    // What the dead process had sent and the new one finds under its old fence is refused whole.
    let late = ground.store().keep(&hand.group(vec![sellers(first(2), &["Bea"], true)])).await;
    assert!(matches!(late, Err(StoreError::FenceLost)), "{late:?}");
}

async fn what_is_cut_off_in_order_may_be_paid_all_the_same(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    hand.keep(vec![started(first(1)), started(first(2)), released(1, 1, false)]).await;
    assert_eq!(spent(&hand).await.on_wire, [TaskNo(2)]);
    hand.keep(vec![close(paused(PauseReason::Manual, &[]))]).await;
    let spend = spent(&hand).await;
    assert_eq!((spend.repeated, spend.on_wire), (2, Vec::new()));
    hand.adds_up().await;
}
