//! `/metrics` of the real server, read by a parser that is not ours: after a run it says what the run itself says.

use std::collections::BTreeMap;
use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use awc::http::Method;
use prometheus_parse::{Sample, Scrape, Value as Number};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::outside::short;
use crate::support::api::Api;
use crate::support::binary::{Folder, PATIENCE};
use crate::support::sse::Subscriber;

const CATEGORIES: [&str; 2] = ["home-bath", "home-bedding"];
const PRICES: &str = "[oxylabs]\nprice_per_1000 = \"1.35 USD\"\nrendered_price_per_1000 = \"1.6 USD\"\n";

/// What was scraped.
struct Scraped(Scrape);

impl Scraped {
    async fn from(base: &str) -> Self {
        let (status, text) = Api::new(base.to_owned(), "none is asked for").ask(Method::GET, "/metrics", None).await;
        assert_eq!(status, 200, "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
        let scrape = Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).expect("a scrape");
        Self(scrape)
    }

    /// Once this number is so large: the row says what is kept a moment before whoever kept it does.
    async fn once(base: &str, name: &str, value: f64) -> Self {
        let limit = Instant::now() + PATIENCE;
        loop {
            let seen = Self::from(base).await;
            let sum = seen.sum(name, &[]);
            if sum == value {
                return seen;
            }
            assert!(Instant::now() < limit, "{name} is {sum} and never {value}");
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn rows<'a>(&'a self, name: &'a str, labels: &'a [(&str, &str)]) -> impl Iterator<Item = &'a Sample> {
        let fits = |sample: &Sample| labels.iter().all(|(label, value)| sample.labels.get(label) == Some(*value));
        self.0.samples.iter().filter(move |sample| sample.metric == name && fits(sample))
    }

    /// The sum of all that have this name and these labels.
    fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.rows(name, labels).map(number).sum()
    }
}

fn number(sample: &Sample) -> f64 {
    match &sample.value {
        Number::Counter(value) | Number::Gauge(value) | Number::Untyped(value) => *value,
        other => panic!("{} is {other:?}", sample.metric),
    }
}

fn count(row: &Value, name: &str) -> f64 {
    row[name].as_f64().unwrap_or_else(|| panic!("{name} in {row}"))
}

/// The address of this machine that others see, where it has one.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the system only says which way it would go.
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback())
}

#[actix_web::test]
async fn after_a_run_the_numbers_are_those_of_the_run() {
    let folder = Folder::new();
    let config = folder.file(PRICES).display().to_string();
    let mut serving = folder.serve(&["--config", &config, "--latency-ms", "20", "--faults", "0.1"]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let fresh = Scraped::from(&api.base).await;
    assert_eq!(fresh.sum("gleaner_provider_requests_total", &[]), 0.0);
    assert_eq!(fresh.sum("gleaner_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1.0);
    assert_eq!((fresh.sum("gleaner_database_up", &[]), fresh.sum("gleaner_runs", &[])), (1.0, 0.0));

    let run = api.start_run(&CATEGORIES, short()).await;
    let mut subscriber = Subscriber::open(&api, &format!("{run}/activity"), None).await.expect("a stream");
    subscriber.next().await.expect("it says hello");
    assert_eq!(Scraped::from(&api.base).await.sum("gleaner_stream_subscribers", &[]), 1.0);
    drop(subscriber);
    let row = api.until_rest(&run, "completed").await;
    let events = count(&row, "last_event_id");
    let seen = Scraped::once(&api.base, "gleaner_events_told_total", events).await;

    let requests = "gleaner_provider_requests_total";
    let outcomes = row["spend"]["outcomes"].as_object().expect("outcomes");
    assert!(outcomes.len() > 1, "faults bring several outcomes: {row}");
    for (outcome, tally) in outcomes {
        let of = |more: &[(&str, &str)]| {
            let labels: Vec<(&str, &str)> = [("outcome", outcome.as_str())].iter().chain(more).copied().collect();
            seen.sum(requests, &labels)
        };
        assert_eq!(of(&[]), count(tally, "requests"), "{outcome}");
        assert_eq!(of(&[("billed", "true")]), count(tally, "billed"), "{outcome}");
        assert_eq!(of(&[("rendered", "true")]), count(tally, "rendered"), "{outcome}");
    }
    assert_eq!(seen.sum(requests, &[]), count(&row["spend"], "requests"));
    let spent = seen.sum("gleaner_spend_total", &[("currency", "USD")]);
    assert!((spent - count(&row["spend"]["cost"], "micros") / 1e6).abs() < 1e-9, "{spent}: {row}");
    assert_eq!(seen.sum("gleaner_sellers_found_total", &[]), count(&row, "sellers_found"));
    assert_eq!(seen.sum("gleaner_sellers_new_total", &[]), count(&row, "sellers_new"));
    let tasks = |labels: &[(&str, &str)]| seen.sum("gleaner_tasks_total", labels);
    assert_eq!(tasks(&[("phase", "ebay"), ("outcome", "done")]), count(&row, "products_searched"));
    assert_eq!(tasks(&[]), count(&row, "processed_items"));
    let timed = seen.sum("gleaner_provider_request_duration_seconds_count", &[]);
    assert_eq!(timed, count(&row["spend"], "requests"));

    let by_status: BTreeMap<&str, f64> = seen
        .rows("gleaner_runs", &[])
        .map(|sample| (sample.labels.get("status").expect("a status"), number(sample)))
        .collect();
    assert_eq!((by_status["completed"], by_status["running"]), (1.0, 0.0));
    let started = [("route", "/collection/runs/:id/start"), ("method", "POST"), ("status", "202")];
    assert_eq!(seen.sum("gleaner_http_requests_total", &started), 1.0);
    assert_eq!(seen.sum("gleaner_limiter_throttled", &[]), 0.0);
    for positive in ["gleaner_database_pool_size", "process_open_fds"] {
        assert!(seen.sum(positive, &[]) > 0.0, "{positive}");
    }
    // A question whether the provider answers is asked and paid as any other.
    let tested = api.post("/settings/provider/test", None).await;
    let asked = Scraped::from(&api.base).await;
    assert_eq!(asked.sum(requests, &[]), seen.sum(requests, &[]) + 1.0, "{tested}");
    let paid = |scraped: &Scraped| scraped.sum(requests, &[("billed", "true")]);
    let more = asked.sum("gleaner_spend_total", &[("currency", "USD")]) - spent;
    assert_eq!(more > 0.0, paid(&asked) > paid(&seen), "{more}: {tested}");
    let (_, text) = api.ask(Method::GET, "/metrics", None).await;
    assert!(!text.contains(run.rsplit('/').next().expect("an id")), "no label names a run");
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn metrics_can_be_switched_off_or_kept_to_this_machine() {
    let folder = Folder::new();
    let refused = folder.command(&["check"]).env("GLEANER__METRICS__ACCESS", "all").output().await.expect("it starts");
    let words = String::from_utf8_lossy(&refused.stdout).into_owned() + &String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("metrics.access: all is not allowed; open, loopback and off are"), "{words}");

    let mut serving = folder.serve_as(&[], &[("GLEANER__METRICS__ACCESS", "off")]).await;
    let (status, off) = Api::new(serving.base(), "").ask(Method::GET, "/metrics", None).await;
    let (_, nowhere) = Api::new(serving.base(), "").ask(Method::GET, "/nowhere", None).await;
    assert_eq!((status, &off), (404, &nowhere), "switched off and not there are one");
    assert_eq!(serving.stop().await, Some(0));

    let Some(outer) = outer_address() else {
        eprintln!("skipped in part: this machine has no address that others see");
        return;
    };
    let mut serving = folder.serve_at("0.0.0.0:0", &[], &[("GLEANER__METRICS__ACCESS", "loopback")]).await;
    let port = serving.base().rsplit(':').next().expect("a port").to_owned();
    let ask =
        async |host: &str| Api::new(format!("http://{host}:{port}"), "").ask(Method::GET, "/metrics", None).await.0;
    assert_eq!((ask("127.0.0.1").await, ask(&outer.to_string()).await), (200, 404));
    assert_eq!(serving.stop().await, Some(0));
}
