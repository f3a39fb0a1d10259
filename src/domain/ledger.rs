//! The ledger: what the Recorder is told, what keeping it taught, and which events and counters follow.
//!
//! Pure: a store writes the rows of a [`Group`], reports what it learned, and [`settle`] says which events to number
//! and what the run row becomes. Both stores use it, so that they cannot differ in it.

mod entry;
mod settle;
mod streak;
mod summary;

pub use entry::{
    Close, Cost, Crash, Entry, Group, Learned, Memory, Move, NewTasks, Outcome, PageResult, Release, ReleaseResult,
    Reply, Started, StoredEvent, Submitted, Verdict,
};
pub use settle::{Settled, settle};
pub use streak::Step;
pub use summary::{Summary, checkpoint};
