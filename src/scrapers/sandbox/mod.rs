//! A small marketplace that speaks the vendor's protocol over real HTTP on this machine, so that demo, tests and benchmarks
//! run the production clients unchanged. The one folder of `scrapers` that may know actix_web: it is a server. It does not
//! know the page parser, and no client knows it.

mod answers;
mod config;
mod counts;
mod draw;
mod job_routes;
mod jobs;
mod market;
mod offer;
mod page;
mod product;
mod protocol;
mod replay;
mod routes;
mod search;
mod seller;
mod server;
mod shelf;
mod shop;
mod trouble;
mod truth;

pub use config::{Config, FaultKind, Faults, Latency, Limits, Outage, PASSWORD, Spread, USERNAME, WAIT_MS_MAX};
pub use replay::ReplayError;
pub use server::{Running, Sandbox, SandboxError};
pub use truth::{UnknownCategory, truth};
