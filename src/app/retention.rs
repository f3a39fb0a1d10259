//! Removes what is kept for a while only, in the background, for as long as the engine's process lives.

use std::time::Duration;

use actix_rt::task::JoinHandle;

use crate::store::PgStore;

/// How often it is looked for some.
const EVERY: Duration = Duration::from_secs(3_600);

/// Begins to remove events of runs that ended more than so many days ago (with 0 they are kept for ever), and previews of
/// imports whose time is over.
pub(super) fn start(store: PgStore, keep_days: i64) -> JoinHandle<()> {
    actix_rt::spawn(remove(store, keep_days))
}

async fn remove(store: PgStore, keep_days: i64) {
    loop {
        if keep_days > 0 {
            remove_events(&store, keep_days).await;
        }
        if let Err(error) = store.remove_old_previews().await {
            log::warn!("previews of imports that are over cannot be removed yet: {error}");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn remove_events(store: &PgStore, keep_days: i64) {
    match store.remove_old_events(keep_days).await {
        Ok(removed) if removed.events == 0 => {}
        Ok(removed) => log::info!("{} events of runs that ended long ago were removed", removed.events),
        Err(error) => log::warn!("old events cannot be removed yet: {error}"),
    }
}
