//! The page in a real browser: what a person does with it and sees of it. Each scene takes a site, whoever serves it.
//!
//! The site is the real binary on its sandbox. `GLEANER_SITE=URL` (a base address, or a one-time sign-in link of
//! `gleaner serve` on the sandbox) plays the scenes on a server that runs already.

mod choices;
#[path = "../../support/chromium.rs"]
mod chromium;
mod flood;
mod habits;
mod history;
mod hostile;
mod lived_in;
mod newcomer;
mod person;
mod pictures;
#[path = "../../support/png.rs"]
mod png;
mod run;
mod scenes;
mod sellers;
mod settings;
mod shell;
mod shortcuts;
mod states;
#[path = "../../support/torrent.rs"]
mod torrent;
mod trouble;
mod viewer;
mod weight;

use chromium::{Chromium, Look};
use serde_json::json;

use crate::process::outside::{CREDENTIALS, Outside};
use crate::support::binary::Folder;

/// A server with its page.
pub struct Site {
    /// Its address, without a slash at the end.
    pub base: String,
    /// What the browser opens first: a one-time link.
    pub sign_in: String,
}

impl Site {
    /// The site of an address or of a sign-in link.
    fn of(link: &str) -> Self {
        let host_end = link.find("://").map_or(0, |at| at + 3);
        let end = link[host_end..].find('/').map_or(link.len(), |at| host_end + at);
        Self { base: link[..end].to_owned(), sign_in: link.to_owned() }
    }
}

/// What is asked of the first shown element of this kind that people know by this name.
fn by_name(kind: &str, name: &str, asked: &str) -> String {
    let names = "(node) => [node.getAttribute('aria-label')?.trim(), node.innerText.trim()]";
    format!(
        "[...document.querySelectorAll({})].find((node) => node.checkVisibility() && ({names})(node).includes({}))?.{asked}",
        json!(kind),
        json!(name)
    )
}

/// Widths that the page must do at, each in both themes.
const WIDTHS: [i64; 3] = [380, 1_280, 2_560];

#[tokio::test]
async fn a_person_collects_watches_pauses_resumes_and_cancels() {
    let Some(browser) = Chromium::launch().await else { return };
    match std::env::var("GLEANER_SITE") {
        Ok(link) => play(&browser, &Site::of(&link)).await,
        Err(_) => {
            let folder = Folder::new();
            let mut serving = folder.serve(&["--latency-ms", "200"]).await;
            play(&browser, &Site::of(&serving.sign_in())).await;
            assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
        }
    }
    browser.close().await;
}

/// One page is there from the start, one joins late, one is cut off twice: by a reload, and with all others by the death of
/// the server.
#[actix_web::test]
async fn three_pages_miss_nothing_and_show_nothing_twice_over_the_death_of_their_server() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let arguments = ["--latency-ms", "500"];
    let mut serving = folder.serve(&arguments).await;
    let token = serving.token().await;
    let site = Site::of(&serving.sign_in());
    let look = Look { width: 1_280, height: 1_000, dark: false };
    let first = browser.tab(look).await;
    scenes::signs_in(&first, &site).await;
    let short = json!({"pages_per_category": 1, "pages_per_product": 1, "page_delay_ms": 0});
    let run = scenes::has_a_run(&site, &token, short).await;
    let (late, cut) = (browser.tab(look).await, browser.tab(look).await);
    for tab in [&first, &cut] {
        scenes::records_numbers(tab, &site, &run).await;
    }
    scenes::has_cards(&cut, 20).await;
    scenes::records_numbers(&cut, &site, &run).await;
    scenes::has_cards(&first, 60).await;
    scenes::records_numbers(&late, &site, &run).await;

    let address = site.base.trim_start_matches("http://").to_owned();
    serving.kill_hard().await;
    scenes::says_that_it_reconnects(&first).await;
    let mut serving = folder.serve_at(&address, &arguments, &[]).await;
    for tab in [&first, &late, &cut] {
        scenes::follows_to_the_end(tab).await;
    }
    scenes::fits_every_width_in_both_themes(&first, "finished").await;
    scenes::leads_to_the_sellers(&first).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// What a person sees of a server that is configured otherwise than usual, of a run in which nothing succeeds, and of one
/// whose provider goes away.
#[actix_web::test]
async fn a_page_shows_what_its_server_is_configured_to_do_and_why_a_run_failed_or_stands_still() {
    let Some(browser) = Chromium::launch().await else { return };
    // Each category gives its first page and fails at the second: products are kept that nobody will search.
    let outside = Outside::start(0).await;
    outside.set("outage", json!({"after": 2})).await;
    let configured = [
        CREDENTIALS[0],
        CREDENTIALS[1],
        ("GLEANER__RUNS__DEFAULTS__WORKERS", "3"),
        ("GLEANER__RUNS__DEFAULTS__PAGES_PER_PRODUCT", "2"),
        ("GLEANER__RUNS__DEFAULTS__MAX_ATTEMPTS", "1"),
        ("GLEANER__RUNS__DEFAULTS__PRICE_WINDOW", "off"),
        ("GLEANER__RUNS__DEFAULTS__FILTERS__US_ONLY", "false"),
        // The pictures of the paused run take longer than it would wait.
        ("GLEANER__RUNS__DEFAULTS__AUTO_RESUME", "false"),
    ];
    let mut serving = outside.folder.serve_as(&["--config", &outside.config], &configured).await;
    let token = serving.token().await;
    let site = Site::of(&serving.sign_in());
    let tab = browser.tab(Look { width: 1_280, height: 1_000, dark: false }).await;
    scenes::signs_in(&tab, &site).await;
    scenes::sees_the_servers_own_settings(&tab, &site).await;
    let run = scenes::has_a_run(&site, &token, json!({})).await;
    scenes::is_told_that_a_run_failed(&tab, &site, &run).await;
    // Both categories are read, some products are searched, and then nothing is answered any more.
    outside.set("outage", json!({"after": 14})).await;
    let run = scenes::has_a_run(&site, &token, json!({})).await;
    scenes::is_told_why_a_run_stands_still(&tab, &site, &run).await;
    outside.set("outage", json!({"on": false})).await;
    scenes::resumes_to_the_end(&tab).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

async fn play(browser: &Chromium, site: &Site) {
    let tab = browser.tab(Look { width: 1_280, height: 1_000, dark: false }).await;
    scenes::signs_in(&tab, site).await;
    let stranger = browser.tab(Look { width: 1_280, height: 1_000, dark: false }).await;
    scenes::opens_a_used_link(&tab, &stranger, site).await;
    scenes::is_told_what_is_wrong_before_anything_is_sent(&tab, site).await;
    scenes::starts_a_run(&tab, site).await;
    let second = browser.tab(Look { width: 380, height: 1_400, dark: true }).await;
    scenes::a_second_tab_shows_the_same_numbers(&tab, &second).await;
    scenes::pauses_and_resumes(&tab).await;
    scenes::fits_every_width_in_both_themes(&tab, "running").await;
    scenes::cancels_after_being_asked(&tab).await;
    scenes::keeps_its_place(&tab, site).await;
    scenes::reads_how_to_ask(&tab, site).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(second.complaints(), Vec::<String>::new(), "the console stays empty");
}
