//! What an answer of the vendor means: the one place that decides between a page and each kind of failure, and tells
//! what the answer cost. A pure function of status, headers and body; HTTP 200 alone is never success.

use std::time::Duration;

use awc::http::header::{DATE, HeaderMap, RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::envelope::{Codes, Entry, Envelope};
use super::rate_limit::RateLimits;
use crate::domain::failure::{Failure, RetryKind};
use crate::domain::ledger::Cost;
use crate::scrapers::Answer;

/// Longest text of the vendor that is looked at, in characters. It is cut to what is shown only when secrets are blanked:
/// a part of one would not be recognised.
const DETAIL_CHARS_MAX: usize = 4_000;

/// Reads an answer whose content has the form `C`: a `String` for a page's source. `rendered` says that the source asked
/// for is rendered by the vendor in any case.
#[must_use]
pub fn read<C: DeserializeOwned>(status: u16, headers: &HeaderMap, body: &[u8], rendered: bool) -> Answer<C> {
    if status != 200 {
        return Answer { result: Err(refusal(status, headers, body)), cost: Cost::default(), raw: None, job: None };
    }
    let envelope = match serde_json::from_slice::<Envelope<'_>>(body) {
        Ok(envelope) => envelope,
        Err(error) => return malformed(format!("the answer is not the JSON that was expected: {error}"), rendered),
    };
    let Some(entry) = envelope.results.as_deref().and_then(<[_]>::first) else {
        let words = envelope.message.map(|message| format!(": {message}")).unwrap_or_default();
        return malformed(cut(format!("the answer holds no results{words}")), rendered);
    };
    let cost = cost(entry, rendered);
    let job = envelope.job.and_then(|job| job.status);
    if let Some(failure) = failed_job(job.as_deref(), entry) {
        return Answer { result: Err(failure), cost, raw: None, job: None };
    }
    Answer { result: content(entry.content), cost, raw: None, job: None }
}

/// What the vendor charges: answers of the target itself (2xx and 4xx), also the useless ones; not its own giving up.
fn cost(entry: &Entry<'_>, rendered: bool) -> Cost {
    let billed = entry.status_code.is_none_or(|code| matches!(code, 200..=299 | 400..=499));
    Cost { billed, rendered: billed && (rendered || entry.is_render_forced == Some(true)) }
}

/// An answer that came with HTTP 200 and cannot be read: counted as billed, since the vendor did deliver.
fn malformed<C>(detail: String, rendered: bool) -> Answer<C> {
    Answer {
        result: Err(Failure::retryable(RetryKind::Malformed, detail)),
        cost: Cost { billed: true, rendered },
        raw: None,
        job: None,
    }
}

/// The failure that job and target status tell, in that order.
fn failed_job(job: Option<&str>, entry: &Entry<'_>) -> Option<Failure> {
    let code = entry.status_code.unwrap_or(200);
    match (job, code) {
        (_, 612 | 613) => {
            Some(Failure::retryable(RetryKind::Server, format!("the vendor gave up on the target (status {code})")))
        }
        (Some("done") | None, 200..=299) => None,
        (Some("done") | None, 500..) => {
            Some(Failure::retryable(RetryKind::Server, format!("the target failed with status {code}")))
        }
        (Some("done") | None, _) => {
            Some(Failure::retryable(RetryKind::Captcha, format!("the target answered with status {code}")))
        }
        (Some("faulted"), _) => {
            Some(Failure::retryable(RetryKind::Server, format!("the vendor's job is faulted (target status {code})")))
        }
        (Some(other), _) => {
            Some(Failure::retryable(RetryKind::Malformed, cut(format!("the vendor's job is `{other}`, not done"))))
        }
    }
}

pub(super) fn content<C: DeserializeOwned>(content: Option<&RawValue>) -> Result<C, Failure> {
    let malformed = |detail: &str| Failure::retryable(RetryKind::Malformed, detail);
    let Some(content) = content else { return Err(malformed("the result holds no content")) };
    let text = content.get();
    if text == r#""""# || text == "null" {
        return Err(malformed("the content is empty"));
    }
    if text.starts_with('{') {
        let codes: Codes = serde_json::from_str(text)
            .map_err(|error| malformed(&cut(format!("the content's codes cannot be read: {error}"))))?;
        failed_parse(&codes)?;
    }
    serde_json::from_str(text).map_err(|error| {
        // A source where parsed fields were asked for, or the reverse: the vendor's parser did not do its work.
        Failure::retryable(RetryKind::Layout, cut(format!("the content has another form than asked for: {error}")))
    })
}

/// The vendor's own parser: 12000 is fine, 12004 and 12005 are partial, 12007 is unknown and left to the reader of the
/// fields; everything else failed.
fn failed_parse(codes: &Codes) -> Result<(), Failure> {
    for (what, notes) in [("errors", &codes.errors), ("warnings", &codes.warnings)] {
        if let Some(notes) = notes.as_ref().filter(|notes| !notes.is_empty()) {
            log::debug!("the vendor's parser reports {what}: {}", cut(format!("{notes:?}")));
        }
    }
    match codes.parse_status_code {
        None | Some(12000 | 12004 | 12005 | 12007) => Ok(()),
        Some(code) => {
            Err(Failure::retryable(RetryKind::Layout, format!("the vendor could not parse the page (code {code})")))
        }
    }
}

/// What a status other than 200 means.
fn refusal(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let words = message(body);
    let detail = cut(if words.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {words}") });
    match status {
        401 => Failure::Refused { detail: format!("{detail} (the user name or the password is not known there)") },
        402..=403 => Failure::Refused { detail },
        408 => Failure::retryable(RetryKind::Timeout, detail),
        429 => Failure::RateLimited {
            retry_after: retry_after(headers),
            domain_throttled: words.contains("has been limited to") || words.contains("low success rate"),
            detail: with_limit(detail, headers),
        },
        300..=399 => {
            let detail = format!("{detail} (a redirect, which the vendor never sends, is not followed)");
            Failure::retryable(RetryKind::Malformed, detail)
        }
        400..=499 => Failure::Rejected { detail },
        500.. => Failure::retryable(RetryKind::Server, detail),
        _ => Failure::retryable(RetryKind::Malformed, detail),
    }
}

fn with_limit(detail: String, headers: &HeaderMap) -> String {
    match RateLimits::of(headers).requests.limit {
        Some(limit) => format!("{detail} (the plan allows {limit} requests a second)"),
        None => detail,
    }
}

/// The vendor never sends it today; a proxy before it may: seconds, or a date. A date is read against that of the answer
/// itself, since the clocks of two machines differ; one that has passed says nothing, like what is neither.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let stated = text(RETRY_AFTER)?;
    if let Ok(seconds) = stated.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| httpdate::parse_http_date(text).ok();
    date(stated)?.duration_since(text(DATE).and_then(date)?).ok().filter(|wait| !wait.is_zero())
}

/// The vendor's words: the `message` of its JSON, or a plain text that is no page.
fn message(body: &[u8]) -> String {
    if let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(body) {
        return match envelope.message {
            Some(serde_json::Value::String(text)) => text,
            Some(other) => other.to_string(),
            None => String::new(),
        };
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(2 * DETAIL_CHARS_MAX)]);
    if text.trim_start().starts_with(['<', '{', '[']) { String::new() } else { text.trim().to_owned() }
}

pub(super) fn cut(detail: String) -> String {
    shorten(detail, DETAIL_CHARS_MAX)
}

/// At most so many characters, with dots where there were more.
pub(super) fn shorten(detail: String, chars_max: usize) -> String {
    match detail.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}...", &detail[..at]),
        None => detail,
    }
}
