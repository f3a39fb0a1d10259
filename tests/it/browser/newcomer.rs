//! The path of somebody who sees this for the first time: everything is found by what is seen of it, and after the link
//! that signs in no address is typed.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use gleaner::domain::seller::normalise;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::chromium::{Chromium, Look};
use super::lived_in::SHORT_RUNS;
use super::person::Person;
use super::{Site, scenes};
use crate::process::outside::{CREDENTIALS, Outside};
use crate::support::api::Api;

const CATEGORY: &str = "home-bath";

#[actix_web::test]
async fn a_newcomer_collects_understands_a_pause_finds_a_seller_and_takes_the_new_ones_along() {
    let Some(browser) = Chromium::launch().await else { return };
    let outside = Outside::start(0).await;
    let attempts = ("GLEANER__RUNS__DEFAULTS__MAX_ATTEMPTS", "1");
    let configured = [&CREDENTIALS[..], &SHORT_RUNS, &[attempts]].concat();
    let mut serving = outside.folder.serve_as(&["--config", &outside.config], &configured).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let site = Site::of(&serving.sign_in());
    let truth = outside.truth(&[CATEGORY], &json!({"pages_per_category": 1, "pages_per_product": 1})).await;
    // Some of those that the run will find are known already: they are not new.
    let known: Vec<&String> = truth.iter().take(3).collect();
    api.post("/sellers/bulk", Some(json!({"names": known}))).await;
    // The category is read, some products are searched, and then nothing is answered any more.
    outside.set("outage", json!({"after": 8})).await;

    let tab = browser.tab(Look { width: 1_280, height: 1_000, dark: false }).await;
    let person = Person::at(&tab);
    tab.open(&site.sign_in).await;
    starts_a_run(&person).await;
    understands_why_it_stands_and_goes_on(&person, &outside).await;
    let wanted = truth.iter().nth(5).expect("enough of them");
    finds_a_seller_and_where_it_came_from(&person, wanted).await;
    let folder = TempDir::new().expect("a folder for files");
    browser.keeps_files_in(folder.path()).await;
    takes_the_new_ones_along(&person).await;

    let taken: BTreeSet<String> =
        names_of_the_file_in(folder.path()).await.iter().map(|name| normalise(name)).collect();
    let run = api.get("/collection/runs?limit=1").await["items"][0]["id"].as_str().expect("an id").to_owned();
    let found = api.sellers(&format!("/collection/runs/{run}")).await;
    let new: BTreeSet<String> = found.into_iter().filter(|name| !known.contains(&name)).collect();
    assert_eq!(taken, new, "the new ones, and no others");
    scenes::fits_every_width_in_both_themes(&tab, "newcomer").await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

async fn starts_a_run(person: &Person<'_>) {
    person.sees("heading", "No run yet").await;
    person.presses("link", "Collect sellers").await;
    person.sees("heading", "Collect sellers").await;
    person.writes("searchbox", "Find a category", "bath").await;
    person.presses("checkbox", "Bath").await;
    person.reads("1 category").await;
    person.writes("textbox", "Name", "My first run").await;
    person.presses("button", "Start run").await;
    person.sees("heading", "My first run #1").await;
}

async fn understands_why_it_stands_and_goes_on(person: &Person<'_>, outside: &Outside) {
    person.sees("heading", "Five tasks failed in a row").await;
    person.sees("heading", "What to do").await;
    person.reads("Service is temporarily unavailable").await;
    outside.set("outage", json!({"on": false})).await;
    person.presses("button", "Resume").await;
    person.reads("Completed").await;
}

/// By a part of its name in the list; its page leads back to the run.
async fn finds_a_seller_and_where_it_came_from(person: &Person<'_>, name: &str) {
    person.presses("link", "Sellers").await;
    person.sees("heading", "Sellers").await;
    person.writes("searchbox", "A part of a seller's name", name).await;
    person.reads("1 of ").await;
    let links = person.names("link").await;
    let shown = links.iter().find(|link| normalise(link) == name).unwrap_or_else(|| panic!("{name}: {links:?}"));
    person.presses("link", shown).await;
    person.sees("heading", shown).await;
    person.sees("heading", "Where it was found").await;
    person.presses("link", "#1 My first run").await;
    person.sees("heading", "My first run #1").await;
}

/// The run's page leads to those that are new, and their list to a file of them.
async fn takes_the_new_ones_along(person: &Person<'_>) {
    // Only when the page has begun its work it counts as people here do.
    person.sees("button", "Run again").await;
    let fresh = person.names("link").await.into_iter().find(|name| name.ends_with(" new sellers"));
    person.presses("link", &fresh.expect("a way to the new ones")).await;
    person.reads("New in run").await;
    person.sees("link", "Without the filter New in run").await;
    person.presses("link", "Export").await;
    person.sees("heading", "Export sellers").await;
    person.sees("radio", "Those that match the filter").await;
    person.presses("button", "Export").await;
}

/// The first column of the only file of this folder, once it is there and whole.
pub async fn names_of_the_file_in(folder: &Path) -> Vec<String> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
        let whole = files.filter(|path| path.is_file()).find(|path| path.extension().is_some_and(|end| end == "csv"));
        if let Some(path) = whole {
            let text = std::fs::read_to_string(path).expect("a text");
            let rows = text.trim_start_matches('\u{feff}').lines().skip(1);
            return rows.map(|row| row.split(',').next().expect("a name").trim_matches('"').to_owned()).collect();
        }
        assert!(Instant::now() < end, "no file came");
        sleep(Duration::from_millis(25)).await;
    }
}
