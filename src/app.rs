//! Builds the rooms in order, ties them together, and drains them in reverse: the only file that knows everyone.
//!
//! Order: sandbox (it refuses a folder before anything is made), database, migrations, store, engine, web. The engine
//! and all runs live on one arbiter of their own, so that neither the terminal nor a slow browser takes their thread.

pub mod audit;
pub mod check;
pub mod data;
mod engine_keeper;
mod engine_seam;
pub mod estimate;
pub mod export;
mod front;
pub mod links;
pub mod logging;
pub mod orgs;
pub mod people;
mod providers;
pub mod reparse;
pub mod runs;
pub mod tokens;
mod upkeep;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_rt::Arbiter;
use futures_util::future::{OptionFuture, join3};
use thiserror::Error;
use tokio::time::timeout;

use crate::actors::engine::Drain;
use crate::actors::run_context::{Fact, HearEngines, MakeProviders, Probe, TellFacts};
use crate::actors::supervisor::Means;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Provider};
use crate::metrics::{Counting, LimitsSeen, Metrics};
use crate::notices::sender::Sender;
use crate::scrapers::catalogue;
use crate::scrapers::oxylabs::{self, Accounts, Allowed, Oxylabs};
use crate::scrapers::sandbox::{Running as RunningSandbox, Sandbox, SandboxError};
use crate::store::embedded::{Embedded, EmbeddedError, Role};
use crate::store::people::orgs::OrgRow;
use crate::store::{CategoryRow, EngineSession, PgStore, StoreError, migrate};
pub use engine_keeper::{EngineLine, start_here};
pub use engine_seam::EngineSeam;
pub use front::Front;
use providers::{ProviderSeam, make_providers};
use upkeep::Upkeep;

/// Longest wait for what is on the wire when the process stops, in milliseconds.
pub const DRAIN_TIMEOUT_MS: u64 = 10_000;
/// Longest wait for the private server to end: 40 s where it does not end fast, and its turn where a command starts
/// just now. With the drain this is less than the 90 s that service managers leave.
const DATABASE_CLOSE_MAX: Duration = Duration::from_secs(60);

/// Why the rooms could not be built.
#[derive(Debug, Error)]
pub enum AppError {
    /// The private database.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sandbox.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The configuration, read anew.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The provider's settings.
    #[error("oxylabs: {0}")]
    Provider(#[from] oxylabs::SettingsError),
    /// Notices cannot be sent.
    #[error("notices: {0}")]
    Notices(String),
    /// The web server.
    #[error(transparent)]
    Web(#[from] std::io::Error),
    /// The arbiter of the engine ended before it began.
    #[error("the engine could not be started")]
    Engine,
}

/// Why a process cannot go on; the next start does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Doom {
    /// Nothing in this process can mend it.
    #[error("the engine died again and again; the log says why")]
    Engine,
    /// The private database server died so often that it is not started again, or could not be started for too long.
    #[error(
        "the database server died again and again, or could not be started; the log says why, and the next start goes on where this one stood"
    )]
    Database,
}

/// The database of a short command or of an engine.
pub struct Database {
    /// Reads and writes.
    pub store: PgStore,
    /// The address it was reached at.
    pub url: String,
    /// Migrations that were applied just now.
    pub applied: Vec<String>,
    embedded: Option<Embedded>,
}

impl Database {
    /// Starts the private database where no address is configured, migrates, and connects.
    ///
    /// # Errors
    /// What is in the way, in words that say what to do.
    pub async fn open(config: &Config, role: Role, clock: &Clock) -> Result<Self, AppError> {
        let (url, embedded) = match &config.database_url {
            Some(url) => (url.expose().to_owned(), None),
            None => {
                let server = Embedded::start(&config.postgres, role).await?;
                (server.url().to_owned(), Some(server))
            }
        };
        let opened = Self::connect(&url, config, clock).await;
        match opened {
            Ok((store, applied)) => Ok(Self { store, url, applied, embedded }),
            Err(error) => {
                if let Some(embedded) = embedded {
                    embedded.stop().await?;
                }
                Err(error)
            }
        }
    }

    async fn connect(url: &str, config: &Config, clock: &Clock) -> Result<(PgStore, Vec<String>), AppError> {
        let applied = migrate::run(url).await?;
        let store = PgStore::connect(url, config.pool_size, clock.clone()).await?.with_archive(config.archive);
        let store = store.with_month_budget(config.monthly_request_budget).with_provider(config.provider.name());
        let store = store.with_run_defaults(config.run_defaults.clone());
        store.sync_categories(&catalogue_rows()).await?;
        Ok((store, applied))
    }

    /// Lets go of the database; the private one is stopped when nobody else uses it.
    ///
    /// # Errors
    /// Where the private server does not end.
    pub async fn close(self) -> Result<(), AppError> {
        drop(self.store);
        if let Some(embedded) = self.embedded {
            embedded.stop().await?;
        }
        Ok(())
    }
}

/// The organisation that this installation works for; a new database gets one.
///
/// # Errors
/// Where the database is away.
pub async fn organisation(store: &PgStore) -> Result<OrgRow, StoreError> {
    match store.first_org().await? {
        Some(org) => Ok(org),
        None => store.create_org("Demo").await,
    }
}

fn catalogue_rows() -> Vec<CategoryRow> {
    let row = |listed: catalogue::Listed| CategoryRow {
        id: listed.id.to_owned(),
        name: listed.name.to_owned(),
        department: listed.department.to_owned(),
        node_id: listed.node_id.to_owned(),
    };
    catalogue::categories().map(row).collect()
}

/// The engine of this process with everything under it.
pub struct App {
    /// The database.
    pub database: Database,
    /// Takes commands.
    pub engine: EngineLine,
    /// Time, ids and secrets.
    pub clock: Clock,
    /// The embedded marketplace, where it is the provider.
    pub sandbox: Option<RunningSandbox>,
    /// What is counted for operators.
    pub metrics: Metrics,
    /// The provider, for whoever wants to see whether it answers.
    pub provider: Arc<ProviderSeam>,
    arbiter: Arbiter,
    session: EngineSession,
    upkeep: Upkeep,
    sender: Sender,
}

impl App {
    /// Builds everything up to the engine, which takes over what a dead process left running.
    ///
    /// # Errors
    /// What is in the way; what was started is stopped again.
    pub async fn build(config: &Config) -> Result<Self, AppError> {
        let clock = Clock::system();
        let sandbox = match &config.provider {
            Provider::Oxylabs(settings) => {
                // Made once here, so that settings that cannot be used are told before anything runs.
                drop(Oxylabs::new(settings.clone())?);
                None
            }
            Provider::Sandbox(sandbox) => Some(Sandbox::start(sandbox.clone())?),
        };
        let database = Database::open(config, Role::Engine, &clock).await?;
        if let Err(error) = database.store.prune_archives().await {
            log::warn!("the archive of kept pages cannot be pruned: {error}");
        }
        let of_sandbox = sandbox.as_ref().map(RunningSandbox::settings);
        let accounts = Accounts::default();
        if let Provider::Oxylabs(settings) = &config.provider {
            // Known before the first run asks on it, for whoever estimates one.
            drop(accounts.of(settings));
        }
        let metrics = metrics(config, accounts.clone());
        let make_providers = make_providers(config.clone(), of_sandbox, accounts.clone());
        let provider = Arc::new(ProviderSeam::new(config.clone(), accounts.clone(), make_providers.clone()));
        let hear_engines: HearEngines = Arc::new(move |engines| accounts.share(engines));
        match Self::over(&database, config, &clock, &metrics, make_providers, hear_engines).await {
            Ok((session, arbiter, engine, sender)) => {
                let upkeep = Upkeep::start(&database.store, config.events_keep_days);
                Ok(Self { database, engine, clock, sandbox, metrics, provider, arbiter, session, upkeep, sender })
            }
            Err(error) => {
                database.close().await?;
                Err(error)
            }
        }
    }

    async fn over(
        database: &Database,
        config: &Config,
        clock: &Clock,
        metrics: &Metrics,
        make_providers: MakeProviders,
        hear_engines: HearEngines,
    ) -> Result<Parts, AppError> {
        let sender =
            Sender::start(database.store.clone(), clock.clone(), &config.notices).map_err(AppError::Notices)?;
        let session = EngineSession::open(&database.store, &database.url).await?;
        let (store, clock) = (Counting::new(database.store.clone(), metrics.clone()), clock.clone());
        let tell_facts = tell_facts(metrics.clone());
        let (make_probe, prices) = (Arc::new(|| Rc::new(()) as Rc<dyn Probe>), config.prices);
        let means = Means { store, clock, make_providers, make_probe, hear_engines, tell_facts, prices };
        let arbiter = Arbiter::new();
        let engine = engine_keeper::start(&arbiter.handle(), means, config.max_concurrent_runs).await?;
        Ok((session, arbiter, engine, sender))
    }

    /// Ends with the reason when this process cannot go on, whatever it tries: its engine or its database server is dead.
    pub fn doomed(&self) -> impl Future<Output = Doom> + use<> {
        let engine = self.engine.clone().given_up();
        let database = OptionFuture::from(self.database.embedded.as_ref().map(Embedded::given_up));
        async move {
            tokio::select! {
                () = engine => Doom::Engine,
                Some(()) = database => Doom::Database,
            }
        }
    }

    /// Drains in reverse: runs stop where they can go on while the front closes, then the sandbox and the database end. A
    /// slow client takes nothing of the time that a service manager leaves for what is on the wire.
    ///
    /// # Errors
    /// Where the front or the private server does not end well.
    pub async fn stop(self, front: Option<Front>) -> Result<(), AppError> {
        let drain = timeout(Duration::from_millis(DRAIN_TIMEOUT_MS), self.engine.send(Drain));
        let close = async { OptionFuture::from(front.map(Front::close)).await.transpose() };
        let (drained, closed, ()) = join3(drain, close, self.sender.stop()).await;
        if drained.is_err() {
            log::warn!(
                "after {DRAIN_TIMEOUT_MS} ms answers are still awaited or not kept; the next start asks for them again"
            );
        }
        self.arbiter.stop();
        self.upkeep.stop();
        // Closed before the database ends it.
        drop(self.session);
        if let Some(sandbox) = self.sandbox {
            sandbox.stop().await;
        }
        // Where the time runs out, a private server is still on its way out, or was never told to go: another process has
        // the turn to start or stop it. Then it is left running, and the next start finds it.
        let Ok(ended) = timeout(DATABASE_CLOSE_MAX, self.database.close()).await else {
            log::warn!("the database did not end within {} s; it is left to itself", DATABASE_CLOSE_MAX.as_secs());
            return closed.map(drop);
        };
        closed.and(ended)
    }
}

/// What is counted here, with a look at what the accounts may send.
fn metrics(config: &Config, accounts: Accounts) -> Metrics {
    let limits = move || {
        let Allowed { requests_per_second, rendered_per_second, throttled } = accounts.allowed();
        LimitsSeen { requests_per_second, rendered_per_second, throttled }
    };
    Metrics::new(config.metrics, config.prices, Arc::new(limits))
}

fn tell_facts(metrics: Metrics) -> TellFacts {
    Arc::new(move |fact| match fact {
        Fact::Replaced(actor) => metrics.replaced(actor),
        Fact::LetGo => metrics.let_go(),
    })
}

type Parts = (EngineSession, Arbiter, EngineLine, Sender);
