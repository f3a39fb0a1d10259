//! Where no PostgreSQL is installed one is fetched: an archive from a release server, held against its checksum.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use gleaner::store::embedded::{Embedded, Role, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::{PATIENCE, folder, query, stop};
use crate::support::postgres::programs;

#[tokio::test]
async fn where_none_is_installed_a_server_is_fetched_once() {
    let (data, release) = (folder(), folder());
    let Some(bin) = programs().await else { return };
    // An archive like a real one, whose programs are those of this machine.
    let inside = release.path().join("postgresql-17.5.0/bin");
    fs::create_dir_all(&inside).expect("writable");
    for program in ["postgres", "initdb"] {
        let path = inside.join(program);
        fs::write(&path, format!("#!/bin/sh\nexec {}/{program} \"$@\"\n", bin.display())).expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
    }
    let packed = release.path().join("archive.tar.gz");
    let status =
        Command::new("tar").arg("czf").arg(&packed).arg("-C").arg(release.path()).arg("postgresql-17.5.0").status();
    assert!(status.expect("tar").success());
    let archive = fs::read(&packed).expect("packed");
    let (address, asked) = serve(archive, None).await;
    let settings = Settings { installed: false, fetch_url: address, ..Settings::new(data.path()) };
    for _ in 0..2 {
        let embedded =
            timeout(PATIENCE, Embedded::start(&settings, Role::Engine)).await.expect("in time").expect("fetched");
        assert_eq!(query(embedded.url(), "SELECT 1").await, "1");
        stop(embedded).await;
    }
    let asked = asked.lock().expect("whole").clone();
    assert_eq!(asked.len(), 2, "the archive and its checksum, once: {asked:?}");
    assert!(asked.iter().all(|path| path.starts_with("/17.5.0/postgresql-17.5.0-")), "{asked:?}");
}

#[tokio::test]
async fn an_archive_that_is_not_what_its_checksum_says_is_not_unpacked() {
    let data = folder();
    let (address, _) = serve(b"not an archive".to_vec(), Some("0".repeat(64))).await;
    let settings = Settings { installed: false, fetch_url: address, ..Settings::new(data.path()) };
    let error = Embedded::start(&settings, Role::Engine).await.expect_err("damaged").to_string();
    assert!(error.contains("SHA-256"), "{error}");
    assert!(!data.path().join("postgresql").exists() && !data.path().join("postgres").exists());
}

#[tokio::test]
async fn when_fetching_fails_too_one_error_names_the_three_ways_out() {
    let data = folder();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let settings = Settings { installed: false, fetch_url: address, ..Settings::new(data.path()) };
    let error = Embedded::start(&settings, Role::Engine).await.expect_err("nobody there").to_string();
    for way_out in ["install PostgreSQL", "GLEANER_PG_BIN", "DATABASE_URL", "refused"] {
        assert!(error.contains(way_out), "{error}");
    }
}

type Asked = std::sync::Arc<std::sync::Mutex<Vec<String>>>;

/// A release server on loopback: the archive, and beside it the checksum it has or is said to have.
async fn serve(archive: Vec<u8>, checksum: Option<String>) -> (String, Asked) {
    use sha2::{Digest, Sha256};
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let asked = Asked::default();
    let log = asked.clone();
    let checksum = checksum
        .unwrap_or_else(|| Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4_096];
            let length = stream.read(&mut head).await.unwrap_or(0);
            let path = String::from_utf8_lossy(&head[..length]).split(' ').nth(1).unwrap_or_default().to_owned();
            let body = if path.ends_with(".sha256") { checksum.clone().into_bytes() } else { archive.clone() };
            log.lock().expect("whole").push(path);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, asked)
}
