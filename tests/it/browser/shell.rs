//! What stands around every page: signing in with a password, shortcuts, the palette, and being offline.

use serde_json::{Value, json};

use super::chromium::{Chromium, Look, Tab};
use super::{Site, scenes};
use crate::support::binary::Folder;

const DESK: Look = Look { width: 1_280, height: 1_000, dark: false };
const EMAIL: &str = "first@example.org";
const PASSWORD: &str = "correct horse battery";

/// Asks the API from within the page, with the page's own session.
async fn asks(tab: &Tab, path: &str, body: serde_json::Value) -> i64 {
    let asked = format!(
        "fetch({}, {{ method: 'POST', headers: {{ 'X-Gleaner-CSRF': '1', 'Content-Type': 'application/json' }}, \
         body: {} }}).then((answer) => answer.status)",
        json!(path),
        json!(body.to_string())
    );
    tab.ask(&asked).await.as_i64().expect("a status")
}

#[actix_web::test]
async fn a_person_signs_in_with_a_password_and_finds_their_way_by_the_keyboard() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "200"]).await;
    let site = Site::of(&serving.sign_in());
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    let first = json!({"email": EMAIL, "name": "First", "password": PASSWORD});
    assert_eq!(asks(&tab, "/auth/first-admin", first).await, 201);
    asks(&tab, "/auth/logout", json!({})).await;

    signs_in_with_a_password(&tab, &site).await;
    finds_a_run_by_the_keyboard(&tab, &site, &serving.token().await).await;
    is_told_that_the_browser_is_offline(&tab).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// Is led to the sign-in and from there to the page that was asked for; what is wrong is told beside it.
async fn signs_in_with_a_password(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin?collect", site.base)).await;
    tab.until("location.pathname === '/sign-in' && document.querySelector('#f-email')").await;
    scenes::fits_every_width_in_both_themes(tab, "sign-in").await;
    tab.write("#f-email", EMAIL).await;
    tab.write("#f-password", "wrong").await;
    tab.click("form [type=submit]").await;
    tab.until("document.querySelector('form .notice').offsetParent").await;
    assert!(!tab.text("form .notice").await.is_empty());
    tab.photograph("sign-in-refused").await;
    // A refused password is an answer that the browser itself writes into its console.
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|line| line.contains("/auth/login")), "{complaints:?}");
    tab.write("#f-password", PASSWORD).await;
    tab.click("form [type=submit]").await;
    tab.until("location.pathname === '/admin' && document.querySelector('dialog.start')").await;
    tab.click("dialog .btn[type=button]").await;
}

/// Lists the shortcuts, then goes to a run by a part of its name.
async fn finds_a_run_by_the_keyboard(tab: &Tab, site: &Site, token: &str) {
    let run = scenes::has_a_run(site, token, json!({})).await;
    tab.open(&format!("{}/admin", site.base)).await;
    // What the keys do is there once the shell says whether the browser is connected.
    tab.until("document.querySelector('.lr') && document.querySelector('aside.away[hidden]')").await;
    tab.press("?").await;
    tab.until("document.querySelector('dialog .key-row')").await;
    assert!(tab.text("dialog").await.contains("Go to Collect"));
    scenes::fits_every_width_in_both_themes(tab, "shortcuts").await;
    tab.click("dialog .btn").await;
    tab.until("!document.querySelector('dialog')").await;
    is_told_that_the_palette_cannot_be_had(tab).await;
    tab.press("Ctrl+k").await;
    tab.until("document.querySelector('.palette[open]') && document.querySelector('aside.away[hidden]')").await;
    tab.write(".palette input", "#1").await;
    tab.until("document.querySelectorAll('.palette li').length === 1").await;
    scenes::fits_every_width_in_both_themes(tab, "palette").await;
    tab.press("Enter").await;
    tab.until(&format!("location.pathname === '/admin/runs/{run}'")).await;
}

/// It comes when it is asked for first, and the server may be away then.
async fn is_told_that_the_palette_cannot_be_had(tab: &Tab) {
    let blocks = async |urls: Value| {
        tab.order("Network.setBlockedURLs", json!({"urls": urls})).await.expect("the browser can");
    };
    blocks(json!(["*/palette.js"])).await;
    tab.press("Ctrl+k").await;
    tab.until("document.querySelector('.away').innerText.includes('does not answer')").await;
    blocks(json!([])).await;
    // What could not be loaded is something that the browser itself writes into its console.
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|line| line.contains("palette.js")), "{complaints:?}");
}

async fn is_told_that_the_browser_is_offline(tab: &Tab) {
    tab.until("document.querySelector('aside.away[hidden]')").await;
    tab.ask("dispatchEvent(new Event('offline'))").await;
    tab.until("document.querySelector('.away').offsetParent").await;
    scenes::fits_every_width_in_both_themes(tab, "offline").await;
    tab.ask("dispatchEvent(new Event('online'))").await;
    tab.until("!document.querySelector('.away').offsetParent").await;
}
