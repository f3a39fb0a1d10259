//! A run over captures: real products, and result pages that the shop really served.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use gleaner::domain::seller::normalise;
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::sandbox::{Config, Sandbox};
use serde_json::Value;

use super::walk::{client, walk};
use crate::support::samples::samples;

const LIST: &str = "datasets/amazon_us_bestsellers_electronics_100_2025.csv";

/// Sellers that a captured list page is known to show within its search, or none where it is no list with sellers.
fn expected(path: &Path) -> Option<BTreeSet<String>> {
    let known: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    let sellers = known["sellers"].as_array()?;
    let is_main = |seller: &&Value| seller["sections"].as_array().is_some_and(|s| s.iter().any(|s| s == "main"));
    let name = |seller: &Value| seller["username"].as_str().map(normalise);
    (known["view"] == "list" && !sellers.is_empty()).then(|| sellers.iter().filter(is_main).filter_map(name).collect())
}

#[actix_web::test]
async fn a_walk_over_captures_finds_the_union_of_what_their_pages_show() {
    let Some(samples) = samples(&["ebay_srp", LIST]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(samples.join(LIST), folder.path().join("products.csv")).expect("the list");
    let (mut union, mut pages) = (BTreeSet::new(), 0);
    for entry in fs::read_dir(samples.join("ebay_srp")).expect("the captures") {
        let path = entry.expect("a capture").path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Some(stem) = name.strip_suffix(".expected.json") else { continue };
        if let Some(sellers) = expected(&path) {
            let page = format!("{stem}.html");
            fs::copy(path.with_file_name(&page), folder.path().join(page)).expect("the page");
            union.extend(sellers);
            pages += 1;
        }
    }
    assert!(pages >= 5 && union.len() > 100, "{pages} pages, {} sellers", union.len());
    let running = Sandbox::start(Config { seed: 1, replay: Some(folder.path().to_owned()), ..Config::default() })
        .expect("a replay");
    let settings = RunSettings::default();
    let walked = walk(&client(&running), &["electronics-headphones"], &settings, 1).await;
    assert_eq!(walked.failures.len(), 0, "{:?}", walked.failures);
    assert_eq!((walked.products, walked.skipped), (100, 61));
    assert_eq!(walked.sellers.symmetric_difference(&union).collect::<Vec<_>>(), Vec::<&String>::new());
    running.stop().await;
}
