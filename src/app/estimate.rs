//! What a run would take, told from the data folder's finished runs where there are any. Starts no engine and asks nobody.

use super::{AppError, Database};
use crate::clock::Clock;
use crate::config::{Config, Provider};
use crate::domain::estimate::{Basis, Estimate, Past, estimate};
use crate::domain::foreseen::{AccountLimits, Foreseen, MonthDrawn};
use crate::domain::settings::RunSettings;
use crate::domain::task::Category;
use crate::store::StoreError;
use crate::store::embedded::Role;

/// What a run over these categories with these settings would take.
///
/// # Errors
/// Where there is a database and it cannot be read.
pub async fn of(config: &Config, categories: &[Category], settings: &RunSettings) -> Result<Estimate, AppError> {
    // A new data folder stays as it is: nothing was ever collected in it.
    let (past, seen) = if config.database_url.is_none() && !config.postgres.has_cluster() {
        (Vec::new(), Foreseen::default())
    } else {
        let database = Database::open(config, Role::Command, &Clock::system()).await?;
        let read = look(&database, categories, settings).await;
        database.close().await?;
        read?
    };
    let untouched = config.monthly_request_budget.map(|allowed| MonthDrawn { allowed, drawn: 0 });
    let foreseen = Foreseen { limits: limits(config), month: seen.month.or(untouched), ..seen };
    let basis = Basis::new(settings, &past, config.latency());
    Ok(estimate(categories.len(), settings, basis, &foreseen, config.prices.as_ref()))
}

async fn look(
    database: &Database,
    categories: &[Category],
    settings: &RunSettings,
) -> Result<(Vec<Past>, Foreseen), StoreError> {
    let store = &database.store;
    let Some(org) = store.first_org().await? else { return Ok((Vec::new(), Foreseen::default())) };
    let lately = store.searched_lately(org.id, categories, settings).await?;
    let month = store.month_drawn(org.id).await?;
    Ok((store.past_runs(org.id).await?, Foreseen { lately, month, ..Foreseen::default() }))
}

/// What is configured; the vendor's own word is known to a server that has asked it.
fn limits(config: &Config) -> AccountLimits {
    match &config.provider {
        Provider::Oxylabs(settings) => {
            let rate = |limit: Option<u32>| limit.map(f64::from);
            let plan = settings.plan;
            AccountLimits {
                requests_per_second: rate(plan.requests_per_second),
                rendered_per_second: rate(plan.rendered_per_second),
            }
        }
        Provider::Sandbox(_) => AccountLimits::default(),
    }
}
