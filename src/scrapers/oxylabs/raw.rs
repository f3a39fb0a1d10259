//! Bodies that are kept for the parser of tomorrow: which, in what form, compressed, and read again.
//!
//! Packing belongs on the blocking pool, where the answer is read.

use std::sync::Arc;

use awc::http::header::HeaderMap;
use memchr::memmem;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::answer::{self, content};
use super::envelope::Envelope;
use super::{best_sellers, seller_search};
use crate::domain::failure::{Failure, RetryKind};
use crate::domain::raw_page::{BodyHash, RAW_BYTES_MAX, RawForm, RawPage};
use crate::scrapers::{ProductPage, SellerPage};

/// zstd's own default: 40 MB/s and more at a tenth of the size.
const LEVEL: i32 = 3;
/// Credentials of fewer characters may stand in any page.
const SECRET_CHARS_MIN: usize = 8;

/// What was asked for: decides how an answer is read, then and later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// This page of a category.
    Products {
        /// 1 is the first.
        page: i16,
    },
    /// A result page.
    Sellers {
        /// Sellers outside the filters were asked for too.
        include_off_filter: bool,
    },
}

/// Whether the answer that this came of is worth keeping: it was delivered, and nothing was found in it.
pub(super) fn is_worth_keeping<T>(
    status: u16,
    result: &Result<T, Failure>,
    holds_nothing: impl Fn(&T) -> bool,
) -> bool {
    use RetryKind::{Captcha, Layout, Malformed, WrongView};
    let unread = |failure: &Failure| {
        matches!(failure, Failure::Retryable { kind: Captcha | Layout | Malformed | WrongView, .. })
    };
    status == 200 && result.as_ref().map_or_else(unread, holds_nothing)
}

/// The body as it is kept; `None` for one that is too long, or that repeats the password.
pub(super) fn pack(body: &[u8], asked: Asked, password: &str) -> Option<RawPage> {
    let repeats = password.len() >= SECRET_CHARS_MIN && memmem::find(body, password.as_bytes()).is_some();
    if repeats || body.len() > RAW_BYTES_MAX {
        return None;
    }
    match page_of(body, asked) {
        Some(page) => packed(&page, RawForm::Page),
        None => packed(body, RawForm::Answer),
    }
}

fn packed(bytes: &[u8], form: RawForm) -> Option<RawPage> {
    // A page that cannot be packed is not kept; what it cost is counted all the same.
    let packed: Arc<[u8]> = zstd::bulk::compress(bytes, LEVEL).ok()?.into();
    let hash = BodyHash(Sha256::digest(bytes).into());
    Some(RawPage { hash, form, bytes: i32::try_from(bytes.len()).ok()?, packed })
}

/// The page in an answer, without the vendor's envelope, which is another one each time.
fn page_of(body: &[u8], asked: Asked) -> Option<Vec<u8>> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    let content: &RawValue = envelope.results?.first()?.content?;
    let page = match asked {
        Asked::Sellers { .. } => serde_json::from_str::<String>(content.get()).ok()?.into_bytes(),
        Asked::Products { .. } => content.get().starts_with('{').then(|| content.get().as_bytes().to_vec())?,
    };
    (!page.is_empty()).then_some(page)
}

/// A kept body as it was before it was compressed; `None` where it is damaged.
fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::decompress(packed, RAW_BYTES_MAX).ok()
}

fn damaged() -> Failure {
    Failure::retryable(RetryKind::Malformed, "the kept body is damaged")
}

/// The products that the parser of today finds on a kept page.
///
/// # Errors
/// Where it does not understand it either.
pub fn reread_products(packed: &[u8], form: RawForm, page: i16) -> Result<ProductPage, Failure> {
    let body = unpacked(packed).ok_or_else(damaged)?;
    let found: best_sellers::Content = match form {
        RawForm::Answer => answer::read(200, &HeaderMap::new(), &body, true).result?,
        RawForm::Page => content(Some(serde_json::from_slice(&body).map_err(|_| damaged())?))?,
    };
    found.into_page(page)
}

/// The sellers that the parser of today finds on a kept page.
///
/// # Errors
/// Where it does not understand it either.
pub fn reread_sellers(packed: &[u8], form: RawForm, include_off_filter: bool) -> Result<SellerPage, Failure> {
    let body = unpacked(packed).ok_or_else(damaged)?;
    let html = match form {
        RawForm::Answer => answer::read(200, &HeaderMap::new(), &body, false).result?,
        RawForm::Page => String::from_utf8(body).map_err(|_| damaged())?,
    };
    seller_search::read_page(&html, include_off_filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SELLERS: Asked = Asked::Sellers { include_off_filter: false };

    fn answer(job: &str, content: &serde_json::Value) -> Vec<u8> {
        json!({"job": {"id": job, "status": "done"}, "results": [{"content": content, "status_code": 200}]})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn one_page_in_two_answers_has_one_hash_and_is_read_again() {
        let empty = "<h1 class=srp-controls__count-heading>0 results for x</h1><ul class='srp-results srp-list'></ul>";
        let [one, two] = ["1", "2"].map(|job| pack(&answer(job, &json!(empty)), SELLERS, "sandbox").expect("kept"));
        assert_eq!(
            (one.hash, one.form, one.bytes),
            (two.hash, RawForm::Page, i32::try_from(empty.len()).expect("short"))
        );
        let read = reread_sellers(&one.packed, one.form, false);
        assert_eq!(read, Ok(SellerPage { sightings: Vec::new(), has_more: false }));
        let blocked =
            pack(&answer("1", &json!("<title>Pardon Our Interruption...</title>")), SELLERS, "").expect("kept");
        let read = reread_sellers(&blocked.packed, blocked.form, false);
        assert!(matches!(read, Err(Failure::Retryable { kind: RetryKind::Captcha, .. })));
    }

    #[test]
    fn an_answer_without_a_page_is_kept_whole() {
        for body in [
            b"{\"results\": [".to_vec(),
            b"\xff".to_vec(),
            answer("1", &json!({"results": []})),
            answer("1", &json!("")),
        ] {
            let raw = pack(&body, SELLERS, "tr0ub4dor").expect("kept");
            assert_eq!((raw.form, unpacked(&raw.packed)), (RawForm::Answer, Some(body)));
            assert!(reread_sellers(&raw.packed, raw.form, false).is_err());
        }
    }

    #[test]
    fn products_are_read_again_by_their_page() {
        let asked = Asked::Products { page: 1 };
        let content = json!({"results": [{"asin": "B000000001", "title": "Kettle", "price": 20}]});
        let raw = pack(&answer("1", &content), asked, "").expect("kept");
        let read = reread_products(&raw.packed, raw.form, 1).expect("a page");
        assert_eq!((raw.form, read.products.len()), (RawForm::Page, 1));
        let bad = pack(&answer("1", &json!({"parse_status_code": 12003})), asked, "").expect("kept");
        assert!(reread_products(&bad.packed, bad.form, 1).is_err());
    }

    #[test]
    fn a_body_that_repeats_the_password_or_is_too_long_is_not_kept() {
        assert_eq!(pack(b"no user tr0ub4dor", SELLERS, "tr0ub4dor"), None);
        assert!(pack(b"the sandbox", SELLERS, "sandbox").is_some());
        assert_eq!(pack(&vec![b' '; RAW_BYTES_MAX + 1], SELLERS, ""), None);
    }

    #[test]
    fn a_damaged_body_is_a_failure() {
        assert_eq!(reread_sellers(b"nothing that zstd knows", RawForm::Page, false), Err(damaged()));
    }

    #[test]
    fn what_was_delivered_and_held_nothing_is_worth_keeping() {
        let worth = |status, result: Result<usize, Failure>| is_worth_keeping(status, &result, |found| *found == 0);
        assert!(worth(200, Ok(0)) && !worth(200, Ok(3)));
        for (kind, is) in [
            (RetryKind::Captcha, true),
            (RetryKind::Layout, true),
            (RetryKind::WrongView, true),
            (RetryKind::Malformed, true),
            (RetryKind::Server, false),
            (RetryKind::Timeout, false),
        ] {
            assert_eq!(worth(200, Err(Failure::retryable(kind, ""))), is, "{kind:?}");
            assert!(!worth(500, Err(Failure::retryable(kind, ""))), "{kind:?}");
        }
    }
}
