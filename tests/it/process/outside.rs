//! An engine whose provider is a sandbox in a process of its own: it keeps its counts while engines die.

use std::collections::BTreeSet;
use std::time::Duration;

use awc::http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::api::Api;
use crate::support::binary::{Folder, Process};

/// How the engine signs in at the sandbox.
pub const CREDENTIALS: [(&str, &str); 2] = [("OXYLABS_USERNAME", "sandbox"), ("OXYLABS_PASSWORD", "sandbox")];

/// A marketplace outside and a data folder that is configured for it.
pub struct Outside {
    pub folder: Folder,
    /// The configuration file's path.
    pub config: String,
    sandbox: Api,
    _process: Process,
}

impl Outside {
    pub async fn start(latency_ms: u64) -> Self {
        let process = Process::sandbox(&["--latency-ms", &latency_ms.to_string()]).await;
        let folder = Folder::new();
        let config = folder.file(&format!("[oxylabs]\nbase_url = \"{}\"\n", process.base()));
        let sandbox = Api::new(process.base(), "none is asked for");
        Self { folder, config: config.display().to_string(), sandbox, _process: process }
    }

    /// An engine on the folder.
    pub async fn serve(&self) -> Process {
        self.folder.serve_as(&["--config", &self.config], &CREDENTIALS).await
    }

    /// An engine on the folder that keeps what it has in the database at this address.
    pub async fn serve_on(&self, database_url: &str) -> Process {
        let variables = [CREDENTIALS[0], CREDENTIALS[1], ("DATABASE_URL", database_url)];
        self.folder.serve_as(&["--config", &self.config], &variables).await
    }

    /// Where the marketplace is.
    pub fn base(&self) -> &str {
        &self.sandbox.base
    }

    /// Sets something at the sandbox.
    pub async fn set(&self, what: &str, value: Value) {
        let (status, text) = self.sandbox.ask(Method::POST, &format!("/sandbox/{what}"), Some(value)).await;
        assert_eq!(status, 200, "{text}");
    }

    pub async fn counts(&self) -> Value {
        self.sandbox.get("/sandbox/counts").await
    }

    /// Requests so far.
    pub async fn requests(&self) -> u64 {
        let counts = self.sandbox.get("/sandbox/counts?pages=false").await;
        counts["requests"].as_u64().expect("a count")
    }

    /// Waits until so many pages of this kind were asked for.
    pub async fn until_asked(&self, kind: &str, count: u64) {
        let enough = |counts: &Value| counts[kind].as_u64() >= Some(count);
        self.sandbox.until("/sandbox/counts?pages=false", &format!("{count} of {kind}"), enough).await;
    }

    /// Waits until nothing is on the wire, and sees that it stays so.
    pub async fn until_nothing_is_asked(&self) {
        let still = |counts: &Value| counts["in_flight"] == 0;
        let before = self.sandbox.until("/sandbox/counts?pages=false", "nothing on the wire", still).await;
        // Many times what an engine needs to ask for more.
        sleep(Duration::from_millis(300)).await;
        assert_eq!(self.sandbox.get("/sandbox/counts?pages=false").await["requests"], before["requests"]);
    }

    /// Waits until nothing is on the wire and it stays so. Where a database falls silent, a worker whose page was kept in
    /// the last moment before that still asks for its next one.
    pub async fn until_no_more_is_asked(&self) {
        let (path, still) = ("/sandbox/counts?pages=false", |counts: &Value| counts["in_flight"] == 0);
        for _ in 0..10 {
            let before = self.sandbox.until(path, "nothing on the wire", still).await;
            // Many times what an engine needs to ask for more.
            sleep(Duration::from_millis(300)).await;
            if self.sandbox.get(path).await["requests"] == before["requests"] {
                return;
            }
        }
        panic!("it goes on asking");
    }

    /// Has every request from now on wait for longer than any test, and waits until so many do.
    pub async fn hang(&self, count: u64) {
        self.set("latency", json!({"ms": 60_000})).await;
        let path = "/sandbox/counts?pages=false";
        loop {
            let all = |counts: &Value| counts["in_flight"] == count;
            let before = self.sandbox.until(path, &format!("{count} on the wire"), all).await;
            // Longer than those need that were asked for before.
            sleep(Duration::from_millis(200)).await;
            if self.sandbox.get(path).await["requests"] == before["requests"] {
                return;
            }
        }
    }

    /// What a run with these settings ought to find.
    pub async fn truth(&self, categories: &[&str], settings: &Value) -> BTreeSet<String> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for category in categories {
            query.append_pair("category", category);
        }
        query.append_pair("settings", &settings.to_string());
        let told = self.sandbox.get(&format!("/sandbox/truth?{}", query.finish())).await;
        serde_json::from_value(told["sellers"].clone()).expect("names")
    }
}

/// A short run: one page of each list, no waits that are not needed.
pub fn short() -> Value {
    json!({"pages_per_category": 1, "pages_per_product": 1, "page_delay_ms": 0, "retry_backoff_ms": 10})
}

fn pages(counts: &Value) -> impl Iterator<Item = (u64, u64)> {
    let number = |page: &Value, name: &str| page[name].as_u64().expect("a number");
    let pages = counts["pages"].as_array().expect("pages").iter();
    pages.map(move |page| (number(page, "asked"), number(page, "answered")))
}

/// Requests beyond the first one of each page.
pub fn repeated(counts: &Value) -> u64 {
    pages(counts).map(|(asked, _)| asked - 1).sum()
}

/// Answered pages that were answered before.
pub fn answered_again(counts: &Value) -> u64 {
    pages(counts).map(|(_, answered)| answered.saturating_sub(1)).sum()
}
