//! A small client of a live stream, written from the standard: fields, blank lines, comments; it remembers the last id.

use std::pin::Pin;
use std::time::Duration;

use awc::Client;
use awc::error::PayloadError;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;

use super::api::Api;

/// Longest silence: keepalives come more often.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// One event as the standard dispatches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `message` where the stream names none.
    pub event: String,
    /// The id in its own frame.
    pub id: Option<String>,
    pub data: String,
}

/// An open stream.
pub struct Subscriber {
    bytes: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>,
    pending: Vec<u8>,
}

impl Subscriber {
    /// Opens a stream; `None` where the server says that there is nothing more (204).
    pub async fn open(api: &Api, path: &str, last_event_id: Option<i64>) -> Option<Self> {
        let mut request = Client::builder()
            .disable_timeout()
            .finish()
            .get(format!("{}{path}", api.base))
            .insert_header(("Accept", "text/event-stream"))
            .insert_header(("Authorization", format!("Bearer {}", api.token)));
        if let Some(id) = last_event_id {
            request = request.insert_header(("Last-Event-ID", id.to_string()));
        }
        let answer = timeout(SILENCE_MAX, request.send()).await.expect("in time").expect("an answer");
        if answer.status().as_u16() == 204 {
            return None;
        }
        assert_eq!(answer.status().as_u16(), 200);
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        Some(Self { bytes: Box::pin(answer), pending: Vec::new() })
    }

    /// The next message; `None` when the stream is over.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            while let Some(end) = self.pending.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.pending.drain(..end + 2).collect();
                if let Some(message) = read(&String::from_utf8(block).expect("text")) {
                    return Some(message);
                }
            }
            let more = timeout(SILENCE_MAX, self.bytes.next()).await.expect("keepalives come in time");
            self.pending.extend(more?.ok()?);
        }
    }
}

/// A block that holds no data (a comment, `retry`) is no message.
fn read(block: &str) -> Option<Message> {
    let (mut event, mut id, mut data) = ("message".to_owned(), None, Vec::new());
    for line in block.lines().filter(|line| !line.starts_with(':')) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut event),
            "id" => id = Some(value.to_owned()),
            "data" => data.push(value),
            _ => {}
        }
    }
    (!data.is_empty()).then(|| Message { event, id, data: data.join("\n") })
}
