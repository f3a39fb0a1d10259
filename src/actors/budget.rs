//! What a run may still send: counted in the very poll that sends a request, so that none is sent beyond it.
//!
//! Shared by the actors of one run on one arbiter, as the gate is. It outlives the death of each of them but the
//! supervisor, whose successor goes on from what the run row knows to have been sent.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::watch;

use crate::domain::budget::{BudgetScope, Spent};

/// A handle to the budget; all clones are one.
#[derive(Clone)]
pub struct Budget {
    allowed: Option<i64>,
    sent: Rc<Cell<i64>>,
    spent: Rc<watch::Sender<Option<Spent>>>,
}

impl Budget {
    /// Of a run that may send so many requests in all, and has sent so many.
    #[must_use]
    pub fn new(allowed: Option<u64>, sent: i64) -> Self {
        let allowed = allowed.map(|requests| i64::try_from(requests).unwrap_or(i64::MAX));
        Self { allowed, sent: Rc::new(Cell::new(sent)), spent: Rc::new(watch::Sender::new(None)) }
    }

    /// Counts one request that is sent now. `false` where it may not be: the budget is spent, and that is told.
    #[must_use]
    pub fn takes(&self) -> bool {
        let sent = self.sent.get();
        if let Some(allowed) = self.allowed.filter(|allowed| sent >= *allowed) {
            self.spent.send_replace(Some(Spent { budget: BudgetScope::Run, allowed, sent }));
            return false;
        }
        self.sent.set(sent + 1);
        true
    }

    /// Ends when a request was held back.
    pub async fn spent(&self) -> Spent {
        let mut seen = self.spent.subscribe();
        loop {
            if let Some(spent) = *seen.borrow_and_update() {
                return spent;
            }
            // The sender lives as long as `self`, so the wait cannot fail.
            let _ = seen.changed().await;
        }
    }
}
