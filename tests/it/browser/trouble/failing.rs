//! The network is gone, or the server has a fault.

use serde_json::json;

use super::{NO_DIALOG, Scene};
use crate::browser::scenes;

#[actix_web::test]
async fn what_fails_is_told_where_it_was_tried_and_can_be_tried_again() {
    let Some(scene) = Scene::set().await else { return };
    runs(&scene).await;
    sellers(&scene).await;
    a_seller_and_the_history(&scene).await;
    schedules(&scene).await;
    settings(&scene).await;
    people(&scene).await;
    what_is_done_and_not_shown(&scene).await;
    an_answer_that_is_lost(&scene).await;
    scene.ends().await;
}

async fn runs(scene: &Scene) {
    let (tab, person) = (&scene.tab, scene.person());
    scene.opens("/admin").await;
    person.presses("link", "Collect sellers").await;
    person.writes("searchbox", "Find a category", "bath").await;
    person.presses("checkbox", "Bath").await;
    person.presses("button", "Save preset").await;
    person.writes("textbox", "Name of the preset", "Baths").await;
    scene
        .fails_and_goes_on(
            "Save as new",
            "dialog .stack[role=status]",
            "document.querySelectorAll('#f-preset option').length === 3",
        )
        .await;
    person.writes("textbox", "Name", "In trouble").await;
    let begun = "location.pathname.startsWith('/admin/runs/') && document.querySelector('main[data-alive]')";
    scene.fails_and_goes_on("Start run", "dialog .say", begun).await;
    tab.until("document.querySelector('h1 + .state')?.textContent === 'Completed'").await;
    scene
        .fails_and_goes_on(
            "Run again",
            ".run > header > .notice",
            "document.querySelector('main[data-alive] h1')?.innerText.includes('#4')",
        )
        .await;
    let slow =
        json!({"name": "Slow", "category_ids": ["home-bath"], "settings": {"page_delay_ms": 60_000, "workers": 1}});
    let id = scene.api.post("/collection/runs", Some(slow)).await["id"].as_str().expect("an id").to_owned();
    scene.opens("/admin").await;
    let row = |state: &str| format!("document.querySelector('.lr[data-key=\"{id}\"] .state')?.innerText === '{state}'");
    tab.until(&row("Not started")).await;
    scene.fails_and_goes_on("Start…", ".lr > .told", &row("Running")).await;
    scene.opens(&format!("/admin/runs/{id}")).await;
    scene
        .fails_and_goes_on(
            "Pause",
            ".run > header > .notice",
            "document.querySelector('h1 + .state')?.textContent === 'Paused'",
        )
        .await;
    person.presses("button", "Cancel run").await;
    person.presses("button", "Cancel run").await;
    tab.until("document.querySelector('h1 + .state')?.textContent === 'Cancelled'").await;
    raises_a_budget(scene).await;
}

/// A run that has spent its budget gets a larger one where its page says so, and goes on.
async fn raises_a_budget(scene: &Scene) {
    let (tab, person) = (&scene.tab, scene.person());
    let run = scene.api.start_run(&["home-bath"], json!({"request_budget": 3})).await;
    scene.api.until_rest(&run, "paused").await;
    scene.opens(&run.replace("/collection", "/admin")).await;
    person.reads("Give it a larger budget").await;
    scenes::fits_every_width_in_both_themes(tab, "run-budget").await;
    person.writes("textbox", "Request budget", "many").await;
    person.presses("button", "Raise and resume").await;
    person.reads("A whole number from 1 to 1,000,000,000").await;
    person.writes("textbox", "Request budget", "5,000").await;
    let done = "document.querySelector('h1 + .state')?.textContent === 'Completed'";
    scene.fails_and_goes_on("Raise and resume", ".halt-box .bad", done).await;
    assert_eq!(scene.api.get(&run).await["settings"]["request_budget"], 5_000);
}

async fn sellers(scene: &Scene) {
    let (tab, person) = (&scene.tab, scene.person());
    scene.opens("/admin/sellers").await;
    person.presses("button", "Add").await;
    person.writes("textbox", "Names on the marketplace, one a line", "tried-1\ntried-2").await;
    scene
        .fails_and_goes_on(
            "Add them",
            "dialog .notice",
            "document.querySelector('dialog')?.innerText.includes('2 sellers added')",
        )
        .await;
    person.presses("button", "Close").await;
    person.presses("button", "Import").await;
    person.writes("textbox", "Or paste it here", "tried-3").await;
    scene
        .fails_and_goes_on("Look at it", "dialog .notice", "document.querySelectorAll('dialog tbody tr').length === 1")
        .await;
    scene.fails_and_goes_on("Import 1 seller", "dialog .notice", NO_DIALOG).await;
    scene.opens("/admin/sellers?q=tried").await;
    tab.until("document.querySelector('#sellers[role=grid] tbody input')").await;
    person.presses("checkbox", "Select tried-1").await;
    scene.fails_and_goes_on("Flag", "#trouble", "document.querySelectorAll('#sellers .flagged').length === 1").await;
    person.presses("button", "Status and tags").await;
    person.writes("textbox", "Add tags", "tried").await;
    scene.fails_and_goes_on("Change them", "dialog .notice", NO_DIALOG).await;
    tab.until("document.querySelector('#sellers .chip')?.innerText === 'tried'").await;
    person.presses("link", "Export").await;
    person.presses("radio", "The selected one").await;
    scene.fails_and_goes_on("Export", "dialog .notice", NO_DIALOG).await;
    scene
        .fails_and_goes_on("Remove", "#trouble", "document.querySelector('#count').innerText.startsWith('2 of')")
        .await;
    tab.press("j").await;
    tab.press("e").await;
    person.writes("textbox", "Note", "tried").await;
    scene.fails_and_goes_on("Save", "tr.edit .notice", "!document.querySelector('tr.edit')").await;
}

async fn a_seller_and_the_history(scene: &Scene) {
    let seller = format!("/admin/sellers/{}", scene.lived_in.seller);
    scene.opens(&seller).await;
    scene.tab.until("document.querySelector('#marks').offsetParent").await;
    scene.person().writes("textbox", "Note", "tried").await;
    scene
        .fails_and_goes_on(
            "Save",
            "#marks .notice",
            "document.querySelector('.toast:not([hidden])')?.innerText.includes('1 seller changed')",
        )
        .await;
    scene.fails_and_goes_on("Flag", "#trouble", "document.querySelector('header .flagged')").await;
    scene.fails_and_goes_on("Remove", "#trouble", "document.querySelector('#restore')?.offsetParent").await;
    scene.fails_and_goes_on("Restore", "#trouble", "document.querySelector('#remove')?.offsetParent").await;
    let newest = scene.api.get("/history?limit=1").await["items"][0]["id"].clone();
    scene.opens(&format!("/admin/history/{}", newest.as_str().expect("an id"))).await;
    scene.fails_and_goes_on("Undo", "#undo-says", "document.querySelector('#undo[data-again]')").await;
}

async fn schedules(scene: &Scene) {
    let person = scene.person();
    scene.opens("/admin/schedules").await;
    scene
        .fails_and_goes_on(
            "Switch off…",
            ".entry > .told",
            "document.querySelector('.entry').innerText.includes('Switched off')",
        )
        .await;
    person.presses("button", "New schedule").await;
    person.writes("textbox", "Name", "Tried").await;
    person.chooses("What it collects", "Autumn").await;
    scene
        .fails_and_goes_on(
            "Make the schedule",
            "dialog .notice",
            &format!("{NO_DIALOG} && document.querySelectorAll('.entry').length === 2"),
        )
        .await;
    scene.opens(&format!("/admin/schedules/{}", scene.lived_in.schedule)).await;
    person.presses("button", "Change").await;
    person.writes("textbox", "Name", "Tried too").await;
    scene.fails_and_goes_on("Save", "dialog .notice", "document.querySelector('h1').innerText === 'Tried too'").await;
}

async fn settings(scene: &Scene) {
    let person = scene.person();
    scene.opens("/admin/settings").await;
    person.writes("textbox", "Workers", "3").await;
    let saved = "document.querySelector('#saved')?.textContent.includes('Saved')";
    scene.fails_and_goes_on("Save", "form .notice", saved).await;
    scene.opens("/admin/settings/provider").await;
    scene
        .fails_and_goes_on(
            "Test connection",
            ".told",
            "document.querySelector('#outcome').textContent.startsWith('It answers')",
        )
        .await;
    scene.opens("/admin/settings/tokens").await;
    person.presses("button", "New token").await;
    person.writes("textbox", "Name", "Tried").await;
    person.presses("checkbox", "Read sellers").await;
    scene
        .fails_and_goes_on("Make the token", "dialog .notice", "document.querySelector('#f-once')?.value.length > 20")
        .await;
    person.presses("button", "I have kept it").await;
    scene.opens("/admin/settings/webhooks").await;
    person.presses("button", "New webhook").await;
    person.writes("textbox", "Address", "https://hooks.invalid/tried").await;
    person.presses("checkbox", "A run is complete").await;
    scene.fails_and_goes_on("Make the webhook", "dialog .notice", "document.querySelector('#f-once')").await;
    person.presses("button", "I have kept it").await;
    scene.opens(&format!("/admin/settings/webhooks/{}", scene.lived_in.webhook)).await;
    scene
        .fails_and_goes_on(
            "Send a test",
            ".told",
            "document.querySelector('#said')?.textContent.includes('on its way')",
        )
        .await;
}

async fn people(scene: &Scene) {
    let person = scene.person();
    scene.opens("/admin/settings/members").await;
    person.presses("button", "Invite somebody").await;
    person.writes("textbox", "E-mail address", "tried@example.org").await;
    scene
        .fails_and_goes_on(
            "Make the link",
            "dialog .notice",
            "document.querySelector('#f-once')?.value.includes('/join#')",
        )
        .await;
    person.presses("button", "I have kept it").await;
    scene.tab.until(NO_DIALOG).await;
    scene.opens("/admin/settings/members").await;
    scene.tab.click("[data-name=Second] [data-role]").await;
    person.presses("radio", "Viewer…").await;
    let changed = format!("{NO_DIALOG} && document.querySelector('[data-name=Second]').innerText.includes('Viewer')");
    scene.fails_and_goes_on("Save", "dialog .notice", &changed).await;
}

/// It is done, and only the page could not be loaded anew: that is what is said, and nothing is done twice.
async fn what_is_done_and_not_shown(scene: &Scene) {
    scene.opens("/admin/schedules").await;
    let questions = "(() => { window.real ??= window.fetch; window.fetch = (path, options = {}) => \
        options.headers?.Accept === 'text/html' ? Promise.reject(new TypeError('gone')) : window.real(path, options); })()";
    scene.tab.ask(questions).await;
    scene.tab.click("[data-enabled=true] [data-switch]").await;
    scene.person().reads("It is done, and no answer came").await;
    scene.mends().await;
    scene.person().presses("button", "Try again").await;
    scene.tab.until("document.querySelectorAll('[data-enabled=false]').length === 2").await;
    assert_eq!(scene.tab.complaints(), Vec::<String>::new(), "the console stays empty");
}

/// Sellers were removed, and the answer is lost: asked for again it is not done again, and can be taken back from the list.
async fn an_answer_that_is_lost(scene: &Scene) {
    let (tab, person) = (&scene.tab, scene.person());
    scene.opens("/admin/sellers?q=tried-3").await;
    tab.until("document.querySelector('#sellers[role=grid] tbody input')").await;
    person.presses("checkbox", "Select tried-3").await;
    let lost = "(() => { window.real ??= window.fetch; window.fetch = async (path, options = {}) => { \
        const answer = await window.real(path, options); \
        if (options.method === 'POST') throw new TypeError('gone'); \
        return answer; }; })()";
    tab.ask(lost).await;
    person.presses("button", "Remove").await;
    person.reads("answer").await;
    assert_eq!(scene.count("/sellers?q=tried-3").await, 0);
    scene.mends().await;
    person.presses("button", "Try again").await;
    tab.until("document.querySelector('.toast:not([hidden])')?.innerText.includes('1 seller removed')").await;
    person.presses("button", "Undo").await;
    tab.until("document.querySelector('#sellers')?.innerText.includes('tried-3')").await;
    assert_eq!(scene.count("/sellers?q=tried-3").await, 1);
}
