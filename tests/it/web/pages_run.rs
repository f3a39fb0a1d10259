//! The pages of a run as the server writes them: the run, its coverage, and two runs side by side, read without scripts.

use gleaner::domain::rights::Role;
use serde_json::json;

use super::house::House;
use super::people::{NOBODY, admin, join};
use super::wire::Client;
use crate::support::past::{Past, complete};

/// A completed run of that shape.
async fn past(house: &House, shape: Past) -> String {
    let run = house.run().await;
    complete(&house.database.url, house.key(&run), shape).await;
    run
}

/// The page at this address, which must be there.
async fn read(client: &Client, path: &str) -> String {
    let page = client.get(path).await;
    assert_eq!(page.status, 200, "{path}: {}", page.text());
    let text = page.text();
    assert!(text.contains("<h1") && text.ends_with("</html>"), "{path}");
    text
}

/// The address behind the link to the next page.
fn next_of(page: &str) -> Option<String> {
    let link = page.split("rel=\"next\" href=\"").nth(1)?.split('"').next()?;
    Some(link.replace("&amp;", "&").replace("&#x2f;", "/"))
}

#[actix_web::test]
async fn the_page_of_a_run_reads_without_scripts_as_far_as_it_came() {
    let Some(house) = House::still().await else { return };
    let run = past(&house, Past { products: 30, events: 60, ..Past::default() }).await;
    let path = format!("/admin/runs/{run}");
    let page = read(&house.session().await, &path).await;
    assert_eq!(page.matches("class=\"ev\"").count(), 30, "the newest events");
    assert_eq!(page.matches("class=\"wk\"").count(), 5, "every worker");
    for part in ["Completed", "newest 30 of", "p99", "Spend", "Coverage", "Replay", "timeout", "Timeline"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let pending = read(&house.session().await, &format!("/admin/runs/{}", house.run().await)).await;
    for part in ["Not started", "Nothing has happened yet", "No request has been answered yet"] {
        assert!(pending.contains(part), "{part}: {pending}");
    }
}

#[actix_web::test]
async fn the_page_of_a_paused_run_says_why_it_stands_and_what_to_do() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    for command in ["start", "pause"] {
        assert_eq!(house.give(&run, command).await.status, 202);
    }
    let row = house.look(&run).await;
    let page = read(&house.session().await, &format!("/admin/runs/{run}")).await;
    if row["state"] == "paused" {
        assert!(page.contains("Paused by hand") && page.contains("What to do"), "{page}");
    }
}

#[actix_web::test]
async fn coverage_is_read_page_by_page_and_by_what_became_of_a_page() {
    let Some(house) = House::still().await else { return };
    let run = past(&house, Past { products: 30, ..Past::default() }).await;
    let session = house.session().await;
    let path = format!("/admin/runs/{run}/coverage");
    let (mut rows, mut at) = (0, Some("?limit=12".to_owned()));
    while let Some(query) = at {
        let page = read(&session, &format!("{path}{query}")).await;
        rows += page.matches("class=\"cells\"").count();
        at = next_of(&page);
    }
    assert_eq!(rows, 30);
    let failed = read(&session, &format!("{path}?status=failed")).await;
    assert_eq!(failed.matches("name=\"task\"").count(), 3, "each of them can be chosen");
    assert!(failed.contains("no answer in time"));
    assert!(read(&session, &format!("{path}?status=open")).await.contains("No product has a page of this kind"));
    assert_eq!(session.get(&format!("{path}?status=lost")).await.status, 400);
}

#[actix_web::test]
async fn two_runs_are_chosen_and_compared_and_their_lists_go_on_by_links() {
    let Some(house) = House::still().await else { return };
    let session = house.session().await;
    let alone = read(&session, "/admin/compare").await;
    assert!(alone.contains("cannot be compared"), "{alone}");
    let a = past(&house, Past { sellers: 60, products: 100, ..Past::default() }).await;
    let b = past(&house, Past { first_seller: 11, sellers: 60, products: 100, ..Past::default() }).await;
    let chosen = read(&session, &format!("/admin/compare?a={a}")).await;
    assert!(chosen.contains(&format!("value=\"{a}\" selected")), "{chosen}");
    assert!(read(&session, &format!("/admin/compare?a={a}&b={a}")).await.contains("the same run"));
    let page = read(&session, &format!("/admin/compare?a={a}&b={b}&limit=20")).await;
    assert!(page.contains("Gained") && page.contains("Shop-000001"), "{page}");
    let next = next_of(&page).expect("there are more");
    assert!(
        next.contains("list=") && read(&session, &format!("/admin/compare{next}")).await.contains("Shop-"),
        "{next}"
    );
    assert_eq!(session.get(&format!("/admin/compare?a={a}&b={NOBODY}")).await.status, 404);
    let foreigner = house.foreigner().await;
    for path in [format!("/admin/compare?a={a}&b={b}"), format!("/admin/runs/{a}/coverage")] {
        assert_eq!(foreigner.get(&path).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn a_viewer_reads_all_of_it_and_is_offered_no_change() {
    let Some(house) = House::still().await else { return };
    let run = past(&house, Past { products: 30, ..Past::default() }).await;
    let first = admin(&house).await;
    let viewer = join(&house, &first.client, "viewer@example.org", Role::Viewer).await;
    let pages = [format!("/admin/runs/{run}"), format!("/admin/runs/{run}/coverage?status=failed")];
    for (client, may) in [(&first.client, true), (&viewer.client, false)] {
        let (watched, covered) = (read(client, &pages[0]).await, read(client, &pages[1]).await);
        assert_eq!(watched.contains("data-may=\"yes\""), may);
        assert_eq!(covered.contains("type=\"submit\""), may);
    }
}

#[actix_web::test]
async fn names_with_markup_are_text_on_the_pages_of_a_run_too() {
    let Some(house) = House::still().await else { return };
    let name = "<img src=x onerror=alert(1)>\"'&</title>";
    let body = json!({"name": name, "category_ids": ["category-0"]});
    let made = house.client.post("/collection/runs", Some(&body)).await;
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let session = house.session().await;
    for path in [format!("/admin/runs/{id}/coverage"), format!("/admin/compare?a={id}")] {
        let page = read(&session, &path).await;
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && !page.contains("<img"), "{path}: {page}");
    }
}
