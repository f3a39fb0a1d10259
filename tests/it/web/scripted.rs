//! A run that a test moves by hand, behind the seams that the web asks: its row, its events, its live stream.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use gleaner::domain::counters::Counters;
use gleaner::domain::ids::RunId;
use gleaner::domain::ledger::StoredEvent;
use gleaner::domain::progress::{Progress, state_word};
use gleaner::domain::run::{RunStatus, Wish};
use gleaner::domain::spend::SpendView;
use gleaner::domain::task::Phase;
use gleaner::store::StoreError;
use gleaner::web::engine::{Attached, Gone, Live, Subscription, Told};
use gleaner::web::sse::{ActivitySource, Snapshot};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

/// Events that a scripted live stream remembers.
const RING: i64 = 100;
/// Room of a subscriber's feed.
const FEED: usize = 256;

/// A run that a test moves by hand; clones are the same run.
#[derive(Clone)]
pub struct Script {
    run: Arc<Mutex<Run>>,
    bell: watch::Sender<u64>,
}

struct Run {
    status: RunStatus,
    wanted: Wish,
    events: Vec<StoredEvent>,
    /// Feeds of the live stream; `None` while no actors work.
    live: Option<Vec<mpsc::Sender<Arc<Told>>>>,
    away: bool,
    reads: u32,
    subscriptions: u32,
}

pub fn at() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_767_225_600_000).expect("a time")
}

pub fn event(seq: i64) -> StoredEvent {
    StoredEvent { seq, data: format!("{{\"seq\":{seq}}}").into() }
}

impl Script {
    /// A run in this status with that many stored events; its actors work where it is running.
    pub fn new(status: RunStatus, events: i64) -> Self {
        let live = (status == RunStatus::Running).then(Vec::new);
        let events = (1..=events).map(event).collect();
        let run = Run { status, wanted: Wish::Run, events, live, away: false, reads: 0, subscriptions: 0 };
        Self { run: Arc::new(Mutex::new(run)), bell: watch::channel(0).0 }
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().expect("no test panics under it")
    }

    fn tell(&self, told: Told) {
        let told = Arc::new(told);
        if let Some(feeds) = &mut self.run().live {
            // A full feed is closed, as the stream does.
            feeds.retain(|feed| feed.try_send(told.clone()).is_ok());
        }
    }

    fn ring(&self) {
        self.bell.send_modify(|count| *count += 1);
    }

    /// Keeps the next event and tells it.
    pub fn happen(&self) -> i64 {
        let event = {
            let mut run = self.run();
            let event = event(run.events.len() as i64 + 1);
            run.events.push(event.clone());
            event
        };
        let seq = event.seq;
        self.tell(Told::Activity(vec![event]));
        seq
    }

    /// Tells something that is not an event.
    pub fn say(&self, told: Told) {
        self.tell(told);
    }

    /// Tells an event without keeping it: what a faulty stream might do.
    pub fn say_event(&self, seq: i64) {
        self.tell(Told::Activity(vec![event(seq)]));
    }

    /// The actors end with this status; `End` is told where it is final.
    pub fn close(&self, status: RunStatus) {
        self.run().status = status;
        self.say(Told::Status(self.snapshot().progress_text()));
        if status.is_final() {
            self.tell(Told::End);
        }
        self.run().live = None;
        self.ring();
    }

    /// The actors begin.
    pub fn open(&self) {
        let mut run = self.run();
        run.status = RunStatus::Running;
        run.live = Some(Vec::new());
        drop(run);
        self.ring();
    }

    /// The stream actor dies and a new one takes its place.
    pub fn restart_stream(&self) {
        self.run().live = Some(Vec::new());
    }

    /// The row takes a status without actors.
    pub fn set_status(&self, status: RunStatus) {
        self.run().status = status;
        self.ring();
    }

    pub fn set_away(&self, away: bool) {
        self.run().away = away;
    }

    /// How often events were read from storage.
    pub fn reads(&self) -> u32 {
        self.run().reads
    }

    /// How often somebody subscribed to the live stream.
    pub fn subscriptions(&self) -> u32 {
        self.run().subscriptions
    }

    pub fn snapshot(&self) -> Snapshot {
        let run = self.run();
        Snapshot { progress: progress(run.status, run.wanted, run.events.len() as i64), fail: None }
    }
}

pub fn progress(status: RunStatus, wanted: Wish, last_event_id: i64) -> Progress {
    Progress {
        run_id: RunId(Uuid::nil()),
        name: "Lamps".into(),
        status,
        wanted,
        state: state_word(status, wanted),
        phase: Phase::Amazon,
        percent: 0.0,
        tasks: Counters::default().amazon,
        counters: Counters::default(),
        spend: SpendView::default(),
        recovery: None,
        streak: 0,
        streak_max: 5,
        throttled_until: None,
        storage_away_since: None,
        workers: Vec::new(),
        pause: None,
        last_event_id,
        started_at: None,
        completed_at: None,
        updated_at: at(),
    }
}

#[async_trait]
impl ActivitySource for Script {
    async fn standing(&self) -> Result<Snapshot, StoreError> {
        if self.run().away { Err(StoreError::Away("scripted".into())) } else { Ok(self.snapshot()) }
    }

    async fn events_after(&self, seq: i64, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        let mut run = self.run();
        if run.away {
            return Err(StoreError::Away("scripted".into()));
        }
        run.reads += 1;
        Ok(run.events.iter().filter(|event| event.seq > seq).take(limit as usize).cloned().collect())
    }

    async fn attach(&self) -> Result<Attached, Gone> {
        let live = self.run().live.is_some().then(|| Box::new(self.clone()) as Box<dyn Live>);
        Ok(Attached { live, changed: self.bell.subscribe() })
    }
}

#[async_trait]
impl Live for Script {
    async fn subscribe(&self, after: i64) -> Result<Subscription, Gone> {
        let mut run = self.run();
        run.subscriptions += 1;
        let oldest = (run.events.len() as i64 - RING).max(0);
        if after < oldest {
            return Ok(Subscription::Behind);
        }
        let backlog = run.events.iter().filter(|event| event.seq > after).cloned().collect();
        let (tell, feed) = mpsc::channel(FEED);
        run.live.as_mut().ok_or(Gone)?.push(tell);
        Ok(Subscription::Live { backlog, progress: "{\"from\":\"stream\"}".into(), feed })
    }
}
