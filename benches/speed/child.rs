//! The other process of a benchmark: an engine and its web server over a market, as the program has them, obeying lines
//! on standard input. What it costs is then its own, and nothing of whoever measures.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gleaner::app::{EngineSeam, start_here};
use gleaner::clock::Clock;
use gleaner::domain::estimate::Latency;
use gleaner::domain::ids::RunKey;
use gleaner::domain::run::Command;
use gleaner::domain::settings::RunSettings;
use gleaner::metrics::Metrics;
use gleaner::store::runs::NewRun;
use gleaner::store::{EngineSession, PgStore};
use gleaner::web::auth::token::Secret;
use gleaner::web::provider::{Asked as Answered, Asking, Facts, Provider};
use gleaner::web::server::{self, ServerSettings};
use gleaner::web::shared::{NoticeRules, Rooms};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::Asked;
use crate::durable::{gone, means};
use crate::house::DATABASE;
use crate::market::Market;
use crate::shop::{Pace, Shop};
use crate::watched_store::WatchedStore;

/// A provider that nobody tests here: what runs ask is the shop.
struct Unasked;

impl Provider for Unasked {
    fn facts(&self) -> Facts {
        Facts {
            name: "sandbox",
            address: None,
            is_sandbox: true,
            requests_per_second: None,
            rendered_per_second: None,
            is_throttled: false,
            monthly_requests: None,
        }
    }

    fn ask(&self, _: Duration) -> Asking {
        Box::pin(async { Answered { came: Ok(0), sent: None } })
    }
}

/// Serves until standard input ends. `products`, `workers`, `latency_ms` (0 for at once) and `notes` (1 to note when each
/// event was kept) are numbers on the command line.
pub async fn serve(asked: &Asked) {
    let url = std::env::var(DATABASE).expect("the address of a database");
    let store = PgStore::connect(&url, 8, Clock::system()).await.expect("it answers");
    let _session = EngineSession::open(&store, &url).await.expect("a session of the engine's own");
    let watched = match asked.number("notes", 0) {
        0 => WatchedStore::new(store.clone()),
        _ => WatchedStore::noting_events(store.clone()),
    };
    let market = Market::of(asked.number("products", 100));
    let mean = Duration::from_millis(u64::try_from(asked.number("latency_ms", 0)).expect("small"));
    let shop = Shop::new(market, Pace { mean, uneven: true });
    let engine = start_here(means(&watched, shop.providers()), 3);
    let rooms = Rooms {
        store: store.clone(),
        engine: Arc::new(EngineSeam(engine.clone())),
        clock: Clock::system(),
        run_defaults: RunSettings::default(),
        prices: None,
        latency: Latency { amazon_ms: 200, ebay_ms: 200 },
        metrics: Metrics::default(),
        provider: Arc::new(Unasked),
        notices: NoticeRules::default(),
        issuer: None,
    };
    let settings = ServerSettings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        // Who measures asks faster than people do.
        requests_per_second: 1_000_000,
        requests_burst: 1_000_000,
        ..ServerSettings::default()
    };
    let listener = server::bind(&settings).expect("a free port");
    let (running, serving) = server::start(&settings, listener, rooms).expect("a server");
    actix::spawn(serving);
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    let token = Secret::new(&Clock::system());
    store.create_token(org, "a benchmark", token.hash).await.expect("a token");
    println!("{} {}", running.address, token.text);

    let workers = u16::try_from(asked.number("workers", 5)).expect("few");
    let (mut key, mut since) = (None::<RunKey>, Instant::now());
    let mut lines = lines();
    while let Some(line) = lines.recv().await {
        match (line.as_str(), key) {
            ("new", _) => {
                let new = NewRun { name: None, categories: market.chosen(), settings: Market::settings(workers) };
                let run = store.create_run(org, &new, None).await.expect("a new run").run.id;
                key = Some(RunKey { org, run });
                println!("{run}");
            }
            ("start", Some(key)) => {
                since = Instant::now();
                let obey = gleaner::actors::engine::Obey { key, command: Command::Start };
                engine.send(obey).await.expect("the engine lives").expect("it can be started");
                println!("started");
            }
            ("wait", Some(key)) => {
                gone(&engine.now(), &watched, key).await;
                println!("{}", since.elapsed().as_secs_f64());
            }
            ("kept", _) => {
                let kept: Vec<String> = watched.seen().kept_at.iter().map(|(seq, at)| format!("{seq}:{at}")).collect();
                println!("{}", kept.join(" "));
            }
            other => panic!("nobody says {other:?}"),
        }
    }
}

/// The lines of standard input; a thread waits for them.
fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let read = std::io::stdin().lines().map_while(Result::ok);
        read.map_while(|line| sender.blocking_send(line).ok()).for_each(drop);
    });
    lines
}
