//! One request each so many milliseconds: `governor`'s arithmetic on tokio's clock, which tests pause.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// What is given away so that requests which leave on time do not arrive too early: a fiftieth.
const MARGIN: u32 = 50;

/// Time between two requests of one of so many processes that share this many requests a second. Evenly spaced, so that
/// no second holds more, wherever the vendor's seconds begin.
pub fn per_second(limit: u32, engines: u32) -> Duration {
    let each = Duration::from_secs(1).saturating_mul(engines) / limit.max(1);
    // The division rounds down; a nanosecond more is never too fast.
    each + each / MARGIN + Duration::from_nanos(1)
}

/// The same while the vendor takes one a second: each that arrives too early anyway prolongs that.
pub fn throttled(engines: u32) -> Duration {
    Duration::from_millis(1_100).saturating_mul(engines)
}

/// tokio's clock, as `governor` reads it.
#[derive(Clone, Copy)]
struct Ticks(Instant);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Lets one request through each time that has passed; time in which none came is not saved up.
pub struct Pace {
    every: Duration,
    ticks: Ticks,
    limiter: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>,
}

impl Pace {
    /// The first may go at once.
    pub fn new(every: Duration) -> Self {
        let ticks = Ticks(Instant::now());
        let one = Quota::with_period(every).unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN));
        Self { every, ticks, limiter: RateLimiter::direct_with_clock(one, ticks) }
    }

    /// One has just gone.
    pub fn taken(every: Duration) -> Self {
        let pace = Self::new(every);
        let _ = pace.take();
        pace
    }

    /// From now on `pace` is this one; it counts from now where it changes.
    pub fn keep_to(pace: &mut Option<Self>, every: Option<Duration>) {
        match (pace.as_ref().map(Self::every), every) {
            (before, every) if before == every => {}
            (_, Some(every)) => *pace = Some(Self::taken(every)),
            (_, None) => *pace = None,
        }
    }

    /// Time between two.
    pub fn every(&self) -> Duration {
        self.every
    }

    /// Lets one through, or says how long none may go.
    pub fn take(&self) -> Option<Duration> {
        self.limiter.check().err().map(|not_until| not_until.wait_time_from(self.ticks.0.elapsed()))
    }
}
