//! Short commands on the database: tokens and migrations. They use the private server that runs, or start it for
//! themselves.

use std::io::Write;
use std::process::ExitCode;

use super::Failure;
use crate::app::{self, Database};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::embedded::Role;
use crate::web::auth::token::{Secret, hash_of};

/// Longest name of a token, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Makes an API token of the organisation and prints it, and nothing else.
pub async fn create_token(config: &Config, name: &str, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let name = name.trim();
    if !(1..=NAME_CHARS_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(format!("--name: 1 to {NAME_CHARS_MAX} characters without control characters are allowed").into());
    }
    let clock = Clock::system();
    let database = Database::open(config, Role::Command, &clock).await?;
    let made = async {
        let org = app::organisation(&database.store).await?;
        let secret = Secret::new(&clock);
        database.store.create_token(org.id, name, secret.hash).await?;
        Ok::<_, Failure>(secret)
    }
    .await;
    database.close().await?;
    writeln!(out, "{}", made?.text)?;
    Ok(ExitCode::SUCCESS)
}

/// Takes a token back.
pub async fn revoke_token(config: &Config, token: &str) -> Result<ExitCode, Failure> {
    let hash = hash_of(token).ok_or("that is no token of gleaner: 43 letters, digits, - and _")?;
    let database = Database::open(config, Role::Command, &Clock::system()).await?;
    let revoked = async {
        let token = database.store.find_token(hash).await?.ok_or("no such token")?;
        database.store.revoke_token(token.org_id, token.id).await?;
        Ok::<_, Failure>(())
    }
    .await;
    database.close().await?;
    revoked?;
    eprintln!("gleaner: the token is taken back");
    Ok(ExitCode::SUCCESS)
}

/// Migrates and says what was applied.
pub async fn migrate(config: &Config, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let database = Database::open(config, Role::Command, &Clock::system()).await?;
    let applied = database.applied.clone();
    database.close().await?;
    for name in &applied {
        writeln!(out, "applied {name}")?;
    }
    if applied.is_empty() {
        eprintln!("gleaner: nothing to apply, the schema is up to date");
    }
    Ok(ExitCode::SUCCESS)
}
