//! SIGTERM: what is on the wire is kept, the process ends in good order, and the next start goes on.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use super::outside::{Outside, repeated, short};
use crate::support::api::{Api, without_gap};
use crate::support::binary::{Folder, PATIENCE, Process};

const CATEGORIES: [&str; 2] = ["home-bath", "home-bedding"];

#[actix_web::test]
async fn an_engine_that_is_asked_to_stop_keeps_what_is_on_the_wire_and_the_next_goes_on() {
    let outside = Outside::start(50).await;
    let mut serving = outside.serve().await;
    let mut api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    outside.until_asked("seller_search", 20).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    assert!(serving.complained().contains("stopping"), "{}", serving.complained());
    assert_eq!(outside.folder.database_pid(), None, "the database is switched off in good order");
    let asked = outside.counts().await;
    assert_eq!(asked["in_flight"], 0);

    let mut serving = outside.serve().await;
    api.base = serving.base();
    api.until_rest(&run, "completed").await;
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &short()).await);
    assert_eq!(repeated(&outside.counts().await), 0, "what was on the wire was kept");
    without_gap(&api.events(&run).await);
    serving.signal(Signal::SIGINT);
    assert_eq!(serving.ended().await, Some(0), "Ctrl-C does the same");
}

#[actix_web::test]
async fn a_start_that_is_asked_to_stop_leaves_no_database_server_behind() {
    let folder = Folder::new();
    // The cluster is there, so that the start below is at its server soon.
    assert_eq!(folder.run(&["migrate"]).await.code, Some(0));
    let mut starting = Process::start(folder.command(&["serve", "--listen", "127.0.0.1:0"]));
    let until = Instant::now() + PATIENCE;
    while folder.database_pid().is_none() && Instant::now() < until {
        sleep(Duration::from_millis(2)).await;
    }
    starting.signal(Signal::SIGTERM);
    let ended = starting.ended().await;
    assert!(matches!(ended, Some(0 | 1)), "{ended:?}: {}", starting.complained());
    while folder.database_pid().is_some() && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(folder.database_pid(), None);
}
