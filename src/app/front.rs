//! The front of an engine: the web server with what a person needs to come in.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_rt::task::JoinHandle;

use super::links::sign_in_link;
use super::{App, AppError, EngineSeam, organisation};
use crate::config::Config;
use crate::issuer::Issuer;
use crate::web::auth::sign_in::new_code;
use crate::web::auth::token::Secret;
use crate::web::server::{self, Running, reached_at};
use crate::web::shared::{NoticeRules, Rooms};

/// A web server that is open.
pub struct Front {
    /// Where it listens.
    pub address: SocketAddr,
    /// A link that signs a browser in, once; none where an admin signs in with a password.
    pub sign_in: Option<String>,
    /// The first API token of a database that had none.
    pub first_token: Option<String>,
    running: Running,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Front {
    /// Takes the address that is configured.
    ///
    /// # Errors
    /// Where it is taken or not ours, naming it.
    pub fn listen(config: &Config) -> Result<TcpListener, AppError> {
        Ok(server::bind(&config.server)?)
    }

    /// Opens the web server; a new database gets its organisation, and one without a token its first.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn open(app: &App, config: &Config, listener: TcpListener) -> Result<Self, AppError> {
        let store = &app.database.store;
        let rooms = Rooms {
            store: store.clone(),
            engine: Arc::new(EngineSeam(app.engine.clone())),
            clock: app.clock.clone(),
            run_defaults: config.run_defaults.clone(),
            prices: config.prices,
            latency: config.latency(),
            metrics: app.metrics.clone(),
            provider: app.provider.clone(),
            notices: NoticeRules {
                allow_private: config.notices.allow_private,
                base_url: config.notices.base_url.clone(),
                mail: config.notices.mail.is_some(),
            },
            issuer: config.jwt.clone().map(Issuer::new),
        };
        let (running, server) = server::start(&config.server, listener, rooms)?;
        let serving = actix_rt::spawn(server);
        let address = running.address;
        // Only now that the address is ours: a first token that is made and never shown would be lost for good.
        let org = organisation(store).await?;
        let first_token = if !store.has_api_token().await? {
            let secret = Secret::new(&app.clock);
            store.create_token(org.id, "first token", secret.hash).await?;
            Some(secret.text)
        } else {
            None
        };
        let base = config.public_url.clone().unwrap_or_else(|| format!("http://{}", reached_at(address)));
        store.say_address(&base).await?;
        // Whoever reads the log of a start would come in by it with every right: it is for those who have no other way.
        let sign_in = if store.has_admin_with_password(org.id).await? {
            None
        } else {
            Some(sign_in_link(&base, &new_code(store, &app.clock, org.id).await?))
        };
        Ok(Self { address, sign_in, first_token, running, serving })
    }

    /// Takes no more, tells open streams to come back, and waits for open requests.
    ///
    /// # Errors
    /// Where the server ended badly.
    pub async fn close(self) -> Result<(), AppError> {
        self.running.stop().await;
        match self.serving.await {
            Ok(served) => Ok(served?),
            Err(error) => Err(AppError::Web(std::io::Error::other(error))),
        }
    }
}
