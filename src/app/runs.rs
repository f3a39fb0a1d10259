//! Runs as a command in the foreground handles them: make one, start it, look at it until it rests.

use std::time::Duration;

use thiserror::Error;

use super::{App, organisation};
use crate::actors::engine::{Attach, LookAt, NotObeyed, Obey};
use crate::clock::Clock;
use crate::domain::ids::{RunKey, TaskNo};
use crate::domain::progress::Progress;
use crate::domain::run::{Command, RunStatus};
use crate::domain::settings::RunSettings;
use crate::domain::task::{Category, TaskState};
use crate::scrapers::catalogue;
use crate::store::StoreError;
use crate::store::runs::NewRun;
pub use crate::store::runs::RunRow;

/// Most other runs that are told.
const BESIDE_MAX: i64 = 20;
/// Longest wait for the next engine where one died.
const SUCCESSOR_MAX: Duration = Duration::from_secs(10);

/// Why a run could not be made or followed.
#[derive(Debug, Error)]
pub enum RunError {
    /// The database, or the run's state.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine does not take it.
    #[error(transparent)]
    NotObeyed(#[from] NotObeyed),
    /// The engine does not answer any more.
    #[error("the engine died; the log says why")]
    EngineDead,
}

/// The category of this id, if there is one.
#[must_use]
pub fn category(id: &str) -> Option<Category> {
    catalogue::find(id).map(|listed| listed.category())
}

/// A key under which a server makes something once, however often it is asked.
#[must_use]
pub fn fresh_key() -> String {
    Clock::system().new_id().to_string()
}

impl App {
    /// Makes a run and starts it.
    ///
    /// # Errors
    /// [`RunError`].
    pub async fn start_run(
        &self,
        name: Option<String>,
        categories: Vec<Category>,
        settings: RunSettings,
    ) -> Result<RunKey, RunError> {
        let store = &self.database.store;
        let org = organisation(store).await?;
        let run = store.create_run(org.id, &NewRun { name, categories, settings }, None).await?.run;
        let key = RunKey { org: org.id, run: run.id };
        let started = self.engine.send(Obey { key, command: Command::Start }).await;
        started.map_err(|_| RunError::EngineDead)??;
        Ok(key)
    }

    /// Other runs that are under way on the same database, and that an engine which starts takes over where nobody works
    /// on them.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn runs_beside(&self, key: RunKey) -> Result<Vec<RunRow>, RunError> {
        let running = self.database.store.list_runs(key.org, None, BESIDE_MAX, Some(RunStatus::Running)).await?;
        Ok(running.into_iter().filter(|row| row.id != key.run).collect())
    }

    /// A failed task of the run: what it is about, and its last error.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn a_failed_task(&self, key: RunKey) -> Result<Option<(String, String)>, RunError> {
        let (org, run, failed) = (key.org, key.run, Some(TaskState::Failed));
        let mut tasks = self.database.store.list_tasks(org, run, failed, None, TaskNo(0), 1).await?;
        Ok(tasks.pop().map(|task| (task.work.label().to_owned(), task.error_message.unwrap_or_default())))
    }

    /// The run's row.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn run_row(&self, key: RunKey) -> Result<RunRow, RunError> {
        Ok(self.database.store.run(key.org, key.run).await?)
    }

    /// Follows a run until nobody works on it, handing its progress to `show` at this pace.
    ///
    /// # Errors
    /// [`RunError`].
    pub async fn follow(
        &self,
        key: RunKey,
        pace: Duration,
        mut show: impl FnMut(&Progress),
    ) -> Result<RunRow, RunError> {
        let mut engine = self.engine.clone();
        loop {
            let (Ok(looked), Ok(mut attached)) = (engine.send(LookAt { key }).await, engine.send(Attach { key }).await)
            else {
                // A new engine follows within a moment, or none.
                tokio::time::timeout(SUCCESSOR_MAX, engine.replaced()).await.map_err(|_| RunError::EngineDead)?;
                continue;
            };
            if let Some(progress) = &looked {
                show(progress);
            }
            if attached.stream.is_none() {
                let row = self.run_row(key).await?;
                if row.status != RunStatus::Running {
                    return Ok(row);
                }
            }
            // Either the run changes hands, or it is time to look again.
            let _ = tokio::time::timeout(pace, attached.changed.changed()).await;
        }
    }
}
