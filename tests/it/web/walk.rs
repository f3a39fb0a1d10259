//! A walk over every route of the served document, as everybody who may be there: nobody, each role, a token of each
//! permission, and another organisation.

use gleaner::domain::rights::{Permission, Permissions, Role};
use serde_json::{Value, json};

use super::document::{Told, told};
use super::house::House;
use super::people::{NOBODY, Person, admin, join};
use super::wire::{Client, Reply};

/// Another id that nobody has.
const NOBODY_ELSE: &str = "00000000-0000-7000-8000-000000000001";

/// Who walks, and what they may do.
struct Walker {
    name: String,
    client: Client,
    /// Signed in, and not a program.
    is_person: bool,
    /// Nothing for whoever is not known.
    may: Option<Permissions>,
}

/// The operation's path with this id, and with it where a query needs one.
fn target(told: &Told, id: &str) -> String {
    let needed = told.parameters("query").filter(|parameter| parameter["required"] == true);
    // The second of two ids that a query needs is another one.
    let ids = std::iter::once(id).chain(std::iter::repeat(NOBODY_ELSE));
    let needed: Vec<String> = needed
        .zip(ids)
        .map(|(parameter, id)| format!("{}={id}", parameter["name"].as_str().expect("a name")))
        .collect();
    if needed.is_empty() { told.at(id) } else { format!("{}?{}", told.at(id), needed.join("&")) }
}

async fn walkers(house: &House) -> Vec<Walker> {
    let first = admin(house).await;
    let viewer = join(house, &first.client, "viewer@example.org", Role::Viewer).await;
    let operator = join(house, &first.client, "operator@example.org", Role::Operator).await;
    let mut walkers =
        vec![Walker { name: "nobody".to_owned(), client: house.stranger.clone(), is_person: false, may: None }];
    for permission in Permission::ALL {
        let body = json!({"name": "a walker", "permissions": [permission]});
        let made = first.client.post("/auth/tokens", Some(&body)).await;
        let client = house.stranger.bearer(made.json()["token"].as_str().expect("a token"));
        let may = Some([permission].into_iter().collect());
        walkers.push(Walker { name: format!("a token for {}", permission.as_str()), client, is_person: false, may });
    }
    for (person, role) in [(viewer, Role::Viewer), (operator, Role::Operator), (first, Role::Admin)] {
        walkers.push(Walker {
            name: format!("{role:?}"),
            client: person.client,
            is_person: true,
            may: Some(role.permissions()),
        });
    }
    walkers
}

/// Whether the document lets somebody in who may do this.
fn lets_in(told: &Told, may: Option<Permissions>) -> bool {
    let needed: Vec<Permission> = told.says["x-permission"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|name| name.as_str().and_then(Permission::parse).expect("a permission"))
        .collect();
    may.is_some_and(|may| needed.is_empty() || needed.iter().any(|one| may.holds(*one)))
}

fn check(told: &Told, walker: &Walker, reply: &Reply) {
    let cell = format!("{} {} as {}: {}", told.method, told.path, walker.name, String::from_utf8_lossy(&reply.body));
    let is_refused = reply.status == 403 && reply.text().contains("this needs the permission");
    if told.is_open() {
        assert!(reply.status != 403 && (reply.status != 401 || told.path == "/sign-in"), "{cell}");
    } else if walker.may.is_none() {
        assert_eq!(reply.status, 401, "{cell}");
    } else {
        assert_eq!(is_refused, !lets_in(told, walker.may), "{cell}");
        assert_ne!(reply.status, 401, "{cell}");
    }
}

#[actix_web::test]
async fn each_route_lets_in_exactly_those_whom_the_document_says() {
    let Some(house) = House::still().await else { return };
    let mut cells = 0;
    for walker in walkers(&house).await {
        let (last, others): (Vec<Told>, Vec<Told>) = told()
            .into_iter()
            .filter(|told| !told.path.starts_with("/static/"))
            // Signing out ends the walk.
            .partition(|told| told.path == "/auth/logout");
        for told in others.iter().chain(&last) {
            let reply = walker.client.send(&told.method, &target(told, NOBODY), None).await;
            if told.method == "HEAD" {
                assert_eq!(reply.body.len(), 0, "{} {}", told.method, told.path);
                let is_known = walker.may.is_some();
                assert_eq!(reply.status == 401, !told.is_open() && !is_known, "{}: {}", told.path, reply.status);
                let may_ask = lets_in(told, walker.may) && (walker.is_person || !told.is_for_people());
                assert_eq!(reply.status == 403, !told.is_open() && is_known && !may_ask, "{}", told.path);
            } else {
                check(told, &walker, &reply);
            }
            cells += 1;
        }
    }
    assert!(cells > 700, "{cells}");
}

/// Something of each kind that a path can name, by the beginning of the path.
async fn things(house: &House, member: &Person) -> Vec<(&'static str, String)> {
    let id = |reply: &Reply| reply.json()["id"].as_str().unwrap_or_else(|| panic!("{}", reply.text())).to_owned();
    let post = async |path: &str, body: Value| house.client.post(path, Some(&body)).await;
    let lamps = json!({"name": "Lamps", "category_ids": ["category-0"]});
    let run = house.run().await;
    let preset = id(&post("/amazon/presets", lamps.clone()).await);
    let template = id(&post("/collection/templates", lamps.clone()).await);
    let mut schedule = lamps;
    schedule["cron"] = json!("0 3 * * *");
    let schedule = id(&post("/collection/schedules", schedule).await);
    let seller = id(&post("/sellers", json!({"name": "lamps-and-more"})).await);
    let entry = house.client.get("/history").await.json()["items"][0]["id"].as_str().expect("an entry").to_owned();
    let hook = json!({"form": "generic", "url": "https://hooks.example.org/x", "events": ["run.paused"]});
    let webhook = id(&post("/webhooks", hook).await);
    let token = id(&post("/auth/tokens", json!({"name": "a token"})).await);
    let guest = json!({"email": "guest@example.org", "role": "viewer"});
    let invitation = id(&post("/invitations", guest).await);
    let sessions = member.client.get("/auth/sessions").await.json();
    let session = sessions["items"][0]["id"].as_str().expect("the one that asks").to_owned();
    vec![
        ("/collection/runs", run),
        ("/amazon/presets", preset),
        ("/collection/templates", template),
        ("/collection/schedules", schedule),
        ("/sellers/audit-log", entry.clone()),
        ("/history", entry),
        ("/sellers", seller),
        ("/webhooks", webhook),
        ("/auth/tokens", token),
        ("/invitations", invitation),
        ("/auth/sessions", session),
        ("/members", member.id.clone()),
    ]
}

/// Everything that the organisation can read without naming anything.
async fn all_lists(house: &House) -> Vec<(String, Value)> {
    let mut lists = Vec::new();
    let reads = told().into_iter().filter(|told| told.method == "GET" && !told.is_open() && !told.path.contains('{'));
    // The log tells what was asked, tokens when they were used; what is recorded changes the history itself.
    let reads = reads.filter(|told| told.says["x-audit-action"].is_null());
    for told in reads.filter(|told| !["/audit-log", "/auth/tokens"].contains(&told.path)) {
        let reply = house.client.get(told.path).await;
        lists.push((told.path.to_owned(), serde_json::from_slice(&reply.body).unwrap_or_default()));
    }
    lists
}

#[actix_web::test]
async fn another_organisation_finds_at_no_route_what_is_not_its_own() {
    let Some(house) = House::still().await else { return };
    let first = admin(&house).await;
    let things = things(&house, &first).await;
    let foreigner = house.foreigner().await;
    let stranger = join(&house, &first.client, "somebody@example.org", Role::Viewer).await.client;
    let before = all_lists(&house).await;
    let mut cells = 0;
    for told in told() {
        let names_something = told.path.contains('{') || target(&told, NOBODY).contains('?');
        if !names_something || told.is_open() {
            continue;
        }
        let (_, id) = things
            .iter()
            .find(|(beginning, _)| told.path.starts_with(beginning))
            .unwrap_or_else(|| panic!("the walk has nothing for {}", told.path));
        let body = told.body().map(|body| body["example"].to_string().replace("home-bath", "category-0"));
        // What is a person's own is foreign to everybody else.
        let foreigner = if told.is_for_people() { &stranger } else { &foreigner };
        let theirs = foreigner.send(&told.method, &target(&told, id), body.as_deref()).await;
        let nobodys = foreigner.send(&told.method, &target(&told, NOBODY), body.as_deref()).await;
        assert_eq!(theirs.status, 404, "{} {}: {}", told.method, told.path, theirs.text());
        assert_eq!((theirs.status, &theirs.body), (nobodys.status, &nobodys.body), "{} {}", told.method, told.path);
        cells += 1;
    }
    assert!(cells > 50, "{cells}");
    assert_eq!(all_lists(&house).await, before, "nothing was changed");
}
