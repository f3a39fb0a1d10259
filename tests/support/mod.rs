//! What several test folders need: markets, worlds, invariants, databases, the real binary and its clients.

pub mod api;
pub mod binary;
pub mod invariants;
pub mod market;
pub mod postgres;
pub mod sse;
pub mod world;
