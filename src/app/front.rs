//! The front of an engine: the web server with what a person needs to come in.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_rt::task::JoinHandle;

use super::{App, AppError, EngineSeam, organisation};
use crate::config::Config;
use crate::issuer::Issuer;
use crate::web::auth::sign_in::new_code;
use crate::web::auth::token::Secret;
use crate::web::server::{self, Running};
use crate::web::shared::{NoticeRules, Rooms};

/// A web server that is open.
pub struct Front {
    /// Where it listens.
    pub address: SocketAddr,
    /// A link that signs a browser in, once.
    pub sign_in: String,
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
        let code = new_code(store, &app.clock, org.id).await?;
        let sign_in = format!("http://{address}/sign-in?code={code}");
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
