//! `gleaner serve`: the engine and the web admin until the process is asked to stop. Without any argument and on a new
//! database it begins with a demo run.

use std::io::{self, Write};
use std::process::ExitCode;

use super::progress::{Terminal, follow};
use super::signals::Stop;
use super::{Failure, tell, tell_spend};
use crate::app::runs::category;
use crate::app::{App, Front};
use crate::config::{Config, Provider};
use crate::domain::task::Category;

/// Categories of the demo run: about 20 s at the sandbox's own latency.
const DEMO_CATEGORIES: [&str; 3] = ["home-bedding", "home-decor", "electronics-headphones"];

/// Runs until asked to stop; with a demo run, shown on the terminal, where one is given.
pub async fn run(config: &Config, demo: Option<&Terminal>, out: &mut impl Write) -> Result<ExitCode, Failure> {
    // First of all: a taken address is told before anything is made.
    let listener = Front::listen(config)?;
    let mut stop = Stop::listen()?;
    let app = stop.unless_asked(App::build(config)).await?;
    let (served, front) = match Front::open(&app, config, listener).await {
        Ok(front) => (serve(&app, config, &front, stop, demo, out).await, Some(front)),
        Err(error) => (Err(error.into()), None),
    };
    if served.is_ok() {
        tell("stopping, what is on the wire is awaited; stop again to end at once");
    }
    app.stop(front).await?;
    served
}

async fn serve(
    app: &App,
    config: &Config,
    front: &Front,
    stop: Stop,
    demo: Option<&Terminal>,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    if let Err(error) = greet(config, front, out) {
        // Whoever started it may have closed its output; that is no reason to serve nobody.
        log::warn!("ready at http://{}, but nobody takes the greeting: {error}", front.address);
    }
    let showing = async {
        // Never with the real provider: nobody has asked to spend money.
        let free = matches!(config.provider, Provider::Sandbox(_));
        if let Some(terminal) = demo.filter(|_| free && front.first_token.is_some()) {
            show_demo(app, config, terminal).await?;
        }
        std::future::pending::<Result<(), Failure>>().await
    };
    tokio::select! {
        () = stop.asked() => Ok(ExitCode::SUCCESS),
        failed = showing => failed.map(|()| ExitCode::SUCCESS),
        doom = app.doomed() => Err(doom.into()),
    }
}

fn greet(config: &Config, front: &Front, out: &mut impl Write) -> io::Result<()> {
    let provider = match &config.provider {
        Provider::Sandbox(sandbox) => format!("the sandbox (seed {})", sandbox.seed),
        Provider::Oxylabs(settings) => format!("Oxylabs at {}", settings.base_url),
    };
    writeln!(out, "gleaner is ready at http://{}", front.address)?;
    writeln!(out, "  data       {}", config.data.display())?;
    writeln!(out, "  provider   {provider}")?;
    match &front.sign_in {
        Some(link) => writeln!(out, "  sign in    {link}   (opens once)")?,
        None => writeln!(out, "  sign in    with your password; `gleaner user reset --email ADDRESS` prints a link")?,
    }
    if let Some(token) = &front.first_token {
        writeln!(out, "  API token  {token}   (shown once)")?;
    }
    if !front.address.ip().is_loopback() {
        tell("other machines reach this address over plain HTTP; put a proxy with TLS in front of it");
    }
    out.flush()
}

async fn show_demo(app: &App, config: &Config, terminal: &Terminal) -> Result<(), Failure> {
    let categories: Vec<Category> = DEMO_CATEGORIES.iter().filter_map(|id| category(id)).collect();
    let key = app.start_run(Some("Demo run".to_owned()), categories, config.run_defaults.clone()).await?;
    let row = follow(app, key, terminal).await?;
    tell(format_args!(
        "the demo run is {}: {} sellers found, {} requests. The admin stays open, Ctrl-C stops it. In another terminal: \
         gleaner export --run {} --format csv",
        row.status, row.counters.sellers_found, row.counters.requests_made, row.number
    ));
    tell_spend(&row.spend.view(config.prices.as_ref()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_of_the_demo_run_exists() {
        let unknown: Vec<_> = DEMO_CATEGORIES.iter().filter(|id| category(id).is_none()).collect();
        assert_eq!(unknown, Vec::<&&str>::new());
    }
}
