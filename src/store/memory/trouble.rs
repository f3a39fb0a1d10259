//! Trouble that a test makes for the store in memory: a database that is away, that refuses, or that breaks a rule.

use serde_json::Value;

use super::MemoryStore;
use crate::domain::ids::RunKey;
#[cfg(doc)]
use crate::store::StoreError;

/// A rule of the store that a test may have broken, to see whether the simulation notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreRule {
    /// A group that is sent again is counted once.
    CountedOnce,
    /// An outcome counts only where its claim is current.
    OnlyCurrentClaims,
    /// A streak ends with the pause that it led to.
    StreakPausesOnce,
}

impl MemoryStore {
    /// From now on every call answers [`StoreError::Away`], or none does.
    pub fn set_away(&self, away: bool) {
        self.shelf().away = away;
    }

    /// From now on a group that holds a sighting of this seller is refused, as a database refuses a damaged row.
    pub fn refuse(&self, seller: &str) {
        self.shelf().refused = Some(seller.to_owned());
    }

    /// From now on every group is refused, as by a database that is damaged, or none is.
    pub fn refuse_all(&self, refuses: bool) {
        self.shelf().refuses_all = refuses;
    }

    /// From now on this rule is broken.
    pub fn break_rule(&self, rule: StoreRule) {
        self.shelf().broken = Some(rule);
    }

    /// The next group is kept, and yet its answer is lost.
    pub fn fail_after_commit(&self) {
        self.shelf().lose_next_answer = true;
    }

    /// Lays other settings over a run's, whether or not they make sense.
    pub fn set_settings(&self, key: RunKey, settings: Value) {
        if let Some(run) = self.shelf().runs.get_mut(&key) {
            run.row.settings = settings;
        }
    }
}
