//! Changes of thousands of sellers at once while PostgreSQL has counted nothing, or only what others hold: whichever plan it
//! makes, of these very values or of any, no statement goes through a registry once for each seller.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gleaner::domain::export::{ExportColumn, ExportFormat, ExportNote, Part};
use gleaner::domain::ids::{OrgId, SellerId};
use gleaner::domain::import::sheet::{Stood, Taken};
use gleaner::domain::registry::{Edit, Marks, Patch, TagChange, Triage};
use gleaner::domain::run::Command;
use gleaner::domain::seller::Arrival;
use gleaner::domain::settings::RunSettings;
use gleaner::store::PgStore;
use gleaner::store::registry::asked::{SellerQuery, SellerSort};
use gleaner::store::registry::changes::Author;
use gleaner::store::registry::edits::NewSeller;
use gleaner::store::runs::NewRun;

use crate::support::market::Market;
use crate::support::postgres::{self, TestDb};
use crate::support::world::PgWorld;

/// Sellers of the organisation, which come as one file.
const SELLERS: usize = 4_000;
/// Sellers of a change.
const MANY: usize = 2_000;
/// Most rows that a step of a plan may meet: a few for each seller. Once for each would be eight millions.
const ROWS_MAX: f64 = 10.0 * 4_000.0;
/// Tables that grow with what people and runs do.
const LARGE: [&str; 7] = [
    "sellers",
    "seller_changes",
    "excluded_sellers",
    "run_sellers",
    "collection_items",
    "collection_tasks",
    "exported_sellers",
];
/// Nobody counts by itself.
const UNCOUNTED: &str = "DO $$ DECLARE name text; BEGIN \
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP \
        EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = off)', name); \
    END LOOP; END $$";

/// A database that tells its plans, and what was wrong with them.
struct Ground {
    database: TestDb,
    store: PgStore,
    log: usize,
    seen: BTreeSet<String>,
    wrong: BTreeMap<String, String>,
}

impl Ground {
    /// With plans of this kind; `others` says whether another organisation is there, whose sellers are counted.
    async fn new(plans: &str, others: bool) -> Option<Self> {
        let database = postgres::database().await?;
        database.change(UNCOUNTED);
        if others {
            let store = database.store().await;
            let org = store.create_org("Elsewhere").await.expect("an organisation").id;
            let ids = entered(&store, org).await;
            let exclude = Edit::Remove { exclude: true };
            store.edit_sellers(org, &Author::default(), &ids[..MANY], &exclude).await.expect("they are removed");
            database.analyze();
        }
        database.change(&format!("ALTER DATABASE {} SET plan_cache_mode = {plans}", database.name));
        database.tell_plans();
        let store = database.store().await;
        let mut ground = Self { database, store, log: 0, seen: BTreeSet::new(), wrong: BTreeMap::new() };
        ground.database.executed(&mut ground.log);
        Some(ground)
    }

    /// Looks at what was executed since.
    fn look(&mut self) {
        for executed in self.database.executed(&mut self.log) {
            let whole: Vec<String> = executed.whole_tables();
            let whole: Vec<&String> = whole.iter().filter(|table| LARGE.contains(&table.as_str())).collect();
            let most = executed.most_rows_of_a_step();
            let text = executed.text.clone();
            if most > ROWS_MAX || !whole.is_empty() {
                let words = format!("a step meets {most} rows, whole {whole:?}: {}", executed.told());
                self.wrong.entry(text.clone()).or_insert(words);
            }
            self.seen.insert(text);
        }
    }

    fn told(&self) -> String {
        let one = |(text, words): (&String, &String)| {
            let text: String = text.chars().take(200).collect();
            format!("{text}\n  {words}")
        };
        self.wrong.iter().map(one).collect::<Vec<_>>().join("\n")
    }

    fn end(mut self, plans: &str) {
        self.look();
        assert!(self.wrong.is_empty(), "{plans}: {} statements:\n{}", self.wrong.len(), self.told());
        for part in
            ["UPDATE sellers", "INSERT INTO sellers", "INSERT INTO seller_changes", "ended AS (UPDATE seller_changes"]
        {
            assert!(self.seen.iter().any(|text| text.contains(part)), "no {part} was seen: {:?}", self.seen);
        }
    }
}

/// A statement that is given up for its time is told by what went wrong before.
impl Drop for Ground {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.wrong.is_empty() {
            eprintln!("{}", self.told());
        }
    }
}

fn name(number: usize) -> String {
    format!("Shop {number:06}")
}

/// Enters so many from a file.
async fn entered(store: &PgStore, org: OrgId) -> Vec<SellerId> {
    let marks = |row| Marks { note: (row % 2 == 0).then(|| format!("row {row}")), ..Marks::default() };
    let row = |row: usize| {
        let number = u32::try_from(row).expect("few");
        Taken { row: number, name: name(row), marks: marks(row), was: Stood::New }
    };
    let preview = store.keep_preview(org, (0..SELLERS).map(row).collect(), 0).await.expect("it is kept");
    let imported = store.import(org, &Author::default(), preview.id, false).await.expect("it is imported");
    assert_eq!(imported.added.edited.sellers.len(), SELLERS);
    let again = store.keep_preview(org, (0..SELLERS).map(row).collect(), 0).await.expect("it is kept");
    assert_eq!(again.known.len(), SELLERS);
    imported.added.edited.sellers
}

/// Everything that is done to thousands of sellers at once.
async fn changes(ground: &mut Ground) {
    let (store, author) = (ground.store.clone(), Author::default());
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    let ids = entered(&store, org).await;
    ground.look();
    let edit = async |ids: &[SellerId], edit: Edit| {
        let edited =
            store.edit_sellers(org, &author, ids, &edit).await.unwrap_or_else(|error| panic!("{edit:?}: {error}"));
        assert_eq!(edited.sellers.len(), ids.len(), "{edit:?}");
        edited.entry.expect("an entry")
    };
    let patch = |patch: Patch| Edit::Change(patch);
    edit(&ids[..MANY], patch(Patch { flagged: Some(true), ..Patch::default() })).await;
    edit(&ids[..MANY], patch(Patch { flagged: Some(false), ..Patch::default() })).await;
    let tags = TagChange::By { add: BTreeSet::from(["lamps".to_owned()]), remove: BTreeSet::new() };
    let triage = Patch { status: Some(Triage::Approved), tags: Some(tags), note: Some(None), ..Patch::default() };
    edit(&ids[..MANY], patch(triage)).await;
    edit(&ids[..1], patch(Patch { name: Some("Renamed".to_owned()), ..Patch::default() })).await;
    ground.look();

    let known = (0..MANY).map(|number| NewSeller { name: name(number + MANY), marks: Marks::default() });
    let new = (0..MANY).map(|number| NewSeller { name: format!("New {number}"), marks: Marks::default() });
    let both: Vec<NewSeller> = known.chain(new).collect();
    let added = store.add_sellers(org, &author, &both).await.expect("they are entered");
    assert_eq!((added.known.len(), added.edited.sellers.len()), (MANY, MANY));
    let fresh = store.new_sellers(org, Arrival::default(), 10_000).await.expect("an answer");
    assert_eq!(fresh.len(), SELLERS + MANY);
    ground.look();

    let excluded = edit(&ids[..MANY], Edit::Remove { exclude: true }).await;
    let removed = edit(&ids[MANY..], Edit::Remove { exclude: false }).await;
    edit(&ids[MANY..], Edit::Remove { exclude: true }).await;
    edit(&ids[MANY..], Edit::Restore).await;
    assert!(store.undo(org, &author, removed).await.is_err(), "they are back already");
    let undone = store.undo(org, &author, excluded).await.expect("it is taken back").entry.expect("an entry");
    let redone = store.undo(org, &author, undone).await.expect("and done again").entry.expect("an entry");
    store.undo(org, &author, redone).await.expect("and taken back");
    ground.look();
    leaving(&store, org, &ids[..MANY]).await;
}

/// A selection leaves, and its entry is read.
async fn leaving(store: &PgStore, org: OrgId, ids: &[SellerId]) {
    let (columns, query) = (vec![ExportColumn::Name], BTreeMap::new());
    let note = ExportNote { part: Part::Selection, form: ExportFormat::Csv, columns, run_number: None, query };
    let asked = SellerQuery { among: Some(ids.to_vec()), ..SellerQuery::all(SellerSort::Name, false) };
    let mut export = store.begin_export(org, &Author::default(), &asked, &note).await.expect("it begins");
    let mut count = 0;
    loop {
        let batch = export.next().await.expect("a batch");
        count += batch.len();
        if batch.is_empty() {
            break;
        }
    }
    assert_eq!(count, ids.len());
    let entry = export.keep().await.expect("it is kept");
    let change_no = store.who_left(org, entry).await.expect("it is known").change_no;
    assert_eq!(store.left_with(org, entry, change_no, 0, 10_000).await.expect("they are known").len(), ids.len());
}

/// A run that finds thousands.
async fn run(ground: &mut Ground) {
    let market = Market { categories: 1, products: 200, pages: 2, sellers: 25 };
    let org = ground.store.create_org("Runs").await.expect("an organisation").id;
    let new = NewRun { name: None, categories: market.chosen(), settings: RunSettings::default() };
    let key = ground.store.create_run(org, &new, None).await.expect("a new run").run.key();
    let world = PgWorld::new(&ground.store, &ground.database.url, market.script(Duration::ZERO)).await;
    world.give(key, Command::Start).await.expect("it starts");
    world.gone(key).await;
    let counters = ground.store.run(org, key.run).await.expect("the run").counters;
    assert_eq!(usize::try_from(counters.sellers_found).expect("few"), market.truth().len());
    ground.look();
    assert!(ground.seen.iter().any(|text| text.contains("WITH places AS")), "they were ranked: {:?}", ground.seen);
}

async fn walk(plans: &str, others: bool) {
    let Some(mut ground) = Ground::new(plans, others).await else { return };
    changes(&mut ground).await;
    run(&mut ground).await;
    ground.end(&format!("{plans}, others: {others}"));
}

#[actix_web::test]
async fn nothing_is_counted_and_plans_are_of_these_values() {
    walk("force_custom_plan", false).await;
}

#[actix_web::test]
async fn nothing_is_counted_and_plans_are_of_any_values() {
    walk("force_generic_plan", false).await;
}

#[actix_web::test]
async fn others_are_counted_and_plans_are_of_these_values() {
    walk("force_custom_plan", true).await;
}

#[actix_web::test]
async fn others_are_counted_and_plans_are_of_any_values() {
    walk("force_generic_plan", true).await;
}
