//! A place in the list of sellers that one goes to, what became of one seller, and changes of one that can be taken back.

use serde_json::{Value, json};

use super::house::House;
use super::wire::Client;

async fn add(client: &Client, names: &[String]) {
    let reply = client.post("/sellers/bulk", Some(&json!({"names": names}))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()["items"].as_array().expect("a list").clone()
}

fn of(rows: &[Value], field: &str) -> Vec<String> {
    rows.iter().map(|row| row[field].as_str().unwrap_or_default().to_owned()).collect()
}

#[actix_web::test]
async fn a_page_may_begin_anywhere_and_goes_on_by_its_cursor() {
    let Some(house) = House::still().await else { return };
    let names: Vec<String> = (0..30).map(|number| format!("shop-{number:02}")).collect();
    add(&house.client, &names).await;
    let cases: [(&str, &[String]); 6] = [
        ("skip=0&limit=2", &names[..2]),
        ("skip=12&limit=5", &names[12..17]),
        ("skip=28&limit=5", &names[28..]),
        ("skip=30", &[]),
        ("skip=10000000", &[]),
        ("q=shop-1&skip=8", &names[18..20]),
    ];
    for (query, expected) in cases {
        assert_eq!(of(&items(&house.client, &format!("/sellers?{query}")).await, "name"), expected, "{query}");
    }
    let page = house.client.get("/sellers?skip=12&limit=5").await.json();
    assert_eq!(page["total_estimate"], 30, "of all, wherever a page begins");
    let cursor = page["next_cursor"].as_str().expect("a next page");
    for (query, expected) in [("limit=3", &names[17..20]), ("limit=3&skip=4", &names[21..24])] {
        let path = format!("/sellers?{query}&cursor={cursor}");
        assert_eq!(of(&items(&house.client, &path).await, "name"), expected, "{query}");
    }
    for bad in ["-1", "10000001", "x", "1.5"] {
        let refused = house.client.get(&format!("/sellers?skip={bad}")).await;
        assert!(refused.problem(400).contains("skip"), "{}", refused.text());
    }
    let file = house.client.get("/sellers/export?skip=5").await;
    assert!(file.problem(400).contains("no such query parameter"), "a file holds all of them");
}

#[actix_web::test]
async fn what_became_of_a_seller_is_told_page_by_page_and_to_nobody_else() {
    let Some(house) = House::still().await else { return };
    let client = &house.client;
    add(client, &["lamps".to_owned(), "chairs".to_owned()]).await;
    let id = items(client, "/sellers?q=lamps").await[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/sellers/{id}");
    for (method, at, body) in [
        ("PATCH", path.clone(), Some(r#"{"name": "lamps and more"}"#)),
        ("POST", format!("{path}/flag"), Some(r#"{"flagged": true}"#)),
        ("DELETE", path.clone(), None),
        ("POST", format!("{path}/restore"), None),
    ] {
        let reply = client.send(method, &at, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let all = items(client, &format!("{path}/history")).await;
    assert_eq!(of(&all, "kind"), ["added", "removed", "flagged", "renamed", "added"]);
    assert_eq!((&all[3]["name_before"], &all[3]["name_after"]), (&json!("lamps"), &json!("lamps and more")));
    assert_eq!((&all[1]["entry"]["action"], &all[1]["entry"]["source"]), (&json!("remove"), &json!("manual")));
    let first = client.get(&format!("{path}/history?limit=2")).await.json();
    let cursor = first["next_cursor"].as_str().expect("a next page");
    assert_eq!(items(client, &format!("{path}/history?cursor={cursor}")).await, all[2..]);

    let other = items(client, "/sellers?q=chairs").await[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(items(client, &format!("/sellers/{other}/history")).await.len(), 1);
    assert_eq!(client.get(&format!("/sellers/{other}/history?cursor={cursor}")).await.status, 400, "of another seller");
    assert_eq!(house.foreigner().await.get(&format!("{path}/history")).await.status, 404);
}

#[actix_web::test]
async fn the_change_of_one_seller_names_its_entry_which_can_be_taken_back() {
    let Some(house) = House::still().await else { return };
    let client = &house.client;
    add(client, &["lamps".to_owned()]).await;
    let id = items(client, "/sellers").await[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/sellers/{id}");
    let changed = client.send("PATCH", &path, Some(r#"{"status": "approved"}"#)).await;
    let entry = changed.header("gleaner-entry-id").expect("an entry").to_owned();
    let undone = client.post(&format!("/history/{entry}/undo"), None).await;
    assert_eq!(undone.json()["affected_count"], 1, "{}", undone.text());
    assert_eq!(client.get(&path).await.json()["status"], "new");
    let nothing = client.send("PATCH", &path, Some(r#"{"status": "new"}"#)).await;
    assert_eq!((nothing.status, nothing.header("gleaner-entry-id")), (200, None), "nothing was changed");
}
