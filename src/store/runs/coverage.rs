//! The coverage of a run: its products with the pages that were asked for, and the totals, as they are at one moment.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::run_row::{RunRow, StoredRun};
use super::tasks::{StoredTask, TaskRow, tasks_of};
use crate::domain::coverage::PageState;
use crate::domain::ids::{RunKey, TaskNo};
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::schema::{collection_runs, collection_tasks};
use crate::store::{PgStore, StoreError};

/// Begins a look at several tables as they are at one moment.
pub(super) const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Pages of a run's products by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PageTotals {
    /// Answered, with something on them.
    pub done: i64,
    /// Answered, with nothing on them.
    pub empty: i64,
    /// Given up.
    pub failed: i64,
    /// Of products for which nothing was asked.
    pub skipped: i64,
    /// To be asked for next.
    pub open: i64,
}

/// Some products of a run, and all of them counted.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Products in all.
    pub products: i64,
    /// Their pages.
    pub pages: PageTotals,
    /// The products that were asked for, by task number.
    pub tasks: Vec<TaskRow>,
}

fragment! {
    /// Products and their pages, counted: what a task has behind it, and where it stands.
    struct CountPages { org: Uuid => SqlUuid, run: Uuid => SqlUuid }
    answers (BigInt, BigInt, BigInt, BigInt, BigInt, BigInt);
    "SELECT count(*), coalesce(sum(next_page - 1 - bit_count(empties::bit(32))), 0)::bigint, \
        coalesce(sum(bit_count(empties::bit(32))), 0)::bigint, count(*) FILTER (WHERE state = 'failed'), \
        count(*) FILTER (WHERE state = 'skipped'), count(*) FILTER (WHERE NOT finished) \
     FROM collection_tasks WHERE org_id = $org AND run_id = $run AND phase = 'ebay'"
}

/// Products of a run, and their pages.
pub(super) async fn totals(mut conn: &Loan, key: RunKey) -> Result<(i64, PageTotals), StoreError> {
    let count = CountPages { org: key.org.0, run: key.run.0 };
    let (products, done, empty, failed, skipped, open): (i64, i64, i64, i64, i64, i64) =
        count.get_result(&mut conn).await?;
    Ok((products, PageTotals { done, empty, failed, skipped, open }))
}

/// The run's row within a look at one moment.
pub(super) async fn row_of(mut conn: &Loan, key: RunKey) -> Result<RunRow, StoreError> {
    let run = collection_runs::table.find((key.org.0, key.run.0)).select(StoredRun::as_select());
    run.first::<StoredRun>(&mut conn).await?.try_into()
}

impl PgStore {
    /// Products of a run after a task number, at most `limit`, all or those with a page in this state, with the totals of
    /// the whole run.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Away`].
    pub async fn coverage(
        &self,
        key: RunKey,
        state: Option<PageState>,
        after: TaskNo,
        limit: i64,
    ) -> Result<Coverage, StoreError> {
        let lease = self.lease().await?;
        let worked = Self::covering(&lease, key, state, after, limit).await;
        Self::finish(lease, worked).await
    }

    async fn covering(
        mut conn: &Loan,
        key: RunKey,
        state: Option<PageState>,
        after: TaskNo,
        limit: i64,
    ) -> Result<Coverage, StoreError> {
        conn.batch_execute(ONE_MOMENT).await?;
        row_of(conn, key).await?;
        let (products, pages) = totals(conn, key).await?;
        let mut tasks = tasks_of(key.org.0, key.run.0)
            .filter(collection_tasks::phase.eq("ebay"))
            .filter(collection_tasks::task_no.gt(after.0))
            .order(collection_tasks::task_no)
            .limit(limit)
            .into_boxed();
        tasks = match state {
            None => tasks,
            Some(PageState::Done) => {
                tasks.filter(sql::<Bool>("next_page - 1 > bit_count(collection_tasks.empties::bit(32))"))
            }
            Some(PageState::Empty) => tasks.filter(collection_tasks::empties.ne(0)),
            // These have an index of those who ended so.
            Some(PageState::Failed) => {
                tasks.filter(collection_tasks::given_up.and(collection_tasks::state.eq("failed")))
            }
            Some(PageState::Skipped) => {
                tasks.filter(collection_tasks::given_up.and(collection_tasks::state.eq("skipped")))
            }
            Some(PageState::Open) => tasks.filter(diesel::dsl::not(collection_tasks::finished)),
        };
        let stored: Vec<StoredTask> = tasks.load(&mut conn).await?;
        let tasks = stored.into_iter().map(TaskRow::try_from).collect::<Result<_, _>>()?;
        Ok(Coverage { products, pages, tasks })
    }
}
