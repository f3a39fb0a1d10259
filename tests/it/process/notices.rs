//! A process that is killed between claiming a delivery and its arrival: the next one sends it, and its id tells the repeat.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use serde_json::{Value, json};

use crate::support::api::Api;
use crate::support::binary::{Folder, done};
use crate::support::postgres;
use crate::support::receiver::{Answering, Receiver};

#[actix_web::test]
async fn what_a_killed_engine_was_sending_arrives_from_the_next_under_the_same_id() {
    let Some(database) = postgres::database().await else { return };
    let folder = Folder::new();
    let variables = [
        ("DATABASE_URL", database.url.as_str()),
        ("GLEANER__NOTICES__ALLOW_PRIVATE", "true"),
        ("GLEANER__NOTICES__PUBLIC_URL", "https://gleaner.test"),
    ];
    let receiver = Receiver::start(Answering::Hang).await;
    let mut serving = folder.serve_as(&[], &variables).await;
    let mut api = Api::new(serving.base(), &serving.token().await);
    let body = json!({"form": "chat", "url": receiver.url, "events": ["run.completed"]});
    let made = api.post("/webhooks", Some(body)).await;
    let path = format!("/webhooks/{}", made["id"].as_str().expect("an id"));
    api.post(&format!("{path}/test"), None).await;
    receiver.until_heard(1).await;
    serving.kill_hard().await;

    // As if the claim's time had passed.
    let mut connection = AsyncPgConnection::establish(&database.url).await.expect("the test database answers");
    connection.batch_execute("UPDATE webhook_deliveries SET next_attempt_at = now()").await.expect("sound SQL");
    receiver.answer(Answering::Status(200));
    serving = folder.serve_as(&[], &variables).await;
    api.base = serving.base();
    let heard = receiver.until_heard(2).await;
    assert_eq!(heard[0].header("webhook-id"), heard[1].header("webhook-id"));
    assert_eq!(heard[0].body, heard[1].body);
    let arrived = |page: &Value| page["items"][0]["status"] == "delivered";
    let page = api.until(&format!("{path}/deliveries"), "it arrives", arrived).await;
    assert_eq!(page["items"][0]["attempts"], 2, "{page}");

    let run = api.start_run(&["home-bath"], json!({"pages_per_category": 1, "pages_per_product": 1})).await;
    let told = receiver.until_heard(3).await[2].json();
    let id = run.rsplit('/').next().expect("an id");
    assert!(
        told["text"].as_str().is_some_and(|text| text.contains(&format!("https://gleaner.test/admin/runs/{id}"))),
        "{told}"
    );
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
}

#[actix_web::test]
async fn an_engine_that_listens_on_every_address_sends_no_link_that_nobody_can_open_and_check_says_what_to_set() {
    let folder = Folder::new();
    let receiver = Receiver::start(Answering::Status(200)).await;
    let private = ("GLEANER__NOTICES__ALLOW_PRIVATE", "true");
    let mut serving = folder.serve_at("0.0.0.0:0", &[], &[private]).await;
    let port = serving.base().rsplit(':').next().expect("a port").to_owned();
    let api = Api::new(format!("http://127.0.0.1:{port}"), &serving.token().await);
    let body = json!({"form": "generic", "url": receiver.url, "events": ["run.completed"]});
    let made = api.post("/webhooks", Some(body)).await;
    api.post(&format!("/webhooks/{}/test", made["id"].as_str().expect("an id")), None).await;
    let run = api.start_run(&["home-bath"], json!({"pages_per_category": 1, "pages_per_product": 1})).await;
    let told: Vec<Value> = receiver.until_heard(2).await.iter().map(|heard| heard.json()).collect();
    for notice in &told {
        assert_eq!(notice.get("link"), Some(&Value::Null), "{notice}");
    }
    let id = run.rsplit('/').next().expect("an id");
    assert!(told.iter().any(|notice| notice["data"]["run_id"] == id), "what is told is whole: {told:?}");

    let checked = async |listen: &str, public_url: &str| {
        let mut command = folder.command(&["check"]);
        command.env("GLEANER__SERVER__LISTEN", listen).env("GLEANER__NOTICES__PUBLIC_URL", public_url);
        done(command).await
    };
    for listen in ["0.0.0.0:8080", "[::]:8080"] {
        let missing = checked(listen, "").await;
        assert_eq!(missing.code, Some(0), "nothing is wrong for whoever sits at the machine: {}", missing.out);
        assert!(missing.out.contains("links          note: ") && missing.out.contains(listen), "{}", missing.out);
        assert!(missing.out.contains("set notices.public_url"), "{}", missing.out);
    }
    for (listen, public_url) in [("0.0.0.0:8080", "https://gleaner.test"), ("127.0.0.1:8080", "")] {
        let fine = checked(listen, public_url).await;
        assert!(fine.code == Some(0) && !fine.out.contains("links"), "{}", fine.out);
    }
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn settings_of_mail_that_cannot_be_used_are_named_before_anything_starts() {
    let folder = Folder::new();
    for (text, words) in [
        ("[smtp]\nurl = \"smtp://localhost\"\n", "smtp.from"),
        ("[smtp]\nurl = \"http://localhost\"\nfrom = \"a@example.org\"\n", "smtp.url"),
        ("[smtp]\nurl = \"smtp://me:hunter2@localhost\"\nfrom = \"nobody\"\n", "smtp.from"),
        ("[notices]\npublic_url = \"gleaner\"\n", "notices.public_url"),
    ] {
        let file = folder.file(text).display().to_string();
        let done = folder.run(&["migrate", "--config", &file]).await;
        assert_eq!(done.code, Some(1), "{text}");
        assert!(done.err.contains(words) && !done.err.contains("hunter2"), "{}", done.err);
    }
}
