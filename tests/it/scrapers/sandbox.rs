//! The real client against the sandbox, over HTTP: every fault is the failure it stands for, and a plain walk finds the
//! ground truth.

use std::collections::BTreeMap;
use std::time::Duration;

use gleaner::domain::failure::{Failure, RetryKind};
use gleaner::domain::money::Money;
use gleaner::domain::settings::{Filters, RunSettings};
use gleaner::scrapers::oxylabs::{Accounts, Oxylabs, Plan, Secret, Settings};
use gleaner::scrapers::sandbox::{
    Config, FaultKind, Faults, Latency, Limits, Running, Sandbox, SandboxError, Spread, truth,
};
use gleaner::scrapers::{BestSellers, ProductPage, SellerPage, SellerSearch};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::walk::{category_request, client, search_request, walk};

const NODE: &str = "1063236";

fn start(config: Config) -> Running {
    Sandbox::start(config).expect("a sandbox")
}

fn only(kind: FaultKind) -> Faults {
    let kinds = BTreeMap::from([(kind, 1.0)]);
    Faults { rate: 1.0, kinds, independent: true, hang_ms: 60_000, ..Faults::default() }
}

/// A query that the sandbox has results for, with its price window.
async fn some_search(client: &Oxylabs) -> (String, Option<(Money, Money)>) {
    let page = BestSellers::ask(client, &category_request(NODE, 1), None).await.result.expect("a page");
    let product = page.products.into_iter().find(|product| product.title.is_some() && product.price.is_some());
    let product = product.expect("a product to search");
    let query = gleaner::domain::query::from_title(&product.title.expect("a title"), 80);
    (query, product.price.map(|price| RunSettings::default().price_window.expect("a window").bounds(price)))
}

async fn post(running: &Running, route: &str, body: Value) -> (u16, Value) {
    let mut response = awc::Client::default()
        .post(format!("{}/sandbox/{route}", running.base_url()))
        .send_json(&body)
        .await
        .expect("an answer");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

async fn get(running: &Running, route: &str) -> (u16, Value) {
    let url = format!("{}/sandbox/{route}", running.base_url());
    let mut response = awc::Client::default().get(url).send().await.expect("an answer");
    (response.status().as_u16(), response.json().limit(64 << 20).await.expect("JSON"))
}

fn kind<T: std::fmt::Debug>(result: Result<T, Failure>) -> RetryKind {
    match result {
        Err(Failure::Retryable { kind, .. }) => kind,
        other => panic!("not retryable: {other:?}"),
    }
}

#[actix_web::test]
async fn a_healthy_sandbox_gives_products_and_sellers() {
    let running = start(Config { seed: 1, ..Config::default() });
    let client = client(&running);
    let answer = BestSellers::ask(&client, &category_request(NODE, 1), None).await;
    assert!(answer.cost.billed && answer.cost.rendered);
    let page = answer.result.expect("a page");
    assert_eq!((page.products.len(), page.bad_rows, page.has_more), (50, 0, true));
    assert_eq!(page.products[0].rank, 1);
    let second = BestSellers::ask(&client, &category_request(NODE, 2), None).await.result.expect("a page");
    assert_eq!((second.products.len(), second.has_more, second.products[49].rank), (50, false, 100));
    let unknown = BestSellers::ask(&client, &category_request("12345", 1), None).await.result.expect("a page");
    assert_eq!(unknown, ProductPage { products: Vec::new(), bad_rows: 0, unread_prices: 0, has_more: false });
    let third = BestSellers::ask(&client, &category_request(NODE, 3), None).await.result;
    assert_eq!(kind(third), RetryKind::Server);

    let (query, window) = some_search(&client).await;
    let answer = SellerSearch::ask(&client, &search_request(&query, window, 1), None).await;
    assert!(answer.cost.billed && !answer.cost.rendered);
    let sighting = answer.result.expect("a page").sightings.into_iter().next().expect("a sighting");
    assert!(sighting.listing_id.is_some() && sighting.link.is_some() && !sighting.title.is_empty());
    let nothing = SellerSearch::ask(&client, &search_request("no such thing", None, 1), None).await.result;
    assert_eq!(nothing, Ok(SellerPage { sightings: Vec::new(), has_more: false }));
    running.stop().await;
}

#[actix_web::test]
async fn every_fault_of_a_search_is_the_failure_it_stands_for() {
    let running = start(Config { seed: 1, ..Config::default() });
    let client = client(&running);
    let (query, window) = some_search(&client).await;
    for (fault, expected) in [
        (FaultKind::Http408, RetryKind::Timeout),
        (FaultKind::Http5xx, RetryKind::Server),
        (FaultKind::GaveUp613, RetryKind::Server),
        (FaultKind::MalformedJson, RetryKind::Malformed),
        (FaultKind::CutBody, RetryKind::Malformed),
        (FaultKind::BlockPage, RetryKind::Captcha),
        (FaultKind::WrongView, RetryKind::WrongView),
        (FaultKind::Hang, RetryKind::Timeout),
    ] {
        assert_eq!(post(&running, "faults", json!(only(fault))).await.0, 200);
        for _ in 0..3 {
            let mut request = search_request(&query, window, 1);
            request.timeout = if fault == FaultKind::Hang { Duration::from_millis(200) } else { request.timeout };
            let began = Instant::now();
            assert_eq!(kind(SellerSearch::ask(&client, &request, None).await.result), expected, "{fault:?}");
            assert!(began.elapsed() < Duration::from_secs(2), "{fault:?}");
        }
    }
    assert_eq!(post(&running, "faults", json!(only(FaultKind::Http429))).await.0, 200);
    let limited = SellerSearch::ask(&client, &search_request(&query, window, 1), None).await.result;
    assert!(matches!(limited, Err(Failure::RateLimited { domain_throttled: false, .. })), "{limited:?}");
    assert_eq!(post(&running, "faults", json!({})).await.0, 200);
    assert!(SellerSearch::ask(&client, &search_request(&query, window, 1), None).await.result.is_ok());
    running.stop().await;
}

#[actix_web::test]
async fn every_fault_of_best_sellers_is_a_failure_and_a_hang_leaves_nothing_behind() {
    let running = start(Config { seed: 1, ..Config::default() });
    let client = client(&running);
    for (fault, expected) in [
        (FaultKind::Http408, RetryKind::Timeout),
        (FaultKind::Http5xx, RetryKind::Server),
        (FaultKind::GaveUp613, RetryKind::Server),
        (FaultKind::MalformedJson, RetryKind::Malformed),
        (FaultKind::CutBody, RetryKind::Malformed),
        (FaultKind::BlockPage, RetryKind::Server),
        (FaultKind::WrongView, RetryKind::Layout),
        (FaultKind::Hang, RetryKind::Timeout),
    ] {
        post(&running, "faults", json!(only(fault))).await;
        let mut request = category_request(NODE, 1);
        request.timeout = if fault == FaultKind::Hang { Duration::from_millis(100) } else { request.timeout };
        assert_eq!(kind(BestSellers::ask(&client, &request, None).await.result), expected, "{fault:?}");
    }
    let began = Instant::now();
    running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(4), "a hanging request holds the sandbox up");
}

#[actix_web::test]
async fn wrong_credentials_and_no_server_are_told_apart() {
    let running = start(Config { seed: 1, ..Config::default() });
    let wrong = Oxylabs::new(Settings { password: Secret::new("wr0ng"), ..running.settings() }).expect("usable");
    let refused = BestSellers::ask(&wrong, &category_request(NODE, 1), None).await.result;
    assert!(matches!(&refused, Err(Failure::Refused { detail }) if !detail.contains("wr0ng")), "{refused:?}");
    let client = client(&running);
    running.stop().await;
    assert_eq!(kind(BestSellers::ask(&client, &category_request(NODE, 1), None).await.result), RetryKind::Connection);
}

#[actix_web::test]
async fn a_rate_limit_says_so_in_words_and_headers_and_a_throttle_is_another() {
    let limits = Limits { per_second: Some(2), ..Limits::default() };
    let running = start(Config { seed: 1, limits, ..Config::default() });
    let client = client(&running);
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(BestSellers::ask(&client, &category_request(NODE, 1), None).await.result);
    }
    let limited = answers.iter().filter(|answer| matches!(answer, Err(Failure::RateLimited { .. }))).count();
    assert!((2..=4).contains(&limited), "{limited} of 6");
    let said = answers.into_iter().find_map(Result::err).expect("a refusal");
    assert!(said.detail().contains("2 requests a second"), "{}", said.detail());

    assert_eq!(post(&running, "limits", json!({"domain_throttled": true})).await.0, 200);
    let mut throttled = 0;
    for _ in 0..4 {
        let answer = BestSellers::ask(&client, &category_request(NODE, 1), None).await.result;
        throttled += usize::from(matches!(answer, Err(Failure::RateLimited { domain_throttled: true, .. })));
    }
    assert!(throttled >= 2, "{throttled} of 4");
    running.stop().await;
}

/// Asks for a page each `count` times at one time, each when the account lets it.
async fn ask_in_turn(client: &Oxylabs, count: usize) -> Vec<Result<ProductPage, Failure>> {
    let one = |_| async {
        BestSellers::admit(client).await;
        BestSellers::ask(client, &category_request(NODE, 1), None).await.result
    };
    futures_util::future::join_all((0..count).map(one)).await
}

#[actix_web::test]
async fn clients_that_wait_their_turn_keep_to_the_plan_as_soon_as_one_has_seen_a_header() {
    let limits = Limits { per_second: Some(20), rendered_per_second: Some(10), domain_throttled: false };
    let running = start(Config { seed: 1, limits, ..Config::default() });
    let accounts = Accounts::default();
    let settings = running.settings();
    let client = || Oxylabs::new(settings.clone()).expect("usable").on(accounts.of(&settings));
    let clients = [client(), client(), client()];
    BestSellers::ask(&clients[0], &category_request(NODE, 1), None).await.result.expect("a page");
    let plan = Plan { requests_per_second: Some(20), rendered_per_second: Some(10) };
    assert_eq!(accounts.of(&settings).plan(), plan);
    let asked = futures_util::future::join_all(clients.iter().map(|client| ask_in_turn(client, 10))).await;
    // A busy machine may bring two together; unlimited, two thirds would be refused.
    let refused = asked.iter().flatten().filter(|answer| answer.is_err()).count();
    assert!(refused <= 1, "{refused} of 30");
    running.stop().await;
}

#[actix_web::test]
async fn after_one_answer_that_tells_of_a_throttle_every_client_keeps_to_it() {
    let running = start(Config { seed: 1, ..Config::default() });
    let accounts = Accounts::default();
    let settings = running.settings();
    let client = || Oxylabs::new(settings.clone()).expect("usable").on(accounts.of(&settings));
    let (one, other) = (client(), client());
    assert_eq!(post(&running, "limits", json!({"domain_throttled": true})).await.0, 200);
    let first = ask_in_turn(&one, 2).await;
    assert_eq!(first.iter().filter(|answer| answer.is_err()).count(), 1, "{first:?}");
    let throttle = BestSellers::throttles(&other).expect("an account").borrow().clone().expect("a throttle");
    assert!(throttle.words.contains("limited to 1 req/s"), "{}", throttle.words);
    let (more, others) = tokio::join!(ask_in_turn(&one, 2), ask_in_turn(&other, 2));
    // A busy machine may bring two together; unlimited, three would be refused.
    let refused = more.iter().chain(&others).filter(|answer| answer.is_err()).count();
    assert!(refused <= 1, "{refused} of 4");
    running.stop().await;
}

#[actix_web::test]
async fn an_outage_comes_when_told_and_its_requests_are_counted() {
    let running = start(Config { seed: 1, ..Config::default() });
    let client = client(&running);
    assert_eq!(post(&running, "outage", json!({"after": 2, "for": 2})).await.0, 200);
    let mut good = Vec::new();
    for _ in 0..5 {
        good.push(BestSellers::ask(&client, &category_request(NODE, 1), None).await.result.is_ok());
    }
    assert_eq!(good, [true, true, false, false, true]);
    let (_, counts) = get(&running, "counts").await;
    assert_eq!((&counts["requests"], &counts["best_sellers"]), (&json!(5), &json!(5)));
    assert_eq!(counts["outcomes"], json!({"outage": 2, "page": 3}));
    let line = json!({"kind": "best_sellers", "key": NODE, "page": 1, "asked": 5, "answered": 3});
    assert_eq!(counts["pages"], json!([line]));
    assert!(get(&running, "counts?pages=false").await.1.get("pages").is_none());
    running.stop().await;
}

#[actix_web::test]
async fn bad_orders_are_refused_with_what_is_allowed_and_change_nothing() {
    let running = start(Config { seed: 1, ..Config::default() });
    for (route, body, words) in [
        ("faults", json!({"rate": 2}), "0 to 1"),
        ("faults", json!({"rat": 0.1}), "rate"),
        ("faults", json!({"kinds": {"nuisance": 1}}), "http408"),
        ("latency", json!({"ms": -1}), "u64"),
        ("latency", json!({"ms": 900_000}), "600000"),
        ("limits", json!({"per_second": 0}), "1 and more"),
        ("outage", json!({"sometimes": true}), "match"),
    ] {
        let (status, said) = post(&running, route, body).await;
        assert!(status == 400 && said["message"].as_str().is_some_and(|said| said.contains(words)), "{route}: {said}");
    }
    assert_eq!(get(&running, "truth?category=nowhere").await.0, 400);
    assert!(BestSellers::ask(&client(&running), &category_request(NODE, 1), None).await.result.is_ok());
    running.stop().await;
}

#[test]
fn a_sandbox_that_cannot_start_says_why() {
    let faults = Faults { rate: 1.5, ..Faults::default() };
    assert!(matches!(Sandbox::start(Config { faults, ..Config::default() }), Err(SandboxError::Config(_))));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let error = Sandbox::start(Config { port, ..Config::default() }).err().expect("the port is taken");
    assert!(matches!(error, SandboxError::Listen { .. }) && error.to_string().contains(&port.to_string()), "{error}");
}

#[actix_web::test]
async fn a_plain_walk_finds_the_ground_truth() {
    let running = start(Config { seed: 7, ..Config::default() });
    let categories = ["home-bath", "home-bedding"];
    let named = categories.map(str::to_owned);
    let settings = RunSettings::default();
    let walked = walk(&client(&running), &categories, &settings, 1).await;
    let expected = truth(7, &named, &settings).expect("categories");
    assert_eq!(walked.failures, BTreeMap::new());
    assert!((190..=200).contains(&walked.products) && walked.skipped > 0, "{} {}", walked.products, walked.skipped);
    assert!(expected.len() > 3_000, "{}", expected.len());
    assert_eq!(walked.sellers.difference(&expected).count(), 0, "wrong");
    assert_eq!(expected.difference(&walked.sellers).count(), 0, "missing");
    let rated = walked.sightings.iter().filter(|sighting| sighting.feedback_tenths.is_some()).count();
    assert!(rated * 10 > walked.sightings.len() * 9, "{rated} of {}", walked.sightings.len());
    let (_, told) = get(&running, "truth?category=home-bath&category=home-bedding").await;
    assert_eq!(told["sellers"], json!(expected));
    running.stop().await;
}

#[actix_web::test]
async fn transient_faults_cost_requests_and_no_seller() {
    let faults = Faults { rate: 0.1, hang_ms: 2_000, ..Faults::default() };
    let running = start(Config { seed: 8, faults, ..Config::default() });
    let settings = RunSettings { request_timeout_ms: 400, ..RunSettings::default() };
    let walked = walk(&client(&running), &["pets-cats"], &settings, 3).await;
    let expected = truth(8, &["pets-cats".to_owned()], &settings).expect("a category");
    let failed: usize = walked.failures.values().sum();
    assert!(failed * 100 / walked.requests >= 5, "{failed} of {}", walked.requests);
    assert_eq!(walked.sellers, expected);
    running.stop().await;
}

#[actix_web::test]
async fn every_setting_that_shapes_a_search_has_its_truth() {
    let running = start(Config { seed: 9, ..Config::default() });
    let client = client(&running);
    let base = RunSettings { pages_per_category: 1, pages_per_product: 2, ..RunSettings::default() };
    let none = Filters { brand_new: false, free_shipping: false, us_only: false };
    for settings in [
        RunSettings { include_off_filter: true, ..base.clone() },
        RunSettings { price_window: None, pages_per_product: 1, ..base.clone() },
        RunSettings { filters: none, ..base.clone() },
        RunSettings { query_chars: 12, ..base.clone() },
    ] {
        let walked = walk(&client, &["toys-games"], &settings, 1).await;
        let expected = truth(9, &["toys-games".to_owned()], &settings).expect("a category");
        assert_eq!(walked.sellers.symmetric_difference(&expected).count(), 0, "{settings:?}");
    }
    running.stop().await;
}

#[actix_web::test]
async fn a_seed_decides_what_is_sold_and_what_fails() {
    let faults = Faults { rate: 0.3, independent: true, hang_ms: 0, ..Faults::default() };
    let config = Config { seed: 3, faults, ..Config::default() };
    let settings = RunSettings { pages_per_category: 1, pages_per_product: 1, ..RunSettings::default() };
    let (one, other) = (start(config.clone()), start(config));
    let first = walk(&client(&one), &["sports-fitness"], &settings, 2).await;
    let second = walk(&client(&other), &["sports-fitness"], &settings, 2).await;
    assert_eq!(first, second);
    one.stop().await;
    other.stop().await;
}

#[actix_web::test]
async fn latency_is_kept() {
    let latency = Latency { ms: 150, spread: Spread::Fixed };
    let running = start(Config { seed: 1, latency, ..Config::default() });
    let client = client(&running);
    let began = Instant::now();
    let request = category_request(NODE, 1);
    let asked = futures_util::future::join_all((0..5).map(|_| BestSellers::ask(&client, &request, None))).await;
    let took = began.elapsed();
    assert!(asked.iter().all(|answer| answer.result.is_ok()));
    assert!((150..600).contains(&took.as_millis()), "five at one time took {took:?}");
    assert_eq!(get(&running, "counts?pages=false").await.1["in_flight_max"], json!(5));
    running.stop().await;
}
