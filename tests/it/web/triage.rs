//! Triage of many sellers at once, the ranking of the list, and sellers that are kept out.

use std::time::Duration;

use gleaner::domain::registry::Triage;
use gleaner::domain::rights::Role;
use gleaner::store::registry::asked::{SellerQuery, SellerSort};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::house::House;
use super::people::{admin, join};
use super::wire::Client;

/// Enters these names and gives their ids, in this order.
async fn add(house: &House, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        let reply = house.client.post("/sellers", Some(&json!({"name": name, "tags": ["old", "kept"]}))).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        ids.push(reply.json()["id"].as_str().expect("an id").to_owned());
    }
    ids
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()["items"].as_array().expect("a list").clone()
}

/// Everything that a refused change could have changed.
async fn state(house: &House) -> (Vec<Value>, Vec<Value>) {
    (items(&house.client, "/sellers").await, items(&house.client, "/history").await)
}

const TRIAGE: &str = "/sellers/bulk/triage";

#[actix_web::test]
async fn many_are_triaged_as_one_entry_that_can_be_taken_back() {
    let Some(house) = House::still().await else { return };
    let ids = add(&house, &["Ann", "Bea", "Cis"]).await;
    let before = items(&house.client, "/sellers").await;
    let change = json!({
        "ids": ids[..2], "status": "contacted", "note": " asked for a price ", "flagged": true,
        "tags": {"add": ["Big Fish"], "remove": ["old", "never there"]},
    });

    let told = house.client.post(TRIAGE, Some(&change)).await;

    assert_eq!((told.status, &told.json()["affected_count"]), (200, &json!(2)), "{}", told.text());
    let after = items(&house.client, "/sellers").await;
    for seller in &after[..2] {
        let marks = (&seller["status"], &seller["note"], &seller["flagged"], &seller["tags"]);
        let expected = (&json!("contacted"), &json!("asked for a price"), &json!(true), &json!(["big fish", "kept"]));
        assert_eq!(marks, expected);
    }
    assert_eq!(after[2], before[2]);
    let newest = items(&house.client, "/history").await.remove(0);
    let entry = (&newest["id"], &newest["action"], &newest["affected_count"], &newest["seller_count_snapshot"]);
    assert_eq!(entry, (&told.json()["entry_id"], &json!("edit"), &json!(2), &json!(3)));
    let again = house.client.post(TRIAGE, Some(&change)).await.json();
    assert_eq!((&again["entry_id"], &again["affected_count"]), (&json!(null), &json!(0)), "nothing had to be changed");

    let path = format!("/history/{}/undo", newest["id"].as_str().expect("an id"));
    assert_eq!(house.client.post(&path, None).await.status, 200);
    assert_eq!(items(&house.client, "/sellers").await, before);
}

#[actix_web::test]
async fn as_many_as_a_bulk_holds_are_triaged_in_one_change() {
    let Some(house) = House::still().await else { return };
    let names: Vec<String> = (0..10_000).map(|number| format!("shop {number}")).collect();
    house.client.post("/sellers/bulk", Some(&json!({"names": names}))).await;
    let all = house.store.list_sellers(house.org, &SellerQuery::all(SellerSort::Name, false), 10_000).await;
    let mut ids: Vec<String> = all.expect("the registry").iter().map(|seller| seller.id.to_string()).collect();
    let told = house.client.post(TRIAGE, Some(&json!({"ids": ids, "status": "rejected"}))).await;
    assert_eq!((told.status, &told.json()["affected_count"]), (200, &json!(10_000)), "{}", told.text());
    assert_eq!(items(&house.client, "/history").await.len(), 2);
    ids.push(house.token_id.to_string());
    let said = house.client.post(TRIAGE, Some(&json!({"ids": ids, "status": "new"}))).await.problem(422);
    assert!(said.contains("10001 of them") && said.contains("1 to 10000"), "{said}");
}

#[actix_web::test]
async fn a_triage_with_anything_wrong_in_it_changes_nobody() {
    let Some(house) = House::still().await else { return };
    let ids = add(&house, &["Ann", "Bea"]).await;
    let tags: Vec<String> = (0..19).map(|number| format!("tag {number}")).collect();
    let full = json!({"ids": [ids[0]], "tags": {"add": tags[..18]}});
    assert_eq!(house.client.post(TRIAGE, Some(&full)).await.status, 200, "twenty tags are as many as there may be");
    let gone = add(&house, &["Cis"]).await.remove(0);
    house.client.send("DELETE", &format!("/sellers/{gone}"), None).await;
    let before = state(&house).await;
    for (change, words) in [
        (json!({"status": "new"}), ["ids", "is missing"]),
        (json!({"ids": []}), ["ids", "1 to 10000"]),
        (json!({"ids": ids}), ["body", "allowed are flagged, status, tags, note"]),
        (json!({"ids": [ids[0], "x"], "status": "new"}), ["ids[1]", "is none"]),
        (json!({"ids": [ids[0], 7], "status": "new"}), ["ids[1]", "is a number"]),
        (json!({"ids": [ids[0], house.token_id], "flagged": true}), ["ids", "1 of them are no sellers here"]),
        (json!({"ids": ids, "name": "x"}), ["name", "no such field"]),
        (json!({"ids": ids, "status": "great"}), ["status", "one of new, reviewing"]),
        (json!({"ids": ids, "flagged": "yes"}), ["flagged", "true or false"]),
        (json!({"ids": ids, "note": "x".repeat(2_001)}), ["note", "at most 2000 characters"]),
        (json!({"ids": ids, "tags": ["a"]}), ["tags", "lists add and remove"]),
        (json!({"ids": ids, "tags": {"set": ["a"]}}), ["tags.set", "allowed are add, remove"]),
        (json!({"ids": ids, "tags": {"add": "a"}}), ["tags.add", "is a string"]),
        (json!({"ids": ids, "tags": {"add": ["b", ""]}}), ["tags.add[1]", "is empty"]),
        (json!({"ids": ids, "tags": {"remove": ["x\u{202e}"]}}), ["tags.remove[0]", "U+202E"]),
        (json!({"ids": ids, "tags": {"add": ["A"], "remove": ["a"]}}), ["tags.remove", "one of both"]),
        (json!({"ids": ids, "tags": {"add": [], "remove": []}}), ["body", "changes nothing"]),
    ] {
        let said = house.client.post(TRIAGE, Some(&change)).await.problem(422);
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
    let over = house.client.post(TRIAGE, Some(&json!({"ids": ids, "tags": {"add": ["one more"]}}))).await;
    assert!(over.problem(409).contains("Ann: it would have more tags than a seller may have"), "{}", over.text());
    let removed = house.client.post(TRIAGE, Some(&json!({"ids": [ids[1], gone], "flagged": true}))).await;
    assert!(removed.problem(409).contains("Cis: it is removed"), "{}", removed.text());
    let change = json!({"ids": ids, "status": "approved"});
    let admin = admin(&house).await;
    let viewer = join(&house, &admin.client, "viewer@example.org", Role::Viewer).await;
    assert!(viewer.client.post(TRIAGE, Some(&change)).await.problem(403).contains("sellers.write"));
    house.foreigner().await.post(TRIAGE, Some(&change)).await.problem(422);
    house.stranger.post(TRIAGE, Some(&change)).await.problem(401);
    assert_eq!(state(&house).await, before);
}

/// The ways of reading that a plan names.
fn ways(plan: &Value, found: &mut Vec<String>) {
    for word in ["Node Type", "Index Name"] {
        found.extend(plan[word].as_str().map(ToOwned::to_owned));
    }
    for inner in plan["Plans"].as_array().into_iter().flatten() {
        ways(inner, found);
    }
}

#[actix_web::test]
async fn every_filter_is_read_by_an_index_whatever_the_list_is_sorted_by() {
    let Some(house) = House::still().await else { return };
    let all: Vec<String> = (0..10_000).map(|number| format!("shop {number}")).collect();
    house.client.post("/sellers/bulk", Some(&json!({"names": all}))).await;
    house.database.analyze();
    let (past, future) = (chrono::DateTime::UNIX_EPOCH, chrono::DateTime::from_timestamp(4_000_000_000, 0));
    for sort in SellerSort::ALL {
        for descending in [false, true] {
            let all = || SellerQuery::all(*sort, descending);
            for asked in [
                all(),
                SellerQuery { search: Some("9876".to_owned()), ..all() },
                SellerQuery { search: Some("sh".to_owned()), ..all() },
                SellerQuery { flagged: Some(true), ..all() },
                SellerQuery { flagged: Some(false), ..all() },
                SellerQuery { status: Some(Triage::New), ..all() },
                SellerQuery { status: Some(Triage::Approved), ..all() },
                SellerQuery { tag: Some("rare".to_owned()), ..all() },
                SellerQuery { times_seen_min: Some(1), ..all() },
                SellerQuery { feedback_tenths_min: Some(985), ..all() },
                SellerQuery { from: future, ..all() },
                SellerQuery { to: Some(past), ..all() },
            ] {
                let plan = house.store.plan_of_sellers(house.org, &asked, 51).await.expect("a plan");
                let mut found = Vec::new();
                ways(&plan, &mut found);
                assert!(!found.iter().any(|way| way == "Seq Scan"), "{asked:?}: {found:?}");
            }
        }
    }
}

async fn whole_run(house: &House) -> Value {
    let run = house.run().await;
    assert_eq!(house.give(&run, "start").await.status, 202);
    let limit = Instant::now() + Duration::from_secs(60);
    loop {
        let now = house.look(&run).await;
        if now["status"] == "completed" {
            return now;
        }
        assert!(Instant::now() < limit, "the run never ends: {now}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// What each seller of the list is ranked by, null where it has none.
async fn ranks(house: &House, path: &str, of: &str) -> Vec<Value> {
    items(&house.client, path).await.into_iter().map(|mut seller| seller[of].take()).collect()
}

#[actix_web::test]
async fn the_best_come_first_by_products_matched_and_by_price_position() {
    let Some(house) = House::acting(Duration::ZERO).await else { return };
    whole_run(&house).await;
    add(&house, &["Entered by hand"]).await;
    let limit = Instant::now() + Duration::from_secs(60);
    while ranks(&house, "/sellers?sort=products_matched", "products_matched").await[0] == 0 {
        assert!(Instant::now() < limit, "the sellers of a run that ended are never ranked");
        sleep(Duration::from_millis(20)).await;
    }
    let numbers =
        |values: Vec<Value>| values.iter().map(|value| value.as_i64().unwrap_or(i64::MAX)).collect::<Vec<_>>();
    for (sort, of, smallest_first) in
        [("products_matched", "products_matched", false), ("best_price_position", "best_price_position", true)]
    {
        let by =
            async |order: &str| numbers(ranks(&house, &format!("/sellers?sort={sort}&limit=500{order}"), of).await);
        let (plain, up, down) = (by("").await, by("&order=asc").await, by("&order=desc").await);
        assert!(up.is_sorted() && down.iter().rev().is_sorted(), "{up:?} {down:?}");
        assert_eq!(plain, if smallest_first { up } else { down }, "by {sort} the best come first");
        assert!(plain.first() != plain.last(), "{plain:?} tells nothing apart");
    }
    let last = items(&house.client, "/sellers?sort=best_price_position&limit=500").await.pop().expect("somebody");
    assert_eq!((&last["name"], &last["best_price_position"]), (&json!("entered by hand"), &Value::Null));
}

#[actix_web::test]
async fn who_is_excluded_stays_out_of_later_runs_and_who_is_only_removed_comes_back_as_new() {
    let Some(house) = House::acting(Duration::ZERO).await else { return };
    let first = whole_run(&house).await;
    let sellers = items(&house.client, "/sellers?limit=500").await;
    let [out, back] = [0, 1].map(|index| sellers[index].clone());
    let id = |seller: &Value| seller["id"].as_str().expect("an id").to_owned();
    for (seller, exclude) in [(&out, "true"), (&back, "false")] {
        let removed = house.client.send("DELETE", &format!("/sellers/{}?exclude={exclude}", id(seller)), None).await;
        assert_eq!(removed.status, 200, "{}", removed.text());
    }
    let by_hand = house.client.post("/sellers", Some(&json!({"name": out["display_name"]}))).await;
    assert!(by_hand.problem(409).contains("excluded"), "{}", by_hand.text());

    let second = whole_run(&house).await;

    let now = items(&house.client, "/sellers?limit=500").await;
    assert!(now.iter().all(|seller| seller["name"] != out["name"]), "who is excluded stays out");
    let again = now.iter().find(|seller| seller["name"] == back["name"]).expect("who was removed comes back");
    assert_ne!(again["id"], back["id"]);
    assert_eq!((&again["times_seen"], &again["first_seen_run_id"]), (&json!(1), &second["id"]));
    let entry = items(&house.client, "/history?kind=runs").await.remove(0);
    assert_eq!((&entry["added_count"], &entry["excluded_count"]), (&json!(1), &json!(1)), "{entry}");
    let restored = house.client.post(&format!("/sellers/{}/restore", id(&out)), None).await;
    assert_eq!(restored.json()["first_seen_run_id"], first["id"], "{}", restored.text());
    let third = whole_run(&house).await;
    let found = house.client.get(&format!("/sellers/{}", id(&out))).await.json();
    assert_eq!((&found["last_seen_run_id"], &found["times_seen"]), (&third["id"], &json!(2)));
}
