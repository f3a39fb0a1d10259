//! The board: what people see of a run right now, and the summary of it that the run row keeps.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::Standing;
use crate::actors::run_context::RunContext;
use crate::domain::ids::WorkerId;
use crate::domain::ledger::{Memory, Summary, checkpoint};
use crate::domain::progress::{PauseView, Progress, WaitsFor, WorkerState, WorkerStatus, percent, state_word};

/// What a run's stream knows of it from birth.
#[derive(Clone, Debug)]
pub struct About {
    /// Its name.
    pub name: String,
    /// When it was first started.
    pub started_at: Option<DateTime<Utc>>,
    /// Its state.
    pub standing: Standing,
}

/// What people see of a run right now.
pub struct Board {
    about: About,
    memory: Memory,
    standing: Standing,
    completed_at: Option<DateTime<Utc>>,
    away_since: Option<DateTime<Utc>>,
    workers: BTreeMap<WorkerId, WorkerStatus>,
}

impl Board {
    pub fn new(context: &RunContext, about: About, memory: Option<&Memory>) -> Self {
        let now = context.clock.now();
        let idle = |id| (WorkerId(id), WorkerStatus::idle(WorkerId(id), context.settings.max_attempts, now));
        Self {
            standing: about.standing.clone(),
            about,
            memory: memory.cloned().unwrap_or_default(),
            completed_at: None,
            away_since: None,
            workers: (1..=context.settings.workers).map(idle).collect(),
        }
    }

    pub fn row(&mut self, memory: &Memory, away_since: Option<DateTime<Utc>>) {
        self.memory.clone_from(memory);
        self.away_since = away_since;
    }

    /// The row as it was read; what was published meanwhile is newer.
    pub fn catches_up(&mut self, memory: Memory) {
        if memory.group_no > self.memory.group_no {
            self.memory = memory;
        }
    }

    /// The newest event that the run row knows.
    pub fn last_seq(&self) -> i64 {
        self.memory.last_seq
    }

    pub fn worker(&mut self, status: WorkerStatus) {
        self.workers.insert(status.worker_id, status);
    }

    pub fn standing(&mut self, standing: Standing, at: DateTime<Utc>) {
        self.completed_at = standing.status.is_final().then_some(at);
        self.standing = standing;
    }

    pub fn progress(&self, context: &RunContext) -> Progress {
        let phase = self.memory.phase;
        let tasks = self.memory.counters.phase(phase);
        let limited = |worker: &&WorkerStatus| worker.waits_for == Some(WaitsFor::RateLimit);
        Progress {
            run_id: context.key.run,
            name: self.about.name.clone(),
            status: self.standing.status,
            wanted: self.standing.wanted,
            state: state_word(self.standing.status, self.standing.wanted),
            phase,
            percent: percent(tasks),
            tasks,
            counters: self.memory.counters,
            spend: self.memory.spend.view(context.prices.as_ref()),
            recovery: self.memory.recovery.clone(),
            streak: u16::try_from(self.memory.streak.len()).unwrap_or(u16::MAX),
            streak_max: context.settings.max_consecutive_failures,
            throttled_until: {
                let waits = self.workers.values().filter(limited).filter_map(|worker| worker.until);
                waits.chain(context.providers.throttled_until(&context.clock)).max()
            },
            storage_away_since: self.away_since,
            workers: self.workers.values().cloned().collect(),
            pause: self.standing.pause.clone().map(PauseView::from),
            last_event_id: self.memory.last_seq,
            started_at: self.about.started_at,
            completed_at: self.completed_at,
            updated_at: context.clock.now(),
        }
    }

    pub fn json(&self, context: &RunContext) -> Arc<str> {
        // A progress has nothing that JSON cannot hold; an empty object would be seen at once.
        serde_json::to_string(&self.progress(context)).unwrap_or_else(|_| "{}".to_owned()).into()
    }

    pub fn summary(&self, context: &RunContext) -> Summary {
        let progress = self.progress(context);
        let working = |worker: &&WorkerStatus| !matches!(worker.state, WorkerState::Idle | WorkerState::Stopped);
        let current: Vec<_> = progress.workers.iter().filter(working).filter_map(|w| w.label.clone()).collect();
        let checkpoint = checkpoint(&self.memory, &current, progress.throttled_until, progress.updated_at);
        Summary { checkpoint, worker_status: json!(progress.workers) }
    }
}
