//! `gleaner check`: configuration, database, provider. Says what is wrong and how to mend it, changes nothing, and spends no
//! money: the sandbox is asked, the real provider only when the caller says so.

use std::io::{self, Write};
use std::time::Duration;

use super::AppError;
use crate::config::{Config, ConfigError, Overrides, Provider};
use crate::issuer::{self, Issuer, Source};
use crate::scrapers::oxylabs::{Oxylabs, Settings};
use crate::scrapers::sandbox::Sandbox;
use crate::scrapers::{BestSellers, CategoryRequest, catalogue};
use crate::store::embedded::{Embedded, Role};
use crate::store::migrate;

/// Longest wait for the page that is asked for: the vendor's own time limit is three minutes.
const REAL_TIMEOUT: Duration = Duration::from_secs(180);
const SANDBOX_TIMEOUT: Duration = Duration::from_secs(5);

/// What a check comes to: the worst of what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All is well.
    Fine,
    /// Nothing is wrong, and the database is to be made or brought up to date, as the next start does.
    Unready,
    /// Something is wrong.
    Wrong,
}

/// What was found of one thing, in words.
enum Found {
    Fine(String),
    /// Nothing is wrong, and there is something to know.
    Noted(String),
    Unready(String),
    Wrong(String),
}

impl From<Result<String, String>> for Found {
    fn from(found: Result<String, String>) -> Self {
        found.map_or_else(Self::Wrong, Self::Fine)
    }
}

impl Found {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Fine(_) | Self::Noted(_) => Verdict::Fine,
            Self::Unready(_) => Verdict::Unready,
            Self::Wrong(_) => Verdict::Wrong,
        }
    }
}

/// Writes what was found to `out`.
///
/// # Errors
/// Where nobody takes the output.
pub async fn run(overrides: &Overrides, ask_provider: bool, out: &mut impl Write) -> io::Result<Verdict> {
    let config = match Config::load(overrides) {
        Ok(config) => config,
        Err(error) => {
            // The line says already what is wrong: the configuration.
            let words = match error {
                ConfigError::Invalid(words) => words,
                other @ ConfigError::NoDataFolder => other.to_string(),
            };
            writeln!(out, "configuration  wrong: {words}")?;
            return Ok(Verdict::Wrong);
        }
    };
    writeln!(out, "configuration  fine, data folder {}", config.data.display())?;
    let (database, provider) = (check_database(&config).await, check_provider(&config, ask_provider).await);
    let mut found = vec![("database", database), ("provider", provider.into())];
    if let Some(settings) = &config.jwt {
        found.push(("issuer", check_issuer(settings).await.into()));
    }
    found.extend(check_links(&config).map(|noted| ("links", noted)));
    for (what, found) in &found {
        match found {
            Found::Fine(words) => writeln!(out, "{what:<14} fine, {words}")?,
            Found::Noted(words) => writeln!(out, "{what:<14} note: {words}")?,
            Found::Unready(words) => writeln!(out, "{what:<14} not ready: {words}")?,
            Found::Wrong(words) => writeln!(out, "{what:<14} wrong: {words}")?,
        }
    }
    Ok(found.iter().map(|(_, found)| found.verdict()).max().unwrap_or(Verdict::Fine))
}

/// What is to be known of links, where people elsewhere cannot open them or there are none.
fn check_links(config: &Config) -> Option<Found> {
    if config.notices.base_url.is_some() {
        return None;
    }
    let listen = config.server.listen;
    Some(Found::Noted(format!(
        "notices are sent without them, and those to sign in open on this machine alone: {listen} is no address that a browser \
         elsewhere can open; set notices.public_url to where people reach Gleaner"
    )))
}

async fn check_issuer(settings: &issuer::Settings) -> Result<String, String> {
    let count = Issuer::new(settings.clone()).count_keys().await?;
    let keys = match &settings.source {
        Source::Secret(_) => "the secret that it shares".to_owned(),
        Source::File(path) => format!("{count} keys in {}", path.display()),
        Source::Address(url) => format!("{count} keys at {url}"),
    };
    let issuer::Settings { issuer, audience, algorithm, .. } = settings;
    Ok(format!("tokens of {issuer} for {audience} are accepted, signed by {} with {keys}", algorithm.as_str()))
}

/// Looks at the database and leaves it as it is. A private server that stands still is started for the look, as for any
/// command, and stopped again; where there is none, none is made.
async fn check_database(config: &Config) -> Found {
    const HOW: &str = "`gleaner migrate` or the next start";
    let which = if config.database_url.is_some() { "DATABASE_URL answers" } else { "the private PostgreSQL answers" };
    if config.database_url.is_none() && !config.postgres.has_cluster() {
        return Found::Unready(format!("there is none yet in {}; {HOW} makes it", config.data.display()));
    }
    match missing_migrations(config).await {
        Err(error) => Found::Wrong(error.to_string()),
        Ok(missing) => match missing.as_slice() {
            [] => Found::Fine(format!("{which}, the schema is up to date")),
            [only] => Found::Unready(format!("{which}, 1 migration is missing: {only}; {HOW} applies it")),
            [first, ..] => {
                let count = missing.len();
                Found::Unready(format!("{which}, {count} migrations are missing, from {first} on; {HOW} applies them"))
            }
        },
    }
}

async fn missing_migrations(config: &Config) -> Result<Vec<String>, AppError> {
    if let Some(url) = &config.database_url {
        return Ok(migrate::look(url.expose()).await?);
    }
    let server = Embedded::start(&config.postgres, Role::Command).await?;
    let missing = migrate::look(server.url()).await;
    server.stop().await?;
    Ok(missing?)
}

async fn check_provider(config: &Config, ask: bool) -> Result<String, String> {
    match &config.provider {
        Provider::Oxylabs(settings) => {
            Oxylabs::new(settings.clone()).map_err(|error| format!("oxylabs.{error}"))?;
            let base_url = &settings.base_url;
            if !ask {
                let why = "it is not asked, since each answer costs; `gleaner check --provider` asks for one page";
                return Ok(format!("Oxylabs at {base_url} with credentials; {why}"));
            }
            let count = ask_once(settings, REAL_TIMEOUT).await?;
            Ok(format!("Oxylabs at {base_url} answers with {count} products"))
        }
        Provider::Sandbox(sandbox) => {
            let running = Sandbox::start(sandbox.clone()).map_err(|error| error.to_string())?;
            let asked = ask_once(&running.settings(), SANDBOX_TIMEOUT).await;
            running.stop().await;
            let real = if ask { "; the real provider has no credentials here, so it was not asked" } else { "" };
            asked.map(|count| format!("the sandbox answers with {count} products{real}"))
        }
    }
}

async fn ask_once(settings: &Settings, timeout: Duration) -> Result<usize, String> {
    let client = Oxylabs::new(settings.clone()).map_err(|error| error.to_string())?;
    let first = catalogue::categories().next().ok_or("the catalogue is empty")?;
    let request = CategoryRequest { node_id: first.node_id.to_owned(), page: 1, timeout };
    let answer = client.ask(&request, None).await;
    answer.result.map(|page| page.products.len()).map_err(|failure| failure.detail().to_owned())
}
