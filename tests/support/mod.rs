//! What several test folders need: markets, captures, worlds, invariants, databases, the real binary and its clients.

pub mod api;
pub mod binary;
pub mod filled;
pub mod invariants;
pub mod issuer;
pub mod listener;
pub mod market;
pub mod past;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod questions;
pub mod receiver;
pub mod samples;
pub mod sse;
pub mod workbook;
pub mod world;
