//! A client made of nothing but a socket: HTTP/1.1 as RFC 9112 says it, event streams as the WHATWG standard does.
//! It shares no code with the server.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::promise;

/// Longest wait for anything; a test that meets it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?} is no JSON"))
    }

    /// A problem document with this status: its detail and its fields.
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let document = self.json();
        assert_eq!(document["status"], status);
        assert!(document["title"].is_string() && document["type"].is_string());
        let fields = document["errors"].as_array().into_iter().flatten();
        let fields: Vec<String> = fields.map(|error| format!("{}: {}", error["field"], error["message"])).collect();
        format!("{} {}", document["detail"].as_str().expect("a detail"), fields.join(" "))
    }
}

/// Who asks: the headers that go with every request.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    headers: Vec<(String, String)>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new() }
    }

    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The last header of this name that goes with every request.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn bearer(&self, token: &str) -> Self {
        self.with("Authorization", &format!("Bearer {token}"))
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Option<&Value>) -> Reply {
        self.send("POST", path, body.map(Value::to_string).as_deref()).await
    }

    /// Sends a request and reads the whole answer, which must be as the document of the API says.
    pub async fn send(&self, method: &str, path: &str, body: Option<&str>) -> Reply {
        let reply = self.exchange(method, path, body).await;
        promise::keeps(method, path, &reply);
        reply
    }

    /// As [`Self::get`], of rows that a test has written by itself, of which the document says nothing.
    pub async fn get_forged(&self, path: &str) -> Reply {
        self.exchange("GET", path, None).await
    }

    async fn exchange(&self, method: &str, path: &str, body: Option<&str>) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: gleaner\r\nConnection: close\r\n");
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if let Some(body) = body {
            head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        self.raw(&format!("{head}\r\n{}", body.unwrap_or_default())).await
    }

    /// Sends a file as a body of this kind.
    pub async fn upload(&self, path: &str, kind: &str, file: &[u8]) -> Reply {
        let mut head = format!("POST {path} HTTP/1.1\r\nHost: gleaner\r\nConnection: close\r\n");
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n", file.len());
        let reply = self.bytes(&[head.as_bytes(), file].concat()).await;
        promise::keeps("POST", path, &reply);
        reply
    }

    /// Sends this text as it is and reads the answer.
    pub async fn raw(&self, request: &str) -> Reply {
        self.bytes(request.as_bytes()).await
    }

    /// Sends these bytes as they are and reads the answer: as long as it says that it is, else to the connection's end.
    pub async fn bytes(&self, request: &[u8]) -> Reply {
        let asking = async {
            let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
            stream.write_all(request).await.expect("sent");
            let mut bytes = Vec::new();
            while !is_whole(&bytes) && stream.read_buf(&mut bytes).await.expect("an answer") > 0 {}
            bytes
        };
        let bytes = timeout(PATIENCE, asking).await.expect("an answer in time");
        let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let mut reply = head_of(std::str::from_utf8(&bytes[..at]).expect("ASCII"));
        let body = &bytes[at + 4..];
        // What would come in chunks does not come at all for HEAD.
        let is_chunked = reply.header("transfer-encoding") == Some("chunked") && !request.starts_with(b"HEAD ");
        reply.body = if is_chunked { whole(body) } else { body.to_vec() };
        reply
    }

    /// Opens an event stream; the answer's head where it is none.
    pub async fn listen(&self, path: &str) -> Result<Feed, Reply> {
        let mut request = format!("GET {path} HTTP/1.1\r\nHost: gleaner\r\nAccept: text/event-stream\r\n");
        for (name, value) in &self.headers {
            request += &format!("{name}: {value}\r\n");
        }
        let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
        stream.write_all(format!("{request}\r\n").as_bytes()).await.expect("sent");
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = timeout(PATIENCE, stream.read_line(&mut head)).await.expect("a head in time");
            assert!(read.expect("a head") > 0, "the head breaks off: {head}");
        }
        let head = head_of(head.trim_end());
        if head.status != 200 || head.header("content-type") != Some("text/event-stream") {
            return Err(head);
        }
        Ok(Feed { stream, head, rest: Vec::new(), last_id: String::new(), retry: None })
    }
}

/// Whether a head with a length has come, and so much behind it.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = head_of(std::str::from_utf8(&bytes[..at]).expect("ASCII"));
    let length = head.header("content-length").and_then(|length| length.parse::<usize>().ok());
    length.is_some_and(|length| bytes.len() >= at + 4 + length)
}

fn head_of(text: &str) -> Reply {
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|word| word.parse().ok());
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    Reply { status: status.expect("a status"), headers: lines.filter_map(header).collect(), body: Vec::new() }
}

fn whole(mut chunked: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let at = chunked.windows(2).position(|two| two == b"\r\n").expect("a chunk's length");
        let length = std::str::from_utf8(&chunked[..at]).expect("ASCII");
        let length = usize::from_str_radix(length, 16).expect("hexadecimal");
        if length == 0 {
            return body;
        }
        body.extend(&chunked[at + 2..at + 2 + length]);
        chunked = &chunked[at + 4 + length..];
    }
}

/// An event as a browser would dispatch it.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// `message` where the event has no name.
    pub name: String,
    pub data: String,
    pub id: String,
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("JSON")
    }

    pub fn seq(&self) -> i64 {
        self.id.parse().expect("a number")
    }
}

/// An open event stream.
pub struct Feed {
    stream: BufReader<TcpStream>,
    pub head: Reply,
    rest: Vec<u8>,
    last_id: String,
    pub retry: Option<String>,
}

impl Feed {
    /// The next event; `None` when the server ends the stream.
    pub async fn next(&mut self) -> Option<Heard> {
        timeout(PATIENCE, self.read()).await.expect("an event in time")
    }

    /// Events up to the first with this name, that one included.
    pub async fn until(&mut self, name: &str) -> Vec<Heard> {
        let mut heard = Vec::new();
        while let Some(event) = self.next().await {
            heard.push(event);
            if heard.last().is_some_and(|last| last.name == name) {
                return heard;
            }
        }
        panic!("the stream ended before {name}: {heard:?}");
    }

    async fn read(&mut self) -> Option<Heard> {
        let (mut name, mut data) = (String::new(), Vec::new());
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                if !data.is_empty() {
                    let name = if name.is_empty() { "message".to_owned() } else { name };
                    return Some(Heard { name, data: data.join("\n"), id: self.last_id.clone() });
                }
                name.clear();
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line.as_str(), ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut name),
                "data" => data.push(value.to_owned()),
                "id" => value.clone_into(&mut self.last_id),
                "retry" => self.retry = Some(value.to_owned()),
                other => assert_eq!(other, "", "only comments besides"),
            }
        }
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=at).collect();
                let text = String::from_utf8(line).expect("UTF-8");
                return Some(text.trim_end_matches(['\r', '\n']).to_owned());
            }
            let mut length = String::new();
            self.stream.read_line(&mut length).await.expect("a chunk's length");
            let length = usize::from_str_radix(length.trim(), 16).expect("hexadecimal");
            let mut chunk = vec![0; length + 2];
            self.stream.read_exact(&mut chunk).await.expect("a chunk");
            if length == 0 {
                assert!(self.rest.is_empty(), "the stream ends inside a line");
                return None;
            }
            self.rest.extend(&chunk[..length]);
        }
    }
}
