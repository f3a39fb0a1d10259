//! Somebody else was faster.

use serde_json::{Value, json};

use super::{NO_DIALOG, Scene};
use crate::browser::lived_in::{LivedIn, signs_in_as};

#[actix_web::test]
async fn two_people_who_change_the_same_thing_are_told_what_the_other_made_of_it() {
    let Some(scene) = Scene::set().await else { return };
    let (tab, person) = (&scene.tab, scene.person());
    let changes = async |path: &str, body: Value| {
        let (status, text) = scene.api.ask(awc::http::Method::PATCH, path, Some(body)).await;
        assert_eq!(status, 200, "{path}: {text}");
    };
    let LivedIn { seller, schedule, webhook, .. } = &scene.lived_in;

    scene.opens(&format!("/admin/sellers/{seller}")).await;
    tab.until("document.querySelector('#marks').offsetParent").await;
    changes(&format!("/sellers/{seller}"), json!({"note": "theirs", "status": "approved"})).await;
    person.writes("textbox", "Note", "mine").await;
    person.presses("button", "Save").await;
    person.reads("Somebody else has changed it meanwhile: theirs").await;
    person.presses("button", "Take theirs").await;
    tab.until("document.querySelector('#m-note').value === 'theirs' && document.querySelector('#m-status').value === 'approved'").await;
    person.writes("textbox", "Note", "mine").await;
    person.presses("button", "Save").await;
    tab.until("document.querySelector('.toast:not([hidden])')?.innerText.includes('1 seller changed')").await;

    scene.opens(&format!("/admin/schedules/{schedule}")).await;
    person.presses("button", "Change").await;
    tab.until("document.querySelector('dialog[open] [name=name]')?.value").await;
    changes(&format!("/collection/schedules/{schedule}"), json!({"name": "Theirs", "cron": "0 5 * * *"})).await;
    person.writes("textbox", "Name", "Mine").await;
    person.presses("button", "Save").await;
    person.reads("to: Theirs").await;
    person.reads("to: 0 5 * * *").await;
    person.presses("button", "Save").await;
    tab.until("document.querySelector('h1').innerText === 'Mine'").await;

    scene.opens(&format!("/admin/settings/webhooks/{webhook}")).await;
    person.presses("button", "Change").await;
    tab.until("document.querySelector('dialog[open] [name=url]')?.value").await;
    changes(&format!("/webhooks/{webhook}"), json!({"url": "https://hooks.invalid/theirs"})).await;
    person.writes("textbox", "Address", "https://hooks.invalid/mine").await;
    person.presses("button", "Save").await;
    person.reads("to: https://hooks.invalid/theirs").await;
    person.presses("button", "Take theirs").await;
    tab.until("document.querySelector('dialog[open] [name=url]').value === 'https://hooks.invalid/theirs'").await;

    scene.opens("/admin/settings/members").await;
    tab.click("[data-name=Second] [data-role]").await;
    let members = scene.api.get("/members").await;
    let second =
        members["items"].as_array().expect("members").iter().find(|one| one["name"] == "Second").expect("somebody");
    changes(&format!("/members/{}", second["id"].as_str().expect("an id")), json!({"role": "admin"})).await;
    person.presses("radio", "Viewer…").await;
    person.presses("button", "Save").await;
    person.reads("to: Admin").await;
    person.presses("button", "Save").await;
    tab.until(&format!("{NO_DIALOG} && document.querySelector('[data-name=Second]').innerText.includes('Viewer')"))
        .await;
    // A refused change is an answer that the browser itself writes into its console.
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|line| line.contains("412")), "{complaints:?}");
    a_change_on_its_way_stays_with_whom_it_is_for(&scene).await;
    what_is_written_outlives_the_session(&scene).await;
    a_session_that_ended_leads_to_the_sign_in(&scene).await;
    scene.ends().await;
}

/// Somebody else was faster, and the dialog is closed and opened for another before that is known: who was meant is not changed,
/// and the other is not either.
async fn a_change_on_its_way_stays_with_whom_it_is_for(scene: &Scene) {
    let (tab, person) = (&scene.tab, scene.person());
    let role = async |name: &str| {
        let members = scene.api.get("/members").await;
        let found = members["items"].as_array().expect("members").iter().find(|one| one["name"] == name).cloned();
        found.expect("somebody")
    };
    scene.opens("/admin/settings/members").await;
    let held = "(() => { const real = window.fetch; window.fetch = async (path, options) => { const answer = real(path, options); \
        if (options?.method === 'PATCH') await new Promise((done) => (window.release = done)); return answer; }; })()";
    tab.ask(held).await;
    let before = role("Third").await["role"].clone();
    tab.click("[data-name=Second] [data-role]").await;
    tab.until("document.querySelector('dialog[open] #role-name')?.textContent === 'Second'").await;
    let second = role("Second").await;
    let path = format!("/members/{}", second["id"].as_str().expect("an id"));
    let (status, text) = scene.api.ask(awc::http::Method::PATCH, &path, Some(json!({"role": "operator"}))).await;
    assert_eq!(status, 200, "{text}");
    person.presses("radio", "Admin…").await;
    person.presses("button", "Save").await;
    tab.until("window.release").await;
    tab.ask("document.querySelector('dialog[open]').close()").await;
    tab.ask("document.querySelector('[data-name=Third] [data-role]').click()").await;
    tab.ask("window.release()").await;
    tab.until("document.querySelector('dialog[open] #role-name')?.textContent === 'Third'").await;

    assert_eq!((&role("Second").await["role"], &role("Third").await["role"]), (&json!("operator"), &before));
}

/// Signs the browser out without a word to the page.
const SIGNS_OUT: &str =
    "fetch('/auth/logout', { method: 'POST', headers: { 'X-Gleaner-CSRF': '1' } }).then(() => null)";

/// Nobody loses what they wrote with their session: they sign in beside it, and send it then.
async fn what_is_written_outlives_the_session(scene: &Scene) {
    let (tab, person) = (&scene.tab, scene.person());
    let seller = format!("/sellers/{}", scene.lived_in.seller);
    scene.opens(&format!("/admin{seller}")).await;
    tab.until("document.querySelector('#marks').offsetParent").await;
    person.writes("textbox", "Note", "long thought about").await;
    tab.ask(SIGNS_OUT).await;
    person.presses("button", "Save").await;
    person.reads("What you wrote is still here").await;
    person.sees("link", "Sign in beside this page").await;
    assert_eq!(tab.barriers().await, Vec::<String>::new());
    person.presses("button", "Back to what I wrote").await;
    signs_in_as(tab, "third@example.org").await;
    person.presses("button", "Save").await;
    tab.until("document.querySelector('.toast:not([hidden])')?.innerText.includes('1 seller changed')").await;
    assert_eq!(scene.api.get(&seller).await["note"], "long thought about");
}

/// Wherever something is tried without a session, the sign-in says so.
async fn a_session_that_ended_leads_to_the_sign_in(scene: &Scene) {
    let (tab, person) = (&scene.tab, scene.person());
    scene.opens("/admin/sellers?q=autumn").await;
    tab.until("document.querySelector('#sellers[role=grid] tbody input')").await;
    person.presses("checkbox", "Select Autumn lamps").await;
    tab.ask(SIGNS_OUT).await;
    person.presses("button", "Flag").await;
    // A browser that is asked for its accessibility tree while it leaves a page may never answer again.
    tab.until("location.pathname === '/sign-in' && document.readyState === 'complete'").await;
    person.sees("heading", "Your session has ended").await;
}
