//! What a run may still send: counted in the very poll that sends a request, so that none is sent beyond it.
//!
//! Shared by the actors of one run on one arbiter, as the gate is. It outlives the death of each of them but the
//! supervisor, whose successor goes on from what the run row knows to have been sent. Of the organisation's month it draws
//! a block at a time, so that the runs of several engines share it without asking for each request.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, watch};
use tokio::time::sleep;

use crate::actors::run_context::RunContext;
use crate::domain::budget::{BudgetScope, Drawn, Grant, Spent};
use crate::store::StoreError;

/// Most requests that a run draws of the month at one time; twice its workers where those are fewer.
const BLOCK_MAX: i64 = 20;

/// A handle to the budget; all clones are one.
#[derive(Clone)]
pub struct Budget {
    allowed: Option<i64>,
    sent: Rc<Cell<i64>>,
    month: Option<Rc<Month>>,
    spent: Rc<watch::Sender<Option<Spent>>>,
}

/// What the run has of the organisation's month.
struct Month {
    grant: Cell<Grant>,
    /// Held by whoever draws: the others look again when it has.
    drawing: Mutex<()>,
}

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// It is sent now, and counted.
    Sends,
    /// First something of the month is to be drawn.
    Draws,
    /// It may not: a budget is spent.
    Spent,
}

impl Budget {
    /// Of a run that may send so many requests in all, has sent so many, and has drawn this of the month, where the
    /// organisation's months have a budget.
    #[must_use]
    pub fn new(allowed: Option<u64>, sent: i64, grant: Option<Grant>) -> Self {
        let allowed = allowed.map(|requests| i64::try_from(requests).unwrap_or(i64::MAX));
        let month = grant.map(|grant| Rc::new(Month { grant: Cell::new(grant), drawing: Mutex::new(()) }));
        Self { allowed, sent: Rc::new(Cell::new(sent)), month, spent: Rc::new(watch::Sender::new(None)) }
    }

    /// Counts one request that is sent now, where it may be. The first that may not ends it for good.
    #[must_use]
    pub fn take(&self, now: DateTime<Utc>) -> Take {
        let took = self.look(now);
        if took == Take::Sends {
            self.sent.set(self.sent.get() + 1);
        }
        took
    }

    /// Whether the next request waits for something of the month.
    #[must_use]
    pub fn is_to_draw(&self, now: DateTime<Utc>) -> bool {
        self.look(now) == Take::Draws
    }

    fn look(&self, now: DateTime<Utc>) -> Take {
        let sent = self.sent.get();
        if self.spent.borrow().is_some() {
            return Take::Spent;
        }
        if let Some(allowed) = self.allowed.filter(|allowed| sent >= *allowed) {
            self.spent.send_replace(Some(Spent { budget: BudgetScope::Run, allowed, sent, ends_at: None }));
            return Take::Spent;
        }
        let has = |month: &Rc<Month>| month.grant.get().unused(sent) > 0 && now < month.grant.get().ends_at();
        if self.month.as_ref().is_none_or(has) { Take::Sends } else { Take::Draws }
    }

    /// Draws a block of the month, unless another worker just did. Where nothing is left of it, the budget is spent.
    pub async fn draw(&self, context: &RunContext) {
        let Some(month) = &self.month else { return };
        let _alone = month.drawing.lock().await;
        if !self.is_to_draw(context.clock.now()) {
            return;
        }
        let block = BLOCK_MAX.min(2 * i64::from(context.settings.workers));
        let left = self.allowed.map_or(i64::MAX, |allowed| allowed - self.sent.get());
        let Some(Drawn { grant, allowed, drawn }) = self.ask(context, block.min(left)).await else { return };
        month.grant.set(grant);
        if grant.unused(self.sent.get()) == 0 {
            let ends_at = Some(grant.ends_at());
            self.spent.send_replace(Some(Spent { budget: BudgetScope::Month, allowed, sent: drawn, ends_at }));
        }
    }

    /// Gives back what is drawn and not sent: the run comes to rest.
    pub async fn give_back(&self, context: &RunContext) {
        if self.month.is_some() {
            self.ask(context, 0).await;
        }
    }

    /// Asks the store, again and again while it is away: a new Recorder may raise the fence meanwhile.
    async fn ask(&self, context: &RunContext, want: i64) -> Option<Drawn> {
        let mut wait = Duration::from_millis(50);
        loop {
            match context.store.draw(context.key, context.fence.get(), self.sent.get(), want).await {
                Ok(drawn) => return drawn,
                Err(StoreError::Away(_) | StoreError::FenceLost) => {}
                Err(error) => {
                    log::warn!("run {}: drawing of the month's budget: {error}", context.key.run);
                    // What is not given back is lost to the month; the run comes to rest all the same.
                    if want == 0 {
                        return None;
                    }
                }
            }
            sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
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
