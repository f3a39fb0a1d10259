//! Keeping a group in PostgreSQL: one transaction, two round trips, a fixed handful of statements whatever its size.
//!
//! The first trip holds the run's row, reads the tasks that the group names and enters its sellers as if every outcome
//! counted; then the rows tell which do. Where one with sellers does not, the transaction is undone and sent once more
//! without it. The second trip writes everything else with the commit behind it. Statements of a trip are sent without
//! waiting; they share one queue in the connection, so the server sees them in the order in which they are named.

mod learn;
mod newcomers;
mod replies;
mod rows;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use diesel::result::Error as DieselError;
use diesel::{QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use futures_util::try_join;

pub(super) use write::AddEvents;

use self::learn::{Entered, enter_sellers, learn, optional};
use self::newcomers::Newcomers;
use self::write::Commit;
use crate::clock::Clock;
use crate::domain::ids::{EventId, RunKey, TaskNo};
use crate::domain::ledger::{Close, Entry, Group, Settled, settle};
use crate::domain::notice::{NoticeEvent, comes_near};
use crate::store::fault::{may_be_sent_again, raised};
use crate::store::loan::Loan;
use crate::store::notices::outbox::{events_of, run_notices};
use crate::store::registry::audit_log::CloseEntry;
use crate::store::registry::changes::{Found, add_found};
use crate::store::registry::sellers::{sighted, spotted};
use crate::store::runs::archive::keep_pages;
use crate::store::runs::product_searches::add_searches;
use crate::store::runs::run_events::events_statement;
use crate::store::runs::run_row::{RunRow, StoredRun};
use crate::store::runs::task_reads::TasksByNumber;
use crate::store::runs::tasks::{StoredTask, TaskRow};
use crate::store::runs::transition::{Facts, Plan, named_tasks, plan};
use crate::store::schema::collection_runs;
use crate::store::{Kept, PgStore, StoreError};

/// How often a group is sent that the database undid to let somebody else go first.
const TRIES_MAX: u32 = 5;
/// Longest wait before the first further try; it doubles with each.
const TRY_AGAIN_WAIT: Duration = Duration::from_millis(5);
/// Longest time that a group may take; after that its connection is given up.
const KEEP_MAX: Duration = Duration::from_secs(60);

/// How a try to keep a group ended.
enum Tried {
    /// It is kept.
    Kept(Box<Kept>),
    /// It was kept before.
    KeptBefore,
    /// Of the outcomes with sellers only these count: send it again with them.
    Only(BTreeSet<usize>),
}

/// Why a try failed.
enum Failed {
    /// The database said so.
    Database(DieselError),
    /// We did.
    Ours(StoreError),
}

impl From<DieselError> for Failed {
    fn from(error: DieselError) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Ours(error)
    }
}

impl PgStore {
    pub(in crate::store) async fn keep_group(&self, group: &Group) -> Result<Kept, StoreError> {
        let Ok(kept) = tokio::time::timeout(KEEP_MAX, self.keep_with_tries(group)).await else {
            return Err(StoreError::Away(format!("a group was not kept within {} s", KEEP_MAX.as_secs())));
        };
        if kept.is_ok() {
            self.bound_archive(group).await;
            self.forget_searches(group).await;
            self.rank_after(group).await;
        }
        kept
    }

    async fn keep_with_tries(&self, group: &Group) -> Result<Kept, StoreError> {
        let mut counting: BTreeSet<usize> = sighted(group, |_| true).map(|(index, ..)| index).collect();
        let mut tries = 0;
        loop {
            let lease = self.lease().await?;
            match self.try_to_keep(&lease, group, &counting).await {
                Ok(Tried::Kept(kept)) => {
                    lease.give_back();
                    return Ok(*kept);
                }
                Ok(Tried::KeptBefore) => {
                    lease.roll_back().await;
                    return self.read_back(group).await;
                }
                Ok(Tried::Only(rest)) => {
                    lease.roll_back().await;
                    counting = rest;
                }
                Err(Failed::Database(error)) if may_be_sent_again(&error) && tries < TRIES_MAX => {
                    lease.roll_back().await;
                    tokio::time::sleep(TRY_AGAIN_WAIT.mul_f64(f64::from(1_u32 << tries) * self.clock.chance())).await;
                    tries += 1;
                }
                Err(Failed::Database(error)) => {
                    lease.roll_back().await;
                    return Err(error.into());
                }
                Err(Failed::Ours(error)) => {
                    lease.roll_back().await;
                    return Err(error);
                }
            }
        }
    }

    async fn try_to_keep(&self, conn: &Loan, group: &Group, counting: &BTreeSet<usize>) -> Result<Tried, Failed> {
        let spotted = spotted(group, |index| counting.contains(&index));
        let learned = match learn(conn, &self.clock, group, &spotted).await {
            Err(error) if raised(&error) == Some("group_kept") => return Ok(Tried::KeptBefore),
            learned => learned?,
        };
        let mut tasks = BTreeMap::new();
        for stored in learned.tasks {
            let task = TaskRow::try_from(stored)?;
            tasks.insert(task.task_no, task);
        }
        let (known_products, recently_searched) = (learned.known_products, learned.recently_searched);
        let (needs_price, running) = (learned.needs_price, learned.running);
        let open_categories = learned.open_categories;
        let facts = Facts { tasks, open_categories, known_products, recently_searched, needs_price, running };
        let mut planned = plan(group, facts);
        let accepted: BTreeSet<usize> =
            sighted(group, |index| planned.accepts(index)).map(|(index, ..)| index).collect();
        if accepted != *counting {
            return Ok(Tried::Only(accepted));
        }
        let names = |wanted: fn(&Entered) -> bool| {
            learned.sellers.iter().filter(|seller| wanted(seller)).map(|seller| seller.name.clone()).collect()
        };
        planned.learned.new_in_run = names(|seller| seller.new_in_run);
        planned.learned.new_in_registry = names(|seller| seller.new_in_registry);
        let settled = settle(group, &planned.learned, &mut || EventId(self.clock.new_id()))
            .map_err(|error| StoreError::Broken(error.to_string()))?;
        let nears = learned
            .request_budget
            .is_some_and(|budget| comes_near(budget, group.before.spend.all_sent(), settled.after.spend.all_sent()));
        let newcomers = Newcomers::of(&spotted, &learned.sellers);
        self.write(conn, group, (&planned, &settled), &learned.sellers, &newcomers, nears).await?;
        let (replies, events, after) = (planned.learned.replies, settled.events, settled.after);
        Ok(Tried::Kept(Box::new(Kept { replies, events, after })))
    }

    /// Sends everything at once, the commit last.
    async fn write(
        &self,
        conn: &Loan,
        group: &Group,
        (plan, settled): (&Plan, &Settled),
        sellers: &[Entered],
        newcomers: &Newcomers<'_>,
        nears_budget: bool,
    ) -> Result<(), Failed> {
        let now = self.clock.now();
        let closing = rows::close_run(group, plan, now)?;
        let ends = closing.as_ref().is_some_and(|(_, status)| status.is_final());
        let mut told = closing.as_ref().map(|(_, status)| events_of(*status)).unwrap_or_default();
        // Whoever looked whether the provider is well again, and found that it is not, is still in the pause that was told.
        // Where it stands still for another reason by now, that is a pause of its own, which no probe was sent in.
        let is_well = |entry: &Entry| matches!(entry, Entry::Well { .. });
        let goes_on = |entry: &Entry| matches!(entry, Entry::Close { close: Close::Paused { pause, .. }, .. } if pause.probes > 0);
        let told_before =
            group.before.probing && !group.entries.iter().any(is_well) && group.entries.iter().any(goes_on);
        told.retain(|event| *event != NoticeEvent::RunPaused || !told_before);
        told.extend(nears_budget.then_some(NoticeEvent::BudgetNear));
        let sent = Some(settled.after.spend.all_sent());
        let notices = run_notices(&self.clock, group.key, &told, sent, now);
        let close_entry = ends.then_some(CloseEntry { org: group.key.org.0, run: group.key.run.0, now });
        let remember_run = rows::remember_run(group, plan, settled, now)?;
        let events = (!settled.events.is_empty()).then(|| events_statement(group.key, &settled.events));
        try_join!(
            send(conn, rows::add_items(group, plan)),
            send(conn, rows::add_tasks(group, plan)),
            send(conn, rows::add_places(group, plan)),
            send(conn, rows::change_tasks(group, plan)),
            send(conn, add_searches(group.key, plan)),
            send(conn, rows::add_sightings(group, |index| plan.accepts(index), sellers)),
            send(conn, keep_pages(group, |index| self.archive.bytes_max > 0 && plan.accepts(index))),
            send(conn, events),
            send(conn, Some(remember_run)),
            send(conn, closing.map(|(statement, _)| statement)),
            send(conn, newcomers.exclusions(group.key)),
            send(conn, add_found(group.key, &newcomers.found)),
            send(conn, close_entry),
            send(conn, notices),
            send(conn, Some(Commit {})),
        )?;
        Ok(())
    }

    /// The answers and events of a group that is kept already.
    async fn read_back(&self, group: &Group) -> Result<Kept, StoreError> {
        let (org, run) = (group.key.org, group.key.run);
        let stored = self.stored_run(group.key).await?;
        let line = stored.group_replies.clone();
        let after = RunRow::try_from(stored)?.memory();
        let numbers = named_tasks(group).into_iter().map(|TaskNo(number)| number).collect();
        let stored: Vec<StoredTask> =
            TasksByNumber { org: org.0, run: run.0, numbers }.load(&mut self.connection().await?).await?;
        let mut tasks = BTreeMap::new();
        for task in stored {
            let task = TaskRow::try_from(task)?;
            tasks.insert(task.task_no, task);
        }
        let count = after.last_seq - group.before.last_seq;
        let events = self.events_after(org, run, group.before.last_seq, count).await?;
        Ok(Kept { replies: replies::read(&line, group, &tasks)?, events, after })
    }

    async fn stored_run(&self, key: RunKey) -> Result<StoredRun, StoreError> {
        let run = collection_runs::table.find((key.org.0, key.run.0)).select(StoredRun::as_select());
        Ok(run.first(&mut self.connection().await?).await?)
    }
}

/// Enters the sightings of a group all of whose outcomes count, within a transaction that is open; answers how many sellers
/// were new in the run, and those that were new in the registry.
pub(super) async fn enter_sightings(conn: &Loan, clock: &Clock, group: &Group) -> QueryResult<(usize, Vec<Found>)> {
    let spotted = spotted(group, |_| true);
    let sellers = enter_sellers(conn, clock, group.key, &spotted).await?;
    send(conn, rows::add_sightings(group, |_| true, &sellers)).await?;
    let new_in_run = sellers.iter().filter(|seller| seller.new_in_run).count();
    Ok((new_in_run, Newcomers::of(&spotted, &sellers).found))
}

/// Sends a statement in its place, where the group needs it.
async fn send<S>(conn: &Loan, statement: Option<S>) -> QueryResult<usize>
where
    S: diesel::query_builder::QueryFragment<diesel::pg::Pg> + diesel::query_builder::QueryId + Send,
{
    let sent = statement.map(|statement| statement.execute(&mut &*conn));
    Ok(optional(sent).await?.unwrap_or_default())
}
