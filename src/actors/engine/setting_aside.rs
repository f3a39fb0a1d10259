//! What becomes of a run whose supervisor died: a new one, or, where they die again and again, a pause that the store
//! writes, since nobody works on the run any more.

use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use tokio::time::sleep;

use super::Engine;
use crate::actors::restarts::{Restarts, SUPERVISORS};
use crate::actors::supervisor::FOLLOWED;
use crate::domain::ids::RunKey;
use crate::domain::run::{Pause, PauseReason};
use crate::store::StoreError;

impl Engine {
    /// A supervisor died: a new one takes over, unless that was tried too often.
    pub(super) fn mend(&mut self, key: RunKey, cause: &str, ctx: &mut Context<Self>) {
        let deaths = self.deaths.entry(key).or_insert_with(|| Restarts::within(SUPERVISORS));
        if deaths.is_one_too_many() {
            let (max, minutes) = (SUPERVISORS.max, SUPERVISORS.window.as_secs() / 60);
            let error = format!("more than {max} supervisors died within {minutes} minutes; last: {cause}");
            return self.set_aside(key, error, ctx);
        }
        let recovery = if cause == FOLLOWED {
            log::info!("run {}: it is looked at again whether it is this engine's", key.run);
            "another engine had followed on the run, and left it".to_owned()
        } else {
            log::error!("run {}: its supervisor died: {cause}; a new one takes over", key.run);
            format!("the supervisor died ({cause}); a new one took over")
        };
        self.start_run(key, Some(recovery), None, ctx);
    }

    /// Pauses a run on which nobody works. Where it changed hands or state meanwhile, there is nothing to pause.
    pub(super) fn set_aside(&mut self, key: RunKey, error: String, ctx: &mut Context<Self>) {
        log::error!("run {}: paused, since its actors die again and again: {error}", key.run);
        self.deaths.remove(&key);
        let store = self.means.store.clone();
        let pause = Pause { error: Some(error), ..Pause::of(PauseReason::CrashLoop, self.means.clock.now()) };
        let pausing = async move {
            loop {
                match store.set_aside(key, &pause).await {
                    Err(error @ (StoreError::Away(_) | StoreError::Broken(_))) => {
                        log::error!("run {}: it cannot be paused yet: {error}", key.run);
                    }
                    other => return other,
                }
                sleep(Duration::from_secs(1)).await;
            }
        };
        ctx.spawn(pausing.into_actor(self).map(move |paused, engine, _| {
            if let Err(error) = paused {
                log::warn!("run {}: it was not paused: {error}", key.run);
            }
            engine.signal(key);
        }));
    }
}
