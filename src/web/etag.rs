//! Conditional requests: what a resource was when it was read (`ETag`), a change that holds only for that (`If-Match`), and a
//! read that is not repeated while it still is that (`If-None-Match`).
//!
//! A tag is a hash of what is shown, so that it is the same on every engine and after every restart.

use actix_web::body::MessageBody;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::SchemaGenerator;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::web::error::{Kind, Problem};
use crate::web::openapi::field::Field;
use crate::web::query::short;

/// The header of a change that holds only for what was read.
pub const IF_MATCH: Field = Field::optional(
    "If-Match",
    tags,
    "the `ETag` of an answer: the change holds only where what it showed is still there",
);

/// The header of a read that need not be repeated.
pub const IF_NONE_MATCH: Field =
    Field::optional("If-None-Match", tags, "the `ETag` of an answer: while what it showed is still there, 304");

/// As RFC 9110 writes it: `*`, or tags with their quotes.
fn tags(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "pattern": r#"^(\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*"){0,9})$"#})
}

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
        Self::of_bytes(&serde_json::to_vec(shown).unwrap_or_default())
    }

    /// Of a file.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let hash = Sha256::digest(bytes);
        Self(format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..TAG_BYTES])))
    }

    /// The header that tells it.
    #[must_use]
    pub fn header(&self) -> (HeaderName, &str) {
        (header::ETAG, &self.0)
    }

    /// Whether the caller knows the resource as it is. Of a read, weak tags count too (RFC 9110, 13.1.2): a proxy that
    /// compresses an answer makes its tag a weak one.
    fn is_known(&self, request: &HttpRequest) -> Result<bool, Problem> {
        Ok(match Tags::of(request, "If-None-Match")? {
            None => false,
            Some(Tags::Any) => true,
            Some(Tags::These(tags)) => tags.iter().any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == self.0),
        })
    }
}

/// The answer to a read: what is shown, with its tag, or 304 where the caller has that already.
///
/// # Errors
/// 400 where `If-None-Match` is no list of tags.
pub fn answer(request: &HttpRequest, shown: &impl Serialize) -> Result<HttpResponse, Problem> {
    let tag = ETag::of(shown);
    if tag.is_known(request)? {
        return Ok(HttpResponse::NotModified().insert_header(tag.header()).finish());
    }
    Ok(HttpResponse::Ok().insert_header(tag.header()).json(shown))
}

/// The answer to a read of a file: its bytes with their tag, or 304 where the caller has them already. Browsers ask each
/// time, so that a new binary shows at once; what one sends that is no list of tags is as good as nothing.
pub fn file(request: &HttpRequest, tag: &ETag, media_type: &str, body: impl MessageBody + 'static) -> HttpResponse {
    let is_known = tag.is_known(request).unwrap_or(false);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((header::CACHE_CONTROL, "no-cache")).insert_header(tag.header());
    if is_known { response.finish() } else { response.content_type(media_type).body(body) }
}

/// The answer to a change: what is shown from now on, with its tag.
pub fn changed(shown: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(ETag::of(shown).header()).json(shown)
}

/// What `If-Match` asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Nothing: the caller changes whatever is there, and makes what is not.
    Anything,
    /// That there be something.
    Something,
    /// One of these tags. A weak one matches nothing, as RFC 9110 has it for changes.
    OneOf(Vec<String>),
}

impl IfMatch {
    /// Of a request.
    ///
    /// # Errors
    /// 400 where it is no list of tags.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(match Tags::of(request, "If-Match")? {
            None => Self::Anything,
            Some(Tags::Any) => Self::Something,
            Some(Tags::These(tags)) => Self::OneOf(tags),
        })
    }

    /// Whether the change holds only for what somebody has read.
    #[must_use]
    pub fn names_tags(&self) -> bool {
        matches!(self, Self::OneOf(_))
    }

    /// Whether the change holds for a resource that is shown like this.
    #[must_use]
    pub fn allows(&self, shown: &impl Serialize) -> bool {
        match self {
            Self::Anything | Self::Something => true,
            Self::OneOf(tags) => tags.contains(&ETag::of(shown).0),
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

/// What one of the two headers lists.
enum Tags {
    /// `*`.
    Any,
    /// These.
    These(Vec<String>),
}

impl Tags {
    /// Of a request; nothing where it has no such header.
    fn of(request: &HttpRequest, field: &str) -> Result<Option<Self>, Problem> {
        let refused = |what: &str| {
            let allowed = format!("the ETag of an answer with its quotes, up to {TAGS_MAX} of them, or *");
            Problem::bad_request(field, format!("{what} cannot be taken; allowed is {allowed}"))
        };
        let mut values = request.headers().get_all(field).peekable();
        if values.peek().is_none() {
            return Ok(None);
        }
        let mut tags = Vec::new();
        for value in values {
            let text = value.to_str().map_err(|_| refused("what is no text"))?;
            if text.trim() == "*" {
                return Ok(Some(Self::Any));
            }
            read_tags(text, &mut tags).ok_or_else(|| refused(&short(text)))?;
        }
        let fits = (1..=TAGS_MAX).contains(&tags.len());
        if fits { Ok(Some(Self::These(tags))) } else { Err(refused(&format!("a list of {}", tags.len()))) }
    }
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
        let now = json!({"a": 1});
        let (of_now, before) = (ETag::of(&now).0, ETag::of(&json!({"a": 2})));
        assert_ne!(of_now, before.0);
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

    #[test]
    fn a_read_is_not_repeated_for_whoever_has_it_however_weak_the_tag() {
        let (now, tag) = (json!({"a": 1}), ETag::of(&json!({"a": 1})).0);
        let ask = |value: &str| {
            let request = TestRequest::default().insert_header((header::IF_NONE_MATCH, value)).to_http_request();
            answer(&request, &now).map(|answer| answer.status().as_u16())
        };
        for known in ["*", &tag, &format!("W/{tag}"), &format!("\"x\", W/{tag}")] {
            assert_eq!(ask(known).expect("read"), 304, "{known}");
        }
        assert_eq!(ask("\"x\"").expect("read"), 200);
        let tag = ETag::of_bytes(b"a file");
        let send = |value: &str| {
            let request = TestRequest::default().insert_header((header::IF_NONE_MATCH, value)).to_http_request();
            file(&request, &tag, "text/plain", "a file").status().as_u16()
        };
        assert_eq!(
            [tag.0.as_str(), "*", "W/\"x\"", "no tag", "\"x\", "].map(send),
            [304, 304, 200, 200, 200],
            "a browser that sends nonsense gets the file"
        );
        assert!(ask("x").expect_err("no tag").to_string().starts_with("If-None-Match: "));
    }
}
