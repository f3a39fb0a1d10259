//! Runs that a schedule makes: the Engine has the store fire what is due, and works on the runs that this started.
//!
//! Which moments there are and which engine meets one is the store's to say; here is only when it is asked again.

use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::Engine;
use crate::store::Fired;

/// Longest time until it is asked again: how soon a schedule that was made or changed meanwhile, in any process, is seen.
const ASK_WITHIN: Duration = Duration::from_secs(1);
/// Shortest time until it is asked again, where more is due than one answer holds.
const ASK_AFTER: Duration = Duration::from_millis(50);

impl Engine {
    /// Asks again and again, for as long as the Engine takes commands.
    pub(super) fn fire_what_is_due(&mut self, ctx: &mut Context<Self>) {
        if self.leaving.is_some() {
            return;
        }
        let (store, runs_max) = (self.means.store.clone(), self.runs_max);
        let asking = async move {
            store.fire(runs_max).await.unwrap_or_else(|error| {
                log::warn!("looking for schedules that are due: {error}");
                Fired::default()
            })
        };
        ctx.spawn(asking.into_actor(self).map(|fired, engine, ctx| {
            for key in fired.begun {
                engine.probe.handling("engine", "fired");
                log::info!("run {}: started by its schedule", key.run);
                engine.start_run(key, None, None, ctx);
                engine.signal(key);
            }
            let next_in = fired.next_in.map_or(ASK_WITHIN, |next_in| next_in.to_std().unwrap_or(ASK_AFTER));
            ctx.run_later(next_in.clamp(ASK_AFTER, ASK_WITHIN), Self::fire_what_is_due);
        }));
    }
}
