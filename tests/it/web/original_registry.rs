//! A client of the original system at the registry: its sellers, their audit log, the history panel. Paths, bodies and
//! names are written down from its description, never from our types; what it does not know it passes over.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::house::{House, MARKET};
use super::wire::Reply;

/// Whether everything that the client knows stands in what it is told, at any depth.
pub fn holds(told: &Value, known: &Value) -> bool {
    match (told, known) {
        (Value::Object(told), Value::Object(known)) => {
            known.iter().all(|(name, known)| told.get(name).is_some_and(|told| holds(told, known)))
        }
        (Value::Array(told), Value::Array(known)) => {
            told.len() == known.len() && told.iter().zip(known).all(|(told, known)| holds(told, known))
        }
        _ => told == known,
    }
}

/// An answer with this status that says at least this.
#[track_caller]
pub fn said(reply: &Reply, status: u16, known: &Value) -> Value {
    assert_eq!(reply.status, status, "{}", reply.text());
    let told = reply.json();
    assert!(holds(&told, known), "{told} does not say {known}");
    told
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn time(value: &Value) -> DateTime<Utc> {
    text(value).parse().expect("a time in RFC 3339")
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("a list").iter().map(|row| text(&row["name"])).collect()
}

/// An entry that a person made through the API.
fn by_hand(action: &str, affected: i64, snapshot: i64) -> Value {
    json!({
        "action": action, "source": "manual", "source_run_id": null, "user_id": null, "affected_count": affected,
        "seller_count_snapshot": snapshot,
    })
}

#[actix_web::test]
async fn sellers_are_entered_edited_flagged_and_removed_one_by_one_and_in_bulk() {
    let Some(house) = House::still().await else { return };
    let client = &house.client;
    let entered = client.post("/sellers", Some(&json!({"name": "  Harbour   Lights "}))).await;
    let known = json!({
        "name": "harbour lights", "display_name": "Harbour Lights", "platform": "ebay", "feedback_percent": null,
        "feedback_score": null, "times_seen": 0, "last_seen_run_id": null, "flagged": false,
    });
    let one = said(&entered, 201, &known);
    time(&one["last_seen_at"]);
    let path = format!("/sellers/{}", text(&one["id"]));
    said(&client.get(&path).await, 200, &known);
    let renamed = client.send("PATCH", &path, Some(r#"{"name": "Harbour Lamps"}"#)).await;
    said(&renamed, 200, &json!({"id": one["id"], "name": "harbour lamps", "display_name": "Harbour Lamps"}));
    let flagged = client.post(&format!("{path}/flag"), Some(&json!({"flagged": true}))).await;
    said(&flagged, 200, &json!({"id": one["id"], "flagged": true}));

    let many = client.post("/sellers/bulk", Some(&json!({"names": ["Ann", "Bea", "ann "]}))).await;
    said(&many, 200, &json!({"added_count": 2, "seller_count_snapshot": 3}));
    let list = client.get("/sellers").await.json();
    assert_eq!((names(&list), &list["next_cursor"]), (vec!["ann", "bea", "harbour lamps"], &Value::Null));
    let pair = [&list["items"][0]["id"], &list["items"][1]["id"]];
    let flags = client.post("/sellers/flag-batch", Some(&json!({"ids": pair, "flagged": true}))).await;
    said(&flags, 200, &json!({"affected_count": 2, "seller_count_snapshot": 3}));
    let removed = client.send("DELETE", &path, None).await;
    said(&removed, 200, &json!({"affected_count": 1, "seller_count_snapshot": 2}));
    let emptied = client.post("/sellers/bulk/delete", Some(&json!({"ids": pair}))).await;
    said(&emptied, 200, &json!({"affected_count": 2, "seller_count_snapshot": 0}));
    assert_eq!(names(&client.get("/sellers").await.json()), Vec::<&str>::new());

    let log = client.get("/sellers/audit-log").await;
    let told = [
        (by_hand("remove", 2, 0), vec![]),
        (by_hand("remove", 1, 2), vec!["ann", "bea"]),
        (by_hand("flag", 2, 3), vec!["ann", "bea", "harbour lamps"]),
        (by_hand("add", 2, 3), vec!["ann", "bea", "harbour lamps"]),
        (by_hand("flag", 1, 1), vec!["harbour lamps"]),
        (by_hand("edit", 1, 1), vec!["harbour lamps"]),
        (by_hand("add", 1, 1), vec!["harbour lights"]),
    ];
    let entries: Vec<&Value> = told.iter().map(|(entry, _)| entry).collect();
    let log = said(&log, 200, &json!({"items": entries, "next_cursor": null}));
    let log = log["items"].as_array().expect("a list");
    assert!(log.is_sorted_by(|newer, older| time(&newer["created_at"]) >= time(&older["created_at"])));
    for (entry, (known, sellers)) in log.iter().zip(told) {
        let then = client.get(&format!("/sellers/audit-log/{}/sellers", text(&entry["id"]))).await.json();
        assert_eq!(names(&then), sellers, "the registry after {known}");
    }
    said(&client.get("/sellers/audit-log?action=edit").await, 200, &json!({"items": [by_hand("edit", 1, 1)]}));
}

#[actix_web::test]
async fn the_history_panel_shows_runs_and_edits_in_one_list_each_with_its_snapshot() {
    let Some(house) = House::acting(Duration::ZERO).await else { return };
    let client = &house.client;
    let run = house.run().await;
    assert_eq!(house.give(&run, "execute").await.json()["status"], "running");
    client.listen(&format!("/collection/runs/{run}/activity")).await.expect("a stream").until("end").await;
    client.post("/sellers", Some(&json!({"name": "Zoe of the harbour"}))).await;

    let truth = MARKET.truth();
    let found = truth.len();
    let of_run = json!({
        "action": "collection_run", "source": "collection_run", "source_run_id": run, "affected_count": found,
        "seller_count_snapshot": found, "run": {"id": run, "number": 1, "name": "Lamps", "status": "completed"},
    });
    let edit = by_hand("add", 1, i64::try_from(found).expect("few") + 1);
    for (path, known) in [
        ("/history", json!([edit, of_run])),
        ("/history?kind=runs", json!([of_run])),
        ("/history?kind=edits", json!([edit])),
        ("/sellers/audit-log", json!([edit, of_run])),
        ("/sellers/audit-log?action=collection_run", json!([of_run])),
    ] {
        said(&client.get(path).await, 200, &json!({"items": known, "next_cursor": null}));
    }
    let over = json!({
        "id": run, "name": "Lamps", "status": "completed", "sellers_found": found, "sellers_new": found,
        "seller_count_snapshot": found, "categories_total": 3, "categories_completed": 3, "products_total": 24,
    });
    let over = said(&client.get("/collection/runs/history").await, 200, &json!({"items": [over], "next_cursor": null}));
    assert!(time(&over["items"][0]["started_at"]) <= time(&over["items"][0]["completed_at"]));

    let entry = client.get("/history?kind=runs").await.json()["items"][0]["id"].clone();
    let then = client.get(&format!("/sellers/audit-log/{}/sellers?limit=500", text(&entry))).await.json();
    assert_eq!(names(&then).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), truth);
    let sellers = client.get("/sellers?limit=500").await.json();
    let (of_the_run, by_hand): (Vec<&Value>, Vec<&Value>) =
        sellers["items"].as_array().expect("a list").iter().partition(|row| row["times_seen"] != 0);
    assert_eq!((of_the_run.len(), by_hand.len()), (found, 1));
    for row in of_the_run {
        let seen = json!({
            "platform": "ebay", "feedback_percent": 98.7, "feedback_score": 1200, "times_seen": 1, "last_seen_run_id": run,
        });
        assert!(holds(row, &seen), "{row} does not say {seen}");
    }
}
