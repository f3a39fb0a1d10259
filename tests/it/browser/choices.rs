//! What people choose and find again: templates, bounds that are taken away, a schedule's own settings, and their place in
//! a long list after a reload.

use serde_json::{Value, json};

use super::chromium::{Chromium, Look, Tab};
use super::scenes::{self, fits_every_width_in_both_themes};
use super::{Site, by_name};
use crate::support::api::Api;
use crate::support::binary::Folder;

const DESK: Look = Look { width: 1_280, height: 1_000, dark: false };
const TEMPLATE: &str = "Lamps & <b>more</b>";

async fn presses(tab: &Tab, name: &str) {
    tab.until(&by_name("button", name, "disabled === false")).await;
    tab.ask(&by_name("button", name, "click()")).await;
}

/// Chooses in a list, as a person does.
async fn chooses(tab: &Tab, selector: &str, value: &str) {
    let (selector, value) = (json!(selector), json!(value));
    tab.ask(&format!(
        "(() => {{ const field = document.querySelector({selector}); field.value = {value}; \
         for (const name of ['input', 'change']) field.dispatchEvent(new Event(name, {{ bubbles: true }})); }})()"
    ))
    .await;
}

#[actix_web::test]
async fn a_person_finds_again_what_they_chose_and_where_they_were() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let bounded = [("GLEANER__RUNS__DEFAULTS__REQUEST_BUDGET", "5000")];
    let mut serving = folder.serve_as(&["--latency-ms", "5"], &bounded).await;
    let site = Site::of(&serving.sign_in());
    let api = Api::new(site.base.clone(), &serving.token().await);
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    keeps_a_template_without_a_bound(&tab, &site).await;
    let run = starts_it(&tab, &api).await;
    keeps_a_schedule_with_settings_of_its_own(&tab, &site, &api).await;
    follows_a_template_that_follows_a_preset(&tab, &site, &api).await;
    finds_what_the_run_brought(&tab, &site, &run).await;
    keeps_the_place_in_the_history(&tab, &site, &api).await;
    finds_changes_of_a_day(&tab, &site).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// The categories and the settings go into the template, and come out of it again; the estimate follows.
async fn keeps_a_template_without_a_bound(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin?collect", site.base)).await;
    tab.until("document.querySelector('#f-request_budget')?.placeholder === '5,000'").await;
    tab.click("#f-request_budget_none").await;
    tab.until("document.querySelector('#f-request_budget').disabled").await;
    tab.click(".tree .l1 input").await;
    tab.click("dialog summary").await;
    tab.write("#f-workers", "3").await;
    tab.until("document.querySelector('.est')?.innerText.includes('3 workers')").await;
    assert_eq!(tab.ask("document.querySelector('.estimate .warned')").await, Value::Null, "no bound, no warning");
    presses(tab, "Save template").await;
    tab.write(".dlg [aria-label='Name of the template']", TEMPLATE).await;
    presses(tab, "Save as new").await;
    tab.until("document.querySelector('#f-template').value !== ''").await;
    fits_every_width_in_both_themes(tab, "start-template").await;
    tab.write("#f-workers", "4").await;
    assert_eq!(tab.text("#f-template option:checked").await, format!("{TEMPLATE}, changed"));

    tab.open(&format!("{}/admin?collect", site.base)).await;
    tab.until("document.querySelectorAll('#f-template option').length === 2").await;
    let id = tab.ask("document.querySelectorAll('#f-template option')[1].value").await;
    chooses(tab, "#f-template", id.as_str().expect("an id")).await;
    tab.until("document.querySelector('#f-workers').value === '3'").await;
    tab.until("document.querySelector('#f-request_budget_none').checked && document.querySelector('#f-request_budget').disabled")
        .await;
    tab.until("document.querySelectorAll('.tree .l1 input:checked').length > 0").await;
    tab.until("document.querySelector('.est')?.innerText.includes('3 workers')").await;
    assert_eq!(tab.ask("document.querySelector('#f-name').value").await, TEMPLATE);
    assert_eq!(tab.text("#f-template option:checked").await, TEMPLATE);
}

/// The run obeys what the template says.
async fn starts_it(tab: &Tab, api: &Api) -> String {
    tab.write("#f-pages_per_product", "1").await;
    tab.write("#f-page_delay_ms", "0").await;
    presses(tab, "Start run").await;
    tab.until("location.pathname.startsWith('/admin/runs/')").await;
    let path = tab.ask("location.pathname").await;
    let id = path.as_str().expect("a path").rsplit('/').next().expect("an id").to_owned();
    let run = api.get(&format!("/collection/runs/{id}")).await;
    assert_eq!((&run["name"], &run["settings"]["workers"]), (&json!(TEMPLATE), &json!(3)));
    assert_eq!(run["settings"]["request_budget"], Value::Null);
    api.until_rest(&format!("/collection/runs/{id}"), "completed").await;
    id
}

/// A schedule's settings are written, told beside it, and given back.
async fn keeps_a_schedule_with_settings_of_its_own(tab: &Tab, site: &Site, api: &Api) {
    tab.open(&format!("{}/admin/schedules", site.base)).await;
    presses(tab, "New schedule").await;
    tab.until("document.querySelectorAll('dialog .moments li').length === 5").await;
    tab.write("dialog [name=name]", "Every night").await;
    chooses(tab, "dialog [name=what]", "category_ids").await;
    tab.click("dialog .tree .dep input").await;
    tab.click("dialog summary").await;
    tab.write("#f-workers", "65").await;
    presses(tab, "Make the schedule").await;
    tab.until("document.querySelector('#e-schedule-settings').textContent.includes('Mend what is marked')").await;
    assert_eq!(tab.text("#e-workers").await.trim(), "A whole number from 1 to 64");
    tab.write("#f-workers", "4").await;
    tab.click("#f-free_shipping").await;
    assert_eq!(tab.text("#schedule-own").await, "2 settings changed");
    fits_every_width_in_both_themes(tab, "schedule-settings").await;
    presses(tab, "Make the schedule").await;
    tab.until("document.querySelector('.entry')?.innerText.includes('2 settings of its own')").await;
    let made = api.get("/collection/schedules").await["items"][0].clone();
    assert_eq!(made["settings"]["workers"], 4);
    assert_eq!(made["settings"]["filters"]["free_shipping"], false);
    tab.open(&format!("{}/admin/schedules/{}", site.base, made["id"].as_str().expect("an id"))).await;
    let told = tab.text("main").await;
    assert!(told.contains("Settings of its own") && told.contains("Workers"), "{told}");
    fits_every_width_in_both_themes(tab, "schedule-own").await;

    presses(tab, "Change").await;
    tab.until("document.querySelector('#f-workers')?.value === '4'").await;
    assert_eq!(tab.ask("document.querySelector('#f-free_shipping').checked").await, false);
    tab.ask("document.querySelector('dialog details').open = true").await;
    tab.write("#f-workers", "").await;
    presses(tab, "Save").await;
    tab.until("!document.querySelector('dialog[open]')").await;
    let kept = api.get("/collection/schedules").await["items"][0]["settings"].clone();
    let filters: Vec<&String> = kept.as_object().expect("settings").keys().collect();
    assert_eq!(filters, ["filters"]);
}

/// A schedule may overrule what its template says, also where that is not the server's default; and a template that follows a
/// preset goes on doing so when its settings are changed.
async fn follows_a_template_that_follows_a_preset(tab: &Tab, site: &Site, api: &Api) {
    let preset = api.post("/amazon/presets", Some(json!({"name": "Rooms", "category_ids": ["home-bath"]}))).await;
    let settings = json!({"include_off_filter": true});
    let template = json!({"name": "All rooms", "preset_id": preset["id"], "settings": settings});
    let template = api.post("/collection/templates", Some(template)).await["id"].clone();
    let template = template.as_str().expect("an id");
    tab.open(&format!("{}/admin/schedules", site.base)).await;
    presses(tab, "New schedule").await;
    tab.until("document.querySelectorAll('dialog .moments li').length === 5").await;
    tab.write("dialog [name=name]", "All but those").await;
    chooses(tab, "dialog [name=what]", &format!("template_id:{template}")).await;
    tab.until("document.querySelector('#f-include_off_filter').checked").await;
    assert_eq!(tab.text("#schedule-own").await, "as the server is configured");
    tab.click("dialog summary").await;
    tab.click("#f-include_off_filter").await;
    assert_eq!(tab.text("#schedule-own").await, "1 setting changed");
    presses(tab, "Make the schedule").await;
    tab.until("[...document.querySelectorAll('.entry')].some((row) => row.innerText.includes('All but those'))").await;
    let made = api.get("/collection/schedules").await;
    let made = made["items"].as_array().expect("a list").iter().find(|schedule| schedule["name"] == "All but those");
    assert_eq!(made.expect("it is there")["settings"], json!({"include_off_filter": false}));

    tab.open(&format!("{}/admin?collect", site.base)).await;
    tab.until("document.querySelectorAll('#f-template option').length === 3").await;
    chooses(tab, "#f-template", template).await;
    tab.until("document.querySelectorAll('.tree .l1 input:checked').length > 0").await;
    tab.write("#f-workers", "7").await;
    presses(tab, "Save template").await;
    presses(tab, "Save over it").await;
    tab.until(
        "[...document.querySelectorAll('.dlg [role=status]')].some((told) => told.innerText.includes('Saved with'))",
    )
    .await;
    let kept = api.get(&format!("/collection/templates/{template}")).await;
    assert_eq!(kept["preset_id"], preset["id"], "{kept}");
    assert_eq!(kept["settings"], json!({"include_off_filter": true, "workers": 7}));
}

/// Each row says which run brought the seller, and leads to all that it brought.
async fn finds_what_the_run_brought(tab: &Tab, site: &Site, run: &str) {
    tab.open(&format!("{}/admin/sellers", site.base)).await;
    tab.until("document.querySelector('#sellers tbody tr:not([aria-busy=true]) td:last-child a')?.innerText === '#1'")
        .await;
    fits_every_width_in_both_themes(tab, "sellers-first-found").await;
    tab.ask("document.querySelector('#sellers tbody td:last-child a').click()").await;
    tab.until(&format!("location.search === '?new_in_run={run}'")).await;
    tab.until("document.querySelector('#filters .on b')?.innerText.startsWith('#1 ')").await;
}

/// What was loaded by scrolling is there again after a reload, and so is the place.
async fn keeps_the_place_in_the_history(tab: &Tab, site: &Site, api: &Api) {
    for n in 0..120 {
        api.post("/sellers", Some(json!({"name": format!("kept-{n}")}))).await;
    }
    tab.open(&format!("{}/admin/history?kind=edits", site.base)).await;
    tab.until("document.querySelectorAll('.he').length >= 50").await;
    tab.ask("document.querySelector('.more-l').scrollIntoView()").await;
    tab.until("document.querySelectorAll('.he').length >= 100").await;
    tab.ask("document.querySelectorAll('.he')[90].scrollIntoView({ block: 'center' })").await;
    tab.until("history.state?.rows >= 100 && Math.abs(history.state.y - scrollY) < 1").await;
    let seen =
        "[...document.querySelectorAll('.he')].find((row) => row.getBoundingClientRect().top > 100)?.dataset.key";
    let before = tab.ask(seen).await;
    tab.ask("(() => { window.left = true; location.reload(); })()").await;
    tab.until(&format!("!window.left && document.querySelectorAll('.he').length >= 100 && ({seen}) === {before}"))
        .await;
    tab.ask("document.querySelectorAll('.he a.thing')[90].click()").await;
    tab.until("document.querySelector('#open[data-entry]')").await;
    tab.open("about:blank").await;
    tab.ask("history.back()").await;
    tab.until(&format!("document.querySelectorAll('.he').length >= 100 && ({seen}) === {before}")).await;
}

/// The audit log is narrowed to days; a day on which nothing was asked for says so.
async fn finds_changes_of_a_day(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/settings/audit?from=2020-01-01", site.base)).await;
    tab.until("document.querySelectorAll('.audit tbody tr').length > 10").await;
    assert_eq!(tab.ask("document.querySelector('#f-audit-from').value").await, "2020-01-01");
    tab.write("#f-audit-to", "2020-01-02").await;
    presses(tab, "Show these").await;
    tab.until("document.querySelector('main .empty')?.innerText.includes('Nothing of this kind')").await;
    assert_eq!(tab.ask("document.querySelector('#f-audit-to').value").await, "2020-01-02");
}
