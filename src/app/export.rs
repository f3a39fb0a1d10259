//! `gleaner export`: the sellers of a run on standard output, streamed in flat memory.

use std::io::Write;

use futures_util::{StreamExt, pin_mut};

use super::Database;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::run_named::RunNamed;
use crate::store::embedded::Role;
use crate::store::{PgStore, StoreError};
pub use crate::web::export::RunFileFormat;

/// Bytes that are gathered before they are written.
const PIECE_BYTES: usize = 64 * 1024;

/// Why an export did not do its work; the words are for people.
type Failure = Box<dyn std::error::Error>;

/// Writes the sellers of a run, named by its number or its id, to `out`.
///
/// # Errors
/// In words: no such run, a database that is away, nobody who takes the output.
pub async fn run(config: &Config, run: &str, format: RunFileFormat, out: &mut impl Write) -> Result<(), Failure> {
    let run: RunNamed = run.parse().map_err(|words| format!("--run: {words}"))?;
    if config.database_url.is_none() && !config.postgres.has_cluster() {
        return Err(format!("--data: nothing was ever collected in {}", config.data.display()).into());
    }
    let database = Database::open(config, Role::Command, &Clock::system()).await?;
    let written = write(&database.store, run, format, out).await;
    database.close().await?;
    written
}

async fn write(store: &PgStore, run: RunNamed, format: RunFileFormat, out: &mut impl Write) -> Result<(), Failure> {
    let nowhere = || format!("--run: there is no run {run}");
    let org = store.first_org().await?.ok_or_else(nowhere)?;
    let row = store.run_named(org.id, run).await.map_err(|error| match error {
        StoreError::NotFound => nowhere(),
        other => other.to_string(),
    })?;
    let rows = store.stream_run_sellers(org.id, row.id);
    pin_mut!(rows);
    let mut piece = format.head().as_bytes().to_vec();
    while let Some(row) = rows.next().await {
        format.push_row(&row?, &mut piece);
        if piece.len() >= PIECE_BYTES {
            out.write_all(&piece)?;
            piece.clear();
        }
    }
    out.write_all(&piece)?;
    Ok(out.flush()?)
}
