//! The ten pictures of `docs/admin.md`, taken of an organisation that has worked for a while.
//!
//! They are written to `target/screenshots/docs-NAME.png`; `GLEANER_PICTURES=docs/pictures` has them written there too, made small.
//! That the document shows exactly these is part of the test.

use std::path::Path;

use serde_json::json;

use super::chromium::{Chromium, Look, Tab};
use super::{Site, by_name, png, scenes};
use crate::process::outside::{CREDENTIALS, Outside};
use crate::support::api::Api;

const DESK: Look = Look { width: 1_280, height: 860, dark: false };
const PHONE: Look = Look { width: 380, height: 800, dark: true };
/// The pictures in the order of the document.
const PICTURES: [&str; 10] =
    ["collect", "start", "run", "phone", "paused", "replay", "coverage", "history", "sellers", "schedules"];
/// Most bytes of one, so that the repository stays small.
const BYTES_MAX: u64 = 150_000;

#[actix_web::test]
async fn ten_pictures_explain_the_admin() {
    let Some(browser) = Chromium::launch().await else { return };
    let outside = Outside::start(60).await;
    let variables = [CREDENTIALS[0], CREDENTIALS[1], ("GLEANER__RUNS__DEFAULTS__MAX_ATTEMPTS", "1")];
    let mut serving = outside.folder.serve_as(&["--config", &outside.config], &variables).await;
    let site = Site::of(&serving.sign_in());
    let api = Api::new(site.base.clone(), &serving.token().await);
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    becomes_the_first_admin(&tab, &site).await;
    let run = has_worked_for_a_while(&api).await;
    looks_back(&tab, &site, &run).await;
    outside.set("latency", json!({"ms": 900})).await;
    watches_a_run(&tab, &site, &api).await;
    outside.set("latency", json!({"ms": 20})).await;
    outside.set("outage", json!({"on": true})).await;
    is_told_why_it_stands_still(&tab).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
    are_in_the_document();
}

async fn becomes_the_first_admin(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/first-admin", site.base)).await;
    for (field, text) in [("name", "Harbour"), ("email", "harbour@example.org"), ("password", "correct horse battery")]
    {
        tab.write(&format!("#f-first-{field}"), text).await;
    }
    tab.until(&by_name("button", "Become the admin", "offsetParent")).await;
    tab.ask(&by_name("button", "Become the admin", "click()")).await;
    tab.until("document.querySelector('main.home')").await;
}

/// Two runs, sellers that somebody entered, and two schedules: the first run.
async fn has_worked_for_a_while(api: &Api) -> String {
    let short = json!({"pages_per_category": 1, "pages_per_product": 2, "page_delay_ms": 0});
    let mut first = String::new();
    for (name, categories) in
        [("Bath and bedding", ["home-bath", "home-bedding"]), ("Decor and storage", ["home-decor", "home-storage"])]
    {
        let body = json!({"name": name, "category_ids": categories, "settings": short});
        let made = api.post("/collection/runs", Some(body)).await;
        let path = format!("/collection/runs/{}", made["id"].as_str().expect("an id"));
        api.post(&format!("{path}/start"), None).await;
        api.until_rest(&path, "completed").await;
        if first.is_empty() {
            first = path;
        }
    }
    let names = ["alderwood_supply", "bayfront-bargains", "cedar.and.co", "driftwood_decor", "elm-street-finds"];
    api.post("/sellers/bulk", Some(json!({"names": names}))).await;
    for (name, cron) in [("Every night", "30 2 * * *"), ("Monday mornings", "0 7 * * 1")] {
        let body = json!({"name": name, "cron": cron, "time_zone": "Europe/Berlin", "category_ids": ["home-bath"]});
        api.post("/collection/schedules", Some(body)).await;
    }
    first
}

/// What has ended: the timeline played again, what became of each page, the history, the sellers, what comes next.
async fn looks_back(tab: &Tab, site: &Site, run: &str) {
    let at = run.replace("/collection", "/admin");
    tab.open(&format!("{}{at}?replay", site.base)).await;
    tab.until("document.querySelector('.replay input')").await;
    tab.ask("(() => { const slider = document.querySelector('.replay input'); slider.value = String(slider.max * 0.5); slider.dispatchEvent(new Event('change')); })()").await;
    tab.until(
        "document.querySelectorAll('.ev').length > 20 && document.querySelector('.chart .ok')?.getAttribute('d')",
    )
    .await;
    tab.until("document.querySelectorAll('.wk[data-s=fetching]').length > 2").await;
    tab.until(&by_name("button", "Pause", "offsetParent")).await;
    tab.ask(&by_name("button", "Pause", "click()")).await;
    keeps(tab, "replay").await;
    tab.open(&format!("{}{at}/coverage", site.base)).await;
    tab.until("document.querySelectorAll('.cell').length > 10").await;
    keeps(tab, "coverage").await;
    tab.open(&format!("{}/admin/history", site.base)).await;
    tab.until(&by_name("a", "Added 5 sellers", "offsetParent")).await;
    tab.ask(&by_name("a", "Added 5 sellers", "click()")).await;
    tab.until("document.querySelectorAll('.open .add').length === 5").await;
    keeps(tab, "history").await;
    tab.open(&format!("{}/admin/sellers", site.base)).await;
    tab.until("document.querySelectorAll('#sellers[role=grid] tbody input').length > 5").await;
    tab.ask("[...document.querySelectorAll('#sellers tbody input')].slice(1, 4).forEach((box) => box.click())").await;
    tab.until("document.querySelector('.bulk b')?.innerText === '3 selected'").await;
    keeps(tab, "sellers").await;
    tab.open(&format!("{}/admin/schedules", site.base)).await;
    tab.until("document.querySelectorAll('.entry').length === 2").await;
    keeps(tab, "schedules").await;
}

/// Chooses, sees what it would take, starts, and watches; on a telephone too.
async fn watches_a_run(tab: &Tab, site: &Site, api: &Api) {
    tab.open(&format!("{}/admin?collect", site.base)).await;
    tab.click(".tree .dep input").await;
    tab.write("#f-name", "Car and garage").await;
    tab.until("document.querySelector('.est .sum + .sum, .est dd.sum')").await;
    keeps(tab, "start").await;
    tab.click("dialog [type=submit]").await;
    tab.until("document.querySelectorAll('.ev[data-k=found]').length > 12 && document.querySelectorAll('.wk[data-s=fetching]').length > 3").await;
    tab.until(&by_name("button", "Run", "offsetParent")).await;
    tab.ask(&by_name("button", "Run", "click()")).await;
    tab.until("document.querySelector('.eta b')?.innerText.includes('left')").await;
    tab.until("document.querySelectorAll('.wk[data-s=fetching]').length > 3").await;
    keeps(tab, "run").await;
    tab.look(PHONE).await;
    keeps(tab, "phone").await;
    tab.look(DESK).await;
    let address = tab.ask("location.href").await;
    tab.open(&format!("{}/admin", site.base)).await;
    tab.until("document.querySelector('#live .lr .bar rect') && document.querySelector('#total .line')").await;
    keeps(tab, "collect").await;
    tab.open(address.as_str().expect("an address")).await;
    assert!(api.get("/collection/runs?limit=5").await["items"].as_array().is_some_and(|runs| runs.len() == 3));
}

async fn is_told_why_it_stands_still(tab: &Tab) {
    tab.until("document.querySelector('.halt-box')?.offsetParent && document.querySelector('.due')").await;
    keeps(tab, "paused").await;
}

/// Photographs what is seen.
async fn keeps(tab: &Tab, name: &str) {
    assert!(PICTURES.contains(&name), "{name}");
    let picture = tab.picture().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/screenshots");
    std::fs::create_dir_all(&folder).expect("a folder for screenshots");
    std::fs::write(folder.join(format!("docs-{name}.png")), &picture).expect("a file");
    if let Some(folder) = std::env::var_os("GLEANER_PICTURES") {
        let picture = png::with_few_colours(&picture);
        std::fs::write(root.join(folder).join(format!("{name}.png")), &picture).expect("a file in GLEANER_PICTURES");
    }
}

/// The document shows these pictures, each of which is there, and no other lies beside them.
fn are_in_the_document() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let text = std::fs::read_to_string(docs.join("admin.md")).expect("the document");
    let shown: Vec<&str> = text.split("](pictures/").skip(1).filter_map(|rest| rest.split(".png)").next()).collect();
    assert_eq!(shown, PICTURES);
    let mut lie = Vec::new();
    for file in std::fs::read_dir(docs.join("pictures")).expect("the pictures") {
        let file = file.expect("a file");
        let name = file.file_name().to_string_lossy().into_owned();
        let bytes = file.metadata().expect("its size").len();
        assert!(bytes < BYTES_MAX, "{name} takes {bytes} bytes");
        lie.push(name);
    }
    lie.sort();
    let mut named = PICTURES.map(|name| format!("{name}.png"));
    named.sort();
    assert_eq!(lie, named);
}
