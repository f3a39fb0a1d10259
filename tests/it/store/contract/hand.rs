//! The hand that sends groups to one run, as its Recorder would.

use gleaner::domain::ids::{RunKey, TaskNo};
use gleaner::domain::ledger::{Entry, Group, Memory, Reply, Verdict};
use gleaner::domain::run::Command;
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::TaskState;
use gleaner::store::{Kept, TaskRow};
use serde_json::Value;

use super::entries::{categories, first, phase_over, product, products};
use super::ground::Ground;
use crate::support::invariants;

/// Most runs at one time, where a case is not about that.
pub const MANY: i64 = 100;

pub struct Hand<'a> {
    pub ground: &'a dyn Ground,
    pub key: RunKey,
    pub before: Memory,
}

impl<'a> Hand<'a> {
    /// A started run over so many categories.
    pub async fn start(ground: &'a dyn Ground, count: usize) -> Self {
        Self::start_with(ground, count, &RunSettings::default()).await
    }

    pub async fn start_with(ground: &'a dyn Ground, count: usize, settings: &RunSettings) -> Self {
        let key = ground.add_run(settings, &categories(count)).await;
        ground.store().command(key, Command::Start, MANY).await.expect("a pending run starts");
        let before = ground.store().take_over(key, None).await.expect("it is taken over").memory;
        Self { ground, key, before }
    }

    /// A started run in phase `ebay`: one category is task 1, its products are the tasks 2, 3 ...
    pub async fn start_searching(ground: &'a dyn Ground, count: usize) -> Self {
        let mut hand = Self::start(ground, 1).await;
        hand.keep(vec![products(first(1), (1..=count).map(product).collect(), true), phase_over()]).await;
        hand
    }

    pub fn group(&self, entries: Vec<Entry>) -> Group {
        Group { key: self.key, before: self.before.clone(), entries, summary: None }
    }

    /// Keeps a group and remembers what the run's row is after it.
    pub async fn keep(&mut self, entries: Vec<Entry>) -> Kept {
        let kept = self.ground.store().keep(&self.group(entries)).await.expect("the group is kept");
        self.before = kept.after.clone();
        kept
    }

    /// Keeps one entry, and gives its answer.
    pub async fn tell(&mut self, entry: Entry) -> Reply {
        self.keep(vec![entry]).await.replies.remove(0)
    }

    /// Keeps one outcome that must count.
    pub async fn accepts(&mut self, entry: Entry) {
        assert_eq!(self.tell(entry).await, Reply::Outcome(Verdict::Accepted));
    }

    pub async fn give(&self, command: Command) {
        self.ground.store().command(self.key, command, MANY).await.expect("the command is allowed");
    }

    /// Gives a command to a run at rest and takes it over again.
    pub async fn give_and_take_over(&mut self, command: Command) {
        self.give(command).await;
        self.before = self.ground.store().take_over(self.key, None).await.expect("it is taken over").memory;
    }

    pub async fn task(&self, task_no: i32) -> TaskRow {
        let tasks = self.ground.tasks(self.key).await;
        tasks.into_iter().find(|task| task.task_no == TaskNo(task_no)).expect("the task")
    }

    pub async fn state(&self, task_no: i32) -> TaskState {
        self.task(task_no).await.state
    }

    /// The actions of the run's events, oldest first, whose numbers have no gap.
    pub async fn told(&self) -> Vec<String> {
        self.events().await.into_iter().map(|event| word(&event, "action")).collect()
    }

    pub async fn events(&self) -> Vec<Value> {
        let events = self.ground.events(self.key).await;
        invariants::numbers_have_no_gap(events.iter().map(|event| event.seq));
        let parsed = events.iter().map(|event| serde_json::from_str(&event.data).expect("an event is JSON"));
        let parsed: Vec<Value> = parsed.collect();
        invariants::numbers_have_no_gap(parsed.iter().map(|event| event["seq"].as_i64().expect("a number")));
        parsed
    }

    /// The counters are those of the rows, and the memory is the row's.
    pub async fn adds_up(&self) {
        let row = self.ground.run(self.key).await;
        assert_eq!(row.memory(), self.before, "what the Recorder remembers is the run's row");
        let mut counted = gleaner::domain::counters::Counters::default();
        let tasks = self.ground.tasks(self.key).await;
        assert_eq!(row.counters.departments_completed, invariants::departments_completed(&tasks));
        for task in tasks {
            *counted.phase_mut(task.phase()).of_mut(task.state) += 1;
        }
        assert_eq!((row.counters.amazon, row.counters.ebay), (counted.amazon, counted.ebay));
        let spent = row.spend.outcomes.total();
        assert_eq!((spent.requests, spent.billed), (row.counters.requests_made, row.counters.requests_billed));
        let events = self.events().await;
        assert_eq!(i64::try_from(events.len()), Ok(row.last_seq), "each number has its event");
    }
}

pub fn word(event: &Value, field: &str) -> String {
    event[field].as_str().unwrap_or_default().to_owned()
}
