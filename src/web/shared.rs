//! What every handler may use.

use std::sync::Arc;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::domain::estimate::Latency;
use crate::domain::price::Prices;
use crate::domain::settings::RunSettings;
use crate::issuer::Issuer;
use crate::metrics::Metrics;
use crate::store::{PgStore, RunRow};
use crate::web::api::run_view::RunView;
use crate::web::auth::attempts::Attempts;
use crate::web::auth::bells::Bells;
use crate::web::auth::password::Passwords;
use crate::web::engine::Engine;
use crate::web::export::desk::Desk;
use crate::web::imports::Imports;
use crate::web::openapi::Kept;
use crate::web::provider::{Provider, Questions};
use crate::web::proxies::Proxies;
use crate::web::rate_limit::RateLimits;
use crate::web::sendings::Sendings;
use crate::web::server::ServerSettings;
use crate::web::sse::Seats;

/// The rooms behind the web, handed over at start.
#[derive(Clone)]
pub struct Rooms {
    /// Reads, and rows without a run's actors.
    pub store: PgStore,
    /// Takes commands and tells what happens.
    pub engine: Arc<dyn Engine>,
    /// Time and secrets.
    pub clock: Clock,
    /// Settings of a run that names none.
    pub run_defaults: RunSettings,
    /// What answers cost, where that is configured.
    pub prices: Option<Prices>,
    /// How long the provider is assumed to take.
    pub latency: Latency,
    /// What is counted for operators.
    pub metrics: Metrics,
    /// Which provider answers, and whether it does.
    pub provider: Arc<dyn Provider>,
    /// Which webhooks may be made.
    pub notices: NoticeRules,
    /// Whose tokens are accepted beside our own, where anybody's are.
    pub issuer: Option<Issuer>,
}

/// Which webhooks may be made, and where their links lead.
#[derive(Clone, Debug, Default)]
pub struct NoticeRules {
    /// They may be on private and loopback addresses.
    pub allow_private: bool,
    /// Where people reach Gleaner, where that is known.
    pub base_url: Option<String>,
    /// Mail can be sent.
    pub mail: bool,
}

/// What every handler may use.
pub struct Shared {
    /// The rooms.
    pub rooms: Rooms,
    /// The streams that are open.
    pub seats: Seats,
    /// What tells streams, downloads and uploads that their token has ended.
    pub bells: Bells,
    /// How often passwords were tried.
    pub attempts: Attempts,
    /// Where passwords are worked out.
    pub passwords: Passwords,
    /// Where files of the registry are made.
    pub exports: Desk,
    /// Where files are read.
    pub imports: Imports,
    /// How many requests each caller has sent lately.
    pub limits: RateLimits,
    /// The document of the API, once somebody has asked for it.
    pub document: Kept,
    /// Who is believed about where requests come from.
    pub proxies: Proxies,
    /// What was sent to strangers' servers because somebody asked for it.
    pub sendings: Sendings,
    /// How often the provider was asked to see whether it answers.
    pub questions: Questions,
    /// True when the server stops: streams end then.
    pub stop: watch::Receiver<bool>,
}

impl Shared {
    /// What every handler may use, when the server starts.
    #[must_use]
    pub fn new(rooms: Rooms, settings: &ServerSettings, stop: watch::Receiver<bool>) -> Self {
        Self {
            seats: Seats::new(settings.streams_per_address_max),
            bells: Bells::default(),
            attempts: Attempts::default(),
            passwords: Passwords::new(rooms.metrics.clone()),
            exports: Desk::new(rooms.store.pool_seen().max, settings.export_files_mib_max),
            imports: Imports::default(),
            limits: RateLimits::new(settings.requests_per_second, settings.requests_burst),
            proxies: settings.trusted_proxies.clone(),
            sendings: Sendings::default(),
            questions: Questions::default(),
            document: Kept::default(),
            rooms,
            stop,
        }
    }

    /// A run as the API shows it.
    #[must_use]
    pub fn view(&self, row: RunRow) -> RunView {
        RunView::new(row, self.rooms.prices.as_ref())
    }
}
