//! The engine's actors behind the seam that the web asks through.

use std::time::Duration;

use actix::Addr;
use async_trait::async_trait;

use super::EngineLine;
use crate::actors::engine::retrying::Retry;
use crate::actors::engine::{Attach, LookAt, NotObeyed, Obey};
use crate::actors::stream::{Stream, Subscribe};
use crate::domain::chosen::Chosen;
use crate::domain::ids::RunKey;
use crate::domain::progress::Progress;
use crate::domain::run::Command;
use crate::store::Accepted;
use crate::web::engine::{self as seam, Attached, Gone, Live, Refused, Subscription};

/// Longest wait for a word of the engine that decides nothing; a command waits for the database and is bounded there.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The engine of this process, as the web sees it.
#[derive(Clone)]
pub struct EngineSeam(pub EngineLine);

struct LiveStream(Addr<Stream>);

#[async_trait]
impl seam::Engine for EngineSeam {
    async fn obey(&self, key: RunKey, command: Command) -> Result<Accepted, Refused> {
        self.0.send(Obey { key, command }).await.map_err(|_| Gone)?.map_err(refused)
    }

    async fn retry(&self, key: RunKey, chosen: &Chosen) -> Result<Accepted, Refused> {
        let chosen = chosen.clone();
        self.0.send(Retry { key, chosen }).await.map_err(|_| Gone)?.map_err(refused)
    }

    async fn attach(&self, key: RunKey) -> Result<Attached, Gone> {
        let attached = self.0.now().send(Attach { key }).timeout(ANSWER_MAX).await.map_err(|_| Gone)?;
        let live = attached.stream.map(|stream| Box::new(LiveStream(stream)) as Box<dyn Live>);
        Ok(Attached { live, changed: attached.changed })
    }

    async fn look_at(&self, key: RunKey) -> Option<Progress> {
        self.0.now().send(LookAt { key }).timeout(ANSWER_MAX).await.ok().flatten()
    }

    fn is_alive(&self) -> bool {
        self.0.now().connected()
    }
}

fn refused(error: NotObeyed) -> Refused {
    match error {
        NotObeyed::Leaving => Refused::Leaving,
        NotObeyed::Store(error) => Refused::Store(error),
    }
}

#[async_trait]
impl Live for LiveStream {
    async fn subscribe(&self, after: i64) -> Result<Subscription, Gone> {
        self.0.send(Subscribe { after }).timeout(ANSWER_MAX).await.map_err(|_| Gone)
    }
}
