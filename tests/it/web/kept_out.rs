//! Sellers that are not in the registry any more, and what its history tells of who was changed, and how.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use serde_json::{Value, json};

use super::house::House;
use super::wire::Client;

async fn enter(house: &House, name: &str) -> String {
    let reply = house.client.post("/sellers", Some(&json!({"name": name}))).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["id"].as_str().expect("an id").to_owned()
}

async fn remove(house: &House, id: &str, exclude: bool) -> Value {
    let reply = house.client.send("DELETE", &format!("/sellers/{id}?exclude={exclude}"), None).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// The names of a list with what it says of how many there are.
async fn listed(client: &Client, path: &str) -> (Vec<String>, Value) {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    let list = reply.json();
    let rows = list["items"].as_array().expect("a list").iter();
    (rows.map(|row| row["display_name"].as_str().expect("a name").to_owned()).collect(), list["total_estimate"].clone())
}

async fn newest_changes(house: &House) -> Value {
    let newest = house.client.get("/history?limit=1").await.json()["items"][0]["id"].clone();
    let path = format!("/sellers/audit-log/{}/diff", newest.as_str().expect("an entry"));
    house.client.get(&path).await.json()["items"].clone()
}

#[actix_web::test]
async fn who_is_gone_is_listed_and_searched_apart_from_who_is_there() {
    let Some(house) = House::still().await else { return };
    for (name, exclude) in [("Ann Out", Some(true)), ("Bea Gone", Some(false)), ("Cis", None)] {
        let id = enter(&house, name).await;
        if let Some(exclude) = exclude {
            remove(&house, &id, exclude).await;
        }
    }
    let list = async |query: &str| listed(&house.client, &format!("/sellers?{query}")).await;
    let told = |names: &[&str]| -> (Vec<String>, Value) {
        (names.iter().map(|name| (*name).to_owned()).collect(), json!(names.len()))
    };
    assert_eq!(list("").await, told(&["Cis"]));
    assert_eq!(list("state=in").await, told(&["Cis"]));
    assert_eq!(list("state=removed").await, told(&["Ann Out", "Bea Gone"]));
    assert_eq!(list("state=removed&order=desc&sort=name").await, told(&["Bea Gone", "Ann Out"]));
    assert_eq!(list("state=excluded").await, told(&["Ann Out"]));
    assert_eq!(list("state=removed&q=gon").await, told(&["Bea Gone"]));
    assert_eq!(list("state=excluded&q=gon").await, told(&[]), "where nobody is, nobody is estimated");
    assert_eq!(list("q=nobody").await, told(&[]));
    let page = house.client.get("/sellers?state=removed&limit=1").await.json();
    let seller = &page["items"][0];
    assert_eq!((&seller["excluded"], seller["removed_at"].is_string()), (&json!(true), true), "{seller}");
    let cursor = page["next_cursor"].as_str().expect("more");
    assert_eq!(list(&format!("state=removed&limit=1&cursor={cursor}")).await.0, ["Bea Gone"]);
    let other = house.client.get(&format!("/sellers?limit=1&cursor={cursor}")).await;
    assert!(other.problem(400).contains("not a cursor of this list"));
    let foreigner = house.foreigner().await;
    assert_eq!(listed(&foreigner, "/sellers?state=removed").await, told(&[]));
    let said = house.client.get("/sellers/export?state=removed").await.problem(400);
    assert!(said.contains("state: no such query parameter"), "{said}");
}

#[actix_web::test]
async fn who_is_removed_already_can_be_excluded_still_and_that_is_taken_back_like_any_change() {
    let Some(house) = House::still().await else { return };
    let ann = enter(&house, "Ann").await;
    remove(&house, &ann, false).await;
    let tag = house.client.get(&format!("/sellers/{ann}")).await.header("etag").expect("a tag").to_owned();

    let excluded = remove(&house, &ann, true).await;

    assert_eq!((&excluded["affected_count"], &excluded["seller_count_snapshot"]), (&json!(1), &json!(0)));
    assert_ne!(house.client.get(&format!("/sellers/{ann}")).await.header("etag"), Some(tag.as_str()));
    let told = newest_changes(&house).await;
    assert_eq!(told[0]["changed"], json!([{"mark": "excluded", "before": false, "after": true}]), "{told}");
    for again in [true, false] {
        assert_eq!(remove(&house, &ann, again).await["entry_id"], Value::Null, "it stays excluded");
    }
    let refused = house.client.post("/sellers", Some(&json!({"name": "ANN"}))).await;
    assert!(refused.problem(409).contains(&ann), "{}", refused.text());
    assert_eq!(refused.json()["seller_id"], json!(ann));
    let undo = format!("/history/{}/undo", excluded["entry_id"].as_str().expect("an entry"));
    assert_eq!(house.client.post(&undo, None).await.status, 200);
    let there = enter(&house, "Ann").await;

    // Its name is another's by now, who would be there and never be seen again.
    let refused = house.client.send("DELETE", &format!("/sellers/{ann}?exclude=true"), None).await;
    assert!(refused.problem(409).contains("remove and exclude that one"), "{}", refused.text());
    assert_eq!(refused.json()["conflicts"][0]["other_seller_id"], json!(there));
    let both = json!({"ids": [ann, there], "exclude": true});
    let removed = house.client.post("/sellers/bulk/delete", Some(&both)).await.json();
    assert_eq!((&removed["affected_count"], &removed["seller_count_snapshot"]), (&json!(2), &json!(0)), "{removed}");
    assert_eq!(listed(&house.client, "/sellers?state=excluded").await.0, ["Ann", "Ann"]);
}

#[actix_web::test]
async fn an_entry_tells_of_each_seller_what_was_changed_from_what_to_what() {
    let Some(house) = House::still().await else { return };
    let ann = enter(&house, "Ann").await;
    let changed = async || {
        let told = newest_changes(&house).await;
        let row = |change: &Value| (change["mark"].clone(), change["before"].clone(), change["after"].clone());
        told[0]["changed"].as_array().expect("a list").iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(changed().await, [(json!("name"), json!(null), json!("Ann"))]);
    let patch = r#"{"name":"Bea","status":"approved","tags":["lamps"],"note":"asks","flagged":true}"#;
    house.client.send("PATCH", &format!("/sellers/{ann}"), Some(patch)).await;
    let mut told = changed().await;
    told.sort_by_key(|(mark, ..)| mark.to_string());
    let expected = [
        (json!("flagged"), json!(false), json!(true)),
        (json!("name"), json!("Ann"), json!("Bea")),
        (json!("note"), json!(null), json!("asks")),
        (json!("status"), json!("new"), json!("approved")),
        (json!("tags"), json!([]), json!(["lamps"])),
    ];
    assert_eq!(told, expected);
    house.client.post(&format!("/sellers/{ann}/flag"), Some(&json!({"flagged": false}))).await;
    assert_eq!(changed().await, [(json!("flagged"), json!(true), json!(false))]);
    remove(&house, &ann, true).await;
    let mut told = changed().await;
    told.sort_by_key(|(mark, ..)| mark.to_string());
    assert_eq!(told, [(json!("excluded"), json!(false), json!(true)), (json!("name"), json!("Bea"), json!(null))]);
}

#[actix_web::test]
async fn entries_stand_in_the_order_of_their_changes_whatever_their_clocks_said() {
    let Some(house) = House::still().await else { return };
    for name in ["Ann", "Bea", "Cis", "Dan"] {
        enter(&house, name).await;
    }
    // Two that waited for each other: the earlier change has the later time.
    let later = "UPDATE seller_audit_log SET created_at = created_at + interval '1 minute', \
        closed_at = closed_at + interval '1 minute' WHERE change_no = 2";
    let mut admin = AsyncPgConnection::establish(&house.database.url).await.expect("the test database answers");
    admin.batch_execute(later).await.expect("a row");
    let (mut counts, mut next) = (Vec::new(), String::new());
    loop {
        let page = house.client.get(&format!("/history?limit=1{next}")).await.json();
        counts.push((page["items"][0]["change_no"].clone(), page["items"][0]["seller_count_snapshot"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(counts, [4, 3, 2, 1].map(|count| (json!(count), json!(count))));
    // A span of time holds what was complete in it, in the same order.
    let entries = house.client.get("/history").await.json()["items"].clone();
    let from = entries[2]["closed_at"].as_str().expect("a time");
    let held = house.client.get(&format!("/history?from={from}")).await.json()["items"].clone();
    assert_eq!(held.as_array().expect("a list").len(), 1);
    assert_eq!(held[0]["change_no"], 2);
    let before = house.client.get(&format!("/sellers/audit-log?action=add&to={from}")).await.json()["items"].clone();
    let numbers: Vec<&Value> = before.as_array().expect("a list").iter().map(|entry| &entry["change_no"]).collect();
    assert_eq!(json!(numbers), json!([4, 3, 1]));
}

#[actix_web::test]
async fn a_day_is_a_moment_wherever_a_span_of_time_is_asked_for() {
    let Some(house) = House::still().await else { return };
    enter(&house, "Ann").await;
    for path in ["/sellers", "/history", "/sellers/audit-log", "/audit-log", "/collection/runs/history"] {
        for span in ["from=2020-01-01", "to=2020-01-01T00:00:00%2B01:00", "from=2020-01-01&to=2020-01-02"] {
            let reply = house.client.get(&format!("{path}?{span}")).await;
            assert_eq!(reply.status, 200, "{path}?{span}: {}", reply.text());
            let some = reply.json()["items"].as_array().is_some_and(|rows| !rows.is_empty());
            assert_eq!(some, span == "from=2020-01-01" && path != "/collection/runs/history", "{path}?{span}");
        }
        let said = house.client.get(&format!("{path}?from=2026-11-25&to=2026-11-24")).await.problem(400);
        assert!(said.contains("to: is not after from"), "{path}: {said}");
    }
}
