//! What is done in the background for as long as the engine's process lives: what is kept for a while only is removed, and
//! what runs' requests were like is counted, so that whoever asks for that does not wait for all of a run's events to be read.

use std::time::Duration;

use actix_rt::task::JoinHandle;

use crate::store::PgStore;

/// How often it is looked for what is old.
const REMOVE_EVERY: Duration = Duration::from_secs(3_600);
/// How often it is looked for runs that went on since they were counted. What happens in between is read by whoever asks.
const COUNT_EVERY: Duration = Duration::from_secs(30);

/// Work in the background; what it was about to write when it is stopped is undone, and done by the next start.
pub(super) struct Upkeep(Vec<JoinHandle<()>>);

impl Upkeep {
    /// Begins it. Events of runs that ended more than so many days ago are removed (with 0 they are kept for ever), and
    /// previews of imports whose time is over.
    pub fn start(store: &PgStore, keep_days: i64) -> Self {
        Self(vec![actix_rt::spawn(count(store.clone())), actix_rt::spawn(remove(store.clone(), keep_days))])
    }

    pub fn stop(self) {
        for work in self.0 {
            work.abort();
        }
    }
}

async fn remove(store: PgStore, keep_days: i64) {
    loop {
        if keep_days > 0 {
            remove_events(&store, keep_days).await;
        }
        if let Err(error) = store.remove_old_previews().await {
            log::warn!("previews of imports that are over cannot be removed yet: {error}");
        }
        tokio::time::sleep(REMOVE_EVERY).await;
    }
}

async fn remove_events(store: &PgStore, keep_days: i64) {
    match store.remove_old_events(keep_days).await {
        Ok(removed) if removed.events == 0 => {}
        Ok(removed) => log::info!("{} events of runs that ended long ago were removed", removed.events),
        Err(error) => log::warn!("old events cannot be removed yet: {error}"),
    }
}

async fn count(store: PgStore) {
    loop {
        if let Err(error) = store.count_requests_behind().await {
            log::warn!("the requests of runs cannot be counted yet: {error}");
        }
        tokio::time::sleep(COUNT_EVERY).await;
    }
}
