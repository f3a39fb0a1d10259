//! People and tokens from the command line, beside an engine.

use std::process::Stdio;

use awc::Client;
use awc::http::{Method, header};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::api::Api;
use crate::support::binary::{Done, Folder, Process};
use crate::support::sse::Subscriber;

const PASSWORD: &str = "correct horse battery";

/// Runs a command with this line on its standard input.
async fn told(folder: &Folder, line: &str, arguments: &[&str]) -> Done {
    let mut command = folder.command(arguments);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(line.as_bytes()).await.expect("it reads");
    drop(input);
    let output = child.wait_with_output().await.expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Done { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

async fn log_in(serving: &Process, email: &str, password: &str) -> u16 {
    let request = Client::default().post(format!("{}/auth/login", serving.base()));
    let sent = request.send_json(&json!({"email": email, "password": password})).await;
    sent.expect("an answer").status().as_u16()
}

/// Opens a one-time link on this engine, and says who has come in.
async fn opens(serving: &Process, printed: &str) -> Value {
    let code = printed.trim_end().split_once("/sign-in?code=").expect("a link").1;
    let client = Client::builder().disable_redirects().finish();
    let opened = client.get(format!("{}/sign-in?code={code}", serving.base())).send().await.expect("an answer");
    assert_eq!(opened.status().as_u16(), 303);
    let cookie = opened.headers().get(header::SET_COOKIE).expect("a cookie").to_str().expect("text").to_owned();
    let cookie = cookie.split(';').next().expect("its value").to_owned();
    let asked = client.get(format!("{}/auth/me", serving.base())).insert_header((header::COOKIE, cookie));
    asked.send().await.expect("an answer").json().await.expect("JSON")
}

#[actix_web::test]
async fn people_are_added_let_in_again_and_listed() {
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;

    let added = folder.run(&["user", "add", "--email", "ada@example.org", "--name", "Ada", "--role", "admin"]).await;
    assert_eq!((added.code, added.out.lines().count()), (Some(0), 1), "{}", added.err);
    let me = opens(&serving, &added.out).await;
    assert_eq!(
        (&me["user"]["name"], &me["role"], &me["user"]["has_password"]),
        (&json!("Ada"), &json!("admin"), &json!(false))
    );

    let grace =
        ["user", "add", "--email", "grace@example.org", "--name", "Grace", "--role", "viewer", "--password-stdin"];
    let short = told(&folder, "short\n", &grace).await;
    assert!(short.code == Some(1) && short.err.contains("10 to 200"), "{}", short.err);
    let added = told(&folder, &format!("{PASSWORD}\n"), &grace).await;
    assert_eq!((added.code, added.out.as_str()), (Some(0), ""), "{}", added.err);
    assert!(!added.err.contains(PASSWORD));
    assert_eq!(log_in(&serving, "grace@example.org", PASSWORD).await, 200);
    let again = told(&folder, &format!("{PASSWORD}\n"), &grace).await;
    assert!(again.code == Some(1) && again.err.contains("user reset"), "{}", again.err);

    let listed = folder.run(&["user", "list", "--json"]).await;
    let users: Value = serde_json::from_str(&listed.out).expect("JSON");
    assert_eq!(users.as_array().map(Vec::len), Some(2), "{users}");
    assert_eq!(
        (&users[1]["email"], &users[1]["organisations"][0]["role"]),
        (&json!("grace@example.org"), &json!("viewer"))
    );
    let plain = folder.run(&["user", "list"]).await;
    assert!(plain.out.contains("grace@example.org  Grace  viewer of Demo"), "{}", plain.out);

    let reset = folder.run(&["user", "reset", "--email", "GRACE@example.org"]).await;
    assert_eq!(reset.code, Some(0), "{}", reset.err);
    assert_eq!(log_in(&serving, "grace@example.org", PASSWORD).await, 401);
    assert_eq!(opens(&serving, &reset.out).await["role"], "viewer");
    for (arguments, code, words) in [
        (&["user", "reset", "--email", "nobody@example.org"][..], 1, "nobody has the address"),
        (&["user", "add", "--email", "x", "--name", "X", "--role", "viewer"], 1, "--email"),
        (&["user", "add", "--email", "x@y", "--name", "X", "--role", "owner"], 1, "viewer, operator, admin"),
        (&["user", "add", "--email", "x@y", "--name", "X", "--role", "viewer", "--org", "none"], 1, "--org"),
    ] {
        let refused = folder.run(arguments).await;
        assert_eq!((refused.code, refused.out.as_str()), (Some(code), ""), "{arguments:?}");
        assert!(refused.err.contains(words), "{}", refused.err);
    }
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn somebody_is_shut_out_beside_a_running_engine_and_let_in_again() {
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    for (email, name) in [("ada@example.org", "Ada"), ("grace@example.org", "Grace")] {
        let add = ["user", "add", "--email", email, "--name", name, "--role", "admin", "--password-stdin"];
        assert_eq!(told(&folder, &format!("{PASSWORD}\n"), &add).await.code, Some(0));
    }
    let first = serving.token().await;
    let api = Api::new(serving.base(), &first);
    let run = api.post("/collection/runs", Some(json!({"category_ids": ["home-bath"]}))).await;
    let stream = format!("/collection/runs/{}/activity", run["id"].as_str().expect("an id"));
    let body = json!({"email": "grace@example.org", "password": PASSWORD});
    let signed_in = Client::default().post(format!("{}/auth/login", serving.base())).send_json(&body).await;
    let cookie = signed_in.expect("an answer").headers().get(header::SET_COOKIE).expect("a cookie").clone();
    let cookie = cookie.to_str().expect("text").split(';').next().expect("its value").to_owned();
    let made = Client::default()
        .post(format!("{}/auth/tokens", serving.base()))
        .insert_header((header::COOKIE, cookie))
        .insert_header(("X-Gleaner-CSRF", "1"))
        .send_json(&json!({"name": "hers"}))
        .await;
    let made: Value = made.expect("an answer").json().await.expect("JSON");
    let hers = Api::new(serving.base(), made["token"].as_str().expect("a token"));
    let mut feed = Subscriber::open(&hers, &stream, None).await.expect("a stream");

    let disabled = folder.run(&["user", "disable", "GRACE@example.org"]).await;

    assert_eq!((disabled.code, disabled.out.as_str()), (Some(0), ""), "{}", disabled.err);
    while feed.next().await.is_some() {}
    assert_eq!(hers.ask(Method::GET, "/auth/me", None).await.0, 401);
    assert_eq!(log_in(&serving, "grace@example.org", PASSWORD).await, 401);
    assert!(folder.run(&["user", "list"]).await.out.contains("admin of Demo  (is shut out)"));
    let last = folder.run(&["user", "disable", "ada@example.org"]).await;
    assert!(last.code == Some(1) && last.err.contains("--force"), "{}", last.err);
    assert_eq!(log_in(&serving, "ada@example.org", PASSWORD).await, 200);
    assert_eq!(folder.run(&["user", "enable", "grace@example.org"]).await.code, Some(0));
    assert_eq!(log_in(&serving, "grace@example.org", PASSWORD).await, 200);
    let nobody = folder.run(&["user", "enable", "nobody@example.org"]).await;
    assert!(nobody.code == Some(1) && nobody.err.contains("nobody has the address"), "{}", nobody.err);
    let log = folder.run(&["audit", "list", "--json"]).await.out;
    for action in ["user.disable", "user.enable"] {
        assert!(log.contains(&format!("\"action\":\"{action}\"")), "{log}");
    }
    assert!(log.contains("\"status\":409"), "the refusal too: {log}");
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn a_token_for_one_purpose_is_made_and_listed() {
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    let create = ["token", "create", "--name", "reader", "--permission", "sellers.read", "--expires-days", "3"];
    let made = folder.run(&create).await;
    assert_eq!(made.code, Some(0), "{}", made.err);
    let api = Api::new(serving.base(), made.out.trim_end());
    api.get("/collection/runs").await;
    let (status, body) = api.ask(Method::POST, "/collection/runs", Some(json!({"category_ids": ["home-bath"]}))).await;
    assert_eq!(status, 403, "{body}");
    let listed = folder.run(&["token", "list", "--json"]).await;
    let tokens: Value = serde_json::from_str(&listed.out).expect("JSON");
    let reader =
        tokens.as_array().expect("a list").iter().find(|token| token["name"] == "reader").expect("it is there");
    assert_eq!(reader["permissions"], json!(["sellers.read"]));
    assert!(reader["expires_at"].is_string() && !listed.out.contains(made.out.trim_end()));
    let plain = folder.run(&["token", "list"]).await;
    assert!(plain.out.contains("reader  sellers.read  until "), "{}", plain.out);
    for (flag, value) in [("--permission", "everything"), ("--expires-days", "0")] {
        let refused = folder.run(&["token", "create", "--name", "x", flag, value]).await;
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{flag}");
    }
    assert_eq!(serving.stop().await, Some(0));
}
