//! Exports at the store: one moment, whatever is committed while they read, and nothing left of one that was given up.

use chrono::DateTime;
use gleaner::domain::export::{ExportColumn, ExportFormat, ExportNote, Part};
use gleaner::domain::ids::OrgId;
use gleaner::domain::registry::{Edit, EntryAction, Marks, Patch};
use gleaner::store::PgStore;
use gleaner::store::registry::asked::{SellerQuery, SellerSort};
use gleaner::store::registry::changes::Author;
use gleaner::store::registry::edits::NewSeller;
use gleaner::store::registry::history::{EntryFilter, EntryRow};

use crate::support::postgres;

/// More than two batches.
const SELLERS: usize = 2_500;

fn note(part: Part) -> ExportNote {
    let (columns, query) = (vec![ExportColumn::Name], std::collections::BTreeMap::new());
    ExportNote { part, form: ExportFormat::Csv, columns, run_number: None, query }
}

async fn add(store: &PgStore, org: OrgId, names: impl Iterator<Item = String>) {
    let sellers: Vec<NewSeller> = names.map(|name| NewSeller { name, marks: Marks::default() }).collect();
    store.add_sellers(org, &Author::default(), &sellers).await.expect("they are entered");
}

async fn exports(store: &PgStore, org: OrgId) -> Vec<EntryRow> {
    let to = DateTime::from_timestamp(4_000_000_000, 0).expect("a time");
    let filter = EntryFilter { actions: vec![EntryAction::Export], from: DateTime::UNIX_EPOCH, to };
    store.history(org, &filter, None, 100).await.expect("the history")
}

fn names() -> impl Iterator<Item = String> {
    (0..SELLERS).map(|number| format!("shop {number:04}"))
}

#[actix_web::test]
async fn an_export_is_of_one_moment_while_others_add_rename_and_remove() {
    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    add(&store, org, names()).await;
    let before = store.registry_head(org).await.expect("the head");
    // By what every run moves, the largest first: pages of a living list would show some twice and others never.
    let asked = SellerQuery { times_seen_min: Some(0), ..SellerQuery::all(SellerSort::LastSeen, true) };
    let author = Author::default();
    let mut export = store.begin_export(org, &author, &asked, &note(Part::Filter)).await.expect("it begins");
    let mut left = export.next().await.expect("a batch");
    assert_eq!(left.len(), 1_000);

    let all = store.list_sellers(org, &SellerQuery::all(SellerSort::Name, false), 10_000).await.expect("all");
    let ids: Vec<_> = all.iter().map(|seller| seller.id).collect();
    let rename = |name: &str| Edit::Change(Patch { name: Some(name.to_owned()), ..Patch::default() });
    store.edit_sellers(org, &author, &ids[..500], &Edit::Remove { exclude: false }).await.expect("removed");
    store.edit_sellers(org, &author, &ids[600..601], &rename("renamed")).await.expect("renamed");
    add(&store, org, (0..700).map(|number| format!("newcomer {number}"))).await;
    database.change("UPDATE sellers SET seen_order = now(), times_seen = 9");

    loop {
        let batch = export.next().await.expect("a batch");
        if batch.is_empty() {
            break;
        }
        left.extend(batch);
    }
    let entry = export.keep().await.expect("it is kept");
    let mut names_left: Vec<String> = left.iter().map(|seller| seller.name.clone()).collect();
    names_left.sort();
    assert!(names_left.into_iter().eq(names()), "those of the moment in which it began, each once");
    assert!(left.iter().all(|seller| seller.times_seen == 0), "and as they were");

    let who = store.who_left(org, entry).await.expect("it is known");
    assert_eq!((who.change_no, who.is_everybody), (before.change_no, false));
    let told = store.left_with(org, entry, who.change_no, 0, 10_000).await.expect("they are known");
    assert!(
        told.iter().map(|(_, seller)| seller.id).eq(left.iter().map(|seller| seller.id)),
        "in the order of the file"
    );
    assert!(told.iter().all(|(_, seller)| seller.name.starts_with("shop ")), "as they were called");
    let rows = exports(&store, org).await;
    let counts = (rows[0].affected_count, rows[0].seller_count_snapshot);
    assert_eq!((rows.len(), counts), (1, (2_500, Some(before.sellers))));
    assert_eq!(store.point(org, entry).await.expect("its point"), before);
}

#[actix_web::test]
async fn an_export_that_is_given_up_or_dropped_never_was() {
    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    add(&store, org, names()).await;
    let (author, asked) = (Author::default(), SellerQuery::all(SellerSort::Name, false));
    for gives_up in [true, false] {
        let mut export = store.begin_export(org, &author, &asked, &note(Part::Filter)).await.expect("it begins");
        export.next().await.expect("a batch");
        if gives_up {
            export.give_up().await;
        }
    }
    assert_eq!(exports(&store, org).await, Vec::new());
    let export = store.begin_export(org, &author, &asked, &note(Part::All)).await.expect("it begins");
    export.keep().await.expect("it is kept");
    assert_eq!(exports(&store, org).await.len(), 1);
}
