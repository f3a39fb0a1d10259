//! Runs side by side in one organisation, over PostgreSQL: they see the same sellers at one time.

use futures_util::future::join_all;

use super::entries::{first, sellers};
use super::ground::{Ground, OverPostgres};
use super::hand::Hand;
use crate::support::postgres;

/// Sellers that every run sees.
const SELLERS: usize = 60;
/// Products of each run.
const PRODUCTS: usize = 10;

#[actix_web::test]
async fn runs_that_see_the_same_sellers_at_one_time_count_each_once() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    let mut hands = Vec::new();
    for _ in 0..4 {
        hands.push(Hand::start_searching(&ground, PRODUCTS).await);
    }
    let names: Vec<String> = (0..SELLERS).map(|n| format!("Seller {n}")).collect();
    let runs = hands.iter_mut().enumerate().map(async |(turn, hand)| {
        for task_no in (2..).take(PRODUCTS) {
            let mut page: Vec<&str> = names.iter().map(String::as_str).collect();
            page.rotate_left((turn * 17 + usize::try_from(task_no).expect("small")) % SELLERS);
            if turn % 2 == 1 {
                page.reverse();
            }
            hand.accepts(sellers(first(task_no), &page, true)).await;
        }
    });
    let all = tokio::time::timeout(std::time::Duration::from_secs(60), join_all(runs)).await;
    all.expect("they never wait for each other in a circle");
    let registry = ground.sellers().await;
    assert_eq!(registry.len(), SELLERS);
    assert!(registry.iter().all(|seller| seller.times_seen == 4), "once for each run: {registry:?}");
    let new: i32 = hands.iter().map(|hand| hand.before.counters.sellers_new).sum();
    assert_eq!(usize::try_from(new), Ok(SELLERS), "each is new to one run alone");
    for hand in &hands {
        assert_eq!(usize::try_from(hand.before.counters.sellers_found), Ok(SELLERS));
        hand.adds_up().await;
    }
}
