//! What several test folders need: markets, worlds, invariants, databases.

pub mod invariants;
pub mod market;
pub mod postgres;
pub mod world;
