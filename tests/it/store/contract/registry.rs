//! What pages of sellers do to the registry: who is new, who is known, and how often a run counts.

use gleaner::domain::seller::Sighting;

use super::entries::{at, first, sellers, sighting, sightings};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    sellers_are_new_once,
    a_seller_twice_in_a_group_is_credited_to_the_first,
    a_run_counts_once_however_often_it_sees_a_seller,
    the_newest_sighting_is_followed_and_the_first_spelling_stays,
    sightings_keep_their_evidence_in_their_place,
    a_page_with_one_seller_names_it,
    who_is_new_is_a_change_of_the_registry_and_who_is_known_is_none,
    who_is_removed_comes_back_as_new_and_who_is_excluded_stays_out,
);

async fn sellers_are_new_once(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 3).await;
    hand.accepts(sellers(first(2), &["Ann", "Bea", " ANN "], true)).await;
    let counters = hand.before.counters;
    assert_eq!((counters.sellers_found, counters.sellers_new), (2, 2));
    hand.accepts(sellers(first(3), &["ann", "Cis"], true)).await;
    let counters = hand.before.counters;
    assert_eq!((counters.sellers_found, counters.sellers_new), (3, 3));
    assert_eq!(ground.sightings(hand.key).await.len(), 5, "each sighting is kept");
    let actions: Vec<String> = hand.told().await.split_off(5);
    assert_eq!(
        actions,
        ["found", "uploading", "deduped", "inserted", "found", "uploading", "deduped", "inserted"],
        "of each page it is told what became of its rows"
    );
    hand.adds_up().await;
}

async fn a_seller_twice_in_a_group_is_credited_to_the_first(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.keep(vec![sellers(first(2), &["Ann"], true), sellers(first(3), &["Ann", "Bea"], true)]).await;
    let found: Vec<(i64, i64)> = hand
        .events()
        .await
        .iter()
        .filter(|event| event["action"] == "found" && event["phase"] == "ebay")
        .map(|event| (event["items_count"].as_i64().expect("one"), event["new_sellers_count"].as_i64().expect("one")))
        .collect();
    assert_eq!(found, [(1, 1), (2, 1)]);
    assert_eq!((hand.before.counters.sellers_found, hand.before.counters.sellers_new), (2, 2));
    hand.adds_up().await;
}

async fn a_run_counts_once_however_often_it_sees_a_seller(ground: &dyn Ground) {
    let mut one = Hand::start_searching(ground, 2).await;
    one.accepts(sellers(first(2), &["Ann"], false)).await;
    one.accepts(sellers(first(2).next_page(), &["Ann", "Ann"], true)).await;
    one.accepts(sellers(first(3), &["Ann"], true)).await;
    assert_eq!(ground.sellers().await[0].times_seen, 1);
    let mut other = Hand::start_searching(ground, 1).await;
    other.accepts(sellers(first(2), &["Ann", "Bea"], true)).await;
    let registry = ground.sellers().await;
    let seen: Vec<(&str, i32)> = registry.iter().map(|seller| (seller.name.as_str(), seller.times_seen)).collect();
    assert_eq!(seen, [("ann", 2), ("bea", 1)]);
    assert_eq!((other.before.counters.sellers_found, other.before.counters.sellers_new), (2, 1));
    assert!(other.told().await.contains(&"updated".to_owned()), "who was known is told as known");
    other.adds_up().await;
}

async fn the_newest_sighting_is_followed_and_the_first_spelling_stays(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 3).await;
    let with = |name: &str, tenths| Sighting { feedback_tenths: Some(tenths), ..sighting(name) };
    hand.accepts(sightings(first(2).at(200), vec![with("Ann Shop", 980)], true)).await;
    hand.accepts(sightings(first(3).at(100), vec![with("ANN SHOP", 970)], true)).await;
    let seller = ground.sellers().await.remove(0);
    assert_eq!((seller.tenths, seller.last_seen_at), (Some(980), at(200)), "an older sighting changes nothing");
    hand.accepts(sightings(first(4).at(300), vec![with("ann  shop", 990)], true)).await;
    let seller = ground.sellers().await.remove(0);
    assert_eq!((seller.tenths, seller.last_seen_at, seller.first_seen_at), (Some(990), at(300), at(200)));
    assert_eq!((seller.name.as_str(), seller.display_name.as_str()), ("ann shop", "Ann Shop"));
    assert_eq!((seller.first_run, seller.last_run), (hand.key.run.0, hand.key.run.0));
}

async fn sightings_keep_their_evidence_in_their_place(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    let bare = Sighting {
        feedback_tenths: None,
        feedback_count: None,
        listing_id: None,
        price: None,
        link: None,
        ..sighting("Bea")
    };
    hand.accepts(sightings(first(2), vec![sighting("Ann"), bare], true)).await;
    let seen = ground.sightings(hand.key).await;
    assert_eq!((seen[0].task_no, seen[0].page, seen[0].place, seen[0].name.as_str()), (2, 1, 1, "ann"));
    assert_eq!((seen[0].price, seen[0].listing_id.as_deref(), seen[0].tenths), (Some(4_200), Some("v1-42"), Some(987)));
    assert_eq!((seen[1].place, seen[1].price, &seen[1].listing_id, &seen[1].link), (2, None, &None, &None));
    assert!(seen.iter().all(|sighting| sighting.registered), "each points to its seller");
}

async fn a_page_with_one_seller_names_it(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.accepts(sellers(first(2), &["Ann", "ANN"], true)).await;
    hand.accepts(sellers(first(3), &["Ann", "Bea"], true)).await;
    let events = hand.events().await;
    let named = |event: &&serde_json::Value| event.get("seller_found").is_some();
    let names: Vec<&serde_json::Value> = events.iter().filter(named).map(|event| &event["seller_found"]).collect();
    assert_eq!(names, ["Ann"]);
}

async fn who_is_new_is_a_change_of_the_registry_and_who_is_known_is_none(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.accepts(sellers(first(2), &["Cis", "Ann"], true)).await;
    hand.accepts(sellers(first(3), &["ANN", "Bea"], true)).await;
    assert_eq!(ground.added().await, ["Ann", "Cis", "Bea"]);
}

async fn who_is_removed_comes_back_as_new_and_who_is_excluded_stays_out(ground: &dyn Ground) {
    let mut before = Hand::start_searching(ground, 1).await;
    before.accepts(sellers(first(2), &["Ann", "Bea", "Cis"], true)).await;
    ground.remove("Ann", true).await;
    ground.remove("Bea", false).await;
    let mut later = Hand::start_searching(ground, 2).await;
    later.accepts(sellers(first(2), &["ANN", "Bea", "Cis"], true)).await;
    later.accepts(sellers(first(3), &["Ann"], true)).await;
    let counters = later.before.counters;
    assert_eq!((counters.sellers_found, counters.sellers_new), (2, 1));
    assert_eq!(ground.added().await, ["Ann", "Bea", "Cis", "Bea"]);
    let names: Vec<String> = ground.sightings(later.key).await.into_iter().map(|seen| seen.name).collect();
    assert_eq!(names, ["bea", "cis"]);
    later.adds_up().await;
}
