//! The log: lines for people, or one JSON object a line, on standard error. Results never go there, secrets never.

use std::io::Write;

use env_logger::{Builder, Target};
use log::LevelFilter;
use serde_json::json;

use crate::clock::Clock;
use crate::config::LogFormat;

/// Starts the log, panics included. `RUST_LOG`, where it is set, decides what is written instead of `level`.
pub fn start(format: LogFormat, level: LevelFilter) {
    crate::actors::guard::remember_panics();
    let mut builder = Builder::new();
    builder.filter_level(LevelFilter::Warn).filter_module("gleaner", level).filter_module("activity", level);
    builder.parse_default_env().target(Target::Stderr);
    if format == LogFormat::Json {
        let clock = Clock::system();
        builder.format(move |out, record| {
            let line = json!({
                "time": clock.now(),
                "level": record.level().as_str(),
                "target": record.target(),
                "message": record.args().to_string(),
            });
            writeln!(out, "{line}")
        });
    }
    // A second start in one process (a test) keeps the first log.
    let _ = builder.try_init();
}
