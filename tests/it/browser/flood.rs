//! A run that tells two hundred events a second: how often the page is laid out for them, and that an hour of it leaves no more
//! behind than a minute. How many frames that leaves is measured by `cargo bench -- admin`: it depends on the machine.

use serde_json::json;

use super::chromium::{Chromium, Look, Tab};
use super::{Site, scenes, torrent};
use crate::support::api::Api;
use crate::support::binary::Folder;

/// Events of a second.
const RATE: u32 = 200;
/// How long the page is watched at that rate.
const SECONDS: u32 = 5;
/// Most layouts of a second, whatever comes: the page draws ten times and writes its clocks four times, and hardly anything
/// asks in between where something lies.
const LAYOUTS_MAX: f64 = 16.0;
/// Most that the page's objects take after an hour; its events alone would be some hundred megabytes.
const HEAP_BYTES_MAX: f64 = 40e6;

#[actix_web::test]
async fn two_hundred_events_a_second_leave_the_browser_idle_and_an_hour_of_them_its_memory_flat() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    let token = serving.token().await;
    let site = Site::of(&serving.sign_in());
    let tab = browser.tab(Look { width: 1_280, height: 1_000, dark: false }).await;
    scenes::signs_in(&tab, &site).await;
    let api = Api::new(site.base.clone(), &token);
    let made = api.post("/collection/runs", Some(json!({"category_ids": ["home-bath"]}))).await;
    tab.before_each_page(torrent::SOURCE).await;
    tab.open(&format!("{}/admin/runs/{}", site.base, made["id"].as_str().expect("an id"))).await;
    tab.until("window.source?.onmessage && document.querySelector('.lane')").await;
    keeps_up(&tab).await;
    forgets(&tab).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// Twenty events each tenth of a second; frames are counted, and the time that the page's thread really worked.
async fn keeps_up(tab: &Tab) {
    let frames = torrent::told(tab, RATE, SECONDS).await;
    eprintln!(
        "{RATE} events/s: the page's thread works {:.0} % of the time and lays out {:.1} times a second; {} frames in \
         {SECONDS} s, each {:.1} ms in the median, {:.1} at the 99th percentile",
        frames.busy * 100.0,
        frames.layouts,
        frames.frames,
        frames.median,
        frames.slow
    );
    assert!(frames.layouts < LAYOUTS_MAX, "laid out {} times a second", frames.layouts);
    tab.until("Number(document.querySelector('.ev').dataset.seq) === window.told").await;
}

/// The events of an hour, as fast as the page takes them: neither elements nor memory grow with them.
async fn forgets(tab: &Tab) {
    let minutes = |count: i64| {
        format!(
            "(async () => {{ for (let minute = 0; minute < {count}; minute += 1) {{ \
             window.tell({}, Date.now() - 60000, 5); await new Promise((done) => setTimeout(done, 20)); }} }})()",
            RATE * 60
        )
    };
    tab.ask(&minutes(10)).await;
    let nodes = nodes(tab).await;
    for _ in 0..5 {
        tab.ask(&minutes(10)).await;
    }
    let (nodes_after, heap) = (self::nodes(tab).await, tab.heap_bytes().await);
    eprintln!("an hour of events: {nodes_after} elements, after ten minutes {nodes}; {:.1} MB of objects", heap / 1e6);
    assert!(nodes_after < nodes * 1.2, "{nodes} elements became {nodes_after}");
    assert!(heap < HEAP_BYTES_MAX, "{heap} bytes");
    assert_eq!(tab.ask("document.querySelectorAll('.ev').length").await, 100);
}

async fn nodes(tab: &Tab) -> f64 {
    tab.until("Number(document.querySelector('.ev').dataset.seq) === window.told").await;
    tab.ask("document.getElementsByTagName('*').length").await.as_f64().expect("a number")
}
