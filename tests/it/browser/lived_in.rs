//! A site where everything stands that there can be, each called by the same name: runs, sellers and what people make of
//! them, presets, templates, schedules, tokens, webhooks, people, and a history. And every place of it that one can open.

use awc::http::Method;
use serde_json::{Value, json};

use super::chromium::Tab;
use crate::support::api::Api;

const EMAIL_SUFFIX: &str = "@example.org";
const PASSWORD: &str = "correct horse battery";
/// A run that takes no longer than it must, and waits where the machine is busy.
const SHORT: [(&str, u64); 5] = [
    ("pages_per_category", 1),
    ("pages_per_product", 1),
    ("page_delay_ms", 0),
    ("retry_backoff_ms", 1),
    ("request_timeout_ms", 30_000),
];

/// How a server is configured whose runs take no longer than they must.
pub const SHORT_RUNS: [(&str, &str); 3] = [
    ("GLEANER__RUNS__DEFAULTS__PAGES_PER_CATEGORY", "1"),
    ("GLEANER__RUNS__DEFAULTS__PAGES_PER_PRODUCT", "1"),
    ("GLEANER__RUNS__DEFAULTS__PAGE_DELAY_MS", "0"),
];

/// The ids of what stands there.
pub struct LivedIn {
    pub runs: [String; 2],
    pub seller: String,
    pub schedule: String,
    pub webhook: String,
    pub entries: [String; 2],
}

impl LivedIn {
    /// Fills the site of this API with things of this name.
    pub async fn fill(api: &Api, name: &str) -> Self {
        let runs = [collects(api, name).await, collects(api, name).await];
        let seller = id_of(&api.post("/sellers", Some(json!({"name": name}))).await);
        let tag = name.chars().filter(|letter| *letter != ',').take(40).collect::<String>();
        let marks = json!({"tags": [tag.trim()], "note": format!("{name}\nsecond line")});
        let (status, text) = api.ask(Method::PATCH, &format!("/sellers/{seller}"), Some(marks)).await;
        assert_eq!(status, 200, "{text}");
        let what = json!(["home-bath"]);
        let preset = id_of(&api.post("/amazon/presets", Some(json!({"name": name, "category_ids": what}))).await);
        api.post("/collection/templates", Some(json!({"name": name, "preset_id": preset}))).await;
        let often = json!({"name": name, "cron": "0 3 * * *", "time_zone": "Europe/Berlin", "preset_id": preset});
        let schedule = id_of(&api.post("/collection/schedules", Some(often)).await);
        let short: String = name.chars().take(100).collect();
        api.post("/auth/tokens", Some(json!({"name": short.trim()}))).await;
        let told = json!({"form": "generic", "url": "https://hooks.invalid/gleaner", "events": ["run.completed"]});
        let webhook = id_of(&api.post("/webhooks", Some(told)).await);
        api.post("/invitations", Some(json!({"email": format!("open{EMAIL_SUFFIX}"), "role": "operator"}))).await;
        let history = api.get("/history?limit=3").await;
        let entries = [0, 2].map(|at| id_of(&history["items"][at]));
        Self { runs, seller, schedule, webhook, entries }
    }

    /// Every place, by a name of its own.
    pub fn places(&self) -> Vec<(&'static str, String)> {
        let Self { runs: [newest, oldest], seller, schedule, webhook, entries: [last, before] } = self;
        let at = |path: &str| format!("/admin{path}");
        vec![
            ("collect", at("")),
            ("run", at(&format!("/runs/{newest}"))),
            ("worker", at(&format!("/runs/{newest}#worker-1"))),
            ("replay", at(&format!("/runs/{newest}?replay"))),
            ("coverage", at(&format!("/runs/{newest}/coverage"))),
            ("compare", at(&format!("/compare?a={oldest}&b={newest}"))),
            ("history", at("/history")),
            ("entry", at(&format!("/history/{last}"))),
            ("entry-sellers", at(&format!("/history/{last}?show=sellers"))),
            ("entries", at(&format!("/history/compare?from={before}&to={last}"))),
            ("sellers", at("/sellers?sort=last_seen&order=desc")),
            ("seller", at(&format!("/sellers/{seller}"))),
            ("schedules", at("/schedules")),
            ("schedule", at(&format!("/schedules/{schedule}"))),
            ("settings", at("/settings")),
            ("provider", at("/settings/provider")),
            ("members", at("/settings/members")),
            ("tokens", at("/settings/tokens")),
            ("webhooks", at("/settings/webhooks")),
            ("webhook", at(&format!("/settings/webhooks/{webhook}"))),
            ("audit", at("/settings/audit")),
            ("account", at("/settings/account")),
        ]
    }
}

fn id_of(made: &Value) -> String {
    made["id"].as_str().unwrap_or_else(|| panic!("no id: {made}")).to_owned()
}

/// A run of this name, once it is complete.
async fn collects(api: &Api, name: &str) -> String {
    let settings: Value = SHORT.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    let asked = json!({"name": name, "category_ids": ["home-bath"], "settings": settings});
    let id = id_of(&api.post("/collection/runs", Some(asked)).await);
    api.post(&format!("/collection/runs/{id}/start"), None).await;
    api.until_rest(&format!("/collection/runs/{id}"), "completed").await;
    id
}

/// Somebody of this role joins.
pub async fn joins(api: &Api, email: &str, name: &str, role: &str) {
    let asked = api.post("/invitations", Some(json!({"email": email, "role": role}))).await;
    let answer = json!({"code": asked["code"], "name": name, "password": PASSWORD});
    api.post("/auth/accept", Some(answer)).await;
}

/// The browser has the session of this person from now on; a page of the site must be open.
pub async fn signs_in_as(tab: &Tab, email: &str) {
    let asked = json!({"email": email, "password": PASSWORD}).to_string();
    let login = format!(
        "fetch('/auth/login', {{ method: 'POST', headers: {{ 'X-Gleaner-CSRF': '1', 'Content-Type': 'application/json' }}, \
         body: {} }}).then((answer) => answer.status)",
        json!(asked)
    );
    assert_eq!(tab.ask(&login).await, 200);
}
