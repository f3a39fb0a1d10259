//! Conditional updates: what a resource was when it was read (`ETag`), and a change that holds only for that (`If-Match`).
//!
//! A tag is a hash of what is shown, so that it is the same on every engine and after every restart.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::web::error::{Kind, Problem};
use crate::web::openapi::field::{Field, text};
use crate::web::query::short;

/// The header of a change that holds only for what was read.
pub const IF_MATCH: Field = Field::optional(
    "If-Match",
    text::<1, 4_000>,
    "the `ETag` of an answer: the change holds only where what it showed is still there",
);

/// Bytes of the hash that a tag shows.
const TAG_BYTES: usize = 16;
/// Most tags that one request may name.
const TAGS_MAX: usize = 20;

/// The strong tag of a resource as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// Of what the API answers.
    #[must_use]
    pub fn of(shown: &impl Serialize) -> Self {
        // What is answered is made of strings, numbers and lists: writing it as JSON cannot fail.
        let hash = Sha256::digest(serde_json::to_vec(shown).unwrap_or_default());
        Self(format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..TAG_BYTES])))
    }

    /// The header that tells it.
    #[must_use]
    pub fn header(&self) -> (HeaderName, &str) {
        (header::ETAG, &self.0)
    }
}

/// What `If-Match` asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Nothing: the caller changes whatever is there.
    Anything,
    /// One of these tags. A weak one matches nothing, as RFC 9110 has it for changes.
    OneOf(Vec<String>),
}

impl IfMatch {
    /// Of a request; `*` asks that there be something, which every change does.
    ///
    /// # Errors
    /// 400 where it is no list of tags.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut values = request.headers().get_all(header::IF_MATCH).peekable();
        if values.peek().is_none() {
            return Ok(Self::Anything);
        }
        let mut tags = Vec::new();
        for value in values {
            let text = value.to_str().map_err(|_| refused("is no text"))?;
            if text.trim() == "*" {
                return Ok(Self::Anything);
            }
            read_tags(text, &mut tags).ok_or_else(|| refused(&short(text)))?;
        }
        if (1..=TAGS_MAX).contains(&tags.len()) { Ok(Self::OneOf(tags)) } else { Err(refused("is no such list")) }
    }

    /// Whether the change holds for a resource with this tag.
    #[must_use]
    pub fn allows(&self, tag: &ETag) -> bool {
        match self {
            Self::Anything => true,
            Self::OneOf(tags) => tags.contains(&tag.0),
        }
    }

    /// The answer where the change does not hold for what is there now.
    #[must_use]
    pub fn failed() -> Problem {
        let message = "it has changed since it was read, and nothing was changed now; read it again, and send its ETag with \
            the change, or the change without If-Match";
        Problem::field(Kind::Stale, "If-Match", message)
    }
}

fn refused(what: &str) -> Problem {
    let message = format!(
        "{what} cannot be taken; allowed is the ETag of an answer with its quotes, up to {TAGS_MAX} of them, or *"
    );
    Problem::bad_request("If-Match", message)
}

/// Reads `"tag", W/"tag"`; a comma within the quotes belongs to the tag.
fn read_tags(text: &str, tags: &mut Vec<String>) -> Option<()> {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let opaque = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (tag, after) = opaque.split_once('"')?;
        let whole = &rest[..rest.len() - after.len()];
        if tag.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return None;
        }
        tags.push(whole.to_owned());
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use serde_json::json;

    fn of(value: &str) -> Result<IfMatch, Problem> {
        IfMatch::of(&TestRequest::default().insert_header((header::IF_MATCH, value)).to_http_request())
    }

    #[test]
    fn a_change_holds_for_what_was_read_and_for_nothing_else() {
        let (now, before) = (ETag::of(&json!({"a": 1})), ETag::of(&json!({"a": 2})));
        assert_ne!(now, before);
        let of_now = now.0.clone();
        for fits in ["*", &of_now, &format!("\"x,y\",  {of_now}"), &format!("{of_now}, W/\"z\"")] {
            assert!(of(fits).expect("read").allows(&now), "{fits}");
        }
        assert!(IfMatch::of(&TestRequest::default().to_http_request()).expect("none").allows(&now));
        for fits_not in [&before.0, &format!("W/{of_now}"), "\"\""] {
            assert!(!of(fits_not).expect("read").allows(&now), "{fits_not}");
        }
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused_with_what_is_one() {
        let many = vec!["\"a\""; 21].join(",");
        for bad in ["abc", "\"abc", "w/\"a\"", "\"a\" \"b\"", "\"a b\"", "", ",", many.as_str()] {
            let words = of(bad).expect_err(bad).to_string();
            assert!(words.starts_with("If-Match: ") && words.contains("its quotes"), "{bad}: {words}");
        }
    }
}
