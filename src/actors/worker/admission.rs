//! When a worker may send a request: the run's budgets, its turn at the provider, the gate and the lease.

use std::pin::pin;

use tokio::time::{Duration, timeout};

use super::Job;
use super::errand::Errand;
use crate::actors::budget::Take;
use crate::actors::run_context::Rule;
use crate::domain::progress::WaitsFor;

/// Longest wait for its turn at the provider. To stand far behind is no fault: of three runs with 64 workers on each of twelve
/// engines that share one request a second, the last waits for 40 minutes.
const TURN_MAX: Duration = Duration::from_secs(7_200);
/// A wait for its turn at the provider is shown after this time.
const SHOWN_AFTER: Duration = Duration::from_millis(250);

impl Job {
    /// Waits until the errand's request may be sent; `false` where the run comes to rest. A job that the vendor has taken on
    /// `is_sent` already: it is fetched, which takes no turn and spends nothing.
    pub(super) async fn may_ask(&self, errand: &Errand, is_sent: bool) -> bool {
        if !is_sent {
            self.draw().await;
            self.turn(errand).await;
        }
        loop {
            if !self.context.gate.is_open() && !self.context.probe.breaks(Rule::GateStops) {
                return false;
            }
            if !self.context.lease.holds() {
                self.wait_for_lease().await;
            } else if is_sent {
                return true;
            } else {
                match self.context.budget.take(self.context.clock.now()) {
                    Take::Sends => return true,
                    Take::Draws => self.draw().await,
                    Take::Spent => {
                        self.context.gate.close();
                        return false;
                    }
                }
            }
        }
    }

    /// Waits until the run has something of the month's budget, where there is one, or until the gate closes.
    async fn draw(&self) {
        if !self.context.budget.is_to_draw(self.context.clock.now()) {
            return;
        }
        tokio::select! {
            biased;
            () = self.context.gate.closed() => {}
            () = self.context.budget.draw(&self.context) => {}
        }
    }

    /// Waits for its turn at the provider, or until the gate closes.
    async fn turn(&self, errand: &Errand) {
        let turn = async {
            let mut admitted = pin!(errand.admitted(&self.context));
            if timeout(SHOWN_AFTER, admitted.as_mut()).await.is_err() {
                self.status.waits(None, WaitsFor::ProviderLimit);
                admitted.await;
            }
        };
        self.deadline.within(TURN_MAX);
        tokio::select! {
            biased;
            () = self.context.gate.closed() => {}
            () = turn => {}
        }
        self.deadline.lift();
    }

    /// Waits until the database has said again that the run is ours, or until the gate closes.
    async fn wait_for_lease(&self) {
        self.status.waits(None, WaitsFor::Lease);
        tokio::select! {
            biased;
            () = self.context.gate.closed() => {}
            () = self.context.lease.held() => {}
        }
    }
}
