//! Migrations, embedded in the binary and applied under an advisory lock, so that two processes that start together do
//! not race.

use diesel::dsl::sql;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sql_types::{Array, Bool, Text};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio::task::spawn_blocking;

use super::StoreError;
use super::connection::establish;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The lock's number: any that nobody else takes.
const LOCK: &str = "SELECT pg_advisory_lock(7234314)";

/// Applies what is missing and says what it applied, by name, in order. Waits for another process that does the same,
/// as long as the connection's limits allow.
///
/// # Errors
/// [`StoreError::Away`] where the database cannot be reached, [`StoreError::Broken`] where a migration fails or the
/// database is newer than this program.
pub async fn run(url: &str) -> Result<Vec<String>, StoreError> {
    on_a_thread(url, |connection| {
        refuse_newer(connection)?;
        let applied = connection.run_pending_migrations(MIGRATIONS).map_err(broken)?;
        Ok(applied.iter().map(ToString::to_string).collect())
    })
    .await
}

/// Takes every migration back, newest first, and says which. For the test that walks each way.
///
/// # Errors
/// As [`run`].
pub async fn revert_all(url: &str) -> Result<Vec<String>, StoreError> {
    on_a_thread(url, |connection| {
        let reverted = connection.revert_all_migrations(MIGRATIONS).map_err(broken)?;
        Ok(reverted.iter().map(ToString::to_string).collect())
    })
    .await
}

/// What is missing, by name, in order.
///
/// # Errors
/// As [`run`].
pub async fn pending(url: &str) -> Result<Vec<String>, StoreError> {
    on_a_thread(url, |connection| {
        let pending: Vec<Box<dyn Migration<Pg>>> = connection.pending_migrations(MIGRATIONS).map_err(broken)?;
        Ok(pending.iter().map(|migration| migration.name().to_string()).collect())
    })
    .await
}

/// Whether the table is there in which diesel writes down what was applied; it is made by the first migration.
const IS_THERE: &str = "to_regclass('__diesel_schema_migrations') IS NOT NULL";
/// What is written down there.
const APPLIED: &str = "ARRAY(SELECT version::text FROM __diesel_schema_migrations)";

/// As [`pending`], for whoever only looks: nothing is written, and nobody is waited for who migrates just now.
///
/// # Errors
/// As [`run`].
pub async fn look(url: &str) -> Result<Vec<String>, StoreError> {
    let away = |error: diesel::ConnectionError| StoreError::Away(error.to_string());
    let mut connection = establish(url.to_owned(), "gleaner check".to_owned()).await.map_err(away)?;
    connection.batch_execute("SET default_transaction_read_only = on").await?;
    let applied: Vec<String> = if diesel::select(sql::<Bool>(IS_THERE)).get_result(&mut connection).await? {
        diesel::select(sql::<Array<Text>>(APPLIED)).get_result(&mut connection).await?
    } else {
        Vec::new()
    };
    let mut known: Vec<(String, String)> = known()?
        .iter()
        .map(|migration| (migration.name().version().to_string(), migration.name().to_string()))
        .collect();
    if let Some(version) = applied.iter().find(|version| !known.iter().any(|(known, _)| known == *version)) {
        return Err(newer(version));
    }
    known.retain(|(version, _)| !applied.contains(version));
    known.sort();
    Ok(known.into_iter().map(|(_, name)| name).collect())
}

fn known() -> Result<Vec<Box<dyn Migration<Pg>>>, StoreError> {
    MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(broken)
}

fn newer(version: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(format!(
        "migration {version} is applied and not known here: the database was migrated by a newer gleaner"
    ))
}

fn broken(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Broken(format!("migrations: {error}"))
}

type Connection = AsyncConnectionWrapper<AsyncPgConnection>;

/// diesel's migrations wait in their own way, which a thread that drives other futures must not do.
async fn on_a_thread<T: Send + 'static>(
    url: &str,
    work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let away = |error: diesel::ConnectionError| StoreError::Away(error.to_string());
    let mut connection = establish(url.to_owned(), "gleaner migrate".to_owned()).await.map_err(away)?;
    connection.batch_execute(LOCK).await?;
    // The lock goes with the connection, however the work ends.
    let worked = spawn_blocking(move || work(&mut Connection::from(connection)));
    worked.await.map_err(|error| StoreError::Broken(format!("migrations: {error}")))?
}

/// Refuses a database that a newer program has migrated: this one does not know what its rows mean.
fn refuse_newer(connection: &mut Connection) -> Result<(), StoreError> {
    let known: Vec<String> = known()?.iter().map(|migration| migration.name().version().to_string()).collect();
    let applied = connection.applied_migrations().map_err(broken)?;
    match applied.iter().find(|version| !known.contains(&version.to_string())) {
        Some(version) => Err(newer(version)),
        None => Ok(()),
    }
}
