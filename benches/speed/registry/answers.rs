//! Who asks the house over HTTP, one request after the other on a connection that stays open, and how long answers take.

use std::time::Duration;

use awc::Client;
use awc::error::SendRequestError;
use awc::http::Method;
use serde_json::Value;
use tokio::time::Instant;

use crate::house::House;
use crate::questions::Known;

/// Longest body that is read whole.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
const ANSWER_MAX: Duration = Duration::from_secs(300);

/// A client of the house.
pub struct Asker {
    client: Client,
    base: String,
}

/// An answer and how long it took until its last byte was there.
pub struct Answer {
    pub status: u16,
    pub bytes: Vec<u8>,
    pub ms: f64,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }
}

impl Asker {
    pub fn of(house: &House) -> Self {
        let door = house.door();
        let bearer = ("Authorization", format!("Bearer {}", door.token));
        let client = Client::builder().timeout(ANSWER_MAX).add_default_header(bearer).finish();
        Self { client, base: format!("http://{}", door.address) }
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, SendRequestError> {
        let since = Instant::now();
        let request = self.client.request(method, format!("{}{path}", self.base));
        let mut answer = match body {
            Some(body) => request.send_json(body).await?,
            None => request.send().await?,
        };
        let bytes = answer.body().limit(BODY_BYTES_MAX).await.expect("a body").to_vec();
        Ok(Answer { status: answer.status().as_u16(), bytes, ms: since.elapsed().as_secs_f64() * 1_000.0 })
    }

    /// What is said of a file; nothing where there is no such route.
    pub async fn upload(&self, path: &str, kind: &str, file: String) -> Option<Value> {
        let request = self.client.post(format!("{}{path}", self.base)).content_type(kind);
        let mut answer = request.send_body(file).await.expect("an answer");
        if [404, 405].contains(&answer.status().as_u16()) {
            return None;
        }
        let bytes = answer.body().limit(BODY_BYTES_MAX).await.expect("a body");
        assert_eq!(answer.status().as_u16(), 200, "{}", String::from_utf8_lossy(&bytes));
        Some(serde_json::from_slice(&bytes).expect("JSON"))
    }

    /// An answer that is there.
    pub async fn timed(&self, path: &str) -> Answer {
        let answer = self.ask(Method::GET, path, None).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.bytes));
        answer
    }

    /// So many pages of a list, the first one again where it ends: their times in ms, sorted.
    pub async fn pages(&self, path: &str, count: usize) -> Vec<f64> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut page = path.to_owned();
        let mut times = Vec::with_capacity(count);
        // One ahead, so that a plan which nobody has asked for before is not what is measured.
        self.timed(path).await;
        while times.len() < count {
            let answer = self.timed(&page).await;
            times.push(answer.ms);
            let next = answer.json()["next_cursor"].as_str().map(str::to_owned);
            page = match next {
                Some(next) if !path.contains("/events") => format!("{path}{joint}cursor={next}"),
                _ => path.to_owned(),
            };
        }
        times.sort_by(f64::total_cmp);
        times
    }

    /// Writes an answer nowhere as it comes: its bytes and the seconds that it took; nothing where there is no such route.
    pub async fn streamed(&self, path: &str) -> Option<(usize, f64)> {
        use futures_util::StreamExt;
        let since = Instant::now();
        let mut answer = self.client.get(format!("{}{path}", self.base)).send().await.expect("an answer");
        if answer.status().as_u16() != 200 {
            return None;
        }
        let mut bytes = 0;
        while let Some(chunk) = answer.next().await {
            bytes += chunk.expect("it goes on").len();
        }
        Some((bytes, since.elapsed().as_secs_f64()))
    }

    async fn ids(&self, path: &str) -> Vec<String> {
        let list = self.timed(path).await.json();
        let rows = list["items"].as_array().expect("a list").iter();
        rows.map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// What questions name, read off the lists.
    pub async fn known(&self) -> Known {
        let moment = |day: u32| format!("2026-01-{day:02}T02:00:00Z");
        Known {
            runs: self.ids("/collection/runs?limit=500").await,
            newest_entries: self.ids("/history?kind=edits").await,
            oldest_entries: self.ids("/history?to=2026-01-01T05:00:00Z").await,
            seller: self.ids("/sellers?limit=500").await.pop().expect("sellers"),
            moments: [moment(1), moment(10), moment(20)],
        }
    }
}
