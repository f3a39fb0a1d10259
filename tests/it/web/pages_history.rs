//! The pages of the history and of Collect as the server writes them, and what the API tells them that no list tells.

use gleaner::domain::rights::Role;
use serde_json::{Value, json};

use super::house::House;
use super::people::{NOBODY, admin, join};

/// Enters these names; the entry that this makes.
async fn add(house: &House, names: &[&str]) -> String {
    let reply = house.client.post("/sellers/bulk", Some(&json!({ "names": names }))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["entry_id"].as_str().expect("an entry").to_owned()
}

async fn seller(house: &House, name: &str) -> String {
    let found = house.client.get(&format!("/sellers?q={name}")).await.json();
    found["items"][0]["id"].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned()
}

/// The newest entry.
async fn newest(house: &House) -> Value {
    house.client.get("/history?limit=1").await.json()["items"][0].clone()
}

#[actix_web::test]
async fn the_history_can_be_read_page_by_page_without_scripts() {
    let Some(house) = House::still().await else { return };
    let empty = house.client.get("/admin/history").await;
    assert_eq!(empty.status, 200, "{}", empty.text());
    assert!(empty.text().contains("Nothing here yet"), "says what to do next");
    for number in 0..55 {
        add(&house, &[&format!("seller-{number}")]).await;
    }
    let first = house.client.get("/admin/history?kind=edits").await.text();
    assert_eq!(first.matches("class=\"he\"").count(), 50);
    let older = first.split("id=\"older\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    assert!(older.contains("kind=edits"), "the link keeps what was asked for: {older}");
    let second = house.client.get(&older.replace("&amp;", "&").replace("&#x2f;", "/")).await.text();
    assert_eq!(second.matches("class=\"he\"").count(), 5);
    assert!(!second.contains("id=\"older\"") && second.contains("Newest entries"));
    assert!(house.client.get("/admin/history?kind=runs").await.text().contains("No entry of this kind"));
    assert_eq!(house.client.get("/admin/history?kind=everything").await.status, 400);
}

/// Days that leave nothing between them are told beside the fields, which keep what was chosen.
#[actix_web::test]
async fn a_span_that_cannot_be_asked_for_is_told_where_it_was_chosen() {
    let Some(house) = House::still().await else { return };
    add(&house, &["Ann"]).await;
    for path in ["/admin/history", "/admin/sellers", "/admin/settings/audit"] {
        let page = house.client.get(&format!("{path}?from=2026-11-28&to=2026-11-28")).await;
        let text = page.text();
        assert_eq!(page.status, 200, "{path}: {text}");
        assert!(text.contains("For one day, choose the day after it"), "{text}");
        let wrong = house.client.get(&format!("{path}?from=2026-11-28&to=tomorrow")).await;
        assert_eq!(wrong.status, 400, "no day at all is another matter");
        assert!(text.matches("value=\"2026-11-28\"").count() >= 2, "{text}");
    }
}

/// What was taken back says so and offers no second way back, until it is done again.
#[actix_web::test]
async fn an_entry_that_was_taken_back_leads_to_what_took_it_back() {
    let Some(house) = House::still().await else { return };
    let entry = add(&house, &["Ann", "Bea"]).await;
    let page = async || house.client.get(&format!("/admin/history/{entry}")).await.text();
    let undo = "id=\"undo\"";
    assert!(page().await.contains(undo));
    house.client.post(&format!("/history/{entry}/undo"), None).await;
    let taken_back = page().await;
    assert!(taken_back.contains("It was taken back later") && !taken_back.contains(undo), "{taken_back}");
    let undone = newest(&house).await["id"].as_str().expect("an id").to_owned();
    house.client.post(&format!("/history/{undone}/undo"), None).await;
    assert!(page().await.contains(undo));
}

#[actix_web::test]
async fn an_entry_shows_what_changed_and_who_was_there_then() {
    let Some(house) = House::still().await else { return };
    let added = add(&house, &["zoe", "Ann", "bob"]).await;
    let page = house.client.get(&format!("/admin/history/{added}?kind=edits")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let page = page.text();
    let at = |name: &str| page.find(&format!("title=\"{name}\"")).unwrap_or_else(|| panic!("{name}: {page}"));
    assert!(at("Ann") < at("bob") && at("bob") < at("zoe"), "sorted by name");
    assert_eq!(page.matches("class=\"add\"").count(), 3);
    assert!(page.contains("kind=edits&amp;show=sellers"), "{page}");
    let ann = seller(&house, "Ann").await;
    let marks = json!({"status": "approved", "tags": ["vip"], "note": "<b>call</b>"});
    assert_eq!(house.client.send("PATCH", &format!("/sellers/{ann}"), Some(&marks.to_string())).await.status, 200);
    let edited = newest(&house).await;
    let page = house.client.get(&format!("/admin/history/{}", edited["id"].as_str().expect("an id"))).await.text();
    for told in ["status New to Approved", "tags nothing to vip", "&lt;b&gt;call&lt;"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let removed = house.client.send("DELETE", &format!("/sellers/{ann}"), None).await;
    assert_eq!(removed.status, 200, "{}", removed.text());
    let gone = newest(&house).await;
    let page = house.client.get(&format!("/admin/history/{}", gone["id"].as_str().expect("an id"))).await.text();
    assert!(
        page.contains("class=\"del\"") && page.contains("1 removed") || page.contains(">1</data> removed"),
        "{page}"
    );
    let then = house.client.get(&format!("/admin/history/{added}?show=sellers")).await.text();
    assert_eq!(then.matches("href=\"/admin/sellers/").count(), 3, "as it was then");
}

#[actix_web::test]
async fn an_export_shows_who_left_and_cannot_be_taken_back() {
    let Some(house) = House::still().await else { return };
    add(&house, &["Ann", "Bea"]).await;
    assert_eq!(house.client.get("/sellers/export?format=csv&columns=name").await.status, 200);
    let entry = newest(&house).await;
    let page = house.client.get(&format!("/admin/history/{}", entry["id"].as_str().expect("an id"))).await.text();
    assert!(page.contains("Who left") && page.contains("title=\"Ann\"") && page.contains("Columns: name"), "{page}");
    assert!(!page.contains("id=\"undo\""), "{page}");
}

#[actix_web::test]
async fn two_entries_are_compared_whichever_comes_first() {
    let Some(house) = House::still().await else { return };
    let first = add(&house, &["Ann"]).await;
    let second = add(&house, &["Bea", "Cis"]).await;
    let ticked = house.client.get(&format!("/admin/history/compare?entry={second}&entry={first}")).await;
    let to = format!("/admin/history/compare?from={first}&to={second}");
    assert_eq!((ticked.status, ticked.header("location")), (303, Some(to.as_str())));
    let page = house.client.get(&to).await.text();
    assert_eq!((page.matches("class=\"add\"").count(), page.matches("class=\"del\"").count()), (2, 0), "{page}");
    let back = house.client.get(&format!("/admin/history/compare?from={second}&to={first}")).await.text();
    assert_eq!(back.matches("class=\"del\"").count(), 2);
    assert!(
        house
            .client
            .get(&format!("/admin/history/compare?from={first}&to={first}"))
            .await
            .text()
            .contains("was the same")
    );
    for bad in [format!("entry={first}"), format!("from={first}"), format!("from={first}&to=x")] {
        assert_eq!(house.client.get(&format!("/admin/history/compare?{bad}")).await.status, 400, "{bad}");
    }
}

#[actix_web::test]
async fn the_history_is_for_whoever_may_see_it_and_undo_for_whoever_may_change_it() {
    let Some(house) = House::still().await else { return };
    let entry = add(&house, &["Ann"]).await;
    let first = admin(&house).await;
    let viewer = join(&house, &first.client, "viewer@example.org", Role::Viewer).await;
    let path = format!("/admin/history/{entry}");
    assert!(first.client.get(&path).await.text().contains("id=\"undo\""));
    let seen = viewer.client.get(&path).await;
    assert_eq!(seen.status, 200);
    assert!(!seen.text().contains("id=\"undo\""), "what a viewer may not do is not offered");
    let home = viewer.client.get("/admin").await.text();
    assert!(!home.contains("data-command") && home.contains("Sellers in total"), "{home}");
    let foreigner = house.foreigner().await;
    let another = add(&house, &["Bea"]).await;
    for missing in
        [path.clone(), format!("/admin/history/compare?from={entry}&to={another}"), format!("/history/{entry}")]
    {
        assert_eq!(foreigner.get(&missing).await.status, 404, "another organisation's entry is not there: {missing}");
    }
    assert_eq!(house.client.get(&format!("/admin/history/{NOBODY}")).await.status, 404);
    // A person's name stands beside what they did.
    let body = json!({"names": ["Cis"]});
    assert_eq!(first.client.post("/sellers/bulk", Some(&body)).await.status, 200);
    let told = newest(&house).await;
    assert!(told["user_name"].is_string() && told["token_name"].is_null(), "{told}");
    assert!(house.client.get("/history?limit=2").await.json()["items"][1]["token_name"].is_string());
}

#[actix_web::test]
async fn names_with_markup_and_of_great_length_are_text_in_the_history() {
    let Some(house) = House::still().await else { return };
    let name = format!("<img src=x onerror=alert(1)>{}", "x".repeat(150));
    let entry = add(&house, &[&name]).await;
    let body = json!({"name": "<script>\u{5d0}</script>", "category_ids": ["category-0"]});
    let made = house.client.post("/collection/runs", Some(&body)).await.json();
    house.give(made["id"].as_str().expect("an id"), "start").await;
    for path in ["/admin".to_owned(), "/admin/history".to_owned(), format!("/admin/history/{entry}")] {
        let page = house.client.get(&path).await.text();
        assert!(!page.contains("<img") && !page.contains("<script>\u{5d0}"), "{path}: {page}");
        assert!(page.contains("&lt;") || path.ends_with("/history"), "{path}: {page}");
    }
}

#[actix_web::test]
async fn changes_come_by_name_page_by_page_and_each_once() {
    let Some(house) = House::still().await else { return };
    let names: Vec<String> =
        (0..7).map(|number| format!("{}-shop-{number}", if number % 2 == 0 { "b" } else { "A" })).collect();
    let entry = add(&house, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house
            .client
            .get(&format!("/sellers/audit-log/{entry}/diff?sort=name&limit=3&cursor={cursor}"))
            .await
            .json();
        let rows = page["items"].as_array().expect("a list");
        seen.extend(rows.iter().map(|row| row["name_after"].as_str().expect("a name").to_lowercase()));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let mut sorted: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    sorted.sort();
    assert_eq!(seen, sorted);
    let other = house.client.get(&format!("/sellers/audit-log/{entry}/diff?limit=3&cursor={cursor}")).await;
    other.problem(400);
}

#[actix_web::test]
async fn the_count_of_each_day_is_what_the_newest_entry_of_it_says() {
    let Some(house) = House::still().await else { return };
    let nothing = house.client.get("/history/counts?days=3").await.json();
    let counts = |answer: &Value| -> Vec<i64> {
        answer["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|day| day["sellers"].as_i64().expect("a count"))
            .collect()
    };
    assert_eq!(counts(&nothing), [0, 0, 0, 0]);
    let entry = add(&house, &["Ann", "Bea"]).await;
    add(&house, &["Cis"]).await;
    let moved = format!(
        "UPDATE seller_audit_log SET created_at = created_at - interval '2 days', closed_at = closed_at - interval '2 days' \
         WHERE id = '{entry}'"
    );
    house.database.change(&moved);
    let answer = house.client.get("/history/counts?days=3").await.json();
    assert_eq!(counts(&answer), [0, 2, 2, 3]);
    assert_eq!(house.client.get("/history/counts").await.json()["items"].as_array().map(Vec::len), Some(91));
    assert_eq!(counts(&house.foreigner().await.get("/history/counts?days=1").await.json()), [0, 0]);
    for bad in ["0", "367", "-1", "x"] {
        house.client.get(&format!("/history/counts?days={bad}")).await.problem(400);
    }
    let page = house.client.get("/admin?days=30").await.text();
    assert!(page.contains("Sellers in total over 30 days, from 0 to 3"), "{page}");
}
