//! The way to PostgreSQL: a pool of connections, each made with the same limits, over TLS where the address asks for it.

use std::pin::Pin;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::StoreError;
use super::aside::Asides;
use super::engines::session_name;
use super::loan::{Lease, Loan};
use super::runs::metrics::COUNTING_MAX;
use crate::clock::Clock;
use crate::domain::ids::EngineId;
use crate::domain::raw_page::ArchiveLimits;
use crate::domain::settings::RunSettings;

/// Longest wait for a connection to be made.
pub const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Longest wait for a connection of the pool, making one included.
pub const POOL_WAIT_MAX: Duration = Duration::from_secs(10);

/// After how long without a word a peer beyond a network is asked whether it is there, and how long it may owe an answer.
const PEER_IDLE: Duration = Duration::from_secs(15);
const PEER_SILENT_MAX: Duration = Duration::from_secs(30);

/// What every connection obeys. A statement, a wait for a lock and an idle transaction are bounded, so that neither a
/// stuck nor a frozen process holds a run for ever. Plans are kept while tables are still empty, and must stay good when
/// they have a million rows: so only those by index are allowed.
const LIMITS: &str = "SET statement_timeout = '30s'; SET lock_timeout = '15s'; \
    SET idle_in_transaction_session_timeout = '20s'; \
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";

/// The store over PostgreSQL; cheap to clone, all clones share the pool.
#[derive(Clone)]
pub struct PgStore {
    pool: Pool<AsyncPgConnection>,
    pub(super) clock: Clock,
    /// Who writes through it.
    pub(super) engine: EngineId,
    /// How much is kept of pages on which nothing was found.
    pub(super) archive: ArchiveLimits,
    /// Requests that an organisation's runs may send in a month.
    pub(super) month_budget: Option<i64>,
    /// The provider that runs of this engine ask.
    pub(super) provider: Option<&'static str>,
    /// Settings of a run that names none, for runs that nobody asks for at that moment.
    pub(super) run_defaults: Arc<RunSettings>,
    /// Bytes that were added to archives since they were pruned last.
    pub(super) unpruned: Arc<AtomicI64>,
    /// Where a browser reaches this engine, once it serves.
    pub(super) address: Arc<OnceLock<String>>,
    /// Where megabytes are worked on.
    pub(super) asides: Asides,
    /// The turns of whoever counts what the requests of a run were like.
    pub(super) counting: Arc<Semaphore>,
}

impl PgStore {
    /// A store over the database at this address, with at most `pool_size` connections. One is made at once, so that a
    /// wrong address is told here.
    ///
    /// Addresses are `postgres://user:password@host/name`, a socket's folder as the host in percent form, or
    /// `key=value` words; `sslmode=require` asks for TLS and checks the server's certificate.
    ///
    /// # Errors
    /// [`StoreError::Broken`] where the address cannot be read, [`StoreError::Away`] where nobody answers.
    pub async fn connect(url: &str, pool_size: usize, clock: Clock) -> Result<Self, StoreError> {
        config(url).map_err(StoreError::Broken)?;
        let mut manager = ManagerConfig::default();
        manager.recycling_method = RecyclingMethod::Fast;
        let engine = EngineId(clock.new_id());
        manager.custom_setup = Box::new(move |url: &str| establish(url.to_owned(), session_name(engine)).boxed());
        let manager = AsyncDieselConnectionManager::new_with_config(url, manager);
        let pool = Pool::builder(manager)
            .max_size(pool_size.max(1))
            .build()
            .map_err(|error| StoreError::Broken(error.to_string()))?;
        let (archive, unpruned, run_defaults) = (ArchiveLimits::default(), Arc::default(), Arc::default());
        let (month_budget, provider, address, asides) = (None, None, Arc::default(), Asides::default());
        let counting = Arc::new(Semaphore::new(COUNTING_MAX));
        let store = Self {
            pool,
            clock,
            engine,
            archive,
            month_budget,
            provider,
            run_defaults,
            unpruned,
            address,
            asides,
            counting,
        };
        drop(store.connection().await?);
        Ok(store)
    }

    /// The same store, keeping so much of pages on which nothing was found.
    #[must_use]
    pub fn with_archive(self, archive: ArchiveLimits) -> Self {
        Self { archive, ..self }
    }

    /// The same store, allowing the runs of an organisation so many requests in a month.
    #[must_use]
    pub fn with_month_budget(self, month_budget: Option<i64>) -> Self {
        Self { month_budget, ..self }
    }

    /// The same store, for an engine whose runs ask this provider: a run that is begun with it stays with it.
    #[must_use]
    pub fn with_provider(self, provider: &'static str) -> Self {
        Self { provider: Some(provider), ..self }
    }

    /// The same store, making runs by schedule with these settings where nothing else is said.
    #[must_use]
    pub fn with_run_defaults(self, run_defaults: RunSettings) -> Self {
        Self { run_defaults: Arc::new(run_defaults), ..self }
    }

    /// How its connections are used now.
    #[must_use]
    pub fn pool_seen(&self) -> PoolSeen {
        let status = self.pool.status();
        PoolSeen { max: status.max_size, size: status.size, idle: status.available, waiting: status.waiting }
    }

    /// A connection for statements that each stand alone.
    pub(super) async fn connection(&self) -> Result<Loan, StoreError> {
        match tokio::time::timeout(POOL_WAIT_MAX, self.pool.get()).await {
            Ok(got) => Ok(Loan::of(got?)),
            Err(_) => Err(StoreError::Away("no connection was free or could be made in time".to_owned())),
        }
    }

    /// A connection for a transaction.
    pub(super) async fn lease(&self) -> Result<Lease, StoreError> {
        Ok(Lease::of(self.connection().await?))
    }
}

/// How the connections of a store are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolSeen {
    /// Connections that there may be.
    pub max: usize,
    /// Connections that there are.
    pub size: usize,
    /// Of those, unused ones.
    pub idle: usize,
    /// Who waits for one.
    pub waiting: usize,
}

/// Whether an address can be read.
///
/// # Errors
/// Why it cannot, and what is allowed; the address itself, which holds a password, is not repeated.
pub fn check_address(url: &str) -> Result<(), String> {
    config(url).map(|_| ()).map_err(|error| format!("{error}; allowed is postgres://user:password@host/name"))
}

/// Where a server is looked for, for people.
fn place(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5_432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(folder) => folder.join(format!(".s.PGSQL.{port}")).display().to_string(),
        }
    });
    hosts.collect::<Vec<_>>().join(", ")
}

/// The address as the driver reads it, or why it cannot.
pub(super) fn config(url: &str) -> Result<Config, String> {
    // The driver knows `require` only, and our TLS always checks the certificate, as these two ask.
    let url = url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("the database's address cannot be read: {error}{cause}")
    })?;
    config.connect_timeout(CONNECT_MAX);
    // A peer that is gone without a word is noticed, not waited for.
    config.keepalives_idle(PEER_IDLE).keepalives_interval(PEER_IDLE / 3).keepalives_retries(3);
    config.tcp_user_timeout(PEER_SILENT_MAX);
    Ok(config)
}

fn bad(config: &Config, error: &tokio_postgres::Error) -> ConnectionError {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    ConnectionError::BadConnection(format!("{}: {error}{cause}", place(config)))
}

fn too_slow(config: &Config) -> ConnectionError {
    ConnectionError::BadConnection(format!("{}: no answer within {} s", place(config), CONNECT_MAX.as_secs()))
}

/// What drives a session; it ends with it.
type Driving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A session of its own at this address, outside the pool and without its limits: for a lock that is held for long. The
/// second part must be driven, and ends when the session does.
pub(super) async fn session(url: &str) -> ConnectionResult<(Client, Driving)> {
    let config = config(url).map_err(ConnectionError::InvalidConnectionUrl)?;
    let made = async {
        if config.get_ssl_mode() == SslMode::Require {
            let connected = config.connect(MakeRustlsConnect::with_webpki_roots()).await;
            let (client, connection) = connected.map_err(|error| bad(&config, &error))?;
            Ok((client, Box::pin(connection.map(drop)) as Driving))
        } else {
            let (client, connection) = config.connect(NoTls).await.map_err(|error| bad(&config, &error))?;
            Ok((client, Box::pin(connection.map(drop)) as Driving))
        }
    };
    tokio::time::timeout(CONNECT_MAX, made).await.map_err(|_| too_slow(&config))?
}

/// A connection to this address, under the limits and this name.
pub(super) async fn establish(url: String, name: String) -> ConnectionResult<AsyncPgConnection> {
    let config = config(&url).map_err(ConnectionError::InvalidConnectionUrl)?;
    let bad = |error: tokio_postgres::Error| bad(&config, &error);
    let made = async {
        let mut connection = if config.get_ssl_mode() == SslMode::Require {
            let (client, connection) = config.connect(MakeRustlsConnect::with_webpki_roots()).await.map_err(bad)?;
            AsyncPgConnection::try_from_client_and_connection(client, connection).await?
        } else {
            let (client, connection) = config.connect(NoTls).await.map_err(bad)?;
            AsyncPgConnection::try_from_client_and_connection(client, connection).await?
        };
        let settings = format!("SET application_name = '{name}'; {LIMITS}");
        connection.batch_execute(&settings).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    };
    tokio::time::timeout(CONNECT_MAX, made).await.map_err(|_| too_slow(&config))?
}
