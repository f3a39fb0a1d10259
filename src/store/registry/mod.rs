//! The registry of sellers and the log of what changed it.

pub mod arrivals;
pub mod asked;
pub mod audit_log;
pub mod changes;
pub mod edits;
pub mod expected;
pub mod export;
mod held;
pub mod history;
pub mod imports;
pub mod list;
pub mod points;
pub mod sellers;
pub mod sightings;
mod undo;
