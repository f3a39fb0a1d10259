//! A small client of the API, as a program with a token would be written: requests, waits for facts, a run's events.

use std::collections::BTreeSet;
use std::time::Duration;

use awc::Client;
use awc::http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::binary::PATIENCE;

/// Longest body that is read.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A server and who asks it.
pub struct Api {
    pub base: String,
    pub token: String,
}

impl Api {
    pub fn new(base: String, token: &str) -> Self {
        Self { base, token: token.to_owned() }
    }

    /// The answer's status and text.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
        let request = Client::default()
            .request(method, format!("{}{path}", self.base))
            .timeout(Duration::from_secs(60))
            .insert_header(("Authorization", format!("Bearer {}", self.token)));
        let sent = match &body {
            Some(body) => request.send_json(body).await,
            None => request.send().await,
        };
        let mut answer = sent.unwrap_or_else(|error| panic!("{path}: {error}"));
        let bytes = answer.body().limit(BODY_BYTES_MAX).await.expect("a body");
        (answer.status().as_u16(), String::from_utf8(bytes.to_vec()).expect("text"))
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, text) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    pub async fn post(&self, path: &str, body: Option<Value>) -> Value {
        let (status, text) = self.ask(Method::POST, path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Makes a run and starts it: its path.
    pub async fn start_run(&self, categories: &[&str], settings: Value) -> String {
        let made = self.post("/collection/runs", Some(json!({"category_ids": categories, "settings": settings}))).await;
        let path = format!("/collection/runs/{}", made["id"].as_str().expect("an id"));
        self.post(&format!("{path}/start"), None).await;
        path
    }

    /// Reads until this holds, and gives what held.
    pub async fn until(&self, path: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let limit = Instant::now() + PATIENCE;
        loop {
            let value = self.get(path).await;
            if holds(&value) {
                return value;
            }
            assert!(Instant::now() < limit, "never came true at {path}: {what}; last was {value}");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for one of the states in which nobody works on the run; it must be this one.
    pub async fn until_rest(&self, run: &str, status: &str) -> Value {
        let rests = |row: &Value| row["status"] != "running" && row["status"] != "pending";
        let row = self.until(run, status, rests).await;
        assert_eq!(row["status"], status, "{row}");
        row
    }

    /// Every stored event of a run, in order.
    pub async fn events(&self, run: &str) -> Vec<Value> {
        let (mut events, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let page = self.get(&format!("{run}/events?after={after}&limit=500")).await;
            events.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => after = next.to_owned(),
                None => return events,
            }
        }
    }

    /// The normalised names of a run's sellers.
    pub async fn sellers(&self, run: &str) -> BTreeSet<String> {
        let (status, text) = self.ask(Method::GET, &format!("{run}/sellers?format=ndjson"), None).await;
        assert_eq!(status, 200, "{text}");
        names(&text)
    }
}

/// The names in an export, one JSON object a line; no name comes twice.
pub fn names(ndjson: &str) -> BTreeSet<String> {
    let rows = ndjson.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let names: Vec<String> = rows.map(|row| row["name"].as_str().expect("a name").to_owned()).collect();
    let set: BTreeSet<String> = names.iter().cloned().collect();
    assert_eq!(set.len(), names.len(), "a seller comes twice");
    set
}

/// The numbers of these events are 1, 2, 3 and so on.
pub fn without_gap(events: &[Value]) {
    let numbers: Vec<i64> = events.iter().map(|event| event["seq"].as_i64().expect("a number")).collect();
    assert!(!numbers.is_empty(), "no event");
    let wrong = numbers.iter().zip(1..).find(|(number, expected)| **number != *expected);
    assert_eq!(wrong, None, "a gap or a repeat: (number, expected)");
}
