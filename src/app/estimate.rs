//! What a run would take, told from the data folder's finished runs where there are any. Starts no engine and asks nobody.

use super::{AppError, Database};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::estimate::{Basis, Estimate, Past, estimate};
use crate::domain::settings::RunSettings;
use crate::store::StoreError;
use crate::store::embedded::Role;

/// What a run over so many categories with these settings would take.
///
/// # Errors
/// Where there is a database and it cannot be read.
pub async fn of(config: &Config, categories: usize, settings: &RunSettings) -> Result<Estimate, AppError> {
    // A new data folder stays as it is: nothing was ever collected in it.
    let past = if config.database_url.is_none() && !config.postgres.has_cluster() {
        Vec::new()
    } else {
        let database = Database::open(config, Role::Command, &Clock::system()).await?;
        let read = past_runs(&database).await;
        database.close().await?;
        read?
    };
    let basis = Basis::new(settings, &past, config.latency());
    Ok(estimate(categories, settings, basis, config.prices.as_ref()))
}

async fn past_runs(database: &Database) -> Result<Vec<Past>, StoreError> {
    match database.store.first_org().await? {
        Some(org) => database.store.past_runs(org.id).await,
        None => Ok(Vec::new()),
    }
}
