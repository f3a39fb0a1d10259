//! Having chosen tasks of a run that failed run again: a command with a choice beside it.

use actix::{ActorFutureExt, Handler, Message, ResponseActFuture, WrapFuture};

use super::{Engine, NotObeyed, Obey};
use crate::domain::chosen::Chosen;
use crate::domain::ids::RunKey;
use crate::domain::run::Command;
use crate::store::Accepted;

/// Have these of a run's failed tasks run again.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Accepted, NotObeyed>")]
pub struct Retry {
    /// Which run.
    pub key: RunKey,
    /// Which of its failed tasks.
    pub chosen: Chosen,
}

impl Handler<Retry> for Engine {
    type Result = ResponseActFuture<Self, Result<Accepted, NotObeyed>>;

    fn handle(&mut self, Retry { key, chosen }: Retry, _: &mut Self::Context) -> Self::Result {
        self.probe.handling("engine", "retry");
        if self.leaving.is_some() {
            return Box::pin(async { Err(NotObeyed::Leaving) }.into_actor(self));
        }
        let (store, runs_max) = (self.means.store.clone(), self.runs_max);
        let deciding = async move { store.retry(key, &chosen, runs_max).await };
        Box::pin(deciding.into_actor(self).map(move |decided, engine, ctx| {
            if let Ok(accepted) = &decided {
                engine.accepted(Obey { key, command: Command::RetryFailed }, accepted, ctx);
            }
            decided.map_err(NotObeyed::from)
        }))
    }
}
