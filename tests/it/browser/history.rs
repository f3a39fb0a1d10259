//! The history, Collect and the start dialog in a real browser: what a person does there and sees of it.

use serde_json::{Value, json};

use super::chromium::{Chromium, Look, Tab};
use super::{Site, scenes};
use crate::support::binary::Folder;

const DESK: Look = Look { width: 1_280, height: 1_000, dark: false };

/// Asks the API from within the page, with the page's own session.
async fn sends(tab: &Tab, method: &str, path: &str, body: Value) -> Value {
    let asked = format!(
        "fetch({}, {{ method: {}, headers: {{ 'X-Gleaner-CSRF': '1', 'Content-Type': 'application/json' }}, body: {} }}) \
         .then((answer) => answer.json())",
        json!(path),
        json!(method),
        json!(body.to_string())
    );
    tab.ask(&asked).await
}

/// Enters these names; the entry that this makes.
async fn adds(tab: &Tab, names: &[&str]) -> String {
    let made = sends(tab, "POST", "/sellers/bulk", json!({ "names": names })).await;
    made["entry_id"].as_str().unwrap_or_else(|| panic!("no entry: {made}")).to_owned()
}

/// Clicks the button or the link of this name.
async fn presses(tab: &Tab, name: &str) {
    let found = format!(
        "[...document.querySelectorAll('button, a')].find((one) => one.offsetParent && !one.disabled && \
         [one.getAttribute('aria-label')?.trim(), one.innerText.trim()].includes({}))",
        json!(name)
    );
    tab.until(&found).await;
    tab.ask(&format!("{found}.click()")).await;
}

#[actix_web::test]
async fn a_person_reads_the_history_takes_back_and_compares() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "20"]).await;
    let site = Site::of(&serving.sign_in());
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    scenes::fits_every_width_in_both_themes(&tab, "collect-empty").await;
    tab.open(&format!("{}/admin/history", site.base)).await;
    tab.until("document.querySelector('main .empty')").await;
    scenes::fits_every_width_in_both_themes(&tab, "history-empty").await;

    let first = adds(&tab, &["alderwood_supply", "Bayfront-Bargains", "<b>cedar</b>"]).await;
    adds(&tab, &[&"long".repeat(40)]).await;
    opens_an_entry_beside_the_timeline(&tab, &site).await;
    takes_back_and_does_again(&tab, &first).await;
    is_told_why_nothing_was_taken_back(&tab, &site, &first).await;
    compares_two(&tab, &site).await;
    sees_what_is_made_elsewhere(&tab, &site).await;
    scrolls_to_older_entries(&tab, &site).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// The timeline stays where it is; back and reload keep the place.
async fn opens_an_entry_beside_the_timeline(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/history", site.base)).await;
    tab.until("document.querySelector('.day')?.innerText.startsWith('Today')").await;
    tab.ask("document.querySelector('.list').marked = true").await;
    presses(tab, "Added 3 sellers").await;
    tab.until("document.querySelector('.open h2')?.innerText === 'Added 3 sellers'").await;
    assert_eq!(tab.ask("document.querySelector('.list').marked").await, true, "the timeline is not loaded anew");
    let names = "[...document.querySelectorAll('.open .add th')].map((name) => name.innerText)";
    assert_eq!(tab.ask(names).await, json!(["<b>cedar</b>", "alderwood_supply", "Bayfront-Bargains"]));
    scenes::fits_every_width_in_both_themes(tab, "history-entry").await;
    tab.ask("[...document.querySelectorAll('.tabs a')].find((link) => link.innerText.startsWith('Sellers')).click()")
        .await;
    tab.until("document.querySelector('.tabs [aria-current]').innerText.startsWith('Sellers at this point')").await;
    tab.until("document.querySelectorAll('.open tbody tr').length === 3").await;
    tab.photograph("history-sellers").await;
    tab.ask("history.back()").await;
    tab.until("document.querySelectorAll('.open .add').length === 3").await;
    tab.ask("history.back()").await;
    tab.until("!document.querySelector('.open')").await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
}

/// Undo is an entry, which redo takes back.
async fn takes_back_and_does_again(tab: &Tab, first: &str) {
    presses(tab, "Added 3 sellers").await;
    tab.until("document.querySelector('#undo')").await;
    // A second click while the first is on its way sends nothing.
    tab.ask("(() => { const undo = document.querySelector('#undo'); undo.click(); undo.click(); })()").await;
    tab.until("document.querySelector('.open h2')?.innerText === 'Undo: removed 3 sellers'").await;
    let taken = format!(
        "fetch('/history?limit=50').then((answer) => answer.json()).then(({{ items }}) => items.filter(({{ undoes_id }}) => undoes_id === {}).length)",
        json!(first)
    );
    assert_eq!(tab.ask(&taken).await, 1);
    scenes::fits_every_width_in_both_themes(tab, "history-undone").await;
    presses(tab, "Redo").await;
    tab.until(
        "document.querySelector('.open h2')?.innerText === 'Undo: brought 3 sellers back' \
        || document.querySelector('.open h2')?.innerText === 'Undo: added 3 sellers'",
    )
    .await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
}

/// Who was changed since, and what to do about it.
async fn is_told_why_nothing_was_taken_back(tab: &Tab, site: &Site, first: &str) {
    let found = tab.ask("fetch('/sellers?q=alderwood').then((answer) => answer.json())").await;
    let id = found["items"][0]["id"].as_str().expect("a seller").to_owned();
    sends(tab, "PATCH", &format!("/sellers/{id}"), json!({"name": "alderwood-renamed"})).await;
    tab.open(&format!("{}/admin/history/{first}", site.base)).await;
    presses(tab, "Undo").await;
    tab.until("document.querySelector('.conflicts')?.offsetParent").await;
    let told = tab.text(".conflicts").await;
    assert!(
        told.contains("nothing was changed") && told.contains("alderwood") && told.contains("renamed since"),
        "{told}"
    );
    assert!(told.contains("Undo the later entry first"), "{told}");
    scenes::fits_every_width_in_both_themes(tab, "history-conflict").await;
    // A refused undo is an answer that the browser itself writes into its console.
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|line| line.contains("/undo")), "{complaints:?}");
}

async fn compares_two(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/history", site.base)).await;
    tab.until("document.querySelector('#compare [type=submit]')?.disabled").await;
    tab.ask("[...document.querySelectorAll('input[name=entry]')].slice(0, 3).forEach((box) => box.click())").await;
    assert_eq!(tab.ask("document.querySelectorAll('input[name=entry]:checked').length").await, 2, "two, not three");
    assert_eq!(tab.ask("document.querySelector('#compare [type=submit]').disabled").await, false);
    let asked = "(() => { const form = document.querySelector('#compare'); \
        return `${form.action}?${new URLSearchParams(new FormData(form))}`; })()";
    tab.open(tab.ask(asked).await.as_str().expect("an address")).await;
    tab.until("document.querySelector('h1')?.innerText === 'Two entries compared'").await;
    tab.until("document.querySelectorAll('.diff tbody tr').length > 0").await;
    scenes::fits_every_width_in_both_themes(tab, "history-compare").await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
}

/// An entry that another made is counted, and shown when one asks for it.
async fn sees_what_is_made_elsewhere(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/history", site.base)).await;
    tab.until("document.querySelector('.day')?.innerText.startsWith('Today')").await;
    adds(tab, &["elsewhere-1"]).await;
    adds(tab, &["elsewhere-2"]).await;
    tab.ask("dispatchEvent(new Event('focus'))").await;
    presses(tab, "2 new entries").await;
    tab.until("document.querySelector('.he .snap').innerText === '6'").await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
}

/// Older entries come as one scrolls, each once.
async fn scrolls_to_older_entries(tab: &Tab, site: &Site) {
    let made = "(async () => { for (let n = 0; n < 60; n += 1) await fetch('/sellers', { method: 'POST', \
        headers: { 'X-Gleaner-CSRF': '1', 'Content-Type': 'application/json' }, body: JSON.stringify({ name: `many-${n}` }) }); })()";
    tab.ask(made).await;
    tab.open(&format!("{}/admin/history?kind=edits", site.base)).await;
    tab.until("document.querySelectorAll('.he').length >= 50").await;
    tab.ask("document.querySelector('.more-l').scrollIntoView()").await;
    tab.until("!document.querySelector('#older')").await;
    let keys = "(() => { const keys = [...document.querySelectorAll('.he')].map((row) => row.dataset.key); return [keys.length, new Set(keys).size]; })()";
    let counts: Vec<i64> = serde_json::from_value(tab.ask(keys).await).expect("counts");
    assert!(counts[0] > 60 && counts[0] == counts[1], "{counts:?}");
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
}

#[actix_web::test]
async fn a_person_chooses_keeps_a_preset_sees_the_estimate_and_collects() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "800"]).await;
    let site = Site::of(&serving.sign_in());
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    presses(&tab, "Collect sellers").await;
    estimates_what_is_chosen(&tab).await;
    keeps_a_preset(&tab).await;
    tab.write("#f-name", "Autumn restock").await;
    presses(&tab, "Start run").await;
    // This tab goes on to the run's page; Collect is looked at from another.
    let second = browser.tab(DESK).await;
    watches_it_from_collect(&second, &site).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// The estimate follows the choice, and says where the budget ends before the run.
async fn estimates_what_is_chosen(tab: &Tab) {
    tab.until("document.querySelector('.estimate')?.innerText.includes('Choose categories')").await;
    tab.click(".tree .dep input").await;
    tab.until("document.querySelector('.est .sum + .sum, .est dd.sum')").await;
    let told = tab.text(".estimate").await;
    assert!(told.contains("Requests to eBay") && told.contains("5 workers"), "{told}");
    tab.write("#f-request_budget", "12").await;
    tab.until("document.querySelector('.estimate .warned')?.innerText.includes('A budget of 12 requests ends before')")
        .await;
    scenes::fits_every_width_in_both_themes(tab, "start-estimate").await;
    tab.write("#f-request_budget", "x").await;
    tab.until("document.querySelector('.estimate').innerText.includes('Mend what is marked')").await;
    tab.write("#f-request_budget", "").await;
    tab.until("document.querySelector('.est')").await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
}

/// Saves the choice, loads it again, is told that somebody else changed it, and deletes it.
async fn keeps_a_preset(tab: &Tab) {
    presses(tab, "Save preset").await;
    tab.write(".dlg [aria-label='Name of the preset']", "Lamps & \"more\"").await;
    presses(tab, "Save as new").await;
    tab.until("document.querySelector('#f-preset').selectedOptions[0].innerText === 'Lamps & \"more\"'").await;
    let id = tab.ask("document.querySelector('#f-preset').value").await;
    let id = id.as_str().expect("an id").to_owned();
    presses(tab, "Clear").await;
    assert_eq!(tab.text("#f-preset option:checked").await, "Lamps & \"more\", changed");
    let loads = format!(
        "(() => {{ const field = document.querySelector('#f-preset'); field.value = {}; field.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()",
        json!(id)
    );
    tab.ask(&loads).await;
    tab.until("document.querySelectorAll('.tree .l1 input:checked').length > 0").await;
    // Somebody else is faster.
    let one = tab.ask("fetch('/amazon/categories').then((answer) => answer.json()).then((tree) => tree.departments[0].categories[0].id)").await;
    sends(tab, "PATCH", &format!("/amazon/presets/{id}"), json!({"category_ids": [one]})).await;
    presses(tab, "Save preset").await;
    presses(tab, "Save over it").await;
    tab.until("document.querySelector('.dlg .stack [class=bad]')?.innerText.includes('it holds 1 category now')").await;
    tab.photograph("start-preset-stale").await;
    presses(tab, "Load theirs").await;
    tab.until("document.querySelectorAll('.tree .l1 input:checked').length === 1").await;
    presses(tab, "Delete preset").await;
    tab.until("document.querySelector('.dlg .stack')?.innerText.includes('Delete \"Lamps')").await;
    tab.ask("document.querySelector('.dlg .stack .btn-bad').click()").await;
    tab.until("document.querySelectorAll('#f-preset option').length === 1").await;
    // A refused save is an answer that the browser itself writes into its console.
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|line| line.contains("/amazon/presets/")), "{complaints:?}");
}

/// The card of the run moves; it is paused, resumed and cancelled from there, and the history has its entry.
async fn watches_it_from_collect(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin", site.base)).await;
    tab.until("document.querySelector('#live .lr')?.innerText.includes('Autumn restock')").await;
    tab.until("/\\d+ of \\d+ products/.test(document.querySelector('#live .lr').innerText)").await;
    tab.until("Number(document.querySelector('#live .gain data, #live .gain .fig').innerText.split(' ')[0].replaceAll(',', '')) > 0").await;
    scenes::fits_every_width_in_both_themes(tab, "collect-running").await;
    presses(tab, "Pause").await;
    tab.until("document.querySelector('#live .state')?.innerText === 'Paused'").await;
    presses(tab, "Resume").await;
    tab.until("document.querySelector('#live .state')?.innerText === 'Running'").await;
    presses(tab, "Cancel #1").await;
    tab.click(".ask .btn-bad").await;
    tab.until("document.querySelector('#ended .state')?.innerText === 'Cancelled'").await;
    tab.until("document.querySelector('#last')?.innerText.includes('Autumn restock')").await;
    scenes::fits_every_width_in_both_themes(tab, "collect-ended").await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
}
