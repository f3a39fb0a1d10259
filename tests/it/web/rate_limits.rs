//! How many requests a second one caller may send, and how it learns that.

use super::house::House;
use super::wire::Reply;

fn told(reply: &Reply) -> [Option<&str>; 2] {
    ["ratelimit-policy", "ratelimit"].map(|name| reply.header(name))
}

#[actix_web::test]
async fn each_answer_says_what_is_left_and_one_too_many_is_told_when_to_come_back() {
    let Some(house) = House::with_burst(3).await else { return };
    let mut refused = None;
    // One a second is won back meanwhile: a slow machine takes more than four.
    for number in 0..1_000 {
        let reply = house.client.get("/collection/runs").await;
        let [policy, standing] = told(&reply);
        assert_eq!(policy, Some("\"token\";q=3;w=3"));
        if number == 0 {
            assert_eq!((reply.status, standing), (200, Some("\"token\";r=2;t=1")));
        }
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("one is too many");
    assert!(refused.problem(429).contains("too many requests came with this token"), "{}", refused.text());
    assert_eq!((refused.header("retry-after"), told(&refused)[1]), (Some("1"), Some("\"token\";r=0;t=3")));
    assert!(refused.header("content-security-policy").is_some());
    assert_eq!(house.foreigner().await.get("/collection/runs").await.status, 200, "others are not held up");
    for free in ["/healthz", "/static/boot.js"] {
        let reply = house.stranger.get(free).await;
        assert_eq!((reply.status, told(&reply)), (200, [None, None]), "{free}");
    }
}

#[actix_web::test]
async fn a_refused_change_changes_nothing_and_leaves_no_row_in_the_audit_log() {
    let Some(house) = House::with_burst(1).await else { return };
    let refused = loop {
        let reply = house.client.post("/collection/runs", Some(&serde_json::json!({}))).await;
        if reply.status == 429 {
            break reply;
        }
        reply.problem(422);
    };
    assert_eq!(told(&refused)[0], Some("\"token\";q=1;w=1"));
    let head = house.store.verify_deeds(house.org).await.expect("it answers").expect("fine").no;
    let rows = house.store.list_deeds(house.org, &Default::default(), None, 1).await.expect("rows");
    assert_eq!((rows[0].no, rows[0].deed.status), (head, Some(422)));
}

#[actix_web::test]
async fn whoever_has_no_token_is_counted_by_address_and_takes_nothing_from_those_who_have_one() {
    let Some(house) = House::with_burst(2).await else { return };
    let guess = house.stranger.bearer(&"x".repeat(43));
    let mut statuses = Vec::new();
    while statuses.last() != Some(&429) {
        let path = if statuses.len() % 2 == 0 { "/collection/runs" } else { "/sign-in?code=abc" };
        let reply = guess.get(path).await;
        assert_eq!(told(&reply)[0], Some("\"address\";q=2;w=2"), "{path}");
        statuses.push(reply.status);
    }
    assert_eq!(statuses[0], 401);
    assert_eq!(house.client.get("/collection/runs").await.status, 200);
}

#[actix_web::test]
async fn an_open_stream_is_not_counted() {
    let Some(house) = House::with_burst(2).await else { return };
    let run = house.run().await;
    for _ in 0..10 {
        let stream = house.client.listen(&format!("/collection/runs/{run}/activity")).await.expect("a stream");
        assert_eq!(told(&stream.head), [None, None]);
    }
}
