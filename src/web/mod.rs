//! Who asks and watches: HTTP, the live stream, and the page. Reads go to the store; whatever changes a run goes to the
//! engine. No SQL, no decision about runs.

mod access_log;
pub mod admin;
pub mod api;
mod audit;
pub mod auth;
mod body;
mod cursor;
pub mod engine;
mod error;
pub mod etag;
pub mod export;
mod fields;
mod frequency;
mod headers;
mod idempotency;
mod imports;
mod list;
pub mod openapi;
pub mod provider;
pub mod proxies;
mod query;
pub mod rate_limit;
pub mod routes;
pub mod sendings;
pub mod server;
pub mod shared;
mod shares;
pub mod sse;
