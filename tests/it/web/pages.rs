//! The pages of the admin as the server writes them: read without scripts, shown to whom they may be, and never markup of
//! somebody else's.

use gleaner::domain::rights::Role;
use serde_json::json;

use super::house::House;
use super::people::{NOBODY, admin, join};

#[actix_web::test]
async fn a_page_leads_who_has_no_session_to_the_sign_in_and_from_there_back() {
    let Some(house) = House::still().await else { return };
    let front = house.stranger.get("/").await;
    assert_eq!((front.status, front.header("location")), (303, Some("/admin")));
    let older = house.stranger.get(&format!("/?run={NOBODY}")).await;
    assert_eq!(older.header("location"), Some(format!("/admin/runs/{NOBODY}").as_str()));
    let page = house.stranger.get("/admin/runs/x?a=b&c").await;
    assert_eq!((page.status, page.header("location")), (303, Some("/sign-in?next=%2Fadmin%2Fruns%2Fx%3Fa%3Db%26c")));
    let browser = house.session().await.with("Accept", "text/html");
    for (next, to) in [
        ("%2Fadmin%2Fruns%2Fx%3Fa", "/admin/runs/x?a"),
        ("%2Fadminx", "/admin"),
        ("https%3A%2F%2Felsewhere.example", "/admin"),
        ("%2F%2Felsewhere.example", "/admin"),
        ("%2Fadmin%2F..%2Fsellers%2Fexport", "/admin"),
        ("%2Fadmin%2F%252E%252e%2Fsellers%2Fexport", "/admin"),
        ("%2Fadmin%2F..%5Csellers", "/admin"),
        ("%2Fadmin%2F%0D%0AX%3A1", "/admin"),
        ("", "/admin"),
    ] {
        let passed = browser.get(&format!("/sign-in?next={next}")).await;
        assert_eq!((passed.status, passed.header("location")), (303, Some(to)), "{next}");
    }
}

#[actix_web::test]
async fn every_page_can_be_read_by_every_role_that_may_and_says_why_not_to_the_others() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let first = admin(&house).await;
    let viewer = join(&house, &first.client, "viewer@example.org", Role::Viewer).await;
    for (who, client) in [("admin", &first.client), ("viewer", &viewer.client)] {
        for path in ["/admin".to_owned(), format!("/admin/runs/{run}")] {
            let page = client.get(&path).await;
            assert_eq!(page.status, 200, "{who} {path}: {}", page.text());
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
            assert_eq!(page.header("cache-control"), Some("no-store"));
            assert!(page.text().contains("<h1>") && page.text().ends_with("</html>"), "{path}");
        }
    }
    for path in [format!("/admin/runs/{NOBODY}"), "/admin/runs/x".to_owned(), "/admin/nowhere".to_owned()] {
        let missing = first.client.get(&path).await;
        assert_eq!(missing.status, 404, "{path}");
        assert!(missing.text().contains("Nothing here"), "{path}: {}", missing.text());
    }
    let foreign = house.foreigner().await.get(&format!("/admin/runs/{run}")).await;
    assert_eq!(foreign.status, 404, "another organisation's run is not there");
}

#[actix_web::test]
async fn a_name_with_markup_in_it_is_text_on_every_page() {
    let Some(house) = House::still().await else { return };
    let name = "<img src=x onerror=alert(1)>\"'&</title>";
    let body = json!({"name": name, "category_ids": ["category-0"]});
    let made = house.client.post("/collection/runs", Some(&body)).await;
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    for path in ["/admin".to_owned(), format!("/admin/runs/{id}")] {
        let page = house.client.get(&path).await.text();
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && !page.contains("<img"), "{path}: {page}");
        assert_eq!(page.matches("</title>").count(), 1, "{path}");
    }
}

#[actix_web::test]
async fn pages_and_their_files_are_compressed_and_answers_of_the_api_are_not() {
    let Some(house) = House::still().await else { return };
    let client = house.client.with("Accept-Encoding", "gzip");
    for (path, coding) in [
        ("/admin", Some("gzip")),
        ("/static/base.css", Some("gzip")),
        ("/static/live/boot.js", Some("gzip")),
        ("/collection/runs", None),
    ] {
        let answer = client.get(path).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, coding), "{path}");
    }
}
