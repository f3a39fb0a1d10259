//! The pages of schedules, settings and people, and those on which somebody comes in: read without scripts, by every role
//! that may, and never markup of somebody else's.

use gleaner::domain::rights::Role;
use serde_json::{Value, json};

use super::house::House;
use super::people::{NOBODY, admin, join};
use super::wire::{Client, Reply};

const MARKUP: &str = "<img src=x onerror=alert(1)>\"'&</title>";
/// For everybody who is known, and for admins.
const FOR_ALL: [&str; 5] = [
    "/admin/schedules",
    "/admin/settings",
    "/admin/settings/provider",
    "/admin/settings/tokens",
    "/admin/settings/account",
];
const FOR_ADMINS: [&str; 3] = ["/admin/settings/members", "/admin/settings/webhooks", "/admin/settings/audit"];

fn body_of(reply: &Reply, path: &str) -> String {
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
    let text = reply.text();
    assert!(text.contains("<h1") && text.trim_end().ends_with("</html>"), "{path}");
    text
}

async fn page(client: &Client, path: &str) -> String {
    body_of(&client.get(path).await, path)
}

async fn schedule(client: &Client, body: &Value) -> String {
    let made = client.post("/collection/schedules", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().expect("an id").to_owned()
}

fn nightly(name: &str) -> Value {
    json!({"name": name, "cron": "0 3 * * *", "time_zone": "Europe/Berlin", "category_ids": ["category-0"]})
}

#[actix_web::test]
async fn every_page_of_settings_is_read_by_whom_it_is_for_and_by_nobody_else() {
    let Some(house) = House::still().await else { return };
    let first = admin(&house).await;
    let operator = join(&house, &first.client, "operator@example.org", Role::Operator).await;
    let viewer = join(&house, &first.client, "viewer@example.org", Role::Viewer).await;
    let id = schedule(&first.client, &nightly("Every night")).await;
    let one = format!("/admin/schedules/{id}");
    for person in [&first, &operator, &viewer] {
        for path in FOR_ALL.into_iter().chain([one.as_str()]) {
            page(&person.client, path).await;
        }
    }
    for path in FOR_ADMINS {
        let shown = page(&first.client, path).await;
        assert!(shown.contains("aria-current=\"page\""), "{path}");
        for person in [&operator, &viewer] {
            let refused = person.client.get(path).await;
            assert_eq!(refused.status, 403, "{path}");
            assert!(refused.text().contains("Not allowed"), "{path}");
        }
        assert_eq!(house.stranger.get(path).await.status, 303, "{path}");
    }
    let foreign = house.foreigner().await;
    for path in [one, format!("/admin/schedules/{NOBODY}"), format!("/admin/settings/webhooks/{NOBODY}")] {
        assert_eq!(foreign.get(&path).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn what_a_viewer_may_not_do_is_not_offered() {
    let Some(house) = House::still().await else { return };
    let first = admin(&house).await;
    let viewer = join(&house, &first.client, "viewer@example.org", Role::Viewer).await;
    schedule(&first.client, &nightly("Every night")).await;
    let (theirs, admins) =
        (page(&viewer.client, "/admin/schedules").await, page(&first.client, "/admin/schedules").await);
    for offer in ["New schedule", "Switch off", "<dialog"] {
        assert!(!theirs.contains(offer) && admins.contains(offer), "{offer}");
    }
    let settings = page(&viewer.client, "/admin/settings").await;
    assert!(settings.contains("<fieldset disabled") && !settings.contains("type=\"submit\""), "{settings}");
    assert!(!settings.contains(">Members<") && !settings.contains(">Audit log<") && settings.contains(">API tokens<"));
    assert!(!page(&viewer.client, "/admin/settings/provider").await.contains("Test connection"));
}

#[actix_web::test]
async fn a_schedule_says_its_dates_in_its_zone_what_it_collects_and_its_rules() {
    let Some(house) = House::still().await else { return };
    let empty = page(&house.client, "/admin/schedules").await;
    assert!(empty.contains("No schedule yet") && empty.contains("New schedule"), "{empty}");
    let preset = json!({"name": "Lamps only", "category_ids": ["category-0"]});
    let preset = house.client.post("/amazon/presets", Some(&preset)).await.json()["id"].clone();
    let body = json!({"name": "Weekly", "cron": "30 6 * * 1", "time_zone": "Asia/Tokyo", "preset_id": preset});
    let id = schedule(&house.client, &body).await;
    let list = page(&house.client, "/admin/schedules").await;
    assert_eq!(list.matches("data-zone=\"Asia&#x2f;Tokyo\"").count(), 5, "{list}");
    assert!(list.contains(">Monday ") && list.contains(" 06:30</time>"), "by its own clocks: {list}");
    assert!(list.contains("Preset Lamps only") && list.contains("Nothing was due yet"));
    let one = page(&house.client, &format!("/admin/schedules/{id}")).await;
    for rule in ["clocks go forward", "clocks go back", "no engine met", "not final yet"] {
        assert!(one.contains(rule), "{rule}: {one}");
    }
    house.client.send("PATCH", &format!("/collection/schedules/{id}"), Some("{\"enabled\": false}")).await;
    let list = page(&house.client, "/admin/schedules").await;
    assert!(
        list.contains("Switched off: it starts nothing") && list.contains("Switch on") && !list.contains("data-zone")
    );
}

#[actix_web::test]
async fn lists_of_settings_go_on_by_a_link_without_scripts() {
    let Some(house) = House::still().await else { return };
    for n in 0..3 {
        schedule(&house.client, &nightly(&format!("Schedule {n}"))).await;
    }
    let first = page(&house.client, "/admin/schedules?limit=2").await;
    assert!(first.contains("Schedule 1") && !first.contains("Schedule 2"), "{first}");
    let next = first.split("href=\"?cursor=").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let second = page(&house.client, &format!("/admin/schedules?cursor={next}")).await;
    assert!(second.contains("Schedule 2") && !second.contains("Schedule 1"));

    let log = page(&house.client, "/admin/settings/audit?action=schedules.create&limit=2").await;
    assert_eq!(log.matches("<code>schedules.create</code>").count(), 2, "{log}");
    let next = log.split("class=\"btn\" href=\"?").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    assert!(next.contains("action=schedules.create"), "the filter stays: {next}");
    let earlier = page(&house.client, &format!("/admin/settings/audit?{}", next.replace("&amp;", "&"))).await;
    assert_eq!(earlier.matches("<code>schedules.create</code>").count(), 1, "{earlier}");
    assert!(page(&house.client, "/admin/settings/audit?action=nothing").await.contains("Nothing of this kind"));
}

#[actix_web::test]
async fn texts_of_others_are_text_on_every_page_of_settings() {
    let Some(house) = House::still().await else { return };
    let first = admin(&house).await;
    let client = &first.client;
    let invited = client.post("/invitations", Some(&json!({"email": "someone@example.org", "role": "viewer"}))).await;
    let body = json!({"code": invited.json()["code"], "name": MARKUP, "password": super::people::PASSWORD});
    assert_eq!(house.stranger.post("/auth/accept", Some(&body)).await.status, 200);
    let id = schedule(client, &nightly(MARKUP)).await;
    client.post("/auth/tokens", Some(&json!({"name": MARKUP}))).await;
    for path in [
        "/admin/schedules".to_owned(),
        format!("/admin/schedules/{id}"),
        "/admin/settings/members".to_owned(),
        "/admin/settings/tokens".to_owned(),
        "/admin/settings/audit".to_owned(),
    ] {
        let shown = page(client, &path).await;
        assert!(shown.contains("&lt;img src=x onerror=alert(1)&gt;") && !shown.contains("<img"), "{path}: {shown}");
        assert_eq!(shown.matches("</title>").count(), 1, "{path}");
    }
}

#[actix_web::test]
async fn a_setting_says_its_bounds_what_is_configured_and_what_is_chosen() {
    let Some(house) = House::still().await else { return };
    let shown = page(&house.client, "/admin/settings").await;
    assert!(shown.contains("Everything follows the configuration"), "{shown}");
    assert!(
        shown.contains("600,000</data> ms") && shown.contains("the configuration says: 80 to 120 % above"),
        "{shown}"
    );
    let chosen = json!({"settings": {"workers": 7, "price_window": null, "auto_resume": false}}).to_string();
    assert_eq!(house.client.send("PATCH", "/collection/settings", Some(&chosen)).await.status, 200);
    let shown = page(&house.client, "/admin/settings").await;
    assert!(shown.contains("3 settings are chosen here"));
    assert!(shown.contains("value=\"7\"") && shown.contains("<option value=\"any\" selected>"), "{shown}");
    assert!(shown.contains("<option value=\"false\" selected>"), "{shown}");
}

#[actix_web::test]
async fn no_page_shows_a_secret_again() {
    let Some(house) = House::still().await else { return };
    let first = admin(&house).await;
    let client = &first.client;
    let invited = client.post("/invitations", Some(&json!({"email": "someone@example.org", "role": "viewer"}))).await;
    let token = client.post("/auth/tokens", Some(&json!({"name": "a program"}))).await;
    let hook = json!({"form": "generic", "url": "https://hooks.example.org/x", "events": ["run.completed"]});
    let hook = client.post("/webhooks", Some(&hook)).await.json();
    let of = |value: &Value| value.as_str().expect("a secret").to_owned();
    let secrets = [of(&invited.json()["code"]), of(&token.json()["token"]), of(&hook["secret"])];
    let one = format!("/admin/settings/webhooks/{}", hook["id"].as_str().expect("an id"));
    for path in FOR_ALL.into_iter().chain(FOR_ADMINS).chain([one.as_str()]) {
        let shown = page(client, path).await;
        assert!(secrets.iter().all(|secret| !shown.contains(secret.as_str())), "{path}");
    }
    assert!(page(client, &one).await.contains("Nothing was sent yet"));
}

#[actix_web::test]
async fn who_comes_in_is_told_where_they_are_and_what_to_do() {
    let Some(house) = House::still().await else { return };
    let browser = house.stranger.with("Accept", "text/html");
    let plain = page(&browser, "/sign-in").await;
    assert!(!plain.contains("session has ended") && !plain.contains("page that you asked for"), "{plain}");
    let led = page(&browser, "/sign-in?next=%2Fadmin%2Fsettings").await;
    assert!(
        led.contains("page that you asked for") && led.contains("data-next=\"&#x2f;admin&#x2f;settings\""),
        "{led}"
    );
    let port = house.running.address.port();
    let ended = browser.with("Cookie", &format!("gleaner_session_{port}=gone"));
    let ended = page(&ended, "/sign-in?next=%2Fadmin%2Fsettings").await;
    assert!(ended.contains("Your session has ended"), "{ended}");
    assert!(page(&browser, "/join").await.contains("Accept the invitation"));
    assert_eq!(browser.get("/join?code=x").await.status, 400, "a code never stands in an address");

    let session = house.session().await;
    let front = page(&session, "/admin").await;
    assert!(front.contains("href=\"/admin/first-admin\""), "{front}");
    assert!(page(&session, "/admin/first-admin").await.contains("Become the first admin"));
    assert!(page(&session, "/admin/settings/account").await.contains("This session is nobody"));
    let first = admin(&house).await;
    assert!(page(&first.client, "/admin/first-admin").await.contains("There is an admin already"));
    assert!(!page(&first.client, "/admin").await.contains("/admin/first-admin"));
}
