//! What the entries of a group do to task rows: pure, so that both stores do the same.
//!
//! A store reads the rows that a group names ([`Facts`]), [`plan`] says what becomes of them, and the store writes
//! that. Sellers are not decided here: whether one is new, only the store's registry knows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::quarantine::quarantine_if_due;
use super::task_outcome::{keep_outcome, skip};
use super::tasks::TaskRow;
use crate::domain::ids::TaskNo;
use crate::domain::ledger::{
    Close, Entry, Group, Learned, Move, NewTasks, Outcome, PageResult, Release, ReleaseResult, Reply, Started,
    Submitted, Verdict,
};
use crate::domain::product::{Asin, Product, SkipReason};
use crate::domain::task::{Phase, Target, TaskState, Work};

/// What a store knows before it plans a group.
pub(crate) struct Facts {
    /// Every task that the group names; at a close also every claimed one.
    pub tasks: BTreeMap<TaskNo, TaskRow>,
    /// Unfinished categories of each department to which a category that the group names belongs, counted no further than
    /// to one more than the group names tasks.
    pub open_categories: BTreeMap<String, i64>,
    /// Of the products that the group brings, those that the run has already.
    pub known_products: BTreeSet<Asin>,
    /// Of the products that the group brings, those whose search is fresher than the run asks for.
    pub recently_searched: BTreeSet<Asin>,
    /// The run's price filter is on.
    pub needs_price: bool,
    /// The run's status is `running`.
    pub running: bool,
}

/// The tasks that a group names.
pub(crate) fn named_tasks(group: &Group) -> BTreeSet<TaskNo> {
    let mut named = BTreeSet::new();
    for entry in &group.entries {
        match entry {
            Entry::Started(started) => _ = named.insert(started.task.task_no),
            Entry::Submitted(submitted) => _ = named.insert(submitted.task_no),
            Entry::Outcome(outcome) => _ = named.insert(outcome.task_no),
            Entry::Release(release) => _ = named.insert(release.task_no),
            Entry::Close { close: Close::Paused { reprieved, .. }, .. } => named.extend(reprieved),
            Entry::Close { .. }
            | Entry::Said { .. }
            | Entry::Recovered(_)
            | Entry::PhaseOver { .. }
            | Entry::Well { .. }
            | Entry::Mark => {}
        }
    }
    named
}

/// The products that a group brings.
pub(crate) fn named_products(group: &Group) -> BTreeSet<&Asin> {
    let outcomes = group.entries.iter().filter_map(|entry| match entry {
        Entry::Outcome(outcome) => Some(&outcome.result),
        _ => None,
    });
    let rows = outcomes.filter_map(|result| match result {
        PageResult::Products { rows, .. } => Some(rows),
        _ => None,
    });
    rows.flatten().map(|product| &product.asin).collect()
}

/// Whether the group ends the run's actors: then every claim ends too.
pub(crate) fn closes(group: &Group) -> bool {
    group.entries.iter().any(|entry| matches!(entry, Entry::Close { .. }))
}

/// Whether a category may become final, or run again.
pub(crate) fn moves_categories(group: &Group) -> bool {
    group.before.phase == Phase::Amazon || closes(group)
}

/// A product that the run did not have, with the task that searches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewItem {
    /// The task that searches it.
    pub task_no: TaskNo,
    /// The product.
    pub product: Product,
    /// The category it was first found in.
    pub category: String,
}

/// A product's place in a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The product.
    pub asin: Asin,
    /// The category's task.
    pub category: TaskNo,
    /// Its rank there.
    pub rank: i32,
}

/// What a group does to tasks and products.
pub(crate) struct Plan {
    /// The rows after the group.
    pub tasks: BTreeMap<TaskNo, TaskRow>,
    /// Rows that were changed, some of them perhaps among the created.
    pub changed: BTreeSet<TaskNo>,
    /// Rows that the group creates.
    pub created: BTreeSet<TaskNo>,
    /// Products that are new to the run.
    pub items: Vec<NewItem>,
    /// Places of products in categories; may repeat what is kept already.
    pub places: Vec<Place>,
    /// Products whose search has come to its end and found something, and when.
    pub searches: BTreeMap<Asin, DateTime<Utc>>,
    /// Replies, new tasks, moves and departments; the store adds what the registry knows.
    pub learned: Learned,
    known_products: BTreeSet<Asin>,
    recently_searched: BTreeSet<Asin>,
    needs_price: bool,
    next_task_no: i32,
    open_categories: BTreeMap<String, i64>,
    /// By how much that changes.
    reopened: BTreeMap<String, i64>,
    phase: Phase,
    running: bool,
}

/// What becomes of the rows.
pub(crate) fn plan(group: &Group, facts: Facts) -> Plan {
    let counters = &group.before.counters;
    let mut plan = Plan {
        tasks: facts.tasks,
        changed: BTreeSet::new(),
        created: BTreeSet::new(),
        items: Vec::new(),
        places: Vec::new(),
        searches: BTreeMap::new(),
        learned: Learned::default(),
        known_products: facts.known_products,
        recently_searched: facts.recently_searched,
        needs_price: facts.needs_price,
        next_task_no: counters.amazon.total() + counters.ebay.total() + 1,
        open_categories: facts.open_categories,
        reopened: BTreeMap::new(),
        phase: group.before.phase,
        running: facts.running,
    };
    for (index, entry) in group.entries.iter().enumerate() {
        let reply = plan.enter(index, entry);
        plan.learned.replies.push(reply);
    }
    if !plan.reopened.is_empty() {
        plan.learned.departments_completed = Some(counters.departments_completed + plan.more_departments());
    }
    plan
}

/// How many departments have only final categories.
pub(crate) fn departments_completed<'a>(tasks: impl Iterator<Item = &'a TaskRow>) -> i32 {
    let mut finished: BTreeMap<&str, bool> = BTreeMap::new();
    for task in tasks {
        if let Work::Category(category) = &task.work {
            *finished.entry(&category.department).or_insert(true) &= task.is_final();
        }
    }
    i32::try_from(finished.values().filter(|done| **done).count()).unwrap_or(i32::MAX)
}

/// A failed task that runs again: fresh attempts of the page that failed.
pub(crate) fn retry(task: &mut TaskRow) {
    task.state = TaskState::Pending;
    task.page_attempts = 0;
    task.crashes = 0;
    task.suspect = 0;
    task.rejected = false;
}

impl Plan {
    /// Whether the entry at this index is an outcome that counts.
    pub fn accepts(&self, index: usize) -> bool {
        self.learned.replies.get(index) == Some(&Reply::Outcome(Verdict::Accepted))
    }

    fn enter(&mut self, index: usize, entry: &Entry) -> Reply {
        match entry {
            Entry::Started(started) => self.started(started),
            Entry::Submitted(submitted) => Reply::Outcome(self.submitted(submitted)),
            Entry::Outcome(outcome) => Reply::Outcome(self.outcome(index, outcome)),
            Entry::Release(release) => Reply::Release(self.release(release)),
            Entry::Close { .. } if !self.running => Reply::Repeated,
            Entry::Close { close, .. } => self.close(close),
            Entry::PhaseOver { .. } if self.phase == Phase::Ebay => Reply::Repeated,
            Entry::PhaseOver { .. } => {
                self.phase = Phase::Ebay;
                Reply::Done
            }
            Entry::Said { .. } | Entry::Recovered(_) | Entry::Well { .. } | Entry::Mark => Reply::Done,
        }
    }

    /// How many more departments are complete than before: all of their categories are final.
    fn more_departments(&self) -> i32 {
        let more = self.reopened.iter().map(|(department, change)| {
            let open = self.open_categories.get(department).copied().unwrap_or_default();
            i32::from(open + change == 0) - i32::from(open == 0)
        });
        more.sum()
    }

    /// Changes a row and notes where it went.
    fn change(&mut self, task_no: TaskNo, change: impl FnOnce(&mut TaskRow)) {
        let Some(task) = self.tasks.get_mut(&task_no) else { return };
        let (from, was_final) = (task.state, task.is_final());
        change(task);
        let (phase, to) = (task.phase(), task.state);
        if let Work::Category(category) = &task.work
            && was_final != task.is_final()
        {
            *self.reopened.entry(category.department.clone()).or_default() += if was_final { 1 } else { -1 };
        }
        if from != to {
            self.learned.moves.push(Move { phase, from, to });
        }
        self.changed.insert(task_no);
    }

    fn started(&mut self, started: &Started) -> Reply {
        let (task_no, claim_no) = (started.task.task_no, started.task.claim_no);
        let takes = |task: &TaskRow| task.state == TaskState::Pending && task.is_current(claim_no);
        if self.tasks.get(&task_no).is_some_and(takes) {
            self.change(task_no, |task| {
                task.state = TaskState::Claimed;
                task.claim_no = claim_no;
            });
        }
        Reply::Done
    }

    fn submitted(&mut self, submitted: &Submitted) -> Verdict {
        let (claim_no, request_no) = (submitted.claim_no, submitted.request_no);
        let counts = |task: &TaskRow| task.is_current(claim_no) && request_no == task.requests + 1;
        if !self.tasks.get(&submitted.task_no).is_some_and(counts) {
            return Verdict::Refused;
        }
        let job = Some(submitted.job.clone());
        self.change(submitted.task_no, |task| {
            (task.state, task.claim_no, task.job) = (TaskState::Claimed, claim_no, job)
        });
        Verdict::Accepted
    }

    fn outcome(&mut self, index: usize, outcome: &Outcome) -> Verdict {
        let Some(task) = self.tasks.get(&outcome.task_no) else { return Verdict::Refused };
        if !(task.is_current(outcome.claim_no) && outcome.request_no == task.requests + 1) {
            let kept = task.claim_no == outcome.claim_no && task.requests >= outcome.request_no;
            return if kept { Verdict::KeptBefore } else { Verdict::Refused };
        }
        match (&outcome.result, &task.work) {
            (PageResult::Products { rows, .. }, Work::Category(category)) => {
                let category = category.name.clone();
                let created = self.products(outcome.task_no, &category, rows);
                self.learned.new_tasks.insert(index, created);
            }
            // A first page that holds nothing may be one that was not understood.
            (PageResult::Sellers { sightings, last: true }, Work::Product(target))
                if outcome.page > 1 || !sightings.is_empty() =>
            {
                self.searches.insert(target.asin.clone(), outcome.at);
            }
            _ => {}
        }
        self.change(outcome.task_no, |task| keep_outcome(task, outcome));
        Verdict::Accepted
    }

    fn products(&mut self, category_task: TaskNo, category: &str, rows: &[Product]) -> NewTasks {
        let mut created = NewTasks::default();
        for product in rows {
            self.places.push(Place { asin: product.asin.clone(), category: category_task, rank: product.rank });
            if !self.known_products.insert(product.asin.clone()) {
                continue;
            }
            let task_no = TaskNo(self.next_task_no);
            self.next_task_no += 1;
            let target = Target {
                asin: product.asin.clone(),
                title: product.title.clone().unwrap_or_default(),
                price: product.price,
                category: category.to_owned(),
            };
            let mut task = TaskRow::fresh(task_no, Work::Product(target));
            let fresh = self.recently_searched.contains(&product.asin).then_some(SkipReason::RecentlySearched);
            if let Some(reason) = product.skip_reason(self.needs_price).or(fresh) {
                skip(&mut task, reason);
                created.skipped += 1;
            } else {
                created.pending += 1;
            }
            self.tasks.insert(task_no, task);
            self.created.insert(task_no);
            self.items.push(NewItem { task_no, product: product.clone(), category: category.to_owned() });
        }
        created
    }

    /// Gives a claim back. The row's claim number is raised beyond the one given back, so that whatever its holder
    /// still sends is refused, and giving back again is told apart.
    fn release(&mut self, release: &Release) -> ReleaseResult {
        let Some(task) = self.tasks.get(&release.task_no) else { return ReleaseResult::Nothing };
        if !task.is_current(release.claim_no) {
            let before = task.state == TaskState::Pending && task.claim_no == release.claim_no + 1;
            return if before { ReleaseResult::PendingBefore(Box::new(task.open())) } else { ReleaseResult::Nothing };
        }
        self.change(release.task_no, |task| {
            task.claim_no = release.claim_no + 1;
            task.state = TaskState::Pending;
            if let Some(crash) = &release.crash {
                task.crashes += 1;
                quarantine_if_due(task, &crash.message);
            }
        });
        match self.tasks.get(&release.task_no) {
            Some(task) if task.state == TaskState::Pending => ReleaseResult::Pending(Box::new(task.open())),
            _ => ReleaseResult::Quarantined,
        }
    }

    fn close(&mut self, close: &Close) -> Reply {
        let claimed = |task: &&TaskRow| task.state == TaskState::Claimed;
        let held: Vec<TaskNo> = self.tasks.values().filter(claimed).map(|task| task.task_no).collect();
        for task_no in held {
            self.change(task_no, |task| task.state = TaskState::Pending);
        }
        if let Close::Paused { reprieved, .. } = close {
            for task_no in reprieved {
                let may = |task: &TaskRow| task.state == TaskState::Failed && !task.rejected && !task.reprieved;
                if self.tasks.get(task_no).is_some_and(may) {
                    self.change(*task_no, |task| {
                        task.state = TaskState::Pending;
                        task.page_attempts = 0;
                        task.reprieved = true;
                    });
                }
            }
        }
        Reply::Done
    }
}
