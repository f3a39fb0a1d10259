//! The binary without a command, as who tries it out starts it: a new data folder gets one demo run, and no second one.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::api::Api;
use crate::support::binary::{Folder, Process, run};

/// What the demo run collects.
const CATEGORIES: [&str; 3] = ["home-bedding", "home-decor", "electronics-headphones"];

/// Starts it without a command; waits and latency are not what is tested.
fn start(folder: &Folder) -> Process {
    let mut command = folder.command(&["--listen", "127.0.0.1:0"]);
    command.env("GLEANER__SANDBOX__LATENCY_MS", "0").env("GLEANER__RUNS__DEFAULTS__PAGE_DELAY_MS", "0");
    Process::start(command)
}

#[actix_web::test]
async fn a_first_start_finds_the_truth_in_a_demo_run_and_a_second_start_makes_no_other() {
    let folder = Folder::bare();
    let mut first = start(&folder);
    let token = first.token().await;
    let api = Api::new(first.base(), &token);
    assert_eq!(api.get("/readyz").await["status"], "ready");
    first.until_complained("the demo run is completed").await;
    let runs = api.get("/collection/runs").await;
    let [demo] = runs["items"].as_array().expect("a list").as_slice() else { panic!("one run: {runs}") };
    assert_eq!(
        (&demo["name"], &demo["status"], &demo["failed_items"]),
        (&"Demo run".into(), &"completed".into(), &0.into())
    );
    let found = api.sellers(&format!("/collection/runs/{}", demo["id"].as_str().expect("an id"))).await;
    let chosen: Vec<&str> = CATEGORIES.iter().flat_map(|id| ["--category", id]).collect();
    let truth = run(&[&["sandbox", "truth"], &chosen[..]].concat()).await;
    let truth: BTreeSet<String> = truth.out.lines().map(str::to_owned).collect();
    assert!(!truth.is_empty() && found == truth, "{} of {} sellers", found.intersection(&truth).count(), truth.len());
    assert_eq!(first.stop().await, Some(0), "{}", first.complained());

    let mut second = start(&folder);
    second.until_printed("/sign-in?code=").await;
    let api = Api::new(second.base(), &token);
    assert_eq!(second.stop().await, Some(0), "{}", second.complained());
    assert!(!second.printed().contains("API token"), "{}", second.printed());
    assert!(!second.complained().contains("demo run"), "{}", second.complained());
    // Whatever it might have made is in the database.
    let mut third = folder.serve(&[]).await;
    let api = Api::new(third.base(), &api.token);
    let again: Value = api.get("/collection/runs").await;
    assert_eq!(again["items"].as_array().map(Vec::len), Some(1), "{again}");
    assert_eq!(third.stop().await, Some(0), "{}", third.complained());
}
