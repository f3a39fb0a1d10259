//! The store: one contract suite over both implementations, and what PostgreSQL itself says of its tables.

mod arrivals;
mod contract;
mod embedded;
mod flat;
mod runs_over_postgres;
mod stalled;
mod tables;
