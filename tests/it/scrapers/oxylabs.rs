//! Every answer of the vendor, in small bodies of our own and in answers that were really given.

use std::path::PathBuf;

use awc::http::header::{HeaderMap, HeaderName, HeaderValue};
use gleaner::domain::failure::{Failure, RetryKind};
use gleaner::domain::ledger::Cost;
use gleaner::scrapers::Answer;
use gleaner::scrapers::oxylabs::{Content, read, read_page};
use serde_json::{Value, json};

use crate::support::samples::samples;

const BILLED: Cost = Cost { billed: true, rendered: false };
const FREE: Cost = Cost { billed: false, rendered: false };

fn html(status: u16, body: &Value) -> Answer<String> {
    read(status, &HeaderMap::new(), body.to_string().as_bytes(), false)
}

fn kind<T>(answer: &Answer<T>) -> Option<RetryKind> {
    match &answer.result {
        Err(Failure::Retryable { kind, .. }) => Some(*kind),
        _ => None,
    }
}

fn done(content: &Value) -> Value {
    json!({"results": [{"content": content, "status_code": 200}], "job": {"status": "done"}})
}

#[test]
fn a_page_that_came_is_a_page_and_is_billed() {
    assert_eq!(
        html(200, &done(&json!("<p>"))),
        Answer { result: Ok("<p>".to_owned()), cost: BILLED, raw: None, job: None }
    );
    let without_job = json!({"results": [{"content": "<p>", "status_code": 200}]});
    assert_eq!(html(200, &without_job), Answer { result: Ok("<p>".to_owned()), cost: BILLED, raw: None, job: None });
    let in_words = json!({"results": [{"content": "<p>", "status_code": "200"}]});
    assert_eq!(html(200, &in_words), Answer { result: Ok("<p>".to_owned()), cost: BILLED, raw: None, job: None });
    let forced = json!({"results": [{"content": "<p>", "status_code": 200, "is_render_forced": true}]});
    assert!(html(200, &forced).cost.rendered);
}

#[test]
fn each_status_of_the_vendor_is_its_own_kind_of_failure_and_free() {
    let said = |status| html(status, &json!({"message": "words of the vendor"}));
    for (status, expected) in [
        (408, RetryKind::Timeout),
        (500, RetryKind::Server),
        (503, RetryKind::Server),
        (524, RetryKind::Server),
        (204, RetryKind::Malformed),
        (302, RetryKind::Malformed),
    ] {
        assert_eq!((kind(&said(status)), said(status).cost), (Some(expected), FREE), "{status}");
    }
    for status in [400, 404, 413, 422] {
        assert!(
            matches!(said(status).result, Err(Failure::Rejected { detail }) if detail.contains("words of the vendor"))
        );
    }
    for status in [401, 402, 403] {
        assert!(
            matches!(said(status).result, Err(Failure::Refused { detail }) if detail.contains("words")),
            "{status}"
        );
    }
}

#[test]
fn a_refusal_may_have_no_body_or_a_page_for_one() {
    for body in ["", "<html>Bad gateway</html>", "{\"message\": 7}", "\u{0}"] {
        let unauthorised: Answer<String> = read(401, &HeaderMap::new(), body.as_bytes(), false);
        let Err(Failure::Refused { detail }) = unauthorised.result else { panic!("{body}") };
        assert!(detail.starts_with("HTTP 401") && !detail.contains('<'), "{detail}");
    }
    let long: Answer<String> = read(400, &HeaderMap::new(), "ü".repeat(5_000).as_bytes(), false);
    // What is shown is cut further, once secrets are blanked.
    assert!(long.result.is_err_and(|failure| failure.detail().chars().count() < 4_100));
}

#[test]
fn the_throttle_of_a_domain_is_told_from_the_plans_limit() {
    let limited = |words: &str, headers: &[(&'static str, &'static str)]| {
        let pairs = headers.iter();
        let headers: HeaderMap =
            pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        let answer: Answer<String> = read(429, &headers, json!({"message": words}).to_string().as_bytes(), false);
        match answer.result {
            Err(Failure::RateLimited { retry_after, domain_throttled, detail }) => {
                (retry_after, domain_throttled, detail)
            }
            other => panic!("{other:?}"),
        }
    };
    let (after, throttled, detail) =
        limited("Too many requests, please try again later", &[("x-ratelimit-total-requests-1f-limit", "50")]);
    assert_eq!((after, throttled), (None, false));
    assert!(detail.contains("50 requests a second"), "{detail}");
    let words = "Access to ebay.com has been limited to 1 req/s due to a low success rate";
    assert!(limited(words, &[]).1);
    let date = ("date", "Tue, 06 Jan 2026 12:00:00 GMT");
    for (stated, seconds) in [
        ("7", Some(7)),
        (" 36000 ", Some(36_000)),
        ("Tue, 06 Jan 2026 12:01:30 GMT", Some(90)),
        ("Tuesday, 06-Jan-26 12:00:01 GMT", Some(1)),
        ("Tue, 06 Jan 2026 11:59:59 GMT", None),
        ("-5", None),
        ("soon", None),
        ("99999999999999999999999999", None),
    ] {
        let stated_wait = limited("x", &[("retry-after", stated), date]).0;
        assert_eq!(stated_wait, seconds.map(std::time::Duration::from_secs), "{stated}");
    }
    assert_eq!(limited("x", &[("retry-after", "Tue, 06 Jan 2026 12:01:30 GMT")]).0, None, "no date to read it against");
}

#[test]
fn http_200_is_not_success() {
    let result = |fields: Value| {
        let mut body = done(&json!("<p>"));
        for (name, value) in fields.as_object().expect("fields") {
            body["results"][0][name] = value.clone();
        }
        body
    };
    let faulted = json!({"results": [{"content": "", "status_code": 404}], "job": {"status": "faulted"}});
    let pending = json!({"results": [{"content": "", "status_code": 200}], "job": {"status": "pending"}});
    for (body, expected, cost) in [
        (result(json!({"status_code": 612})), RetryKind::Server, FREE),
        (result(json!({"status_code": 613})), RetryKind::Server, FREE),
        (result(json!({"status_code": 503})), RetryKind::Server, FREE),
        (result(json!({"status_code": 403})), RetryKind::Captcha, BILLED),
        (result(json!({"status_code": 302})), RetryKind::Captcha, FREE),
        (result(json!({"content": ""})), RetryKind::Malformed, BILLED),
        (result(json!({"content": null})), RetryKind::Malformed, BILLED),
        (result(json!({"content": {"parse_status_code": 12002}})), RetryKind::Layout, BILLED),
        (result(json!({"content": {"title": "parsed"}})), RetryKind::Layout, BILLED),
        (result(json!({"status_code": "two hundred"})), RetryKind::Malformed, BILLED),
        (result(json!({"status_code": [200]})), RetryKind::Malformed, BILLED),
        (result(json!({"status_code": "613"})), RetryKind::Server, FREE),
        (faulted, RetryKind::Server, BILLED),
        (pending, RetryKind::Malformed, BILLED),
        (json!({"results": []}), RetryKind::Malformed, BILLED),
        (json!({"id": "7", "status": "pending"}), RetryKind::Malformed, BILLED),
        (json!({"message": "what?"}), RetryKind::Malformed, BILLED),
        (json!([1]), RetryKind::Malformed, BILLED),
    ] {
        let answer = html(200, &body);
        assert_eq!((kind(&answer), answer.cost), (Some(expected), cost), "{body}");
    }
}

#[test]
fn a_body_that_ends_anywhere_is_malformed_and_nothing_panics() {
    let whole = done(&json!("<p>ключ</p>")).to_string();
    for end in 0..whole.len() {
        let answer: Answer<String> = read(200, &HeaderMap::new(), &whole.as_bytes()[..end], false);
        assert_eq!(kind(&answer), Some(RetryKind::Malformed), "{end}");
    }
}

#[test]
fn the_vendors_parser_tells_how_it_went() {
    let best_sellers = |code: Option<i64>, rows: Value| -> Answer<Content> {
        let mut content = json!({"url": "https://www.amazon.com/x", "page": 1, "results": rows});
        if let Some(code) = code {
            content["parse_status_code"] = json!(code);
        }
        let body = done(&content).to_string();
        read(200, &HeaderMap::new(), body.as_bytes(), true)
    };
    let rows = json!([{"pos": 1, "asin": "B000000001", "title": "Kettle", "price": 20, "currency": "USD"}]);
    for code in [None, Some(12000), Some(12004), Some(12005), Some(12007)] {
        let answer = best_sellers(code, rows.clone());
        assert_eq!(answer.cost, Cost { billed: true, rendered: true });
        let page = answer.result.and_then(|content| content.into_page(1)).expect("a page");
        assert_eq!(page.products[0].price.map(|price| price.to_string()).as_deref(), Some("$20.00"));
    }
    let mut in_words = json!({"url": "https://www.amazon.com/x", "page": 1, "results": rows.clone()});
    for (code, is_fine) in [("12000", true), ("12004", true), ("12002", false), ("fine", false)] {
        in_words["parse_status_code"] = json!(code);
        let answer: Answer<Content> = read(200, &HeaderMap::new(), done(&in_words).to_string().as_bytes(), true);
        assert_eq!(answer.result.is_ok(), is_fine, "{code}");
    }
    for code in [12002, 12003, 12006, 12008, 12009, 99999] {
        assert_eq!(kind(&best_sellers(Some(code), rows.clone())), Some(RetryKind::Layout), "{code}");
    }
    let unknown_node = best_sellers(Some(12000), json!([])).result.and_then(|content| content.into_page(1));
    assert!(unknown_node.is_ok_and(|page| page.products.is_empty() && !page.has_more));
}

/// Captured answers of the vendor.
fn answers() -> Option<PathBuf> {
    samples(&["oxylabs"]).map(|folder| folder.join("oxylabs"))
}

#[test]
fn answers_that_were_really_given_are_told_apart() {
    let Some(folder) = answers() else { return };
    let of = |name: &str| std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let html = |name: &str| -> Answer<String> { read(200, &HeaderMap::new(), &of(name), false) };
    let parsed = |name: &str| -> Answer<Value> { read(200, &HeaderMap::new(), &of(name), true) };

    for name in ["ebay_search_result.json", "ebay_url_result.json", "universal_result.json"] {
        let answer = html(name);
        assert_eq!(answer.cost, BILLED, "{name}");
        assert!(answer.result.is_ok_and(|page| page.len() > 100_000), "{name}");
    }
    for name in [
        "amazon_pricing_results.json",
        "amazon_product_listing2.json",
        "amazon_product_result.json",
        "amazon_response_parse.json",
        "batch_push_pull_results.json",
        "ebay_product_result.json",
        "amazon_pricing_cannot_parse.json",
        "amazon_pricing_no_results.json",
    ] {
        let answer = parsed(name);
        assert!(answer.cost.billed && answer.result.is_ok_and(|content| content.is_object()), "{name}");
    }
    for (name, expected, billed) in [
        ("amazon_product_listing_faulted.json", RetryKind::Server, true),
        ("amazon_product_listing_faulted2.json", RetryKind::Server, true),
        ("google_shopping_faulted_result.json", RetryKind::Server, true),
        ("google_shopping_not_found.json", RetryKind::Server, true),
        ("universal_failed_result.json", RetryKind::Layout, true),
        ("amazon_pricing_creation_response.json", RetryKind::Malformed, true),
        ("amazon_search_creation_response.json", RetryKind::Malformed, true),
        ("batch_push_pull_job.json", RetryKind::Malformed, true),
        ("ebay_creation_result.json", RetryKind::Malformed, true),
        ("push_pull_job.json", RetryKind::Malformed, true),
    ] {
        let answer = parsed(name);
        assert_eq!((kind(&answer), answer.cost.billed), (Some(expected), billed), "{name}");
    }
}

#[test]
fn a_captured_gallery_and_a_captured_item_page_are_no_empty_results() {
    let Some(folder) = answers() else { return };
    for (name, expected) in
        [("ebay_search_result.json", RetryKind::WrongView), ("ebay_url_result.json", RetryKind::Layout)]
    {
        let body = std::fs::read(folder.join(name)).expect("a capture");
        let answer: Answer<String> = read(200, &HeaderMap::new(), &body, false);
        let page = answer.result.and_then(|html| read_page(&html, false));
        assert!(matches!(page, Err(Failure::Retryable { kind, .. }) if kind == expected), "{name}: {page:?}");
    }
}
