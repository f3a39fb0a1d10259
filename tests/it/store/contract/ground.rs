//! What a case stands on: a store, a way to make runs in it, and its rows read back.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use gleaner::clock::Clock;
use gleaner::domain::ids::{OrgId, RunKey, TaskNo};
use gleaner::domain::ledger::StoredEvent;
use gleaner::domain::raw_page::ArchiveLimits;
use gleaner::domain::registry::Edit;
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::Category;
use gleaner::store::registry::asked::{SellerQuery, SellerSort};
use gleaner::store::registry::audit_log::RunEntryRow;
use gleaner::store::registry::changes::Author;
use gleaner::store::runs::NewRun;
use gleaner::store::runs::changes::{Changes, NotChanged};
use gleaner::store::{Archive, MemoryStore, PgStore, RunRow, RunStore, TaskRow};
use uuid::Uuid;

use crate::support::postgres::TestDb;

/// More rows than any case makes.
const ALL: i64 = 100_000;

/// A seller of the registry.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Seller {
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub display_name: String,
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub tenths: Option<i16>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub count: Option<i64>,
    #[diesel(sql_type = Bool)]
    pub approx: bool,
    #[diesel(sql_type = Timestamptz)]
    pub first_seen_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub last_seen_at: DateTime<Utc>,
    #[diesel(sql_type = SqlUuid)]
    pub first_run: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub last_run: Uuid,
    #[diesel(sql_type = Integer)]
    pub times_seen: i32,
}

/// A sighting with its evidence; `registered` says that it points to the seller of its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub struct Seen {
    #[diesel(sql_type = Integer)]
    pub task_no: i32,
    #[diesel(sql_type = SmallInt)]
    pub page: i16,
    #[diesel(sql_type = SmallInt)]
    pub place: i16,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub spelling: String,
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub tenths: Option<i16>,
    #[diesel(sql_type = Nullable<Text>)]
    pub listing_id: Option<String>,
    #[diesel(sql_type = Text)]
    pub title: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub price: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub link: Option<String>,
    #[diesel(sql_type = Bool)]
    pub registered: bool,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

/// A product with every category that holds it and its rank there.
pub type Item = (String, Vec<(String, i32)>);

/// A store of one organisation, with its rows.
#[async_trait]
pub trait Ground: Send + Sync {
    /// Changes a run on which nobody works.
    async fn change(&self, key: RunKey, changes: &Changes) -> Result<RunRow, NotChanged>;

    fn store(&self) -> &dyn RunStore;
    /// The same rows, as the engine of another process writes them.
    async fn another(&self) -> Box<dyn RunStore>;
    fn archive(&self) -> &dyn Archive;
    fn org(&self) -> OrgId;
    /// Prunes the archive to these limits; answers how many bodies went.
    async fn prune(&self, limits: ArchiveLimits) -> usize;
    /// The same rows, where the runs of an organisation may send so many requests in a month.
    fn with_month_budget(&self, allowed: i64) -> Box<dyn RunStore>;
    /// Requests that are drawn of all months.
    async fn drawn(&self) -> i64;
    /// How many searches are remembered.
    async fn searches(&self) -> i64;
    async fn add_run(&self, settings: &RunSettings, categories: &[Category]) -> RunKey;
    async fn run(&self, key: RunKey) -> RunRow;
    async fn tasks(&self, key: RunKey) -> Vec<TaskRow>;
    async fn items(&self, key: RunKey) -> Vec<Item>;
    async fn sightings(&self, key: RunKey) -> Vec<Seen>;
    async fn sellers(&self) -> Vec<Seller>;
    /// Removes a seller as a person does; excluded, no run brings it back.
    async fn remove(&self, name: &str, exclude: bool);
    /// Names that were added to the registry, in the order of their changes.
    async fn added(&self) -> Vec<String>;
    async fn events(&self, key: RunKey) -> Vec<StoredEvent>;
    async fn audit_entries(&self, key: RunKey) -> Vec<RunEntryRow>;
}

/// The memory store.
pub struct InMemory {
    store: MemoryStore,
    org: OrgId,
}

impl InMemory {
    pub fn new() -> Self {
        Self { store: MemoryStore::new(Clock::system()), org: OrgId(Uuid::from_u128(1)) }
    }
}

#[async_trait]
impl Ground for InMemory {
    async fn change(&self, key: RunKey, changes: &Changes) -> Result<RunRow, NotChanged> {
        self.store.change_run(key, changes)
    }

    fn store(&self) -> &dyn RunStore {
        &self.store
    }

    async fn another(&self) -> Box<dyn RunStore> {
        Box::new(self.store.of_another_process(Clock::system()))
    }

    fn archive(&self) -> &dyn Archive {
        &self.store
    }

    fn org(&self) -> OrgId {
        self.org
    }

    async fn prune(&self, limits: ArchiveLimits) -> usize {
        self.store.set_archive(limits);
        self.store.prune(self.org).await.expect("the store answers")
    }

    fn with_month_budget(&self, allowed: i64) -> Box<dyn RunStore> {
        self.store.set_month_budget(Some(allowed));
        Box::new(self.store.clone())
    }

    async fn drawn(&self) -> i64 {
        self.store.drawn(self.org)
    }

    async fn searches(&self) -> i64 {
        i64::try_from(self.store.searches(self.org)).expect("few")
    }

    async fn add_run(&self, settings: &RunSettings, categories: &[Category]) -> RunKey {
        self.store.add_run(self.org, "a run", settings, categories)
    }

    async fn run(&self, key: RunKey) -> RunRow {
        self.store.run(key).expect("the run")
    }

    async fn tasks(&self, key: RunKey) -> Vec<TaskRow> {
        self.store.tasks(key)
    }

    async fn items(&self, key: RunKey) -> Vec<Item> {
        self.store.items(key).into_iter().map(|(asin, places)| (asin.to_string(), places)).collect()
    }

    async fn sightings(&self, key: RunKey) -> Vec<Seen> {
        let sellers = self.store.sellers(self.org);
        let seen = self.store.sightings(key).into_iter().map(|row| Seen {
            task_no: row.task_no.0,
            page: row.page,
            place: row.place,
            registered: sellers.iter().any(|s| s.id == row.seller_id && s.normalised_name == row.normalised_name),
            name: row.normalised_name,
            spelling: row.sighting.name,
            tenths: row.sighting.feedback_tenths,
            listing_id: row.sighting.listing_id,
            title: row.sighting.title,
            price: row.sighting.price.map(|price| price.minor),
            link: row.sighting.link,
        });
        let mut seen: Vec<Seen> = seen.collect();
        seen.sort();
        seen
    }

    async fn sellers(&self) -> Vec<Seller> {
        let seller = |row: gleaner::store::registry::sellers::SellerRow| Seller {
            name: row.normalised_name,
            display_name: row.display_name,
            tenths: row.feedback_tenths,
            count: row.feedback_count,
            approx: row.feedback_approx,
            first_seen_at: row.first_seen_at,
            last_seen_at: row.last_seen_at,
            first_run: row.first_seen_run_id.0,
            last_run: row.last_seen_run_id.0,
            times_seen: row.times_seen,
        };
        self.store.sellers(self.org).into_iter().map(seller).collect()
    }

    async fn remove(&self, name: &str, exclude: bool) {
        self.store.remove_seller(self.org, name, exclude);
    }

    async fn added(&self) -> Vec<String> {
        self.store.added(self.org)
    }

    async fn events(&self, key: RunKey) -> Vec<StoredEvent> {
        self.store.events(key)
    }

    async fn audit_entries(&self, key: RunKey) -> Vec<RunEntryRow> {
        self.store.audit_entries(key)
    }
}

/// A database of PostgreSQL.
pub struct OverPostgres {
    pub store: PgStore,
    url: String,
    org: OrgId,
}

impl OverPostgres {
    pub async fn new(database: &TestDb) -> Self {
        Self::beside(database.store().await, &database.url).await
    }

    /// Another organisation of a database.
    pub async fn beside(store: PgStore, url: &str) -> Self {
        let org = store.create_org("Harbour").await.expect("a new organisation").id;
        Self { store, url: url.to_owned(), org }
    }

    async fn connection(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.url).await.expect("the test database answers")
    }
}

#[async_trait]
impl Ground for OverPostgres {
    async fn change(&self, key: RunKey, changes: &Changes) -> Result<RunRow, NotChanged> {
        self.store.change_run(key, changes).await
    }

    fn store(&self) -> &dyn RunStore {
        &self.store
    }

    async fn another(&self) -> Box<dyn RunStore> {
        Box::new(PgStore::connect(&self.url, 2, Clock::system()).await.expect("the test database answers"))
    }

    fn archive(&self) -> &dyn Archive {
        &self.store
    }

    fn org(&self) -> OrgId {
        self.org
    }

    async fn prune(&self, limits: ArchiveLimits) -> usize {
        self.store.clone().with_archive(limits).prune(self.org).await.expect("the store answers")
    }

    fn with_month_budget(&self, allowed: i64) -> Box<dyn RunStore> {
        Box::new(self.store.clone().with_month_budget(Some(allowed)))
    }

    async fn drawn(&self) -> i64 {
        let sql = "SELECT coalesce(sum(requests), 0)::bigint AS count FROM org_months WHERE org_id = $1";
        let query = diesel::sql_query(sql).bind::<SqlUuid, _>(self.org.0);
        let drawn: Count = query.get_result(&mut self.connection().await).await.expect("the months");
        drawn.count
    }

    async fn searches(&self) -> i64 {
        let sql = "SELECT count(*) AS count FROM product_searches WHERE org_id = $1";
        let query = diesel::sql_query(sql).bind::<SqlUuid, _>(self.org.0);
        let searches: Count = query.get_result(&mut self.connection().await).await.expect("the searches");
        searches.count
    }

    async fn add_run(&self, settings: &RunSettings, categories: &[Category]) -> RunKey {
        let new =
            NewRun { name: Some("a run".to_owned()), categories: categories.to_vec(), settings: settings.clone() };
        self.store.create_run(self.org, &new, None).await.expect("a new run").run.key()
    }

    async fn run(&self, key: RunKey) -> RunRow {
        self.store.run(key.org, key.run).await.expect("the run")
    }

    async fn tasks(&self, key: RunKey) -> Vec<TaskRow> {
        self.store.list_tasks(key.org, key.run, None, None, TaskNo(0), ALL).await.expect("its tasks")
    }

    async fn items(&self, key: RunKey) -> Vec<Item> {
        let items = self.store.list_items(key.org, key.run, None, ALL).await.expect("its items");
        items.into_iter().map(|item| (item.external_id, item.places)).collect()
    }

    async fn sightings(&self, key: RunKey) -> Vec<Seen> {
        let sql = "SELECT r.task_no, r.page, r.place, r.normalised_name AS name, r.name AS spelling, \
            r.feedback_tenths AS tenths, r.listing_id, r.title, r.price_minor AS price, r.link, \
            s.normalised_name = r.normalised_name AS registered \
            FROM run_sellers r JOIN sellers s ON s.org_id = r.org_id AND s.id = r.seller_id \
            WHERE r.org_id = $1 AND r.run_id = $2";
        let query = diesel::sql_query(sql).bind::<SqlUuid, _>(key.org.0).bind::<SqlUuid, _>(key.run.0);
        let mut seen: Vec<Seen> = query.load(&mut self.connection().await).await.expect("its sightings");
        seen.sort();
        seen
    }

    async fn sellers(&self) -> Vec<Seller> {
        let sql = "SELECT normalised_name AS name, display_name, feedback_tenths AS tenths, feedback_count AS count, \
            feedback_approx AS approx, first_seen_at, last_seen_at, first_seen_run_id AS first_run, \
            last_seen_run_id AS last_run, times_seen FROM sellers WHERE org_id = $1 ORDER BY normalised_name";
        let query = diesel::sql_query(sql).bind::<SqlUuid, _>(self.org.0);
        query.load(&mut self.connection().await).await.expect("the registry")
    }

    async fn remove(&self, name: &str, exclude: bool) {
        let (store, org) = (self.store.clone(), self.org);
        let asked = SellerQuery { search: Some(name.to_lowercase()), ..SellerQuery::all(SellerSort::Name, false) };
        // What changes the registry stays on its thread.
        let removing = actix_web::rt::spawn(async move {
            let found = store.list_sellers(org, &asked, 1).await.expect("the registry").remove(0);
            let (author, edit) = (Author::default(), Edit::Remove { exclude });
            store.edit_sellers(org, &author, &[found.id], &edit).await.expect("it is removed");
        });
        removing.await.expect("nothing panics");
    }

    async fn added(&self) -> Vec<String> {
        let sql =
            "SELECT name_after AS name FROM seller_changes WHERE org_id = $1 AND kind = 'added' ORDER BY change_no";
        let query = diesel::sql_query(sql).bind::<SqlUuid, _>(self.org.0);
        let names: Vec<Named> = query.load(&mut self.connection().await).await.expect("the changes");
        names.into_iter().map(|row| row.name).collect()
    }

    async fn events(&self, key: RunKey) -> Vec<StoredEvent> {
        self.store.events_after(key.org, key.run, 0, ALL).await.expect("its events")
    }

    async fn audit_entries(&self, key: RunKey) -> Vec<RunEntryRow> {
        self.store.run_entries(key.org, key.run).await.expect("its entries")
    }
}
