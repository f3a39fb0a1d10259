//! How long a panic keeps a worker away: from the panic in its provider to the next request of its successor, with one
//! worker alone, over real storage in real time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gleaner::scrapers::mocked::{Ask, Play, Script};
use tokio::time::Instant;

use crate::Asked;
use crate::database::Database;
use crate::durable::scripted_run;
use crate::figures::Figures;
use crate::market::Market;

/// Deaths that a task may cause before it is set aside.
const DEATHS_OF_A_TASK: usize = 3;
const PAGE_PRODUCTS: usize = 50;

/// When the last panic was, and how long each kept its worker away.
#[derive(Default)]
struct Deaths {
    last: Option<Instant>,
    away: Vec<Duration>,
    of_task: BTreeMap<String, usize>,
}

/// Measures over one run in which every fifth product kills its worker until it is set aside.
pub async fn measure(asked: &Asked) {
    // As the program does it; the panics are meant, and are not printed.
    gleaner::actors::guard::remember_panics();
    let tasks = asked.number("tasks", 200);
    let market = Market { categories: tasks.div_ceil(2 * PAGE_PRODUCTS), page_products: PAGE_PRODUCTS };
    let deaths = Arc::new(Mutex::new(Deaths::default()));
    let script = deadly(market, deaths.clone());
    let database = Database::open().await;
    let (_, _, run) = scripted_run(&database, market, 1, script).await;
    database.close().await;
    let deaths = deaths.lock().expect("no panic under it");
    let killers = deaths.of_task.len();
    assert_eq!(usize::try_from(run.counters.ebay.failed), Ok(killers), "each is set aside");
    assert_eq!(usize::try_from(run.counters.ebay.done), Ok(market.products() - killers), "the rest is complete");
    let mut away = Figures::default();
    for duration in &deaths.away {
        away.add(duration.as_secs_f64() * 1_000.0);
    }
    println!("restart: {} panics of {killers} tasks in a run of {} products", deaths.away.len(), market.products());
    println!("    panic to next request, ms    {away}");
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
