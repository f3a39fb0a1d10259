//! The far end of what goes outward, on loopback: remembers what it hears, and answers as a test says. It shares no code with
//! the sender.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// Longest wait for a fact.
const PATIENCE: Duration = Duration::from_secs(60);

/// How it answers.
#[derive(Clone)]
pub enum Answering {
    /// With this status.
    Status(u16),
    /// With a redirect to this address.
    Redirect(String),
    /// Never.
    Hang,
    /// With 200 and a body of that many bytes, as far as they are taken.
    Flood(usize),
    /// With 200 and this JSON.
    Json(Value),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub head: String,
    pub body: String,
}

impl Heard {
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// The far end; it ends with this.
pub struct Receiver {
    pub url: String,
    pub port: u16,
    answering: Arc<Mutex<Answering>>,
    heard: Arc<Mutex<Vec<Heard>>>,
    listening: JoinHandle<()>,
}

impl Receiver {
    pub async fn start(answering: Answering) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (answering, heard) = (Arc::new(Mutex::new(answering)), Arc::new(Mutex::new(Vec::new())));
        let (how, what) = (Arc::clone(&answering), Arc::clone(&heard));
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&how), Arc::clone(&what)));
            }
        });
        Self { url: format!("http://127.0.0.1:{port}/hook"), port, answering, heard, listening }
    }

    pub fn answer(&self, answering: Answering) {
        *self.answering.lock().expect("no panic while held") = answering;
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("no panic while held").clone()
    }

    /// Waits until it has heard so many requests.
    pub async fn until_heard(&self, count: usize) -> Vec<Heard> {
        let limit = Instant::now() + PATIENCE;
        loop {
            let heard = self.heard();
            if heard.len() >= count {
                return heard;
            }
            assert!(Instant::now() < limit, "{count} requests never came, but {heard:?}");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut stream: TcpStream, answering: Arc<Mutex<Answering>>, heard: Arc<Mutex<Vec<Heard>>>) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let Ok(1..) = stream.read_buf(&mut bytes).await else { return };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0);
        if body.len() >= length {
            break (head.to_owned(), body.to_owned());
        }
    };
    heard.lock().expect("no panic while held").push(Heard { head, body });
    let how = answering.lock().expect("no panic while held").clone();
    let answer = match how {
        Answering::Status(status) => format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"),
        Answering::Redirect(to) => format!("HTTP/1.1 302 X\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"),
        Answering::Hang => return std::future::pending().await,
        Answering::Json(body) => {
            let (kind, body) = ("application/json", body.to_string());
            format!("HTTP/1.1 200 X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        }
        Answering::Flood(bytes) => format!("HTTP/1.1 200 X\r\nContent-Length: {bytes}\r\n\r\n{}", "x".repeat(bytes)),
    };
    // Whoever takes no more has heard enough.
    let _ = stream.write_all(answer.as_bytes()).await;
}
