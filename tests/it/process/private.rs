//! The private PostgreSQL is killed under its engine: it is started again in its place, and the run only waits; one that
//! dies again and again ends the process, and the next start goes on.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::outside::{Outside, repeated, short};
use crate::support::api::{Api, without_gap};
use crate::support::binary::{Folder, PATIENCE, Process};

const CATEGORIES: [&str; 2] = ["home-bath", "home-bedding"];
/// So often a dead server is started again.
const STARTS_MAX: usize = 3;

/// Kills the server's first process, and says which it was.
fn kill_database(folder: &Folder) -> Pid {
    let pid = folder.database_pid().expect("it runs");
    kill(pid, Signal::SIGKILL).expect("ours");
    pid
}

/// Waits until another server answers the run's reader.
async fn until_another_serves(folder: &Folder, api: &Api, run: &str, dead: Pid) {
    let limit = Instant::now() + PATIENCE;
    while folder.database_pid().is_none_or(|pid| pid == dead)
        || api.ask(awc::http::Method::GET, run, None).await.0 != 200
    {
        assert!(Instant::now() < limit, "nobody starts it again");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn started() -> (Outside, Process, Api, String) {
    let outside = Outside::start(20).await;
    let mut serving = outside.serve().await;
    let api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    outside.until_asked("seller_search", 20).await;
    (outside, serving, api, run)
}

#[actix_web::test]
async fn a_private_server_that_is_killed_is_started_again_and_the_run_goes_on() {
    let (outside, mut serving, api, run) = started().await;
    let dead = kill_database(&outside.folder);
    until_another_serves(&outside.folder, &api, &run, dead).await;
    api.until_rest(&run, "completed").await;
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &short()).await);
    assert_eq!(repeated(&outside.counts().await), 0, "what arrived meanwhile was held until it could be kept");
    without_gap(&api.events(&run).await);
    assert!(serving.complained().contains("the database server died; it is started again"));
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    assert_eq!(outside.folder.database_pid(), None, "the new one is switched off in good order too");
}

#[actix_web::test]
async fn a_private_server_that_dies_again_and_again_ends_the_process_and_the_next_start_goes_on() {
    let (outside, mut serving, mut api, run) = started().await;
    outside.set("latency", json!({"ms": 500})).await;
    for _ in 0..STARTS_MAX {
        let dead = kill_database(&outside.folder);
        until_another_serves(&outside.folder, &api, &run, dead).await;
    }
    kill_database(&outside.folder);
    assert_eq!(serving.ended().await, Some(1));
    assert!(serving.complained().contains("the database server died again and again"), "{}", serving.complained());

    outside.set("latency", json!({"ms": 20})).await;
    let mut serving = outside.serve().await;
    api.base = serving.base();
    api.until_rest(&run, "completed").await;
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &short()).await);
    without_gap(&api.events(&run).await);
    let again = repeated(&outside.counts().await);
    assert!(again <= 5, "{again} requests were repeated");
    assert_eq!(serving.stop().await, Some(0));
}
