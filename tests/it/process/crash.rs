//! `kill -9` at moments that a seed decides, and a new start each time: the result is that of an undisturbed run.

use nix::sys::signal::kill;
use serde_json::{Value, json};

use super::dice::Dice;
use super::outside::{CREDENTIALS, Outside, repeated, short};
use crate::support::api::{Api, without_gap};
use crate::support::binary::{Folder, Process};

const CATEGORIES: [&str; 3] = ["home-bath", "home-bedding", "home-decor"];
/// Requests that can be on the wire when a process dies: one a worker.
const REPEATED_A_KILL_MAX: u64 = 5;

/// Kills an engine; its database is left without a master, as a power cut of the engine alone leaves it.
async fn kill_hard(process: Process, folder: &Folder) {
    process.kill_hard().await;
    let orphan = folder.database_pid().expect("the database was running");
    assert!(kill(orphan, None).is_ok(), "the database outlives its engine");
}

/// The run ended as if nothing had happened.
async fn is_undisturbed(outside: &Outside, api: &Api, run: &str, kills: u64) {
    let settings = short();
    assert_eq!(api.sellers(run).await, outside.truth(&CATEGORIES, &settings).await);
    let row = api.get(run).await;
    assert_eq!((&row["failed_items"], &row["products_fetched"]), (&json!(0), &json!(150)), "{row}");
    without_gap(&api.events(run).await);
    let again = repeated(&outside.counts().await);
    assert!(again <= kills * REPEATED_A_KILL_MAX, "{again} requests were repeated by {kills} kills");
    eprintln!("{kills} kills, {again} repeated requests");
}

#[actix_web::test]
async fn an_engine_that_is_killed_in_every_phase_and_while_paused_ends_with_the_truth() {
    let dice = Dice::new();
    let outside = Outside::start(1_000).await;
    let mut serving = outside.serve().await;
    let token = serving.token().await;
    let mut api = Api::new(serving.base(), &token);
    let run = api.start_run(&CATEGORIES, short()).await;

    outside.until_asked("best_sellers", dice.of(1..4)).await;
    dice.a_moment(0..400).await;
    kill_hard(serving, &outside.folder).await;
    assert_eq!(outside.counts().await["seller_search"], 0, "killed in phase amazon");

    outside.set("latency", json!({"ms": 20})).await;
    let mut kills = 1;
    let mut asked = 0;
    for _ in 0..2 {
        serving = outside.serve().await;
        asked += dice.of(10..40);
        outside.until_asked("seller_search", asked).await;
        dice.a_moment(0..60).await;
        kill_hard(serving, &outside.folder).await;
        kills += 1;
    }

    serving = outside.serve().await;
    api.base = serving.base();
    assert_eq!(api.get(&run).await["status"], "running", "it was in the middle of its work");
    api.post(&format!("{run}/pause"), None).await;
    let paused = api.until_rest(&run, "paused").await;
    dice.a_moment(0..100).await;
    let before = outside.counts().await["requests"].clone();
    kill_hard(serving, &outside.folder).await;
    serving = outside.serve().await;
    api.base = serving.base();
    let still = api.get(&run).await;
    let kept = |row: &Value| (row["status"].clone(), row["pause"]["reason"].clone(), row["last_event_id"].clone());
    assert_eq!(kept(&still), kept(&paused), "a paused run stays paused, and says why");
    assert_eq!(outside.counts().await["requests"], before, "a paused run asks for nothing");
    api.post(&format!("{run}/resume"), None).await;
    api.until_rest(&run, "completed").await;
    is_undisturbed(&outside, &api, &run, kills).await;
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn serve_goes_on_with_the_run_of_a_collect_that_was_killed() {
    let dice = Dice::new();
    let outside = Outside::start(20).await;
    let mut command = outside.folder.command(&["collect", "--config", &outside.config, "--category"]);
    command.args(CATEGORIES).args(["--pages-per-category", "1", "--pages-per-product", "1"]);
    command.args(["--page-delay-ms", "0", "--retry-backoff-ms", "10"]).envs(CREDENTIALS);
    let collecting = Process::start(command);
    outside.until_asked("seller_search", dice.of(10..100)).await;
    dice.a_moment(0..60).await;
    let said = collecting.complained();
    let (_, id) = said.split_once("run 1 (").expect("it says its run");
    let id = id.split(')').next().expect("its id").to_owned();
    kill_hard(collecting, &outside.folder).await;

    let mut serving = outside.serve().await;
    let made = outside.folder.run(&["token", "create", "--name", "after the crash"]).await;
    let api = Api::new(serving.base(), made.out.trim());
    let run = format!("/collection/runs/{id}");
    api.until_rest(&run, "completed").await;
    is_undisturbed(&outside, &api, &run, 1).await;
    assert_eq!(serving.stop().await, Some(0));
}
