//! What a run may spend and what it need not pay for again, on the command line.

use serde_json::Value;

use crate::support::binary::{Done, Folder, done};

const CHOSEN: [&str; 2] = ["--category", "home-bath"];
const SHORT: [&str; 8] =
    ["--pages-per-category", "1", "--pages-per-product", "1", "--page-delay-ms", "0", "--latency-ms", "0"];

async fn collect(folder: &Folder, month: &str, flags: &[&str]) -> (Done, Value) {
    let mut command = folder.command(&[&["collect", "--json"], &CHOSEN[..], &SHORT, flags].concat());
    command.env("GLEANER__RUNS__MONTHLY_REQUEST_BUDGET", month);
    let done = done(command).await;
    let summary = serde_json::from_str(done.out.trim()).unwrap_or_else(|_| panic!("{}", done.err));
    (done, summary)
}

#[actix_web::test]
async fn budgets_pause_with_exit_2_and_what_was_searched_is_skipped_the_next_time() {
    let folder = Folder::new();
    let (paused, summary) = collect(&folder, "60", &["--request-budget", "7"]).await;
    assert_eq!((paused.code, &summary["requests_made"]), (Some(2), &7.into()), "{}", paused.err);
    assert!(paused.err.contains("paused, budget") && paused.err.contains("`request_budget`"), "{}", paused.err);

    // One page of the category and 50 products: three cannot be searched, and the six that were are skipped.
    let (whole, summary) = collect(&folder, "60", &["--skip-searched-within-days", "1"]).await;
    assert_eq!((whole.code, &summary["skipped_items"]), (Some(0), &9.into()), "{}", whole.err);
    assert_eq!((&summary["products_searched"], &summary["requests_made"]), (&41.into(), &42.into()));

    // 49 requests of the month are spent.
    let (month, summary) = collect(&folder, "60", &[]).await;
    assert_eq!((month.code, &summary["requests_made"]), (Some(2), &11.into()), "{}", month.err);
    assert!(month.err.contains("runs.monthly_request_budget"), "{}", month.err);

    let wrong = folder.run(&[&["collect", "--request-budget", "0"], &CHOSEN[..]].concat()).await;
    assert_eq!(wrong.code, Some(1), "{}", wrong.err);
    assert!(
        wrong.err.contains("--request-budget") && wrong.err.contains("from 1 to 1000000000 is allowed"),
        "{}",
        wrong.err
    );
}
