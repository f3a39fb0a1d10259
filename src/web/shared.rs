//! What every handler may use.

use std::sync::Arc;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::domain::estimate::Latency;
use crate::domain::price::Prices;
use crate::domain::settings::RunSettings;
use crate::store::{PgStore, RunRow};
use crate::web::api::run_view::RunView;
use crate::web::engine::Engine;
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
    /// Which webhooks may be made.
    pub notices: NoticeRules,
}

/// Which webhooks may be made, and where their links lead.
#[derive(Clone, Debug, Default)]
pub struct NoticeRules {
    /// They may be on private and loopback addresses.
    pub allow_private: bool,
    /// Where people reach Gleaner.
    pub base_url: String,
    /// Mail can be sent.
    pub mail: bool,
}

/// What every handler may use.
pub struct Shared {
    /// The rooms.
    pub rooms: Rooms,
    /// The streams that are open.
    pub seats: Seats,
    /// True when the server stops: streams end then.
    pub stop: watch::Receiver<bool>,
}

impl Shared {
    /// A run as the API shows it.
    #[must_use]
    pub fn view(&self, row: RunRow) -> RunView {
        RunView::new(row, self.rooms.prices.as_ref())
    }
}
