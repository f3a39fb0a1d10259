//! What people keep (sellers, presets, templates, schedules, webhooks, runs, people), with everything in it that cannot be
//! kept: each is refused by name, and nothing is another one afterwards.

use gleaner::domain::rights::Role;
use gleaner::web::routes::{Access, rights};
use serde_json::{Map, Value, json};

use super::house::House;
use super::people::{NOBODY, admin, join};
use super::wire::{Client, Reply};

/// Whatever a refused change could have changed.
const STATE: [&str; 11] = [
    "/sellers",
    "/history",
    "/amazon/presets",
    "/collection/templates",
    "/collection/schedules",
    "/collection/settings",
    "/collection/runs",
    "/webhooks",
    "/members",
    "/invitations",
    "/auth/tokens",
];

/// A change: where, with what body it is taken, and in which field a name stands.
struct Door {
    method: &'static str,
    path: String,
    body: Value,
    name: Option<&'static str>,
}

impl Door {
    async fn send(&self, client: &Client, body: &str) -> Reply {
        client.send(self.method, &self.path, Some(body)).await
    }

    /// The body with another value in a field.
    fn with(&self, field: &str, value: &Value) -> Value {
        let mut body = self.body.clone();
        body[field] = value.clone();
        body
    }
}

async fn made(house: &House, path: &str, body: &Value) -> String {
    let reply = house.client.post(path, Some(body)).await;
    assert_eq!(reply.status, 201, "{path}: {}", reply.text());
    format!("{path}/{}", reply.json()["id"].as_str().expect("an id"))
}

async fn state(client: &Client) -> Vec<Value> {
    let mut state = Vec::new();
    for path in STATE {
        let mut list = client.get(path).await.json();
        for row in list["items"].as_array_mut().into_iter().flatten() {
            // Asking moves it.
            row.as_object_mut().expect("an object").remove("last_used_at");
        }
        state.push(list);
    }
    state
}

/// Every door, with one of each thing behind it.
async fn doors(house: &House) -> Vec<Door> {
    let categories = json!(["category-0"]);
    let seller = json!({"name": "Ann", "flagged": true, "status": "new", "tags": ["a"], "note": "b"});
    let marks = json!({"flagged": false, "status": "approved", "tags": ["c"], "note": "d"});
    let preset = json!({"name": "Lamps", "category_ids": categories});
    let template = json!({"name": "Weekly", "category_ids": categories, "settings": {"workers": 2}});
    let schedule = json!({
        "name": "Nightly", "enabled": true, "cron": "0 3 * * *", "time_zone": "Europe/Berlin", "category_ids": categories,
        "settings": {"workers": 2}, "missed": "skip", "missed_within_minutes": 60,
    });
    let webhook = json!({
        "form": "generic", "url": "https://hooks.example.org/x", "events": ["run.paused"], "enabled": true,
    });
    let ann = made(house, "/sellers", &seller).await;
    let id = ann.rsplit('/').next().expect("an id").to_owned();
    let of = |method, path: &str, body: &Value, name| Door { method, path: path.to_owned(), body: body.clone(), name };
    let mut doors = vec![
        of("POST", "/sellers/bulk", &json!({"names": ["Bea"], "flagged": true}), None),
        of("POST", "/sellers/bulk/delete", &json!({"ids": [id], "exclude": true}), None),
        of("POST", "/sellers/bulk/triage", &json!({"ids": [id], "status": "approved", "tags": {"add": ["x"]}}), None),
        of("POST", "/sellers/flag-batch", &json!({"ids": [id], "flagged": false}), None),
        of("POST", &format!("{ann}/flag"), &json!({"flagged": false}), None),
        of("PATCH", &ann, &marks, None),
        of("PATCH", "/collection/settings", &json!({"settings": {"workers": 3}, "reset": ["filters"]}), None),
        of("POST", "/collection/runs", &template, Some("name")),
        of(
            "POST",
            "/auth/tokens",
            &json!({"name": "a script", "permissions": ["sellers.read"], "expires_at": "2030-01-01T00:00:00Z"}),
            Some("name"),
        ),
        of("POST", "/invitations", &json!({"email": "ada@example.org", "role": "viewer"}), Some("email")),
    ];
    for (list, body, name) in [
        (
            "/sellers",
            &json!({"name": "Cis", "flagged": true, "status": "new", "tags": ["a"], "note": "b"}),
            Some("name"),
        ),
        ("/amazon/presets", &preset, Some("name")),
        ("/collection/templates", &template, Some("name")),
        ("/collection/schedules", &schedule, Some("name")),
        ("/webhooks", &webhook, Some("url")),
    ] {
        doors.push(of("POST", list, body, name));
        if list != "/sellers" {
            let one = made(house, list, body).await;
            let mut body = body.clone();
            body.as_object_mut().expect("an object").remove("form");
            doors.push(of("PATCH", &one, &body, name));
        }
    }
    doors
}

/// A refusal that says which field, and what is allowed.
fn named(reply: &Reply, field: &str, what: &str) {
    let said = reply.problem(422);
    let errors = reply.json()["errors"].as_array().cloned().unwrap_or_default();
    let names = errors.iter().filter_map(|error| error["field"].as_str()).collect::<Vec<_>>();
    let is_named = names.iter().any(|name| name.split(['.', '[']).next() == Some(field));
    assert!(is_named && (said.contains("allowed") || said.contains("known are")), "{what}: {said}");
    assert!(said.len() < 8_000, "{what}: an answer of {} bytes", said.len());
}

#[actix_web::test]
async fn a_name_that_shows_nothing_or_turns_what_stands_beside_it_is_refused_everywhere() {
    let Some(house) = House::still().await else { return };
    let doors = doors(&house).await;
    let before = state(&house.client).await;
    for door in &doors {
        let Some(field) = door.name else { continue };
        for bad in [
            "x".repeat(10_000),
            " \t\u{a0}\u{3000} ".to_owned(),
            "\u{200b}\u{200d}".to_owned(),
            "a\u{0}b".to_owned(),
            "\u{202e}nna".to_owned(),
            "a\u{2067}b".to_owned(),
            "a\u{200f}".to_owned(),
            String::new(),
        ] {
            let what = format!("{} {} {field}={:.20?}", door.method, door.path, bad);
            named(&door.send(&house.client, &door.with(field, &json!(bad)).to_string()).await, field, &what);
        }
    }
    assert_eq!(state(&house.client).await, before);
}

#[actix_web::test]
async fn names_in_any_script_are_kept_as_they_are_and_those_of_sellers_only_where_no_two_look_alike() {
    let Some(house) = House::still().await else { return };
    let mixed = "p\u{430}ypal";
    for (number, name) in ["דוח שבועי", "می\u{200c}خواهم", "Магазин", mixed].into_iter().enumerate()
    {
        let preset = json!({"name": name, "category_ids": ["category-0"]});
        let path = made(&house, "/amazon/presets", &preset).await;
        assert_eq!(house.client.get(&path).await.json()["name"], name);
        let reply = house.client.post("/sellers", Some(&json!({"name": name}))).await;
        assert_eq!(reply.status, if number % 2 == 0 { 201 } else { 422 }, "{name}: {}", reply.text());
    }
}

#[actix_web::test]
async fn a_value_of_the_wrong_kind_or_beyond_every_bound_is_refused_in_every_field() {
    let Some(house) = House::still().await else { return };
    let doors = doors(&house).await;
    let before = state(&house.client).await;
    let deep = (0..100).fold(json!([]), |inner, _| json!([inner]));
    for door in &doors {
        let fields: Map<String, Value> = door.body.as_object().expect("an object").clone();
        for field in fields.keys() {
            for bad in [
                json!(i64::MAX),
                json!(i64::MIN),
                json!(u64::MAX),
                json!(1.5e308),
                json!(-0.5),
                json!([[]]),
                json!([{"a": 1}]),
                json!({"a": {}}),
                json!({"\u{0}": "\u{0}"}),
                deep.clone(),
            ] {
                let reply = door.send(&house.client, &door.with(field, &bad).to_string()).await;
                named(&reply, field, &format!("{} {} {field}={bad:.40}", door.method, door.path));
            }
        }
        let mut unknown = door.body.clone();
        unknown["na\u{0}me"] = json!(1);
        assert!(door.send(&house.client, &unknown.to_string()).await.problem(422).contains("no such field"));
        for body in ["[]", "7", "null", "\"x\""] {
            assert!(door.send(&house.client, body).await.problem(422).contains("allowed is a JSON object"), "{body}");
        }
    }
    assert_eq!(state(&house.client).await, before);
    assert!(house.store.verify_deeds(house.org).await.expect("an answer").is_ok(), "whatever was sent, the log holds");
}

#[actix_web::test]
async fn what_is_no_json_is_refused_with_the_place_where_it_breaks() {
    let Some(house) = House::still().await else { return };
    let doors = doors(&house).await;
    let before = state(&house.client).await;
    let deep = format!("{{\"name\": {}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    for door in &doors {
        for body in [
            "{",
            "{\"name\": \"\\ud800\"}",
            "{\"name\": \"\\udc00\\ud800\"}",
            "{\"name\": 1e400}",
            "{\"name\": NaN}",
            "{\"name\": \"a\nb\"}",
            deep.as_str(),
        ] {
            let said = door.send(&house.client, body).await.problem(400);
            assert!(said.contains("line") && said.contains("column"), "{} {body:.30}: {said}", door.path);
        }
    }
    assert_eq!(state(&house.client).await, before);
}

#[actix_web::test]
async fn a_viewer_a_stranger_and_a_foreign_page_change_nothing_whatever_they_send() {
    let Some(house) = House::still().await else { return };
    let doors = doors(&house).await;
    let admin = admin(&house).await;
    let viewer = join(&house, &admin.client, "viewer@example.org", Role::Viewer).await;
    let browser = house.session().await;
    let before = state(&house.client).await;
    for door in doors.iter().filter(|door| door.path != "/auth/tokens") {
        let body = door.body.to_string();
        let refused = door.send(&viewer.client, &body).await.problem(403);
        assert!(refused.contains("this needs the permission"), "{} {}: {refused}", door.method, door.path);
        door.send(&house.stranger, &body).await.problem(401);
        let page = browser.with("Origin", "https://evil.example").with("Sec-Fetch-Site", "cross-site");
        assert!(door.send(&page, &body).await.problem(403).contains("X-Gleaner-CSRF"));
        let asked = page.with("Access-Control-Request-Method", door.method);
        let preflight =
            asked.with("Access-Control-Request-Headers", "x-gleaner-csrf").send("OPTIONS", &door.path, None).await;
        assert!(preflight.status >= 400 && preflight.header("access-control-allow-origin").is_none());
    }
    assert_eq!(state(&house.client).await, before);
}

#[actix_web::test]
async fn a_token_in_an_address_opens_nothing() {
    let Some(house) = House::still().await else { return };
    let token = house.client.header("Authorization").and_then(|value| value.strip_prefix("Bearer ")).expect("a token");
    for right in rights().into_iter().filter(|right| matches!(right.access, Access::Token | Access::Stream)) {
        let method = right.methods.split(',').next().expect("a method");
        if method == "HEAD" {
            // Refused alike, without a word.
            continue;
        }
        let path = right.path.replace("{id}", NOBODY).replace("{user}", NOBODY).replace("{delivery}", NOBODY);
        for name in ["token", "access_token", "api_key"] {
            house.stranger.send(method, &format!("{path}?{name}={token}"), None).await.problem(401);
        }
    }
    let said = house.client.get(&format!("/sellers?token={token}")).await.problem(400);
    assert!(said.contains("no such query parameter") && !said.contains(token), "{said}");
}

#[actix_web::test]
async fn a_cursor_opens_only_the_list_that_gave_it_and_shows_nobody_elses_rows() {
    let Some(house) = House::still().await else { return };
    for number in 0..2 {
        let name = format!("number {number}");
        let preset = json!({"name": name, "category_ids": ["category-0"]});
        made(&house, "/amazon/presets", &preset).await;
        made(&house, "/collection/templates", &preset).await;
        made(&house, "/collection/runs", &preset).await;
        let schedule = json!({"name": name, "cron": "0 3 * * *", "category_ids": ["category-0"]});
        made(&house, "/collection/schedules", &schedule).await;
        made(&house, "/sellers", &json!({"name": name})).await;
        let email = format!("number{number}@example.org");
        house.client.post("/invitations", Some(&json!({"email": email, "role": "viewer"}))).await;
        house.client.post("/auth/tokens", Some(&json!({"name": name}))).await;
    }
    let lists = [
        "/sellers?limit=1",
        "/sellers?limit=1&sort=first_seen",
        "/sellers?limit=1&flagged=false",
        "/history?limit=1",
        "/history?limit=1&kind=edits",
        "/amazon/presets?limit=1",
        "/collection/templates?limit=1",
        "/collection/schedules?limit=1",
        "/collection/runs?limit=1",
        "/invitations?limit=1",
        "/auth/tokens?limit=1",
        "/audit-log?limit=1",
    ];
    // Those who left with an export, everybody or chosen ones, and what other entries did: each is of one entry.
    let entry = async |query: &str| {
        let reply = house.client.get(&format!("/sellers/export{query}")).await;
        reply.header("gleaner-entry-id").expect("its entry").to_owned()
    };
    let (all, some, more) = (entry("").await, entry("?flagged=false").await, entry("?flagged=false&sort=name").await);
    let names = json!({"names": ["one", "two"]});
    let edit = house.client.post("/sellers/bulk", Some(&names)).await.json()["entry_id"].clone();
    let edit = edit.as_str().expect("an entry");
    let of_entries = [&all, &some, &more].map(|entry| format!("/sellers/audit-log/{entry}/exported?limit=1"));
    let of_entries = of_entries.into_iter().chain([
        format!("/sellers/audit-log/{edit}/diff?limit=1"),
        format!("/sellers/audit-log/{edit}/sellers?limit=1"),
        format!("/sellers/audit-log/{all}/sellers?limit=1"),
        format!("/history/diff?from={all}&to={edit}&limit=1"),
    ]);
    let lists: Vec<String> = lists.into_iter().map(str::to_owned).chain(of_entries).collect();
    let foreigner = house.foreigner().await;
    for giver in &lists {
        let page = house.client.get(giver).await.json();
        let cursor = page["next_cursor"].as_str().unwrap_or_else(|| panic!("{giver} has more: {page}"));
        for taker in lists.iter().filter(|taker| *taker != giver) {
            let refused = house.client.get(&format!("{taker}&cursor={cursor}")).await;
            assert!(refused.problem(400).contains("not a cursor of this list"), "{giver} to {taker}");
        }
        let foreign = foreigner.get(&format!("{giver}&cursor={cursor}")).await;
        if giver.contains(edit) || giver.contains(&all) || giver.contains("/exported") {
            foreign.problem(404);
        } else {
            let mine = house.client.get(&giver.replace("limit=1", "limit=500")).await.json();
            let mine = mine["items"].as_array().expect("a list");
            assert_eq!(foreign.status, 200, "{giver}");
            let foreign = foreign.json()["items"].as_array().expect("a list").clone();
            assert!(foreign.iter().all(|row| !mine.contains(row)), "{giver}");
        }
        for spoilt in [&cursor[1..], &format!("{cursor}A"), &cursor.to_uppercase(), "%00", &"A".repeat(10_000)] {
            let said = house.client.get(&format!("{giver}&cursor={spoilt}")).await.problem(400);
            assert!(said.contains("cursor"), "{giver}: {said}");
        }
    }
}

#[actix_web::test]
async fn a_parameter_that_no_list_can_read_is_refused_by_name() {
    let Some(house) = House::still().await else { return };
    let long = "x".repeat(5_000);
    for (path, name) in [
        (format!("/sellers?q={long}"), "q"),
        ("/sellers?tag=%00".to_owned(), "tag"),
        ("/sellers?tag=%E2%80%AE".to_owned(), "tag"),
        (format!("/sellers?tag={long}"), "tag"),
        ("/sellers?times_seen_min=-1".to_owned(), "times_seen_min"),
        ("/sellers?times_seen_min=9223372036854775808".to_owned(), "times_seen_min"),
        ("/sellers?feedback_min=NaN".to_owned(), "feedback_min"),
        ("/sellers?from=+275760-09-13T00:00:00Z".to_owned(), "from"),
        ("/sellers?to=-0001-01-01T00:00:00Z".to_owned(), "to"),
        ("/sellers?flagged=1".to_owned(), "flagged"),
        ("/sellers?limit=9223372036854775808".to_owned(), "limit"),
        ("/history?to=10000-01-01T00:00:00Z".to_owned(), "to"),
        (format!("/history/diff?from={NOBODY}%00&to={NOBODY}"), "from"),
        ("/audit-log?subject=%00".to_owned(), "subject"),
        ("/sellers?q=a&q=b".to_owned(), "q"),
        ("/sellers?%00=1".to_owned(), "no such query parameter"),
        (format!("/sellers?{long}=1"), "no such query parameter"),
    ] {
        let said = house.client.get(&path).await.problem(400);
        assert!(said.contains(name) && said.len() < 1_000, "{path:.60}: {said}");
    }
    for fine in [
        "/sellers?q=%00",
        "/sellers?q=%E2%80%AE",
        "/sellers?q=%ED%A0%80",
        "/sellers?times_seen_min=9223372036854775807",
    ] {
        let reply = house.client.get(fine).await;
        assert_eq!((reply.status, &reply.json()["items"]), (200, &json!([])), "{fine}: {}", reply.text());
    }
    for path in
        ["/sellers/%00", "/sellers/..%2f..", "/members/\u{e9}", &format!("/webhooks/{long}"), "/amazon/presets/1"]
    {
        let reply = house.client.get(&path.replace('\u{e9}', "%E9")).await;
        reply.problem(404);
    }
}
