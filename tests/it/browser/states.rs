//! Pages in the states that are seldom seen: nothing there yet, an answer that does not come, an answer that is an error. Each is
//! looked at by axe, and photographed at every width in both themes.
//!
//! What fails is scripted: the page's own `fetch` answers as the test says, for the paths that it names.

use serde_json::json;

use super::chromium::{Chromium, Look, Tab};
use super::scenes::fits_every_width_in_both_themes;
use super::{Site, by_name, scenes};
use crate::support::api::Api;
use crate::support::binary::{Folder, Process};

/// `sessionStorage.faults`: pairs of the beginning of a path and what becomes of a request to it.
const FAULTS: &str = "(() => { const real = window.fetch; \
    const body = { type: 'about:blank', title: 'Internal error', status: 500, detail: 'something went wrong; the log says what' }; \
    window.fetch = (asked, options) => { \
      const { pathname } = new URL(asked.url ?? asked, location.href); \
      const [, what] = JSON.parse(sessionStorage.faults ?? '[]').find(([begin]) => pathname.startsWith(begin)) ?? []; \
      if (what === 'silent') return new Promise(() => {}); \
      if (what === 'broken') return Promise.resolve(new Response(JSON.stringify(body), { status: 500, headers: { 'Content-Type': 'application/problem+json' } })); \
      return real(asked, options); }; })()";
const ALIVE: &str = "document.querySelector('main[data-alive]')";

/// From now on requests to paths that begin so get no answer (`silent`), or status 500 (`broken`).
async fn fails(tab: &Tab, begin: &str, what: &str) {
    tab.ask(&format!("void (sessionStorage.faults = {})", json!(json!([[begin, what]]).to_string()))).await;
}

async fn fails_no_more(tab: &Tab) {
    tab.ask("void sessionStorage.removeItem('faults')").await;
}

async fn opens(tab: &Tab, site: &Site, path: &str) {
    tab.open(&format!("{}{path}", site.base)).await;
    tab.until(&format!("{ALIVE} || !document.querySelector('main[data-script]:not([data-script=\"\"])')")).await;
}

async fn presses(tab: &Tab, kind: &str, name: &str) {
    tab.until(&by_name(kind, name, "offsetParent")).await;
    tab.ask(&by_name(kind, name, "click()")).await;
}

/// A site whose answers can be made to fail, and a tab that has signed in.
struct Scene {
    browser: Chromium,
    _folder: Folder,
    serving: Process,
    site: Site,
    api: Api,
    tab: Tab,
}

impl Scene {
    async fn set() -> Option<Self> {
        let browser = Chromium::launch().await?;
        let folder = Folder::new();
        let mut serving = folder.serve(&["--latency-ms", "20"]).await;
        let site = Site::of(&serving.sign_in());
        let api = Api::new(site.base.clone(), &serving.token().await);
        let tab = browser.tab(Look { width: 1_280, height: 1_000, dark: false }).await;
        tab.before_each_page(FAULTS).await;
        scenes::signs_in(&tab, &site).await;
        Some(Self { browser, _folder: folder, serving, site, api, tab })
    }

    async fn ends(mut self) {
        assert_eq!(self.serving.stop().await, Some(0), "{}", self.serving.complained());
        self.browser.close().await;
    }
}

#[actix_web::test]
async fn pages_say_what_to_do_where_nothing_is_there_nothing_comes_or_something_fails() {
    let Some(scene) = Scene::set().await else { return };
    let Scene { site, api, tab, .. } = &scene;
    sees_a_run_that_has_not_begun(tab, site, api).await;
    finds_nothing_there(tab, site).await;
    is_refused_by_collect(tab, site).await;
    loses_its_connection(tab, site, api).await;
    // Whatever was scripted to fail is no complaint of the browser's; a page that is not there is.
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|line| line.contains("404")), "{complaints:?}");
    scene.ends().await;
}

#[actix_web::test]
async fn lists_and_settings_keep_what_is_there_while_they_wait_and_say_what_failed() {
    let Some(scene) = Scene::set().await else { return };
    let Scene { site, api, tab, .. } = &scene;
    waits_for_lists_that_do_not_come(tab, site, api).await;
    is_told_what_could_not_be_done(tab, site, api).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    scene.ends().await;
}

/// Everything about a run is empty until it begins.
async fn sees_a_run_that_has_not_begun(tab: &Tab, site: &Site, api: &Api) {
    let made = api.post("/collection/runs", Some(json!({"category_ids": ["home-bath"]}))).await;
    let id = made["id"].as_str().expect("an id");
    opens(tab, site, &format!("/admin/runs/{id}")).await;
    tab.until("document.querySelector('[data-command=start]')?.offsetParent").await;
    tab.until("document.querySelector('.conn').dataset.conn === 'live'").await;
    fits_every_width_in_both_themes(tab, "run-empty").await;
    opens(tab, site, &format!("/admin/runs/{id}/coverage")).await;
    fits_every_width_in_both_themes(tab, "coverage-empty").await;
    opens(tab, site, "/admin/compare").await;
    fits_every_width_in_both_themes(tab, "compare-empty").await;
}

/// An address that leads nowhere, and one that is not for everybody.
async fn finds_nothing_there(tab: &Tab, site: &Site) {
    opens(tab, site, "/admin/nothing").await;
    assert!(tab.text("main").await.contains("Nothing here"));
    fits_every_width_in_both_themes(tab, "missing").await;
}

/// What a button of Collect asks for is refused, and then nothing is answered at all.
async fn is_refused_by_collect(tab: &Tab, site: &Site) {
    opens(tab, site, "/admin").await;
    fails(tab, "/collection/runs/", "broken").await;
    presses(tab, ".lr button", "Start").await;
    tab.until("document.querySelector('.lr').innerText.includes('something went wrong')").await;
    assert!(tab.text(".lr").await.contains("Try again"));
    fits_every_width_in_both_themes(tab, "collect-error").await;
    fails(tab, "/amazon/categories", "silent").await;
    presses(tab, "a", "Collect sellers").await;
    tab.until("document.querySelector('dialog.start[open]')").await;
    fits_every_width_in_both_themes(tab, "start-busy").await;
    presses(tab, "dialog button", "Close").await;
    fails(tab, "/amazon/categories", "broken").await;
    presses(tab, "a", "Collect sellers").await;
    tab.until("document.querySelector('dialog.start .bad')?.offsetParent").await;
    fits_every_width_in_both_themes(tab, "start-error").await;
    presses(tab, "dialog button", "Close").await;
    fails_no_more(tab).await;
}

/// A run whose server is away: what was shown stays, and it is said that it is old.
async fn loses_its_connection(tab: &Tab, site: &Site, api: &Api) {
    let run = api.start_run(&["home-bath"], json!({"pages_per_product": 3, "page_delay_ms": 20_000})).await;
    let id = run.rsplit('/').next().expect("an id");
    opens(tab, site, &format!("/admin/runs/{id}")).await;
    tab.until("document.querySelectorAll('.ev').length > 10").await;
    tab.ask("dispatchEvent(new Event('offline'))").await;
    fails(tab, "/collection/runs/", "broken").await;
    presses(tab, "button", "Pause").await;
    tab.until("document.querySelector('main > header > .notice').offsetParent").await;
    fits_every_width_in_both_themes(tab, "run-error").await;
    tab.ask("dispatchEvent(new Event('online'))").await;
    fails_no_more(tab).await;
    api.post(&format!("{run}/cancel"), None).await;
}

/// Lists whose next part is on its way, and then cannot be had.
async fn waits_for_lists_that_do_not_come(tab: &Tab, site: &Site, api: &Api) {
    for at in 0..30 {
        api.post("/sellers/bulk", Some(json!({"names": [format!("shop-{at:02}")]}))).await;
    }
    for (path, page, ready) in [
        ("/admin/history", "history", "document.querySelectorAll('.he').length > 10"),
        ("/admin/sellers", "sellers", "document.querySelectorAll('#sellers tbody tr').length > 5"),
        ("/admin/schedules", "schedules", "true"),
    ] {
        opens(tab, site, path).await;
        tab.until(ready).await;
        fits_every_width_in_both_themes(tab, &format!("{page}-full")).await;
    }
    opens(tab, site, "/admin/history").await;
    fails(tab, "/admin/history", "silent").await;
    tab.ask("document.querySelector('.list a.thing').click()").await;
    tab.until("document.querySelector('.split > [aria-busy=true]')").await;
    fits_every_width_in_both_themes(tab, "history-busy").await;
    fails_no_more(tab).await;
    opens(tab, site, "/admin/history").await;
    fails(tab, "/admin/history", "broken").await;
    tab.ask("document.querySelector('.list a.thing').click()").await;
    tab.until("document.querySelector('#trouble')?.offsetParent").await;
    fits_every_width_in_both_themes(tab, "history-error").await;
    fails(tab, "/sellers", "silent").await;
    opens(tab, site, "/admin/sellers").await;
    fits_every_width_in_both_themes(tab, "sellers-busy").await;
    fails(tab, "/sellers", "broken").await;
    opens(tab, site, "/admin/sellers").await;
    tab.until("document.querySelector('#trouble')?.offsetParent").await;
    fits_every_width_in_both_themes(tab, "sellers-error").await;
    fails_no_more(tab).await;
}

/// What is pressed on other pages waits for its answer, and says beside it what failed.
async fn is_told_what_could_not_be_done(tab: &Tab, site: &Site, api: &Api) {
    let seller = api.get("/sellers?limit=1").await["items"][0]["id"].as_str().expect("a seller").to_owned();
    for (page, path, begin, button) in [
        ("seller", format!("/admin/sellers/{seller}"), "/sellers/", "Flag"),
        ("schedules", "/admin/schedules".to_owned(), "/collection/", "New schedule"),
        ("settings", "/admin/settings".to_owned(), "/collection/", "Save"),
        ("provider", "/admin/settings/provider".to_owned(), "/settings/", "Test connection"),
    ] {
        for (state, what, told) in [
            (
                "busy",
                "silent",
                "document.querySelector('main :is([aria-disabled=true], button:disabled)')?.offsetParent",
            ),
            ("error", "broken", "document.body.innerText.includes('something went wrong')"),
        ] {
            opens(tab, site, &path).await;
            fails(tab, begin, what).await;
            presses(tab, "main button", button).await;
            tab.until(told).await;
            fits_every_width_in_both_themes(tab, &format!("{page}-{state}")).await;
            fails_no_more(tab).await;
        }
    }
    has_no_token_left(tab, site).await;
}

/// A token is kept when its revocation fails; the last one leaves a list that says what tokens are for.
async fn has_no_token_left(tab: &Tab, site: &Site) {
    opens(tab, site, "/admin/settings/tokens").await;
    fails(tab, "/auth/tokens/", "broken").await;
    tab.ask("document.querySelector('[data-revoke]').click()").await;
    tab.click("dialog[open] .btn-bad").await;
    tab.until("document.querySelector('.notice.told')?.offsetParent").await;
    fits_every_width_in_both_themes(tab, "tokens-error").await;
    fails_no_more(tab).await;
    tab.ask("document.querySelector('[data-revoke]').click()").await;
    tab.click("dialog[open] .btn-bad").await;
    tab.until("!document.querySelector('[data-revoke]')").await;
    fits_every_width_in_both_themes(tab, "tokens-empty").await;
}
