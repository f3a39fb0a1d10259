//! Changes that hold only for what was read.

use serde_json::json;

use super::house::House;

#[actix_web::test]
async fn a_change_of_what_was_read_passes_and_of_what_has_changed_since_is_refused() {
    let Some(house) = House::still().await else { return };
    let path = format!("/collection/runs/{}", house.run().await);
    let read = house.client.get(&path).await;
    let tag = read.header("etag").expect("a tag").to_owned();
    assert_eq!(house.client.get(&path).await.header("etag"), Some(tag.as_str()), "as long as nothing changes");
    assert_eq!(house.client.send("HEAD", &path, None).await.header("etag"), Some(tag.as_str()));

    let of_that = house.client.with("If-Match", &tag);
    let changed = of_that.send("PATCH", &path, Some("{\"name\": \"Chairs\"}")).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let now = house.client.get(&path).await;
    assert_eq!(changed.header("etag"), now.header("etag"));
    assert_ne!(changed.header("etag"), Some(tag.as_str()));

    let late = of_that.send("PATCH", &path, Some("{\"name\": \"Tables\"}")).await;
    assert!(late.problem(412).contains("read it again"), "{}", late.text());
    assert_eq!(house.client.get(&path).await.json()["name"], "Chairs");
    for passes in [None, Some("*"), changed.header("etag")] {
        let client = passes.map_or(house.client.clone(), |tag| house.client.with("If-Match", tag));
        let body = json!({"name": format!("Chairs {passes:?}")}).to_string();
        let reply = client.send("PATCH", &path, Some(&body)).await;
        let expected = if passes == changed.header("etag") { 412 } else { 200 };
        assert_eq!(reply.status, expected, "{passes:?}: {}", reply.text());
    }
}

#[actix_web::test]
async fn of_two_changes_of_the_same_reading_one_holds() {
    let Some(house) = House::still().await else { return };
    let path = format!("/collection/runs/{}", house.run().await);
    let tag = house.client.get(&path).await.header("etag").expect("a tag").to_owned();
    let changing = (0..6).map(|number| {
        let (client, path) = (house.client.with("If-Match", &tag), path.clone());
        let body = json!({"name": format!("Name {number}")}).to_string();
        actix_web::rt::spawn(async move { client.send("PATCH", &path, Some(&body)).await.status })
    });
    let mut statuses = Vec::new();
    for changed in changing.collect::<Vec<_>>() {
        statuses.push(changed.await.expect("no panic"));
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412]);
}

#[actix_web::test]
async fn what_is_no_tag_is_named_and_anothers_run_stays_unknown() {
    let Some(house) = House::still().await else { return };
    let path = format!("/collection/runs/{}", house.run().await);
    let bad = house.client.with("If-Match", "abc").send("PATCH", &path, Some("{\"name\": \"Chairs\"}")).await;
    assert!(bad.problem(400).contains("If-Match"), "{}", bad.text());
    let tag = house.client.get(&path).await.header("etag").expect("a tag").to_owned();
    let foreigner = house.foreigner().await.with("If-Match", &tag);
    foreigner.send("PATCH", &path, Some("{\"name\": \"Chairs\"}")).await.problem(404);
    assert_eq!(house.client.get(&path).await.json()["name"], "Lamps");
}
