//! What runs draw of their organisation's month: never more than is left, and what is not sent comes back.

use futures_util::future::join_all;
use gleaner::domain::budget::Drawn;
use gleaner::domain::run::{Pause, PauseReason};
use gleaner::domain::settings::RunSettings;
use gleaner::store::{RunStore, StoreError};

use super::entries::{at, failed, first, retry, started};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    without_a_budget_nothing_is_drawn,
    a_draw_gets_what_it_wants_or_what_is_left,
    of_many_racing_draws_no_more_than_the_month_is_got,
    a_draw_that_is_made_again_gets_nothing_on_top,
    what_is_not_sent_is_given_back,
    only_the_owner_of_a_run_draws_for_it,
    after_a_death_one_request_a_worker_is_taken_for_sent_and_the_rest_goes_on,
    what_a_run_that_is_set_aside_has_not_sent_is_given_back,
);

/// Draws for a run that has sent so many; answers how far it may go, and how many are drawn in all.
async fn draw(store: &dyn RunStore, hand: &Hand<'_>, sent: i64, want: i64) -> (i64, i64) {
    let drawn = store.draw(hand.key, hand.before.fence, sent, want).await.expect("it is its owner");
    let Drawn { grant, drawn, .. } = drawn.expect("months have a budget");
    (grant.to, drawn)
}

async fn without_a_budget_nothing_is_drawn(ground: &dyn Ground) {
    let hand = Hand::start(ground, 1).await;
    assert_eq!(ground.store().draw(hand.key, hand.before.fence, 0, 20).await.expect("it is asked"), None);
    assert_eq!(ground.store().take_over(hand.key, None).await.expect("it is ours").grant, None);
    assert_eq!((ground.drawn().await, ground.run(hand.key).await.grant), (0, None));
}

async fn a_draw_gets_what_it_wants_or_what_is_left(ground: &dyn Ground) {
    let (one, other) = (Hand::start(ground, 1).await, Hand::start(ground, 1).await);
    let store = ground.with_month_budget(50);
    assert_eq!(draw(store.as_ref(), &one, 0, 20).await, (20, 20));
    assert_eq!(draw(store.as_ref(), &other, 3, 20).await, (23, 40), "what was sent before is not of the month");
    assert_eq!(draw(store.as_ref(), &one, 20, 20).await, (30, 50), "ten are left");
    assert_eq!(draw(store.as_ref(), &other, 23, 20).await, (23, 50), "none is left");
    assert_eq!(ground.drawn().await, 50);
    let grant = ground.run(one.key).await.grant.expect("a grant");
    assert_eq!(grant.to, 30);
    assert_eq!(
        store.take_over(one.key, None).await.expect("it is ours").grant.map(|grant| grant.month),
        Some(grant.month)
    );

    let small = ground.with_month_budget(60);
    assert_eq!(draw(small.as_ref(), &other, 23, 1).await, (24, 51), "a raised budget holds at once");
    let lowered = ground.with_month_budget(10);
    assert_eq!(draw(lowered.as_ref(), &other, 24, 20).await, (24, 51), "a lowered one takes nothing back");
}

async fn of_many_racing_draws_no_more_than_the_month_is_got(ground: &dyn Ground) {
    let mut hands = Vec::new();
    for _ in 0..8 {
        hands.push(Hand::start(ground, 1).await);
    }
    let store = ground.with_month_budget(70);
    let draws = hands.iter().map(|hand| draw(store.as_ref(), hand, 0, 20));
    let got: i64 = join_all(draws).await.into_iter().map(|(to, _)| to).sum();
    assert_eq!((got, ground.drawn().await), (70, 70));
}

async fn a_draw_that_is_made_again_gets_nothing_on_top(ground: &dyn Ground) {
    let hand = Hand::start(ground, 1).await;
    let store = ground.with_month_budget(50);
    for _ in 0..3 {
        assert_eq!(draw(store.as_ref(), &hand, 0, 20).await, (20, 20), "its answer was lost");
    }
    assert_eq!(draw(store.as_ref(), &hand, 15, 20).await, (35, 35), "it has as many as it wants again");
}

async fn what_is_not_sent_is_given_back(ground: &dyn Ground) {
    let hand = Hand::start(ground, 1).await;
    let store = ground.with_month_budget(50);
    draw(store.as_ref(), &hand, 0, 20).await;
    for _ in 0..2 {
        assert_eq!(draw(store.as_ref(), &hand, 8, 0).await, (8, 8));
    }
    assert_eq!((ground.drawn().await, ground.run(hand.key).await.grant.expect("a grant").to), (8, 8));
}

async fn only_the_owner_of_a_run_draws_for_it(ground: &dyn Ground) {
    let hand = Hand::start(ground, 1).await;
    let store = ground.with_month_budget(50);
    store.take_over(hand.key, None).await.expect("it is taken over");
    let late = store.draw(hand.key, hand.before.fence, 0, 20).await;
    assert!(matches!(late, Err(StoreError::FenceLost)), "{late:?}");
    assert_eq!(ground.drawn().await, 0);
}

async fn after_a_death_one_request_a_worker_is_taken_for_sent_and_the_rest_goes_on(ground: &dyn Ground) {
    let settings = RunSettings { workers: 3, ..RunSettings::default() };
    let mut hand = Hand::start_with(ground, 2, &settings).await;
    let store = ground.with_month_budget(50);
    draw(store.as_ref(), &hand, 0, 20).await;
    // Two are answered, one is on the wire: the other two workers may have sent one each.
    hand.keep(vec![retry(first(1)), failed(first(1).again(), false), started(first(2))]).await;
    let taken = store.take_over(hand.key, None).await.expect("it is taken over");
    assert_eq!(taken.memory.spend.all_sent(), 3);
    assert_eq!(taken.grant.expect("a grant").to, 18, "three were sent, two more may have been, fifteen are left");
    assert_eq!(ground.drawn().await, 20, "they are spent");
    hand.before = taken.memory;
    assert_eq!(draw(store.as_ref(), &hand, 3, 0).await, (3, 5));
    let again = store.take_over(hand.key, None).await.expect("it is taken over");
    assert_eq!(again.grant.expect("a grant").to, 3, "where nothing is drawn, nothing is lost");
}

async fn what_a_run_that_is_set_aside_has_not_sent_is_given_back(ground: &dyn Ground) {
    let settings = RunSettings { workers: 3, ..RunSettings::default() };
    let mut hand = Hand::start_with(ground, 2, &settings).await;
    let store = ground.with_month_budget(50);
    draw(store.as_ref(), &hand, 0, 20).await;
    hand.tell(started(first(1))).await;
    store.set_aside(hand.key, &Pause::of(PauseReason::CrashLoop, at(0))).await.expect("it is running");
    assert_eq!(ground.drawn().await, 3, "one was on the wire, and two may have been");
    assert_eq!(ground.run(hand.key).await.grant.expect("a grant").to, 1);
}
