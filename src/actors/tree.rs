//! The tree of a run: every child is built here, with its name, its edges and its guard.
//!
//! ```text
//! Supervisor
//! |- Recorder         Tell, Hand, Flush, Summarise   -> Stream (Publish), Supervisor (FenceLost)
//! |- Stream           Publish, Doing, Standing       -> Recorder (Summarise), subscribers
//! |- FailureCounter   Report, NewPhase               -> Supervisor (Tripped)
//! |- Coordinator      Pull, Begin, Hold, WorkerDied  -> Recorder (Hand, Tell, Flush), Supervisor (Standstill)
//! `- Worker 1..n      SayWhatYouHold, SayWhatYouDo   -> Coordinator (Pull), Recorder (Tell, Hand),
//!                                                       FailureCounter (Report), Stream (Doing)
//! ```
//! Children are restarted one for one: each can rebuild itself from rows and from what its neighbours say, so none
//! takes a neighbour with it. The tree lives as long as its supervisor, which holds its lifeline.

use std::collections::BTreeMap;

use actix::{Actor, Addr};

use crate::actors::coordinator::{
    Begin, Coordinator, Hold, Lines as CoordinatorLines, Mode, Pull, Standstill, WorkerDied,
};
use crate::actors::failure_counter::{FailureCounter, NewPhase, Report, Tripped};
use crate::actors::guard::{Alive, Child, Down, Guard};
use crate::actors::line::{Line, Socket};
use crate::actors::recorder::{FenceLost, Flush, Hand, Recorder, Start, Summarise, Tell};
use crate::actors::run_context::RunContext;
use crate::actors::stream::{About, Doing, Publish, Standing, Stream};
use crate::actors::supervisor::Supervisor;
use crate::actors::watch;
use crate::actors::worker::{Lines as WorkerLines, SayWhatYouDo, Worker};
use crate::domain::event::Action;
use crate::domain::ids::WorkerId;
use crate::domain::ledger::{Entry, Memory};
use crate::domain::task::Phase;

/// The children of a run and the edges between them.
pub struct Tree {
    context: RunContext,
    about: About,
    supervisor: Addr<Supervisor>,
    lifeline: watch::Sender<()>,
    alive: Alive,
    sockets: Sockets,
    recorder: Addr<Recorder>,
    stream: Addr<Stream>,
    counter: Addr<FailureCounter>,
    coordinator: Addr<Coordinator>,
    workers: BTreeMap<WorkerId, Place>,
    mode: Mode,
}

/// A worker's place, which outlives its workers.
struct Place {
    worker: Addr<Worker>,
    restarts: u32,
}

/// The edges: each says who is at its far end now.
#[derive(Default)]
struct Sockets {
    tell: Socket<Tell>,
    hand: Socket<Hand>,
    flush: Socket<Flush>,
    summarise: Socket<Summarise>,
    publish: Socket<Publish>,
    doing: Socket<Doing>,
    report: Socket<Report>,
    pull: Socket<Pull>,
    tripped: Socket<Tripped>,
    standstill: Socket<Standstill>,
    fence_lost: Socket<FenceLost>,
}

/// How a child is told apart from its siblings at birth.
struct Nursery<'a> {
    context: &'a RunContext,
    supervisor: &'a Addr<Supervisor>,
    lifeline: &'a watch::Sender<()>,
    alive: &'a Alive,
    sockets: &'a Sockets,
}

impl Nursery<'_> {
    fn guard(&self, child: Child) -> Guard {
        let supervisor = self.supervisor.clone();
        let report = move |cause| supervisor.do_send(Down { child, cause });
        Guard::new(report, self.lifeline.subscribe(), self.alive.clone())
    }

    fn recorder(&self, start: Start) -> Addr<Recorder> {
        let (publish, lost) = (self.sockets.publish.line(), self.sockets.fence_lost.line());
        let recorder = Recorder::new(self.context.clone(), publish, lost, self.guard(Child::Recorder), start).start();
        self.sockets.tell.plug(&recorder);
        self.sockets.hand.plug(&recorder);
        self.sockets.flush.plug(&recorder);
        self.sockets.summarise.plug(&recorder);
        recorder
    }

    fn stream(&self, about: About, memory: Option<&Memory>) -> Addr<Stream> {
        let (summarise, guard) = (self.sockets.summarise.line(), self.guard(Child::Stream));
        let stream = Stream::new(self.context.clone(), summarise, guard, about, memory).start();
        self.sockets.publish.plug(&stream);
        self.sockets.doing.plug(&stream);
        stream
    }

    fn counter(&self, memory: Option<&Memory>) -> Addr<FailureCounter> {
        let (tripped, guard) = (self.sockets.tripped.line(), self.guard(Child::FailureCounter));
        let counter = FailureCounter::new(self.context.clone(), tripped, guard, memory).start();
        self.sockets.report.plug(&counter);
        counter
    }

    fn coordinator(&self, mode: Mode, workers: &BTreeMap<WorkerId, Place>) -> Addr<Coordinator> {
        let lines = CoordinatorLines {
            hand: self.sockets.hand.line(),
            tell: self.sockets.tell.line(),
            flush: self.sockets.flush.line(),
            supervisor: self.sockets.standstill.line(),
        };
        let workers = workers.iter().map(|(id, place)| (*id, place.worker.clone().recipient())).collect();
        let guard = self.guard(Child::Coordinator);
        let coordinator = Coordinator::new(self.context.clone(), lines, guard, mode, workers).start();
        self.sockets.pull.plug(&coordinator);
        coordinator
    }

    fn worker(&self, id: WorkerId, restarts: u32) -> Place {
        let lines = WorkerLines {
            coordinator: self.sockets.pull.line(),
            counter: self.sockets.report.line(),
            tell: self.sockets.tell.line(),
            hand: self.sockets.hand.line(),
            stream: self.sockets.doing.line(),
        };
        let guard = self.guard(Child::Worker(id));
        Place { worker: Worker::new(id, restarts, self.context.clone(), lines, guard).start(), restarts }
    }
}

impl Tree {
    /// Grows the whole tree of a run that was just taken over: readers before writers, workers last.
    #[must_use]
    pub fn grow(context: RunContext, about: About, memory: Memory, supervisor: Addr<Supervisor>, alive: Alive) -> Self {
        let (sockets, lifeline) = (Sockets::default(), watch::Sender::new(()));
        sockets.tripped.plug(&supervisor);
        sockets.standstill.plug(&supervisor);
        sockets.fence_lost.plug(&supervisor);
        let nursery = Nursery {
            context: &context,
            supervisor: &supervisor,
            lifeline: &lifeline,
            alive: &alive,
            sockets: &sockets,
        };
        let stream = nursery.stream(about.clone(), Some(&memory));
        let counter = nursery.counter(Some(&memory));
        let recorder = nursery.recorder(Start::TakenOver(Box::new(memory)));
        let mode = Mode::Waiting;
        let coordinator = nursery.coordinator(mode, &BTreeMap::new());
        let places = 1..=context.settings.workers;
        let workers = places.map(|id| (WorkerId(id), nursery.worker(WorkerId(id), 0))).collect();
        Self {
            context,
            about,
            supervisor,
            lifeline,
            alive,
            sockets,
            recorder,
            stream,
            counter,
            coordinator,
            workers,
            mode,
        }
    }

    fn nursery(&self) -> Nursery<'_> {
        Nursery {
            context: &self.context,
            supervisor: &self.supervisor,
            lifeline: &self.lifeline,
            alive: &self.alive,
            sockets: &self.sockets,
        }
    }

    /// Puts a new child in the place of a dead one and wires it up.
    pub fn regrow(&mut self, down: &Down) {
        match down.child {
            Child::Recorder => {
                self.recorder = self.nursery().recorder(Start::After(self.context.fence.get()));
            }
            Child::Stream => {
                self.stream = self.nursery().stream(self.about.clone(), None);
                for place in self.workers.values() {
                    place.worker.do_send(SayWhatYouDo);
                }
            }
            Child::FailureCounter => self.counter = self.nursery().counter(None),
            Child::Coordinator => self.coordinator = self.nursery().coordinator(self.mode, &self.workers),
            Child::Worker(id) => {
                // First the claim, then the new worker: its first pull must find the old claim gone.
                self.coordinator.do_send(WorkerDied { worker: id, cause: down.cause.clone() });
                let restarts = self.workers.get(&id).map_or(1, |place| place.restarts + 1);
                let place = self.nursery().worker(id, restarts);
                self.workers.insert(id, place);
            }
        }
        if !matches!(down.child, Child::Worker(_)) {
            let error_message = format!("the {} died ({}) and was replaced", down.child, down.cause);
            self.say(Action::Recovered { error_message, items_count: 0 });
        }
    }

    /// Tells the feed something that has no other effect.
    pub fn say(&self, action: Action) {
        self.recorder.do_send(Tell(Entry::Said { action, at: self.context.clock.now() }));
    }

    /// The run has come to this phase: the streak starts at 0, and its tasks are handed out.
    pub fn enter(&mut self, phase: Phase) {
        self.counter.do_send(NewPhase);
        self.begin(phase);
    }

    /// From now on tasks of this phase are handed out; a streak that a take-over found goes on.
    pub fn begin(&mut self, phase: Phase) {
        self.mode = Mode::Working(phase);
        self.coordinator.do_send(Begin(phase));
    }

    /// The run has looked enough: whatever waits is handed out.
    pub fn go_on(&self) {
        if let Mode::Working(phase) = self.mode {
            self.coordinator.do_send(Begin(phase));
        }
    }

    /// From now on nothing is handed out; the Coordinator says when no worker holds a task.
    pub fn hold(&mut self) {
        self.mode = Mode::Holding;
        self.coordinator.do_send(Hold);
    }

    /// Tells the stream what the run's state is; a new stream is told the same.
    pub fn stands(&mut self, standing: Standing) {
        self.about.standing = standing.clone();
        self.stream.do_send(standing);
    }

    /// What is drawn of the month's budget and not sent goes back: nobody works any more.
    pub fn gives_back(&self) -> impl Future<Output = ()> + use<> {
        let context = self.context.clone();
        async move { context.budget.give_back(&context).await }
    }

    /// The line to the Recorder, for what must be kept.
    #[must_use]
    pub fn hand(&self) -> Line<Hand> {
        self.sockets.hand.line()
    }

    /// The line to the Recorder, for what is told.
    #[must_use]
    pub fn tell(&self) -> Line<Tell> {
        self.sockets.tell.line()
    }

    /// The line to the Recorder, for waiting until all before is kept.
    #[must_use]
    pub fn flush(&self) -> Line<Flush> {
        self.sockets.flush.line()
    }

    /// The stream that is live now.
    #[must_use]
    pub fn stream(&self) -> Addr<Stream> {
        self.stream.clone()
    }
}
