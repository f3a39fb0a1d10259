//! `export --output` that is killed in the middle: what it leaves is never the file, and is gone with the next one.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::remote::Typist;
use crate::support::api::Api;
use crate::support::binary::{Folder, PATIENCE, Process};

/// A server that begins with a file and never comes to its end.
fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        // Held for as long as the test goes on.
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 1000000000\r\n\r\n";
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&vec![b'x'; 1_000_000]));
            open.push(stream);
        }
    });
    format!("http://{address}")
}

fn beside(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().expect("a folder");
    let all = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    all.filter(|other| other.to_string_lossy().contains("registry") && other != path).collect()
}

/// Starts one, and waits until a part of its file lies there.
async fn begins(typist: &Typist, path: &Path) -> Process {
    let before = beside(path);
    let output = path.to_str().expect("text");
    let export = ["export", "--sellers", "--format", "csv", "--url", &endless(), "--output", output];
    let process = Process::start(typist.command(&export));
    let limit = Instant::now() + PATIENCE;
    let has_begun = |part: &PathBuf| !before.contains(part) && fs::metadata(part).is_ok_and(|part| part.len() > 0);
    while !beside(path).iter().any(has_begun) {
        assert!(Instant::now() < limit, "nothing is written: {}", process.complained());
        sleep(Duration::from_millis(10)).await;
    }
    process
}

#[actix_web::test]
async fn a_killed_export_leaves_nothing_that_is_taken_for_the_file_or_is_in_the_way() {
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let typist = Typist::new(&api.base, &api.token);
    api.post("/sellers/bulk", Some(json!({"names": ["Ann", "Bea"]}))).await;
    let path = folder.data().join("registry.csv");
    let output = path.to_str().expect("text");
    let export = ["export", "--sellers", "--format", "csv", "--columns", "display_name", "--output", output];
    let whole = "display_name\r\nAnn\r\nBea\r\n";

    begins(&typist, &path).await.kill_hard().await;
    assert!(!path.exists(), "a part is not the file");
    typist.hears(&export).await;
    assert_eq!(fs::read_to_string(&path).expect("the file"), whole);
    assert_eq!(beside(&path), Vec::<PathBuf>::new(), "what was left is gone");

    // Killed again, it leaves what was there; one that goes on meanwhile keeps its own part.
    begins(&typist, &path).await.kill_hard().await;
    let mut other = begins(&typist, &path).await;
    assert_eq!(fs::read_to_string(&path).expect("the file"), whole);
    typist.hears(&export).await;
    assert_eq!((beside(&path).len(), other.goes_on()), (1, true));
    assert_eq!(fs::read_to_string(&path).expect("the file"), whole);
    other.kill_hard().await;
    assert_eq!(serving.stop().await, Some(0));
}
