//! The Stream: keeps the last events of a run, fans them out to any number of subscribers, and knows what people see.
//!
//! It learns an event only after the Recorder has kept it. A subscriber that does not read never slows the run or
//! another subscriber: its queue is dropped, and whoever serves it reads the rows instead and subscribes again.

mod board;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, MessageResponse, WrapFuture};
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::actors::guard::Guard;
use crate::actors::line::Line;
use crate::actors::recorder::Summarise;
use crate::actors::run_context::{Fact, RunContext};
use crate::domain::ledger::{Memory, StoredEvent};
use crate::domain::progress::{Progress, WorkerStatus};
use crate::domain::run::{Pause, RunStatus, Wish};
use crate::store::StoreError;
pub use board::About;
use board::Board;

/// Events that were kept just now, and the run row after them.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Publish {
    /// In order, numbered.
    pub events: Vec<StoredEvent>,
    /// The run row.
    pub after: Memory,
    /// Since when the database is away, if it is.
    pub away_since: Option<DateTime<Utc>>,
}

/// What a worker does now.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Doing(pub WorkerStatus);

/// The run's state has changed.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Standing {
    /// Its status.
    pub status: RunStatus,
    /// What was asked of it.
    pub wanted: Wish,
    /// Why it stands still.
    pub pause: Option<Pause>,
}

/// Send me what follows event number `after`.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Subscription")]
pub struct Subscribe {
    /// The newest event that the subscriber has.
    pub after: i64,
}

/// The answer to a subscription.
#[derive(Debug, MessageResponse)]
pub enum Subscription {
    /// The ring does not reach back that far: read the rows first.
    Behind,
    /// Everything after what the subscriber has, then what comes.
    Live {
        /// Events of the ring, in order.
        backlog: Vec<StoredEvent>,
        /// The progress as it is now, as JSON.
        progress: Arc<str>,
        /// What comes. Closed without [`Told::End`] where the subscriber fell behind or the stream is gone.
        feed: mpsc::Receiver<Arc<Told>>,
    },
}

/// One thing told to every subscriber.
#[derive(Debug)]
pub enum Told {
    /// Activity events that were kept together, in order: one message and one wake-up of each subscriber for all of them.
    Activity(Vec<StoredEvent>),
    /// The run's state has changed: `Progress` as JSON.
    Status(Arc<str>),
    /// Counters and workers: `Progress` as JSON, at most four a second.
    Progress(Arc<str>),
    /// The run is final.
    End,
}

/// Say what people see now; `None` while the stream does not know it yet, when the run row does.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<Progress>")]
pub struct Look;

/// Events that a stream keeps in memory.
pub const RING: usize = 100;
/// Messages that wait for one subscriber.
pub const QUEUE: usize = 256;
/// Shortest time between two `progress` messages.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);
/// Shortest time between two summaries in the run row.
const SUMMARY_EVERY: Duration = Duration::from_secs(1);

/// The actor. See the module's documentation.
pub struct Stream {
    context: RunContext,
    recorder: Line<Summarise>,
    guard: Guard,
    board: Board,
    ring: VecDeque<StoredEvent>,
    /// Their queues hold pointers, since each has room for 32 of them from birth.
    subscribers: Vec<mpsc::Sender<Arc<Told>>>,
    progress_due: bool,
    summary_due: bool,
    /// `false` until the run row and the last events are read; whoever asks is sent to the rows meanwhile.
    complete: bool,
}

impl Stream {
    /// A stream for this run; `recorder` writes its summary for people. `memory` is the run row where it is known already.
    #[must_use]
    pub fn new(
        context: RunContext,
        recorder: Line<Summarise>,
        guard: Guard,
        about: About,
        memory: Option<&Memory>,
    ) -> Self {
        let board = Board::new(&context, about, memory);
        Self {
            context,
            recorder,
            guard,
            board,
            ring: VecDeque::with_capacity(RING),
            subscribers: Vec::new(),
            progress_due: false,
            summary_due: false,
            complete: false,
        }
    }

    /// Reads the run row and the last events, so that a stream that takes over from a dead one has what that one had.
    fn fill(&mut self, ctx: &mut Context<Self>) {
        let context = self.context.clone();
        let reading = async move {
            let memory = context.store.memory(context.key).await?;
            let events = context.store.last_events(context.key, i64::try_from(RING).unwrap_or(0)).await?;
            Ok::<_, StoreError>((memory, events))
        };
        ctx.spawn(reading.into_actor(self).map(|read, stream, ctx| match read {
            Ok((memory, events)) => {
                stream.board.catches_up(memory);
                stream.filled(events, ctx);
            }
            Err(_) => drop(ctx.run_later(SUMMARY_EVERY, Stream::fill)),
        }));
    }

    fn filled(&mut self, events: Vec<StoredEvent>, ctx: &mut Context<Self>) {
        let first_live = self.ring.front().map_or(i64::MAX, |event| event.seq);
        for event in events.into_iter().rev().filter(|event| event.seq < first_live) {
            self.ring.push_front(event);
        }
        let whole = self.ring.iter().zip(self.ring.iter().skip(1)).all(|(one, next)| one.seq + 1 == next.seq);
        if !whole || self.newest() < self.board.last_seq() {
            // What came in between is neither read nor published: read again.
            self.ring.clear();
            return self.fill(ctx);
        }
        while self.ring.len() > RING {
            self.ring.pop_front();
        }
        self.complete = true;
    }

    fn newest(&self) -> i64 {
        self.ring.back().map_or(0, |event| event.seq)
    }

    fn tell(&mut self, told: Told) {
        let told = Arc::new(told);
        // A full queue means a reader that does not read: it is let go, and catches up from the rows.
        let tell_facts = &self.context.tell_facts;
        self.subscribers.retain(|subscriber| match subscriber.try_send(told.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                tell_facts(Fact::LetGo);
                false
            }
            Err(TrySendError::Closed(_)) => false,
        });
    }

    fn publish(&mut self, events: Vec<StoredEvent>) {
        let mut fresh = Vec::with_capacity(events.len());
        for event in events {
            let expected = self.newest() + 1;
            let begins = self.ring.is_empty() && !self.complete;
            if event.seq < expected || (event.seq > expected && !begins) {
                continue;
            }
            log::debug!(target: "activity", "{}", event.data);
            fresh.push(event.clone());
            self.ring.push_back(event);
            if self.ring.len() > RING {
                self.ring.pop_front();
            }
        }
        if !fresh.is_empty() {
            self.tell(Told::Activity(fresh));
        }
    }

    /// Where the row knows of events that were never published (the Recorder died in between), they are read back.
    fn read_back(&mut self, last_seq: i64, ctx: &mut Context<Self>) {
        if !self.complete || self.newest() >= last_seq {
            return;
        }
        // Subscribers cannot be told what may be more than the ring holds: they read the rows.
        self.subscribers.clear();
        self.ring.clear();
        self.complete = false;
        self.fill(ctx);
    }

    fn changed(&mut self, ctx: &mut Context<Self>) {
        if !self.progress_due {
            self.progress_due = true;
            ctx.run_later(PROGRESS_EVERY, |stream, _| {
                stream.progress_due = false;
                if !stream.subscribers.is_empty() {
                    let progress = stream.board.json(&stream.context);
                    stream.tell(Told::Progress(progress));
                }
            });
        }
        if !self.summary_due {
            self.summary_due = true;
            ctx.run_later(SUMMARY_EVERY, |stream, ctx| {
                stream.summary_due = false;
                if !stream.complete {
                    return stream.changed(ctx);
                }
                stream.recorder.tell(Summarise(stream.board.summary(&stream.context)));
            });
        }
    }
}

impl Actor for Stream {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.guard.tie(ctx);
        self.fill(ctx);
    }
}

impl Handler<Publish> for Stream {
    type Result = ();

    fn handle(&mut self, publish: Publish, ctx: &mut Self::Context) {
        self.context.probe.handling("stream", "publish");
        let last_seq = publish.after.last_seq;
        self.board.row(&publish.after, publish.away_since);
        self.publish(publish.events);
        self.read_back(last_seq, ctx);
        self.changed(ctx);
    }
}

impl Handler<Doing> for Stream {
    type Result = ();

    fn handle(&mut self, Doing(status): Doing, ctx: &mut Self::Context) {
        self.context.probe.handling("stream", "doing");
        self.board.worker(status);
        self.changed(ctx);
    }
}

impl Handler<Standing> for Stream {
    type Result = ();

    fn handle(&mut self, standing: Standing, _: &mut Self::Context) {
        self.context.probe.handling("stream", "standing");
        let ended = standing.status.is_final();
        self.board.standing(standing, self.context.clock.now());
        let told = Told::Status(self.board.json(&self.context));
        self.tell(told);
        if ended {
            self.tell(Told::End);
        }
    }
}

impl Handler<Subscribe> for Stream {
    type Result = Subscription;

    fn handle(&mut self, subscribe: Subscribe, _: &mut Self::Context) -> Self::Result {
        self.context.probe.handling("stream", "subscribe");
        let oldest = self.ring.front().map_or(1, |event| event.seq);
        let newest = self.newest();
        if !self.complete || subscribe.after + 1 < oldest || subscribe.after > newest {
            return Subscription::Behind;
        }
        let backlog = self.ring.iter().filter(|event| event.seq > subscribe.after).cloned().collect();
        let (sender, feed) = mpsc::channel(QUEUE);
        self.subscribers.push(sender);
        Subscription::Live { backlog, progress: self.board.json(&self.context), feed }
    }
}

impl Handler<Look> for Stream {
    type Result = Option<Progress>;

    fn handle(&mut self, _: Look, _: &mut Self::Context) -> Self::Result {
        self.context.probe.handling("stream", "look");
        self.complete.then(|| self.board.progress(&self.context))
    }
}
