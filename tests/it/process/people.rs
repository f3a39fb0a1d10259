//! People and tokens from the command line, beside an engine.

use std::net::TcpListener;
use std::process::Stdio;

use awc::Client;
use awc::http::{Method, header};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::api::Api;
use crate::support::binary::{Done, Folder, PATIENCE, Process};
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
    let request = Client::default().post(format!("{}/auth/login", serving.base())).timeout(PATIENCE);
    let sent = request.send_json(&json!({"email": email, "password": password})).await;
    sent.expect("an answer").status().as_u16()
}

/// Opens a one-time link just as it was printed, and says who has come in.
async fn opens(serving: &Process, printed: &str) -> Value {
    let client = Client::builder().disable_redirects().timeout(PATIENCE).finish();
    let opened = client.post(printed.trim_end()).send().await.expect("an answer");
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
async fn a_printed_link_leads_to_where_people_reach_the_engine() {
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    let add = ["user", "add", "--email", "ada@example.org", "--name", "Ada", "--role", "admin"];
    let added = folder.run(&add).await;
    assert!(
        added.out.starts_with(&format!("{}/sign-in?code=", serving.base())),
        "the port is of no file: {}",
        added.out
    );
    assert!(!added.err.contains("no engine"), "{}", added.err);
    let config = folder.file("[notices]\npublic_url = \"https://gleaner.example.org/\"\n").display().to_string();
    let reset = ["user", "reset", "--email", "ada@example.org", "--config", &config];
    let public = folder.run(&reset).await;
    assert!(public.out.starts_with("https://gleaner.example.org/sign-in?code="), "{}{}", public.out, public.err);
    assert_eq!(serving.stop().await, Some(0));
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string();
    let config = folder.file(&format!("[server]\nlisten = \"{free}\"\n")).display().to_string();

    let later = folder.run(&["user", "reset", "--email", "ada@example.org", "--config", &config]).await;

    assert!(later.out.starts_with(&format!("http://{free}/sign-in?code=")), "{}", later.out);
    assert!(later.err.contains("no engine runs just now"), "{}", later.err);
    let mut serving = folder.serve_at(&free, &[], &[]).await;
    assert_eq!(opens(&serving, &later.out).await["role"], "admin", "it opens once one listens there");
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn whoever_never_had_a_password_gets_a_link_when_they_are_added_again() {
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    let add = ["user", "add", "--email", "grace@example.org", "--name", "Grace", "--role", "viewer"];
    let me = opens(&serving, &folder.run(&add).await.out).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let member = format!("/members/{}", me["user"]["id"].as_str().expect("an id"));
    assert_eq!(api.ask(Method::DELETE, &member, None).await.0, 204);

    let again = folder.run(&add).await;

    assert_eq!(opens(&serving, &again.out).await["user"]["id"], me["user"]["id"], "{}", again.err);
    assert_eq!(folder.run(&["user", "disable", "grace@example.org"]).await.code, Some(0));
    for shut_out in [&add[..], &["user", "reset", "--email", "grace@example.org"]] {
        let refused = folder.run(shut_out).await;
        assert_eq!(
            (refused.code, refused.out.as_str()),
            (Some(1), ""),
            "a link that would open nothing is not printed"
        );
        assert!(refused.err.contains("user enable"), "{}", refused.err);
    }
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn a_start_prints_a_link_for_everything_only_while_no_admin_has_a_password() {
    let folder = Folder::new();
    assert_eq!(folder.serve(&[]).await.stop().await, Some(0));
    let mut second = folder.serve(&[]).await;
    assert_eq!(opens(&second, &second.sign_in()).await["needs_first_admin"], true);
    let admin = ["user", "add", "--email", "ada@example.org", "--name", "Ada", "--role", "admin", "--password-stdin"];
    assert_eq!(told(&folder, &format!("{PASSWORD}\n"), &admin).await.code, Some(0));
    assert_eq!(second.stop().await, Some(0));

    let mut third = folder.serve(&[]).await;

    let printed = third.printed();
    assert!(!printed.contains("/sign-in?code=") && printed.contains("gleaner user reset --email"), "{printed}");
    assert_eq!(log_in(&third, "ada@example.org", PASSWORD).await, 200);
    let reset = folder.run(&["user", "reset", "--email", "ada@example.org"]).await;
    assert_eq!(opens(&third, &reset.out).await["role"], "admin");
    assert_eq!(third.stop().await, Some(0));
    let mut fourth = folder.serve(&[]).await;
    assert!(fourth.printed().contains("/sign-in?code="), "nobody has a password now: {}", fourth.printed());
    assert_eq!(fourth.stop().await, Some(0));
}

#[actix_web::test]
async fn an_organisation_is_made_with_a_link_for_its_first_admin_and_begins_with_what_is_configured() {
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    let added = folder.run(&["org", "add", " Harbour "]).await;
    assert_eq!((added.code, added.out.lines().count()), (Some(0), 1), "{}", added.err);
    let me = opens(&serving, &added.out).await;
    assert_eq!((&me["organisation"]["name"], &me["needs_first_admin"]), (&json!("Harbour"), &json!(true)));
    for (arguments, words) in [
        (&["org", "add", "Harbour"][..], "already"),
        (&["org", "add", " "], "NAME"),
        (&["org", "rename", "Harbour", "Demo"], "already"),
        (&["org", "rename", "Nowhere", "Quay"], "no organisation"),
    ] {
        let refused = folder.run(arguments).await;
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(refused.err.contains(words), "{}", refused.err);
    }
    assert_eq!(folder.run(&["org", "rename", "Harbour", "Quay"]).await.code, Some(0));
    let listed: Value = serde_json::from_str(&folder.run(&["org", "list", "--json"]).await.out).expect("JSON");
    let names: Vec<&Value> = listed.as_array().expect("a list").iter().map(|org| &org["name"]).collect();
    assert_eq!(names, ["Demo", "Quay"]);
    assert_eq!(listed[1]["members"], 0);
    assert!(folder.run(&["org", "list"]).await.out.contains("Quay  0 members"));

    let made = folder.run(&["token", "create", "--name", "theirs", "--org", "Quay"]).await;
    let theirs = Api::new(serving.base(), made.out.trim_end());
    let ours = Api::new(serving.base(), &serving.token().await);
    assert_eq!(theirs.get("/auth/me").await["organisation"]["name"], "Quay");
    assert_eq!(
        theirs.get("/collection/settings").await,
        ours.get("/collection/settings").await,
        "nobody has chosen any"
    );
    for empty in ["/sellers", "/collection/runs", "/amazon/presets", "/collection/templates"] {
        assert_eq!(theirs.get(empty).await["items"], json!([]), "{empty}");
    }
    let log: Value = theirs.get("/audit-log?action=org.add").await;
    assert_eq!(log["items"].as_array().map(Vec::len), Some(1), "{log}");
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn a_token_is_taken_back_by_its_id_or_its_name_and_never_by_a_name_that_several_have() {
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    let make = async |name: &str| {
        let made = folder.run(&["token", "create", "--name", name]).await;
        Api::new(serving.base(), made.out.trim_end())
    };
    let (alone, one, two) = (make("alone").await, make("twice").await, make("twice").await);
    let listed: Value = serde_json::from_str(&folder.run(&["token", "list", "--json"]).await.out).expect("JSON");
    let ids: Vec<&str> = listed
        .as_array()
        .expect("a list")
        .iter()
        .filter(|token| token["name"] == "twice")
        .filter_map(|token| token["id"].as_str())
        .collect();

    let several = folder.run(&["token", "revoke", "twice"]).await;

    assert_eq!((several.code, several.out.as_str()), (Some(1), ""));
    assert!(several.err.contains("2 tokens") && ids.iter().all(|id| several.err.contains(id)), "{}", several.err);
    for (given, words) in [("alone", "is taken back"), (ids[0], ids[0])] {
        let done = folder.run(&["token", "revoke", given]).await;
        assert!(done.code == Some(0) && done.err.contains(words), "{given}: {}", done.err);
        let again = folder.run(&["token", "revoke", given]).await;
        assert!(again.code == Some(1) && again.err.contains("gleaner token list"), "{given}: {}", again.err);
    }
    for (token, status) in [(&alone, 401), (&one, 401), (&two, 200)] {
        assert_eq!(token.ask(Method::GET, "/auth/me", None).await.0, status);
    }
    let left = folder.run(&["token", "revoke", "twice"]).await;
    assert_eq!(left.code, Some(0), "now it says which one: {}", left.err);
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
