//! The pages of the registry as the server writes them: the list with its filters and pages, and each seller.

use gleaner::domain::rights::Role;
use serde_json::{Value, json};

use super::house::House;
use super::people::{NOBODY, admin, join};
use super::wire::Client;

const NASTY: &str = "<img src=x onerror=alert(1)>\"'&";
const TEXT: &str = "&lt;img src=x onerror=alert(1)&gt;";

async fn add(client: &Client, body: Value) -> String {
    let reply = client.post("/sellers", Some(&body)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["id"].as_str().expect("an id").to_owned()
}

async fn page(client: &Client, path: &str) -> String {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    // As a browser reads it: a slash may be written so or so.
    reply.text().replace("&#x2f;", "/")
}

/// The names that the list's links show, in their order.
fn names(page: &str) -> Vec<String> {
    let links = page.split("href=\"/admin/sellers/").skip(1);
    links.filter_map(|rest| Some(rest.split_once('>')?.1.split_once('<')?.0.to_owned())).collect()
}

/// Where the link of this relation or text leads.
fn link(page: &str, mark: &str) -> String {
    let at = page.find(mark).unwrap_or_else(|| panic!("no {mark} in {page}"));
    let before = &page[..at];
    let href = if mark.starts_with("rel=") { &page[at..] } else { &before[before.rfind("<a ").expect("a link")..] };
    let address = href.split_once("href=\"").expect("an address").1.split_once('"').expect("its end").0;
    address.replace("&amp;", "&")
}

#[actix_web::test]
async fn whoever_may_read_the_registry_reads_its_pages_and_a_viewer_is_offered_no_change() {
    let Some(house) = House::still().await else { return };
    let first = admin(&house).await;
    let id = add(&first.client, json!({"name": "lamps-and-more"})).await;
    let viewer = join(&house, &first.client, "viewer@example.org", Role::Viewer).await;
    let operator = join(&house, &first.client, "operator@example.org", Role::Operator).await;
    let changes = ["id=\"add\"", "id=\"import\"", "id=\"remove\"", "id=\"marks\"", "id=\"exclude\""];
    for (person, may) in [(&first, true), (&operator, true), (&viewer, false)] {
        let list = page(&person.client, "/admin/sellers").await;
        assert_eq!(names(&list), ["lamps-and-more"]);
        assert!(list.contains("<a href=\"/admin/sellers\" aria-current=\"page\">Sellers</a>"), "{list}");
        let one = page(&person.client, &format!("/admin/sellers/{id}")).await;
        assert!(one.contains("https://www.ebay.com/usr/lamps-and-more") && one.contains("rel=\"noopener noreferrer\""));
        for change in changes {
            assert_eq!(list.contains(change) || one.contains(change), may, "{change}");
        }
    }
}

#[actix_web::test]
async fn another_organisations_sellers_are_not_there() {
    let Some(house) = House::still().await else { return };
    let id = add(&house.client, json!({"name": "lamps-and-more"})).await;
    let foreigner = house.foreigner().await;
    assert!(page(&foreigner, "/admin/sellers").await.contains("No seller yet"));
    for path in [format!("/admin/sellers/{id}"), format!("/admin/sellers/{NOBODY}"), "/admin/sellers/x".to_owned()] {
        let missing = foreigner.get(&path).await;
        assert_eq!((missing.status, missing.text().contains("Nothing here")), (404, true), "{path}");
    }
}

#[actix_web::test]
async fn what_comes_from_outside_is_text_in_the_list_and_on_the_sellers_page() {
    let Some(house) = House::still().await else { return };
    let body = json!({"name": NASTY, "tags": ["<b>tag</b>"], "note": format!("{NASTY}{}", "x".repeat(1_900))});
    let id = add(&house.client, body).await;
    let asked = "/admin/sellers?q=%3Cimg&tag=%3Cb%3Etag%3C%2Fb%3E";
    for path in ["/admin/sellers".to_owned(), asked.to_owned(), format!("/admin/sellers/{id}")] {
        let page = page(&house.client, &path).await;
        assert!(page.contains(TEXT) && !page.contains("<img") && !page.contains("<b>tag"), "{path}: {page}");
        assert_eq!(page.matches("</title>").count(), 1, "{path}");
    }
}

#[actix_web::test]
async fn an_empty_registry_and_a_filter_that_nobody_matches_say_what_to_do() {
    let Some(house) = House::still().await else { return };
    let empty = page(&house.client, "/admin/sellers").await;
    assert!(
        empty.contains("No seller yet") && empty.contains("Collect sellers") && !empty.contains("<table"),
        "{empty}"
    );
    add(&house.client, json!({"name": "lamps-and-more"})).await;
    let none = page(&house.client, "/admin/sellers?q=chairs").await;
    assert!(none.contains("<section class=\"panel empty-page\" id=\"none\"><div"), "it is shown: {none}");
    assert!(none.contains("id=\"sellers\" hidden"), "the table is not");
    let bad = house.client.get("/admin/sellers?feedback_min=101").await;
    assert_eq!(bad.status, 400);
    assert!(bad.text().contains("a percentage from 0 to 100"), "{}", bad.text());
}

#[actix_web::test]
async fn without_scripts_filters_are_taken_away_columns_sorted_and_pages_turned_by_links() {
    let Some(house) = House::still().await else { return };
    let all: Vec<String> = (0..130).map(|number| format!("shop-{number:03}")).collect();
    let added = house.client.post("/sellers/bulk", Some(&json!({"names": all, "status": "approved"}))).await;
    assert_eq!(added.status, 200, "{}", added.text());
    add(&house.client, json!({"name": "other"})).await;
    let client = &house.client;

    let first = page(client, "/admin/sellers?status=approved&sort=name&order=desc").await;
    let mut seen = names(&first);
    assert_eq!((seen.len(), seen[0].as_str()), (100, "shop-129"));
    assert!(first.contains("<b class=\"cut\" dir=\"auto\" title=\"Approved\">Approved</b>"), "the filter is told");
    let second = page(client, &link(&first, "rel=\"next\"")).await;
    seen.extend(names(&second));
    let backwards: Vec<String> = all.iter().rev().cloned().collect();
    assert_eq!(seen, backwards);
    assert!(!second.contains("rel=\"next\"") && link(&second, ">First page").ends_with("status=approved"));

    let without = page(client, &link(&first, " aria-label=\"Without the filter Status\"")).await;
    assert!(without.contains("131") && names(&without)[0] == "shop-129", "the order stays");
    let turned = page(client, &link(&without, ">Seller<svg")).await;
    assert_eq!(names(&turned)[0], "other");
    let cleared = link(&first, ">Clear</a>");
    assert_eq!(cleared, "/admin/sellers?order=desc&sort=name");
}

#[actix_web::test]
async fn a_sellers_page_says_what_became_of_it_and_that_it_was_removed() {
    let Some(house) = House::still().await else { return };
    let id = add(&house.client, json!({"name": "lamps", "tags": ["big fish"], "note": "asks for a licence"})).await;
    let path = format!("/sellers/{id}");
    let renamed = house.client.send("PATCH", &path, Some("{\"name\": \"lamps and more\"}")).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text());
    house.client.post(&format!("{path}/flag"), Some(&json!({"flagged": true}))).await;
    let one = page(&house.client, &format!("/admin{path}")).await;
    for told in
        ["lamps and more", "was lamps", "Flag taken away", "Flagged", "by hand", "big fish", "asks for a licence"]
    {
        assert_eq!(one.contains(told), told != "Flag taken away", "{told} in {one}");
    }
    assert!(one.contains("No run has found it yet"), "{one}");
    house.client.send("DELETE", &path, None).await;
    let removed = page(&house.client, &format!("/admin{path}")).await;
    assert!(removed.contains("id=\"restore\"") && !removed.contains("id=\"marks\""), "{removed}");
}

#[actix_web::test]
async fn who_was_removed_is_found_among_the_removed_and_who_is_kept_out_among_those() {
    let Some(house) = House::still().await else { return };
    let first = admin(&house).await.client;
    let (here, gone, out) = (
        add(&first, json!({"name": "still-here"})).await,
        add(&first, json!({"name": "gone-shop"})).await,
        add(&first, json!({"name": "kept-out-shop"})).await,
    );
    assert_eq!(first.send("DELETE", &format!("/sellers/{gone}"), None).await.status, 200);
    assert_eq!(first.send("DELETE", &format!("/sellers/{out}?exclude=true"), None).await.status, 200);
    let all = page(&first, "/admin/sellers?sort=times_seen&order=desc").await;
    assert_eq!(names(&all), ["still-here"]);
    let removed = page(&first, &link(&all, "Removed</a>")).await;
    assert_eq!(names(&removed), ["gone-shop", "kept-out-shop"]);
    let excluded = page(&first, &link(&removed, "Kept out of runs</a>")).await;
    assert_eq!(names(&excluded), ["kept-out-shop"]);
    for list in [&removed, &excluded] {
        let changes = ["id=\"add\"", "id=\"export\"", "sort=times_seen"];
        assert!(changes.iter().all(|change| !list.contains(change)), "{list}");
    }
    assert!(page(&first, &format!("/admin/sellers/{out}")).await.contains("Kept out"));
    assert!(!page(&first, &format!("/admin/sellers/{here}")).await.contains("Kept out"));
}
