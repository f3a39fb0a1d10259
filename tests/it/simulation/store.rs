//! A store that is slow, away, or loses its answer after the commit. What was sent is committed even where the one who sent
//! it is dead by then, as a database does.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use gleaner::clock::Clock;
use gleaner::domain::budget::Drawn;
use gleaner::domain::chosen::Chosen;
use gleaner::domain::ids::{EngineId, RunKey, TaskNo};
use gleaner::domain::ledger::{Entry, Group, Memory, PageResult, StoredEvent};
use gleaner::domain::run::{Command, Pause};
use gleaner::domain::task::{OpenTask, Phase};
use gleaner::store::memory::MemoryStore;
use gleaner::store::{Accepted, EngineSeen, Fired, Kept, RunRow, RunStore, StoreError, Survey, TakenOver};
use tokio::time::sleep;

use super::diary::{Diary, Fact};
use super::draw::Draw;
use super::plan::Plan;

/// The store; clones are one.
#[derive(Clone)]
pub struct Shaky {
    inner: MemoryStore,
    plan: Arc<Plan>,
    diary: Diary,
    draw: Arc<Mutex<Draw>>,
    process: usize,
}

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Fine,
    Away,
    Lost,
    Refused,
}

/// What a call is to whoever makes it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It may be refused, and is tried again.
    Write,
    /// It is not refused.
    Read,
}

impl Shaky {
    pub fn new(inner: MemoryStore, plan: Arc<Plan>, diary: Diary) -> Self {
        let draw = Arc::new(Mutex::new(Draw::of(plan.seed, "store")));
        Self { inner, plan, diary, draw, process: 0 }
    }

    /// The same store as this process has it.
    pub fn of_process(&self, process: usize, clock: Clock) -> Self {
        Self { inner: self.inner.of_another_process(clock), process, ..self.clone() }
    }

    /// The session of this process ends.
    pub fn end_session(&self) {
        self.inner.end_session();
    }

    /// How long until a call takes effect, from there to its answer, and what becomes of it.
    fn drawn(&self) -> (Duration, Duration, Fate) {
        let mut draw = self.draw.lock().expect("no panic under it");
        let plan = &self.plan.store;
        let before = Duration::from_millis(draw.between(0, plan.latency_ms.0));
        let after = Duration::from_millis(draw.between(0, plan.latency_ms.1));
        let (away, lost, refused) = (draw.permille(plan.away), draw.permille(plan.lost), draw.permille(plan.refused));
        let fate = match (away, lost, refused) {
            _ if self.is_healed() => Fate::Fine,
            (true, ..) => Fate::Away,
            (_, true, _) => Fate::Lost,
            (.., true) => Fate::Refused,
            _ => Fate::Fine,
        };
        (before, after, fate)
    }

    fn is_healed(&self) -> bool {
        self.diary.elapsed() >= self.plan.healed_at
    }

    fn is_out(&self) -> bool {
        let now = self.diary.elapsed();
        !self.is_healed() && self.plan.store.outages.iter().any(|(from, to)| (*from..*to).contains(&now))
    }

    /// A call: what is sent takes effect whether or not its sender lives to hear of it.
    async fn call<T, F>(&self, kind: Kind, call: impl FnOnce(MemoryStore) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let (before, after, fate) = match self.drawn() {
            (before, after, Fate::Refused) if kind == Kind::Read => (before, after, Fate::Fine),
            drawn => drawn,
        };
        if fate == Fate::Away || self.is_out() {
            sleep(before).await;
            return Err(StoreError::Away("it cannot be reached".to_owned()));
        }
        if fate == Fate::Refused {
            sleep(before).await;
            return Err(StoreError::Broken("it refuses for now".to_owned()));
        }
        let (calling, shaky) = (call(self.inner.clone()), self.clone());
        let sent = async move {
            wait(before).await;
            if shaky.is_out() { Err(StoreError::Away("it broke off".to_owned())) } else { calling.await }
        };
        let answer =
            if before.is_zero() { sent.await } else { tokio::spawn(sent).await.expect("the store does not panic") };
        wait(after).await;
        if fate == Fate::Lost || self.is_out() {
            return Err(StoreError::Away("the answer was lost after the commit".to_owned()));
        }
        answer
    }

    fn is_poisoned(&self, group: &Group) -> bool {
        let Some(poison) = self.plan.store.poison.filter(|_| !self.is_healed()) else { return false };
        let name = format!("Seller{poison}");
        group.entries.iter().any(|entry| match entry {
            Entry::Outcome(outcome) => match &outcome.result {
                PageResult::Sellers { sightings, .. } => sightings.iter().any(|sighting| sighting.name == name),
                _ => false,
            },
            _ => false,
        })
    }

    /// The run row, for subscribers.
    pub fn row(&self, key: RunKey) -> Option<RunRow> {
        self.inner.run(key)
    }

    /// Stored events after this number, for subscribers.
    pub async fn events_after(&self, key: RunKey, seq: i64, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        let limit = usize::try_from(limit).expect("a limit");
        self.call(Kind::Read, |store| async move {
            Ok(store.events(key).into_iter().filter(|event| event.seq > seq).take(limit).collect())
        })
        .await
    }
}

async fn wait(duration: Duration) {
    if !duration.is_zero() {
        sleep(duration).await;
    }
}

#[async_trait]
impl RunStore for Shaky {
    fn engine(&self) -> EngineId {
        self.inner.engine()
    }

    async fn take_over(&self, key: RunKey, gone: Option<EngineSeen>) -> Result<TakenOver, StoreError> {
        self.call(Kind::Write, |store| async move { store.take_over(key, gone).await }).await
    }

    async fn raise_fence(&self, key: RunKey, fence: i64) -> Result<Memory, StoreError> {
        self.call(Kind::Read, |store| async move { store.raise_fence(key, fence).await }).await
    }

    async fn memory(&self, key: RunKey) -> Result<Memory, StoreError> {
        self.call(Kind::Read, |store| async move { store.memory(key).await }).await
    }

    async fn read_ahead(
        &self,
        key: RunKey,
        phase: Phase,
        after: TaskNo,
        limit: i64,
    ) -> Result<Vec<OpenTask>, StoreError> {
        self.call(Kind::Write, |store| async move { store.read_ahead(key, phase, after, limit).await }).await
    }

    async fn keep(&self, group: &Group) -> Result<Kept, StoreError> {
        if self.is_poisoned(group) {
            return Err(StoreError::Broken("a row that cannot be kept".to_owned()));
        }
        let group = group.clone();
        self.call(Kind::Write, |store| async move { store.keep(&group).await }).await
    }

    async fn last_events(&self, key: RunKey, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        self.call(Kind::Read, |store| async move { store.last_events(key, limit).await }).await
    }

    async fn command(&self, key: RunKey, command: Command, runs_max: i64) -> Result<Accepted, StoreError> {
        self.call(Kind::Read, |store| async move { store.command(key, command, runs_max).await }).await
    }

    async fn retry(&self, key: RunKey, chosen: &Chosen, runs_max: i64) -> Result<Accepted, StoreError> {
        let chosen = chosen.clone();
        self.call(Kind::Read, |store| async move { store.retry(key, &chosen, runs_max).await }).await
    }

    async fn set_aside(&self, key: RunKey, pause: &Pause) -> Result<Accepted, StoreError> {
        let pause = pause.clone();
        self.call(Kind::Read, |store| async move { store.set_aside(key, &pause).await }).await
    }

    async fn due(&self) -> Result<Vec<RunKey>, StoreError> {
        self.call(Kind::Write, |store| async move { store.due().await }).await
    }

    async fn look_again(&self, key: RunKey, runs_max: i64) -> Result<Accepted, StoreError> {
        self.diary.note(Fact::LooksAgain);
        self.call(Kind::Read, |store| async move { store.look_again(key, runs_max).await }).await
    }

    async fn fire(&self, runs_max: i64) -> Result<Fired, StoreError> {
        self.call(Kind::Write, |store| async move { store.fire(runs_max).await }).await
    }

    async fn draw(&self, key: RunKey, fence: i64, sent: i64, want: i64) -> Result<Option<Drawn>, StoreError> {
        self.call(Kind::Write, |store| async move { store.draw(key, fence, sent, want).await }).await
    }

    async fn survey(&self, beats: bool, watched: &[RunKey]) -> Result<Survey, StoreError> {
        let (watched, began) = (watched.to_vec(), self.diary.elapsed().as_millis());
        let survey = self.call(Kind::Write, |store| async move { store.survey(beats, &watched).await }).await;
        if survey.is_ok() {
            self.diary.looked(self.process, began);
        }
        survey
    }

    async fn leave(&self) -> Result<(), StoreError> {
        self.call(Kind::Write, |store| async move { store.leave().await }).await
    }
}
