//! Where a subscriber's events come from: the run row, the stored events, and the live stream while there is one.
//!
//! A trait, so that the state machine in `follow` is tested without HTTP, database or engine.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;

use crate::domain::ids::RunKey;
use crate::domain::ledger::StoredEvent;
use crate::domain::price::Prices;
use crate::domain::progress::Progress;
use crate::store::{PgStore, StoreError};
use crate::web::api::run_view;
use crate::web::engine::{Attached, Engine, Gone};

/// The run row as a subscriber needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The run as people see it, from the row alone.
    pub progress: Progress,
    /// Why it failed, if it did.
    pub fail: Option<run_view::FailView>,
}

impl Snapshot {
    /// The newest event's number.
    #[must_use]
    pub fn last_seq(&self) -> i64 {
        self.progress.last_event_id
    }

    /// Nothing more happens by itself.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.progress.status.is_final()
    }

    /// Data of the `status` event.
    #[must_use]
    pub fn status_text(&self) -> Arc<str> {
        let Progress { status, wanted, state, pause, .. } = &self.progress;
        let fail = &self.fail;
        json!({"status": status, "state": state, "wanted": wanted, "pause": pause, "fail": fail}).to_string().into()
    }

    /// Data of the `connected` event, with the progress as it is now.
    #[must_use]
    pub fn connected_text(&self, progress: &Progress) -> Arc<str> {
        let Progress { status, state, wanted, phase, last_event_id, .. } = &self.progress;
        let data = json!({
            "status": status, "state": state, "wanted": wanted, "phase": phase, "last_event_id": last_event_id,
            "progress": progress,
        });
        data.to_string().into()
    }

    /// Data of the `progress` event, from the row.
    #[must_use]
    pub fn progress_text(&self) -> Arc<str> {
        json!(self.progress).to_string().into()
    }

    /// Data of the `end` event.
    #[must_use]
    pub fn end_text(&self) -> Arc<str> {
        json!({"status": self.progress.status}).to_string().into()
    }
}

/// What a subscriber reads of one run.
#[async_trait]
pub trait ActivitySource: Send + Sync {
    /// The run row as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Away`], [`StoreError::Broken`].
    async fn standing(&self) -> Result<Snapshot, StoreError>;

    /// Stored events after this number, oldest first, at most `limit`.
    ///
    /// # Errors
    /// As [`Self::standing`].
    async fn events_after(&self, seq: i64, limit: i64) -> Result<Vec<StoredEvent>, StoreError>;

    /// The live stream, if the run's actors work, and the bell that rings when it is worth looking again.
    ///
    /// # Errors
    /// [`Gone`] while the engine does not answer.
    async fn attach(&self) -> Result<Attached, Gone>;
}

/// A run in the database, with the engine beside it.
pub struct RunActivity {
    /// Where its row and events are.
    pub store: PgStore,
    /// Who knows its live stream.
    pub engine: Arc<dyn Engine>,
    /// Which run.
    pub key: RunKey,
    /// What answers cost, where that is configured.
    pub prices: Option<Prices>,
}

#[async_trait]
impl ActivitySource for RunActivity {
    async fn standing(&self) -> Result<Snapshot, StoreError> {
        let row = self.store.run(self.key.org, self.key.run).await?;
        Ok(run_view::snapshot(&row, self.prices.as_ref()))
    }

    async fn events_after(&self, seq: i64, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.events_after(self.key.org, self.key.run, seq, limit).await
    }

    async fn attach(&self) -> Result<Attached, Gone> {
        self.engine.attach(self.key).await
    }
}
