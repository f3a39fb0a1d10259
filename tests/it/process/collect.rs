//! `collect` and `export`: a run in the foreground, what it prints, how it ends.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::api::names;
use crate::support::binary::{Folder, Process, done, run};

const CATEGORIES: [&str; 4] = ["--category", "home-bath", "--category", "home-bedding"];
const SHORT: [&str; 4] = ["--pages-per-category", "1", "--pages-per-product", "1"];
const QUICK: [&str; 4] = ["--page-delay-ms", "0", "--latency-ms", "0"];

#[actix_web::test]
async fn collect_finds_the_truth_says_so_in_one_object_and_export_names_the_same_sellers() {
    let folder = Folder::new();
    let mut command = folder.command(&[&["collect", "--json"], &CATEGORIES[..], &SHORT, &QUICK].concat());
    command.env("GLEANER__OXYLABS__PRICE_PER_1000", "1.35 USD");
    let done = done(command).await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    let last = done.out.lines().last().expect("an object");
    assert_eq!(done.out.lines().count(), 1, "results alone on standard output: {}", done.out);
    let summary: Value = serde_json::from_str(last).expect("JSON");
    let fields: BTreeSet<&str> = summary.as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = "run_id number status reason error spend products_total products_searched sellers_found sellers_new requests_made \
                    failed_items skipped_items duration_ms";
    assert_eq!(fields, expected.split_whitespace().collect());
    assert_eq!((&summary["status"], &summary["failed_items"]), (&"completed".into(), &0.into()));
    assert_eq!(summary["products_total"], 100);
    assert_eq!((&summary["reason"], &summary["error"]), (&Value::Null, &Value::Null));
    assert_eq!(summary["spend"]["requests"], summary["requests_made"]);
    let requests = summary["requests_made"].to_string();
    let spent = done.err.lines().find(|line| line.starts_with("  requests")).expect("what was spent");
    assert!(spent.split_whitespace().any(|word| word == requests), "{spent}");
    assert!(done.err.lines().any(|line| line.starts_with("  cost") && line.contains('$')), "{}", done.err);
    assert!(done.err.contains("phase ebay"), "progress goes to standard error: {}", done.err);

    let truth = run(&[&["sandbox", "truth"], &CATEGORIES[..], &SHORT].concat()).await;
    assert_eq!(truth.code, Some(0), "{}", truth.err);
    let truth: BTreeSet<String> = truth.out.lines().map(str::to_owned).collect();
    let id = summary["run_id"].as_str().expect("an id");
    let exported = folder.run(&["export", "--run", id, "--format", "ndjson"]).await;
    assert_eq!(exported.code, Some(0), "{}", exported.err);
    assert_eq!(names(&exported.out), truth);
    assert_eq!(summary["sellers_found"], truth.len());

    assert_eq!(summary["number"], 1);
    let table = folder.run(&["export", "--run", "1", "--format", "csv"]).await;
    let head = table.out.lines().next().expect("a head").trim();
    assert_eq!(head, "name,display_name,platform,feedback_percent,feedback_count,products,first_seen_at");
    let unknown = folder.run(&["export", "--run", "01a20e2c-0000-730a-bbaa-06d1a39be1f7", "--format", "csv"]).await;
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(1), ""));
    assert!(unknown.err.contains("--run: there is no run"), "{}", unknown.err);
    for (text, words) in [("2", "--run: there is no run 2"), ("lamps", "neither a run's number nor its id")] {
        let refused = folder.run(&["export", "--run", text, "--format", "csv"]).await;
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
        assert!(refused.err.contains(words), "{}", refused.err);
    }
    let (by_number, by_id) = (folder.run(&["reparse", "#1"]).await, folder.run(&["reparse", id]).await);
    assert_eq!((by_number.code, &by_number.out), (by_id.code, &by_id.out), "{}{}", by_number.err, by_id.err);
    assert!(!by_number.err.contains("there is no run"), "{}", by_number.err);
}

#[actix_web::test]
async fn an_estimate_is_printed_and_nothing_is_made_or_asked() {
    let folder = Folder::new();
    let estimate = [&["collect", "--estimate"], &CATEGORIES[..]].concat();
    let first = folder.run(&estimate).await;
    assert_eq!((first.code, first.err.as_str()), (Some(0), ""), "{}", first.out);
    assert!(first.out.contains("2 categories") && first.out.contains("assumed"), "{}", first.out);
    assert!(!folder.data().exists(), "a data folder was made");
    let done = folder.run(&[&["collect"], &CATEGORIES[..], &SHORT, &QUICK].concat()).await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    let second = folder.run(&[&estimate[..], &["--json"]].concat()).await;
    assert_eq!((second.code, second.err.as_str()), (Some(0), ""), "{}", second.out);
    let told: Value = serde_json::from_str(second.out.trim()).expect("JSON");
    assert_eq!(told["basis"]["finished_runs"], 1);
    assert_eq!(told["basis"]["products_per_category_page"]["from"], "finished_runs");
    assert_eq!(told["basis"]["pages_per_product"]["from"], "assumption", "that run asked for one page each");
}

#[actix_web::test]
async fn a_provider_that_always_fails_pauses_the_run_with_exit_2_and_the_reason() {
    let folder = Folder::new();
    let listed = run(&["categories"]).await.out;
    let known = listed.lines().filter_map(|line| line.split('\t').next()).take(8);
    let chosen: Vec<&str> = known.flat_map(|id| ["--category", id]).collect();
    let flags = ["--faults", "1", "--latency-ms", "0", "--max-attempts", "1", "--retry-backoff-ms", "0"];
    let waits = ["--request-timeout-ms", "300", "--rate-limit-wait-ms", "10", "--max-consecutive-failures", "3"];
    let done = folder.run(&[&["collect", "--json"], &chosen[..], &flags, &waits].concat()).await;
    assert_eq!(done.code, Some(2), "{}{}", done.out, done.err);
    assert!(done.err.contains("paused, consecutive_failures"), "{}", done.err);
    let summary: Value = serde_json::from_str(done.out.trim()).expect("JSON");
    assert_eq!((&summary["status"], &summary["reason"]), (&"paused".into(), &"consecutive_failures".into()));
    let error = summary["error"].as_str().expect("the last error");
    assert!(!error.is_empty() && done.err.contains(error), "{error}: {}", done.err);
}

#[actix_web::test]
async fn values_that_cannot_be_read_are_told_with_what_is_allowed() {
    for (flags, allowed) in [
        (["--faults", "x"], "a number from 0 to 1 is allowed"),
        (["--faults", "1.5"], "a number from 0 to 1 is allowed"),
        (["--seed", "abc"], "a whole number from 0 to"),
        (["--workers", "many"], "a whole number from 1 to 64 is allowed"),
        (["--workers", "-1"], "a whole number from 1 to 64 is allowed"),
        (["--pages-per-category", "3"], "a whole number from 1 to 2 is allowed"),
        (["--price-window", "wide"], "80..120"),
    ] {
        let refused = run(&[&["collect"], &CATEGORIES[..], &flags].concat()).await;
        assert_eq!(refused.code, Some(1), "{}", refused.err);
        assert!(refused.err.contains(flags[0]) && refused.err.contains(allowed), "{}", refused.err);
    }
    for (typed, allowed) in [
        (&["runs", "--limit", "few"][..], "a whole number from 0 on is allowed"),
        (&["runs", "--status", "done"], "one of pending, running, paused, completed, failed, cancelled is allowed"),
        (&["sellers", "--limit", "-1"], "a whole number from 0 on is allowed"),
        (&["audit", "list", "--limit", "0"], "a whole number from 1 to 10000 is allowed"),
        (&["sandbox", "--listen", "8090"], "an address and a port are allowed"),
        (&["sandbox", "truth", "--category", "home-bath", "--seed", "x"], "a whole number from 0 to"),
        (&["runs", "start", "home-bath", "--idempotency-key", "a b"], "1 to 255 visible ASCII characters"),
    ] {
        let refused = run(typed).await;
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{typed:?}: {}", refused.err);
        assert!(refused.err.contains(allowed), "{typed:?}: {}", refused.err);
    }
}

#[actix_web::test]
async fn a_stopped_run_is_said_to_be_not_over_and_the_next_collect_says_that_it_works_on_it_too() {
    let folder = Folder::new();
    let slow = ["--latency-ms", "300", "--page-delay-ms", "0"];
    let mut first = Process::start(folder.command(&[&["collect", "--json"], &CATEGORIES[..], &SHORT, &slow].concat()));
    first.until_complained("phase ebay").await;
    first.signal(Signal::SIGINT);
    assert_eq!(first.ended().await, Some(1), "{}", first.complained());
    assert!(first.complained().contains("is not over, the next start goes on with it"), "{}", first.complained());
    let summary: Value = serde_json::from_str(first.printed().trim()).expect("JSON");
    assert_eq!(summary["reason"], "stopped");
    let left = summary["run_id"].as_str().expect("an id");

    let second = folder.run(&[&["collect", "--category", "home-bath"], &SHORT[..], &QUICK].concat()).await;
    assert_eq!(second.code, Some(0), "{}", second.err);
    let said = second.err.lines().find(|line| line.contains("left under way in this data folder"));
    assert!(said.is_some_and(|line| line.contains(left)), "{}", second.err);
}
