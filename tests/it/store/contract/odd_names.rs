//! Text that PostgreSQL cannot keep or cannot index as it comes: one bad page must not make a group impossible.

use gleaner::domain::failure::ErrorType;
use gleaner::domain::ids::{TaskNo, WorkerId};
use gleaner::domain::ledger::{Close, Summary};
use gleaner::domain::run::{PauseReason, Proof};
use gleaner::domain::seller::Sighting;
use serde_json::json;

use super::entries::{close, first, paused, sellers, sighting, sightings};
use super::ground::{Ground, OverPostgres};
use super::hand::Hand;
use crate::support::postgres;

/// Ten thousand characters that no compression makes small.
fn endless(seed: u32) -> String {
    let states =
        std::iter::successors(Some(seed), |state| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)));
    states.filter_map(|state| char::from_u32(0x4e00 + (state >> 16) % 0x5000)).skip(1).take(10_000).collect()
}

#[actix_web::test]
async fn names_with_nul_are_kept_and_counted() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    let mut hand = Hand::start_searching(&ground, 2).await;
    hand.accepts(sellers(first(2), &["a\0b", "a\u{fffd}b", "\0"], true)).await;
    assert_eq!((hand.before.counters.sellers_found, hand.before.counters.sellers_new), (2, 2));
    let names: Vec<String> = ground.sellers().await.into_iter().map(|seller| seller.name).collect();
    assert_eq!(names, ["a\u{fffd}b", "\u{fffd}"]);
    assert_eq!(ground.sightings(hand.key).await.len(), 3);
    let nul = Sighting { title: "a\0".to_owned(), listing_id: Some("\0".to_owned()), ..sighting("Ann") };
    hand.accepts(sightings(first(3), vec![nul], true)).await;
    hand.adds_up().await;
}

#[actix_web::test]
async fn endless_names_are_kept_and_told_apart_from_others() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    let mut hand = Hand::start_searching(&ground, 2).await;
    let (one, other) = (endless(1), endless(2));
    hand.accepts(sellers(first(2), &[&one, &other], true)).await;
    hand.accepts(sellers(first(3), &[&one], true)).await;
    let registry = ground.sellers().await;
    assert_eq!((registry.len(), hand.before.counters.sellers_found), (2, 2));
    assert!(registry.iter().any(|seller| seller.display_name == one), "the whole spelling stays");
    hand.adds_up().await;
}

#[actix_web::test]
async fn marks_of_writing_direction_are_part_of_a_name() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    let mut hand = Hand::start_searching(&ground, 1).await;
    hand.accepts(sellers(first(2), &["\u{200f}חנות\u{200f}", "חנות", "\u{202e}shop"], true)).await;
    assert_eq!(ground.sellers().await.len(), 3);
    assert_eq!(hand.before.counters.sellers_found, 3);
}

#[actix_web::test]
async fn a_pause_whose_proof_holds_nul_is_kept() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    let hand = Hand::start_searching(&ground, 1).await;
    let mut end = paused(PauseReason::ConsecutiveFailures, &[]);
    if let Close::Paused { pause, .. } = &mut end {
        pause.proofs.push(Proof {
            at: pause.since,
            worker_id: WorkerId(1),
            task_no: TaskNo(2),
            error_type: ErrorType::Http500,
            error_message: "it \0 broke".to_owned(),
        });
    }
    let mut group = hand.group(vec![close(end)]);
    group.summary = Some(Summary { checkpoint: json!({"label": "\0"}), worker_status: json!([{"text": "a\0b"}]) });
    ground.store().keep(&group).await.expect("it is kept");
    let row = ground.run(hand.key).await;
    assert_eq!(row.worker_status, json!([{"text": "a\u{fffd}b"}]));
    let pause = row.pause.expect("it is paused");
    assert_eq!(pause.proofs[0].error_message, "it \u{fffd} broke");
}
