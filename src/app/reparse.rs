//! `gleaner reparse`: what the parser of today finds on the kept pages of a run, and saving it. Works beside an engine:
//! a run that is under way is only looked at.

use chrono::{DateTime, Utc};

use super::Database;
use super::data::DataError;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::failure::Failure;
use crate::domain::ids::{RunId, RunKey, TaskNo};
use crate::domain::raw_page::{RawPageRow, Reread};
use crate::domain::run::RunStatus;
use crate::domain::run_named::RunNamed;
use crate::domain::settings::RunSettings;
use crate::domain::task::Phase;
use crate::scrapers::oxylabs::{reread_products, reread_sellers};
use crate::store::embedded::Role;
use crate::store::{Applied, Archive, PgStore, StoreError};

/// One kept page, then and now.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its task.
    pub task_no: TaskNo,
    /// The page that was asked for.
    pub page: i16,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Why it is kept.
    pub why: String,
    /// What the parser said then.
    pub then: String,
    /// What it finds now.
    pub now: Now,
}

/// What the parser of today finds on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Now {
    /// Listings with a seller.
    Sightings(usize),
    /// Products. They are shown and not saved: to search them is a matter of another run.
    Products(usize),
    /// It does not understand it either.
    Failure(String),
    /// Its body was thrown away meanwhile.
    Gone,
}

/// What was found, and what was saved of it, where that was asked for.
#[derive(Debug)]
pub struct Report {
    /// The run.
    pub run: RunId,
    /// Its kept pages, by task and request.
    pub pages: Vec<Page>,
    /// What was saved.
    pub applied: Option<Applied>,
}

/// Reads the kept pages of a run, named by its number or its id, again, and saves what they hold where `apply` asks for it.
///
/// # Errors
/// [`DataError`]; nothing is saved then.
pub async fn run(config: &Config, run: &str, apply: bool) -> Result<Report, DataError> {
    let not_allowed = |words: String| DataError::NotAllowed(words);
    let run: RunNamed = run.parse().map_err(not_allowed)?;
    if config.database_url.is_none() && !config.postgres.has_cluster() {
        return Err(not_allowed(format!("--data: nothing was ever collected in {}", config.data.display())));
    }
    let database = Database::open(config, Role::Command, &Clock::system()).await?;
    let read = read(&database.store, run, apply).await;
    database.close().await?;
    read
}

async fn read(store: &PgStore, run: RunNamed, apply: bool) -> Result<Report, DataError> {
    let nowhere = || DataError::NotAllowed(format!("there is no run {run}"));
    let org = store.first_org().await?.ok_or_else(nowhere)?;
    let row = store.run_named(org.id, run).await.map_err(|error| match error {
        StoreError::NotFound => nowhere(),
        other => other.into(),
    })?;
    if apply && row.status == RunStatus::Running {
        let words = format!("--apply: run {run} is under way; pause it first, or wait until it has ended");
        return Err(DataError::NotAllowed(words));
    }
    let kept = store.raw_pages(row.key()).await?;
    if kept.is_empty() {
        let words = format!(
            "run {run} has no kept pages: none came that held nothing or could not be read, or they were thrown away since \
             (archive.bytes_max, archive.days_max)"
        );
        return Err(DataError::NotAllowed(words));
    }
    let settings = row.run_settings().unwrap_or_default();
    let (mut pages, mut found) = (Vec::with_capacity(kept.len()), Vec::new());
    for page in kept {
        let (now, reread) = look(store, row.key(), &page, &settings).await?;
        found.extend(reread);
        let RawPageRow { task_no, page, at, why, message, .. } = page;
        pages.push(Page { task_no, page, at, why, then: message, now });
    }
    let applied = if apply { Some(save(store, row.key(), found).await?) } else { None };
    Ok(Report { run: row.id, pages, applied })
}

async fn save(store: &PgStore, key: RunKey, found: Vec<Reread>) -> Result<Applied, DataError> {
    store.apply(key, found).await.map_err(|error| match error {
        StoreError::NotAllowed { .. } => DataError::NotAllowed(format!(
            "--apply: run {} was started meanwhile; pause it first, or wait until it has ended. Nothing was saved",
            key.run
        )),
        other => other.into(),
    })
}

/// What is on one page now, and that as the store takes it. One body is held at a time.
async fn look(
    store: &PgStore,
    key: RunKey,
    page: &RawPageRow,
    settings: &RunSettings,
) -> Result<(Now, Option<Reread>), StoreError> {
    let Some(body) = store.raw_body(key.org, page.hash).await? else { return Ok((Now::Gone, None)) };
    let (form, number, include_off_filter) = (page.form, page.page, settings.include_off_filter);
    let failed = |failure: Failure| (Now::Failure(failure.detail().to_owned()), None);
    if page.phase == Phase::Amazon {
        let read = tokio::task::spawn_blocking(move || reread_products(&body, form, number)).await;
        return Ok(match read {
            Ok(Ok(found)) => (Now::Products(found.products.len()), None),
            Ok(Err(failure)) => failed(failure),
            Err(_) => (Now::Failure("the parser panicked".to_owned()), None),
        });
    }
    let read = tokio::task::spawn_blocking(move || reread_sellers(&body, form, include_off_filter)).await;
    let found = match read {
        Ok(Ok(found)) => found,
        Ok(Err(failure)) => return Ok(failed(failure)),
        Err(_) => return Ok((Now::Failure("the parser panicked".to_owned()), None)),
    };
    let last = !found.has_more || u16::try_from(page.page).unwrap_or(u16::MAX) >= settings.pages_per_product;
    let now = Now::Sightings(found.sightings.len());
    let (task_no, request_no, at, sightings) = (page.task_no, page.request_no, page.at, found.sightings);
    Ok((now, Some(Reread { task_no, request_no, page: page.page, at, sightings, last })))
}
