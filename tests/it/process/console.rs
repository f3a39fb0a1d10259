//! Commands that ask a running server, as programs read them, and as they end where the server does not do its part.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::outside::short;
use super::remote::{Typist, free_address, lines};
use crate::support::api::{Api, names};
use crate::support::binary::{Folder, Process};

/// Every command that asks a server, on its first run.
const COMMANDS: [&[&str]; 9] = [
    &["runs"],
    &["runs", "list"],
    &["runs", "show", "1"],
    &["watch", "1"],
    &["pause", "1"],
    &["resume", "1"],
    &["cancel", "1"],
    &["sellers"],
    &["sellers", "--run", "1"],
];
const EXPORT: [&str; 5] = ["export", "--run", "1", "--format", "csv"];

/// All of them, those that can with `--json` too, at this address. Only an export is told by its flag alone that it is a
/// server that is asked.
fn commands(url: &str) -> Vec<Vec<&str>> {
    let (plain, json) = (COMMANDS.map(<[&str]>::to_vec), COMMANDS.map(|command| [command, &["--json"]].concat()));
    let all = plain.into_iter().chain(json).chain([EXPORT.to_vec()]);
    all.map(|command| [&command[..], &["--url", url]].concat()).collect()
}

#[actix_web::test]
async fn every_command_says_that_its_token_is_not_known_and_that_nobody_answers() {
    let folder = Folder::new();
    // Slow, so that the run outlasts all of them.
    let mut serving = folder.serve(&["--latency-ms", "1500"]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&["home-bath", "home-bedding"], short()).await;
    let (typist, stranger) = (Typist::new(&api.base, &api.token), Typist::new(&api.base, &"x".repeat(43)));
    for command in commands(&api.base) {
        let words = stranger.is_refused(&command).await;
        assert!(words.contains("not known") && words.contains("token create"), "{command:?}: {words}");
    }
    assert_eq!(api.get(&run).await["wanted"], "run", "a stranger has paused and cancelled nothing");
    let nobody = format!("http://{}", free_address());
    for command in commands(&nobody) {
        let words = typist.is_refused(&command).await;
        assert!(words.contains(&format!("no server answers at {nobody}")), "{command:?}: {words}");
    }

    let mut watching = Process::start(typist.command(&["watch", "1", "--json"]));
    watching.until_printed("\"seq\"").await;
    serving.kill_hard().await;
    watching.until_complained("interrupted").await;
    for command in commands(&api.base) {
        let words = typist.is_refused(&command).await;
        assert!(words.contains(&format!("no server answers at {}", api.base)), "{command:?}: {words}");
        assert!(words.contains("`gleaner serve` starts one"), "{command:?}: {words}");
    }
    assert!(watching.goes_on(), "a watch waits for a server that may come back");
    watching.signal(Signal::SIGINT);
    assert_eq!(watching.ended().await, Some(130));
}

#[actix_web::test]
async fn programs_read_of_every_command_what_the_server_says() {
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "100"]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&["home-bath", "home-bedding"], short()).await;
    let typist = Typist::new(&api.base, &api.token);
    let one = async |arguments: &[&str]| -> Value {
        let mut told = lines(&typist.hears(&[arguments, &["--json"]].concat()).await);
        assert_eq!(told.len(), 1, "{arguments:?}");
        told.remove(0)
    };
    assert_eq!(one(&["pause", "1"]).await["wanted"], "pause");
    api.until_rest(&run, "paused").await;
    assert_eq!(one(&["runs", "show", "1"]).await, api.get(&run).await);
    let resumed = one(&["resume", "1"]).await;
    assert_eq!((&resumed["status"], &resumed["wanted"]), (&json!("running"), &json!("run")));
    api.until_rest(&run, "completed").await;
    let row = api.get(&run).await;
    assert_eq!((one(&["runs"]).await, one(&["runs", "list"]).await), (row.clone(), row));
    assert_eq!(lines(&typist.hears(&["watch", "1", "--from-start", "--json"]).await), api.events(&run).await);

    let all = api.sellers(&run).await;
    let told = typist.hears(&["sellers", "--json", "--limit", "100000"]).await;
    assert_eq!(names(&told), all, "the organisation has found nobody else");
    let first = lines(&told).remove(0);
    assert!(first["id"].is_string() && first["last_seen_run_id"].is_string(), "as the list of all says it: {first}");
    let name = first["name"].as_str().expect("a name");
    let found = names(&typist.hears(&["sellers", "--search", &name.to_uppercase(), "--json"]).await);
    assert!(found.contains(name) && found.iter().all(|other| other.contains(name)), "{found:?}");
    let table = typist.types(&["sellers", "--limit", "2"]).await;
    assert_eq!((table.code, table.out.lines().count()), (Some(0), 2), "{}", table.err);
    assert!(table.err.contains("there may be more"), "{}", table.err);

    let file = typist.hears(&[&EXPORT[..], &["--url", &api.base]].concat()).await;
    let mut rows = csv::Reader::from_reader(file.as_bytes());
    let of_file: BTreeSet<String> = rows.records().map(|row| row.expect("a row")[0].to_owned()).collect();
    assert_eq!(of_file, all);
    assert_eq!(serving.stop().await, Some(0));
}

const RUN: &str = "01a20e2c-0000-730a-bbaa-06d1a39be1f7";

/// Something that answers as a server does, and goes away in the middle of a list of sellers.
async fn half_a_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let run = json!({"id": RUN, "number": 1, "name": "Lamps", "status": "completed", "state": "completed"}).to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4_096];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]);
            let list = if request.contains("format=ndjson") {
                "{\"name\":\"ann\"}\n"
            } else {
                "{\"items\":[{\"name\":\"ann\"},"
            };
            let answer = if request.contains("/sellers") {
                format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{list}\r\n", list.len())
            } else {
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{run}", run.len())
            };
            // Whoever asked may have had enough of it.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    base
}

#[actix_web::test]
async fn a_list_that_breaks_off_is_never_taken_for_a_whole_one() {
    let typist = Typist::new(&half_a_server().await, &"x".repeat(43));
    for command in [&["sellers"][..], &["sellers", "--json"], &["sellers", "--run", RUN], &["runs", "show", "1"]] {
        let words = typist.is_refused(command).await;
        assert!(words.contains(&typist.url), "{command:?}: {words}");
    }
    let export = typist.types(&["export", "--run", RUN, "--format", "ndjson", "--url", &typist.url]).await;
    assert_eq!((export.code, export.out.as_str()), (Some(1), "{\"name\":\"ann\"}\n"), "{}", export.err);
    assert!(export.err.contains("breaks off, what came is a part"), "{}", export.err);
}
