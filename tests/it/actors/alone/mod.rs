//! Each actor alone, in virtual time: what it says and does at its lines, whose far ends are probes.

mod asked;
mod coordinator;
mod failure_counter;
mod far_end;
mod late;
mod recorder;
mod stream;
mod supervisor;
mod worker;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gleaner::actors::budget::Budget;
use gleaner::actors::gate::Gate;
use gleaner::actors::guard::{Alive, Child, Down, Guard};
use gleaner::actors::lease::Lease;
use gleaner::actors::probing::Probing;
use gleaner::actors::recorder::{KeptNo, Receipt};
use gleaner::actors::run_context::{Fact, Providers, RunContext};
use gleaner::actors::watch;
use gleaner::clock::Clock;
use gleaner::domain::event::{Action, ApiParams, Request, Subject};
use gleaner::domain::failure::{ErrorStage, ErrorType};
use gleaner::domain::ids::{OrgId, RunKey, TaskNo, WorkerId};
use gleaner::domain::ledger::{Entry, Group, Memory, Outcome, PageResult, Reply};
use gleaner::domain::run::Command;
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::{OpenTask, Phase};
use gleaner::scrapers::mocked::{Mocked, Script, Witness};
use gleaner::store::memory::MemoryStore;
use gleaner::store::{Kept, RunStore};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::support::market::{COST, Market};

/// How long an answer of the market takes.
const LATENCY: Duration = Duration::from_millis(200);
/// Longest wait for a fact, in virtual time: what has not happened by then does not happen.
const HOUR: Duration = Duration::from_secs(3_600);

/// What an actor alone stands on: a run that was just taken over, a gate, providers, and somebody who sees it die.
struct Bench {
    context: RunContext,
    store: MemoryStore,
    /// The run row as it was taken over.
    memory: Memory,
    witness: Witness,
    lifeline: watch::Sender<()>,
    alive: Alive,
    down: mpsc::UnboundedSender<Down>,
    deaths: mpsc::UnboundedReceiver<Down>,
    /// What operators would count.
    facts: Arc<Mutex<Vec<Fact>>>,
}

impl Bench {
    /// A run over `categories` categories of a market in which nothing is wrong.
    async fn new(categories: usize) -> Self {
        let market = Market { categories, ..Market::small() };
        Self::over(market, RunSettings::default(), market.script(LATENCY)).await
    }

    async fn over(market: Market, settings: RunSettings, script: Arc<Script>) -> Self {
        let clock = Clock::seeded(7);
        let store = MemoryStore::new(clock.clone());
        let key = store.add_run(OrgId(Uuid::from_u128(1)), "a run", &settings, &market.chosen());
        store.command(key, Command::Start, 3).await.expect("it can be started");
        let memory = store.take_over(key, None).await.expect("the run").memory;
        let witness = Witness::default();
        let mocked = Rc::new(Mocked::new(script, witness.clone()));
        let facts = Arc::<Mutex<Vec<Fact>>>::default();
        let told = facts.clone();
        let context = RunContext {
            key,
            settings: Rc::new(settings),
            store: Arc::new(store.clone()),
            clock,
            prices: None,
            gate: Gate::default(),
            budget: Budget::new(None, 0, None),
            lease: Lease::since(Some(tokio::time::Instant::now() + 24 * HOUR)),
            providers: Providers { best_sellers: mocked.clone(), seller_search: mocked },
            fence: Rc::new(Cell::new(memory.fence)),
            probing: Probing::new(None),
            found_before: false,
            probe: Rc::new(()),
            tell_facts: Arc::new(move |fact| told.lock().expect("no panic while held").push(fact)),
        };
        let (down, deaths) = mpsc::unbounded_channel();
        let (lifeline, alive) = (watch::Sender::new(()), mpsc::channel(1).0.into());
        Self { context, store, memory, witness, lifeline, alive, down, deaths, facts }
    }

    fn key(&self) -> RunKey {
        self.context.key
    }

    fn guard(&self, child: Child) -> Guard {
        let down = self.down.clone();
        // A test that has ended listens no more.
        let report = move |cause| drop(down.send(Down { child, cause }));
        Guard::new(report, self.lifeline.subscribe(), self.alive.clone())
    }

    /// The next death that a guard reports.
    async fn death(&mut self) -> Down {
        tokio::time::timeout(HOUR, self.deaths.recv()).await.expect("a death within an hour").expect("a guard")
    }

    /// The tasks of phase `amazon` that are not final, by number.
    async fn open_tasks(&self) -> Vec<OpenTask> {
        self.store.read_ahead(self.key(), Phase::Amazon, TaskNo(0), 1_000).await.expect("the store answers")
    }

    /// Keeps a group as a Recorder of this owner would.
    async fn keep(&self, entries: Vec<Entry>) -> Kept {
        let before = self.store.memory(self.key()).await.expect("the store answers");
        let group = Group { key: self.key(), before, entries, summary: None };
        self.store.keep(&group).await.expect("it can be kept")
    }

    /// Something that becomes exactly one event.
    fn said(&self, words: &str) -> Entry {
        let action = Action::Recovered { error_message: words.to_owned(), items_count: 0 };
        Entry::Said { action, at: self.context.clock.now() }
    }

    /// What the first claim of a task came to.
    fn outcome(&self, task_no: i32, result: PageResult) -> Entry {
        let at = self.context.clock.now();
        let (subject, url, api_params) = (Subject::default(), String::new(), ApiParams::default());
        Entry::Outcome(Outcome {
            job: None,
            raw: None,
            worker: WorkerId(1),
            task_no: TaskNo(task_no),
            phase: Phase::Amazon,
            claim_no: 1,
            request_no: 1,
            page: 1,
            request: Request { subject, url, api_params, attempt: 1, started_at: at },
            at,
            duration_ms: 200,
            cost: COST,
            result,
        })
    }

    /// The receipt of an entry whose keeping is of no matter.
    fn receipt(&self, reply: Reply) -> Receipt {
        Receipt { reply, no: KeptNo { group: 1, index: 0 }, after: Box::new(self.memory.clone()), streak: Vec::new() }
    }
}

/// A category's last page, which holds nothing.
fn last_page() -> PageResult {
    PageResult::Products { rows: Vec::new(), bad_rows: 0, unread_prices: 0, last: true }
}

/// A page that was rejected.
fn rejected(task_no: i32) -> PageResult {
    PageResult::Failed {
        error_type: ErrorType::ApiError,
        error_stage: ErrorStage::Api,
        message: format!("task {task_no} was rejected"),
        rejected: true,
    }
}
