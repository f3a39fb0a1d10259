//! The configuration as files and the environment have it, before anything is checked.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::jwt::RawJwt;
use super::notices::{RawNotices, RawSmtp};
use crate::web::server::ServerSettings;

#[derive(Deserialize)]
pub(super) struct Raw {
    pub server: ServerSettings,
    pub database: RawDatabase,
    pub postgres: RawPostgres,
    pub oxylabs: RawOxylabs,
    pub sandbox: RawSandbox,
    pub runs: RawRuns,
    pub archive: RawArchive,
    pub metrics: RawMetrics,
    pub events: RawEvents,
    pub notices: RawNotices,
    pub smtp: RawSmtp,
    pub jwt: RawJwt,
    pub log: RawLog,
}

#[derive(Deserialize)]
pub(super) struct RawDatabase {
    pub url: Option<String>,
    pub pool_size: usize,
}

#[derive(Deserialize)]
pub(super) struct RawPostgres {
    pub bin: Option<PathBuf>,
    pub installed: bool,
    pub fetch_url: Option<String>,
    pub fetch_version: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RawOxylabs {
    pub base_url: String,
    pub data_url: Option<String>,
    pub username: Option<String>,
    pub password_file: Option<PathBuf>,
    pub price_per_1000: Option<String>,
    pub rendered_price_per_1000: Option<String>,
    pub requests_per_second: u32,
    pub rendered_per_second: u32,
}

#[derive(Deserialize)]
pub(super) struct RawSandbox {
    pub seed: u64,
    pub latency_ms: u64,
    pub faults: f64,
    pub independent_faults: bool,
}

#[derive(Deserialize)]
pub(super) struct RawRuns {
    pub max_concurrent_runs: i64,
    pub monthly_request_budget: Option<i64>,
    pub defaults: Map<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct RawArchive {
    pub bytes_max: i64,
    pub days_max: i64,
}

#[derive(Deserialize)]
pub(super) struct RawMetrics {
    pub access: String,
}

#[derive(Deserialize)]
pub(super) struct RawEvents {
    pub keep_days: i64,
}

#[derive(Deserialize)]
pub(super) struct RawLog {
    pub format: String,
    pub level: String,
}
