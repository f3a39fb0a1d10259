//! Imports at the store: previews that wait for nobody and are kept for an hour, and files of any size that are entered and
//! taken back whole, by statements that do not grow with them.

use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;

use chrono::{DateTime, TimeDelta};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use gleaner::clock::Clock;
use gleaner::domain::ids::OrgId;
use gleaner::domain::import::ImportFormat;
use gleaner::domain::import::sheet::{Stood, Taken};
use gleaner::domain::registry::{EntryAction, Marks};
use gleaner::files;
use gleaner::store::PgStore;
use gleaner::store::registry::changes::{Author, Head};
use gleaner::store::registry::history::{EntryFilter, EntryRow};
use gleaner::store::registry::imports::{KEPT_MINUTES, NotImported, PREVIEWS_MAX};

use crate::support::postgres;

/// More rows than two statements take.
const MANY: u32 = 22_000;

/// Has the database refuse a statement that writes more than 10,000 rows or more than 10 MB of a file.
const BOUNDED: &str = "CREATE FUNCTION bounded() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
    IF (SELECT count(*) FROM written) > 10000 THEN RAISE EXCEPTION 'a statement grows with what it writes'; END IF; \
    RETURN NULL; END $$; \
    CREATE TRIGGER a AFTER INSERT ON sellers REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION bounded(); \
    CREATE TRIGGER b AFTER UPDATE ON sellers REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION bounded(); \
    CREATE TRIGGER c AFTER INSERT ON seller_changes REFERENCING NEW TABLE AS written FOR EACH STATEMENT \
        EXECUTE FUNCTION bounded(); \
    CREATE TRIGGER d AFTER UPDATE ON seller_changes REFERENCING NEW TABLE AS written FOR EACH STATEMENT \
        EXECUTE FUNCTION bounded(); \
    ALTER TABLE import_preview_parts ADD CHECK (octet_length(sellers) < 10000000)";
/// Has it refuse the last of the sellers in the middle of the last portion of its entry.
const BROKEN: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
    RAISE EXCEPTION 'not this one'; END $$; \
    CREATE TRIGGER e BEFORE INSERT ON seller_changes FOR EACH ROW WHEN (new.name_after = 'Shop 021999') \
        EXECUTE FUNCTION refuse()";

fn rows(count: u32) -> Vec<Taken> {
    let marks = |row| Marks { note: (row % 2 == 0).then(|| format!("row {row}")), ..Marks::default() };
    let row = |row| Taken { row, name: format!("Shop {row:06}"), marks: marks(row), was: Stood::New };
    (0..count).map(row).collect()
}

async fn edits(store: &PgStore, org: OrgId) -> Vec<EntryRow> {
    let to = DateTime::from_timestamp(4_000_000_000, 0).expect("a time");
    let filter = EntryFilter { actions: EntryAction::ALL.to_vec(), from: DateTime::UNIX_EPOCH, to };
    store.history(org, &filter, None, 100).await.expect("the history")
}

#[actix_web::test]
async fn a_preview_is_over_after_an_hour_and_goes() {
    let Some(database) = postgres::database().await else { return };
    let clock = Clock::seeded(1);
    let store = PgStore::connect(&database.url, 2, clock.clone()).await.expect("the test database answers");
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    let sheet = files::read(ImportFormat::Lines, b"Ann", None, &AtomicBool::new(false)).expect("a name");
    let preview = store.keep_preview(org, sheet.taken, 0).await.expect("it is kept");
    assert_eq!(store.remove_old_previews().await.expect("it answers"), 0);
    clock.jump(TimeDelta::minutes(KEPT_MINUTES) + TimeDelta::milliseconds(1));
    let late = store.import(org, &Author::default(), preview.id, false).await;
    assert!(matches!(late, Err(NotImported::NoPreview)), "{late:?}");
    assert_eq!(store.remove_old_previews().await.expect("it answers"), 1);
}

#[actix_web::test]
async fn a_large_file_is_one_entry_that_is_taken_back_and_done_again_by_statements_that_do_not_grow_with_it() {
    let Some(database) = postgres::database().await else { return };
    database.change(BOUNDED);
    let (store, author) = (database.store().await, Author::default());
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    let preview = store.keep_preview(org, rows(MANY), 0).await.expect("it is kept");
    assert_eq!((preview.taken.len(), preview.known.len()), (MANY as usize, 0));
    let imported = store.import(org, &author, preview.id, false).await.expect("it is imported");
    assert_eq!(imported.added.edited.sellers.len(), MANY as usize);
    let all = Head { change_no: MANY.into(), sellers: MANY.into() };
    assert_eq!(imported.added.edited.head, Some(all));

    let again = store.keep_preview(org, rows(MANY), 0).await.expect("it is kept");
    assert_eq!(again.known.len(), MANY as usize, "each is found");
    let nobody = store.import(org, &author, again.id, false).await.expect("nobody is new");
    assert_eq!((nobody.added.edited.entry, nobody.added.known.len()), (None, MANY as usize));

    let entry = imported.added.edited.entry.expect("an entry");
    let undone = store.undo(org, &author, entry).await.expect("it is taken back");
    assert_eq!(undone.head.map(|head| head.sellers), Some(0));
    let redone = store.undo(org, &author, undone.entry.expect("an entry")).await.expect("it is done again");
    assert_eq!(redone.head, Some(Head { change_no: (3 * MANY).into(), sellers: MANY.into() }));

    let told: Vec<_> = edits(&store, org).await.into_iter().map(|row| (row.action, row.affected_count)).collect();
    let count = i32::try_from(MANY).expect("few");
    assert_eq!(told, [(EntryAction::Restore, count), (EntryAction::Remove, count), (EntryAction::Import, count)]);
    for (number, count) in [(0, 0), (i64::from(MANY), MANY), (2 * i64::from(MANY), 0), (3 * i64::from(MANY), MANY)] {
        let then = store.sellers_at(org, number, None, 100_000).await.expect("an answer");
        assert_eq!(then.len(), count as usize, "the registry at change {number}");
    }
    let changes = store.changes_of(org, entry, 0, 100_000).await.expect("an answer");
    assert!((1_i64..).zip(&changes).all(|(number, change)| change.change_no == number));
    assert!(changes.iter().zip(rows(MANY)).all(|(change, row)| change.name_after.as_ref() == Some(&row.name)));
}

#[actix_web::test]
async fn a_large_file_that_breaks_at_its_last_row_leaves_nothing_and_can_be_imported_then() {
    let Some(database) = postgres::database().await else { return };
    let (store, author) = (database.store().await, Author::default());
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    let preview = store.keep_preview(org, rows(MANY), 0).await.expect("it is kept");
    database.change(BROKEN);
    let broken = store.import(org, &author, preview.id, false).await;
    assert!(matches!(broken, Err(NotImported::Edit(_))), "{broken:?}");
    assert_eq!(store.registry_head(org).await.expect("the head"), Head::default());
    assert_eq!(edits(&store, org).await, Vec::new());
    database.change("DROP TRIGGER e ON seller_changes");
    let imported = store.import(org, &author, preview.id, false).await.expect("it is imported");
    assert_eq!(imported.added.edited.sellers.len(), MANY as usize);
}

#[actix_web::test]
async fn whoever_looks_at_a_file_waits_for_nobodys_import() {
    let Some(database) = postgres::database().await else { return };
    let (store, author) = (database.store().await, Author::default());
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    let oldest = store.keep_preview(org, rows(1), 0).await.expect("it is kept");
    // An import that does not come to its end holds the preview that is the first to go.
    let mut importing = AsyncPgConnection::establish(&database.url).await.expect("the test database answers");
    let claim = format!("BEGIN; UPDATE import_previews SET committed_at = now() WHERE id = '{}'", oldest.id.0);
    importing.batch_execute(&claim).await.expect("it is claimed");
    for _ in 0..=PREVIEWS_MAX {
        store.keep_preview(org, rows(1), 0).await.expect("it waits for nobody");
    }
    assert_eq!(store.remove_old_previews().await.expect("nor does what clears up"), 0);
    importing.batch_execute("ROLLBACK").await.expect("it is given up");
    store.keep_preview(org, rows(1), 0).await.expect("it is kept");
    let gone = store.import(org, &author, oldest.id, false).await;
    assert!(matches!(gone, Err(NotImported::NoPreview)), "it goes with the next one: {gone:?}");
}

#[test]
fn others_are_answered_while_a_large_file_is_made_ready() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(1).build().expect("a runtime");
    runtime.block_on(async {
        let Some(database) = postgres::database().await else { return };
        let (store, author) = (database.store().await, Author::default());
        let org = store.create_org("Harbour").await.expect("an organisation").id;
        // With the only thread beside the one that serves taken, nothing large is made ready; that one goes on.
        let take = || {
            let (release, released) = mpsc::channel::<()>();
            tokio::task::spawn_blocking(move || released.recv());
            release
        };
        let release = take();
        let mut looking = pin!(store.keep_preview(org, rows(2_000), 0));
        for _ in 0..5 {
            tokio::select! {
                biased;
                kept = &mut looking => panic!("it was made ready on the thread that serves: {:?}", kept.map(|kept| kept.id)),
                head = store.registry_head(org) => assert_eq!(head.expect("an answer"), Head::default()),
            }
        }
        release.send(()).expect("it waits");
        let preview = looking.await.expect("it is kept");
        let release = take();
        let mut importing = pin!(store.import(org, &author, preview.id, false));
        for _ in 0..20 {
            tokio::select! {
                biased;
                done = &mut importing => panic!("it was made ready on the thread that serves: {:?}", done.is_ok()),
                head = store.registry_head(org) => assert_eq!(head.expect("an answer"), Head::default()),
            }
        }
        release.send(()).expect("it waits");
        assert_eq!(importing.await.expect("it is imported").added.edited.sellers.len(), 2_000);
    });
}
