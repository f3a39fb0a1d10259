//! The Supervisor alone: its tree is real, and probes stand where the Engine would.

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use actix::{Actor, Addr};
use gleaner::actors::engine::{Ended, StreamIs, SupervisorDown};
use gleaner::actors::lease::Lease;
use gleaner::actors::run_context::{Fact, MakeProviders, Providers};
use gleaner::actors::supervisor::{Leave, Lines, Means, Supervisor, Wanted};
use gleaner::actors::watch;
use gleaner::clock::Clock;
use gleaner::domain::ids::{OrgId, RunKey};
use gleaner::domain::run::{Command, RunStatus, Wish};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::{Mocked, Witness};
use gleaner::store::RunStore;
use gleaner::store::memory::MemoryStore;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::far_end::FarEnd;
use super::{HOUR, LATENCY};
use crate::support::invariants;
use crate::support::market::Market;
use crate::support::world::{Killer, in_virtual_time};

struct Alone {
    store: MemoryStore,
    key: RunKey,
    clock: Clock,
    witness: Witness,
    killer: Killer,
    /// What operators would count.
    facts: Arc<Mutex<Vec<Fact>>>,
    down: FarEnd<SupervisorDown>,
    stream_is: FarEnd<StreamIs>,
    ended: FarEnd<Ended>,
    lifeline: watch::Sender<()>,
}

impl Alone {
    /// A pending run over a small market in which nothing is wrong, and an Engine's ears.
    fn new() -> Self {
        let clock = Clock::seeded(7);
        let store = MemoryStore::new(clock.clone());
        let org = OrgId(Uuid::from_u128(1));
        let key = store.add_run(org, "a run", &RunSettings::default(), &Market::small().chosen());
        let (down, stream_is) = (FarEnd::answering(|_: &SupervisorDown| ()), FarEnd::answering(|_: &StreamIs| ()));
        let ended = FarEnd::answering(|_: &Ended| ());
        let (witness, killer, lifeline) = (Witness::default(), Killer::default(), watch::Sender::new(()));
        let facts = Arc::default();
        Self { store, key, clock, witness, killer, facts, down, stream_is, ended, lifeline }
    }

    /// The same with its run started.
    async fn started() -> Self {
        let alone = Self::new();
        alone.store.command(alone.key, Command::Start, 3).await.expect("it can be started");
        alone
    }

    /// A supervisor of the run; the receiver is closed when its last actor is gone.
    fn supervise(&self, recovery: Option<&str>) -> (Addr<Supervisor>, mpsc::Receiver<()>) {
        let watching = self.witness.clone();
        let make_providers: MakeProviders = Arc::new(move |_| {
            let mocked = Rc::new(Mocked::new(Market::small().script(LATENCY), watching.clone()));
            Providers { best_sellers: mocked.clone(), seller_search: mocked }
        });
        let (probing, told) = (self.killer.clone(), self.facts.clone());
        let means = Means {
            store: Arc::new(self.store.clone()),
            clock: self.clock.clone(),
            make_providers,
            make_probe: Arc::new(move || Rc::new(probing.clone())),
            hear_engines: Arc::new(|_| {}),
            tell_facts: Arc::new(move |fact| told.lock().expect("no panic while held").push(fact)),
            prices: None,
        };
        let lines = Lines {
            down: self.down.recipient(),
            stream_is: self.stream_is.recipient(),
            ended: self.ended.recipient(),
            lifeline: self.lifeline.subscribe(),
        };
        let (alive, gone) = mpsc::channel(1);
        // Without an Engine that beats, it holds throughout.
        let lease = Lease::since(Some(tokio::time::Instant::now() + 24 * HOUR));
        (Supervisor::new(self.key, means, lines, alive.into(), lease, recovery.map(str::to_owned), None).start(), gone)
    }

    async fn requests(&self, requests: u32) {
        let asking = async {
            while self.witness.seen().requests < requests {
                sleep(LATENCY / 10).await;
            }
        };
        timeout(HOUR, asking).await.expect("so many requests within an hour");
    }

    /// The run's work has ended like this: it is said once, then the supervisor stops and nobody is left.
    async fn ends(&mut self, status: Option<RunStatus>, mut gone: mpsc::Receiver<()>) {
        let ended = self.ended.next().await;
        assert_eq!((ended.key, ended.status), (self.key, status));
        let down = self.down.next().await;
        assert_eq!((down.key, down.cause.as_str()), (self.key, "it stopped"));
        assert_eq!(timeout(HOUR, gone.recv()).await, Ok(None), "somebody is left");
        self.ended.hears_nothing_for(HOUR).await;
        self.down.hears_nothing_for(HOUR).await;
    }

    fn said(&self, words: &str) -> usize {
        self.store.events(self.key).iter().filter(|event| event.data.contains(words)).count()
    }
}

#[test]
fn a_run_that_is_not_running_ends_at_once_and_is_left_as_it_is() {
    in_virtual_time(async {
        let mut alone = Alone::new();
        let (_supervisor, gone) = alone.supervise(None);
        alone.ends(Some(RunStatus::Pending), gone).await;
        assert_eq!(alone.stream_is.so_far().len(), 0);
        assert_eq!((alone.witness.seen().requests, alone.store.events(alone.key).len()), (0, 0));
    });
}

#[test]
fn a_run_that_it_takes_over_is_completed_and_its_end_is_said_once() {
    in_virtual_time(async {
        let mut alone = Alone::started().await;
        let (_supervisor, gone) = alone.supervise(Some("taken over from a process that is gone"));
        assert_eq!(alone.stream_is.next().await.key, alone.key);
        alone.ends(Some(RunStatus::Completed), gone).await;
        assert_eq!(alone.store.run(alone.key).expect("the run").status, RunStatus::Completed);
        assert_eq!(alone.said("taken over from a process that is gone"), 1);
        assert_eq!(alone.store.sellers(alone.key.org).len(), Market::small().truth().len());
        invariants::hold_at_rest(&alone.store, alone.key, &alone.witness.seen());
    });
}

#[test]
fn a_fence_that_somebody_else_raised_ends_its_tree_and_not_the_run() {
    in_virtual_time(async {
        let mut alone = Alone::started().await;
        let (_supervisor, mut gone) = alone.supervise(None);
        alone.requests(10).await;
        alone.store.take_over(alone.key, None).await.expect("somebody else takes the run over");
        let down = alone.down.next().await;
        assert_eq!((down.key, down.cause.as_str()), (alone.key, "another owner follows"));
        assert_eq!(timeout(HOUR, gone.recv()).await, Ok(None), "somebody is left");
        assert_eq!(alone.store.run(alone.key).expect("the run").status, RunStatus::Running);
        assert_eq!(alone.witness.seen().on_wire.len(), 0, "a request outlived its tree");
        alone.ended.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn its_own_death_reaches_the_engine_and_ends_its_tree() {
    in_virtual_time(async {
        let mut alone = Alone::started().await;
        alone.killer.aim("supervisor", "standstill", 1);
        let (supervisor, mut gone) = alone.supervise(None);
        let down = alone.down.next().await;
        assert_eq!(down.key, alone.key);
        assert!(down.cause.contains("panic"), "{}", down.cause);
        assert!(!supervisor.connected());
        assert_eq!(timeout(HOUR, gone.recv()).await, Ok(None), "somebody is left");
        assert_eq!(alone.store.run(alone.key).expect("the run").status, RunStatus::Running);
        alone.ended.hears_nothing_for(HOUR).await;
        // Another one takes over where it stood.
        let (_supervisor, gone) = alone.supervise(Some("the supervisor died"));
        alone.ends(Some(RunStatus::Completed), gone).await;
        assert!(alone.witness.seen().asked.values().all(|times| *times == 1), "a kept page was asked for again");
    });
}

#[test]
fn a_wish_is_brought_about_and_the_end_says_which() {
    for (command, wish, ends) in
        [(Command::Pause, Wish::Pause, RunStatus::Paused), (Command::Cancel, Wish::Cancel, RunStatus::Cancelled)]
    {
        in_virtual_time(async {
            let mut alone = Alone::started().await;
            let (supervisor, gone) = alone.supervise(None);
            alone.requests(10).await;
            alone.store.command(alone.key, command, 3).await.expect("it can be given");
            let at_close = alone.witness.seen().requests;
            supervisor.do_send(Wanted { wish, repeated: false });
            alone.ends(Some(ends), gone).await;
            assert_eq!(alone.witness.seen().requests, at_close, "a request started after the wish");
            invariants::hold_at_rest(&alone.store, alone.key, &alone.witness.seen());
        });
    }
}

#[test]
fn told_to_leave_it_lets_the_run_stay_as_it_is_for_the_next() {
    in_virtual_time(async {
        let mut alone = Alone::started().await;
        let (supervisor, gone) = alone.supervise(None);
        alone.requests(10).await;
        supervisor.do_send(Leave);
        alone.ends(None, gone).await;
        let row = alone.store.run(alone.key).expect("the run");
        assert_eq!((row.status, row.wanted), (RunStatus::Running, Wish::Run));
        assert_eq!(row.counters.requests_made, i64::from(alone.witness.seen().requests), "what was paid for is kept");
    });
}

#[test]
fn a_stream_that_is_replaced_is_told_to_the_engine() {
    in_virtual_time(async {
        let mut alone = Alone::started().await;
        alone.killer.aim("stream", "publish", 5);
        let (_supervisor, gone) = alone.supervise(None);
        let (first, second) = (alone.stream_is.next().await.stream, alone.stream_is.next().await.stream);
        assert!(first != second && !first.connected(), "the old stream is still told of");
        alone.ends(Some(RunStatus::Completed), gone).await;
        assert_eq!(alone.said("the stream died"), 1);
        assert_eq!(*alone.facts.lock().expect("no panic while held"), [Fact::Replaced("stream")]);
    });
}

#[test]
fn while_the_store_is_away_it_waits_and_takes_over_when_it_is_back() {
    in_virtual_time(async {
        let mut alone = Alone::started().await;
        alone.store.set_away(true);
        let (_supervisor, gone) = alone.supervise(None);
        alone.stream_is.hears_nothing_for(HOUR).await;
        alone.store.set_away(false);
        alone.stream_is.next().await;
        alone.ends(Some(RunStatus::Completed), gone).await;
    });
}
