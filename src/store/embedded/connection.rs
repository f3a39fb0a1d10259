//! The first words with a server: does it answer, and is our database there? Everything after that is the pool's.

use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use super::cluster::{self, NAME};
use super::error::EmbeddedError;
use super::password;

/// Longest wait for one answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest making of a database, which copies files.
const CREATE_TIME_MAX: Duration = Duration::from_secs(60);

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It takes connections.
    Answered,
    /// It does not know the password.
    WrongPassword,
    /// It starts or recovers.
    ComingUp,
    /// It shuts down.
    GoingDown,
    /// It runs, but has no such database.
    NoDatabase,
    /// Nobody answers.
    Silent,
}

/// Asks for a connection and lets it go again.
pub(super) async fn ask(socket: &Path, password: &str, database: &str) -> Asked {
    match open(socket, password, database).await {
        Ok(_) => Asked::Answered,
        Err(asked) => asked,
    }
}

/// Makes our database unless it is there. `data` is for the error of a lost password.
pub(super) async fn ensure_database(data: &Path, socket: &Path, password: &str) -> Result<(), EmbeddedError> {
    let failed = |output: String| EmbeddedError::Program { program: "postgres".to_owned(), output };
    match ask(socket, password, NAME).await {
        Asked::Answered => return Ok(()),
        Asked::NoDatabase => {}
        Asked::WrongPassword => return Err(password_lost(data)),
        other => return Err(failed(format!("it does not take a connection ({other:?})"))),
    }
    let client = open(socket, password, "postgres").await;
    let client = client.map_err(|other| failed(format!("it does not take a connection ({other:?})")))?;
    let statement = format!("CREATE DATABASE {NAME}");
    let too_slow =
        EmbeddedError::TooSlow { what: "making the database".to_owned(), limit_s: CREATE_TIME_MAX.as_secs() };
    let made = timeout(CREATE_TIME_MAX, client.batch_execute(&statement)).await.map_err(|_| too_slow)?;
    made.map_err(|error| failed(error.to_string()))
}

/// The cluster's password is not the one that was kept in this data folder.
pub(super) fn password_lost(data: &Path) -> EmbeddedError {
    EmbeddedError::PasswordLost { folder: cluster::folder(data), file: password::file(data) }
}

/// The address of our database for a pool.
pub(super) fn url(socket: &Path, password: &str) -> String {
    let host: String = url::form_urlencoded::byte_serialize(socket.as_os_str().as_encoded_bytes()).collect();
    let host = host.replace('+', "%20");
    format!("postgresql://{NAME}:{password}@{host}/{NAME}")
}

async fn open(socket: &Path, password: &str, database: &str) -> Result<Client, Asked> {
    let mut config = Config::new();
    config.host_path(socket).user(NAME).password(password).dbname(database).connect_timeout(ANSWER_TIME_MAX);
    let connected = timeout(ANSWER_TIME_MAX, config.connect(NoTls)).await.map_err(|_| Asked::Silent)?;
    let (client, connection) = connected.map_err(|error| {
        let Some(told) = error.as_db_error() else { return Asked::Silent };
        match told.code() {
            code if *code == SqlState::INVALID_PASSWORD => Asked::WrongPassword,
            code if *code == SqlState::INVALID_CATALOG_NAME => Asked::NoDatabase,
            // One code for both ways; the cluster speaks English (`--locale=C`).
            code if *code == SqlState::CANNOT_CONNECT_NOW && told.message().contains("shutting down") => {
                Asked::GoingDown
            }
            code if *code == SqlState::CANNOT_CONNECT_NOW => Asked::ComingUp,
            _ => Asked::Silent,
        }
    })?;
    // It ends when the client is dropped or the server is gone.
    tokio::spawn(connection);
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_postgres::config::Host;

    #[test]
    fn the_address_is_understood_by_the_driver() {
        let url = url(Path::new("/tmp/gleaner-0f/a b"), "p-_Q");
        let config: Config = url.parse().expect("an address");
        assert_eq!(config.get_hosts(), [Host::Unix("/tmp/gleaner-0f/a b".into())]);
        assert_eq!((config.get_user(), config.get_password()), (Some(NAME), Some("p-_Q".as_bytes())));
        assert_eq!(config.get_dbname(), Some(NAME));
    }
}
