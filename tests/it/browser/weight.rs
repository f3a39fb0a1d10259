//! What a page weighs that is opened for the first time, and that nothing in it moves: neither while it comes alive in place of
//! what the server wrote, nor while a run tells what it does.

use serde_json::json;

use super::chromium::{Chromium, Look, Tab};
use super::{Site, WIDTHS, scenes};
use crate::support::api::Api;
use crate::support::binary::Folder;

/// Most bytes that come for a page, compressed, heads included.
const BYTES_MAX: f64 = 100_000.0;
/// Most that anything moves, as a share of the window: what stands at the right edge grows while the page still arrives.
const SHIFT_MAX: f64 = 0.01;
/// Notes every shift of the layout but those of the feed, whose cards make room for the newest one, and whatever went up or down
/// beside it; and where things lie that are there both before and after the page comes alive: once when the server's page is
/// whole and no module has run, and again whenever it is asked.
const NOTES: &str = "(() => { \
    window.shift = 0; window.shifts = []; window.sunk = []; \
    const isFeed = ({ node }) => (node?.closest ? node : node?.parentElement)?.closest('.feed'); \
    const told = ({ node, previousRect, currentRect }) => `${node?.outerHTML?.slice(0, 80) ?? node?.textContent} from ${previousRect.y} to ${currentRect.y}`; \
    new PerformanceObserver((list) => { for (const { value, sources } of list.getEntries()) { \
      window.sunk.push(...sources.filter((one) => !isFeed(one) && Math.abs(one.previousRect.y - one.currentRect.y) > 1).map(told)); \
      if (sources.length > 0 && sources.some(isFeed)) continue; \
      window.shift += value; \
      window.shifts.push(`${value}: ${sources.map(told)}`); } }) \
      .observe({ type: 'layout-shift', buffered: true }); \
    window.places = () => { const seen = new Map(); \
      for (const node of document.querySelectorAll('main :is(h1, h2, .panel, .strip, .strip > div, .run-bar, .rail, .wk, .lr, .tbl, .tabs, .seg, .field, .day, .he, .feed)')) { \
        const { left, top, width } = node.getBoundingClientRect(); \
        if (width === 0) continue; \
        const name = node.id || `${node.localName}.${node.classList[0] ?? ''}`; \
        seen.set(name, [...(seen.get(name) ?? []), [Math.round(left), Math.round(top + scrollY)]]); } \
      return Object.fromEntries(seen); }; \
    document.addEventListener('readystatechange', () => { if (document.readyState === 'interactive') window.written = window.places(); }); \
    })()";

#[actix_web::test]
async fn a_page_weighs_little_and_nothing_in_it_moves() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "20"]).await;
    let token = serving.token().await;
    let site = Site::of(&serving.sign_in());
    let tab = browser.tab(Look { width: 1_280, height: 1_000, dark: false }).await;
    scenes::signs_in(&tab, &site).await;
    tab.before_each_page(NOTES).await;
    let api = Api::new(site.base.clone(), &token);
    let short = json!({"pages_per_category": 1, "pages_per_product": 1, "page_delay_ms": 0});
    let run = api.start_run(&["home-bath"], short).await;
    api.until_rest(&run, "completed").await;
    let seller = api.get("/sellers?limit=1").await["items"][0]["id"].as_str().expect("a seller").to_owned();
    let id = run.rsplit('/').next().expect("an id");
    // A run that has told nothing yet: what others have told comes besides, some thirty bytes for each of their events.
    let made = api.post("/collection/runs", Some(json!({"category_ids": ["home-bath"]}))).await;
    let still = made["id"].as_str().expect("an id");
    for path in [
        "/admin".to_owned(),
        format!("/admin/runs/{still}"),
        format!("/admin/runs/{id}/coverage"),
        "/admin/history".to_owned(),
        "/admin/sellers".to_owned(),
        format!("/admin/sellers/{seller}"),
        "/admin/schedules".to_owned(),
        "/admin/settings".to_owned(),
        "/admin/settings/members".to_owned(),
    ] {
        weighs_little(&tab, &format!("{}{path}", site.base)).await;
    }
    let mut moved = Vec::new();
    for path in [
        "/admin".to_owned(),
        format!("/admin/runs/{still}"),
        format!("/admin/runs/{id}"),
        "/admin/history".to_owned(),
        "/admin/sellers".to_owned(),
        format!("/admin/sellers/{seller}"),
        "/admin/schedules".to_owned(),
        "/admin/settings".to_owned(),
        "/admin/settings/members".to_owned(),
        "/admin/settings/audit".to_owned(),
        "/admin/settings/account".to_owned(),
    ] {
        for width in WIDTHS {
            tab.look(Look { width, height: 1_000, dark: false }).await;
            moved.extend(moves_when_it_comes_alive(&tab, &format!("{}{path}", site.base), width).await);
        }
        tab.look(Look { width: 1_280, height: 1_000, dark: false }).await;
    }
    assert_eq!(moved, Vec::<String>::new());
    stands_still_while_it_is_told(&tab, &api, &site).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// Everything that a browser loads that was never here.
async fn weighs_little(tab: &Tab, address: &str) {
    tab.forget_files().await;
    tab.open(address).await;
    is_alive(tab).await;
    let bytes = tab.loaded_bytes().await;
    let heaviest = "performance.getEntriesByType('resource').map(({ name, transferSize }) => [transferSize, name]) \
        .sort(([a], [b]) => b - a).slice(0, 8)";
    eprintln!("{address}: {bytes} bytes");
    assert!(bytes < BYTES_MAX, "{address} weighs {bytes} bytes: {}", tab.ask(heaviest).await);
}

/// What stood elsewhere on the page that the server wrote than it does when its script has begun its work, and what moved meanwhile.
async fn moves_when_it_comes_alive(tab: &Tab, address: &str, width: i64) -> Vec<String> {
    tab.open(address).await;
    is_alive(tab).await;
    tab.until("document.querySelector('.conn')?.dataset.conn !== 'reconnecting'").await;
    let moved = "[...Object.entries(window.places()).flatMap(([name, places]) => (window.written[name] ?? []).flatMap(([x, y], at) => { \
        const now = places[at]; return now && (Math.abs(now[0] - x) > 1 || Math.abs(now[1] - y) > 1) ? [`${name} ${at}: ${x}, ${y} to ${now}`] : []; })), \
        ...(window.shift < SHIFT_MAX ? [] : window.shifts)]"
        .replace("SHIFT_MAX", &SHIFT_MAX.to_string());
    let moved: Vec<String> = serde_json::from_value(tab.ask(&moved).await).expect("words");
    moved.into_iter().map(|what| format!("{address} at {width} px: {what}")).collect()
}

/// A run that works: cards come in and figures grow, and whatever else is shown stays where it is.
async fn stands_still_while_it_is_told(tab: &Tab, api: &Api, site: &Site) {
    let run = api.start_run(&["home-bath", "home-bedding"], json!({"pages_per_product": 1, "page_delay_ms": 0})).await;
    let id = run.rsplit('/').next().expect("an id");
    tab.open(&format!("{}/admin/runs/{id}", site.base)).await;
    tab.until("document.querySelector('.conn')?.dataset.conn === 'live'").await;
    tab.until("document.querySelectorAll('.ev[data-k=found]').length > 20").await;
    assert_eq!(tab.ask("window.sunk").await, json!([]), "a run that works moves its page");
    let shift = tab.ask("window.shift").await.as_f64().expect("a number");
    assert!(shift < SHIFT_MAX, "{shift}: {}", tab.ask("window.shifts").await);
}

async fn is_alive(tab: &Tab) {
    tab.until("document.querySelector('main[data-alive]')").await;
}
