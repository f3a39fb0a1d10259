//! The law of the history: a replay of its changes is the registry at every entry, whoever edits, undoes and collects at
//! the same time. A sequence is made by its seed, which a failure prints; what runs side by side is not.

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::{StreamExt, stream};
use gleaner::clock::Clock;
use gleaner::domain::export::{ExportColumn, ExportFormat, ExportNote, Part};
use gleaner::domain::ids::{EntryId, OrgId, SellerId};
use gleaner::domain::import::sheet::{Stood, Taken};
use gleaner::domain::ledger::Close;
use gleaner::domain::registry::{Edit, EntryAction, Marks, Patch};
use gleaner::store::PgStore;
use gleaner::store::registry::asked::{SellerQuery, SellerSort};
use gleaner::store::registry::changes::Author;
use gleaner::store::registry::edits::{Edited, NewSeller, NotEdited};
use gleaner::store::registry::history::{EntryFilter, EntryRow};
use gleaner::store::registry::imports::NotImported;
use gleaner::store::registry::points::{DifferenceRow, SellerAt};
use uuid::Uuid;

use super::entries::{close, first, sellers};
use super::ground::OverPostgres;
use super::hand::Hand;
use crate::support::postgres;

const SEQUENCES: u64 = 1_000;
/// Sequences that are played at the same time.
const AT_ONCE: usize = 6;
/// One of so many sequences is also read page by page.
const PAGED: u64 = 20;
/// Few, so that everybody is after the same sellers.
const NAMES: [&str; 5] = ["Ann", "Bea", "Cis", "Dan", "Eve"];

#[actix_web::test]
async fn a_replay_of_the_log_is_the_registry_at_every_entry() {
    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    let (mut done, mut refused) = (0, 0);
    let mut played = stream::iter(0..SEQUENCES)
        .map(|seed| play(store.clone(), database.url.clone(), seed))
        .buffer_unordered(AT_ONCE);
    while let Some((edits, conflicts)) = played.next().await {
        done += edits;
        refused += conflicts;
    }
    assert!(done > SEQUENCES, "{done} edits were made");
    assert!(refused > SEQUENCES / 10, "{refused} edits met a conflict");
}

/// Plays one sequence in an organisation of its own; answers how many edits were made and how many were refused.
async fn play(store: PgStore, url: String, seed: u64) -> (u64, u64) {
    let ground = OverPostgres::beside(store.clone(), &url).await;
    let org = super::ground::Ground::org(&ground);
    let dice = Clock::seeded(seed);
    let mut hand = Hand::start_searching(&ground, 2).await;
    let collecting = async {
        hand.accepts(sellers(first(2), &drawn(&dice), true)).await;
        hand.keep(vec![sellers(first(3), &drawn(&dice), true), close(Close::Completed)]).await;
    };
    let mut one = Editor::new(&store, org, seed * 2 + 1);
    let mut other = Editor::new(&store, org, seed * 2 + 2);
    futures_util::join!(collecting, one.work(3), other.work(3));
    one.work(2).await;
    hold_the_law(&store, &url, org, seed).await;
    (one.done + other.done, one.refused + other.refused)
}

fn draw(dice: &Clock, below: usize) -> usize {
    usize::from(dice.secret()[0]) % below
}

fn drawn(dice: &Clock) -> Vec<&'static str> {
    NAMES.into_iter().filter(|_| draw(dice, 2) == 0).collect()
}

/// Somebody who changes the registry.
struct Editor<'a> {
    store: &'a PgStore,
    org: OrgId,
    dice: Clock,
    author: Author,
    done: u64,
    refused: u64,
}

impl<'a> Editor<'a> {
    fn new(store: &'a PgStore, org: OrgId, seed: u64) -> Self {
        Self { store, org, dice: Clock::seeded(seed), author: Author::default(), done: 0, refused: 0 }
    }

    async fn work(&mut self, steps: usize) {
        for _ in 0..steps {
            let edited = match draw(&self.dice, 9) {
                0 | 1 => self.add().await,
                8 => self.import().await,
                2 | 3 => self.edit(Edit::Remove { exclude: draw(&self.dice, 4) == 0 }).await,
                4 => self.edit(Edit::Restore).await,
                5 => self.rename().await,
                6 => self.undo().await,
                7 => self.export().await,
                _ => self.flag().await,
            };
            match edited {
                Ok(edited) => self.done += u64::from(edited.entry.is_some()),
                Err(NotEdited::Conflicts(_) | NotEdited::Fixed(_)) => self.refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn add(&self) -> Result<Edited, NotEdited> {
        let new = |name: &str| NewSeller { name: name.to_owned(), marks: Marks::default() };
        let sellers: Vec<NewSeller> = drawn(&self.dice).into_iter().map(new).collect();
        Ok(self.store.add_sellers(self.org, &self.author, &sellers).await?.edited)
    }

    async fn import(&self) -> Result<Edited, NotEdited> {
        let taken = |name: &str| Taken { row: 1, name: name.to_owned(), marks: Marks::default(), was: Stood::New };
        let taken: Vec<Taken> = drawn(&self.dice).into_iter().map(taken).collect();
        let preview = self.store.keep_preview(self.org, taken, 0).await?;
        match self.store.import(self.org, &self.author, preview.id, false).await {
            Ok(imported) => Ok(imported.added.edited),
            Err(NotImported::Edit(error)) => Err(error),
            // So many others were looked at meanwhile that this one has gone.
            Err(NotImported::NoPreview) => self.add().await,
            Err(error) => panic!("{error}"),
        }
    }

    /// Sellers that were ever there, some of them.
    async fn some(&self) -> Vec<SellerId> {
        let mut ids = Vec::new();
        for entry in entries(self.store, self.org).await {
            let changes = self.store.changes_of(self.org, entry.id, 0, 100).await.expect("its changes");
            ids.extend(changes.into_iter().map(|change| change.seller).filter(|_| draw(&self.dice, 2) == 0));
        }
        ids.sort();
        ids.dedup();
        ids
    }

    async fn edit(&self, edit: Edit) -> Result<Edited, NotEdited> {
        self.store.edit_sellers(self.org, &self.author, &self.some().await, &edit).await
    }

    async fn flag(&self) -> Result<Edited, NotEdited> {
        let flagged = Some(draw(&self.dice, 2) == 0);
        self.edit(Edit::Change(Patch { flagged, ..Patch::default() })).await
    }

    async fn rename(&self) -> Result<Edited, NotEdited> {
        let Some(id) = self.some().await.pop() else { return self.add().await };
        let name = Some(NAMES[draw(&self.dice, NAMES.len())].to_uppercase());
        let edit = Edit::Change(Patch { name, ..Patch::default() });
        self.store.edit_sellers(self.org, &self.author, &[id], &edit).await
    }

    /// Everybody leaves, and is remembered one by one.
    async fn export(&self) -> Result<Edited, NotEdited> {
        let asked = SellerQuery { times_seen_min: Some(0), ..SellerQuery::all(SellerSort::LastSeen, true) };
        let (form, columns, query) = (ExportFormat::Csv, vec![ExportColumn::Name], BTreeMap::new());
        let note = ExportNote { part: Part::Filter, form, columns, run_number: None, query };
        let mut export = self.store.begin_export(self.org, &self.author, &asked, &note).await?;
        let mut sellers = Vec::new();
        loop {
            let batch = export.next().await?;
            if batch.is_empty() {
                break;
            }
            sellers.extend(batch.into_iter().map(|seller| seller.id));
        }
        Ok(Edited { entry: Some(export.keep().await?), sellers, head: None })
    }

    async fn undo(&self) -> Result<Edited, NotEdited> {
        let entries = entries(self.store, self.org).await;
        let Some(entry) = entries.get(draw(&self.dice, entries.len().max(1))) else { return self.add().await };
        self.store.undo(self.org, &self.author, entry.id).await
    }
}

fn all() -> EntryFilter {
    let (from, to) =
        (chrono::DateTime::UNIX_EPOCH, chrono::DateTime::from_timestamp(4_000_000_000, 0).expect("a time"));
    EntryFilter { actions: EntryAction::ALL.to_vec(), from, to }
}

async fn entries(store: &PgStore, org: OrgId) -> Vec<EntryRow> {
    store.history(org, &all(), None, 1_000).await.expect("the history")
}

/// The same in pages of one.
async fn entries_one_by_one(store: &PgStore, org: OrgId) -> Vec<EntryRow> {
    let mut entries: Vec<EntryRow> = Vec::new();
    loop {
        let page = store.history(org, &all(), entries.last().map(EntryRow::place), 1).await.expect("a page");
        if page.is_empty() {
            return entries;
        }
        entries.extend(page);
    }
}

#[derive(QueryableByName)]
struct ChangeRow {
    #[diesel(sql_type = BigInt)]
    change_no: i64,
    #[diesel(sql_type = SqlUuid)]
    seller_id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    entry_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    name_before: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    name_after: Option<String>,
}

#[derive(QueryableByName)]
struct Standing {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    name: String,
}

type Registry = BTreeMap<Uuid, String>;

/// Every change of the registry in its order, and the registry as it is.
async fn kept(url: &str, org: OrgId) -> (Vec<ChangeRow>, Registry) {
    let mut connection = AsyncPgConnection::establish(url).await.expect("the test database answers");
    let sql = "SELECT change_no, seller_id, kind, entry_id, name_before, name_after FROM seller_changes \
        WHERE org_id = $1 ORDER BY change_no";
    let changes = diesel::sql_query(sql).bind::<SqlUuid, _>(org.0).load(&mut connection).await.expect("the changes");
    let sql = "SELECT id, display_name AS name FROM sellers WHERE org_id = $1 AND removed_at IS NULL";
    let standing: Vec<Standing> =
        diesel::sql_query(sql).bind::<SqlUuid, _>(org.0).load(&mut connection).await.expect("the registry");
    (changes, standing.into_iter().map(|seller| (seller.id, seller.name)).collect())
}

/// The registry after each change, from before the first one on.
fn replayed(changes: &[ChangeRow], seed: u64) -> Vec<Registry> {
    let mut at = vec![Registry::new()];
    for (number, change) in (1..).zip(changes) {
        let mut registry = at.last().cloned().unwrap_or_default();
        assert_eq!(change.change_no, number, "seed {seed}: numbers have no gap");
        assert!(change.entry_id.is_some(), "seed {seed}: change {number} belongs to an entry");
        let before = registry.get(&change.seller_id);
        match change.kind.as_str() {
            "edited" | "flagged" | "unflagged" => {}
            _ => assert_eq!(before, change.name_before.as_ref(), "seed {seed}: change {number} {}", change.kind),
        }
        match (change.kind.as_str(), &change.name_after) {
            ("added" | "renamed", Some(name)) => drop(registry.insert(change.seller_id, name.clone())),
            ("removed", None) => drop(registry.remove(&change.seller_id)),
            ("edited" | "flagged" | "unflagged", _) => {}
            (kind, name) => panic!("seed {seed}: a change of kind {kind} leads to {name:?}"),
        }
        at.push(registry);
    }
    at
}

async fn hold_the_law(store: &PgStore, url: &str, org: OrgId, seed: u64) {
    let (changes, standing) = kept(url, org).await;
    let at = replayed(&changes, seed);
    assert_eq!(at.last(), Some(&standing), "seed {seed}: the replay is the registry");

    let mut points = Vec::new();
    let listed = entries(store, org).await;
    assert!(
        listed.is_sorted_by_key(|entry| std::cmp::Reverse(entry.change_no)),
        "seed {seed}: they are as it happened"
    );
    if seed.is_multiple_of(PAGED) {
        assert_eq!(entries_one_by_one(store, org).await, listed, "seed {seed}");
    }
    for entry in listed {
        let point = store.point(org, EntryId(entry.id.0)).await.expect("its point");
        let replayed = &at[usize::try_from(point.change_no).expect("small")];
        let snapshot = entry.seller_count_snapshot.expect("all entries are complete");
        assert_eq!(usize::try_from(snapshot), Ok(replayed.len()), "seed {seed}: the snapshot of {:?}", entry.action);
        let set = store.sellers_at(org, point.change_no, None, 1_000).await.expect("the set");
        if seed.is_multiple_of(PAGED) {
            assert_eq!(set_one_by_one(store, org, point.change_no).await, set, "seed {seed}");
        }
        let set: Registry = set.into_iter().map(|seller| (seller.id.0, seller.name)).collect();
        assert_eq!(&set, replayed, "seed {seed}: the sellers at an entry");
        if entry.action == EntryAction::Export {
            let left = store.left_with(org, entry.id, point.change_no, 0, 1_000).await.expect("they are known");
            let left: Registry = left.into_iter().map(|(_, seller)| (seller.id.0, seller.name)).collect();
            assert_eq!(&left, replayed, "seed {seed}: who left with an export");
        }
        points.push(point);
    }
    points.sort_by_key(|point| point.change_no);
    for pair in points.windows(2) {
        let between = changes.iter().filter(|c| c.change_no > pair[0].change_no && c.change_no <= pair[1].change_no);
        let sum: i64 = between.map(|c| i64::from(c.kind == "added") - i64::from(c.kind == "removed")).sum();
        assert_eq!(pair[1].sellers - pair[0].sellers, sum, "seed {seed}: the law");
        let rows = store.difference(org, pair[0].change_no, pair[1].change_no, None, 1_000).await.expect("it is read");
        if seed.is_multiple_of(PAGED) {
            assert_eq!(
                differing_one_by_one(store, org, pair[0].change_no, pair[1].change_no).await,
                rows,
                "seed {seed}"
            );
        }
        let net: i64 =
            rows.iter().map(|r| i64::from(r.name_after.is_some()) - i64::from(r.name_before.is_some())).sum();
        assert_eq!(net, sum, "seed {seed}: the difference of two points");
    }
}

/// The set at a point in pages of one, which are read along all names where a page of all is read at once.
async fn set_one_by_one(store: &PgStore, org: OrgId, point: i64) -> Vec<SellerAt> {
    let mut set: Vec<SellerAt> = Vec::new();
    loop {
        let after = set.last().map(|seller| seller.identity.clone());
        let page = store.sellers_at(org, point, after, 1).await.expect("a page");
        if page.is_empty() {
            return set;
        }
        set.extend(page);
    }
}

/// The difference of two points, likewise.
async fn differing_one_by_one(store: &PgStore, org: OrgId, from: i64, to: i64) -> Vec<DifferenceRow> {
    let mut rows: Vec<DifferenceRow> = Vec::new();
    loop {
        let page = store.difference(org, from, to, rows.last().map(|row| row.seller), 1).await.expect("a page");
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}
