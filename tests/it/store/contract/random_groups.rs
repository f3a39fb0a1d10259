//! Random sequences of groups and commands, the same over both stores: every answer and every row is equal.
//!
//! A sequence is a pure function of its seed, which a failure prints.

use std::fmt::Debug;

use gleaner::clock::Clock;
use gleaner::domain::ids::TaskNo;
use gleaner::domain::ledger::{Close, Entry, Group, Memory};
use gleaner::domain::run::{Command, FailReason, PauseReason};
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::{Phase, TaskState};
use gleaner::store::TaskRow;
use serde_json::Value;

use super::entries::{
    Asked, categories, close, failed, paused, phase_over, product, products, rate_limited, refused, released, retry,
    sellers, started,
};
use super::ground::{Ground, InMemory, OverPostgres};
use crate::support::{invariants, postgres};

const SEQUENCES: u64 = 300;
const STEPS: usize = 14;

#[actix_web::test]
async fn both_stores_answer_and_keep_alike() {
    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    for seed in 0..SEQUENCES {
        let over_postgres = OverPostgres::beside(store.clone(), &database.url).await;
        Pair::new(seed, InMemory::new(), over_postgres).await.play().await;
    }
}

/// One run in each of the two stores.
struct Pair {
    seed: u64,
    dice: Clock,
    grounds: [Box<dyn Ground>; 2],
    keys: [gleaner::domain::ids::RunKey; 2],
    before: Memory,
    last: Option<Group>,
    time: i64,
}

impl Pair {
    async fn new(seed: u64, memory: InMemory, postgres: OverPostgres) -> Self {
        let dice = Clock::seeded(seed);
        let chosen = categories(1 + draw(&dice, 4));
        let settings = RunSettings::default();
        let keys = [memory.add_run(&settings, &chosen).await, postgres.add_run(&settings, &chosen).await];
        let before = memory.store().memory(keys[0]).await.expect("the row");
        Self { seed, dice, grounds: [Box::new(memory), Box::new(postgres)], keys, before, last: None, time: 0 }
    }

    async fn play(mut self) {
        self.command(Command::Start).await;
        for _ in 0..STEPS {
            match draw(&self.dice, 20) {
                0 => self.command(Command::ALL[draw(&self.dice, Command::ALL.len())]).await,
                1 => self.take_over().await,
                2 => self.raise_fence().await,
                3 | 4 => self.send_last_again().await,
                5 => self.command(Command::Resume).await,
                6 => self.command(Command::RetryFailed).await,
                _ => self.send_next().await,
            }
        }
        self.compare_rows().await;
    }

    fn equal<T: PartialEq + Debug>(&self, what: &str, one: &T, other: &T) {
        assert_eq!(one, other, "seed {}: {what} differs between memory (left) and PostgreSQL", self.seed);
    }

    async fn command(&mut self, command: Command) {
        let runs_max = i64::from(draw(&self.dice, 8) != 0);
        let mut given = Vec::new();
        for (ground, key) in self.grounds.iter().zip(self.keys) {
            let accepted = ground.store().command(key, command, runs_max).await;
            let accepted =
                accepted.map(|a| (a.status, a.wanted, a.repeated, a.events.iter().map(plain).collect::<Vec<_>>()));
            given.push(accepted.map_err(|error| error.to_string()));
        }
        self.equal("the answer to a command", &given[0], &given[1]);
        self.remember().await;
    }

    async fn take_over(&mut self) {
        let one = self.grounds[0].store().take_over(self.keys[0], None).await.expect("it is taken over");
        let other = self.grounds[1].store().take_over(self.keys[1], None).await.expect("it is taken over");
        let view =
            |t: &gleaner::store::TakenOver| (t.status, t.wanted, t.settings.clone(), t.memory.clone(), t.released);
        self.equal("a take-over", &view(&one), &view(&other));
        self.before = one.memory;
    }

    async fn raise_fence(&mut self) {
        let fence = self.before.fence - i64::from(draw(&self.dice, 3) == 0);
        let one = self.grounds[0].store().raise_fence(self.keys[0], fence).await.map_err(|error| error.to_string());
        let other = self.grounds[1].store().raise_fence(self.keys[1], fence).await.map_err(|error| error.to_string());
        self.equal("a raised fence", &one, &other);
        self.remember().await;
    }

    async fn remember(&mut self) {
        self.before = self.grounds[0].store().memory(self.keys[0]).await.expect("the row");
    }

    async fn send_last_again(&mut self) {
        if let Some(group) = self.last.clone() {
            self.send(group).await;
        }
    }

    async fn send_next(&mut self) {
        let tasks = self.grounds[0].tasks(self.keys[0]).await;
        let mut entries = Vec::new();
        for _ in 0..=draw(&self.dice, 4) {
            self.draw_entries(&tasks, &mut entries);
        }
        if draw(&self.dice, 9) == 0 {
            entries.push(close(self.draw_close(&tasks)));
        }
        let group = Group { key: self.keys[0], before: self.before.clone(), entries, summary: None };
        self.last = Some(group.clone());
        self.send(group).await;
    }

    async fn send(&mut self, group: Group) {
        let mut kept = Vec::new();
        for (ground, key) in self.grounds.iter().zip(self.keys) {
            let answer = ground.store().keep(&Group { key, ..group.clone() }).await;
            let answer = answer.map(|k| (k.replies, k.events.iter().map(plain).collect::<Vec<_>>(), k.after));
            kept.push(answer.map_err(|error| error.to_string()));
        }
        self.equal("the answer to a group", &kept[0], &kept[1]);
        self.remember().await;
    }

    /// What may happen to some task, mostly as an actor would send it.
    fn draw_entries(&mut self, tasks: &[TaskRow], entries: &mut Vec<Entry>) {
        let dice = &self.dice;
        self.time += 1;
        let task = &tasks[draw(dice, tasks.len())];
        let held = task.state == TaskState::Claimed;
        let claim_no = (task.claim_no + i32::from(!held) + [0, 0, 0, 0, 1, -1][draw(dice, 6)]).max(0);
        let request_no = task.requests + [1, 1, 1, 1, 0, 2][draw(dice, 6)];
        let time = self.time - [0, 0, 9][draw(dice, 3)];
        let asked = Asked { task_no: task.task_no.0, claim_no, request_no, page: task.next_page, at: time };
        let last = draw(dice, 2) == 0;
        let outcome = match draw(dice, 14) {
            0 => retry(asked),
            1 => rate_limited(asked),
            2 | 3 => failed(asked, last),
            4 => refused(asked),
            5 => return entries.push(released(task.task_no.0, claim_no, last)),
            6 => return entries.push([Entry::Mark, phase_over()][draw(dice, 2)].clone()),
            _ if task.phase() == Phase::Amazon => {
                let mut rows: Vec<_> = (0..draw(dice, 4)).map(|_| product(draw(dice, 9))).collect();
                for row in &mut rows {
                    row.price = row.price.filter(|_| draw(dice, 5) != 0);
                }
                products(asked, rows, last)
            }
            _ => {
                let names: Vec<String> = (0..draw(dice, 5)).map(|_| format!("Seller {}", draw(dice, 7))).collect();
                sellers(asked, &names.iter().map(String::as_str).collect::<Vec<_>>(), last)
            }
        };
        if draw(dice, 2) == 0 {
            entries.push(started(asked));
        }
        entries.push(outcome.clone());
        match draw(dice, 6) {
            0 => entries.push(outcome),
            1 => entries.push(released(task.task_no.0, claim_no, last)),
            _ => {}
        }
    }

    fn draw_close(&self, tasks: &[TaskRow]) -> Close {
        match draw(&self.dice, 5) {
            0 => Close::Completed,
            1 => Close::Failed { reason: FailReason::NothingSucceeded, message: "nothing".to_owned() },
            2 => Close::Cancelled,
            _ => {
                let lost = tasks.iter().filter(|task| task.state == TaskState::Failed);
                let lost: Vec<i32> = lost.map(|task| task.task_no.0).collect();
                paused(PauseReason::ConsecutiveFailures, &lost)
            }
        }
    }

    async fn compare_rows(&self) {
        let [one, other] = &self.grounds;
        let [here, there] = self.keys;
        self.equal("a task", &one.tasks(here).await, &other.tasks(there).await);
        self.equal("a product", &one.items(here).await, &other.items(there).await);
        self.equal("a sighting", &one.sightings(here).await, &other.sightings(there).await);
        let (left, right) = (one.events(here).await, other.events(there).await);
        invariants::numbers_have_no_gap(left.iter().map(|event| event.seq));
        let plain_all = |events: &[gleaner::domain::ledger::StoredEvent]| events.iter().map(plain).collect::<Vec<_>>();
        self.equal("an event", &plain_all(&left), &plain_all(&right));
        for phase in [Phase::Amazon, Phase::Ebay] {
            let ahead = one.store().read_ahead(here, phase, TaskNo(1), 3).await.expect("they are read");
            let there = other.store().read_ahead(there, phase, TaskNo(1), 3).await.expect("they are read");
            self.equal("what is read ahead", &ahead, &there);
        }
        let row = async |ground: &dyn Ground, key| {
            let r = ground.run(key).await;
            let why = (r.pause.clone(), r.fail_reason, r.fail_message.clone());
            let times = (r.started_at.is_some(), r.completed_at.is_some());
            (r.status, r.wanted, r.memory(), why, r.seller_count_snapshot, times)
        };
        self.equal("the run", &row(one.as_ref(), here).await, &row(other.as_ref(), there).await);
        let sellers = async |ground: &dyn Ground| {
            let all = ground.sellers().await.into_iter();
            let view = |s: super::ground::Seller| {
                (s.name, s.display_name, s.tenths, s.count, s.approx, s.first_seen_at, s.last_seen_at, s.times_seen)
            };
            all.map(view).collect::<Vec<_>>()
        };
        self.equal("a seller", &sellers(one.as_ref()).await, &sellers(other.as_ref()).await);
        let entries = async |ground: &dyn Ground, key| {
            let all = ground.audit_entries(key).await.into_iter();
            all.map(|e| (e.closed_at.is_some(), e.affected_count, e.seller_count_snapshot)).collect::<Vec<_>>()
        };
        self.equal("an entry", &entries(one.as_ref(), here).await, &entries(other.as_ref(), there).await);
    }
}

/// A number below `below`.
fn draw(dice: &Clock, below: usize) -> usize {
    let share = dice.chance() * f64::from(u32::try_from(below).expect("small"));
    (0..below).rev().find(|n| f64::from(u32::try_from(*n).expect("small")) <= share).unwrap_or(0)
}

/// An event without what belongs to one store alone: its id, its run, the moment it was told.
fn plain(event: &gleaner::domain::ledger::StoredEvent) -> Value {
    let mut value: Value = serde_json::from_str(&event.data).expect("an event is JSON");
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| !["id", "run_id", "timestamp"].contains(&name.as_str()));
    }
    value
}
