//! The only door to the time of day, to fresh ids and to chance.
//!
//! Everything that must be reproducible asks a [`Clock`]; a seeded one makes ids, times and draws a function of its
//! seed. Waiting is not done here: that is tokio's clock, which tests pause.

use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, RngExt, SeedableRng};
use tokio::time::Instant;
use uuid::{Builder, Uuid};

/// A handle to time and chance; cheap to clone, all clones draw from one source.
#[derive(Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

struct Inner {
    /// `None` reads the machine's clock.
    seeded: Option<Seeded>,
    chance: Mutex<StdRng>,
}

/// The time of day of a seeded clock.
struct Seeded {
    start: DateTime<Utc>,
    since: Instant,
    /// How far it was set off, in milliseconds.
    offset_ms: AtomicI64,
}

impl Seeded {
    fn now(&self) -> DateTime<Utc> {
        let elapsed_ms = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX / 2);
        self.start + TimeDelta::milliseconds(elapsed_ms) + TimeDelta::milliseconds(self.offset_ms.load(Relaxed))
    }
}

impl Clock {
    /// The machine's clock and its entropy.
    #[must_use]
    pub fn system() -> Self {
        let chance = StdRng::try_from_rng(&mut SysRng).unwrap_or_else(|_| StdRng::seed_from_u64(system_nanos()));
        Self { inner: Arc::new(Inner { seeded: None, chance: Mutex::new(chance) }) }
    }

    /// A clock that a seed decides: it starts on 2026-01-01 and moves with tokio's clock.
    ///
    /// Must be made inside a tokio runtime.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let start = DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default();
        let seeded = Seeded { start, since: Instant::now(), offset_ms: AtomicI64::new(0) };
        Self { inner: Arc::new(Inner { seeded: Some(seeded), chance: Mutex::new(StdRng::seed_from_u64(seed)) }) }
    }

    /// The time of day, cut to whole milliseconds (what events show and rows keep).
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let exact = self.inner.seeded.as_ref().map_or_else(system_now, Seeded::now);
        DateTime::from_timestamp_millis(exact.timestamp_millis()).unwrap_or(exact)
    }

    /// Sets a seeded clock's time of day off, as a person or a time server does with a machine's. What waits is not moved by
    /// it. The machine's clock is not ours to set.
    pub fn jump(&self, by: TimeDelta) {
        if let Some(seeded) = &self.inner.seeded {
            seeded.offset_ms.fetch_add(by.num_milliseconds(), Relaxed);
        }
    }

    /// A fresh UUIDv7: sorts by time, so that inserts stay local in an index.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or(0);
        let mut noise = [0_u8; 10];
        self.with_chance(|chance| chance.fill_bytes(&mut noise));
        Builder::from_unix_timestamp_millis(millis, &noise).into_uuid()
    }

    /// A draw from `0.0..1.0`.
    #[must_use]
    pub fn chance(&self) -> f64 {
        self.with_chance(|chance| chance.random::<f64>())
    }

    /// 256 fresh random bits, for secrets.
    #[must_use]
    pub fn secret(&self) -> [u8; 32] {
        let mut bits = [0_u8; 32];
        self.with_chance(|chance| chance.fill_bytes(&mut bits));
        bits
    }

    fn with_chance<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.inner.chance.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[allow(clippy::disallowed_methods, reason = "this file is the door")]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}

fn system_nanos() -> u64 {
    system_now().timestamp_nanos_opt().map_or(0, i64::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_seed_decides_ids_times_and_draws() {
        let (one, other) = (Clock::seeded(7), Clock::seeded(7));
        assert_eq!((one.new_id(), one.now()), (other.new_id(), other.now()));
        assert!((one.chance() - other.chance()).abs() < f64::EPSILON);
        assert_ne!(Clock::seeded(8).new_id(), Clock::seeded(7).new_id());
    }

    #[tokio::test(start_paused = true)]
    async fn a_seeded_clock_moves_with_tokio() {
        let clock = Clock::seeded(1);
        let before = clock.now();
        tokio::time::advance(std::time::Duration::from_secs(90)).await;
        assert_eq!(clock.now() - before, TimeDelta::seconds(90));
        clock.jump(TimeDelta::seconds(-100));
        assert_eq!(clock.now() - before, TimeDelta::seconds(-10));
    }
}
