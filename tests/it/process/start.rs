//! `gleaner runs start`: runs that are made and started on a server by whoever sits elsewhere.

use tokio::io::{AsyncReadExt, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::remote::{Typist, lines};
use crate::support::api::{Api, without_gap};
use crate::support::binary::Folder;

#[actix_web::test]
async fn a_run_is_made_started_and_watched_from_the_console_and_once_however_often_it_is_typed() {
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "0"]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let typist = Typist::new(&api.base, &api.token);
    let short = ["--pages-per-category", "1", "--pages-per-product", "1", "--page-delay-ms", "0"];
    let start = |more: &[&'static str]| [&["runs", "start"][..], more, &short].concat();
    let once = start(&["home-bath,home-bedding", "--name", "Lamps", "--idempotency-key", "nightly-1"]);
    let made = typist.types(&once).await;
    assert_eq!((made.code, made.out.as_str()), (Some(0), "1\n"), "its number and nothing else: {}", made.err);
    assert!(made.err.contains("run 1 (Lamps) is "), "{}", made.err);
    let watched = typist.types(&["watch", "1"]).await;
    assert_eq!(watched.code, Some(0), "{}", watched.err);
    let again = typist.types(&once).await;
    assert_eq!((again.code, again.out.as_str()), (Some(0), "1\n"), "{}", again.err);
    assert!(again.err.contains("is completed, and was started before"), "{}", again.err);
    let other = typist.is_refused(&start(&["home-decor", "--idempotency-key", "nightly-1"])).await;
    assert!(other.to_lowercase().contains("key"), "{other}");

    let followed = typist.types(&start(&["home-bath", "--watch", "--json"])).await;
    assert_eq!(followed.code, Some(0), "{}", followed.err);
    without_gap(&lines(&followed.out));
    assert!(followed.err.contains("run 2 (") && followed.err.contains("is completed: "), "{}", followed.err);
    let told = lines(&typist.hears(&[&["run", "start", "home-bath", "--json"], &short[..]].concat()).await);
    assert_eq!((told.len(), &told[0]["number"], &told[0]["settings"]["pages_per_category"]), (1, &3.into(), &1.into()));

    let refused = typist.is_refused(&start(&["home-nowhere"])).await;
    assert!(refused.contains("category_ids[0]") && refused.contains("no category"), "{refused}");
    let neither = typist.is_refused(&["runs", "start", "--name", "Lamps"]).await;
    assert!(neither.contains("CATEGORY"), "{neither}");
    assert_eq!(
        api.get("/collection/runs").await["items"].as_array().map(Vec::len),
        Some(3),
        "what was refused made nothing"
    );

    api.post("/collection/runs", Some(serde_json::json!({"category_ids": ["home-bath"]}))).await;
    let started = typist.types(&["start", "4"]).await;
    assert_eq!(started.code, Some(0), "{}", started.err);
    assert!(started.err.contains("run 4 (") && started.err.contains("running"), "{}", started.err);
    let twice = typist.is_refused(&["start", "4"]).await;
    assert!(twice.contains("allowed now"), "{twice}");
    assert_eq!(serving.stop().await, Some(0));
}

/// A way to the server at this address on which the first answer is lost.
async fn loses_an_answer(base: &str) -> String {
    let server = base.strip_prefix("http://").expect("plain HTTP").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let mut is_first = true;
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(&server).await.expect("it serves");
            if std::mem::take(&mut is_first) {
                let ((mut from_client, _), (mut from_server, mut to_server)) = (client.split(), server.split());
                let mut answer = [0; 1];
                tokio::select! {
                    _ = copy(&mut from_client, &mut to_server) => {}
                    _ = from_server.read(&mut answer) => {}
                }
            } else {
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        }
    });
    format!("http://{address}")
}

#[actix_web::test]
async fn a_run_whose_answer_was_lost_is_made_once_and_started() {
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "300"]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let typist = Typist::new(&loses_an_answer(&api.base).await, &api.token);
    let made = typist.types(&["runs", "start", "home-bath"]).await;
    assert_eq!((made.code, made.out.as_str()), (Some(0), "1\n"), "{}", made.err);
    let runs = api.get("/collection/runs").await;
    assert_eq!(runs["items"].as_array().map(Vec::len), Some(1), "{runs}");
    assert_eq!(runs["items"][0]["status"], "running");

    let nobody = Typist::new("http://127.0.0.1:1", &api.token);
    let said = nobody.is_refused(&["runs", "start", "home-bath"]).await;
    assert!(said.contains("The run may have been made") && said.contains("--idempotency-key "), "{said}");
    assert_eq!(serving.stop().await, Some(0));
}
