//! The page of a run: its timeline, one worker's own view, coverage, comparison, replay, and many tabs on one stream.

use awc::http::Method;
use serde_json::{Value, json};

use super::chromium::{Chromium, Look, Tab};
use super::{Site, scenes};
use crate::support::api::Api;
use crate::support::binary::Folder;

const DESK: Look = Look { width: 1_280, height: 1_000, dark: false };
const TABS: usize = 10;

/// The button, link or field of this name, as a selector's expression.
fn named(role: &str, name: &str) -> String {
    format!(
        "[...document.querySelectorAll({})].find((node) => (node.getAttribute('aria-label') ?? node.textContent).trim() === {} \
         && node.checkVisibility())",
        json!(role),
        json!(name)
    )
}

/// Presses what has this name.
async fn presses(tab: &Tab, role: &str, name: &str) {
    let found = named(role, name);
    tab.until(&format!("{found} && !{found}.disabled")).await;
    tab.ask(&format!("{found}.click()")).await;
}

/// A run that has ended, and its address.
async fn ended(site: &Site, token: &str, settings: Value) -> (Api, String) {
    let api = Api::new(site.base.clone(), token);
    let path = api.start_run(&["home-bath"], settings).await;
    api.until_rest(&path, "completed").await;
    (api, path.rsplit('/').next().expect("an id").to_owned())
}

#[actix_web::test]
async fn a_person_looks_closer_at_a_run_that_has_ended_and_plays_it_again() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "20"]).await;
    let token = serving.token().await;
    let site = Site::of(&serving.sign_in());
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    let short = json!({"pages_per_category": 1, "pages_per_product": 2, "page_delay_ms": 0});
    let (api, run) = ended(&site, &token, short.clone()).await;
    let row = api.get(&format!("/collection/runs/{run}")).await;

    tab.open(&format!("{}/admin/runs/{run}", site.base)).await;
    looks_at_the_timeline(&tab, &row).await;
    follows_one_worker_and_comes_back(&tab).await;
    plays_it_again(&tab, &row).await;
    looks_at_the_coverage(&tab).await;
    let (_, other) = ended(&site, &token, short).await;
    compares(&tab, &site, &run, &other).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    is_told_that_the_session_ended(&tab, &site, &run).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// Every request is a bar; one is found by the keyboard alone, and told in words.
async fn looks_at_the_timeline(tab: &Tab, row: &Value) {
    tab.until("document.querySelectorAll('.lane').length === 5").await;
    tab.until("document.querySelector('.lane .gain')?.getAttribute('d')").await;
    let shown = "[...document.querySelectorAll('.time-sec tbody td')].reduce((sum, cell) => sum + Number(cell.textContent.replace(',', '')), 0)";
    tab.until(&format!("{shown} === {}", row["requests_made"])).await;
    scenes::fits_every_width_in_both_themes(tab, "run-ended").await;
    tab.ask("document.querySelector('.lanes').focus()").await;
    tab.press("End").await;
    tab.until("document.querySelector('.lane-told b')").await;
    tab.press("ArrowLeft").await;
    tab.until("/took .* s/.test(document.querySelector('.lane-told').textContent)").await;
    tab.until("document.querySelector('.lane-told .grow').textContent !== ''").await;
    let before = tab.text(".axis").await;
    presses(tab, "button", "Zoom in").await;
    tab.until(&format!("document.querySelector('.axis').innerText !== {}", json!(before))).await;
    presses(tab, "button", "Run").await;
    tab.until(&format!("document.querySelector('.axis').innerText === {}", json!(before))).await;
}

/// The address names the worker, so that it can be sent to somebody; going back shows all of them.
async fn follows_one_worker_and_comes_back(tab: &Tab) {
    tab.ask("document.querySelector('.wk[data-worker=\"3\"] a.thing').click()").await;
    tab.until("location.hash === '#worker-3' && document.querySelector('.one')?.offsetParent").await;
    tab.until("document.querySelectorAll('.wk').length === 1").await;
    assert_eq!(tab.text("#h-feed").await, "Log of worker 3");
    let others = "[...document.querySelectorAll('.ev')].filter((card) => !card.querySelector('.w').title.includes('Worker 3') \
                  && !card.querySelector('.w-s')?.title.includes('Worker 3')).length";
    assert_eq!(tab.ask(others).await, 0, "a log of one worker");
    scenes::fits_every_width_in_both_themes(tab, "worker").await;
    presses(tab, ".others a", "Worker 1").await;
    tab.until("document.querySelector('#h-one').textContent === 'Worker 1'").await;
    tab.ask("history.go(-2)").await;
    tab.until("document.querySelectorAll('.wk').length === 5 && !document.querySelector('.one').offsetParent").await;
}

/// Says that it is a replay; its figures at the end are those that the run had.
async fn plays_it_again(tab: &Tab, row: &Value) {
    presses(tab, "a", "Replay").await;
    tab.until("document.querySelector('.replay')?.innerText.includes('This is a replay')").await;
    tab.until("document.querySelectorAll('.ev').length > 0").await;
    presses(tab, "button", "Pause").await;
    assert_eq!(tab.text(".conn").await, "Replay");
    assert_eq!(tab.ask("document.querySelectorAll('[data-command]').length").await, 0, "nothing can be commanded");
    let moved = |share: f64| {
        format!(
            "(() => {{ const slider = document.querySelector('.replay input'); slider.value = String(slider.max * {share}); \
             slider.dispatchEvent(new Event('change')); }})()"
        )
    };
    let figure = |name: &str| {
        format!(
            "Number([...document.querySelectorAll('.strip div')].find((cell) => cell.firstChild.textContent === '{name}').lastChild.firstChild.textContent.replaceAll(',', ''))"
        )
    };
    tab.ask(&moved(1.0)).await;
    for (name, field) in [("Requests", "requests_made"), ("New", "sellers_new"), ("Sellers found", "sellers_found")] {
        tab.until(&format!("{} === {}", figure(name), row[field])).await;
    }
    tab.until("document.querySelector('h1 + .state').textContent === 'Completed'").await;
    tab.ask(&moved(0.5)).await;
    tab.until(&format!("{} < {}", figure("Requests"), row["requests_made"])).await;
    scenes::has_no_gap(tab).await;
    scenes::fits_every_width_in_both_themes(tab, "replay").await;
    presses(tab, "button", "100×").await;
    presses(tab, "button", "Play").await;
    tab.until("document.querySelector('h1 + .state').textContent === 'Completed'").await;
    presses(tab, "a", "Leave the replay").await;
    tab.until("!document.querySelector('.replay') && document.querySelector('.conn')?.dataset.conn === 'ended'").await;
}

async fn looks_at_the_coverage(tab: &Tab) {
    presses(tab, "a", "Coverage").await;
    tab.until("document.querySelectorAll('.cell').length > 10").await;
    scenes::fits_every_width_in_both_themes(tab, "coverage").await;
    let rows = tab.ask("document.querySelectorAll('.cells').length").await;
    tab.ask("[...document.querySelectorAll('.seg a')].find((link) => link.textContent.includes('skipped')).click()")
        .await;
    tab.until("location.search === '?status=skipped'").await;
    tab.ask("history.back()").await;
    tab.until(&format!("location.search === '' && document.querySelectorAll('.cells').length === {rows}")).await;
}

async fn compares(tab: &Tab, site: &Site, a: &str, b: &str) {
    tab.open(&format!("{}/admin/runs/{a}", site.base)).await;
    presses(tab, "a", "Compare").await;
    tab.until(&format!("document.querySelector('#f-b')?.value === '{a}'")).await;
    tab.ask(&format!("document.querySelector('#f-a').value = '{b}'")).await;
    presses(tab, "button", "Compare").await;
    tab.until("document.querySelector('#h-kept')").await;
    assert!(tab.text("main").await.contains("In both"));
    scenes::fits_every_width_in_both_themes(tab, "compare").await;
}

/// Whoever has no session any more is told so where they sign in again.
async fn is_told_that_the_session_ended(tab: &Tab, site: &Site, run: &str) {
    tab.open(&format!("{}/admin/runs/{run}", site.base)).await;
    tab.until("document.querySelector('.conn')?.dataset.conn === 'ended'").await;
    tab.ask("fetch('/auth/logout', { method: 'POST', headers: { 'X-Gleaner-CSRF': '1' } }).then(() => null)").await;
    presses(tab, "button", "Run again").await;
    tab.until(
        "location.pathname === '/sign-in' && document.querySelector('main').innerText.includes('session has ended')",
    )
    .await;
    tab.photograph("session-ended").await;
}

/// A page asks for what it misses by itself; ten of them cost the server one connection.
#[actix_web::test]
async fn ten_tabs_share_one_connection_and_miss_nothing_when_the_one_that_holds_it_goes() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "400"]).await;
    let token = serving.token().await;
    let site = Site::of(&serving.sign_in());
    let first = browser.tab(DESK).await;
    scenes::signs_in(&first, &site).await;
    let short = json!({"pages_per_category": 1, "pages_per_product": 1, "page_delay_ms": 0});
    let run = scenes::has_a_run(&site, &token, short).await;
    let api = Api::new(site.base.clone(), &token);
    let mut tabs = vec![first];
    for _ in 1..TABS {
        tabs.push(browser.tab(DESK).await);
    }
    scenes::records_numbers(&tabs[0], &site, &run).await;
    // It stands still until all of them are open, however long that takes.
    api.post(&format!("/collection/runs/{run}/pause"), None).await;
    for tab in &tabs[1..] {
        scenes::records_numbers(tab, &site, &run).await;
    }
    assert_eq!(subscribers(&api).await, 1, "one connection for all of them");
    let newest = tabs[0].ask("Number(document.querySelector('.ev').dataset.seq)").await;
    api.post(&format!("/collection/runs/{run}/resume"), None).await;
    for tab in &tabs {
        tab.until(&format!("Number(document.querySelector('.ev').dataset.seq) > {newest}")).await;
    }
    // The first one that came holds the connection.
    tabs[0].open("about:blank").await;
    for tab in &tabs[1..] {
        tab.until(&format!("Number(document.querySelector('.ev').dataset.seq) > {newest} + 40")).await;
    }
    assert_eq!(subscribers(&api).await, 1, "the next one took over");
    for tab in &tabs[1..] {
        scenes::follows_to_the_end(tab).await;
        assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    }
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// Streams that are open at the server.
async fn subscribers(api: &Api) -> i64 {
    let (_, text) = api.ask(Method::GET, "/metrics", None).await;
    let line = text.lines().find_map(|line| line.strip_prefix("gleaner_stream_subscribers "));
    line.and_then(|value| value.parse().ok()).expect("a number of streams")
}
