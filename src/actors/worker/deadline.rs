//! Until when a worker must have moved on. Its job says what it is at and how long that may take; the worker itself, which
//! goes on when its job hangs, ends where the time is over, and its supervisor puts a new one in its place.
//!
//! What has no bound of its own is not measured: waiting for a task, for a receipt while the database is away, for a lease.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Added to what each step may take by its own bound, so that only a step which does not keep its bound is cut off.
const GRACE: Duration = Duration::from_secs(5);

/// A handle to the deadline; all clones are one deadline.
#[derive(Clone)]
pub struct Deadline {
    until: Rc<watch::Sender<Option<Instant>>>,
    grace: Duration,
}

impl Default for Deadline {
    fn default() -> Self {
        Self { grace: GRACE, ..Self::strict() }
    }
}

impl Deadline {
    /// One that cuts a step off at its very bound.
    pub fn strict() -> Self {
        Self { until: Rc::new(watch::Sender::new(None)), grace: Duration::ZERO }
    }

    /// The step that begins now ends within this time by its own word.
    pub fn within(&self, bound: Duration) {
        self.until.send_replace(Some(Instant::now() + bound + self.grace));
    }

    /// While this is awaited, the time of the step stands still.
    pub async fn paused<T>(&self, waiting: impl Future<Output = T>) -> T {
        let left = self.until.borrow().map(|until| until.saturating_duration_since(Instant::now()));
        self.lift();
        let waited = waiting.await;
        self.until.send_replace(left.map(|left| Instant::now() + left));
        waited
    }

    /// The step that begins now may take as long as it takes.
    pub fn lift(&self) {
        self.until.send_replace(None);
    }

    /// Ends when a step has not kept its time.
    pub async fn missed(&self) {
        let mut now = self.until.subscribe();
        loop {
            let until = *now.borrow_and_update();
            let over = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                // The sender lives as long as `self`.
                _ = now.changed() => {}
                () = over => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_step_that_moves_on_in_time_misses_nothing() {
        let deadline = Deadline::default();
        let since = Instant::now();
        let moving = async {
            for _ in 0..100 {
                deadline.within(Duration::from_secs(1));
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            deadline.lift();
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            deadline.within(Duration::from_secs(1));
        };
        tokio::join!(moving, deadline.missed());
        assert_eq!(since.elapsed(), Duration::from_secs(100 + 3_600 + 1) + GRACE);
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_it_stands_still_does_not_count() {
        let deadline = Deadline::strict();
        let since = Instant::now();
        let step = async {
            deadline.within(Duration::from_secs(10));
            tokio::time::sleep(Duration::from_secs(4)).await;
            deadline.paused(tokio::time::sleep(Duration::from_secs(60))).await;
        };
        tokio::join!(step, deadline.missed());
        assert_eq!(since.elapsed(), Duration::from_secs(70));
    }
}
