//! Whether a run only looks if the provider is well again: one page at a time, until the first that is fine.
//!
//! Shared by the actors of one run on one arbiter, as the gate is: the Coordinator hands out one task while it looks, a
//! page that fails costs its task no attempt, and the FailureCounter ends it or closes the gate.

use std::rc::Rc;

use tokio::sync::watch;

use crate::domain::run::PauseReason;

/// A handle to it; all clones are one.
#[derive(Clone)]
pub struct Probing {
    looks: Rc<watch::Sender<Option<Looks>>>,
}

/// What a run that looks again stood still for, and how often it has looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    /// The reason of its pause.
    pub reason: PauseReason,
    /// Which probe of that pause this is, 1 is the first.
    pub nth: u16,
}

impl Probing {
    /// Of a run that looks again, or of one that simply works.
    #[must_use]
    pub fn new(looks: Option<Looks>) -> Self {
        Self { looks: Rc::new(watch::Sender::new(looks)) }
    }

    /// What it looks for, while it does.
    #[must_use]
    pub fn looks(&self) -> Option<Looks> {
        *self.looks.borrow()
    }

    /// The provider is well.
    pub fn end(&self) {
        self.looks.send_replace(None);
    }

    /// Ends when the provider is well.
    pub async fn ended(&self) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.looks.subscribe().wait_for(Option::is_none).await;
    }
}
