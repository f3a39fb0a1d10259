//! Reading ahead: the open tasks of a phase, in order.

use gleaner::domain::ids::TaskNo;
use gleaner::domain::task::{Phase, TaskState};

use super::entries::{failed, first, product, products, sellers, started};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    open_tasks_come_by_number_after_the_last_and_within_the_limit,
    claimed_tasks_are_among_them_and_final_ones_are_not,
    a_task_is_read_as_its_row_stands,
);

async fn numbers(hand: &Hand<'_>, phase: Phase, after: i32, limit: i64) -> Vec<i32> {
    let tasks = hand.ground.store().read_ahead(hand.key, phase, TaskNo(after), limit).await.expect("they are read");
    tasks.into_iter().map(|task| task.task_no.0).collect()
}

async fn open_tasks_come_by_number_after_the_last_and_within_the_limit(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    hand.accepts(products(first(2), (1..=5).rev().map(product).collect(), false)).await;
    assert_eq!(numbers(&hand, Phase::Ebay, 0, 100).await, [3, 4, 5, 6, 7]);
    assert_eq!(numbers(&hand, Phase::Ebay, 4, 2).await, [5, 6]);
    assert_eq!(numbers(&hand, Phase::Ebay, 7, 2).await, Vec::<i32>::new());
    assert_eq!(numbers(&hand, Phase::Amazon, 0, 100).await, [1, 2]);
    assert_eq!(numbers(&hand, Phase::Amazon, 0, 0).await, Vec::<i32>::new());
}

async fn claimed_tasks_are_among_them_and_final_ones_are_not(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 4).await;
    hand.keep(vec![started(first(2)), sellers(first(3), &[], true), failed(first(4), false)]).await;
    assert_eq!(numbers(&hand, Phase::Ebay, 0, 100).await, [2, 5]);
    assert_eq!(numbers(&hand, Phase::Amazon, 0, 100).await, Vec::<i32>::new());
}

async fn a_task_is_read_as_its_row_stands(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.keep(vec![started(first(2).claimed_as(6)), sellers(first(2).claimed_as(6), &["Ann"], false)]).await;
    let read = ground.store().read_ahead(hand.key, Phase::Ebay, TaskNo(0), 1).await.expect("it is read").remove(0);
    assert_eq!(read, hand.task(2).await.open());
    assert_eq!((read.state, read.claim_no, read.next_page, read.requests), (TaskState::Claimed, 6, 2, 1));
    assert_eq!(read.work.label(), "Product 1");
}
