//! `collection_tasks`: the rows that are a run's checkpoint.

use diesel::dsl::{auto_type, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::task_reads::OpenTasksAfter;
use crate::domain::ids::{JobId, OrgId, RunId, RunKey, TaskNo};
use crate::domain::money::{Currency, Money};
use crate::domain::product::Asin;
use crate::domain::task::{Category, OpenTask, Phase, Target, TaskState, Work};
use crate::store::schema::{collection_items, collection_tasks};
use crate::store::{PgStore, StoreError};

/// A task as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// Its number in the run.
    pub task_no: TaskNo,
    /// Where it stands.
    pub state: TaskState,
    /// The newest claim; 0 before the first.
    pub claim_no: i32,
    /// The page to ask for next, 1 is the first.
    pub next_page: i16,
    /// Attempts of that page so far.
    pub page_attempts: i16,
    /// Workers that died holding it.
    pub crashes: i16,
    /// Processes that died while it was on the wire.
    pub suspect: i16,
    /// Requests whose outcome is kept.
    pub requests: i32,
    /// The vendor's job for the page to ask for next: paid for, its answer not kept yet.
    pub job: Option<JobId>,
    /// Products that its pages held (phase `amazon`).
    pub products: i32,
    /// The provider refused the request itself; no streak gives it fresh attempts.
    pub rejected: bool,
    /// A streak gave it fresh attempts already; that happens once.
    pub reprieved: bool,
    /// One bit for each page that was answered and held nothing, page 1 lowest.
    pub empties: i32,
    /// The last failure's kind, or why it was skipped.
    pub error_code: Option<String>,
    /// The last failure in words.
    pub error_message: Option<String>,
    /// What it asks for.
    pub work: Work,
}

impl TaskRow {
    /// A task that nobody has touched.
    #[must_use]
    pub fn fresh(task_no: TaskNo, work: Work) -> Self {
        Self {
            task_no,
            state: TaskState::Pending,
            claim_no: 0,
            next_page: 1,
            page_attempts: 0,
            crashes: 0,
            suspect: 0,
            requests: 0,
            job: None,
            products: 0,
            rejected: false,
            reprieved: false,
            empties: 0,
            error_code: None,
            error_message: None,
            work,
        }
    }

    /// The phase it belongs to.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.work.phase()
    }

    /// Whether nothing more happens to it by itself.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.state, TaskState::Done | TaskState::Failed | TaskState::Skipped)
    }

    /// The task as the Coordinator reads it.
    #[must_use]
    pub fn open(&self) -> OpenTask {
        OpenTask {
            task_no: self.task_no,
            state: self.state,
            claim_no: self.claim_no,
            next_page: self.next_page,
            page_attempts: self.page_attempts,
            crashes: self.crashes,
            suspect: self.suspect,
            requests: self.requests,
            job: self.job.clone(),
            work: self.work.clone(),
        }
    }

    /// Notes of a page that was answered whether it held anything.
    pub(crate) fn page_held(&mut self, page: i16, anything: bool) {
        let bit = u32::try_from(page - 1).ok().and_then(|place| 1_i32.checked_shl(place)).unwrap_or_default();
        self.empties = if anything { self.empties & !bit } else { self.empties | bit };
    }

    /// Whether a claim of that number is the one that counts: it holds the task, or its `started` was lost.
    pub(crate) fn is_current(&self, claim_no: i32) -> bool {
        match self.state {
            TaskState::Claimed => self.claim_no == claim_no,
            TaskState::Pending => self.claim_no < claim_no,
            _ => false,
        }
    }
}

/// A task with its product as PostgreSQL answers it.
#[derive(Queryable)]
pub(in crate::store) struct StoredTask {
    task_no: i32,
    state: String,
    claim_no: i32,
    next_page: i16,
    page_attempts: i16,
    crashes: i16,
    suspect: i16,
    requests: i32,
    job_id: Option<String>,
    products: i32,
    rejected: bool,
    reprieved: bool,
    empties: i32,
    error_code: Option<String>,
    error_message: Option<String>,
    node_id: Option<String>,
    category: Option<String>,
    department: Option<String>,
    external_id: Option<String>,
    title: Option<String>,
    price_minor: Option<i64>,
    price_currency: Option<String>,
    item_category: Option<String>,
}

impl TryFrom<StoredTask> for TaskRow {
    type Error = StoreError;

    fn try_from(stored: StoredTask) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Broken(format!("task {} has no {what}", stored.task_no));
        let work = match (stored.node_id, stored.external_id) {
            (Some(node_id), _) => Work::Category(Category {
                node_id,
                name: stored.category.unwrap_or_default(),
                department: stored.department.unwrap_or_default(),
            }),
            (None, Some(asin)) => Work::Product(Target {
                asin: Asin::parse(&asin).ok_or_else(|| damaged("valid ASIN"))?,
                title: stored.title.unwrap_or_default(),
                price: money(stored.price_minor, stored.price_currency.as_deref()),
                category: stored.item_category.unwrap_or_default(),
            }),
            (None, None) => return Err(damaged("category and no product")),
        };
        Ok(Self {
            task_no: TaskNo(stored.task_no),
            state: TaskState::parse(&stored.state).ok_or_else(|| damaged("known state"))?,
            claim_no: stored.claim_no,
            next_page: stored.next_page,
            page_attempts: stored.page_attempts,
            crashes: stored.crashes,
            suspect: stored.suspect,
            requests: stored.requests,
            job: stored.job_id.as_deref().and_then(JobId::parse),
            products: stored.products,
            rejected: stored.rejected,
            reprieved: stored.reprieved,
            empties: stored.empties,
            error_code: stored.error_code,
            error_message: stored.error_message,
            work,
        })
    }
}

/// An amount from its two columns.
pub(in crate::store) fn money(minor: Option<i64>, currency: Option<&str>) -> Option<Money> {
    Some(Money { minor: minor?, currency: Currency::parse(currency?)? })
}

/// The tasks of a run with their products.
#[auto_type]
pub(super) fn tasks_of(org: Uuid, run: Uuid) -> _ {
    let its_item = collection_items::org_id
        .eq(collection_tasks::org_id)
        .and(collection_items::run_id.eq(collection_tasks::run_id))
        .and(collection_items::external_id.nullable().eq(collection_tasks::external_id));
    collection_tasks::table
        .left_join(collection_items::table.on(its_item))
        .filter(collection_tasks::org_id.eq(org))
        .filter(collection_tasks::run_id.eq(run))
        .select((
            collection_tasks::task_no,
            collection_tasks::state,
            collection_tasks::claim_no,
            collection_tasks::next_page,
            collection_tasks::page_attempts,
            collection_tasks::crashes,
            collection_tasks::suspect,
            collection_tasks::requests,
            collection_tasks::job_id,
            collection_tasks::products,
            collection_tasks::rejected,
            collection_tasks::reprieved,
            collection_tasks::empties,
            collection_tasks::error_code,
            collection_tasks::error_message,
            collection_tasks::node_id,
            collection_tasks::category,
            collection_tasks::department,
            collection_tasks::external_id,
            collection_items::title.nullable(),
            collection_items::price_minor.nullable(),
            collection_items::price_currency.nullable(),
            collection_items::category.nullable(),
        ))
}

/// The failed tasks and all categories.
#[auto_type]
pub(in crate::store) fn failed_tasks_and_categories(key: RunKey) -> _ {
    let org: Uuid = key.org.0;
    let run: Uuid = key.run.0;
    let tasks: tasks_of = tasks_of(org, run);
    let wanted = collection_tasks::state.eq("failed").or(collection_tasks::phase.eq("amazon"));
    tasks.filter(wanted)
}

impl PgStore {
    /// Unfinished tasks of a phase after a number.
    pub(in crate::store) async fn open_tasks_after(
        &self,
        key: RunKey,
        phase: Phase,
        after: TaskNo,
        limit: i64,
    ) -> Result<Vec<OpenTask>, StoreError> {
        let (org, run, phase, after) = (key.org.0, key.run.0, phase.as_str(), after.0);
        let open = OpenTasksAfter { org, run, phase, after, limit };
        let stored: Vec<StoredTask> = open.load(&mut self.connection().await?).await?;
        stored.into_iter().map(|task| Ok(TaskRow::try_from(task)?.open())).collect()
    }

    /// A run's tasks by number, after `after`, at most `limit`, all or those in one state or phase.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Away`].
    pub async fn list_tasks(
        &self,
        org: OrgId,
        run: RunId,
        state: Option<TaskState>,
        phase: Option<Phase>,
        after: TaskNo,
        limit: i64,
    ) -> Result<Vec<TaskRow>, StoreError> {
        self.must_have(org, run).await?;
        let mut tasks = tasks_of(org.0, run.0)
            .filter(collection_tasks::task_no.gt(after.0))
            .order(collection_tasks::task_no)
            .limit(limit)
            .into_boxed();
        if let Some(state) = state {
            tasks = tasks.filter(collection_tasks::state.eq(state.as_str()));
            // What follows from the state, by which the few of a kind have an index.
            tasks = match state {
                TaskState::Pending | TaskState::Claimed => tasks.filter(not(collection_tasks::finished)),
                TaskState::Failed | TaskState::Skipped => tasks.filter(collection_tasks::given_up),
                TaskState::Done => tasks,
            };
        }
        if let Some(phase) = phase {
            tasks = tasks.filter(collection_tasks::phase.eq(phase.as_str()));
        }
        let stored: Vec<StoredTask> = tasks.load(&mut self.connection().await?).await?;
        stored.into_iter().map(TaskRow::try_from).collect()
    }
}
