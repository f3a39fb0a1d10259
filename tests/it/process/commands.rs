//! `serve` and the short commands beside it, on one data folder: tokens, checks, migrations, a second engine.

use std::net::TcpListener;

use awc::http::Method;
use gleaner::store::migrate;

use super::outside::{CREDENTIALS, Outside};
use crate::support::api::Api;
use crate::support::binary::{Folder, done};
use crate::support::postgres;

#[actix_web::test]
async fn a_taken_port_is_said_clearly_and_the_next_start_still_prints_the_first_token() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let refused = folder.run(&["serve", "--listen", &address]).await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{}", refused.err);
    assert!(refused.err.contains(&format!("cannot listen on {address}")), "{}", refused.err);

    let mut serving = folder.serve(&[]).await;
    let token = serving.token().await;
    let api = Api::new(serving.base(), &token);
    assert_eq!(api.get("/collection/runs").await["items"], serde_json::json!([]));
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    assert_eq!(folder.database_pid(), None, "the database is switched off with the last who uses it");
}

#[actix_web::test]
async fn commands_that_come_before_the_first_start_do_not_use_it_up() {
    let folder = Folder::new();
    let export = ["export", "--format", "csv", "--run", "00000000-0000-7000-8000-000000000000"];
    let exported = folder.run(&export).await;
    assert_eq!((exported.code, exported.out.as_str()), (Some(1), ""));
    assert!(exported.err.contains("nothing was ever collected"), "{}", exported.err);
    assert!(!folder.data().exists(), "an export makes no database");
    let collected = folder.run(&["collect", "--category", "home-bath", "--pages-per-category", "1"]).await;
    assert_eq!(collected.code, Some(0), "{}", collected.err);

    let mut serving = folder.serve(&[]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    assert_eq!(api.get("/collection/runs").await["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn commands_work_beside_an_engine_and_a_second_engine_is_refused() {
    let folder = Folder::new();
    let migrated = folder.run(&["migrate"]).await;
    assert_eq!(migrated.code, Some(0), "{}", migrated.err);
    assert!(!migrated.out.is_empty() && migrated.out.lines().all(|line| line.starts_with("applied ")));

    let mut serving = folder.serve(&[]).await;
    let second = folder.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!((second.code, second.out.as_str()), (Some(1), ""), "{}", second.err);
    assert!(second.err.contains("in use by another engine") && second.err.contains("--data"), "{}", second.err);
    let foreground = folder.run(&["collect", "--category", "home-bath"]).await;
    assert_eq!(foreground.code, Some(1));
    assert!(foreground.err.contains("in use by another engine"), "{}", foreground.err);

    let made = folder.run(&["token", "create", "--name", "a script"]).await;
    assert_eq!((made.code, made.err.as_str()), (Some(0), ""));
    let token = made.out.strip_suffix('\n').expect("a line");
    assert_eq!((token.len(), token.lines().count()), (43, 1), "the token and nothing else: {token}");
    let api = Api::new(serving.base(), token);
    api.get("/collection/runs").await;
    let nameless = folder.run(&["token", "create", "--name", " "]).await;
    assert_eq!((nameless.code, nameless.out.as_str()), (Some(1), ""));
    assert!(nameless.err.contains("--name"), "{}", nameless.err);
    let revoked = folder.run(&["token", "revoke", token]).await;
    assert_eq!(revoked.code, Some(0), "{}", revoked.err);
    let (status, body) = api.ask(Method::GET, "/collection/runs", None).await;
    assert_eq!(status, 401, "{body}");
    let wrong = folder.run(&["token", "revoke", "abc"]).await;
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(1), ""), "{}", wrong.err);

    let checked = folder.run(&["check"]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.out);
    let parts: Vec<&str> = checked.out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(parts, ["configuration", "database", "provider"]);
    assert_eq!(checked.out.matches(" fine, ").count(), 3, "{}", checked.out);
    let again = folder.run(&["migrate"]).await;
    assert_eq!((again.code, again.out.as_str()), (Some(0), ""));
    assert!(again.err.contains("nothing to apply"), "{}", again.err);
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn check_says_what_is_wrong_with_a_database_that_is_away() {
    let folder = Folder::new();
    let mut command = folder.command(&["check"]);
    command.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
    let done = command.output().await.expect("it starts");
    let out = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(1), "{out}");
    assert!(out.contains("database       wrong: ") && out.contains("provider       fine"), "{out}");
}

#[actix_web::test]
async fn check_makes_no_database_and_migrates_none() {
    let folder = Folder::new();
    let new = folder.run(&["check"]).await;
    assert_eq!((new.code, new.err.as_str()), (Some(2), ""), "{}", new.out);
    assert!(new.out.contains("database       not ready: there is none yet in "), "{}", new.out);
    assert!(!folder.data().exists(), "a data folder was made");

    let Some(database) = postgres::database().await else { return };
    let all = migrate::revert_all(&database.url).await.expect("they go down").len();
    let check = async || {
        let mut command = folder.command(&["check"]);
        command.env("DATABASE_URL", &database.url);
        done(command).await
    };
    let behind = check().await;
    assert_eq!((behind.code, behind.err.as_str()), (Some(2), ""), "{}", behind.out);
    let words = format!("{all} migrations are missing, from ");
    assert!(behind.out.contains(&words) && behind.out.contains("`gleaner migrate`"), "{}", behind.out);
    assert_eq!(migrate::pending(&database.url).await.expect("it answers").len(), all, "it was looked at and left");
    migrate::run(&database.url).await.expect("they go up");
    let ready = check().await;
    assert_eq!(ready.code, Some(0), "{}", ready.out);
    assert!(ready.out.contains("the schema is up to date"), "{}", ready.out);
}

#[actix_web::test]
async fn the_real_provider_is_asked_only_by_a_check_that_is_told_to() {
    let outside = Outside::start(0).await;
    let check = async |arguments: &[&str]| {
        let mut command = outside.folder.command(arguments);
        command.args(["--config", &outside.config]).envs(CREDENTIALS);
        let done = command.output().await.expect("it starts");
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let (code, out) = check(&["check"]).await;
    assert!(code == Some(2) && out.contains("it is not asked"), "only the database is not there yet: {out}");
    assert_eq!(outside.counts().await["best_sellers"], 0);
    let (code, out) = check(&["check", "--provider"]).await;
    assert!(code == Some(2) && out.contains("answers with 50 products"), "{out}");
    assert_eq!(outside.counts().await["best_sellers"], 1);
}
