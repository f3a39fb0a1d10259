//! Links that commands and starts print: they lead to where a browser gets an answer.

use crate::config::Config;
use crate::store::{PgStore, StoreError};
use crate::web::server::reached_at;

/// A link that was made, and whether somebody answers there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The address with its one-time code.
    pub url: String,
    /// An engine that runs serves it; else it opens once one listens there.
    pub is_served: bool,
}

/// The address that a one-time code opens.
#[must_use]
pub fn sign_in_link(base: &str, code: &str) -> String {
    format!("{}/sign-in?code={code}", base.trim_end_matches('/'))
}

/// Where this code is opened: at the address that is set for people, else at the engine that runs, whatever port it took,
/// else where the next one will listen.
///
/// # Errors
/// [`StoreError::Away`].
pub(super) async fn link(config: &Config, store: &PgStore, code: &str) -> Result<Link, StoreError> {
    let running = store.engine_address().await?;
    let is_served = running.is_some();
    let base = config.public_url.clone().or(running);
    let base = base.unwrap_or_else(|| format!("http://{}", reached_at(config.server.listen)));
    Ok(Link { url: sign_in_link(&base, code), is_served })
}
