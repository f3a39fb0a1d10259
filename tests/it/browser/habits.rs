//! How people have set up their browser: everything twice as large, another language, less motion, a tab in the background.

use serde_json::{Value, json};

use super::chromium::{Chromium, Look, Tab};
use super::lived_in::{LivedIn, SHORT_RUNS};
use super::person::Person;
use super::{Site, scenes};
use crate::support::api::Api;
use crate::support::binary::Folder;

const DESK: Look = Look { width: 1_280, height: 1_000, dark: false };
/// Half of a window of 1,280 by 1,000: what is left of it at 200 %.
const HALF: (i64, i64) = (640, 500);

/// What one may press or fill in and stands out of the window, in part or wholly.
const OUTSIDE: &str = "[...document.querySelectorAll('a, button, input, select, textarea, summary')] \
    .filter((node) => node.checkVisibility() && !node.matches('.sr, .skip') && !node.closest('.scrolls, .sr')) \
    .filter((node) => { const { left, right, width } = node.getBoundingClientRect(); return width > 1 && (right > innerWidth + 1 || left < -1); }) \
    .map((node) => node.outerHTML.slice(0, 120))";

/// Figures and times as English has them: grouped by commas, a point before the tenths, two halves of a day, months.
const ENGLISH: &str = "(document.querySelector('main').innerText + [...document.querySelectorAll('main [aria-label], main [title]')] \
    .map((node) => `${node.ariaLabel ?? ''} ${node.title}`).join(' ')) \
    .match(/(?<!:\\d)\\d,\\d{3}(?!\\d)|\\d\\.\\d (s|%)|\\d (AM|PM)|\\d{1,2} (Jan|Feb|Mar|May|Jun|Jul|Oct|Dec)\\w* \\d|(Jan|Feb|Mar|May|Jun|Jul|Oct|Dec)\\w* \\d|Monday|Sunday|\\$\\d/g) ?? []";

async fn opens(tab: &Tab, site: &Site, path: &str) {
    tab.open("about:blank").await;
    tab.open(&format!("{}{path}", site.base)).await;
    tab.until("document.querySelector('main[data-alive]')").await;
}

#[actix_web::test]
async fn every_page_can_be_used_twice_as_large_and_in_the_language_of_the_browser() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve_as(&[], &SHORT_RUNS).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let site = Site::of(&serving.sign_in());
    let names: Vec<String> = (0..1_200).map(|number| format!("shop-{number:04}")).collect();
    api.post("/sellers/bulk", Some(json!({"names": names}))).await;
    let lived_in = LivedIn::fill(&api, "Autumn lamps").await;
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    tab.zoom(HALF.0, HALF.1, 2.0).await;
    for (name, path) in lived_in.places() {
        opens(&tab, &site, &path).await;
        assert_eq!(tab.sideways().await, 0, "{name} scrolls sideways");
        assert_eq!(tab.ask(OUTSIDE).await, json!([]), "{name}");
        tab.photograph(&format!("zoom-{name}")).await;
    }
    starts_a_run(&tab, &site).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");

    let german = browser.tab(DESK).await;
    german.order("Emulation.setLocaleOverride", json!({"locale": "de-DE"})).await.expect("a language");
    german.order("Emulation.setTimezoneOverride", json!({"timezoneId": "Asia/Tokyo"})).await.expect("a time zone");
    for (name, path) in lived_in.places() {
        opens(&german, &site, &path).await;
        assert_eq!(german.ask(ENGLISH).await, json!([]), "{name}");
        german.photograph(&format!("german-{name}")).await;
    }
    counts_and_tells_the_time_in_german(&german, &site, &lived_in).await;
    assert_eq!(german.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// A dialog has room enough, and its buttons can be reached.
async fn starts_a_run(tab: &Tab, site: &Site) {
    opens(tab, site, "/admin").await;
    let person = Person::at(tab);
    person.presses("link", "Collect sellers").await;
    person.writes("searchbox", "Find a category", "bath").await;
    person.presses("checkbox", "Bath").await;
    person.writes("textbox", "Name", "Twice as large").await;
    tab.photograph("zoom-start").await;
    person.presses("button", "Start run").await;
    person.sees("heading", "Twice as large #3").await;
    assert_eq!(tab.ask(OUTSIDE).await, json!([]));
    tab.until("document.querySelector('h1 + .state')?.textContent === 'Completed'").await;
}

async fn counts_and_tells_the_time_in_german(tab: &Tab, site: &Site, lived_in: &LivedIn) {
    opens(tab, site, "/admin").await;
    tab.until("/\\d\\.\\d{3}/.test(document.querySelector('#total .lead').innerText)").await;
    opens(tab, site, &format!("/admin/runs/{}", lived_in.runs[0])).await;
    tab.until("/^\\d\\d:\\d\\d/.test(document.querySelector('.lanes .axis')?.innerText)").await;
    tab.until("/took \\d+,\\d s/.test(document.querySelector('.eta').innerText)").await;
    // Tokyo is nine hours before the server's own clock, and the exact time says so.
    tab.until("document.querySelector('.ev time').title.includes('GMT+9')").await;
    opens(tab, site, "/admin/settings").await;
    Person::at(tab).writes("textbox", "Longest wait for an answer", "61.000").await;
    Person::at(tab).presses("button", "Save").await;
    tab.until("document.querySelector('#saved')?.textContent.includes('Saved')").await;
    tab.until("document.querySelector('main[data-alive] #f-runs-request_timeout_ms').value === '61000'").await;
}

/// What comes in, and what turns as long as something is fetched.
const MOVES: &str = "document.getAnimations().filter(({ playState, effect }) => playState === 'running' \
    && effect.getComputedTiming().duration > 1 && effect.target?.closest('.wk, .ev'))";

#[actix_web::test]
async fn nothing_moves_for_whom_does_not_want_it_and_a_tab_in_the_background_catches_up_at_once() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "400"]).await;
    let token = serving.token().await;
    let api = Api::new(serving.base(), &token);
    let site = Site::of(&serving.sign_in());
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    let run = scenes::has_a_run(&site, &token, json!({"pages_per_category": 1, "page_delay_ms": 0})).await;
    tab.still(false).await;
    scenes::records_numbers(&tab, &site, &run).await;
    tab.ask(
        "(() => { window.came = 0; addEventListener('animationstart', ({ animationName, target }) => { window.came += animationName === 'come' && parseFloat(getComputedStyle(target).animationDuration) > 0; }); })()",
    )
    .await;
    tab.until(&format!("({MOVES}).length > 0 && window.came > 0")).await;
    wants_no_motion(&tab).await;
    catches_up(&tab, &api, &run, &Away::Hidden).await;
    catches_up(&tab, &api, &run, &Away::Frozen).await;
    scenes::has_no_gap(&tab).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

async fn wants_no_motion(tab: &Tab) {
    tab.still(true).await;
    let (came, seen) = (tab.ask("window.came").await, "Number(document.querySelector('.ev').dataset.seq)");
    let newest = tab.ask(seen).await;
    tab.until(&format!("{seen} > {newest} + 10 && document.querySelector('.wk[data-s=fetching]')")).await;
    assert_eq!(tab.ask(&format!("({MOVES}).length")).await, 0);
    let after = tab.ask("window.came").await;
    assert!(after == came, "{came} became {after}");
    tab.still(false).await;
    tab.until(&format!("window.came > {came}")).await;
}

/// How a tab goes to the background and comes back.
enum Away {
    /// Another one lies over it.
    Hidden,
    /// The browser has put it to sleep.
    Frozen,
}

async fn goes(tab: &Tab, away: &Away, is_away: bool) {
    match away {
        Away::Hidden => {
            let said = format!(
                "(() => {{ Object.defineProperty(document, 'hidden', {{ configurable: true, get: () => {is_away} }}); \
                 document.dispatchEvent(new Event('visibilitychange', {{ bubbles: true }})); }})()"
            );
            tab.ask(&said).await;
        }
        Away::Frozen => {
            let state = if is_away { "frozen" } else { "active" };
            tab.order("Page.setWebLifecycleState", json!({"state": state})).await.expect("a state");
        }
    }
}

/// What came meanwhile is there when one comes back, all of it, and none of it comes in once more.
async fn catches_up(tab: &Tab, api: &Api, run: &str, away: &Away) {
    let path = format!("/collection/runs/{run}");
    let shown = tab.ask("Number(document.querySelector('.ev').dataset.seq)").await.as_i64().expect("a number");
    let came = tab.ask("window.came").await;
    goes(tab, away, true).await;
    let newest = |row: &Value| row["last_event_id"].as_i64() > Some(shown + 30);
    api.until(&path, "events while nobody looks", newest).await;
    // From here on nothing more comes.
    api.post(&format!("{path}/pause"), None).await;
    let row = api.until_rest(&path, "paused").await;
    let last = row["last_event_id"].as_i64().expect("a number");
    goes(tab, away, false).await;
    tab.until(&format!("Number(document.querySelector('.ev').dataset.seq) === {last}")).await;
    tab.until("document.querySelector('h1 + .state').textContent === 'Paused'").await;
    let after = tab.ask("window.came").await;
    // One or two came in between the count and the moment at which it went away.
    let more = after.as_i64().unwrap_or_default() - came.as_i64().unwrap_or_default();
    assert!(more <= 6, "{more} cards came in once more");
    let numbers: Vec<i64> = serde_json::from_value(tab.ask("window.numbers").await).expect("numbers");
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "a gap: {numbers:?}");
    api.post(&format!("{path}/resume"), None).await;
    tab.until(&format!("Number(document.querySelector('.ev').dataset.seq) > {last} + 6")).await;
}
