//! What happened, in its order: requests, commands, deaths. The laws are read off it, and a repeated seed writes the same.

use std::sync::{Arc, Mutex, MutexGuard};

use gleaner::domain::run::Command;
use tokio::time::Instant;

use super::plan::Trouble;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A page was asked for: by which process, its subject and number.
    Asked(usize, String, i16),
    /// A command was sent; commands are numbered.
    Sent(usize, Command),
    /// It was accepted, and whether by the process that works on the run.
    Accepted(usize, Command, bool),
    /// It was not accepted for sure: the run's state does not allow it.
    Refused(usize),
    /// Nobody knows what became of it.
    Unanswered(usize),
    /// An engine has a paused run look by itself whether the provider is well again.
    LooksAgain,
    /// A failure streak or a refusal closed the gate of this process, and the supervisor has heard of it.
    Tripped(usize),
    /// The supervisor of the run is gone in this process, killed or by its own word: what only it had heard is not known.
    SupervisorGone(usize),
    /// An actor died at this message.
    Killed(&'static str, &'static str),
    /// A process met trouble.
    Trouble(usize, Trouble),
    /// A process died by itself: its engine did, twice in a minute.
    GaveUp(usize),
    /// A process began.
    Began(usize),
    /// A law was broken.
    Broken(String),
}

/// A fact, at its millisecond since the beginning.
pub type Line = (u128, Fact);

/// The diary; clones are one.
#[derive(Clone)]
pub struct Diary {
    since: Instant,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl Diary {
    /// An empty one, begun now.
    pub fn new() -> Self {
        Self { since: Instant::now(), lines: Arc::default() }
    }

    /// Writes a fact down.
    pub fn note(&self, fact: Fact) {
        let at = self.since.elapsed().as_millis();
        self.lock().push((at, fact));
    }

    /// A law is broken.
    pub fn broken(&self, law: impl Into<String>) {
        self.note(Fact::Broken(law.into()));
    }

    /// Everything so far.
    pub fn lines(&self) -> Vec<Line> {
        self.lock().clone()
    }

    /// Whether at this millisecond the session of this process had ended so lately that it may not have known it.
    pub fn lost_its_session(&self, process: usize, at: u128) -> bool {
        let lately = at.saturating_sub(3_000)..=at;
        let lost = Fact::Trouble(process, Trouble::SessionEnds);
        self.lock().iter().any(|(at, fact)| lately.contains(at) && *fact == lost)
    }

    /// Time since the beginning.
    pub fn elapsed(&self) -> std::time::Duration {
        self.since.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().expect("nobody panics while writing")
    }
}
