//! The place of one simulation: a store that outlives processes, a marketplace, and the processes that are up now.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gleaner::actors::engine::{Attach, NotObeyed, Obey};
use gleaner::actors::run_context::MakeProbe;
use gleaner::clock::Clock;
use gleaner::domain::budget::BudgetScope;
use gleaner::domain::ids::{OrgId, RunKey};
use gleaner::domain::run::{Command, RunStatus};
use gleaner::scrapers::mocked::{Script, Witness};
use gleaner::store::memory::MemoryStore;
use gleaner::store::runs::changes::Changes;
use gleaner::store::{RunStore as _, StoreError};
use serde_json::{Map, json};
use tokio::time::sleep;
use uuid::Uuid;

use super::bugs::Bug;
use super::diary::{Diary, Fact};
use super::laws;
use super::plan::Plan;
use super::process::{Door, Process};
use super::reaper::Reaper;
use super::shop::Shop;
use super::store::Shaky;
use crate::support::world::{means, playing};

/// The place; shared by everyone who acts in it.
pub struct Site {
    pub plan: Arc<Plan>,
    pub diary: Diary,
    pub memory: MemoryStore,
    pub store: Shaky,
    pub key: RunKey,
    /// The ways in, by process.
    pub doors: Vec<Door>,
    shop: Shop,
    reaper: Reaper,
    clock: Clock,
    processes: RefCell<Vec<Option<Process>>>,
    witnesses: RefCell<Vec<Witness>>,
    commands: Cell<usize>,
    month_budget: Arc<Mutex<Option<i64>>>,
    /// Requests of owners of the run.
    sent: Arc<AtomicI64>,
}

impl Site {
    /// A site with one pending run and no process. Must be made inside the runtime.
    pub fn new(plan: Plan, bug: Option<Bug>) -> Rc<Self> {
        let (diary, clock) = (Diary::new(), Clock::seeded(plan.seed));
        let plan = Arc::new(plan);
        let memory = MemoryStore::new(clock.clone());
        memory.set_month_budget(plan.month_budget);
        let key = memory.add_run(OrgId(Uuid::from_u128(1)), "a run", &plan.settings, &plan.market.chosen());
        if let Some(bug) = bug {
            bug.plant(&memory);
        }
        Rc::new(Self {
            store: Shaky::new(memory.clone(), plan.clone(), diary.clone()),
            shop: Shop::new(plan.clone(), diary.clone()),
            reaper: Reaper::new(plan.clone(), diary.clone(), bug.and_then(Bug::rule)),
            doors: (0..plan.processes).map(|_| Door::default()).collect(),
            month_budget: Arc::new(Mutex::new(plan.month_budget)),
            processes: RefCell::new((0..plan.processes).map(|_| None).collect()),
            witnesses: RefCell::default(),
            commands: Cell::default(),
            sent: Arc::default(),
            plan,
            diary,
            memory,
            key,
            clock,
        })
    }

    /// Begins this process, which takes over what dead ones left. One whose engine gives up is begun again.
    pub fn begin(self: &Rc<Self>, number: usize) {
        self.diary.note(Fact::Began(number));
        let (store, witness) = (self.store.of_process(number, self.clock.clone()), Witness::default());
        let reaper = self.reaper.of(number);
        let make_probe: MakeProbe = Arc::new(move || Rc::new(reaper.clone()));
        let script = self.script(number, &store, witness.clone());
        let providers = playing(script, witness.clone());
        let means = means(Arc::new(store.clone()), self.clock.clone(), providers, make_probe);
        let begun = self.witnesses.borrow().len();
        let process = Process::begin(begun, store, means, 3);
        let line = process.line();
        *self.doors[number].lock().expect("no panic under it") = Some(line.clone());
        self.witnesses.borrow_mut().push(witness);
        self.processes.borrow_mut()[number] = Some(process);
        let site = self.clone();
        tokio::task::spawn_local(async move {
            line.given_up().await;
            // A process that was ended meanwhile gives up nothing.
            if site.with(number, |process| process.begun) == Some(begun) {
                site.diary.note(Fact::GaveUp(number));
                site.end(number);
                site.begin(number);
            }
        });
    }

    /// What the marketplace answers to this process, which asks only for a run of its own.
    fn script(&self, number: usize, store: &Shaky, witness: Witness) -> Arc<Script> {
        let (shop, memory, key) = (self.shop.clone(), self.memory.clone(), self.key);
        let (own, diary, sent) = (store.engine(), self.diary.clone(), self.sent.clone());
        let (month_budget, fetched) = (self.month_budget.clone(), AtomicU32::new(0));
        Arc::new(move |ask, _| {
            let row = memory.run(key).expect("the run");
            let now_fetched = witness.seen().fetched;
            // A fetch is noted in the poll in which it is asked for; it was paid for before.
            let is_fetch = fetched.swap(now_fetched, Ordering::Relaxed) < now_fetched;
            if row.owner == Some(own) && !is_fetch {
                let sent = sent.fetch_add(1, Ordering::Relaxed) + 1;
                laws::within_budgets(&diary, &row, *month_budget.lock().expect("no panic under it"), sent);
            } else if row.owner != Some(own) && !diary.lost_its_session(number, diary.elapsed().as_millis()) {
                // One that lost its session alone learns at its next look that others followed it.
                diary.broken(format!("3: process {number} asks for a page of a run that is not its own"));
            }
            shop.answer(number, ask)
        })
    }

    /// Ends this process as a power cut would.
    pub fn end(&self, number: usize) {
        self.doors[number].lock().expect("no panic under it").take();
        let process = self.processes.borrow_mut()[number].take();
        drop(process);
    }

    /// What `act` does with a process that is up.
    pub fn with<T>(&self, number: usize, act: impl FnOnce(&Process) -> T) -> Option<T> {
        self.processes.borrow()[number].as_ref().map(act)
    }

    /// Gives the run a command through this process; whether it was accepted for sure.
    pub async fn give(&self, number: usize, command: Command) -> bool {
        let process = self.with(number, |process| (process.line(), process.store.engine()));
        let Some((line, engine)) = process else { return false };
        let sent = self.commands.get() + 1;
        self.commands.set(sent);
        self.diary.note(Fact::Sent(sent, command));
        match line.send(Obey { key: self.key, command }).await {
            Ok(Ok(accepted)) => {
                let by_owner = accepted.owner == Some(engine);
                self.diary.note(Fact::Accepted(sent, command, by_owner));
                true
            }
            Ok(Err(NotObeyed::Store(StoreError::NotAllowed { .. } | StoreError::BudgetSpent { .. }))) => {
                self.diary.note(Fact::Refused(sent));
                false
            }
            _ => {
                self.diary.note(Fact::Unanswered(sent));
                false
            }
        }
    }

    /// Where the run stands still because a budget is spent, that one is raised by so many requests.
    pub fn raise_budget(&self, by: u64) {
        let row = self.memory.run(self.key).expect("the run");
        let Some(spent) = row.pause.and_then(|pause| pause.spent) else { return };
        match spent.budget {
            BudgetScope::Run => self.set_budget(Some(spent.allowed.unsigned_abs() + by)),
            BudgetScope::Month => self.set_month_budget(spent.allowed.checked_add_unsigned(by)),
        }
    }

    /// Budgets have no end from now on.
    pub fn lift_budgets(&self) {
        self.set_budget(None);
        self.set_month_budget(None);
    }

    fn set_budget(&self, allowed: Option<u64>) {
        let settings = Map::from_iter([("request_budget".to_owned(), json!(allowed))]);
        // By now somebody may have opened the run again: then it stays as it is.
        let _ = self.memory.change_run(self.key, &Changes { name: None, settings });
    }

    fn set_month_budget(&self, allowed: Option<i64>) {
        *self.month_budget.lock().expect("no panic under it") = allowed;
        self.memory.set_month_budget(allowed);
    }

    /// The run's status, where no process works on it.
    pub async fn at_rest(&self) -> Option<RunStatus> {
        for number in 0..self.plan.processes {
            if let Some((line, frozen)) = self.with(number, |process| (process.line(), process.is_frozen()))
                && (frozen || line.send(Attach { key: self.key }).await.ok()?.stream.is_some())
            {
                return None;
            }
        }
        Some(self.status()).filter(|status| *status != RunStatus::Running)
    }

    /// The run's status.
    pub fn status(&self) -> RunStatus {
        self.memory.run(self.key).expect("the run").status
    }

    /// The status in which the run comes to rest within two hours, if it does.
    pub async fn rest(&self) -> Option<RunStatus> {
        for step in 0..900_u64 {
            if let Some(status) = self.at_rest().await {
                return Some(status);
            }
            sleep(Duration::from_millis(if step < 200 { 250 } else { 10_000 })).await;
        }
        None
    }

    /// What the providers of each process saw.
    pub fn witnesses(&self) -> Vec<Witness> {
        self.witnesses.borrow().clone()
    }
}
