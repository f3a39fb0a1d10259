//! The document of the API: complete, sound, and the same as what the handlers take.

use std::collections::BTreeSet;

use gleaner::web::routes::rights;
use serde_json::{Map, Value};

use super::house::House;
use super::people::{NOBODY, admin};
use super::promise::{DOCUMENT, errors};
use super::wire::{Client, Reply};

/// An operation of the document.
pub struct Told {
    pub method: String,
    pub path: &'static str,
    pub says: &'static Value,
}

impl Told {
    /// The path with these ids in its places.
    pub fn at(&self, id: &str) -> String {
        ["{id}", "{user}", "{delivery}"].iter().fold(self.path.to_owned(), |path, place| path.replace(place, id))
    }

    pub fn parameters(&self, place: &str) -> impl Iterator<Item = &'static Value> {
        let all = self.says["parameters"].as_array().into_iter().flatten();
        all.filter(move |parameter| parameter["in"] == place)
    }

    pub fn body(&self) -> Option<&'static Value> {
        self.says.pointer("/requestBody/content/application~1json").filter(|body| body.get("schema").is_some())
    }

    /// Whether no program may ask.
    pub fn is_for_people(&self) -> bool {
        self.says["x-for-people"] == true
    }

    pub fn is_open(&self) -> bool {
        self.says["security"].as_array().expect("a list").is_empty()
    }
}

/// Every operation, but what HEAD is answered with.
pub fn told() -> Vec<Told> {
    let mut all = Vec::new();
    for (path, operations) in DOCUMENT["paths"].as_object().expect("paths") {
        for (method, says) in operations.as_object().expect("operations") {
            all.push(Told { method: method.to_ascii_uppercase(), path, says });
        }
    }
    all
}

fn visit<'a>(value: &'a Value, look: &mut impl FnMut(&'a Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            look(members);
            members.values().for_each(|member| visit(member, look));
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, look)),
        _ => {}
    }
}

#[test]
fn every_route_is_in_it_and_nothing_else() {
    let mut expected: BTreeSet<(String, String)> = BTreeSet::new();
    for right in rights() {
        expected.extend(right.methods.split(", ").map(|method| (right.path.clone(), method.to_owned())));
    }
    let is_file = |path: &str| path.starts_with("/static/");
    let all: BTreeSet<(String, String)> = told().into_iter().map(|told| (told.path.to_owned(), told.method)).collect();
    let (files, routes): (BTreeSet<_>, BTreeSet<_>) = all.into_iter().partition(|(path, _)| is_file(path));
    assert_eq!(routes, expected);
    assert!(files.iter().any(|(path, _)| path == "/static/boot.js") && files.len() % 2 == 0, "{files:?}");
}

#[test]
fn every_operation_has_a_name_of_its_own_a_sentence_an_answer_and_its_permission() {
    let mut names = BTreeSet::new();
    for Told { method, path, says } in told() {
        let name = says["operationId"].as_str().expect("a name");
        assert!(names.insert(name), "{name} stands twice");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{name}");
        assert!(says["summary"].as_str().is_some_and(|text| text.ends_with('.')), "{method} {path}: {says}");
        let answers = says["responses"].as_object().expect("answers");
        assert!(answers.keys().any(|status| status.starts_with(['2', '3'])), "{method} {path}");
        assert!(answers.values().all(|answer| answer["description"].is_string()));
    }
    for right in rights() {
        let method = right.methods.split(", ").next().expect("a method").to_ascii_lowercase();
        let says = &DOCUMENT["paths"][&right.path][method];
        assert_eq!(says["x-audit-action"].as_str(), right.action, "{}", right.path);
    }
}

#[test]
fn everything_that_it_refers_to_is_there_and_every_example_is_one() {
    visit(&DOCUMENT, &mut |members| {
        let Some(place) = members.get("$ref").and_then(Value::as_str) else { return };
        assert!(DOCUMENT.pointer(place.trim_start_matches('#')).is_some(), "{place} is nowhere");
    });
    let mut looked = 0;
    visit(&DOCUMENT["paths"], &mut |members| {
        let (Some(schema), Some(example)) = (members.get("schema"), members.get("example")) else { return };
        looked += 1;
        let wrong = errors(&schema.to_string(), schema, example);
        assert!(wrong.is_empty(), "{wrong:?} in {example} by {schema}");
    });
    assert!(looked > 300, "{looked}");
    for told in told().into_iter().filter(|told| told.method != "HEAD") {
        for (status, answer) in told.says["responses"].as_object().expect("answers") {
            for (media_type, content) in answer["content"].as_object().into_iter().flatten() {
                let is_json = ["application/json", "application/problem+json"].contains(&media_type.as_str());
                assert!(!is_json || content.get("example").is_some(), "{} {}: {status}", told.method, told.path);
            }
        }
    }
}

/// Whoever is let in there: a person, or the session of a start's link where it must be nobody's.
async fn asked(people: [&Client; 2], method: &str, path: &str, body: Option<&str>) -> Reply {
    let reply = people[0].send(method, path, body).await;
    if reply.status == 403 { people[1].send(method, path, body).await } else { reply }
}

fn allowed(problem: &str, before: &str) -> BTreeSet<String> {
    let list = problem.split(before).nth(1).unwrap_or_else(|| panic!("no {before:?} in {problem}"));
    let list = list.split('"').next().unwrap_or_default().trim();
    list.split(", ").map(|name| name.trim_end_matches(':').to_owned()).collect()
}

#[actix_web::test]
async fn each_body_takes_exactly_the_fields_that_it_tells() {
    let Some(house) = House::still().await else { return };
    let person = admin(&house).await;
    let nobody = house.session().await.with("X-Gleaner-CSRF", "1");
    let example = DOCUMENT.pointer("/paths/~1webhooks/post/requestBody/content/application~1json/example");
    let webhook = house.client.post("/webhooks", example).await.json()["id"].as_str().expect("an id").to_owned();
    let mut looked = 0;
    for told in told() {
        let Some(body) = told.body() else { continue };
        let path = told.at(if told.path.starts_with("/webhooks") { &webhook } else { NOBODY });
        let people = [&person.client, &nobody];
        let reply = asked(people, &told.method, &path, Some(r#"{"no_such_field": 1}"#)).await;
        reply.problem(422);
        let document = reply.json();
        let mut errors = document["errors"].as_array().expect("errors").iter();
        let error = errors.find(|error| error["field"] == "no_such_field").unwrap_or_else(|| panic!("{document}"));
        let properties: BTreeSet<String> =
            body["schema"]["properties"].as_object().expect("some").keys().cloned().collect();
        let names = allowed(error["message"].as_str().expect("words"), "allowed are ");
        assert_eq!(names, properties, "{} {}", told.method, told.path);
        looked += 1;
    }
    assert!(looked >= 25, "{looked}");
}

#[actix_web::test]
async fn each_route_takes_exactly_the_query_parameters_that_it_tells() {
    let Some(house) = House::still().await else { return };
    let person = admin(&house).await;
    let nobody = house.session().await.with("X-Gleaner-CSRF", "1");
    let mut looked = 0;
    // Where nothing can be refused, nothing is read.
    for told in told().into_iter().filter(|told| told.method != "HEAD" && told.says["responses"].get("400").is_some()) {
        let path = format!("{}?no_such_parameter=1", told.at(NOBODY));
        let reply = asked([&person.client, &nobody], &told.method, &path, None).await;
        let problem = reply.problem(400);
        let known: BTreeSet<String> =
            told.parameters("query").map(|parameter| parameter["name"].as_str().expect("a name").to_owned()).collect();
        if known.is_empty() {
            assert!(problem.contains("no such query parameter; none is"), "{} {}: {problem}", told.method, told.path);
        } else {
            let names = reply.json()["errors"][0]["message"].as_str().map(|message| allowed(message, "known are "));
            assert_eq!(names, Some(known), "{} {}", told.method, told.path);
        }
        looked += 1;
    }
    assert!(looked >= 60, "{looked}");
}

#[actix_web::test]
async fn it_is_served_to_everybody_with_the_name_of_this_servers_cookie_and_again_only_when_it_changed() {
    let Some(house) = House::still().await else { return };
    let reply = house.stranger.get("/openapi.json").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    let document = reply.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["paths"], DOCUMENT["paths"]);
    let cookie = format!("gleaner_session_{}", house.running.address.port());
    assert_eq!(document["components"]["securitySchemes"]["session"]["name"], cookie);
    let tag = reply.header("etag").expect("a tag");
    let again = house.stranger.with("If-None-Match", tag).get("/openapi.json").await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[actix_web::test]
async fn its_page_names_every_operation_and_needs_nothing_from_elsewhere() {
    let Some(house) = House::still().await else { return };
    let page = house.stranger.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let html = page.text();
    for told in told().into_iter().filter(|told| told.method != "HEAD") {
        let name = told.says["operationId"].as_str().expect("a name");
        assert!(html.contains(&format!("<details id=\"{name}\">")), "{name}");
    }
    for place in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        match place.strip_prefix('#') {
            Some(anchor) => assert!(html.contains(&format!(" id=\"{anchor}\"")), "{place} leads nowhere"),
            None => assert_eq!(house.stranger.get(place).await.status, 200, "{place}"),
        }
    }
    assert!(!html.contains("<script") && !html.contains("style=") && !html.contains("src="));
}
