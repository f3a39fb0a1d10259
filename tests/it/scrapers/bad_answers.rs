//! What the other end may do to the client, over a real connection: each is a typed failure within the request's time, and
//! the next request is answered as if nothing had been.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gleaner::domain::failure::{Failure, RetryKind};
use gleaner::domain::ledger::Cost;
use gleaner::scrapers::oxylabs::{Account, BODY_BYTES_MAX, Oxylabs, Plan, Secret, Settings, data_url_beside};
use gleaner::scrapers::{Answer, BestSellers, ProductPage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::walk::category_request;

const PAGE: &str = r#"{"results": [{"status_code": 200, "content": {"results": [{"pos": 1, "asin": "B000000001", "title": "Kettle"}]}}]}"#;
const BILLED: Cost = Cost { billed: true, rendered: true };

/// What is done to a request.
#[derive(Clone)]
enum Deed {
    /// These bytes, and the connection stays open.
    Say(String),
    /// These bytes, and the connection ends.
    SayAndLeave(String),
    /// A head, then bytes until nobody takes them.
    Flood(String),
    /// A head, then a byte now and then.
    Drip(String),
}

/// A server that does one deed to each request, the last one for ever.
struct Server {
    base_url: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start(deeds: Vec<Deed>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(AtomicUsize::new(0));
        let (deeds, counting) = (Rc::new(deeds), requests.clone());
        actix_rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                actix_rt::spawn(serve(stream, deeds.clone(), counting.clone()));
            }
        });
        Self { base_url, requests }
    }

    fn client(&self, account: &Arc<Account>) -> Oxylabs {
        let (base_url, username) = (self.base_url.clone(), "someone".to_owned());
        let settings = Settings {
            data_url: data_url_beside(&base_url),
            base_url,
            username,
            password: Secret::new("tr0ub4dor"),
            plan: Plan::default(),
        };
        Oxylabs::new(settings).expect("usable").on(account.clone())
    }
}

async fn serve(mut stream: TcpStream, deeds: Rc<Vec<Deed>>, requests: Arc<AtomicUsize>) {
    while read_request(&mut stream).await.is_some() {
        let nth = requests.fetch_add(1, Ordering::SeqCst);
        match deeds[nth.min(deeds.len() - 1)].clone() {
            Deed::Say(bytes) => {
                if stream.write_all(bytes.as_bytes()).await.is_err() {
                    return;
                }
            }
            Deed::SayAndLeave(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                return;
            }
            Deed::Flood(head) => {
                let _ = stream.write_all(head.as_bytes()).await;
                // One chunk of the chunked coding, or a part of a body whose length was told.
                let block = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
                while stream.write_all(block.as_bytes()).await.is_ok() {}
                return;
            }
            Deed::Drip(head) => {
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(b"{").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                return;
            }
        }
    }
}

/// Reads a request up to its last byte.
async fn read_request(stream: &mut TcpStream) -> Option<()> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
            if read.len() >= end + 4 + length {
                return Some(());
            }
        }
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        read.extend_from_slice(&buffer[..count]);
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

fn fine() -> Deed {
    Deed::Say(answer("200 OK", "content-type: application/json\r\n", PAGE))
}

/// What becomes of a request to which this is done; the next one is answered with a page.
async fn done_to(deed: Deed) -> Answer<ProductPage> {
    let server = Server::start(vec![deed, fine()]).await;
    let client = server.client(&Arc::new(Account::new(Plan::default())));
    let mut request = category_request("1063236", 1);
    request.timeout = Duration::from_millis(1_500);
    let answer = BestSellers::ask(&client, &request, None).await;
    request.timeout = Duration::from_secs(20);
    let next = BestSellers::ask(&client, &request, None).await;
    assert!(next.result.as_ref().is_ok_and(|page| page.products.len() == 1), "the next one: {next:?}");
    assert_eq!(server.requests.load(Ordering::SeqCst), 2, "each was sent once");
    answer
}

#[track_caller]
fn is_failure(answer: Answer<ProductPage>, expected: RetryKind, words: &str, cost: Cost) {
    match &answer.result {
        Err(Failure::Retryable { kind, detail }) if *kind == expected && detail.contains(words) => {}
        other => panic!("{other:?} is not {expected:?} with `{words}`"),
    }
    assert_eq!(answer.cost, cost);
}

#[actix_web::test]
async fn a_body_that_is_cut_in_the_middle_is_malformed_and_billed() {
    let half = &PAGE[..PAGE.len() / 2];
    let told_whole = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{half}", PAGE.len());
    is_failure(done_to(Deed::SayAndLeave(told_whole)).await, RetryKind::Malformed, "not the JSON", BILLED);
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{half}\r\n", half.len());
    is_failure(done_to(Deed::SayAndLeave(chunked)).await, RetryKind::Malformed, "", BILLED);
}

#[actix_web::test]
async fn a_body_of_fifty_megabytes_is_not_read_to_its_end() {
    let words = format!("longer than {BODY_BYTES_MAX} bytes");
    let told = "HTTP/1.1 200 OK\r\ncontent-length: 52428800\r\n\r\n".to_owned();
    is_failure(done_to(Deed::Flood(told)).await, RetryKind::Malformed, &words, BILLED);
    let untold = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
    is_failure(done_to(Deed::Flood(untold)).await, RetryKind::Malformed, &words, BILLED);
}

#[actix_web::test]
async fn a_body_that_drips_ends_with_the_requests_time_and_is_billed() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", PAGE.len() * 1_000);
    is_failure(done_to(Deed::Drip(head)).await, RetryKind::Timeout, "no whole answer within 1500 ms", BILLED);
    let no_head = "HTTP/1.1 200 OK\r\nx: ".to_owned();
    is_failure(done_to(Deed::Drip(no_head)).await, RetryKind::Timeout, "no answer within 1500 ms", Cost::default());
}

#[actix_web::test]
async fn a_length_that_lies_costs_this_answer_at_most() {
    let told = |length: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{PAGE}");
    let longer = (PAGE.len() + 5).to_string();
    // All of the page is there, and it was paid for.
    assert!(done_to(Deed::SayAndLeave(told(&longer))).await.result.is_ok());
    is_failure(done_to(Deed::Say(told("30"))).await, RetryKind::Malformed, "not the JSON", BILLED);
    for nonsense in ["-5", "many", "99999999999999999999999999"] {
        is_failure(done_to(Deed::Say(told(nonsense))).await, RetryKind::Connection, "reached", Cost::default());
    }
    is_failure(
        done_to(Deed::SayAndLeave("no HTTP at all".to_owned())).await,
        RetryKind::Connection,
        "",
        Cost::default(),
    );
}

#[actix_web::test]
async fn the_body_decides_and_not_the_type_that_its_header_claims() {
    let html = answer("200 OK", "content-type: application/json\r\n", "<html>Bad gateway</html>");
    is_failure(done_to(Deed::Say(html)).await, RetryKind::Malformed, "not the JSON", BILLED);
    let mislabelled = answer("200 OK", "content-type: image/png\r\n", PAGE);
    assert!(done_to(Deed::Say(mislabelled)).await.result.is_ok_and(|page| page.products.len() == 1));
}

#[actix_web::test]
async fn a_redirect_is_not_followed_so_an_endless_one_ends_at_once() {
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let redirect = answer(status, "location: /v1/queries\r\n", "");
        is_failure(done_to(Deed::Say(redirect)).await, RetryKind::Malformed, "redirect", Cost::default());
    }
}

#[actix_web::test]
async fn a_stated_wait_is_taken_where_it_is_one() {
    let date = "date: Tue, 06 Jan 2026 12:00:00 GMT\r\n";
    for (stated, seconds) in [
        ("36000", Some(36_000)),
        ("-10", None),
        ("Tue, 06 Jan 2026 22:00:00 GMT", Some(36_000)),
        ("Tue, 06 Jan 2026 11:00:00 GMT", None),
        ("when it suits", None),
    ] {
        let headers = format!("{date}retry-after: {stated}\r\n");
        let limited =
            done_to(Deed::Say(answer("429 Too Many Requests", &headers, r#"{"message": "slow down"}"#))).await;
        let Err(Failure::RateLimited { retry_after, domain_throttled: false, .. }) = limited.result else {
            panic!("{limited:?}");
        };
        assert_eq!(retry_after, seconds.map(Duration::from_secs), "{stated}");
    }
}

#[actix_web::test]
async fn limits_that_lie_change_nothing_and_a_quoted_one_is_read() {
    let said = |limit: &str, remaining: &str| {
        let id = "x-ratelimit-total-requests-7f";
        let headers = format!("{id}-limit: {limit}\r\n{id}-remaining: {remaining}\r\n");
        Deed::Say(answer("200 OK", &headers, PAGE))
    };
    let lies = [said("0", "0"), said("1000000000000000000000000000000", "-7"), said("-1", "many"), said("", "")];
    let server = Server::start([lies.as_slice(), &[said("\"20\"", "19")]].concat()).await;
    let plan = |requests| Plan { requests_per_second: Some(requests), rendered_per_second: Some(13) };
    let account = Arc::new(Account::new(plan(50)));
    let client = server.client(&account);
    for _ in 0..lies.len() {
        assert!(BestSellers::ask(&client, &category_request("1063236", 1), None).await.result.is_ok());
        assert_eq!(account.plan(), plan(50));
    }
    assert!(BestSellers::ask(&client, &category_request("1063236", 1), None).await.result.is_ok());
    assert_eq!(account.plan(), plan(20));
}
