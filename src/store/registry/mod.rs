//! The registry of sellers and the log of what changed it.

pub mod arrivals;
pub mod asked;
pub mod audit_log;
pub mod changes;
mod conflicts;
pub mod counts;
pub mod deeds;
pub mod edits;
pub mod expected;
pub mod export;
mod held;
pub mod history;
mod import_parts;
pub mod imports;
pub mod list;
mod newcomers;
pub mod past;
pub mod points;
mod portion;
pub mod sellers;
pub mod sightings;
mod undo;
