//! How long a page of the admin takes in a real browser until it can be used, what it weighs, and whether it keeps its frames
//! while a run tells two hundred events a second.

use serde_json::json;

use crate::Asked;
use crate::api::Api;
use crate::binary::Folder;
use crate::chromium::{Chromium, Look, Tab};
use crate::figures::Figures;
use crate::table::{Goal, Table};
use crate::torrent;

/// Notes when the page's script has begun its work, from the moment in which it was asked for.
const NOTES: &str = "new MutationObserver(() => { \
    if (window.alive === undefined && document.querySelector('main[data-alive]')) window.alive = performance.now(); }) \
    .observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-alive'] })";
/// The goals: milliseconds, compressed kilobytes, and a sixtieth of a second.
const USABLE_MS_MAX: f64 = 300.0;
const KB_MAX: f64 = 100.0;
const FRAME_MS_MAX: f64 = 17.0;

/// Opens each page `rounds` times, once without any file of ours in the browser and once with all of them; then watches a run
/// for `seconds`.
pub async fn measure(asked: &Asked, table: &mut Table) {
    let Some(browser) = Chromium::launch().await else { return };
    let rounds = asked.number("rounds", 20);
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "20"]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let tab = browser.tab(Look { width: 1_280, height: 1_000, dark: false }).await;
    tab.open(&serving.sign_in()).await;
    let run = api.start_run(&["home-bath"], json!({"pages_per_product": 1, "page_delay_ms": 0})).await;
    api.until_rest(&run, "completed").await;
    let id = run.rsplit('/').next().expect("an id");
    tab.before_each_page(NOTES).await;
    let ended = format!("/admin/runs/{id}");
    for (name, path) in [
        ("Collect", "/admin"),
        ("a run", &ended),
        ("History", "/admin/history"),
        ("Sellers", "/admin/sellers"),
        ("Schedules", "/admin/schedules"),
        ("Settings", "/admin/settings"),
    ] {
        let address = format!("{}{path}", api.base);
        let (mut first, mut again, mut weight) = (Figures::default(), Figures::default(), 0.0);
        for _ in 0..rounds {
            tab.forget_files().await;
            first.add(usable(&tab, &address).await);
            weight = tab.loaded_bytes().await / 1_000.0;
            again.add(usable(&tab, &address).await);
        }
        table.figure(format!("admin, {name}: first time, to usable, ms"), &first, Goal::AtMost(USABLE_MS_MAX));
        table.figure(format!("admin, {name}: again, to usable, ms"), &again, Goal::AtMost(USABLE_MS_MAX));
        table.figure(format!("admin, {name}: first time, KB"), weight, Goal::AtMost(KB_MAX));
    }
    let made = api.post("/collection/runs", Some(json!({"category_ids": ["home-bath"]}))).await;
    let address = format!("{}/admin/runs/{}", api.base, made["id"].as_str().expect("an id"));
    watches(asked, table, &tab, &address).await;
    serving.stop().await;
    browser.close().await;
}

/// Milliseconds from asking for this page until its script has begun its work.
async fn usable(tab: &Tab, address: &str) -> f64 {
    tab.open(address).await;
    tab.until("window.alive").await;
    tab.ask("window.alive").await.as_f64().expect("a number")
}

/// The events are the browser's own: what is measured is what the page makes of them.
async fn watches(asked: &Asked, table: &mut Table, tab: &Tab, address: &str) {
    tab.before_each_page(torrent::SOURCE).await;
    tab.open(address).await;
    tab.until("window.source?.onmessage && document.querySelector('.lane')").await;
    let seconds = u32::try_from(asked.number("seconds", 20)).expect("few");
    // Every card that there will be is there before it is measured.
    torrent::told(tab, 200, 2).await;
    let frames = torrent::told(tab, 200, seconds).await;
    table.figure("admin, 200 events/s: a frame, p50 ms", frames.median, Goal::AtMost(FRAME_MS_MAX));
    table.figure("admin, 200 events/s: a frame, p99 ms", frames.slow, Goal::None);
    table.figure("admin, 200 events/s: frames a second", frames.frames / f64::from(seconds), Goal::None);
    table.figure("admin, 200 events/s: of its thread's time, share", frames.busy, Goal::None);
    table.figure("admin, 200 events/s: layouts a second", frames.layouts, Goal::None);
}
