//! One presses twice.

use super::{NO_DIALOG, Scene};

#[actix_web::test]
async fn what_is_pressed_twice_is_made_once() {
    let Some(scene) = Scene::set().await else { return };
    runs_made_once(&scene).await;
    sellers_come_once(&scene).await;
    secrets_and_dates_made_once(&scene).await;
    assert_eq!(scene.tab.complaints(), Vec::<String>::new(), "the console stays empty");
    scene.ends().await;
}

/// There is one more at this path than before.
async fn once(scene: &Scene, path: &str, before: usize) {
    assert_eq!(scene.count(path).await, before + 1, "{path}");
}

async fn runs_made_once(scene: &Scene) {
    let (tab, person) = (&scene.tab, scene.person());
    let before = scene.count("/collection/runs").await;
    scene.opens("/admin").await;
    person.presses("link", "Collect sellers").await;
    person.writes("searchbox", "Find a category", "bath").await;
    person.presses("checkbox", "Bath").await;
    person.presses("button", "Save preset").await;
    person.writes("textbox", "Name of the preset", "Baths").await;
    let presets = scene.count("/amazon/presets").await;
    person.presses_twice("button", "Save as new").await;
    tab.until("document.querySelectorAll('#f-preset option').length === 3").await;
    once(scene, "/amazon/presets", presets).await;
    person.presses_twice("button", "Start run").await;
    tab.until("location.pathname.startsWith('/admin/runs/') && document.querySelector('h1 + .state')?.textContent === 'Completed'").await;
    once(scene, "/collection/runs", before).await;
    person.presses_twice("button", "Run again").await;
    tab.until("document.querySelector('main[data-alive] h1')?.innerText.includes('#4')").await;
    once(scene, "/collection/runs", before + 1).await;
}

async fn sellers_come_once(scene: &Scene) {
    let (tab, person) = (&scene.tab, scene.person());
    let entries = scene.count("/history?kind=edits").await;
    scene.opens("/admin/sellers").await;
    person.presses("button", "Add").await;
    person.writes("textbox", "Names on the marketplace, one a line", "twice-1\ntwice-2").await;
    person.presses_twice("button", "Add them").await;
    tab.until("document.querySelector('dialog')?.innerText.includes('2 sellers added')").await;
    once(scene, "/history?kind=edits", entries).await;
    scene.opens("/admin/sellers").await;
    person.presses("button", "Import").await;
    person.writes("textbox", "Or paste it here", "twice-3").await;
    person.presses("button", "Look at it").await;
    person.presses_twice("button", "Import 1 seller").await;
    tab.until(NO_DIALOG).await;
    once(scene, "/history?kind=imports", 0).await;
}

async fn secrets_and_dates_made_once(scene: &Scene) {
    let (tab, person) = (&scene.tab, scene.person());
    for (page, button, fields, made, path) in [
        (
            "tokens",
            "New token",
            [("textbox", "Name", "Twice"), ("checkbox", "Read sellers", "")],
            "Make the token",
            "/auth/tokens",
        ),
        (
            "webhooks",
            "New webhook",
            [("textbox", "Address", "https://hooks.invalid/twice"), ("checkbox", "A run is complete", "")],
            "Make the webhook",
            "/webhooks",
        ),
        (
            "members",
            "Invite somebody",
            [("textbox", "E-mail address", "twice@example.org"), ("radio", "Viewer…", "")],
            "Make the link",
            "/invitations",
        ),
    ] {
        let before = scene.count(path).await;
        scene.opens(&format!("/admin/settings/{page}")).await;
        person.presses("button", button).await;
        for (role, name, text) in fields {
            match role {
                "textbox" => person.writes(role, name, text).await,
                _ => person.presses(role, name).await,
            }
        }
        person.presses_twice("button", made).await;
        tab.until("document.querySelector('#f-once')?.value.length > 10").await;
        once(scene, path, before).await;
    }
    let before = scene.count("/collection/schedules").await;
    scene.opens("/admin/schedules").await;
    person.presses("button", "New schedule").await;
    person.writes("textbox", "Name", "Twice").await;
    person.chooses("What it collects", "Autumn").await;
    person.presses_twice("button", "Make the schedule").await;
    tab.until(&format!("{NO_DIALOG} && document.querySelectorAll('.entry').length === 2")).await;
    once(scene, "/collection/schedules", before).await;
}
