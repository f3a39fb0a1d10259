//! A server over HTTP: what it is asked, how long it may take, and what its refusals say to people. The token is in one
//! header and nowhere else; no message repeats it.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use awc::http::{Method, StatusCode};
use awc::{Client, ClientRequest, ClientResponse, Connector, SendClientRequest};
use reqwest::redirect::Policy;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;
use tokio::time::{sleep, timeout};
use url::Url;
use url::form_urlencoded::Serializer;

use super::line::clean;
use crate::cli::Failure;

/// Where a server is looked for when nobody says where.
const URL_DEFAULT: &str = "http://127.0.0.1:8080";
/// Longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Longest wait for the beginning of an answer, and for the whole of a short one: longer than the server's own waits.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Longest wait for a file, which a server makes before it sends it.
const FILE_MAX: Duration = Duration::from_secs(180);
/// Longest wait where a file is sent: it has to arrive and to be read before there is an answer.
const FILE_ANSWER_MAX: Duration = Duration::from_secs(240);
/// Longest silence within an answer that is long.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Longest answer that is read whole: 500 runs with all they carry.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest refusal that is read.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;
/// Longest file with a token in it.
const TOKEN_BYTES_MAX: u64 = 4_096;
/// Most rows of one page of a list.
const PAGE_ROWS_MAX: usize = 500;
/// How often what is made once however often it is sent is sent, and the wait in between.
const CREATE_TRIES: usize = 3;
const CREATE_AGAIN: Duration = Duration::from_secs(1);

/// Why there is no answer to work with.
#[derive(Debug, Error)]
pub enum Unanswered {
    /// Nobody answers, or not to the end: later somebody may.
    #[error("{0}")]
    Away(String),
    /// The server says no.
    #[error("{words}")]
    Refused {
        /// Its status code.
        status: StatusCode,
        /// Its words.
        words: String,
    },
}

impl Unanswered {
    /// Nobody knows whether what was asked was done.
    fn is_lost(&self) -> bool {
        match self {
            Self::Away(_) => true,
            Self::Refused { status, .. } => *status == StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A server, and the token that it is asked with.
pub struct Server {
    http: Client,
    base: String,
    token: String,
}

/// A problem document, as far as people are told of it.
#[derive(Deserialize)]
struct ProblemSeen {
    detail: String,
    #[serde(default)]
    errors: Vec<FieldSeen>,
}

#[derive(Deserialize)]
struct FieldSeen {
    field: String,
    message: String,
}

/// One page of a list.
#[derive(Deserialize)]
struct Page {
    #[serde(alias = "sellers")]
    items: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

impl Server {
    /// The server at this address. Nothing is asked yet.
    ///
    /// # Errors
    /// Where the address or the token cannot be used, and what can.
    pub fn new(url: Option<&str>, token: Option<&str>) -> Result<Self, Failure> {
        let base = base_of(url.unwrap_or(URL_DEFAULT))?;
        let token = token.map(str::trim).filter(|token| !token.is_empty()).ok_or(
            "no token: give one with GLEANER_TOKEN, --token-file or --token; `gleaner token create --name NAME` on the \
             server's data folder makes one",
        )?;
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the token holds a character that no token has".into());
        }
        // awc's TLS takes the process's provider and panics where there is none; a second naming changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let connector = Connector::new().timeout(CONNECT_MAX);
        // Each wait has a limit of its own here; a token is never carried on to wherever an answer points.
        let http = Client::builder().connector(connector).disable_redirects().disable_timeout().finish();
        Ok(Self { http, base, token: token.to_owned() })
    }

    /// Where it is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What a path says, as text.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn get(&self, path: &str) -> Result<String, Unanswered> {
        self.whole(self.request(Method::GET, path, &[])).await
    }

    /// As [`Self::get`], for what changes something.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn post(&self, path: &str) -> Result<String, Unanswered> {
        self.whole(self.request(Method::POST, path, &[])).await
    }

    /// As [`Self::post`], with a body of this kind, which may be a file.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn send(&self, path: &str, kind: &str, body: Vec<u8>) -> Result<String, Unanswered> {
        let request = self.request(Method::POST, path, &[]).insert_header(("Content-Type", kind));
        self.read(self.answered(request.send_body(body), FILE_ANSWER_MAX).await?).await
    }

    /// Makes something of this JSON, under a key with which the server makes it once: where the answer is lost, it is asked
    /// for again.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn create(&self, path: &str, key: &str, body: &Value) -> Result<String, Unanswered> {
        let body = body.to_string();
        let mut tries = 1;
        loop {
            let request = self.request(Method::POST, path, &[]).insert_header(("Content-Type", "application/json"));
            let sending = request.insert_header(("Idempotency-Key", key)).send_body(body.clone());
            let came = match self.answered(sending, ANSWER_MAX).await {
                Ok(answer) => self.read(answer).await,
                Err(unanswered) => Err(unanswered),
            };
            match came {
                Err(unanswered) if unanswered.is_lost() && tries < CREATE_TRIES => sleep(CREATE_AGAIN).await,
                other => return other,
            }
            tries += 1;
        }
    }

    /// Opens the live stream at this path, behind the event of this number; `None` where there will be nothing more.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn stream(&self, path: &str, after: i64) -> Result<Option<ClientResponse>, Unanswered> {
        let request = self.request(Method::GET, path, &[]);
        let request = request.insert_header(("Accept", "text/event-stream"));
        let answer = self.answer(request.insert_header(("Last-Event-ID", after.to_string()))).await?;
        Ok((answer.status() != StatusCode::NO_CONTENT).then_some(answer))
    }

    /// Hands each row of a list to `each`, page by page, until it says `false`, `max` rows came or the list ends. Answers
    /// whether rows are left.
    ///
    /// # Errors
    /// [`Unanswered`], and those of `each`.
    pub async fn rows(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
        max: usize,
        mut each: impl FnMut(&RawValue) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        let (mut cursor, mut left) = (None::<String>, max);
        while left > 0 {
            let limit = left.min(PAGE_ROWS_MAX).to_string();
            let given = query.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
            let paging = [Some(("limit", limit.as_str())), cursor.as_deref().map(|text| ("cursor", text))];
            let pairs: Vec<(&str, &str)> = given.chain(paging.into_iter().flatten()).collect();
            let text = self.whole(self.request(Method::GET, path, &pairs)).await?;
            let page: Page = serde_json::from_str(&text).map_err(|error| self.not_ours(&error.to_string()))?;
            for row in &page.items {
                if !each(row)? {
                    return Ok(true);
                }
            }
            left = left.saturating_sub(page.items.len());
            // A list that does not move on would be read for ever.
            if page.next_cursor.is_none() || page.items.is_empty() || page.next_cursor == cursor {
                return Ok(false);
            }
            cursor = page.next_cursor;
        }
        Ok(true)
    }

    /// Writes the body at this path to `out` as it comes. By another client than the rest: awc takes the end of a connection
    /// for the end of a body, which would make a part of a file the whole of it.
    ///
    /// # Errors
    /// [`Unanswered`], also where it breaks off.
    pub async fn copy(&self, path: &str, query: &[(&str, &str)], out: &mut impl Write) -> Result<(), Failure> {
        let client =
            reqwest::Client::builder().redirect(Policy::none()).no_proxy().connect_timeout(CONNECT_MAX).build()?;
        let request = client.get(self.address(path, query)).bearer_auth(&self.token);
        let mut answer = match timeout(FILE_MAX, request.send()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(self.away(&reasons(&error)).into()),
            Err(_) => return Err(self.away(&format!("no answer within {} s", FILE_MAX.as_secs())).into()),
        };
        let mut refusal = (!answer.status().is_success()).then(Vec::new);
        loop {
            let broken = match timeout(SILENCE_MAX, answer.chunk()).await {
                Ok(Ok(Some(bytes))) => {
                    match &mut refusal {
                        Some(body) if body.len() > REFUSAL_BYTES_MAX => break,
                        Some(body) => body.extend_from_slice(&bytes),
                        None => out.write_all(&bytes)?,
                    }
                    continue;
                }
                Ok(Ok(None)) => break,
                Ok(Err(error)) => reasons(&error),
                Err(_) => "nothing more comes".to_owned(),
            };
            if refusal.is_some() {
                break;
            }
            return Err(format!("the answer breaks off, what came is a part: {broken}").into());
        }
        match refusal {
            Some(body) => Err(self.refused(answer.status().as_u16(), Some(&body)).into()),
            None => Ok(()),
        }
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)]) -> ClientRequest {
        self.http
            .request(method, self.address(path, query))
            .insert_header(("Authorization", format!("Bearer {}", self.token)))
    }

    fn address(&self, path: &str, query: &[(&str, &str)]) -> String {
        let mut address = format!("{}{path}", self.base);
        if !query.is_empty() {
            address.push('?');
            address.push_str(&Serializer::new(String::new()).extend_pairs(query).finish());
        }
        address
    }

    /// The answer, where it is one that says yes.
    async fn answer(&self, request: ClientRequest) -> Result<ClientResponse, Unanswered> {
        self.answered(request.send(), ANSWER_MAX).await
    }

    async fn answered(&self, sending: SendClientRequest, longest: Duration) -> Result<ClientResponse, Unanswered> {
        let sent = timeout(longest, sending).await;
        let mut answer = match sent {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(self.away(&error.to_string())),
            Err(_) => return Err(self.away(&format!("no answer within {} s", longest.as_secs()))),
        };
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = timeout(ANSWER_MAX, answer.body().limit(REFUSAL_BYTES_MAX)).await.ok().and_then(Result::ok);
        Err(self.refused(status.as_u16(), body.as_deref()))
    }

    /// What an answer says that says no.
    fn refused(&self, status: u16, body: Option<&[u8]>) -> Unanswered {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let problem = body.and_then(|body| serde_json::from_slice::<ProblemSeen>(body).ok());
        let words = match problem {
            Some(problem) => self.refusal(status, &problem),
            None => self.not_ours(&format!("HTTP {}", status.as_u16())),
        };
        Unanswered::Refused { status, words }
    }

    async fn whole(&self, request: ClientRequest) -> Result<String, Unanswered> {
        self.read(self.answer(request).await?).await
    }

    async fn read(&self, mut answer: ClientResponse) -> Result<String, Unanswered> {
        let body = match timeout(ANSWER_MAX, answer.body().limit(BODY_BYTES_MAX)).await {
            Ok(Ok(body)) => body,
            Ok(Err(error)) => return Err(self.away(&format!("the answer breaks off: {error}"))),
            Err(_) => return Err(self.away("the answer breaks off: nothing more comes")),
        };
        String::from_utf8(body.to_vec()).map_err(|_| self.away("the answer is no text"))
    }

    fn away(&self, cause: &str) -> Unanswered {
        let base = &self.base;
        Unanswered::Away(format!(
            "no server answers at {base} ({cause}); `gleaner serve` starts one, --url or GLEANER_URL names another"
        ))
    }

    fn not_ours(&self, what: &str) -> String {
        format!("what answers at {} is no gleaner server, or not one that this command knows: {what}", self.base)
    }

    fn refusal(&self, status: StatusCode, problem: &ProblemSeen) -> String {
        let mut words = clean(&problem.detail);
        for error in problem.errors.iter().filter(|_| problem.errors.len() > 1) {
            words.push_str(&format!("; {}: {}", clean(&error.field), clean(&error.message)));
        }
        if status == StatusCode::UNAUTHORIZED {
            let base = &self.base;
            words.push_str(&format!(" ({base}); `gleaner token create --name NAME` on its data folder makes a token"));
        }
        words
    }
}

/// An error with all that lies behind it: the outermost alone says only that something was wrong.
fn reasons(error: &reqwest::Error) -> String {
    let all = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The token in a file.
///
/// # Errors
/// Where the file cannot be read or is none of a token.
pub fn token_of(file: &Path) -> Result<String, Failure> {
    let bad = |words: String| format!("--token-file {}: {words}", file.display());
    let mut text = String::new();
    let opened = fs::File::open(file).map_err(|error| bad(error.to_string()))?;
    opened.take(TOKEN_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| bad(error.to_string()))?;
    if text.len() as u64 > TOKEN_BYTES_MAX || text.trim().is_empty() {
        return Err(bad(format!("a file of one token and at most {TOKEN_BYTES_MAX} bytes is allowed")).into());
    }
    Ok(text.trim().to_owned())
}

/// The address without what paths are put behind.
fn base_of(text: &str) -> Result<String, Failure> {
    let bad = |words: &str| {
        let allowed = "http or https, a host, and no user, password, query or fragment, as http://127.0.0.1:8080";
        format!("--url (or GLEANER_URL): {words}; allowed is {allowed}")
    };
    let url = Url::parse(text).map_err(|error| bad(&format!("`{}` cannot be read ({error})", clean(text))))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(&format!("`{}` is no scheme of a server", url.scheme())).into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("it names a user; the token goes into GLEANER_TOKEN").into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("it has a query or a fragment").into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_path_and_nothing_that_a_request_would_lose() {
        assert_eq!(base_of("http://localhost:8080/").expect("fine"), "http://localhost:8080");
        assert_eq!(base_of("https://example.com/gleaner/").expect("fine"), "https://example.com/gleaner");
        for bad in ["", "localhost:8080", "ftp://host", "http://me:secret@host", "http://host/?a=1", "http://host/#a"] {
            let words = base_of(bad).expect_err(bad).to_string();
            assert!(
                words.contains("--url") && words.contains("allowed is http") && !words.contains("secret"),
                "{words}"
            );
        }
    }

    #[test]
    fn a_token_that_no_header_takes_is_refused_and_not_repeated() {
        for bad in ["abc\ndef", "abc def", "schl\u{fc}ssel"] {
            let words = Server::new(None, Some(bad)).err().expect("refused").to_string();
            assert!(words.contains("no token has") && !words.contains(bad), "{words}");
        }
        let words = Server::new(None, Some(" ")).err().expect("refused").to_string();
        assert!(words.contains("GLEANER_TOKEN") && words.contains("token create"), "{words}");
    }
}
