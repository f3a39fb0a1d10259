//! A provider's throttle slows every run on its account: each run's feed tells when one begins and when it is over.

use actix::{AsyncContext, Context, WrapFuture};
use tokio::time::{Instant, sleep_until};

use super::Supervisor;
use crate::actors::line::Line;
use crate::actors::recorder::Tell;
use crate::actors::tree::Tree;
use crate::clock::Clock;
use crate::domain::event::Action;
use crate::domain::failure::ErrorType;
use crate::domain::ledger::Entry;
use crate::scrapers::{Throttle, Throttles};

impl Supervisor {
    /// Tells of the throttles of these accounts as long as the run has a supervisor.
    pub(super) fn watch(&self, throttles: Vec<Throttles>, tree: &Tree, ctx: &mut Context<Self>) {
        for seen in throttles {
            let telling = tell_of(seen, tree.tell(), self.means.clock.clone());
            ctx.spawn(telling.into_actor(self));
        }
    }
}

async fn tell_of(mut seen: Throttles, feed: Line<Tell>, clock: Clock) {
    let tell = |action| feed.tell(Tell(Entry::Said { action, at: clock.now() }));
    // One that began before this run is told too: it slows this run.
    while let Some(throttle) = begun(&mut seen).await {
        tell(Action::Throttled {
            error_type: ErrorType::RateLimit,
            error_message: format!("every run slows down to one request a second: {}", throttle.words),
            wait_seconds: throttle.until.saturating_duration_since(Instant::now()).as_secs_f64().round(),
        });
        ended(&mut seen, throttle).await;
        let error_message = "the provider's throttle is over: requests are sent as fast as the plan allows".to_owned();
        tell(Action::Recovered { error_message, items_count: 0 });
    }
}

/// The throttle that holds now or next; `None` where there will be none any more.
async fn begun(seen: &mut Throttles) -> Option<Throttle> {
    let holds = |throttle: &Option<Throttle>| throttle.as_ref().is_some_and(|held| held.until > Instant::now());
    seen.wait_for(holds).await.ok()?.clone()
}

/// Waits until it is over, however often it is told of again.
async fn ended(seen: &mut Throttles, mut throttle: Throttle) {
    while throttle.until > Instant::now() {
        tokio::select! {
            biased;
            Ok(()) = seen.changed() => {}
            () = sleep_until(throttle.until) => {}
        }
        throttle = seen.borrow_and_update().clone().unwrap_or(throttle);
    }
}
