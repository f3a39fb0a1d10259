//! What happened, in its order: requests, commands, deaths. The laws are read off it, and a repeated seed writes the same.

use std::sync::{Arc, Mutex, MutexGuard};

use gleaner::actors::lease::LEASE;
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
    /// A process whose session had ended looked at the database.
    KnowsItsSession(usize),
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

    /// A look of this process at the database, begun at this millisecond, was answered: it knows now that its session had
    /// ended, if it had.
    pub fn looked(&self, process: usize, began: u128) {
        let at = self.since.elapsed().as_millis();
        if self.last_end(process, at).is_some_and(|ended| ended < began) {
            self.note(Fact::KnowsItsSession(process));
        }
    }

    /// Whether at this millisecond the session of this process had ended and it had no way to know: no look of it was
    /// answered since, and its lease may still hold.
    pub fn lost_its_session(&self, process: usize, at: u128) -> bool {
        self.last_end(process, at).is_some_and(|ended| at - ended <= LEASE.as_millis())
    }

    /// When its session ended before `at`, if it did not know of it by then.
    fn last_end(&self, process: usize, at: u128) -> Option<u128> {
        let (lost, knows) = (Fact::Trouble(process, Trouble::SessionEnds), Fact::KnowsItsSession(process));
        let lines = self.lock();
        let mut told =
            lines.iter().filter(|(when, fact)| *when <= at && (*fact == lost || *fact == knows && *when < at));
        told.next_back().filter(|(_, fact)| *fact == lost).map(|(when, _)| *when)
    }

    /// Time since the beginning.
    pub fn elapsed(&self) -> std::time::Duration {
        self.since.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().expect("nobody panics while writing")
    }
}
