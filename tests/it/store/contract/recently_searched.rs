//! Products whose search is fresh: skipped by a run that asks for it, where it would search alike.

use chrono::TimeDelta;
use gleaner::clock::Clock;
use gleaner::domain::run::PauseReason;
use gleaner::domain::settings::{Filters, RunSettings};
use gleaner::domain::task::TaskState;
use gleaner::store::runs::changes::Changes;
use serde_json::{Map, json};

use super::entries::{Asked, at, close, first, paused, phase_over, product, products, released, sellers, started};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    what_was_searched_to_its_end_is_skipped_with_its_reason,
    a_run_that_does_not_ask_for_it_skips_nothing,
    what_is_too_old_is_searched_again,
    another_search_does_not_count,
    what_was_begun_and_not_finished_is_searched,
    what_found_nothing_is_searched_again,
    what_found_something_is_remembered_though_its_last_page_is_empty,
    what_no_setting_reaches_back_to_is_forgotten_when_a_run_comes_to_rest,
    settings_that_were_changed_count_from_then_on,
    an_older_search_that_is_kept_later_takes_nothing_back,
);

fn skipping(days: u16) -> RunSettings {
    RunSettings { skip_searched_within_days: Some(days), ..RunSettings::default() }
}

/// A request that was answered so many minutes ago, by the machine's clock as both stores read it.
fn ago(asked: Asked, minutes: i64) -> Asked {
    let then = Clock::system().now() - TimeDelta::minutes(minutes);
    asked.at((then - at(0)).num_milliseconds())
}

/// A run of these settings that has searched product 1 so many minutes ago and never came to product 2.
async fn searched<'a>(ground: &'a dyn Ground, settings: &RunSettings, minutes: i64) -> Hand<'a> {
    let mut hand = Hand::start_with(ground, 1, settings).await;
    hand.keep(vec![products(first(1), vec![product(1), product(2)], true), phase_over()]).await;
    hand.accepts(sellers(ago(first(2), minutes), &["Ann"], true)).await;
    hand
}

/// What becomes of products 1 and 2 in a run of these settings.
async fn states(ground: &dyn Ground, settings: &RunSettings) -> [TaskState; 2] {
    let mut hand = Hand::start_with(ground, 1, settings).await;
    hand.keep(vec![products(first(1), vec![product(1), product(2)], true)]).await;
    hand.adds_up().await;
    [hand.state(2).await, hand.state(3).await]
}

const ONE_SKIPPED: [TaskState; 2] = [TaskState::Skipped, TaskState::Pending];
const NONE_SKIPPED: [TaskState; 2] = [TaskState::Pending, TaskState::Pending];

async fn what_was_searched_to_its_end_is_skipped_with_its_reason(ground: &dyn Ground) {
    searched(ground, &RunSettings::default(), 5).await;
    let mut hand = Hand::start_with(ground, 1, &skipping(1)).await;
    hand.keep(vec![products(first(1), vec![product(1), product(2)], true)]).await;
    assert_eq!(hand.task(2).await.error_code.as_deref(), Some("recently_searched"));
    assert_eq!((hand.before.counters.ebay.skipped, hand.before.counters.ebay.pending), (1, 1));
    let told = hand.events().await.pop().expect("an event");
    assert_eq!((&told["action"], &told["items_count"]), (&"inserted".into(), &2.into()), "both have a task");
    hand.keep(vec![phase_over()]).await;
    hand.accepts(sellers(ago(first(3), 0), &["Bob"], true)).await;
    hand.adds_up().await;
    assert_eq!(states(ground, &skipping(1)).await, [TaskState::Skipped; 2], "by now both were searched");
}

async fn a_run_that_does_not_ask_for_it_skips_nothing(ground: &dyn Ground) {
    searched(ground, &skipping(7), 5).await;
    assert_eq!(states(ground, &RunSettings::default()).await, NONE_SKIPPED);
}

async fn what_is_too_old_is_searched_again(ground: &dyn Ground) {
    searched(ground, &RunSettings::default(), 26 * 60).await;
    assert_eq!(states(ground, &skipping(1)).await, NONE_SKIPPED);
    assert_eq!(states(ground, &skipping(2)).await, ONE_SKIPPED);
}

async fn another_search_does_not_count(ground: &dyn Ground) {
    searched(ground, &RunSettings::default(), 5).await;
    let us_only = Filters { us_only: false, ..Filters::default() };
    for other in [
        RunSettings { price_window: None, ..skipping(7) },
        RunSettings { filters: us_only, ..skipping(7) },
        RunSettings { pages_per_product: 9, ..skipping(7) },
    ] {
        assert_eq!(states(ground, &other).await, NONE_SKIPPED, "{other:?}");
    }
    assert_eq!(states(ground, &RunSettings { workers: 2, pages_per_category: 1, ..skipping(7) }).await, ONE_SKIPPED);
}

async fn what_was_begun_and_not_finished_is_searched(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.keep(vec![sellers(ago(first(2), 5), &["Ann"], false), released(2, 1, false), started(first(3))]).await;
    assert_eq!(states(ground, &skipping(7)).await, NONE_SKIPPED);
}

async fn what_found_nothing_is_searched_again(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.accepts(sellers(ago(first(2), 5), &[], true)).await;
    assert_eq!((hand.state(2).await, ground.searches().await), (TaskState::Done, 0));
    assert_eq!(states(ground, &skipping(7)).await, NONE_SKIPPED);
}

async fn what_found_something_is_remembered_though_its_last_page_is_empty(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.accepts(sellers(ago(first(2), 6), &["Ann"], false)).await;
    hand.accepts(sellers(ago(first(2).next_page(), 5), &[], true)).await;
    assert_eq!(states(ground, &skipping(7)).await, ONE_SKIPPED);
}

async fn what_no_setting_reaches_back_to_is_forgotten_when_a_run_comes_to_rest(ground: &dyn Ground) {
    const DAY: i64 = 24 * 60;
    let mut hand = searched(ground, &RunSettings::default(), 366 * DAY).await;
    hand.accepts(sellers(ago(first(3), 364 * DAY), &["Bob"], true)).await;
    assert_eq!(ground.searches().await, 2);
    assert_eq!(states(ground, &skipping(365)).await, [TaskState::Pending, TaskState::Skipped]);
    hand.tell(close(paused(PauseReason::Manual, &[]))).await;
    assert_eq!(ground.searches().await, 1);
    assert_eq!(states(ground, &skipping(365)).await, [TaskState::Pending, TaskState::Skipped]);
}

async fn settings_that_were_changed_count_from_then_on(ground: &dyn Ground) {
    let mut hand = searched(ground, &RunSettings::default(), 5).await;
    hand.tell(close(paused(PauseReason::Manual, &[]))).await;
    let settings = Map::from_iter([("pages_per_product".to_owned(), json!(9))]);
    ground.change(hand.key, &Changes { name: None, settings }).await.expect("it is paused");
    hand.give_and_take_over(gleaner::domain::run::Command::Resume).await;
    hand.accepts(sellers(ago(first(3), 5), &["Ann"], true)).await;
    assert_eq!(states(ground, &skipping(7)).await, ONE_SKIPPED, "product 1 was searched before it");
    let nine = RunSettings { pages_per_product: 9, ..skipping(7) };
    assert_eq!(states(ground, &nine).await, [TaskState::Pending, TaskState::Skipped]);
}

async fn an_older_search_that_is_kept_later_takes_nothing_back(ground: &dyn Ground) {
    searched(ground, &RunSettings::default(), 5).await;
    searched(ground, &RunSettings::default(), 26 * 60).await;
    assert_eq!(states(ground, &skipping(1)).await, ONE_SKIPPED);
}
