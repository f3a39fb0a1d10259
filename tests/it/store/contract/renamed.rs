//! Sellers that people call by another name than the one under which runs find them.

use gleaner::domain::ids::{EntryId, SellerId};
use gleaner::domain::ledger::Close;
use gleaner::domain::registry::{Edit, Marks, Patch};
use gleaner::store::registry::asked::{ListedSeller, SellerQuery, SellerSort};
use gleaner::store::registry::changes::Author;
use gleaner::store::registry::edits::{Conflict, Edited, NewSeller, NotEdited};

use super::entries::{close, first, sellers};
use super::ground::{Ground, OverPostgres};
use super::hand::Hand;
use crate::support::postgres;

async fn registry(ground: &OverPostgres) -> Vec<ListedSeller> {
    let all = SellerQuery::all(SellerSort::Name, false);
    ground.store.list_sellers(ground.org(), &all, 100).await.expect("the registry")
}

/// Each seller's name, the one that it is found as where that is another, and the runs that saw it.
async fn called(ground: &OverPostgres) -> Vec<(String, Option<String>, i32)> {
    let row = |seller: ListedSeller| (seller.display_name, seller.found_as, seller.times_seen);
    registry(ground).await.into_iter().map(row).collect()
}

fn one(name: &str, found_as: Option<&str>, times_seen: i32) -> (String, Option<String>, i32) {
    (name.to_owned(), found_as.map(str::to_owned), times_seen)
}

/// Sellers that a run over these names found, and those that it brought.
async fn run(ground: &OverPostgres, names: &[&str]) -> (i32, i32) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.keep(vec![sellers(first(2), names, true), close(Close::Completed)]).await;
    hand.adds_up().await;
    (hand.before.counters.sellers_found, hand.before.counters.sellers_new)
}

async fn edit(ground: &OverPostgres, id: SellerId, edit: Edit) -> Result<Edited, NotEdited> {
    ground.store.edit_sellers(ground.org(), &Author::default(), &[id], &edit).await
}

async fn rename(ground: &OverPostgres, id: SellerId, name: &str) -> Result<Edited, NotEdited> {
    edit(ground, id, Edit::Change(Patch { name: Some(name.to_owned()), ..Patch::default() })).await
}

async fn undo(ground: &OverPostgres, entry: Option<EntryId>) -> Result<Edited, NotEdited> {
    ground.store.undo(ground.org(), &Author::default(), entry.expect("there was something to do")).await
}

async fn enter(ground: &OverPostgres, name: &str) -> Vec<SellerId> {
    let new = NewSeller { name: name.to_owned(), marks: Marks::default() };
    let added = ground.store.add_sellers(ground.org(), &Author::default(), &[new]).await.expect("it is entered");
    added.edited.sellers.into_iter().chain(added.known.into_iter().map(|(id, _)| id)).collect()
}

fn conflict(refused: Result<Edited, NotEdited>) -> Conflict {
    match refused {
        Err(NotEdited::Conflicts(mut conflicts)) if conflicts.len() == 1 => conflicts.remove(0),
        other => panic!("{other:?} is no conflict"),
    }
}

#[actix_web::test]
async fn a_renamed_seller_is_found_again_as_itself_and_keeps_its_new_name() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    run(&ground, &["Ann", "Bea"]).await;
    let ann = registry(&ground).await[0].id;
    rename(&ground, ann, "Harbour Lights").await.expect("the name is free");

    assert_eq!(run(&ground, &["ANN"]).await, (1, 0), "nobody is new");

    assert_eq!(called(&ground).await, [one("Bea", None, 1), one("Harbour Lights", Some("ann"), 2)]);
    let search = SellerQuery { search: Some("bour li".to_owned()), ..SellerQuery::all(SellerSort::Name, false) };
    let found = ground.store.list_sellers(ground.org(), &search, 10).await.expect("the registry");
    assert_eq!(found.iter().map(|seller| seller.id).collect::<Vec<_>>(), [ann], "it is searched by what it is called");
    let seen = ground.store.sightings_of(ground.org(), ann).await.expect("where it was found");
    assert_eq!(seen.len(), 2, "before it was renamed and after");
    for name in ["ann", "Harbour  LIGHTS"] {
        assert_eq!(enter(&ground, name).await, [ann], "both are known");
    }
    let point = ground.store.registry_head(ground.org()).await.expect("it").change_no;
    let then = ground.store.sellers_at(ground.org(), point, None, 10).await.expect("the set");
    assert_eq!(then.iter().map(|seller| seller.name.as_str()).collect::<Vec<_>>(), ["Harbour Lights", "Bea"]);
}

#[actix_web::test]
async fn a_rename_is_taken_back_and_made_again_unless_an_account_of_that_name_has_come() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    run(&ground, &["Ann"]).await;
    let ann = registry(&ground).await[0].id;
    let renamed = rename(&ground, ann, "Bea").await.expect("the name is free");
    let back = undo(&ground, renamed.entry).await.expect("nothing has changed since");
    assert_eq!(called(&ground).await, [one("Ann", None, 1)]);
    let again = undo(&ground, back.entry).await.expect("nothing has changed since");
    assert_eq!(called(&ground).await, [one("Bea", Some("ann"), 1)]);
    let back = undo(&ground, again.entry).await.expect("nothing has changed since");

    assert_eq!(run(&ground, &["Ann", "bea"]).await, (2, 1));

    let in_the_way = conflict(undo(&ground, back.entry).await);
    let bea = registry(&ground).await[1].id;
    assert_eq!((in_the_way.seller, in_the_way.name.as_str(), in_the_way.other), (ann, "Bea", Some(bea)));
}

#[actix_web::test]
async fn an_account_whose_name_somebody_is_called_by_is_another_seller() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    run(&ground, &["Ann"]).await;
    let ann = registry(&ground).await[0].id;
    rename(&ground, ann, "Bea").await.expect("the name is free");
    assert_eq!(run(&ground, &["Ann", "Bea"]).await, (2, 1));
    assert_eq!(called(&ground).await, [one("Bea", Some("ann"), 2), one("Bea", None, 1)]);
    // Gone and brought back it is who it was: what it is called is no account's name.
    edit(&ground, ann, Edit::Remove { exclude: false }).await.expect("it is there");
    edit(&ground, ann, Edit::Restore).await.expect("nobody else is found as it");
    assert_eq!(registry(&ground).await.len(), 2);
}

#[actix_web::test]
async fn a_seller_that_no_run_has_seen_is_nothing_but_its_name() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    let ann = enter(&ground, "Annn").await[0];
    let renamed = rename(&ground, ann, "Ann").await.expect("the name is free");
    assert_eq!(run(&ground, &["ann"]).await, (1, 0), "a slip of the pen is mended");
    assert_eq!(called(&ground).await, [one("Ann", None, 1)]);
    undo(&ground, renamed.entry).await.expect("nothing has changed since");
    assert_eq!(called(&ground).await, [one("Annn", Some("ann"), 1)], "now it is known who it is");
    assert_eq!(run(&ground, &["Ann"]).await, (1, 0));
}

#[actix_web::test]
async fn what_is_removed_and_excluded_of_a_renamed_seller_is_its_account() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    run(&ground, &["Ann"]).await;
    let ann = registry(&ground).await[0].id;
    rename(&ground, ann, "Harbour Lights").await.expect("the name is free");
    edit(&ground, ann, Edit::Remove { exclude: true }).await.expect("it is there");
    assert_eq!(run(&ground, &["Ann"]).await, (0, 0), "it stays out");
    assert!(enter(&ground, "Ann").await.is_empty());
    assert_eq!(ground.store.last_removed(ground.org(), "ann").await.expect("it"), Some(ann));
    edit(&ground, ann, Edit::Restore).await.expect("its name is free");
    assert_eq!(run(&ground, &["Ann"]).await, (1, 0));
    assert_eq!(called(&ground).await, [one("Harbour Lights", Some("ann"), 2)]);

    // Removed alone, its account comes back as a new seller, and then stands in its way.
    edit(&ground, ann, Edit::Remove { exclude: false }).await.expect("it is there");
    assert_eq!(run(&ground, &["Ann"]).await, (1, 1));
    let other = registry(&ground).await[0].id;
    assert_eq!(conflict(edit(&ground, ann, Edit::Restore).await).other, Some(other));
    // And as long as it is there, the name is not kept out.
    let refused = conflict(edit(&ground, ann, Edit::Remove { exclude: true }).await);
    assert_eq!((refused.seller, refused.other), (ann, Some(other)));
    edit(&ground, other, Edit::Remove { exclude: false }).await.expect("it is there");
    edit(&ground, ann, Edit::Remove { exclude: true }).await.expect("nobody of that name is there");
    assert_eq!(run(&ground, &["Ann"]).await, (0, 0));
}

#[actix_web::test]
async fn nobody_is_called_by_a_name_that_another_seller_has_or_is_found_as() {
    let Some(database) = postgres::database().await else { return };
    let ground = OverPostgres::new(&database).await;
    run(&ground, &["Ann", "Bea"]).await;
    let ids: Vec<SellerId> = registry(&ground).await.into_iter().map(|seller| seller.id).collect();
    let (ann, bea) = (ids[0], ids[1]);
    rename(&ground, ann, "Harbour Lights").await.expect("the name is free");
    for name in ["ANN", "harbour  lights"] {
        let refused = conflict(rename(&ground, bea, name).await);
        assert_eq!((refused.seller, refused.name.as_str(), refused.other), (bea, name, Some(ann)));
    }
    let entered = enter(&ground, "Cis").await[0];
    assert_eq!(conflict(rename(&ground, entered, "Ann").await).other, Some(ann));
    rename(&ground, ann, "ann").await.expect("it is its own");
    assert_eq!(called(&ground).await[0], one("ann", None, 1));
}
