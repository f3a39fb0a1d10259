//! The log: lines for people, or one JSON object a line, on standard error. Results never go there, secrets never.

use std::io::Write;

use env_logger::{Builder, Target};
use log::LevelFilter;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::config::LogFormat;

/// A module that tells of every answer which ends early: the sandbox does that on purpose, and an export says so itself.
const TALKATIVE: &str = "actix_http::h1::dispatcher";

/// Where lines go that must not tear apart what a terminal shows.
pub type Pipe = Box<dyn Write + Send>;

/// Starts the log, panics included. `RUST_LOG`, where it is set, decides what is written instead of `level`. Lines go to
/// standard error, or through `pipe`.
pub fn start(format: LogFormat, level: LevelFilter, pipe: Option<Pipe>) {
    crate::actors::guard::remember_panics();
    let mut builder = Builder::new();
    builder.filter_level(LevelFilter::Warn).filter_module("gleaner", level).filter_module("activity", level);
    builder.filter_module(TALKATIVE, LevelFilter::Off);
    builder.parse_default_env().target(pipe.map_or(Target::Stderr, Target::Pipe));
    if format == LogFormat::Json {
        let clock = Clock::system();
        builder.format(move |out, record| {
            let line = json!({
                "time": clock.now(),
                "level": record.level().as_str(),
                "target": record.target(),
                "message": message(record),
            });
            writeln!(out, "{line}")
        });
    }
    // A second start in one process (a test) keeps the first log.
    let _ = builder.try_init();
}

/// What a line says. An activity event is an object already.
fn message(record: &log::Record<'_>) -> Value {
    let words = record.args().to_string();
    let event = (record.target() == "activity").then(|| serde_json::from_str(&words).ok()).flatten();
    event.unwrap_or(Value::String(words))
}
