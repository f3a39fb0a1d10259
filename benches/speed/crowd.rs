//! Many subscribers of one stream on a thread of their own, so that they disturb nobody who measures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep};

use crate::listener::{Door, Listener, Opened, Then};
use crate::watched_store::wall_ns;

/// How a subscriber behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    Listens,
    /// Listens, and notes when it heard each event.
    Notes,
    /// Reads a little a few times a second, over a connection that holds next to nothing.
    ReadsSlowly,
    /// Leaves after a few events and comes back.
    ComesAndGoes,
}

/// Longest wait for all to be connected.
const GATHERING_MAX: Duration = Duration::from_secs(120);
/// Wait of a slow reader between two reads.
const SLOW_WAIT: Duration = Duration::from_millis(300);
/// Events after which a restless one leaves.
const VISIT_EVENTS: i64 = 20;
/// So many connect at one time.
const AT_A_TIME: usize = 64;

/// What was heard so far.
#[derive(Default)]
struct Counts {
    here: AtomicU64,
    deliveries: AtomicU64,
    missed: AtomicU64,
}

/// Subscribers that are connected.
pub struct Crowd {
    counts: Arc<Counts>,
    leave: watch::Sender<bool>,
    thread: JoinHandle<Vec<(i64, i64)>>,
}

impl Crowd {
    /// So many with each of these habits; returns when all are connected.
    pub async fn gather(door: &Door, habits: &[(Habit, usize)]) -> Self {
        let counts = Arc::<Counts>::default();
        let (leave, left) = watch::channel(false);
        let all: usize = habits.iter().map(|(_, count)| count).sum();
        let thread = {
            let (door, habits, counts) = (door.clone(), habits.to_vec(), counts.clone());
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                LocalSet::new().block_on(&runtime, listen(door, habits, counts, left))
            })
        };
        let crowd = Self { counts, leave, thread };
        let limit = Instant::now() + GATHERING_MAX;
        while crowd.counts.here.load(Ordering::Relaxed) < u64::try_from(all).expect("few") {
            let here = crowd.counts.here.load(Ordering::Relaxed);
            assert!(Instant::now() < limit && !crowd.thread.is_finished(), "{here} of {all} are connected");
            sleep(Duration::from_millis(5)).await;
        }
        crowd
    }

    /// Events that arrived, counted for each subscriber.
    pub fn deliveries(&self) -> u64 {
        self.counts.deliveries.load(Ordering::Relaxed)
    }

    /// All leave: what was noted (event, time of day in nanoseconds). Nobody missed or doubled an event.
    pub async fn disperse(self) -> Vec<(i64, i64)> {
        self.leave.send_replace(true);
        while !self.thread.is_finished() {
            sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(self.counts.missed.load(Ordering::Relaxed), 0, "events that were not the next one");
        self.thread.join().expect("no panic in it")
    }
}

async fn listen(
    door: Door,
    habits: Vec<(Habit, usize)>,
    counts: Arc<Counts>,
    left: watch::Receiver<bool>,
) -> Vec<(i64, i64)> {
    let gate = Arc::new(tokio::sync::Semaphore::new(AT_A_TIME));
    let habits = habits.into_iter().flat_map(|(habit, count)| std::iter::repeat_n(habit, count));
    let person = |habit| {
        let ear = Ear { habit, last: 0, notes: Vec::new(), counts: counts.clone() };
        spawn_local(ear.listen(door.clone(), gate.clone(), left.clone()))
    };
    let people: Vec<_> = habits.map(person).collect();
    let mut notes = Vec::new();
    for person in people {
        notes.extend(person.await.expect("no panic in it"));
    }
    notes
}

struct Ear {
    habit: Habit,
    last: i64,
    notes: Vec<(i64, i64)>,
    counts: Arc<Counts>,
}

impl Ear {
    async fn listen(
        mut self,
        door: Door,
        gate: Arc<tokio::sync::Semaphore>,
        mut left: watch::Receiver<bool>,
    ) -> Vec<(i64, i64)> {
        let mut first = true;
        loop {
            let opened = {
                let _turn = gate.acquire().await.expect("it is never closed");
                let last = (self.last > 0).then_some(self.last);
                let narrow = self.habit == Habit::ReadsSlowly;
                if narrow { door.open_narrow(last).await } else { door.open(last).await }
            };
            let mut listener = match opened.expect("the server answers") {
                Opened::Listening(listener) => listener,
                Opened::Nothing => return self.notes,
                Opened::Full => panic!("there are seats for everybody"),
            };
            if std::mem::take(&mut first) {
                self.counts.here.fetch_add(1, Ordering::Relaxed);
            }
            let over = tokio::select! {
                over = self.visit(&mut listener) => over,
                _ = left.wait_for(|left| *left) => true,
            };
            if over {
                return self.notes;
            }
        }
    }

    /// Hears until it leaves or is cut off; true when the stream is over.
    async fn visit(&mut self, listener: &mut Listener) -> bool {
        let until = if self.habit == Habit::ComesAndGoes { self.last + VISIT_EVENTS } else { i64::MAX };
        while self.last < until {
            if self.habit == Habit::ReadsSlowly {
                sleep(SLOW_WAIT).await;
            }
            let Self { habit, last, notes, counts } = self;
            let then = listener.hear(|event| {
                let Some(number) = event.id else { return };
                // Who came without a number begins anywhere.
                if *last != 0 && number != *last + 1 {
                    counts.missed.fetch_add(1, Ordering::Relaxed);
                }
                *last = number;
                counts.deliveries.fetch_add(1, Ordering::Relaxed);
                if *habit == Habit::Notes {
                    notes.push((number, wall_ns()));
                }
            });
            match then.await {
                Then::More => {}
                Then::Ended => return true,
                Then::Broken => return false,
            }
        }
        false
    }
}
