//! `gleaner serve`: the engine and the web admin until the process is asked to stop. Without any argument and on a new
//! database it begins with a demo run.

use std::process::ExitCode;
use std::sync::Arc;

use super::progress::follow;
use super::{Failure, signals};
use crate::actors::engine::Obey;
use crate::app::{self, App, EngineSeam};
use crate::config::{Config, Provider};
use crate::domain::ids::{OrgId, RunKey};
use crate::domain::run::Command;
use crate::scrapers::catalogue;
use crate::store::runs::NewRun;
use crate::web::auth::sign_in::new_code;
use crate::web::auth::token::Secret;
use crate::web::server;
use crate::web::shared::Rooms;

/// Categories of the demo run.
const DEMO_CATEGORIES: [&str; 3] = ["home-bedding", "home-decor", "electronics-headphones"];
/// As many others where the catalogue does not know one of them.
const DEMO_COUNT: usize = DEMO_CATEGORIES.len();

/// Runs until asked to stop.
pub async fn run(config: &Config, demo: bool) -> Result<ExitCode, Failure> {
    let app = App::build(config).await?;
    let served = serve(&app, config, demo).await;
    eprintln!("gleaner: stopping, what is on the wire is awaited; stop again to end at once");
    app.stop().await?;
    served
}

async fn serve(app: &App, config: &Config, demo: bool) -> Result<ExitCode, Failure> {
    let store = &app.database.store;
    let rooms = Rooms {
        store: store.clone(),
        engine: Arc::new(EngineSeam(app.engine.clone())),
        clock: app.clock.clone(),
        run_defaults: config.run_defaults.clone(),
    };
    let (running, server) = server::start(&config.server, rooms)?;
    let serving = actix_rt::spawn(server);
    // Only now that the address is ours: a first token which is made and never printed would be lost for good.
    let new = store.first_org().await?.is_none();
    let org = app::organisation(store).await?;
    let token = if new { Some(first_token(app, org.id).await?) } else { None };
    let code = new_code(store, &app.clock, org.id).await?;
    greet(config, running.address, &code, token.as_deref());
    let mut engine_dead = app.engine_dead.clone();
    let until_asked = async {
        if demo && new {
            let key = demo_run(app, config, org.id).await?;
            let row = follow(app, key).await?;
            eprintln!(
                "gleaner: the demo run is {}: {} sellers found, {} requests; the admin goes on, Ctrl-C stops",
                row.status, row.counters.sellers_found, row.counters.requests_made
            );
        }
        std::future::pending::<Result<(), Failure>>().await
    };
    let ended = tokio::select! {
        asked = signals::asked_to_stop() => asked.map(|()| ExitCode::SUCCESS).map_err(Failure::from),
        failed = until_asked => failed.map(|()| ExitCode::SUCCESS),
        _ = engine_dead.changed() => Err("the engine died; the log says why".into()),
    };
    running.stop().await;
    serving.await??;
    ended
}

async fn first_token(app: &App, org: OrgId) -> Result<String, Failure> {
    let secret = Secret::new(&app.clock);
    app.database.store.create_token(org, "first token", secret.hash).await?;
    Ok(secret.text)
}

fn greet(config: &Config, address: std::net::SocketAddr, code: &str, token: Option<&str>) {
    let provider = match &config.provider {
        Provider::Sandbox(sandbox) => format!("the sandbox (seed {})", sandbox.seed),
        Provider::Oxylabs(settings) => format!("Oxylabs at {}", settings.base_url),
    };
    println!("gleaner is ready at http://{address}");
    println!("  data      {}", config.data.display());
    println!("  provider  {provider}");
    println!("  sign in   http://{address}/sign-in?code={code}   (opens once)");
    if let Some(token) = token {
        println!("  API token {token}   (shown once)");
    }
}

/// Makes and starts a run over a few categories.
async fn demo_run(app: &App, config: &Config, org: OrgId) -> Result<RunKey, Failure> {
    let wished = DEMO_CATEGORIES.iter().filter_map(|id| catalogue::find(id));
    let mut categories: Vec<_> = wished.map(|listed| listed.category()).collect();
    let others = catalogue::categories().map(|listed| listed.category());
    categories.extend(
        others.filter(|other| !categories.contains(other)).take(DEMO_COUNT - categories.len()).collect::<Vec<_>>(),
    );
    let new = NewRun { name: Some("Demo run".to_owned()), categories, settings: config.run_defaults.clone() };
    let run = app.database.store.create_run(org, &new, None).await?.run;
    let key = RunKey { org, run: run.id };
    app.engine.send(Obey { key, command: Command::Start }).await??;
    Ok(key)
}
