//! What every handler may use.

use std::sync::Arc;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::domain::settings::RunSettings;
use crate::store::PgStore;
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
