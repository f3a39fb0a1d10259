//! The store: one contract suite over both implementations, and what PostgreSQL itself says of its tables.

mod arrivals;
mod at_scale;
mod audit;
mod contract;
mod embedded;
mod engines;
mod exports;
mod flat;
mod idempotency_keys;
mod imports;
mod runs_over_postgres;
mod schedules;
mod stalled;
mod tables;
mod uncounted;
