//! The lease of a run: until when its owner may send requests without hearing from the database that the run is still its
//! own.
//!
//! It is counted from a beat of its engine, because a beat that stands still is what others judge by: they begin to count
//! when they have seen it, which is later. Kept on tokio's clock, which no change of the time of day moves, and which goes
//! on while a process is frozen: one that wakes up sees that its lease has run out before it asks for anything, and it
//! asks for no run, a new one neither, before it has beaten again. What it writes is held back by the fence.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::actors::watch;

/// How long a lease lasts; and how long another engine's beat may stand still before its runs are taken over.
pub const LEASE: Duration = Duration::from_secs(15);

/// A handle to the lease; all clones are one lease.
#[derive(Clone)]
pub struct Lease {
    until: Rc<watch::Sender<Option<Instant>>>,
}

impl Lease {
    /// The lease of an engine whose newest beat was begun at this moment; of one that has never beaten it does not hold.
    #[must_use]
    pub fn since(beat: Option<Instant>) -> Self {
        Self { until: Rc::new(watch::Sender::new(beat.map(|beat| beat + LEASE))) }
    }

    /// The run is ours after a beat that was begun at this moment.
    pub fn renew(&self, beat: Instant) {
        let later = Some(beat + LEASE);
        let renews = later > *self.until.borrow();
        if renews {
            self.until.send(later);
        }
    }

    /// Others may own the run from now on.
    pub fn end(&self) {
        if self.until.borrow().is_some() {
            self.until.send(None);
        }
    }

    /// Requests may be sent.
    #[must_use]
    pub fn holds(&self) -> bool {
        lies_ahead(*self.until.borrow())
    }

    /// Ends when requests may be sent.
    pub async fn held(&self) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.until.subscribe().wait_for(|until| lies_ahead(*until)).await;
    }
}

fn lies_ahead(until: Option<Instant>) -> bool {
    until.is_some_and(|until| Instant::now() < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lease_runs_out_and_holds_again_once_it_is_renewed() {
        assert!(!Lease::since(None).holds());
        let lease = Lease::since(Some(Instant::now()));
        assert!(lease.holds());
        tokio::time::sleep(LEASE).await;
        assert!(!lease.holds());
        let seen = Instant::now();
        lease.renew(seen - LEASE * 2);
        assert!(!lease.holds(), "what was seen long ago renews nothing");
        lease.renew(seen);
        lease.held().await;
        assert!(lease.holds());
        lease.end();
        assert!(!lease.holds(), "the session is gone");
        lease.renew(seen);
        assert!(lease.holds());
    }
}
