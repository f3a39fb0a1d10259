//! Shortcuts: each one, pressed where it does something, and seen to happen.

use serde_json::{Value, json};

use super::chromium::{Chromium, Look, Tab};
use super::lived_in::LivedIn;
use super::person::Person;
use super::{Site, scenes};
use crate::support::api::Api;
use crate::support::binary::Folder;

const DESK: Look = Look { width: 1_280, height: 1_000, dark: false };
/// The row that keys act on.
const CURRENT: &str = "document.getElementById(document.querySelector('#sellers').getAttribute('aria-activedescendant'))?.querySelector('th a').innerText";
const TOAST: &str = "document.querySelector('.toast:not([hidden])')?.innerText";

#[actix_web::test]
async fn every_shortcut_does_what_the_list_says() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let site = Site::of(&serving.sign_in());
    let lived_in = LivedIn::fill(&api, "Autumn lamps").await;
    api.post("/sellers/bulk", Some(json!({"names": ["key-1", "key-2", "key-3"]}))).await;
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    goes_from_page_to_page(&tab).await;
    searches(&tab, &site, &lived_in).await;
    goes_through_rows_and_changes_them(&tab, &site).await;
    goes_through_the_history(&tab, &site).await;
    changes_one_seller(&tab, &site, &lived_in).await;
    leaves_alone_what_is_written(&tab, &site).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// The keys work once the shell says whether the browser is connected.
async fn listens(tab: &Tab) {
    tab.until("document.querySelector('aside.away[hidden]') && document.querySelector('main[data-alive]')").await;
}

async fn presses(tab: &Tab, chord: &str) {
    for key in chord.split(' ') {
        tab.press(key).await;
    }
}

async fn goes_from_page_to_page(tab: &Tab) {
    for (chord, path) in [("g h", "/admin/history"), ("g s", "/admin/sellers"), ("g r", "/admin")] {
        listens(tab).await;
        presses(tab, chord).await;
        tab.until(&format!("location.pathname === '{path}'")).await;
    }
    listens(tab).await;
    tab.press("?").await;
    let list = "[...document.querySelectorAll('dialog .key-row')].map((row) => row.querySelector('dt').innerText.replace(/\\s+/g, ' '))";
    tab.until(&format!("({list}).length > 4")).await;
    let listed: Vec<String> = serde_json::from_value(tab.ask(list).await).expect("keys");
    for keys in ["?", "/", "g r", "g h", "g s", "Ctrl+k"] {
        assert!(listed.iter().any(|one| one == keys), "{keys}: {listed:?}");
    }
    tab.press("Escape").await;
    tab.until("!document.querySelector('dialog')").await;
}

/// In the page's own search where it has one, and among everything where it has none.
async fn searches(tab: &Tab, site: &Site, lived_in: &LivedIn) {
    tab.press("/").await;
    tab.until("document.activeElement.closest('dialog.palette')").await;
    tab.press("Escape").await;
    tab.until("!document.querySelector('dialog')").await;
    tab.press("Ctrl+k").await;
    let person = Person::at(tab);
    person.writes("combobox", "A page, a run, a seller", "key-2").await;
    tab.until("document.querySelector('.palette li')?.innerText.includes('key-2')").await;
    tab.press("Enter").await;
    tab.until("document.querySelector('main.seller h1')?.innerText === 'key-2'").await;
    tab.open(&format!("{}/admin/runs/{}", site.base, lived_in.runs[0])).await;
    listens(tab).await;
    tab.press("Ctrl+k").await;
    tab.until("document.activeElement.closest('dialog.palette')").await;
    tab.press("Escape").await;
    tab.until("!document.querySelector('dialog')").await;
}

async fn goes_through_rows_and_changes_them(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/sellers", site.base)).await;
    listens(tab).await;
    tab.press("/").await;
    tab.until("document.activeElement.type === 'search'").await;
    Person::at(tab).writes("searchbox", "A part of a seller's name", "key-").await;
    tab.until("document.querySelector('#count').innerText.startsWith('3 of')").await;
    tab.ask("document.activeElement.blur()").await;
    for (key, name) in [("j", "key-1"), ("j", "key-2"), ("k", "key-1")] {
        tab.press(key).await;
        tab.until(&format!("{CURRENT} === '{name}'")).await;
    }
    tab.press("f").await;
    tab.until("document.querySelectorAll('#sellers .flagged').length === 1").await;
    tab.press("f").await;
    tab.until("document.querySelectorAll('#sellers .flagged').length === 0").await;
    tab.press("e").await;
    tab.until("document.querySelector('tr.edit') && document.activeElement.name === 'name'").await;
    tab.press("Escape").await;
    tab.until("!document.querySelector('tr.edit')").await;
    tab.press("Delete").await;
    tab.until(&format!("({TOAST})?.includes('1 seller removed')")).await;
    tab.until("document.querySelector('#count').innerText.startsWith('2 of')").await;
    tab.press("Ctrl+z").await;
    tab.until(&format!("({TOAST})?.includes('Taken back')")).await;
    tab.until("document.querySelector('#count').innerText.startsWith('3 of')").await;
    tab.press("Ctrl+Shift+z").await;
    tab.until(&format!("({TOAST})?.includes('Done again')")).await;
    tab.until("document.querySelector('#count').innerText.startsWith('2 of')").await;
    tab.press("Ctrl+a").await;
    tab.until("document.querySelector('.bulk b')?.innerText === '2 selected'").await;
    tab.press("Escape").await;
    tab.until("document.querySelector('.bulk').hidden").await;
    tab.press("x").await;
    tab.until("document.querySelector('.bulk b')?.innerText === '1 selected'").await;
    tab.press("Escape").await;
}

async fn goes_through_the_history(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/history", site.base)).await;
    listens(tab).await;
    let focused = "[...document.querySelectorAll('.he a.thing')].indexOf(document.activeElement)";
    for (key, at) in [("j", 0), ("j", 1), ("k", 0)] {
        tab.press(key).await;
        tab.until(&format!("{focused} === {at}")).await;
    }
    tab.press("Enter").await;
    tab.until("document.querySelector('#undo[data-again]')").await;
    // The newest entry took something back: it is done again, and that is taken back.
    let before = tab.text(".open h2").await;
    tab.press("Ctrl+Shift+z").await;
    tab.until(&format!("document.querySelector('.open h2')?.innerText !== {}", json!(before))).await;
}

async fn changes_one_seller(tab: &Tab, site: &Site, lived_in: &LivedIn) {
    tab.open(&format!("{}/admin/sellers/{}", site.base, lived_in.seller)).await;
    listens(tab).await;
    tab.until("document.querySelector('#marks').offsetParent").await;
    tab.press("f").await;
    tab.until("document.querySelector('header .flagged')").await;
    listens(tab).await;
    tab.press("Ctrl+z").await;
    tab.until("!document.querySelector('header .flagged')").await;
    tab.until("document.querySelector('main[data-alive] #marks').offsetParent").await;
    tab.press("e").await;
    tab.until("document.activeElement.name === 'name'").await;
    tab.ask("document.activeElement.blur()").await;
    tab.press("Delete").await;
    tab.until("document.querySelector('#restore')?.offsetParent").await;
    listens(tab).await;
    tab.press("Ctrl+z").await;
    tab.until("document.querySelector('#marks')?.offsetParent").await;
}

/// While somebody writes, keys are letters; the browser takes back what was typed.
async fn leaves_alone_what_is_written(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/sellers?q=key-", site.base)).await;
    listens(tab).await;
    let person = Person::at(tab);
    person.presses("searchbox", "A part of a seller's name").await;
    for key in ["End", "g", "s", "?", "f", "Delete", "Ctrl+z"] {
        tab.press(key).await;
    }
    tab.until("location.pathname === '/admin/sellers'").await;
    assert_eq!(tab.ask("document.querySelector('dialog')").await, Value::Null);
    assert_eq!(tab.ask(TOAST).await, Value::Null);
}
