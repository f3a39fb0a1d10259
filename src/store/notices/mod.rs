//! Notices: who asked to be told what, what is to be told, and what is on its way.
//!
//! A notice is written in the transaction that makes its fact (`outbox`); then each webhook that asked for it gets a
//! delivery, and deliveries are claimed, one engine each, until they arrive or are given up.

pub mod deliveries;
pub mod delivery_claims;
pub mod outbox;
pub mod webhooks;
