//! How long a panic keeps a worker away: from the panic in its provider to the next request of its successor, with one
//! worker alone, over real storage in real time.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gleaner::actors::run_context::Providers;
use gleaner::scrapers::mocked::{Ask, Mocked, Play, Script, Witness};
use tokio::time::Instant;

use crate::Asked;
use crate::database::Database;
use crate::durable::run_at;
use crate::figures::Figures;
use crate::market::{CATEGORY_PAGES, Market};
use crate::table::{Goal, Table};

/// Deaths that a task may cause before it is set aside.
const DEATHS_OF_A_TASK: usize = 3;
/// Products of one run, of which three kill their worker: beyond ten deaths in half a minute it would pause.
const PRODUCTS: usize = 16;

/// When the last panic was, and how long each kept its worker away.
#[derive(Default)]
struct Deaths {
    last: Option<Instant>,
    away: Vec<Duration>,
    of_task: BTreeMap<String, usize>,
}

/// Measures over runs in which every fifth product kills its worker until it is set aside.
pub async fn measure(asked: &Asked, table: &mut Table) {
    // As the program does it; the panics are meant, and are not printed.
    gleaner::actors::guard::remember_panics();
    let market = Market { categories: 1, page_products: PRODUCTS / CATEGORY_PAGES };
    let rounds = asked.number("rounds", 13);
    let (mut away, mut panics) = (Figures::default(), 0);
    let database = Database::open().await;
    for _ in 0..rounds {
        let deaths = Arc::new(Mutex::new(Deaths::default()));
        let script = deadly(market, deaths.clone());
        let providers = move |_: Option<&str>| {
            let mocked = Rc::new(Mocked::new(script.clone(), Witness::default()));
            Providers { best_sellers: mocked.clone(), seller_search: mocked }
        };
        let (_, _, run) = run_at(&database, market, 1, Arc::new(providers)).await;
        let deaths = deaths.lock().expect("no panic under it");
        let killers = deaths.of_task.len();
        assert_eq!(usize::try_from(run.counters.ebay.failed), Ok(killers), "each is set aside");
        assert_eq!(usize::try_from(run.counters.ebay.done), Ok(market.products() - killers), "the rest is complete");
        for duration in &deaths.away {
            away.add(duration.as_secs_f64() * 1_000.0);
        }
        panics += deaths.away.len();
    }
    database.close().await;
    eprintln!("restart: {panics} panics in {rounds} runs of {} products", market.products());
    table.figure("restart: a panic to the next request of its successor, ms", &away, Goal::AtMost(10.0));
}

fn deadly(market: Market, deaths: Arc<Mutex<Deaths>>) -> Arc<Script> {
    Arc::new(move |ask, _| {
        let mut deaths = deaths.lock().expect("no panic under it");
        if let Some(last) = deaths.last.take() {
            deaths.away.push(last.elapsed());
        }
        match ask {
            Ask::Search(request) if request.query.ends_with(['3', '8']) => {
                *deaths.of_task.entry(request.query.clone()).or_default() += 1;
                assert!(deaths.of_task[&request.query] <= DEATHS_OF_A_TASK, "it was to be set aside");
                deaths.last = Some(Instant::now());
                (Duration::ZERO, Play::Panic("a title that the parser cannot stand".to_owned()))
            }
            _ => (Duration::ZERO, market.answer(ask)),
        }
    })
}
