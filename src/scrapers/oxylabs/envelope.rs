//! The JSON around every answer of the vendor, and the codes inside a parsed content. Fields we do not use are not named.
//! A code may also be a text of digits: parsers and proxies change one into the other.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// The body of an answer to a query.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) results: Option<Vec<Entry<'a>>>,
    /// May be absent.
    pub(super) job: Option<Job>,
    /// The vendor's words where it refuses.
    pub(super) message: Option<Value>,
}

/// One page of an answer. We ask for one page at a time.
#[derive(Deserialize)]
pub(super) struct Entry<'a> {
    /// The page's source, or what the vendor's parser made of it; `""` where the job is faulted.
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    /// The target's status, or 612 and 613 where the vendor gave up.
    #[serde(default, deserialize_with = "code")]
    pub(super) status_code: Option<i64>,
    /// The vendor rendered the page though it was not asked to.
    pub(super) is_render_forced: Option<bool>,
}

/// The job that an answer belongs to.
#[derive(Deserialize)]
pub(super) struct Job {
    pub(super) status: Option<String>,
}

/// What a parsed content says about itself.
#[derive(Default, Deserialize)]
pub(super) struct Codes {
    #[serde(default, deserialize_with = "code")]
    pub(super) parse_status_code: Option<i64>,
    #[serde(rename = "_errors")]
    pub(super) errors: Option<Vec<Value>>,
    #[serde(rename = "_warnings")]
    pub(super) warnings: Option<Vec<Value>>,
}

/// A whole number, as it is or as a text.
fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => {
            number.as_i64().map(Some).ok_or_else(|| D::Error::custom(format!("{number} is no code")))
        }
        Some(Value::String(text)) => match text.trim().parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(D::Error::custom("a text that is no code")),
        },
        Some(_) => Err(D::Error::custom("neither a number nor a text")),
    }
}
