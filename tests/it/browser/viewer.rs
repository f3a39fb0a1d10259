//! A viewer: sees everything that there is to see, finds nothing that changes it, and takes along what they may.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::chromium::{Chromium, Look, Tab};
use super::lived_in::{LivedIn, joins, signs_in_as};
use super::newcomer::names_of_the_file_in;
use super::person::Person;
use super::{Site, scenes};
use crate::support::api::Api;
use crate::support::binary::Folder;

const DESK: Look = Look { width: 1_280, height: 1_000, dark: false };
const EMAIL: &str = "viewer@example.org";

/// Writes down whatever a page sends that is no question.
const NOTES: &str = "window.sent = []; window.asked = window.fetch; window.fetch = (path, options = {}) => { \
    const method = options.method ?? 'GET'; if (!['GET', 'HEAD'].includes(method)) window.sent.push(`${method} ${path}`); \
    return window.asked(path, options); };";
/// Presses every button of the page that can be pressed, one after the other, and closes what opens.
const PRESSES_ALL: &str = "(async () => { const free = () => [...document.querySelectorAll('main button')].filter((button) => \
    button.checkVisibility() && !button.disabled && !button.closest('dialog')); \
    const count = free().length; \
    for (let at = 0; at < count; at += 1) { free()[at]?.click(); await new Promise((done) => setTimeout(done)); \
      for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close(); } return count; })()";
/// Pages on which one changes nothing but what is one's own.
const OWN: [&str; 2] = ["tokens", "account"];
/// Pages that are an admin's.
const ADMINS: [&str; 4] = ["members", "webhooks", "webhook", "audit"];
/// What changes something, as it is called wherever it can be done.
const CHANGES: [&str; 27] = [
    "Add",
    "Cancel run",
    "Change",
    "Collect sellers",
    "Exclude",
    "Flag",
    "Import",
    "Invite somebody",
    "New schedule",
    "New webhook",
    "Pause",
    "Redo",
    "Remove",
    "Restore",
    "Resume",
    "Retry failed",
    "Run again",
    "Save",
    "Start",
    "Start run",
    "Status and tags",
    "Switch off",
    "Switch on",
    "Take the flag away",
    "Test connection",
    "Undo",
    "Unflag",
];

#[actix_web::test]
async fn a_viewer_sees_everything_changes_nothing_and_takes_a_file_along() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let site = Site::of(&serving.sign_in());
    let lived_in = LivedIn::fill(&api, "Autumn lamps").await;
    joins(&api, "admin@example.org", "Admin", "admin").await;
    joins(&api, EMAIL, "Viewer", "viewer").await;
    let waiting = api.post("/collection/runs", Some(json!({"name": "Not begun", "category_ids": ["home-bath"]}))).await;

    let tab = browser.tab(DESK).await;
    tab.before_each_page(NOTES).await;
    let person = Person::at(&tab);
    tab.open(&format!("{}/sign-in", site.base)).await;
    signs_in_as(&tab, EMAIL).await;
    tab.open(&site.base).await;
    person.sees("heading", "Collect").await;
    let mut places = lived_in.places();
    places.push(("pending", format!("/admin/runs/{}", waiting["id"].as_str().expect("an id"))));
    places.push(("collect-asked", "/admin?collect".to_owned()));
    for (name, path) in &places {
        finds_nothing_that_changes(&tab, &site, name, path).await;
    }
    presses_the_keys_in_vain(&tab, &site).await;
    let files = TempDir::new().expect("a folder for files");
    browser.keeps_files_in(files.path()).await;
    takes_a_file_along(&person, &tab, &site, files.path()).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    is_told_what_is_an_admins(&tab, &site, &places).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

async fn opens(tab: &Tab, site: &Site, path: &str) {
    // The same page with another part behind the # would not be loaded anew.
    tab.open("about:blank").await;
    tab.open(&format!("{}{path}", site.base)).await;
    tab.until("document.querySelector('main[data-alive]')").await;
    tab.until("document.querySelector('aside.away[hidden]')").await;
}

/// By name there is none; and whatever there is to press sends nothing.
async fn finds_nothing_that_changes(tab: &Tab, site: &Site, name: &str, path: &str) {
    if ADMINS.contains(&name) {
        return;
    }
    opens(tab, site, path).await;
    let person = Person::at(tab);
    for role in ["button", "link", "checkbox"] {
        let names = person.names(role).await;
        // A replay is paused by whoever watches it. In a list, what it is about stands behind what it does.
        let deed = |known: &str| known.split(": ").next().is_some_and(|deed| CHANGES.contains(&deed));
        let changes = |known: &str| deed(known) && (name, known) != ("replay", "Pause");
        let wrong = names.iter().find(|known| changes(known));
        assert_eq!(wrong, None, "{name}: a {role} of {names:?}");
    }
    let own = "[...document.querySelectorAll('main form:not(.filters, .range, .choose, [role=search]) :is(input, select, textarea):enabled')] \
        .filter((field) => field.checkVisibility() && field.name !== 'entry').map((field) => field.outerHTML)";
    if OWN.contains(&name) {
        return;
    }
    assert_eq!(tab.ask(own).await, json!([]), "{name}: a field");
    let pressed = tab.ask(PRESSES_ALL).await;
    tab.until("!document.querySelector('dialog[open]')").await;
    let sent = "window.sent.filter((line) => !line.startsWith('POST /collection/schedules/preview'))";
    assert_eq!(tab.ask(sent).await, json!([]), "{name}: {pressed} buttons were pressed");
    tab.photograph(&format!("viewer-{name}")).await;
}

/// The keys that change something for others do nothing, and are not in the list.
async fn presses_the_keys_in_vain(tab: &Tab, site: &Site) {
    opens(tab, site, "/admin/sellers").await;
    tab.until("document.querySelector('#sellers[role=grid] tbody input')").await;
    tab.press("j").await;
    tab.until("document.querySelector('#sellers').getAttribute('aria-activedescendant')").await;
    for keys in ["f", "e", "Delete"] {
        tab.press(keys).await;
    }
    tab.press("?").await;
    tab.until("document.querySelector('dialog .key-row')").await;
    let list = tab.text("dialog").await;
    assert!(list.contains("Next row") && !list.contains("Flag") && !list.contains("Remove"), "{list}");
    assert_eq!(tab.ask("window.sent").await, json!([]));
    assert_eq!(tab.ask("document.querySelector('tr.edit')").await, json!(null));
    tab.press("Escape").await;
}

async fn takes_a_file_along(person: &Person<'_>, tab: &Tab, site: &Site, folder: &Path) {
    opens(tab, site, "/admin/sellers").await;
    person.presses("link", "Export").await;
    person.presses("button", "Export").await;
    tab.until("!document.querySelector('dialog')").await;
    assert!(names_of_the_file_in(folder).await.contains(&"Autumn lamps".to_owned()));
    opens(tab, site, "/admin/history").await;
    person.sees("link", "Exported…").await;
    scenes::fits_every_width_in_both_themes(tab, "viewer").await;
}

/// Who opens such an address all the same is told that it is not theirs, with a way on.
async fn is_told_what_is_an_admins(tab: &Tab, site: &Site, places: &[(&str, String)]) {
    for (name, path) in places.iter().filter(|(name, _)| ADMINS.contains(name)) {
        tab.open(&format!("{}{path}", site.base)).await;
        let person = Person::at(tab);
        person.sees("heading", "Not allowed").await;
        person.sees("link", "To the first page").await;
        let complaints = tab.complaints();
        assert!(complaints.iter().all(|line| line.contains("403")), "{name}: {complaints:?}");
    }
}
