//! `gleaner check`: configuration, database, provider. Says what is wrong and how to mend it, and spends no money: the
//! sandbox is asked, the real provider only when the caller says so.

use std::io::{self, Write};
use std::time::Duration;

use super::Database;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Overrides, Provider};
use crate::issuer::{self, Issuer, Source};
use crate::scrapers::oxylabs::{Oxylabs, Settings};
use crate::scrapers::sandbox::Sandbox;
use crate::scrapers::{BestSellers, CategoryRequest, catalogue};
use crate::store::embedded::Role;

/// Longest wait for the page that is asked for: the vendor's own time limit is three minutes.
const REAL_TIMEOUT: Duration = Duration::from_secs(180);
const SANDBOX_TIMEOUT: Duration = Duration::from_secs(5);

/// Writes what was found to `out`; `true` where everything is fine.
///
/// # Errors
/// Where nobody takes the output.
pub async fn run(overrides: &Overrides, ask_provider: bool, out: &mut impl Write) -> io::Result<bool> {
    let config = match Config::load(overrides) {
        Ok(config) => config,
        Err(error) => {
            // The line says already what is wrong: the configuration.
            let words = match error {
                ConfigError::Invalid(words) => words,
                other @ ConfigError::NoDataFolder => other.to_string(),
            };
            writeln!(out, "configuration  wrong: {words}")?;
            return Ok(false);
        }
    };
    writeln!(out, "configuration  fine, data folder {}", config.data.display())?;
    let (database, provider) = (check_database(&config).await, check_provider(&config, ask_provider).await);
    let mut found = vec![("database", database), ("provider", provider)];
    if let Some(settings) = &config.jwt {
        found.push(("issuer", check_issuer(settings).await));
    }
    for (what, found) in &found {
        match found {
            Ok(words) => writeln!(out, "{what:<14} fine, {words}")?,
            Err(words) => writeln!(out, "{what:<14} wrong: {words}")?,
        }
    }
    Ok(found.iter().all(|(_, found)| found.is_ok()))
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

async fn check_database(config: &Config) -> Result<String, String> {
    let database = Database::open(config, Role::Command, &Clock::system()).await.map_err(|error| error.to_string())?;
    let pinged = database.store.ping().await.map_err(|error| error.to_string());
    database.close().await.map_err(|error| error.to_string())?;
    pinged?;
    let which = if config.database_url.is_some() { "DATABASE_URL answers" } else { "the private PostgreSQL answers" };
    Ok(format!("{which}, the schema is up to date"))
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
