//! What each setting may be, where its type alone does not say it. Settings of a run have their own table in `domain`.

use std::net::SocketAddr;

use log::LevelFilter;
use serde_json::Value;

use super::{ConfigError, LogFormat, Overrides};
use crate::domain::price::{PerThousand, Prices};
use crate::domain::raw_page::ArchiveLimits;
use crate::metrics::Access;
use crate::scrapers::oxylabs::{LIMIT_MAX, Plan};
use crate::web::proxies::Proxies;
use crate::web::server::ServerSettings;

/// Refuses a number outside its bounds, naming them.
pub fn within(key: &str, value: impl TryInto<i64>, min: i64, max: i64) -> Result<(), ConfigError> {
    let value = value.try_into().unwrap_or(i64::MAX);
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::Invalid(format!("{key}: {value} is not allowed; {min} to {max} is")))
}

/// The server's numbers. Zero threads would serve nobody, an endless wait would let anybody hold a connection.
pub fn server(settings: &ServerSettings) -> Result<(), ConfigError> {
    within("server.threads", settings.threads as u64, 1, 64)?;
    within("server.connections_max", settings.connections_max as u64, 1, 1_000_000)?;
    within("server.streams_per_address_max", settings.streams_per_address_max, 1, 1_000_000)?;
    within("server.requests_per_second", settings.requests_per_second, 1, 1_000_000)?;
    within("server.requests_burst", settings.requests_burst, 1, 1_000_000)?;
    within("server.request_head_ms_max", settings.request_head_ms_max, 100, 600_000)?;
    within("server.keep_alive_ms", settings.keep_alive_ms, 1_000, 3_600_000)?;
    within("server.unread_ms_max", settings.unread_ms_max, 1_000, 3_600_000)?;
    within("server.export_files_mib_max", settings.export_files_mib_max, 1, 1_000_000)?;
    within("server.stop_ms_max", settings.stop_ms_max, 0, 600_000)
}

/// `server.trusted_proxies` in the merged configuration; the type's own error does not name the key.
pub fn trusted_proxies(whole: &Value) -> Result<(), ConfigError> {
    let given = &whole["server"]["trusted_proxies"];
    let is_listed = given.is_string() || given.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    let words = match serde_json::from_value::<Proxies>(given.clone()) {
        _ if !is_listed => {
            format!("{given} is no list; allowed is one of addresses and networks, such as [\"10.0.0.0/8\"]")
        }
        Ok(_) => return Ok(()),
        Err(error) => error.to_string(),
    };
    Err(ConfigError::Invalid(format!("server.trusted_proxies: {words}")))
}

/// What is sent a second before the vendor has said what it takes.
pub fn plan(requests: u32, rendered: u32) -> Result<Plan, ConfigError> {
    within("oxylabs.requests_per_second", requests, 1, LIMIT_MAX.into())?;
    within("oxylabs.rendered_per_second", rendered, 1, LIMIT_MAX.into())?;
    Ok(Plan { requests_per_second: Some(requests), rendered_per_second: Some(rendered) })
}

/// `server.listen` in the merged configuration; the type's own error does not say what an address looks like.
pub fn listen(whole: &Value) -> Result<(), ConfigError> {
    let given = &whole["server"]["listen"];
    if given.as_str().is_some_and(|text| text.parse::<SocketAddr>().is_ok()) {
        return Ok(());
    }
    Err(ConfigError::Invalid(format!(
        "server.listen: {given} is no address; an IP address with a port is, such as \"127.0.0.1:8080\""
    )))
}

/// `oxylabs.price_per_1000` and the price of rendered answers.
pub fn prices(plain: Option<&str>, rendered: Option<&str>) -> Result<Option<Prices>, ConfigError> {
    const RENDERED: &str = "oxylabs.rendered_price_per_1000";
    let read = |key: &str, text: Option<&str>| {
        let price = text.filter(|text| !text.is_empty()).map(PerThousand::parse).transpose();
        price.map_err(|words| ConfigError::Invalid(format!("{key}: {words}")))
    };
    match (read("oxylabs.price_per_1000", plain)?, read(RENDERED, rendered)?) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(ConfigError::Invalid(format!("{RENDERED}: needs oxylabs.price_per_1000 beside it"))),
        (Some(plain), rendered) => match Prices::new(plain, rendered) {
            Ok(prices) => Ok(Some(prices)),
            Err(words) => Err(ConfigError::Invalid(format!("{RENDERED}: {words}"))),
        },
    }
}

/// How much is kept of pages on which nothing was found.
pub fn archive(bytes_max: i64, days_max: i64) -> Result<ArchiveLimits, ConfigError> {
    within("archive.bytes_max", bytes_max, 0, 1_000_000_000_000)?;
    within("archive.days_max", days_max, 0, 36_500)?;
    Ok(ArchiveLimits { bytes_max, days_max })
}

/// How many days events of ended runs are kept; 0 keeps them for ever.
pub fn events(keep_days: i64) -> Result<i64, ConfigError> {
    within("events.keep_days", keep_days, 0, 36_500)?;
    Ok(keep_days)
}

/// Whoever tells the sandbox something must not be billed by the real provider instead.
pub fn no_sandbox_flag(given: &Overrides) -> Result<(), ConfigError> {
    let flags = [
        ("--seed", given.seed.is_some()),
        ("--faults", given.faults.is_some()),
        ("--latency-ms", given.latency_ms.is_some()),
    ];
    match flags.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(ConfigError::Invalid(format!(
            "{flag} is for the sandbox, and Oxylabs credentials are set, so that each answer would cost: leave the flag \
             out, or unset OXYLABS_USERNAME and OXYLABS_PASSWORD"
        ))),
        None => Ok(()),
    }
}

/// `metrics.access`.
pub fn access(given: &str) -> Result<Access, ConfigError> {
    match given {
        "open" => Ok(Access::Open),
        "loopback" => Ok(Access::Loopback),
        "off" => Ok(Access::Off),
        _ => Err(ConfigError::Invalid(format!("metrics.access: {given} is not allowed; open, loopback and off are"))),
    }
}

/// `log.format`.
pub fn log_format(given: &str) -> Result<LogFormat, ConfigError> {
    match given {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(ConfigError::Invalid(format!("log.format: {given} is no format; text and json are"))),
    }
}

/// `log.level`.
pub fn log_level(given: &str) -> Result<LevelFilter, ConfigError> {
    given.parse().map_err(|_| {
        ConfigError::Invalid(format!("log.level: {given} is no level; off, error, warn, info, debug, trace are"))
    })
}
