//! A standard output that nobody reads any more ends nothing.

use crate::support::binary::{Folder, Process, done, run};

#[actix_web::test]
async fn serve_goes_on_when_nobody_takes_its_greeting() {
    let folder = Folder::new();
    let mut serving = Process::start(folder.command_unread(&["serve", "--listen", "127.0.0.1:0"]));
    serving.until_complained("nobody takes the greeting").await;
    let said = serving.complained();
    let base = said.split_whitespace().find(|word| word.starts_with("http://")).expect("it says where it is");
    let answer = awc::Client::default().get(format!("{}/readyz", base.trim_end_matches(','))).send().await;
    assert_eq!(answer.expect("an answer").status().as_u16(), 200);
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    assert!(!serving.complained().contains("panicked"), "{}", serving.complained());
}

#[actix_web::test]
async fn collect_ends_with_the_status_of_its_run_when_nobody_takes_the_result() {
    let folder = Folder::new();
    let quick = ["--pages-per-category", "1", "--pages-per-product", "1", "--page-delay-ms", "0", "--latency-ms", "0"];
    let fine = [&["collect", "--json", "--category", "home-bath"], &quick[..]].concat();
    let ended = done(folder.command_unread(&fine)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.err.contains("is completed"), "{}", ended.err);

    let listed = run(&["categories"]).await.out;
    let known = listed.lines().filter_map(|line| line.split('\t').next()).take(8);
    let chosen: Vec<&str> = known.flat_map(|id| ["--category", id]).collect();
    let failing = ["--faults", "1", "--latency-ms", "0", "--max-attempts", "1", "--retry-backoff-ms", "0"];
    let waits = ["--request-timeout-ms", "300", "--rate-limit-wait-ms", "10", "--max-consecutive-failures", "3"];
    let ended = done(folder.command_unread(&[&["collect", "--json"], &chosen[..], &failing, &waits].concat())).await;
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("is paused") && !ended.err.contains("panicked"), "{}", ended.err);
}
