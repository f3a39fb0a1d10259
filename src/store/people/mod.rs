//! Who may ask: organisations and their tokens; and who asked for what.

pub mod api_tokens;
pub mod audit;
mod audit_chain;
pub mod idempotency_keys;
pub mod orgs;
