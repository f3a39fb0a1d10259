//! The registry over HTTP: changed, listed, taken back, and what is refused.

use gleaner::domain::ids::RunId;
use gleaner::domain::registry::Presence;
use gleaner::store::registry::asked::{SellerQuery, SellerSort};
use serde_json::{Value, json};

use super::house::House;
use super::wire::Client;

/// Enters these names and gives the answer.
async fn add(house: &House, names: &[&str]) -> Value {
    let reply = house.client.post("/sellers/bulk", Some(&json!({"names": names}))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// The names of the list, as the answer gives them.
async fn names(client: &Client, path: &str) -> Vec<String> {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    let rows = reply.json()["items"].as_array().expect("a list").clone();
    rows.iter().map(|row| row["display_name"].as_str().expect("a name").to_owned()).collect()
}

async fn id_of(house: &House, name: &str) -> String {
    let found = house.client.get(&format!("/sellers?q={name}")).await.json();
    found["items"][0]["id"].as_str().expect("the seller").to_owned()
}

async fn history(house: &House) -> Vec<(String, i64)> {
    let entries = house.client.get("/history").await.json();
    let entry = |row: &Value| {
        let snapshot = row["seller_count_snapshot"].as_i64().expect("a snapshot");
        (row["action"].as_str().expect("an action").to_owned(), snapshot)
    };
    entries["items"].as_array().expect("a list").iter().rev().map(entry).collect()
}

fn entry(action: &str, snapshot: i64) -> (String, i64) {
    (action.to_owned(), snapshot)
}

#[actix_web::test]
async fn each_change_is_one_entry_with_the_count_after_it() {
    let Some(house) = House::still().await else { return };
    let added = add(&house, &["Ann", "Bea", "Cis", "ann "]).await;
    assert_eq!((&added["added_count"], &added["repeated_count"]), (&json!(3), &json!(1)));
    let one = house.client.post("/sellers", Some(&json!({"name": "Dan", "tags": ["Big Fish"], "note": "asks"}))).await;
    assert_eq!((one.status, &one.json()["tags"]), (201, &json!(["big fish"])));
    assert_eq!(
        one.header("location").expect("where it is"),
        format!("/sellers/{}", one.json()["id"].as_str().expect("an id"))
    );
    let (ann, bea) = (id_of(&house, "ann").await, id_of(&house, "bea").await);
    let ids = json!({"ids": [ann, bea], "flagged": true});
    assert_eq!(house.client.post("/sellers/flag-batch", Some(&ids)).await.json()["affected_count"], 2);
    assert_eq!(names(&house.client, "/sellers?flagged=true").await, ["Ann", "Bea"]);
    let renamed =
        house.client.send("PATCH", &format!("/sellers/{ann}"), Some(r#"{"name":"Anna","status":"approved"}"#)).await;
    assert_eq!((&renamed.json()["name"], &renamed.json()["status"]), (&json!("anna"), &json!("approved")));
    let removed = house.client.post("/sellers/bulk/delete", Some(&json!({"ids": [ann, bea]}))).await.json();
    assert_eq!((&removed["affected_count"], &removed["seller_count_snapshot"]), (&json!(2), &json!(2)));
    assert_eq!(house.client.post(&format!("/sellers/{ann}/restore"), None).await.json()["flagged"], true);
    let told = [("add", 3), ("add", 4), ("flag", 4), ("edit", 4), ("remove", 2), ("restore", 3)];
    assert_eq!(history(&house).await, told.map(|(action, count)| entry(action, count)));
    let again = add(&house, &["ANNA", "Cis"]).await;
    assert_eq!(
        (&again["entry_id"], &again["known"]),
        (&json!(null), &json!(["ANNA", "Cis"])),
        "nothing had to be changed"
    );
    assert_eq!(history(&house).await.len(), 6);
}

#[actix_web::test]
async fn the_registry_at_an_entry_and_the_way_between_two_are_exact() {
    let Some(house) = House::still().await else { return };
    let first = add(&house, &["Ann", "Bea"]).await["entry_id"].as_str().expect("an entry").to_owned();
    let ann = id_of(&house, "ann").await;
    house.client.send("PATCH", &format!("/sellers/{ann}"), Some(r#"{"name":"Zoe"}"#)).await;
    house.client.send("DELETE", &format!("/sellers/{}", id_of(&house, "bea").await), None).await;
    let last = add(&house, &["Cis"]).await["entry_id"].as_str().expect("an entry").to_owned();
    assert_eq!(names(&house.client, &format!("/sellers/audit-log/{first}/sellers")).await, ["Ann", "Bea"]);
    assert_eq!(names(&house.client, &format!("/sellers/audit-log/{last}/sellers?limit=1")).await, ["Cis"]);
    assert_eq!(names(&house.client, "/sellers").await, ["Cis", "Zoe"]);
    let way = house.client.get(&format!("/history/diff?from={first}&to={last}")).await.json();
    let kinds = |way: &Value| {
        let mut kinds: Vec<String> =
            way["items"].as_array().expect("a list").iter().map(|row| row["kind"].to_string()).collect();
        kinds.sort();
        kinds
    };
    assert_eq!(kinds(&way), ["\"added\"", "\"removed\"", "\"renamed\""]);
    assert_eq!((&way["seller_count_from"], &way["seller_count_to"]), (&json!(2), &json!(2)));
    let back = house.client.get(&format!("/history/diff?from={last}&to={first}")).await.json();
    assert_eq!(kinds(&back), kinds(&way), "the way back adds what the way there removes");
    let did = house.client.get(&format!("/sellers/audit-log/{last}/diff")).await.json();
    assert_eq!((&did["items"][0]["kind"], &did["items"][0]["name_after"]), (&json!("added"), &json!("Cis")));
    assert_eq!(names_of_kind(&house, "edits").await, 4);
    assert_eq!(names_of_kind(&house, "runs").await, 0);
}

async fn names_of_kind(house: &House, kind: &str) -> usize {
    house.client.get(&format!("/history?kind={kind}")).await.json()["items"].as_array().expect("a list").len()
}

#[actix_web::test]
async fn what_was_taken_back_can_be_taken_back_and_a_conflict_changes_nothing() {
    let Some(house) = House::still().await else { return };
    let added = add(&house, &["Ann", "Bea"]).await["entry_id"].as_str().expect("an entry").to_owned();
    let undo = async |entry: &str| house.client.post(&format!("/history/{entry}/undo"), None).await;
    let undone = undo(&added).await.json();
    assert_eq!((&undone["affected_count"], &undone["seller_count_snapshot"]), (&json!(2), &json!(0)));
    let redone = undo(undone["entry_id"].as_str().expect("an entry")).await.json();
    assert_eq!(redone["seller_count_snapshot"], 2);
    assert_eq!(names(&house.client, "/sellers").await, ["Ann", "Bea"]);
    let bea = id_of(&house, "bea").await;
    house.client.post(&format!("/sellers/{bea}/flag"), Some(&json!({"flagged": true}))).await;
    let refused = undo(&added).await;
    assert!(
        refused.problem(409).contains("Bea: its flag, status, tags or note have been changed since"),
        "{}",
        refused.text()
    );
    assert_eq!(refused.json()["conflicts"][0]["seller_id"], bea);
    assert_eq!(names(&house.client, "/sellers").await, ["Ann", "Bea"]);
    let actions: Vec<String> = history(&house).await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, ["add", "remove", "restore", "flag"], "the refused one left no entry");
}

#[actix_web::test]
async fn pages_follow_each_other_whatever_they_are_sorted_by() {
    let Some(house) = House::still().await else { return };
    let all: Vec<String> = (0..25).map(|number| format!("seller {number:02}")).collect();
    add(&house, &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for sort in SellerSort::ALL {
        for order in ["asc", "desc"] {
            let (mut seen, mut next) = (Vec::new(), String::new());
            loop {
                let path = format!("/sellers?sort={}&order={order}&limit=10{next}", sort.as_str());
                let page = house.client.get(&path).await.json();
                assert_eq!(page["total_estimate"], 25);
                seen.extend(page["items"].as_array().expect("a list").iter().map(|row| row["name"].to_string()));
                let Some(cursor) = page["next_cursor"].as_str() else { break };
                next = format!("&cursor={cursor}");
            }
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), 25, "by {} {order}: everybody once", sort.as_str());
        }
    }
    let page = house.client.get("/sellers?sort=name&limit=10").await.json();
    let cursor = page["next_cursor"].as_str().expect("more");
    for other in ["/sellers?sort=first_seen", "/sellers?sort=name&q=seller", "/history?limit=5"] {
        let joint = if other.contains('?') { '&' } else { '?' };
        let said = house.client.get(&format!("{other}{joint}cursor={cursor}")).await.problem(400);
        assert!(said.contains("not a cursor of this list"), "{other}: {said}");
    }
    assert_eq!(names(&house.client, "/sellers?q=R%2024").await, ["seller 24"]);
    assert_eq!(names(&house.client, "/sellers?q=%25").await, Vec::<String>::new(), "a sign of patterns is a sign");
}

#[actix_web::test]
async fn what_cannot_be_taken_is_named_and_changes_nothing() {
    let Some(house) = House::still().await else { return };
    add(&house, &["Ann", "Bea"]).await;
    let long = "x".repeat(10_000);
    for (name, words) in [
        (json!(long), "has 10000 characters"),
        (json!("  \t "), "nothing that can be seen"),
        (json!("a\u{0}b"), "U+0000"),
        (json!("ann\u{200f}"), "U+200F"),
        (json!("p\u{430}ypal"), "Latin and Cyrillic"),
        (json!(7), "is a number"),
        (json!(null), "is missing"),
    ] {
        let said = house.client.post("/sellers", Some(&json!({"name": name}))).await.problem(422);
        assert!(said.contains(words) && said.contains("name") && said.contains("allowed is"), "{said}");
        if !name.is_null() {
            let said = house.client.post("/sellers/bulk", Some(&json!({"names": ["Cis", name]}))).await.problem(422);
            assert!(said.contains("names[1]") && said.contains(words), "{said}");
        }
    }
    let ann = id_of(&house, "ann").await;
    for (body, words) in [
        (r#"{"status":"great"}"#, "one of new, reviewing"),
        (r#"{"tags":["a",1]}"#, "tags[1]"),
        (r#"{"note":7}"#, "a text of at most 2000 characters, or null"),
        (r#"{"nmae":"x"}"#, "no such field"),
        ("{}", "changes nothing"),
    ] {
        let said = house.client.send("PATCH", &format!("/sellers/{ann}"), Some(body)).await.problem(422);
        assert!(said.contains(words), "{said}");
    }
    let taken = house.client.send("PATCH", &format!("/sellers/{ann}"), Some(r#"{"name":"BEA"}"#)).await;
    assert!(taken.problem(409).contains("BEA: another seller has that name"), "{}", taken.text());
    let bea = id_of(&house, "bea").await;
    assert_eq!(
        (&taken.json()["conflicts"][0]["seller_id"], &taken.json()["conflicts"][0]["other_seller_id"]),
        (&json!(ann), &json!(bea))
    );
    assert!(house.client.post("/sellers", Some(&json!({"name": "aNN"}))).await.problem(409).contains("already"));
    let said =
        house.client.post("/sellers/bulk/delete", Some(&json!({"ids": [ann, house.token_id]}))).await.problem(422);
    assert!(said.contains("1 of them are no sellers here"), "{said}");
    for (path, words) in [
        ("/sellers?sort=age", "times_seen"),
        ("/sellers?from=yesterday", "2026-11-24"),
        ("/sellers?from=2026-11-25&to=2026-11-24", "to: is not after from"),
        ("/history?from=2026-11-25&to=2026-11-25", "to: is not after from"),
        ("/sellers?state=gone", "one of in, removed, excluded"),
        ("/sellers?state=removed&sort=times_seen", "sort: times_seen cannot stand beside state=removed"),
        ("/sellers?feedback_min=101", "0 to 100"),
        ("/sellers?new_in_run=7", "UUID"),
        ("/history?kind=all", "runs, edits"),
        ("/history/diff?from=7", "from"),
    ] {
        assert!(house.client.get(path).await.problem(400).contains(words), "{path}");
    }
    assert_eq!(names(&house.client, "/sellers").await, ["Ann", "Bea"]);
    assert_eq!(history(&house).await.len(), 1);
}

#[actix_web::test]
async fn another_organisation_and_an_unknown_id_are_answered_alike() {
    let Some(house) = House::still().await else { return };
    let entry = add(&house, &["Ann"]).await["entry_id"].as_str().expect("an entry").to_owned();
    let (ann, foreigner) = (id_of(&house, "ann").await, house.foreigner().await);
    let unknown = house.token_id.to_string();
    for (method, path, body) in [
        ("GET", "/sellers/ID", None),
        ("PATCH", "/sellers/ID", Some(r#"{"flagged":true}"#)),
        ("DELETE", "/sellers/ID", None),
        ("POST", "/sellers/ID/flag", Some(r#"{"flagged":true}"#)),
        ("POST", "/sellers/ID/restore", None),
        ("GET", "/sellers/audit-log/ID/sellers", None),
        ("GET", "/sellers/audit-log/ID/diff", None),
        ("GET", "/history/diff?from=ID&to=ID", None),
        ("POST", "/history/ID/undo", None),
    ] {
        let mine = if path.contains("audit-log") || path.contains("history") { &entry } else { &ann };
        let foreign = foreigner.send(method, &path.replace("ID", mine), body).await.problem(404);
        assert_eq!(
            foreign,
            house.client.send(method, &path.replace("ID", &unknown), body).await.problem(404),
            "{path}"
        );
        assert_eq!(house.stranger.send(method, &path.replace("ID", mine), body).await.status, 401);
    }
    for path in ["/sellers", "/history", "/sellers/audit-log"] {
        assert_eq!(foreigner.get(path).await.json()["items"], json!([]), "{path}");
    }
    assert_eq!(names(&house.client, "/sellers").await, ["Ann"]);
}

/// The indexes and the ways of reading that a plan names.
fn named(plan: &Value, found: &mut Vec<String>) {
    for word in ["Node Type", "Index Name"] {
        found.extend(plan[word].as_str().map(ToOwned::to_owned));
    }
    for inner in plan["Plans"].as_array().into_iter().flatten() {
        named(inner, found);
    }
}

#[actix_web::test]
async fn every_list_is_read_by_an_index_of_its_own() {
    let Some(house) = House::still().await else { return };
    let all: Vec<String> = (0..10_000).map(|number| format!("shop {number}")).collect();
    let added = house.client.post("/sellers/bulk", Some(&json!({"names": all}))).await.json();
    assert_eq!(added["added_count"], 10_000);
    house.database.analyze();
    let by = |sort| SellerQuery::all(sort, false);
    let name = || by(SellerSort::Name);
    for (index, asked) in [
        ("sellers_by_name", name()),
        ("sellers_by_first_seen", by(SellerSort::FirstSeen)),
        ("sellers_by_last_seen", by(SellerSort::LastSeen)),
        ("sellers_by_times_seen", by(SellerSort::TimesSeen)),
        ("sellers_by_products", by(SellerSort::Products)),
        ("sellers_by_place", by(SellerSort::Place)),
        ("sellers_search", SellerQuery { search: Some("9876".to_owned()), ..name() }),
        ("sellers_flagged", SellerQuery { flagged: Some(true), ..name() }),
        ("sellers_tags", SellerQuery { tag: Some("rare".to_owned()), ..name() }),
        ("sellers_by_run", SellerQuery { new_in_run: Some(RunId(house.token_id)), ..name() }),
        ("sellers_removed", SellerQuery { presence: Presence::Removed, ..name() }),
    ] {
        let plan = house.store.plan_of_sellers(house.org, &asked, 51).await.expect("a plan");
        let mut found = Vec::new();
        named(&plan, &mut found);
        assert!(found.iter().any(|name| name == index), "{asked:?} is read by {found:?}, not by {index}");
        assert!(!found.iter().any(|name| name == "Seq Scan"), "{asked:?}: {found:?}");
    }
}
