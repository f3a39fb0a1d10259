//! The engine as the web sees it: commands go down, progress and live streams come back.
//!
//! A seam: production puts the engine's actor address behind it, a test its own. Nothing here decides anything.

use async_trait::async_trait;
use thiserror::Error;
use tokio::sync::watch;

pub use crate::actors::stream::{Subscription, Told};
use crate::domain::chosen::Chosen;
use crate::domain::ids::RunKey;
use crate::domain::progress::Progress;
use crate::domain::run::Command;
use crate::store::{Accepted, StoreError};

/// The engine or one of its actors does not answer: nothing is decided, ask again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the engine does not answer")]
pub struct Gone;

/// Why a command was not accepted.
#[derive(Debug, Error)]
pub enum Refused {
    /// The engine does not answer.
    #[error(transparent)]
    Gone(#[from] Gone),
    /// The process is stopping: nothing was changed.
    #[error("this process is stopping")]
    Leaving,
    /// The store refused it, or is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A run's live stream, while its actors work.
#[async_trait]
pub trait Live: Send + Sync {
    /// Subscribes to everything after the event of that number.
    ///
    /// # Errors
    /// [`Gone`] where the stream has ended meanwhile: attach again.
    async fn subscribe(&self, after: i64) -> Result<Subscription, Gone>;
}

/// What a run offers to a subscriber right now.
pub struct Attached {
    /// The live stream; `None` where no actors work (pending, paused, just ended).
    pub live: Option<Box<dyn Live>>,
    /// Changes whenever it is worth looking again: actors began or ended, or the run row changed without them.
    pub changed: watch::Receiver<u64>,
}

/// The engine.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Gives a command to a run.
    ///
    /// # Errors
    /// [`Refused`]: the run's state does not allow it, there is no such run, or nobody answers.
    async fn obey(&self, key: RunKey, command: Command) -> Result<Accepted, Refused>;

    /// Has these of a run's failed tasks run again.
    ///
    /// # Errors
    /// As [`Self::obey`], and where the choice names what has not failed.
    async fn retry(&self, key: RunKey, chosen: &Chosen) -> Result<Accepted, Refused>;

    /// Asks for a run's live stream.
    ///
    /// # Errors
    /// [`Gone`].
    async fn attach(&self, key: RunKey) -> Result<Attached, Gone>;

    /// The progress of a run from memory; `None` where no actors work: the run row says it then.
    async fn look_at(&self, key: RunKey) -> Option<Progress>;

    /// Whether the engine takes messages.
    fn is_alive(&self) -> bool;
}
