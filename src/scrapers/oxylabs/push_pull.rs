//! The vendor's other way of delivery: a query is pushed as a job, its id is kept, and the answer is pulled by that id until
//! it is there. The vendor keeps it for a day, whoever dies here.
//!
//! Only the push is a request that is paid for and counted by the plan's limits; looks at the job are free and bounded.

use std::cell::Cell;
use std::time::Duration;

use awc::http::StatusCode;
use awc::http::header::CONTENT_LENGTH;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::client::{NotReceived, Oxylabs, Received};
use crate::domain::failure::{Failure, RetryKind};
use crate::domain::ids::JobId;
use crate::scrapers::Jobs;

/// Wait before the first look at a new job; each further one is twice as long.
const LOOK_MIN: Duration = Duration::from_millis(250);
/// Longest wait between two looks.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// What the vendor says of a job.
#[derive(Deserialize)]
struct Job {
    /// A text or a number.
    id: Option<Value>,
    status: Option<String>,
}

/// What a look at a job told.
enum Look {
    /// Its answer, or a refusal to give it.
    Answered(Received),
    /// It is not done, or it could not be seen.
    Later,
    /// The vendor does not know it, or not any more.
    Unknown,
}

impl Oxylabs {
    /// Fetches the answer of the job that `jobs` holds, or pushes the query as a new one, has its id kept and fetches that.
    /// What the keeping takes is no time of the vendor's, and does not count.
    pub(super) async fn push_and_pull(
        &self,
        query: &Value,
        rendered: bool,
        limit: Duration,
        jobs: &dyn Jobs,
    ) -> Result<Received, NotReceived> {
        let mut open = jobs.open();
        let received = self.pull(query, rendered, limit, jobs, &mut open).await;
        received.map_err(|failure| NotReceived { failure, billed: false, job: open })
    }

    /// `open` is the job whose answer is still to be had.
    async fn pull(
        &self,
        query: &Value,
        rendered: bool,
        limit: Duration,
        jobs: &dyn Jobs,
        open: &mut Option<JobId>,
    ) -> Result<Received, Failure> {
        let until = Instant::now() + limit;
        let late = |what: &str| {
            let words = format!("{what} within {} ms", limit.as_millis());
            Failure::retryable(RetryKind::Timeout, words)
        };
        let not_done = |_| late("the vendor's job is not done");
        if let Some(job) = open.clone() {
            if let Some(received) = timeout_at(until, self.answer_of(&job, Duration::ZERO)).await.map_err(not_done)? {
                return Ok(said(received, open));
            }
            *open = None;
            log::info!("the vendor does not know job {} any more: its page is asked for again", job.as_str());
            let admitted = timeout_at(until, self.account.admit(rendered)).await;
            if admitted.is_err() || !jobs.may_push() {
                return Err(Failure::retryable(RetryKind::Connection, "the vendor does not know the job any more"));
            }
        }
        let head = Cell::new(0);
        let pushing = self.exchange(self.post_to(&self.data_endpoint, query), &head);
        let pushed = timeout_at(until, pushing).await.map_err(|_| late("no answer"))??;
        if !matches!(pushed.status, 200 | 202) {
            return Ok(pushed);
        }
        let job = id_of(&pushed.body)?;
        *open = Some(job.clone());
        let left = until.saturating_duration_since(Instant::now());
        if !jobs.keep(job.clone()).await {
            return Err(Failure::retryable(RetryKind::Connection, "the page went to another worker"));
        }
        let Some(received) = timeout(left, self.answer_of(&job, LOOK_MIN)).await.map_err(not_done)? else {
            *open = None;
            return Err(Failure::retryable(RetryKind::Malformed, "the vendor does not know the job that it took"));
        };
        Ok(said(received, open))
    }

    /// Waits until the job has an answer; `None` where the vendor does not know it.
    async fn answer_of(&self, job: &JobId, first: Duration) -> Option<Received> {
        let mut wait = first;
        loop {
            sleep(wait).await;
            match self.look(job).await {
                Look::Answered(received) => return Some(received),
                Look::Unknown => return None,
                Look::Later => wait = (wait * 2).clamp(LOOK_MIN, LOOK_MAX),
            }
        }
    }

    async fn look(&self, job: &JobId) -> Look {
        let address = format!("{}/{}", self.data_endpoint, job.as_str());
        let Ok(seen) = self.exchange(self.http.get(&address).send(), &Cell::new(0)).await else { return Look::Later };
        let status = match seen.status {
            200 => serde_json::from_slice::<Job>(&seen.body).ok().and_then(|job| job.status),
            401 | 403 => return Look::Answered(seen),
            404 | 410 => return Look::Unknown,
            _ => None,
        };
        if !matches!(status.as_deref(), Some("done" | "faulted")) {
            return Look::Later;
        }
        let results = format!("{address}/results");
        match self.exchange(self.http.get(&results).send(), &Cell::new(0)).await {
            Ok(received) if received.status == StatusCode::OK && is_whole(&received) => Look::Answered(received),
            Ok(received) if matches!(received.status, 401 | 403) => Look::Answered(received),
            Ok(received) if matches!(received.status, 404 | 410) => Look::Unknown,
            // Cut in the middle, or not there yet: it can be fetched again.
            _ => Look::Later,
        }
    }
}

/// The vendor's last word on the open job; but where it refuses, the job is still there: credentials can be mended.
fn said(received: Received, open: &mut Option<JobId>) -> Received {
    let refused = matches!(received.status, 401 | 403);
    Received { job: open.take().filter(|_| refused), ..received }
}

/// The client takes a body that ends early for whole where the connection was closed in order; one without a length is whole
/// where it can be read to its end.
fn is_whole(received: &Received) -> bool {
    let announced = received.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    match announced {
        Some(length) => received.body.len() >= length,
        None => serde_json::from_slice::<IgnoredAny>(&received.body).is_ok(),
    }
}

/// The id of a job that was taken on.
fn id_of(body: &[u8]) -> Result<JobId, Failure> {
    let malformed = |words: String| Failure::retryable(RetryKind::Malformed, words);
    let job: Job = serde_json::from_slice(body)
        .map_err(|error| malformed(format!("the vendor took a job and its words cannot be read: {error}")))?;
    let id = match job.id {
        Some(Value::String(text)) => JobId::parse(&text),
        Some(Value::Number(number)) => JobId::parse(&number.to_string()),
        _ => None,
    };
    id.ok_or_else(|| malformed("the vendor took a job and named no id that can be used".to_owned()))
}

#[cfg(test)]
mod tests {
    use awc::http::header::{HeaderMap, HeaderValue};
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_body_without_a_length_is_whole_where_it_can_be_read_to_its_end() {
        let received = |length: Option<&str>, body: &'static str| {
            let mut headers = HeaderMap::new();
            if let Some(length) = length {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_str(length).expect("a value"));
            }
            Received { status: 200, headers, body: Bytes::from_static(body.as_bytes()), job: None }
        };
        assert!(is_whole(&received(None, r#"{"results":[]}"#)));
        assert!(!is_whole(&received(None, r#"{"results":[{"content":"<html"#)));
        assert!(is_whole(&received(Some("3"), "abc")) && !is_whole(&received(Some("4"), "abc")));
    }

    #[test]
    fn the_id_of_a_job_is_a_text_or_a_number_and_nothing_else() {
        let id = |body: &str| id_of(body.as_bytes()).ok().map(|job| job.as_str().to_owned());
        assert_eq!(id(r#"{"id":"7012345678901234567","status":"pending"}"#).as_deref(), Some("7012345678901234567"));
        assert_eq!(id(r#"{"id":7012345678901234567}"#).as_deref(), Some("7012345678901234567"));
        for bad in ["", "{}", r#"{"id":null}"#, r#"{"id":"../../x"}"#, r#"{"id":""}"#, r#"{"id":[1]}"#] {
            assert_eq!(id(bad), None, "{bad}");
        }
        assert_eq!(id(&format!(r#"{{"id":"{}"}}"#, "7".repeat(65))), None);
    }
}
