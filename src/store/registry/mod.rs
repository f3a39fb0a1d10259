//! The registry of sellers and the log of what changed it.

pub mod arrivals;
pub mod audit_log;
pub mod sellers;
