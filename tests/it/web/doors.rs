//! Who may ask: tokens, sign-in links, sessions, activity tokens, and nobody else's runs.

use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::web::auth::sign_in;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::house::{House, new_token};
use super::wire::{Client, Reply};

/// Every route that asks for a token, of this run.
fn guarded(run: &str) -> Vec<(&'static str, String)> {
    let of_run = |rest: &str| format!("/collection/runs/{run}{rest}");
    let reads = [
        "",
        "/progress",
        "/tasks",
        "/items",
        "/sellers",
        "/sellers?format=csv",
        "/events",
        "/activity",
        "/coverage",
        "/metrics",
        "/requests",
    ];
    let writes = ["/start", "/execute", "/pause", "/resume", "/cancel", "/retry-failed", "/again", "/activity-token"];
    let reads = reads.map(|rest| ("GET", of_run(rest)));
    reads.into_iter().chain(writes.map(|rest| ("POST", of_run(rest)))).collect()
}

#[actix_web::test]
async fn every_route_asks_for_a_token_and_says_so() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let (revoked, id) = new_token(&house.store, house.org).await;
    house.store.revoke_token(house.org, id).await.expect("it is there");
    let port = house.running.address.port();
    let strangers = [
        (house.stranger.clone(), "give a token"),
        (house.stranger.bearer(&"x".repeat(43)), "not known"),
        (house.stranger.bearer("short"), "not known"),
        (house.stranger.bearer(&revoked), "revoked"),
        (house.stranger.with("Authorization", "Basic abc"), "Bearer TOKEN"),
        (house.stranger.with("Cookie", &format!("gleaner_session_{port}={}", "x".repeat(43))), "not known"),
    ];
    let mut routes = guarded(&run);
    routes.extend([
        ("GET", "/collection/runs".to_owned()),
        ("GET", "/collection/runs/history".to_owned()),
        ("GET", "/collection/runs/compare".to_owned()),
        ("POST", "/collection/runs".to_owned()),
        ("POST", "/collection/estimate".to_owned()),
        ("GET", "/amazon/categories".to_owned()),
    ]);
    for (method, path) in routes {
        for (stranger, words) in &strangers {
            let reply = stranger.send(method, &path, None).await;
            assert!(reply.problem(401).contains(words), "{method} {path}: {}", reply.text());
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
            carries_the_security_headers(&reply);
        }
    }
    assert_eq!(house.look(&run).await["status"], "pending");
}

#[actix_web::test]
async fn another_organisations_run_and_an_unknown_one_cannot_be_told_apart() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let foreigner = house.foreigner().await;
    let unknown = "00000000-0000-7000-8000-000000000000";
    for (of_theirs, of_nobody) in guarded(&run).into_iter().zip(guarded(unknown)) {
        let (method, path) = of_theirs;
        let theirs = foreigner.send(method, &path, None).await;
        let nobodys = house.client.send(method, &of_nobody.1, None).await;
        theirs.problem(404);
        assert_eq!(theirs.body, nobodys.body, "{method} {path}");
    }
    house.client.get("/collection/runs/not-an-id").await.problem(404);
    assert_eq!(foreigner.get("/collection/runs").await.json(), json!({"items": [], "next_cursor": null}));
    assert_eq!(house.look(&run).await["status"], "pending");
}

#[actix_web::test]
async fn the_page_and_the_health_routes_are_open_and_carry_the_security_headers() {
    let Some(house) = House::still().await else { return };
    for path in ["/sign-in", "/static/boot.js", "/healthz", "/readyz", "/version", "/metrics"] {
        let reply = house.stranger.with("Accept", "text/html,*/*").get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        carries_the_security_headers(&reply);
    }
    assert_eq!(house.stranger.get("/version").await.json()["name"], "gleaner");
}

#[actix_web::test]
async fn a_refusal_carries_the_security_headers_too() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let unknown = house.stranger.get("/nowhere").await;
    unknown.problem(404);
    let mut refusals = vec![unknown];
    for (method, path, allowed) in [
        ("DELETE", "/collection/runs", "GET, HEAD, POST"),
        ("PUT", "/docs", "GET, HEAD"),
        ("POST", "/static/boot.js", "GET, HEAD"),
        ("HEAD", &format!("/collection/runs/{run}/activity"), "GET"),
    ] {
        let reply = house.client.send(method, path, None).await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some(allowed)), "{method} {path}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{method} {path}");
        refusals.push(reply);
    }
    let large = house.client.with("Content-Length", "1048577").send("POST", "/collection/runs", None).await;
    large.problem(413);
    refusals.push(large);
    let unsigned = house.session().await.post("/collection/runs", None).await;
    unsigned.problem(403);
    refusals.push(unsigned);
    house.database.remove();
    let away = house.client.get("/collection/runs").await;
    away.problem(503);
    refusals.push(away);
    refusals.iter().for_each(carries_the_security_headers);
}

fn carries_the_security_headers(reply: &Reply) {
    let policy = reply.header("content-security-policy").expect("a policy");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-inline"), "{policy}");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
}

#[actix_web::test]
async fn a_sign_in_link_opens_one_session_and_its_changes_need_our_header() {
    let Some(house) = House::still().await else { return };
    let code = sign_in::new_code(&house.store, &Clock::system(), house.org).await.expect("a link");
    let link = format!("/sign-in?code={code}");
    let looked = house.stranger.send("HEAD", &link, None).await;
    assert_eq!((looked.status, looked.header("allow")), (405, Some("GET, POST")));
    let opened = house.stranger.post(&link, None).await;
    assert_eq!((opened.status, opened.header("location")), (303, Some("/admin")));
    let cookie = opened.header("set-cookie").expect("a cookie").to_owned();
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"), "{cookie}");
    for used_or_wrong in [link.as_str(), "/sign-in", "/sign-in?code=abc"] {
        assert!(house.stranger.get(used_or_wrong).await.problem(401).contains("opens once"), "{used_or_wrong}");
        assert!(house.stranger.post(used_or_wrong, None).await.problem(401).contains("opens once"), "{used_or_wrong}");
    }
    let browser = house.stranger.with("Cookie", cookie.split(';').next().expect("its value"));
    assert_eq!(browser.get("/collection/runs").await.status, 200);
    let body = json!({"category_ids": ["category-0"]});
    assert!(browser.post("/collection/runs", Some(&body)).await.problem(403).contains("X-Gleaner-CSRF"));
    let elsewhere = browser.with("X-Gleaner-Organisation", "01940000-0000-7000-8000-000000000000");
    assert!(elsewhere.get("/collection/runs").await.problem(403).contains("another organisation"));
    assert_eq!(elsewhere.get("/auth/me").await.status, 200, "who has switched is told to which");
    assert_eq!(house.runs().await, 0);
    let ours = browser.with("X-Gleaner-CSRF", "1");
    assert_eq!(ours.post("/collection/runs", Some(&body)).await.status, 201);
    let revoked = sign_in::new_code(&house.store, &Clock::system(), house.org).await.expect("a link");
    let hash = gleaner::web::auth::token::hash_of(&revoked).expect("a code");
    let id = house.store.find_token(hash).await.expect("it answers").expect("it is there").id;
    house.store.revoke_token(house.org, id).await.expect("it is there");
    house.stranger.post(&format!("/sign-in?code={revoked}"), None).await.problem(401);
    let code_as_token = house.stranger.bearer(&code);
    code_as_token.get("/collection/runs").await.problem(401);
}

/// A chat that fetches a link ahead would use it up, and a page could put another person's session into a browser.
#[actix_web::test]
async fn a_link_is_used_up_by_its_reader_alone() {
    let Some(house) = House::still().await else { return };
    let page = house.stranger.with("Accept", "text/html");
    let link = async || {
        let code = sign_in::new_code(&house.store, &Clock::system(), house.org).await.expect("a link");
        format!("/sign-in?code={code}&next=/admin/sellers")
    };
    let address = link().await;
    let button = format!("<form class=\"stack\" method=\"post\" action=\"{address}\">");
    let by_hand = page.with("Sec-Fetch-Site", "none").with("Sec-Fetch-Dest", "document");
    for (who, asked) in [
        ("without a word", page.clone()),
        ("a page", page.with("Sec-Fetch-Site", "cross-site").with("Sec-Fetch-Dest", "document")),
        ("a picture", page.with("Sec-Fetch-Site", "none").with("Sec-Fetch-Dest", "image")),
        ("ahead", by_hand.with("Sec-Purpose", "prefetch;prerender")),
    ] {
        let shown = asked.get(&address).await;
        assert_eq!((shown.status, shown.header("set-cookie")), (200, None), "{who}");
        assert_eq!(shown.header("referrer-policy"), Some("strict-origin"), "{who}");
        let page = shown.text().replace("&#x2f;", "/").replace("&amp;", "&");
        assert!(page.contains(&button), "{who}: {page}");
    }
    assert!(house.stranger.get(&address).await.problem(401).contains("by POST"), "a program");
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "http://elsewhere.example"),
        ("Origin", "null"),
    ] {
        let refused = page.with(name, value).post(&address, None).await;
        assert_eq!((refused.status, refused.header("set-cookie")), (403, None), "{name}: {value}");
    }
    let pressed = page.with("Origin", "http://gleaner").post(&address, None).await;
    assert_eq!((pressed.status, pressed.header("location")), (303, Some("/admin/sellers")));
    let opened = by_hand.get(&link().await).await;
    assert_eq!((opened.status, opened.header("location")), (303, Some("/admin/sellers")));
    let pressed = page.with("Sec-Fetch-Site", "same-origin").post(&link().await, None).await;
    assert_eq!(pressed.status, 303);
}

#[actix_web::test]
async fn a_browser_with_a_link_that_opens_nothing_gets_the_page_and_not_a_document_for_programs() {
    let Some(house) = House::still().await else { return };
    let browser = house.stranger.with("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let code = sign_in::new_code(&house.store, &Clock::system(), house.org).await.expect("a link");
    let link = format!("/sign-in?code={code}");
    let cookie = browser.post(&link, None).await.header("set-cookie").expect("a cookie").to_owned();
    for (opens_nothing, status) in [(link.as_str(), 401), ("/sign-in", 200), ("/sign-in?code=abc", 401)] {
        let told = browser.get(opens_nothing).await;
        assert_eq!(told.status, status, "{opens_nothing}");
        assert_eq!(told.text().contains("This link opens nothing"), status == 401, "{opens_nothing}");
        assert_eq!(told.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!((told.header("cache-control"), told.header("set-cookie")), (Some("no-store"), None));
        carries_the_security_headers(&told);
        house.stranger.with("Accept", "application/json").get(opens_nothing).await.problem(401);
    }
    let session = browser.with("Cookie", cookie.split(';').next().expect("its value"));
    let passed = session.get(&link).await;
    assert_eq!((passed.status, passed.header("location")), (303, Some("/admin")), "who has signed in goes on");
    let forged = browser.with("Cookie", &format!("gleaner_session_{}=x", house.running.address.port()));
    assert_eq!(forged.get(&link).await.status, 401);
}

#[actix_web::test]
async fn servers_on_two_ports_of_one_host_do_not_sign_each_other_out() {
    let Some(house) = House::still().await else { return };
    let mut names = Vec::new();
    for host in ["gleaner", "gleaner:9000"] {
        let code = sign_in::new_code(&house.store, &Clock::system(), house.org).await.expect("a link");
        let asked = format!(
            "POST /sign-in?code={code} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let opened = house.stranger.raw(&asked).await;
        let cookie = opened.header("set-cookie").expect("a cookie").to_owned();
        names.push(cookie.split('=').next().expect("a name").to_owned());
    }
    assert_eq!(names, [format!("gleaner_session_{}", house.running.address.port()), "gleaner_session_9000".to_owned()]);
}

#[actix_web::test]
async fn an_activity_token_opens_the_stream_of_its_run_and_nothing_else() {
    let Some(house) = House::still().await else { return };
    let (run, other) = (house.run().await, house.run().await);
    let made = house.give(&run, "activity-token").await;
    assert_eq!(made.status, 201, "{}", made.text());
    let token = made.json()["token"].as_str().expect("a token").to_owned();
    assert_eq!(token.len(), 43);
    let stream = format!("/collection/runs/{run}/activity?token={token}");
    let mut feed = house.stranger.listen(&stream).await.expect("a stream");
    assert_eq!(feed.next().await.expect("a first event").name, "connected");
    let opens_not = [
        format!("/collection/runs/{other}/activity?token={token}"),
        format!("/collection/runs/{run}/activity?token={}", "x".repeat(43)),
    ];
    for path in opens_not {
        house.stranger.get(&path).await.problem(401);
    }
    house.stranger.get(&format!("/collection/runs/{run}?token={token}")).await.problem(401);
    house.stranger.bearer(&token).get(&format!("/collection/runs/{run}")).await.problem(401);
    house.store.revoke_token(house.org, house.token_id).await.expect("it is there");
    assert!(house.stranger.get(&stream).await.problem(401).contains("revoked"), "it dies with the token that made it");
}

#[actix_web::test]
async fn whoever_is_shut_out_while_their_body_arrives_changes_nothing() {
    let Some(house) = House::still().await else { return };
    let made = house.client.post("/auth/tokens", Some(&json!({"name": "slow"}))).await.json();
    let (token, id) = (made["token"].as_str().expect("a token"), made["id"].as_str().expect("its id"));
    let mut slow = TcpStream::connect(house.client.address).await.expect("the server listens");
    let body = r#"{"name":"late"}"#;
    let length = body.len();
    let head = format!(
        "POST /sellers HTTP/1.1\r\nHost: gleaner\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{"
    );
    slow.write_all(head.as_bytes()).await.expect("it listens");
    assert_eq!(house.client.send("DELETE", &format!("/auth/tokens/{id}"), None).await.status, 204);
    slow.write_all(&body.as_bytes()[1..]).await.expect("it listens still");
    let mut answer = String::new();
    timeout(Duration::from_secs(20), slow.read_to_string(&mut answer)).await.expect("an answer").expect("a text");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert_eq!(house.client.get("/sellers").await.json()["items"], json!([]));
}

#[actix_web::test]
async fn what_is_open_ends_by_the_rule_by_which_whoever_comes_is_refused() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let stream = format!("/collection/runs/{run}/activity");
    for (what, sql) in [
        ("its own end", "UPDATE api_tokens SET expires_at = now() WHERE name = 'made'"),
        ("its being taken back", "UPDATE api_tokens SET revoked_at = now() WHERE name = 'made'"),
        ("its maker's being taken back", "UPDATE api_tokens SET revoked_at = now() WHERE name = 'maker'"),
    ] {
        let token = async |client: &Client, name: &str| {
            let made = client.post("/auth/tokens", Some(&json!({"name": name}))).await.json();
            house.stranger.bearer(made["token"].as_str().expect("a token"))
        };
        let maker = token(&house.client, "maker").await;
        let made = token(&maker, "made").await;
        let mut feed = made.listen(&stream).await.expect("a stream");
        assert_eq!(feed.next().await.expect("an event").name, "connected", "{what}");
        house.database.change(sql);
        while feed.next().await.is_some() {}
        made.get("/auth/me").await.problem(401);
        house.database.change("DELETE FROM api_tokens WHERE name IN ('made', 'maker')");
    }
}
