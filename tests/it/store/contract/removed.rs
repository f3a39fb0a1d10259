//! Sellers that people removed, and what later runs make of them.

use gleaner::domain::ids::SellerId;
use gleaner::domain::ledger::Close;
use gleaner::domain::money::Money;
use gleaner::domain::registry::{Edit, EntryAction, EntrySource};
use gleaner::domain::seller::Sighting;
use gleaner::store::PgStore;
use gleaner::store::registry::asked::{ListedSeller, SellerQuery, SellerSort};
use gleaner::store::registry::changes::Author;
use gleaner::store::registry::history::{EntryFilter, EntryRow};

use super::entries::{close, first, sellers, sighting, sightings};
use super::ground::{Ground, OverPostgres};
use super::hand::Hand;
use crate::support::postgres;

async fn registry(ground: &OverPostgres) -> Vec<ListedSeller> {
    let all = SellerQuery::all(SellerSort::Name, false);
    ground.store.list_sellers(ground.org(), &all, 100).await.expect("the registry")
}

/// The entries, oldest first.
async fn entries(store: &PgStore, ground: &OverPostgres) -> Vec<EntryRow> {
    let (from, to) =
        (chrono::DateTime::UNIX_EPOCH, chrono::DateTime::from_timestamp(4_000_000_000, 0).expect("a time"));
    let filter = EntryFilter { actions: EntryAction::ALL.to_vec(), from, to };
    let mut entries = store.history(ground.org(), &filter, None, 100).await.expect("the history");
    entries.reverse();
    entries
}

async fn remove(ground: &OverPostgres, id: SellerId, exclude: bool) {
    let edit = Edit::Remove { exclude };
    ground.store.edit_sellers(ground.org(), &Author::default(), &[id], &edit).await.expect("it is removed");
}

async fn whole_run(ground: &OverPostgres, names: &[&str]) -> (i32, i32) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.keep(vec![sellers(first(2), names, true), close(Close::Completed)]).await;
    hand.adds_up().await;
    (hand.before.counters.sellers_found, hand.before.counters.sellers_new)
}

#[actix_web::test]
async fn a_removed_seller_that_a_run_finds_again_comes_back_as_new() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    assert_eq!(whole_run(&ground, &["Ann", "Bea"]).await, (2, 2));
    let before = registry(&ground).await.remove(0);
    remove(&ground, before.id, false).await;
    assert_eq!(whole_run(&ground, &["ANN", "Bea"]).await, (2, 1));
    let after = registry(&ground).await.remove(0);
    assert_ne!(after.id, before.id);
    assert_eq!((after.display_name.as_str(), after.times_seen), ("ANN", 1));
    let told: Vec<_> =
        entries(&ground.store, &ground).await.iter().map(|e| (e.action, e.added_count, e.removed_count)).collect();
    let run = EntryAction::CollectionRun;
    assert_eq!(told, [(run, 2, 0), (EntryAction::Remove, 0, 1), (run, 1, 0)], "the history shows both");
}

#[actix_web::test]
async fn a_seller_that_its_own_run_finds_again_is_found_once_and_new_twice() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    let mut hand = Hand::start_searching(&ground, 2).await;
    hand.accepts(sellers(first(2), &["Ann"], true)).await;
    remove(&ground, registry(&ground).await[0].id, false).await;
    hand.accepts(sellers(first(3), &["Ann"], true)).await;
    assert_eq!((hand.before.counters.sellers_found, hand.before.counters.sellers_new), (1, 2));
    let of_run = ground.store.list_run_sellers(hand.key.org, hand.key.run, None, 10).await.expect("its sellers");
    assert_eq!(of_run.iter().map(|seller| (seller.name.as_str(), seller.products)).collect::<Vec<_>>(), [("ann", 2)]);
}

#[actix_web::test]
async fn an_excluded_seller_stays_out_of_later_runs_until_it_is_restored() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    whole_run(&ground, &["Ann"]).await;
    let ann = registry(&ground).await[0].id;
    remove(&ground, ann, true).await;
    assert_eq!(whole_run(&ground, &["ann", "Ann", "Bea"]).await, (1, 1));
    let entry = entries(&ground.store, &ground).await.pop().expect("the run's");
    assert_eq!((entry.source, entry.added_count, entry.excluded_count), (EntrySource::CollectionRun, 1, 1));
    assert_eq!(registry(&ground).await.len(), 1, "only Bea is there");
    let restore = Edit::Restore;
    ground.store.edit_sellers(ground.org(), &Author::default(), &[ann], &restore).await.expect("it comes back");
    assert_eq!(whole_run(&ground, &["Ann"]).await, (1, 0));
    assert_eq!(registry(&ground).await[0].times_seen, 2);
}

#[actix_web::test]
async fn sellers_are_ranked_by_what_their_newest_run_found() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    let at = |name: &str, cents| Sighting { price: Some(Money::usd(cents)), ..sighting(name) };
    let mut hand = Hand::start_searching(&ground, 2).await;
    hand.accepts(sightings(first(2), vec![at("Ann", 900), at("Bea", 800)], true)).await;
    let unpriced = Sighting { price: None, ..sighting("Cis") };
    hand.keep(vec![sightings(first(3), vec![at("Ann", 700), unpriced], true), close(Close::Completed)]).await;
    let ranks: Vec<_> = registry(&ground).await.iter().map(|s| (s.products_matched, s.best_place)).collect();
    assert_eq!(ranks, [(2, Some(1)), (1, Some(1)), (1, None)]);
    let ann = registry(&ground).await[0].id;
    let found = ground.store.sightings_of(ground.org(), ann).await.expect("where it was found");
    assert_eq!(found.iter().map(|row| row.price_minor).collect::<Vec<_>>(), [Some(900), Some(700)]);
    assert!(found.iter().all(|row| row.run == hand.key.run && row.product.is_some()));
}
