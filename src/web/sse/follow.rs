//! The life of one subscriber: stored events, then the live feed, and waiting while the run stands still.
//!
//! ```text
//!            +-------- behind: more stored events --------+
//!            v                                            |
//!   Look ----+--> live stream there? --> subscribe -------+--> Live -- feed closed, or a gap --> Look
//!    ^       +--> none: stored events, then the run row --+--> final: `end`, Over
//!    |                                                    +--> else: Waiting -- the bell rings --> Look
//!    +------------------ 1 s -- Trouble <-- database or engine away
//! ```
//! One number leads through it all: an event is sent if and only if it is the one after the last that was sent. So
//! nothing is missed and nothing is doubled, whatever the source repeats or drops. Pulled by the connection: a client
//! that does not read holds no more than its own bounded feed, which the stream closes when it is full.

use std::collections::VecDeque;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::alarm::Alarm;
use super::frame::Frame;
use super::source::{ActivitySource, Snapshot};
use crate::domain::ledger::StoredEvent;
use crate::domain::progress::Progress;
use crate::domain::run::RunStatus;
use crate::store::StoreError;
use crate::web::engine::{Gone, Subscription, Told};

/// Silence after which a comment is sent.
pub const KEEPALIVE: Duration = Duration::from_secs(15);
/// Shortest time between two `progress` events: at most four a second.
pub const PROGRESS_GAP: Duration = Duration::from_millis(250);
/// Stored events that are read at one time.
const PAGE_EVENTS: i64 = 256;
/// Frames that a subscriber without a backlog has room for.
const READY_KEPT: usize = 4;
/// Wait before a source that does not answer is asked again.
const TROUBLE_WAIT: Duration = Duration::from_secs(1);

enum Stage {
    Look,
    Live(mpsc::Receiver<Arc<Told>>),
    Waiting(watch::Receiver<u64>),
    Trouble(Instant),
    Over,
}

enum Woken {
    Told(Arc<Told>),
    FeedClosed,
    Bell(Result<(), watch::error::RecvError>),
    /// The moment has come that was waited for.
    Due,
    Stop,
}

/// What the database says where there is no live stream.
enum Rest {
    /// There were more stored events.
    More,
    /// Everything is sent, and the run stands still.
    Still,
    /// Everything is sent, and the run is final.
    Ended,
}

/// Why a look did not lead on.
enum Halt {
    /// Somebody is away: look again in a moment.
    Trouble,
    /// There is nothing to look at any more.
    Over,
}

impl From<Gone> for Halt {
    fn from(_: Gone) -> Self {
        Self::Trouble
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away(_) => Self::Trouble,
            StoreError::NotFound => Self::Over,
            other => {
                log::error!("a live stream ends early: {other}");
                Self::Over
            }
        }
    }
}

/// One subscriber.
pub struct Follow<S> {
    source: S,
    stage: Stage,
    /// Frames to hand out before anything else is asked for.
    ready: VecDeque<Frame>,
    /// The newest event that was put into `ready`.
    sent: i64,
    /// The standing that the subscriber knows, as JSON with its fields in one order.
    told: String,
    /// The newest progress that is not sent yet, and when it may be.
    progress: Option<Arc<str>>,
    progress_due: Instant,
    /// When the last of `ready` was handed out.
    silent_since: Instant,
    alarm: Alarm,
    /// Ends when the server stops; one future for the whole life, since each one enters itself in a list.
    stop: Pin<Box<dyn Future<Output = ()>>>,
}

impl<S: ActivitySource> Follow<S> {
    /// A subscriber that has every event up to `after`, of a run that stands as `snapshot` says. `live` is the progress
    /// from memory where actors work. When `stop` turns true the stream ends, so that the server can.
    pub fn new(
        source: S,
        after: i64,
        snapshot: &Snapshot,
        live: Option<&Progress>,
        mut stop: watch::Receiver<bool>,
    ) -> Self {
        let connected = snapshot.connected_text(live.unwrap_or(&snapshot.progress));
        let now = Instant::now();
        Self {
            source,
            stage: Stage::Look,
            ready: VecDeque::from([Frame::Connected(connected)]),
            sent: after,
            told: in_order(&snapshot.status_text()),
            progress: None,
            progress_due: now + PROGRESS_GAP,
            silent_since: now,
            alarm: Alarm::new(now + KEEPALIVE),
            stop: Box::pin(async move { drop(stop.wait_for(|stop| *stop).await) }),
        }
    }

    /// Everything that this subscriber is sent, in order.
    pub fn frames(self) -> impl Stream<Item = Frame> {
        // Boxed, since it is handed on with every frame.
        futures_util::stream::unfold(Box::new(self), |mut follow| async move {
            let frame = follow.next().await?;
            Some((frame, follow))
        })
    }

    /// The next frame; `None` when the stream is over.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                if self.ready.is_empty() {
                    self.silent_since = Instant::now();
                    // A backlog is long once; the room for it is not kept for the hours that follow.
                    self.ready.shrink_to(READY_KEPT);
                }
                return Some(frame);
            }
            if let Some(text) = self.progress.take_if(|_| Instant::now() >= self.progress_due) {
                self.send_progress(text);
                continue;
            }
            match self.stage {
                Stage::Over => return None,
                Stage::Look => self.look().await,
                Stage::Live(_) | Stage::Waiting(_) | Stage::Trouble(_) => {
                    let woken = self.wait().await;
                    self.wake(woken).await;
                }
            }
        }
    }

    /// The only place where time passes without the source being asked; nothing is lost when it is dropped.
    async fn wait(&mut self) -> Woken {
        let due = self.due();
        let stage = &mut self.stage;
        let what_stage_waits_for = async {
            match stage {
                Stage::Live(feed) => feed.recv().await.map_or(Woken::FeedClosed, Woken::Told),
                Stage::Waiting(bell) => Woken::Bell(bell.changed().await),
                Stage::Trouble(_) | Stage::Look | Stage::Over => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = &mut self.stop => Woken::Stop,
            woken = what_stage_waits_for => woken,
            () = self.alarm.ring(due) => Woken::Due,
        }
    }

    /// The next moment at which something is to be done though nothing was told.
    fn due(&self) -> Instant {
        let progress = self.progress.as_ref().map(|_| self.progress_due);
        let look = if let Stage::Trouble(until) = self.stage { Some(until) } else { None };
        [progress, look].into_iter().flatten().fold(self.silent_since + KEEPALIVE, Ord::min)
    }

    async fn wake(&mut self, woken: Woken) {
        match woken {
            Woken::Told(told) => self.hear(&told).await,
            Woken::FeedClosed | Woken::Bell(Ok(())) => self.stage = Stage::Look,
            Woken::Bell(Err(_)) => self.stage = trouble(),
            Woken::Due => self.time_has_come(),
            Woken::Stop => self.stage = Stage::Over,
        }
    }

    /// Progress that is due is sent by [`Self::next`].
    fn time_has_come(&mut self) {
        let now = Instant::now();
        if now >= self.silent_since + KEEPALIVE {
            self.ready.push_back(Frame::KeepAlive);
        }
        if let Stage::Trouble(until) = self.stage
            && now >= until
        {
            self.stage = Stage::Look;
        }
    }

    async fn hear(&mut self, told: &Told) {
        match told {
            Told::Activity(events) => {
                if !events.iter().all(|event| self.take(event)) {
                    self.stage = Stage::Look;
                }
            }
            Told::Status(text) => self.hear_standing(text.clone()),
            Told::Progress(text) => self.progress = Some(text.clone()),
            Told::End => {
                // Whether it is really the end is for the row to say: the run may have been opened again since.
                self.stage = match self.rest().await {
                    Ok(Rest::More) => Stage::Look,
                    Ok(Rest::Still) | Err(Halt::Trouble) => trouble(),
                    Ok(Rest::Ended) | Err(Halt::Over) => Stage::Over,
                };
            }
        }
    }

    async fn look(&mut self) {
        self.stage = match self.look_around().await {
            Ok(stage) => stage,
            Err(Halt::Trouble) => trouble(),
            Err(Halt::Over) => Stage::Over,
        };
    }

    async fn look_around(&mut self) -> Result<Stage, Halt> {
        let attached = self.source.attach().await?;
        let Some(live) = attached.live else {
            // The bell was taken before the row is read: what happens in between rings it.
            return Ok(match self.rest().await? {
                Rest::More => Stage::Look,
                Rest::Still => Stage::Waiting(attached.changed),
                Rest::Ended => Stage::Over,
            });
        };
        match live.subscribe(self.sent).await? {
            Subscription::Behind => {
                if self.read_stored().await? {
                    Ok(Stage::Look)
                } else {
                    Err(Halt::Trouble)
                }
            }
            Subscription::Live { backlog, progress, feed } => {
                if !backlog.iter().all(|event| self.take(event)) {
                    return Err(Halt::Trouble);
                }
                self.progress = Some(progress);
                let snapshot = self.source.standing().await?;
                self.tell_standing(&snapshot);
                Ok(Stage::Live(feed))
            }
        }
    }

    async fn rest(&mut self) -> Result<Rest, Halt> {
        if self.read_stored().await? {
            return Ok(Rest::More);
        }
        let snapshot = self.source.standing().await?;
        if snapshot.last_seq() > self.sent && self.read_stored().await? {
            return Ok(Rest::More);
        }
        self.tell_standing(&snapshot);
        if !snapshot.is_final() {
            return Ok(Rest::Still);
        }
        if let Some(text) = self.progress.take() {
            sleep_until(self.progress_due).await;
            self.send_progress(text);
        }
        self.ready.push_back(Frame::End(snapshot.end_text()));
        Ok(Rest::Ended)
    }

    /// Reads one page of stored events; false where there is none.
    async fn read_stored(&mut self) -> Result<bool, Halt> {
        let events = self.source.events_after(self.sent, PAGE_EVENTS).await?;
        let any = !events.is_empty();
        for event in events {
            self.sent = event.seq;
            self.ready.push_back(Frame::Activity(event));
        }
        Ok(any)
    }

    /// Takes an event of the live stream; false where one is missing before it.
    fn take(&mut self, event: &StoredEvent) -> bool {
        if event.seq == self.sent + 1 {
            self.sent = event.seq;
            self.ready.push_back(Frame::Activity(event.clone()));
        }
        event.seq <= self.sent
    }

    /// Tells the standing where the subscriber knows another one, with the counters that belong to it.
    fn tell_standing(&mut self, snapshot: &Snapshot) {
        let text = snapshot.status_text();
        let standing = in_order(&text);
        if standing != self.told {
            self.told = standing;
            self.progress = Some(snapshot.progress_text());
            self.ready.push_back(Frame::Status(text));
        }
    }

    /// Hears of a standing from the live stream, which tells it inside the whole progress. Why a run failed stands in
    /// its row alone, so that this standing is told when the row is read at the end.
    fn hear_standing(&mut self, progress: Arc<str>) {
        let all = value(&progress);
        self.progress = Some(progress);
        let of = |name: &str| all.get(name).cloned().unwrap_or_default();
        let [status, state, wanted, pause] = ["status", "state", "wanted", "pause"].map(of);
        let failed = status == RunStatus::Failed.as_str();
        let standing =
            json!({"status": status, "state": state, "wanted": wanted, "pause": pause, "fail": null}).to_string();
        if !failed && standing != self.told {
            self.ready.push_back(Frame::Status(standing.as_str().into()));
            self.told = standing;
        }
    }

    fn send_progress(&mut self, text: Arc<str>) {
        self.progress_due = Instant::now() + PROGRESS_GAP;
        self.ready.push_back(Frame::Progress(text));
    }
}

fn trouble() -> Stage {
    Stage::Trouble(Instant::now() + TROUBLE_WAIT)
}

/// A standing to compare: two writers may order its fields differently. A text is kept, since a tree takes ten times the
/// room.
fn in_order(text: &str) -> String {
    value(text).to_string()
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
