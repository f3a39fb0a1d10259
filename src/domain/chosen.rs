//! Which of a run's failed tasks run again.

use super::ids::TaskNo;

/// Which of a run's failed tasks run again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Chosen {
    /// All of them.
    #[default]
    All,
    /// These, each of which must have failed.
    Tasks(Vec<TaskNo>),
    /// Those whose last failure was of one of these kinds, each of which some task must have.
    Errors(Vec<String>),
}
