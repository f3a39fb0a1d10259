//! A world in virtual time: the real actors over the memory store and a scripted marketplace.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use actix::{Actor, Addr};
use gleaner::actors::engine::{Attach, Engine, NotObeyed, Obey};
use gleaner::actors::run_context::{MakeProbe, MakeProviders, Probe, Providers};
use gleaner::actors::supervisor::Means;
use gleaner::app::{EngineLine, start_here};
use gleaner::clock::Clock;
use gleaner::domain::ids::{OrgId, RunKey};
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::Category;
use gleaner::scrapers::mocked::{Mocked, Script, Witness};
use gleaner::store::memory::MemoryStore;
use gleaner::store::{Accepted, EngineSession, PgStore, RunStore, StoreError};
use uuid::Uuid;

/// Runs `test` on actix's own kind of runtime with tokio's clock paused.
pub fn in_virtual_time<T>(test: impl Future<Output = T>) -> T {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a tokio runtime")
    };
    actix::System::with_tokio_rt(runtime).block_on(test)
}

/// Panics in the n-th handling of a message by an actor, once.
#[derive(Clone, Default)]
pub struct Killer {
    state: Arc<Mutex<KillerState>>,
}

#[derive(Default)]
struct KillerState {
    targets: Vec<(&'static str, &'static str, u32)>,
    handled: BTreeMap<(&'static str, &'static str), u32>,
    killed: u32,
}

impl Killer {
    pub fn aim(&self, actor: &'static str, message: &'static str, nth: u32) {
        self.state.lock().expect("no panic under it").targets.push((actor, message, nth));
    }

    pub fn killed(&self) -> u32 {
        self.state.lock().expect("no panic under it").killed
    }

    pub fn handled(&self) -> BTreeMap<(&'static str, &'static str), u32> {
        self.state.lock().expect("no panic under it").handled.clone()
    }
}

impl Probe for Killer {
    fn handling(&self, actor: &'static str, message: &'static str) {
        let kills = {
            let mut state = self.state.lock().expect("no panic under it");
            let count = state.handled.entry((actor, message)).or_default();
            *count += 1;
            let now = (actor, message, *count);
            let kills = state.targets.contains(&now);
            state.killed += u32::from(kills);
            kills
        };
        assert!(!kills, "killed on purpose: {actor} at {message}");
    }
}

/// Providers that play a script and are watched.
pub fn playing(script: Arc<Script>, witness: Witness) -> MakeProviders {
    Arc::new(move |_| {
        let mocked = Rc::new(Mocked::new(script.clone(), witness.clone()));
        Providers { best_sellers: mocked.clone(), seller_search: mocked }
    })
}

/// What an engine over any store needs.
pub fn means(store: Arc<dyn RunStore>, clock: Clock, make_providers: MakeProviders, make_probe: MakeProbe) -> Means {
    Means {
        store,
        clock,
        make_providers,
        make_probe,
        hear_engines: Arc::new(|_| {}),
        tell_facts: Arc::new(|_| {}),
        prices: None,
    }
}

/// The actors of one process over the memory store.
pub struct World {
    pub store: MemoryStore,
    pub engine: EngineLine,
    pub witness: Witness,
    pub killer: Killer,
    pub org: OrgId,
}

impl World {
    pub fn new(script: Arc<Script>) -> Self {
        let clock = Clock::seeded(7);
        Self::over(MemoryStore::new(clock.clone()), clock, script, Witness::default(), Killer::default())
    }

    /// A new process over this storage; whoever worked on it before is dead.
    pub fn over(store: MemoryStore, clock: Clock, script: Arc<Script>, witness: Witness, killer: Killer) -> Self {
        store.end_sessions();
        let store = store.of_another_process(clock.clone());
        Self::asking(playing(script, witness.clone()), store, clock, witness, killer)
    }

    /// The same with providers that `witness` is told of.
    pub fn asking(
        make_providers: MakeProviders,
        store: MemoryStore,
        clock: Clock,
        witness: Witness,
        killer: Killer,
    ) -> Self {
        let probing = killer.clone();
        let make_probe: MakeProbe = Arc::new(move || Rc::new(probing.clone()));
        let engine = start_here(means(Arc::new(store.clone()), clock, make_providers, make_probe), 3);
        Self { store, engine, witness, killer, org: OrgId(Uuid::from_u128(1)) }
    }

    pub fn add_run(&self, settings: &RunSettings, categories: &[Category]) -> RunKey {
        self.store.add_run(self.org, "a run", settings, categories)
    }

    pub async fn give(&self, key: RunKey, command: Command) -> Result<Accepted, StoreError> {
        obeyed(self.engine.send(Obey { key, command }).await.expect("the engine lives"))
    }

    /// Gives a command again where the engine died of it; one that was accepted then is not allowed any more.
    pub async fn insist(&self, key: RunKey, command: Command) {
        while let Err(_dead) = self.engine.send(Obey { key, command }).await {
            self.engine.clone().replaced().await;
        }
    }

    pub fn status(&self, key: RunKey) -> RunStatus {
        self.store.run(key).expect("the run").status
    }

    /// Waits until nobody works on the run any more and it is not running.
    pub async fn rest(&self, key: RunKey) -> RunStatus {
        loop {
            let Ok(mut attached) = self.engine.send(Attach { key }).await else {
                self.engine.clone().replaced().await;
                continue;
            };
            let status = self.status(key);
            if attached.stream.is_none() && status != RunStatus::Running {
                return status;
            }
            let wait = tokio::time::timeout(std::time::Duration::from_secs(7 * 86_400), attached.changed.changed());
            // An engine that dies has a successor, of which it is asked again.
            let _ = wait.await.expect("a run comes to rest within a week");
        }
    }

    /// Waits until `requests` requests have been sent.
    pub async fn requests(&self, requests: u32) {
        while self.witness.seen().requests < requests {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    /// Starts the run and waits until it rests.
    pub async fn run_to_rest(&self, key: RunKey) -> RunStatus {
        self.give(key, Command::Start).await.expect("it can be started");
        self.rest(key).await
    }
}

fn obeyed(obeyed: Result<Accepted, NotObeyed>) -> Result<Accepted, StoreError> {
    obeyed.map_err(|error| match error {
        NotObeyed::Store(error) => error,
        NotObeyed::Leaving => panic!("the process is stopping"),
    })
}

/// The runs that are running in storage.
pub async fn under_way(store: &dyn RunStore) -> Vec<RunKey> {
    let survey = store.survey(false, &[]).await.expect("the store answers");
    survey.runs.into_iter().map(|run| run.key).collect()
}

/// The actors of one process over PostgreSQL, in real time, with the session without which they ask for nothing.
pub struct PgWorld {
    store: Arc<dyn RunStore>,
    pub engine: Addr<Engine>,
    _session: EngineSession,
}

impl PgWorld {
    pub async fn new(store: &PgStore, url: &str, script: Arc<Script>) -> Self {
        let session = EngineSession::open(store, url).await.expect("the test database answers");
        let store: Arc<dyn RunStore> = Arc::new(store.clone());
        let make_probe: MakeProbe = Arc::new(|| Rc::new(()));
        let means = means(store.clone(), Clock::system(), playing(script, Witness::default()), make_probe);
        let alive = tokio::sync::mpsc::channel(1).0;
        Self { store, engine: Engine::new(means, 3, alive).start(), _session: session }
    }

    pub async fn give(&self, key: RunKey, command: Command) -> Result<Accepted, StoreError> {
        obeyed(self.engine.send(Obey { key, command }).await.expect("the engine lives"))
    }

    /// Waits until no actor of the run is left.
    pub async fn gone(&self, key: RunKey) {
        loop {
            let mut attached = self.engine.send(Attach { key }).await.expect("the engine lives");
            let running = under_way(self.store.as_ref()).await;
            if attached.stream.is_none() && !running.contains(&key) {
                return;
            }
            let wait = tokio::time::timeout(std::time::Duration::from_secs(60), attached.changed.changed());
            wait.await.expect("a run moves within a minute").expect("the engine lives");
        }
    }
}
