//! What the process obeys: the default file, a file and the environment, laid over each other into one struct of the
//! rooms' own settings. An unknown key is refused with its name; nothing here is read by nobody.

mod bounds;
mod jwt;
mod keys;
mod notices;
mod password;
mod raw;

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use config::{Environment, File, FileFormat};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::domain::estimate::Latency;
use crate::domain::price::Prices;
use crate::domain::raw_page::ArchiveLimits;
use crate::domain::settings::RunSettings;
use crate::metrics::Access;
use crate::scrapers::oxylabs::{self, Secret};
use crate::scrapers::sandbox;
use crate::store::{check_address, embedded};
use crate::web::server::ServerSettings;
use bounds::within;
use raw::{Raw, RawOxylabs, RawSandbox};

const DEFAULTS: &str = include_str!("../config/default.toml");
/// The file in the data folder that is read where no other is named.
const FILE_NAME: &str = "gleaner.toml";
/// How long a run waits for an answer of the sandbox: at least so long, and twice what it is told to take.
const SANDBOX_TIMEOUT_MS: u64 = 2_000;

/// Largest budget of a month.
const MONTHLY_BUDGET_MAX: i64 = 1_000_000_000_000;

/// Why the configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file or the environment says something that cannot be taken.
    #[error("configuration: {0}")]
    Invalid(String),
    /// No data folder is known.
    #[error("no data folder: name one with --data or GLEANER_DATA")]
    NoDataFolder,
}

/// What the command line says over everything else.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<std::net::SocketAddr>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--faults`.
    pub faults: Option<f64>,
    /// `--latency-ms`.
    pub latency_ms: Option<u64>,
    /// `--replay`.
    pub replay: Option<PathBuf>,
}

/// Who answers requests.
#[derive(Clone, Debug)]
pub enum Provider {
    /// The embedded marketplace.
    Sandbox(sandbox::Config),
    /// The real one.
    Oxylabs(oxylabs::Settings),
}

impl Provider {
    /// What runs note of it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        if matches!(self, Self::Sandbox(_)) { "sandbox" } else { "oxylabs" }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// The web server.
    pub server: ServerSettings,
    /// The database's address; `None` for the private one.
    pub database_url: Option<DatabaseUrl>,
    /// Connections that the store may hold.
    pub pool_size: usize,
    /// The private database.
    pub postgres: embedded::Settings,
    /// Who answers requests.
    pub provider: Provider,
    /// What answers cost, where that is said.
    pub prices: Option<Prices>,
    /// Settings of a run that names none.
    pub run_defaults: RunSettings,
    /// Most runs of one organisation at one time.
    pub max_concurrent_runs: i64,
    /// Requests that the runs of one organisation may send in a month; `None` sets no bound.
    pub monthly_request_budget: Option<i64>,
    /// How much is kept of pages on which nothing was found.
    pub archive: ArchiveLimits,
    /// Who may read what is counted.
    pub metrics: Access,
    /// Days for which events of ended runs are kept; 0 keeps them for ever.
    pub events_keep_days: i64,
    /// How organisations are told what happens.
    pub notices: crate::notices::Settings,
    /// Where people reach Gleaner, where that is said.
    pub public_url: Option<String>,
    /// Whose tokens are accepted beside our own, where anybody's are.
    pub jwt: Option<crate::issuer::Settings>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which are written.
    pub log_level: log::LevelFilter,
    /// What the command line said.
    overrides: Overrides,
}

/// A database's address, which holds a password and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The address.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(..)")
    }
}

impl Config {
    /// Reads everything there is.
    ///
    /// # Errors
    /// [`ConfigError`] names the key, what is wrong and what is allowed.
    pub fn load(overrides: &Overrides) -> Result<Self, ConfigError> {
        keys::refuse_misspelt(env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let named = overrides.data.clone().or_else(|| path_of("GLEANER_DATA"));
        let data = named.or_else(embedded::default_data_folder).ok_or(ConfigError::NoDataFolder)?;
        let raw = read(&data, overrides)?;
        Self::from_raw(raw, data, overrides)
    }

    fn from_raw(raw: Raw, data: PathBuf, overrides: &Overrides) -> Result<Self, ConfigError> {
        let mut server = raw.server;
        bounds::server(&server)?;
        if let Some(listen) = overrides.listen {
            server.listen = listen;
        }
        let mut postgres = embedded::Settings::new(data.clone());
        postgres.bin = raw.postgres.bin.or_else(|| path_of("GLEANER_PG_BIN"));
        postgres.installed = raw.postgres.installed;
        postgres.fetch_url = raw.postgres.fetch_url.unwrap_or(postgres.fetch_url);
        postgres.fetch_version = raw.postgres.fetch_version.unwrap_or(postgres.fetch_version);
        let prices =
            bounds::prices(raw.oxylabs.price_per_1000.as_deref(), raw.oxylabs.rendered_price_per_1000.as_deref())?;
        let provider = provider(raw.oxylabs, &raw.sandbox, overrides)?;
        let mut builtin = RunSettings::default();
        if let Provider::Sandbox(sandbox) = &provider {
            builtin.request_timeout_ms = SANDBOX_TIMEOUT_MS.max(2 * sandbox.latency.ms);
        }
        let run_defaults = builtin.with_overrides(&switched_off(raw.runs.defaults)).map_err(|errors| {
            let words: Vec<String> =
                errors.iter().map(|error| format!("runs.defaults.{}: {}", error.field, error.message)).collect();
            ConfigError::Invalid(words.join("; "))
        })?;
        within("runs.max_concurrent_runs", raw.runs.max_concurrent_runs, 1, 100)?;
        if let Some(budget) = raw.runs.monthly_request_budget {
            within("runs.monthly_request_budget", budget, 1, MONTHLY_BUDGET_MAX)?;
        }
        within("database.pool_size", i64::try_from(raw.database.pool_size).unwrap_or(i64::MAX), 2, 200)?;
        let database_url = env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()).or(raw.database.url);
        if let Some(url) = &database_url {
            check_address(url)
                .map_err(|error| ConfigError::Invalid(format!("database.url (or DATABASE_URL): {error}")))?;
        }
        let (notices, public_url) = notices::read(&server, raw.notices, raw.smtp)?;
        Ok(Self {
            data,
            jwt: jwt::read(raw.jwt, notices.allow_private)?,
            notices,
            public_url,
            server,
            database_url: database_url.map(DatabaseUrl),
            pool_size: raw.database.pool_size,
            postgres,
            provider,
            prices,
            run_defaults,
            max_concurrent_runs: raw.runs.max_concurrent_runs,
            monthly_request_budget: raw.runs.monthly_request_budget,
            archive: bounds::archive(raw.archive.bytes_max, raw.archive.days_max)?,
            metrics: bounds::access(&raw.metrics.access)?,
            events_keep_days: bounds::events(raw.events.keep_days)?,
            log_format: bounds::log_format(&raw.log.format)?,
            log_level: bounds::log_level(&raw.log.level)?,
            overrides: overrides.clone(),
        })
    }

    /// How long the provider is assumed to take for an answer: what was measured at the real one, what the sandbox is told.
    #[must_use]
    pub fn latency(&self) -> Latency {
        match &self.provider {
            Provider::Oxylabs(_) => Latency { amazon_ms: 22_000, ebay_ms: 5_000 },
            Provider::Sandbox(sandbox) => Latency { amazon_ms: sandbox.latency.ms, ebay_ms: sandbox.latency.ms },
        }
    }

    /// Settings of the real provider as file and environment say them now: credentials may have been mended meanwhile.
    ///
    /// # Errors
    /// [`ConfigError`], also where there are no credentials any more.
    pub fn oxylabs_anew(&self) -> Result<oxylabs::Settings, ConfigError> {
        let raw = read(&self.data, &self.overrides)?;
        match provider(raw.oxylabs, &raw.sandbox, &self.overrides)? {
            Provider::Oxylabs(settings) => Ok(settings),
            Provider::Sandbox(_) => {
                Err(ConfigError::Invalid("oxylabs: username and password are not set any more".to_owned()))
            }
        }
    }
}

/// The path that a variable names; an empty one names none.
fn path_of(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// TOML and the environment have no null: there the price window is switched off by the word.
fn switched_off(mut defaults: Map<String, Value>) -> Map<String, Value> {
    if let Some(window) = defaults.get_mut("price_window").filter(|window| window.as_str() == Some("off")) {
        *window = Value::Null;
    }
    defaults
}

fn read(data: &Path, overrides: &Overrides) -> Result<Raw, ConfigError> {
    let invalid = |error: config::ConfigError| ConfigError::Invalid(error.to_string());
    let named = overrides.file.clone().or_else(|| path_of("GLEANER_CONFIG"));
    let mut builder = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    builder = match named {
        Some(file) => builder.add_source(File::from(file).format(FileFormat::Toml).required(true)),
        None => builder.add_source(File::from(data.join(FILE_NAME)).format(FileFormat::Toml).required(false)),
    };
    let environment = Environment::with_prefix("GLEANER").prefix_separator("__").separator("__").try_parsing(true);
    let whole = builder.add_source(environment).build().map_err(invalid)?;
    let value: Value = whole.clone().try_deserialize().map_err(invalid)?;
    keys::refuse_unknown(&value)?;
    bounds::listen(&value)?;
    bounds::trusted_proxies(&value)?;
    whole.try_deserialize().map_err(invalid)
}

fn provider(raw: RawOxylabs, sandbox: &RawSandbox, overrides: &Overrides) -> Result<Provider, ConfigError> {
    let username = env::var("OXYLABS_USERNAME").ok().or(raw.username).filter(|name| !name.is_empty());
    let password = match (env::var("OXYLABS_PASSWORD").ok().filter(|word| !word.is_empty()), raw.password_file) {
        (Some(password), _) => Some(password),
        (None, Some(file)) => Some(password::of("oxylabs.password_file", &file)?),
        (None, None) => None,
    };
    match (username, password) {
        // A replay costs nothing, whatever else is configured.
        (Some(username), Some(password)) if overrides.replay.is_none() => {
            bounds::no_sandbox_flag(overrides)?;
            let (base_url, password) = (raw.base_url, Secret::new(password));
            let plan = bounds::plan(raw.requests_per_second, raw.rendered_per_second)?;
            let data_url = raw.data_url.unwrap_or_else(|| oxylabs::data_url_beside(&base_url));
            Ok(Provider::Oxylabs(oxylabs::Settings { base_url, data_url, username, password, plan }))
        }
        (Some(_), None) => Err(ConfigError::Invalid(
            "oxylabs: a username is set and no password; set OXYLABS_PASSWORD or oxylabs.password_file".to_owned(),
        )),
        (None, Some(_)) => Err(ConfigError::Invalid(
            "oxylabs: a password is set and no username; set OXYLABS_USERNAME or oxylabs.username".to_owned(),
        )),
        _ => sandbox_config(sandbox, overrides).map(Provider::Sandbox),
    }
}

fn sandbox_config(raw: &RawSandbox, overrides: &Overrides) -> Result<sandbox::Config, ConfigError> {
    let rate = overrides.faults.unwrap_or(raw.faults);
    if !(0.0..=1.0).contains(&rate) {
        return Err(ConfigError::Invalid(format!("sandbox.faults: {rate} is not allowed; 0 to 1 is")));
    }
    let ms = overrides.latency_ms.unwrap_or(raw.latency_ms);
    if ms > sandbox::WAIT_MS_MAX {
        let max = sandbox::WAIT_MS_MAX;
        return Err(ConfigError::Invalid(format!("sandbox.latency_ms: {ms} is not allowed; 0 to {max} is")));
    }
    Ok(sandbox::Config {
        seed: overrides.seed.unwrap_or(raw.seed),
        latency: sandbox::Latency { ms, ..sandbox::Latency::default() },
        faults: sandbox::Faults { rate, independent: raw.independent_faults, ..sandbox::Faults::default() },
        replay: overrides.replay.clone(),
        ..sandbox::Config::default()
    })
}
