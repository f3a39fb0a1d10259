//! Runs: what was asked, what came of it, and everything that a run keeps. Here `collection_runs`: making runs and reading
//! them.
//!
//! `transition` and `obey` say what a group or a command does to rows, for both stores; `keep` writes it to PostgreSQL.

pub mod archive;
mod bars;
pub mod changes;
mod commands;
pub mod compare;
pub mod coverage;
mod foreseen;
pub mod history;
pub mod items;
pub(in crate::store) mod keep;
pub mod metrics;
mod named;
pub(in crate::store) mod obey;
pub(in crate::store) mod org_months;
pub(in crate::store) mod product_searches;
pub(in crate::store) mod quarantine;
pub(in crate::store) mod reread;
pub(in crate::store) mod retention;
mod run_change;
mod run_events;
pub(in crate::store) mod run_row;
pub mod run_sellers;
mod standings;
mod task_outcome;
mod task_reads;
pub mod tasks;
pub(in crate::store) mod transition;
mod unattended;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Text, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use uuid::Uuid;

pub use self::run_row::RunRow;
use self::run_row::{StoredRun, distinct, first_counters};
use crate::domain::estimate::{Past, RUNS_MAX};
use crate::domain::ids::{OrgId, RunId};
use crate::domain::run::RunStatus;
use crate::domain::settings::RunSettings;
use crate::domain::task::Category;
use crate::store::fault::conflict;
use crate::store::fragment::fragment;
use crate::store::loan::{Lease, Loan};
use crate::store::schema::{collection_runs, orgs};
use crate::store::{PgStore, StoreError};

/// A run to be made.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its name; without one it is called after its number.
    pub name: Option<String>,
    /// The chosen categories; one that repeats an earlier one's node is left out.
    pub categories: Vec<Category>,
    /// Its settings.
    pub settings: RunSettings,
}

/// What keeps a request that is sent twice from making two runs.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The caller's key.
    pub key: String,
    /// A hash of the request's body.
    pub body_hash: Vec<u8>,
}

/// A run that was asked for.
#[derive(Clone, Debug)]
pub struct Created {
    /// The run.
    pub run: RunRow,
    /// It was made by an earlier request with the same key.
    pub replayed: bool,
}

fragment! {
    /// A new run's first tasks, one for each of its categories.
    struct AddCategories<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        task_nos: Vec<i32> => Array<Integer>,
        node_ids: Vec<&'a str> => Array<Text>,
        names: Vec<&'a str> => Array<Text>,
        departments: Vec<&'a str> => Array<Text>,
    }
    answers ();
    "INSERT INTO collection_tasks (org_id, run_id, task_no, phase, state, node_id, category, department) \
     SELECT $org, $run, c.task_no, 'amazon', 'pending', c.node_id, c.name, c.department \
     FROM unnest($task_nos, $node_ids, $names, $departments) AS c (task_no, node_id, name, department)"
}

/// How often a run is made anew when another request took the same key in between.
const CREATE_TRIES: usize = 3;

/// Whether the last run before this one that searched anything found sellers.
pub(in crate::store) async fn found_before(mut conn: &Loan, row: &RunRow) -> Result<bool, StoreError> {
    let found: Option<i32> = collection_runs::table
        .filter(collection_runs::org_id.eq(row.org_id.0))
        .filter(collection_runs::number.lt(row.number))
        .filter(collection_runs::ebay_done.gt(0))
        .order(collection_runs::number.desc())
        .select(collection_runs::sellers_found)
        .first(&mut conn)
        .await
        .optional()?;
    Ok(found.is_some_and(|found| found > 0))
}

impl PgStore {
    /// Makes a pending run with one task for each category.
    ///
    /// # Errors
    /// [`StoreError::IdempotencyMismatch`] where the key came with another body, [`StoreError::NotFound`] without such
    /// an organisation, [`StoreError::Away`].
    pub async fn create_run(
        &self,
        org: OrgId,
        new: &NewRun,
        idempotency: Option<&Idempotency>,
    ) -> Result<Created, StoreError> {
        let mut last = StoreError::IdempotencyMismatch;
        for _ in 0..CREATE_TRIES {
            if let Some(idempotency) = idempotency
                && let Some(run) = self.replay(org, idempotency).await?
            {
                return Ok(Created { run, replayed: true });
            }
            let lease = self.lease().await?;
            match self.inserting_run(&lease, org, new, idempotency).await {
                Ok(run) => {
                    lease.give_back();
                    return Ok(Created { run, replayed: false });
                }
                Err(error) => {
                    lease.roll_back().await;
                    if !conflict(&error) {
                        return Err(error.into());
                    }
                    last = error.into();
                }
            }
        }
        Err(last)
    }

    /// The run that an earlier request with this key made.
    async fn replay(&self, org: OrgId, idempotency: &Idempotency) -> Result<Option<RunRow>, StoreError> {
        let stored: Option<StoredRun> = collection_runs::table
            .filter(collection_runs::org_id.eq(org.0))
            .filter(collection_runs::idempotency_key.eq(&idempotency.key))
            .select(StoredRun::as_select())
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        match stored {
            Some(stored) if stored.idempotency_hash.as_ref() != Some(&idempotency.body_hash) => {
                Err(StoreError::IdempotencyMismatch)
            }
            Some(stored) => Ok(Some(stored.try_into()?)),
            None => Ok(None),
        }
    }

    async fn inserting_run(
        &self,
        lease: &Lease,
        org: OrgId,
        new: &NewRun,
        idempotency: Option<&Idempotency>,
    ) -> Result<RunRow, diesel::result::Error> {
        let mut conn: &Loan = lease;
        conn.batch_execute("BEGIN").await?;
        let run = self.insert_run(conn, org, new, idempotency).await?;
        conn.batch_execute("COMMIT").await?;
        Ok(run)
    }

    /// Writes a pending run with its tasks, within a transaction.
    pub(in crate::store) async fn insert_run(
        &self,
        mut conn: &Loan,
        org: OrgId,
        new: &NewRun,
        idempotency: Option<&Idempotency>,
    ) -> Result<RunRow, diesel::result::Error> {
        let (id, now) = (self.clock.new_id(), self.clock.now());
        let categories = distinct(&new.categories);
        let counters = first_counters(&categories);
        let json = |error: serde_json::Error| diesel::result::Error::SerializationError(Box::new(error));
        let settings = serde_json::to_value(&new.settings).map_err(json)?;
        let category_list: Value = serde_json::to_value(&categories).map_err(json)?;

        let number: i32 = diesel::update(orgs::table.find(org.0))
            .set(orgs::runs_made.eq(orgs::runs_made + 1))
            .returning(orgs::runs_made)
            .get_result(&mut conn)
            .await?;
        let stored: StoredRun = diesel::insert_into(collection_runs::table)
            .values((
                collection_runs::org_id.eq(org.0),
                collection_runs::id.eq(id),
                collection_runs::number.eq(number),
                collection_runs::name.eq(new.name.clone().unwrap_or_else(|| format!("Run {number}"))),
                (
                    collection_runs::status.eq("pending"),
                    collection_runs::wanted.eq("run"),
                    collection_runs::phase.eq("amazon"),
                    collection_runs::settings.eq(settings),
                    collection_runs::searched_as.eq(new.settings.searched_as()),
                    collection_runs::categories.eq(category_list),
                    collection_runs::departments_total.eq(counters.departments_total),
                    collection_runs::amazon_pending.eq(counters.amazon.pending),
                    collection_runs::idempotency_key.eq(idempotency.map(|idempotency| &idempotency.key)),
                    collection_runs::idempotency_hash.eq(idempotency.map(|idempotency| &idempotency.body_hash)),
                    collection_runs::created_at.eq(now),
                    collection_runs::updated_at.eq(now),
                ),
            ))
            .returning(StoredRun::as_returning())
            .get_result(&mut conn)
            .await?;
        let tasks = AddCategories {
            org: org.0,
            run: id,
            task_nos: (1_i32..).zip(&categories).map(|(task_no, _)| task_no).collect(),
            node_ids: categories.iter().map(|category| category.node_id.as_str()).collect(),
            names: categories.iter().map(|category| category.name.as_str()).collect(),
            departments: categories.iter().map(|category| category.department.as_str()).collect(),
        };
        tasks.execute(&mut conn).await?;
        RunRow::try_from(stored).map_err(|error| diesel::result::Error::DeserializationError(Box::new(error)))
    }

    /// A run.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Away`].
    pub async fn run(&self, org: OrgId, run: RunId) -> Result<RunRow, StoreError> {
        let stored: StoredRun = collection_runs::table
            .find((org.0, run.0))
            .select(StoredRun::as_select())
            .first(&mut self.connection().await?)
            .await?;
        let mut rows = self.with_removals(vec![stored.try_into()?]).await?;
        rows.pop().ok_or(StoreError::NotFound)
    }

    /// Whether the organisation has the run; for reads of its other tables.
    pub(in crate::store) async fn must_have(&self, org: OrgId, run: RunId) -> Result<(), StoreError> {
        let found: Option<i32> = collection_runs::table
            .find((org.0, run.0))
            .select(collection_runs::number)
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        found.map(|_| ()).ok_or(StoreError::NotFound)
    }

    /// The organisation's runs, newest first, after the one made at `after`, all or those in one status.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_runs(
        &self,
        org: OrgId,
        after: Option<(DateTime<Utc>, RunId)>,
        limit: i64,
        status: Option<RunStatus>,
    ) -> Result<Vec<RunRow>, StoreError> {
        let mut runs = collection_runs::table
            .filter(collection_runs::org_id.eq(org.0))
            .order((collection_runs::created_at.desc(), collection_runs::id.desc()))
            .limit(limit)
            .select(StoredRun::as_select())
            .into_boxed();
        if let Some((at, RunId(id))) = after {
            let same_moment = collection_runs::created_at.eq(at).and(collection_runs::id.lt(id));
            runs = runs
                .filter(collection_runs::created_at.le(at))
                .filter(collection_runs::created_at.lt(at).or(same_moment));
        }
        if let Some(status) = status {
            runs = runs.filter(collection_runs::status.eq(status.as_str()));
        }
        let stored: Vec<StoredRun> = runs.load(&mut self.connection().await?).await?;
        self.with_removals(stored.into_iter().map(RunRow::try_from).collect::<Result<_, _>>()?).await
    }

    /// What the organisation's newest finished runs were like. One whose settings cannot be read any more tells nothing.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn past_runs(&self, org: OrgId) -> Result<Vec<Past>, StoreError> {
        let rows = self.list_runs(org, None, RUNS_MAX, Some(RunStatus::Completed)).await?;
        let past = |row: RunRow| Some(Past::of(&row.run_settings().ok()?, &row.counters, &row.spend));
        Ok(rows.into_iter().filter_map(past).collect())
    }
}
