//! The real server over a database of its own, with an organisation, its token, and an engine of the test's choice.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gleaner::app::{EngineLine, EngineSeam};
use gleaner::clock::Clock;
use gleaner::domain::chosen::Chosen;
use gleaner::domain::estimate::Latency;
use gleaner::domain::failure::Failure;
use gleaner::domain::ids::{OrgId, RunId, RunKey};
use gleaner::domain::ledger::Cost;
use gleaner::domain::price::{PerThousand, Prices};
use gleaner::domain::progress::Progress;
use gleaner::domain::run::Command;
use gleaner::domain::settings::RunSettings;
use gleaner::issuer::Issuer;
use gleaner::metrics::Metrics;
use gleaner::store::{Accepted, CategoryRow, PgStore, RunStore};
use gleaner::web::auth::sign_in;
use gleaner::web::auth::token::Secret;
use gleaner::web::engine::{Attached, Engine, Gone, Refused};
use gleaner::web::provider::{Asked, Asking, Facts, Provider, Sent};
use gleaner::web::proxies::Proxies;
use gleaner::web::server::{self, Running, ServerSettings};
use gleaner::web::shared::{NoticeRules, Rooms};
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use super::wire::{Client, Reply};
use crate::support::market::Market;
use crate::support::postgres::{self, TestDb};
use crate::support::world::PgWorld;

/// An engine whose commands are decided by the store and whose runs never move by themselves.
pub struct Still {
    store: PgStore,
    changed: watch::Sender<u64>,
    alive: Arc<AtomicBool>,
    silent: Arc<AtomicBool>,
}

#[async_trait]
impl Engine for Still {
    async fn obey(&self, key: RunKey, command: Command) -> Result<Accepted, Refused> {
        if !self.is_alive() {
            return Err(Gone.into());
        }
        let accepted = self.store.command(key, command, 3).await?;
        self.changed.send_modify(|count| *count += 1);
        if self.silent.load(Ordering::SeqCst) {
            return Err(Gone.into());
        }
        Ok(accepted)
    }

    async fn retry(&self, key: RunKey, chosen: &Chosen) -> Result<Accepted, Refused> {
        let accepted = self.store.retry(key, chosen, 3).await?;
        self.changed.send_modify(|count| *count += 1);
        Ok(accepted)
    }

    async fn attach(&self, _: RunKey) -> Result<Attached, Gone> {
        Ok(Attached { live: None, changed: self.changed.subscribe() })
    }

    async fn look_at(&self, _: RunKey) -> Option<Progress> {
        None
    }

    fn is_alive(&self) -> bool {
        self.alive.load(Ordering::SeqCst)
    }
}

/// A provider that answers, or does not.
struct Made {
    answers: Arc<AtomicBool>,
}

impl Provider for Made {
    fn facts(&self) -> Facts {
        Facts {
            name: "sandbox",
            address: None,
            is_sandbox: true,
            requests_per_second: Some(5.0),
            rendered_per_second: None,
            is_throttled: false,
            monthly_requests: None,
        }
    }

    fn ask(&self, _: Duration) -> Asking {
        let answers = self.answers.load(Ordering::SeqCst);
        let refused = || Failure::Refused { detail: "no such account".to_owned() };
        let cost = Cost { billed: answers, rendered: answers };
        let sent = Some(Sent { cost, took: Duration::from_millis(1) });
        Box::pin(async move { Asked { came: if answers { Ok(50) } else { Err(refused()) }, sent } })
    }
}

/// A server and what a test wants to know of it.
pub struct House {
    pub database: TestDb,
    pub store: PgStore,
    pub org: OrgId,
    pub token_id: Uuid,
    /// Asks with the organisation's token.
    pub client: Client,
    /// Asks with no token.
    pub stranger: Client,
    /// Whether the still engine lives.
    pub engine_alive: Arc<AtomicBool>,
    /// Whether the still engine obeys and dies before it says so.
    pub engine_silent: Arc<AtomicBool>,
    /// Whether the provider answers.
    pub provider_answers: Arc<AtomicBool>,
    pub running: Running,
    /// The actors, where there are any.
    _world: Option<PgWorld>,
}

pub const MARKET: Market = Market { categories: 3, products: 8, pages: 2, sellers: 3 };

/// What an answer costs here.
fn prices() -> Prices {
    Prices::new(PerThousand::parse("1.35 USD").expect("a price"), None).expect("one currency")
}

/// A test asks faster than people do.
fn patient() -> ServerSettings {
    ServerSettings { requests_per_second: 1_000_000, requests_burst: 1_000_000, ..ServerSettings::default() }
}

impl House {
    /// Over an engine that never moves a run; `None` (said in one line) where PostgreSQL is not installed.
    pub async fn still() -> Option<Self> {
        Self::open(None, patient(), RunSettings::default(), None).await
    }

    /// As [`Self::still`], with an outside issuer whose tokens are accepted.
    pub async fn with_issuer(issuer: Issuer) -> Option<Self> {
        Self::open(None, patient(), RunSettings::default(), Some(issuer)).await
    }

    /// As [`Self::still`], with these settings for runs that name none.
    pub async fn with_defaults(run_defaults: RunSettings) -> Option<Self> {
        Self::open(None, patient(), run_defaults, None).await
    }

    /// As [`Self::still`], with room for that many streams of one address.
    pub async fn with_streams(streams_per_address_max: u32) -> Option<Self> {
        let settings = ServerSettings { streams_per_address_max, ..patient() };
        Self::open(None, settings, RunSettings::default(), None).await
    }

    /// As [`Self::still`], with so many MiB of disk for files of exports.
    pub async fn with_export_files(export_files_mib_max: u32) -> Option<Self> {
        let settings = ServerSettings { export_files_mib_max, ..patient() };
        Self::open(None, settings, RunSettings::default(), None).await
    }

    /// As [`Self::still`], with so many requests of one caller at once, and one a second after that.
    pub async fn with_burst(requests_burst: u32) -> Option<Self> {
        let settings = ServerSettings { requests_per_second: 1, requests_burst, ..ServerSettings::default() };
        Self::open(None, settings, RunSettings::default(), None).await
    }

    /// As [`Self::still`], behind proxies at these addresses; so many requests of one caller at once, and one a second after
    /// that, and one live stream of an address.
    pub async fn behind(proxies: &[&str], requests_burst: u32) -> Option<Self> {
        let trusted_proxies = Proxies::parse(proxies.iter().copied()).expect("networks");
        let settings = ServerSettings {
            trusted_proxies,
            requests_per_second: 1,
            requests_burst,
            streams_per_address_max: 1,
            ..patient()
        };
        Self::open(None, settings, RunSettings::default(), None).await
    }

    /// Over the real engine and a scripted marketplace that answers after `latency`.
    pub async fn acting(latency: Duration) -> Option<Self> {
        Self::open(Some(latency), patient(), RunSettings::default(), None).await
    }

    async fn open(
        latency: Option<Duration>,
        settings: ServerSettings,
        run_defaults: RunSettings,
        issuer: Option<Issuer>,
    ) -> Option<Self> {
        Some(Self::over(postgres::database().await?, latency, settings, run_defaults, issuer).await)
    }

    /// As [`Self::still`], over this database.
    pub async fn still_over(database: TestDb) -> Self {
        Self::over(database, None, patient(), RunSettings::default(), None).await
    }

    async fn over(
        database: TestDb,
        latency: Option<Duration>,
        settings: ServerSettings,
        run_defaults: RunSettings,
        issuer: Option<Issuer>,
    ) -> Self {
        let store = database.store().await;
        store.sync_categories(&catalogue()).await.expect("the catalogue");
        let org = store.create_org("Harbour").await.expect("an organisation").id;
        let (engine_alive, engine_silent) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let world = match latency {
            Some(latency) => Some(PgWorld::new(&store, &database.url, MARKET.script(latency)).await),
            None => None,
        };
        let engine: Arc<dyn Engine> = match &world {
            Some(world) => Arc::new(EngineSeam(EngineLine::from(world.engine.clone()))),
            None => {
                let (store, alive, silent) = (store.clone(), engine_alive.clone(), engine_silent.clone());
                Arc::new(Still { store, changed: watch::Sender::new(0), alive, silent })
            }
        };
        let provider_answers = Arc::new(AtomicBool::new(true));
        let rooms = Rooms {
            store: store.clone(),
            engine,
            clock: Clock::system(),
            run_defaults,
            prices: Some(prices()),
            latency: Latency { amazon_ms: 20_000, ebay_ms: 5_000 },
            metrics: Metrics::default(),
            provider: Arc::new(Made { answers: provider_answers.clone() }),
            notices: NoticeRules { base_url: Some("https://gleaner.test".to_owned()), ..NoticeRules::default() },
            issuer,
        };
        let settings = ServerSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            threads: 1,
            stop_ms_max: 1_000,
            ..settings
        };
        let (running, serving) =
            server::start(&settings, server::bind(&settings).expect("a free port"), rooms).expect("a server");
        actix_web::rt::spawn(serving);
        let stranger = Client::new(running.address);
        let (token, token_id) = new_token(&store, org).await;
        let client = stranger.bearer(&token);
        Self {
            database,
            store,
            org,
            token_id,
            client,
            stranger,
            engine_alive,
            engine_silent,
            provider_answers,
            running,
            _world: world,
        }
    }

    /// A client of another organisation.
    pub async fn foreigner(&self) -> Client {
        let org = self.store.create_org("Elsewhere").await.expect("an organisation").id;
        self.stranger.bearer(&new_token(&self.store, org).await.0)
    }

    /// A browser that has signed in.
    pub async fn session(&self) -> Client {
        let code = sign_in::new_code(&self.store, &Clock::system(), self.org).await.expect("a link");
        let opened = self.stranger.post(&format!("/sign-in?code={code}"), None).await;
        let cookie = opened.header("set-cookie").expect("a cookie");
        self.stranger.with("Cookie", cookie.split(';').next().expect("its value"))
    }

    /// Makes a run over all categories.
    pub async fn run(&self) -> String {
        let ids: Vec<String> = catalogue().into_iter().map(|row| row.id).collect();
        let reply = self.client.post("/collection/runs", Some(&json!({"category_ids": ids, "name": "Lamps"}))).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()["id"].as_str().expect("an id").to_owned()
    }

    /// Gives a command.
    pub async fn give(&self, run: &str, command: &str) -> Reply {
        self.client.post(&format!("/collection/runs/{run}/{command}"), None).await
    }

    /// How many runs the organisation has.
    pub async fn runs(&self) -> usize {
        self.client.get("/collection/runs").await.json()["items"].as_array().expect("a list").len()
    }

    /// The run as it stands.
    pub async fn look(&self, run: &str) -> Value {
        self.client.get(&format!("/collection/runs/{run}")).await.json()
    }

    pub fn key(&self, run: &str) -> RunKey {
        RunKey { org: self.org, run: run.parse::<RunId>().expect("an id") }
    }
}

/// A fresh API token: its text and its id.
pub async fn new_token(store: &PgStore, org: OrgId) -> (String, Uuid) {
    let secret = Secret::new(&Clock::system());
    let id = store.create_token(org, "a test", secret.hash).await.expect("a token");
    (secret.text, id)
}

/// The market's categories under ids of their own.
pub fn catalogue() -> Vec<CategoryRow> {
    let row = |(index, category): (usize, gleaner::domain::task::Category)| CategoryRow {
        id: format!("category-{index}"),
        name: category.name,
        department: category.department,
        node_id: category.node_id,
    };
    MARKET.chosen().into_iter().enumerate().map(row).collect()
}
