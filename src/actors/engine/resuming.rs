//! Runs that resume by themselves: the Engine asks the store whose time has come, and starts what the store lets look.
//!
//! The schedule is a column, so that it goes on after a restart of the process; of several engines, the store lets one.

use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::Engine;
use crate::store::StoreError;

/// How often it is asked: a probe comes so much later than it is due.
const ASK_EVERY: Duration = Duration::from_secs(5);

impl Engine {
    /// Asks again and again, for as long as the Engine takes commands.
    pub(super) fn resume_what_is_due(&mut self, ctx: &mut Context<Self>) {
        if self.leaving.is_some() {
            return;
        }
        let (store, runs_max) = (self.means.store.clone(), self.runs_max);
        let asking = async move {
            let mut begun = Vec::new();
            let due = store.due().await.unwrap_or_else(|error| {
                log::warn!("looking for runs to resume: {error}");
                Vec::new()
            });
            for key in due {
                match store.look_again(key, runs_max).await {
                    Ok(_) => begun.push(key),
                    // A person was faster, another engine was, or there is no room yet: it stays due.
                    Err(StoreError::NotAllowed { .. } | StoreError::NotFound | StoreError::ConcurrentLimit { .. }) => {}
                    Err(error) => log::warn!("run {}: it cannot resume yet: {error}", key.run),
                }
            }
            begun
        };
        ctx.spawn(asking.into_actor(self).map(|begun, engine, ctx| {
            for key in begun {
                log::info!("run {}: looks whether the provider is well again", key.run);
                engine.start_run(key, None, None, ctx);
                engine.signal(key);
            }
            ctx.run_later(ASK_EVERY, Self::resume_what_is_due);
        }));
    }
}
