//! A run stays with the provider that it was begun with, whatever the next process is configured for.

use serde_json::json;

use super::outside::{Outside, short};
use crate::support::api::Api;

const CATEGORY: [&str; 1] = ["home-bath"];

#[actix_web::test]
async fn a_run_that_was_begun_with_one_provider_is_not_finished_by_another() {
    let outside = Outside::start(20).await;
    let mut serving = outside.serve().await;
    let token = serving.token().await;
    let mut api = Api::new(serving.base(), &token);
    let truth = outside.truth(&CATEGORY, &short()).await;
    let run = api.start_run(&CATEGORY, short()).await;
    outside.until_asked("seller_search", 5).await;
    assert_eq!(serving.stop().await, Some(0));

    // Without credentials an engine asks the marketplace that it makes up itself.
    let mut serving = outside.folder.serve_as(&[], &[]).await;
    api.base = serving.base();
    let row = api.until_rest(&run, "paused").await;
    assert_eq!((&row["pause"]["reason"], &row["provider"]), (&json!("provider_refused"), &json!("oxylabs")), "{row}");
    let why = "the run was begun with oxylabs, and this engine asks sandbox";
    assert!(row["pause"].to_string().contains(why), "{row}");
    assert_eq!(serving.stop().await, Some(0));

    let mut serving = outside.serve().await;
    api.base = serving.base();
    api.post(&format!("{run}/resume"), None).await;
    api.until_rest(&run, "completed").await;
    assert_eq!(api.sellers(&run).await, truth, "nothing that the other would have made up is among them");
    assert_eq!(serving.stop().await, Some(0));
}
