//! What a run does is told to whoever asked for it: signed, once, with the new sellers behind a cursor.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gleaner::domain::delivery::Form;
use gleaner::domain::failure::{Failure, RetryKind};
use gleaner::domain::ids::RunKey;
use gleaner::domain::notice::NoticeEvent;
use gleaner::domain::registry::Marks;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::seller::Arrival;
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::{Ask, Script};
use gleaner::store::PgStore;
use gleaner::store::notices::webhooks::WebhookSpec;
use gleaner::store::registry::changes::Author;
use gleaner::store::registry::edits::NewSeller;
use gleaner::store::runs::NewRun;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::time::{Instant, sleep};

use super::ground::{Ground, SECRET, spec};
use crate::support::market::{Market, fails};
use crate::support::receiver::{Answering, Heard, Receiver};
use crate::support::world::PgWorld;

/// Runs the small market to its rest.
async fn run(ground: &Ground, settings: RunSettings) -> (PgWorld, RunKey) {
    run_on(ground, &ground.store, settings, Market::small().script(Duration::ZERO)).await
}

/// The same through an engine with this store, at a marketplace that answers like this.
async fn run_on(ground: &Ground, store: &PgStore, settings: RunSettings, script: Arc<Script>) -> (PgWorld, RunKey) {
    let world = PgWorld::new(store, &ground.database.url, script).await;
    let key = run_in(&world, ground, settings).await;
    (world, key)
}

/// The same in a world that is there.
async fn run_in(world: &PgWorld, ground: &Ground, settings: RunSettings) -> RunKey {
    let new = NewRun { name: Some("Lamps".to_owned()), categories: Market::small().chosen(), settings };
    let run = ground.store.create_run(ground.org, &new, None).await.expect("a new run").run;
    let key = RunKey { org: ground.org, run: run.id };
    world.give(key, Command::Start).await.expect("it can be started");
    world.gone(key).await;
    key
}

fn types(heard: &[Heard]) -> BTreeSet<String> {
    heard.iter().map(|heard| heard.json()["type"].as_str().expect("a type").to_owned()).collect()
}

/// The one notice of this type.
fn of_type(heard: &[Heard], name: &str) -> Value {
    let mut all = heard.iter().map(Heard::json).filter(|notice| notice["type"] == name);
    let (one, other) = (all.next(), all.next());
    assert_eq!(other, None, "told twice");
    one.unwrap_or_else(|| panic!("no {name} among {heard:?}"))
}

/// As a receiver checks it, written from the specification.
fn is_signed(heard: &Heard) -> bool {
    let signed = format!("{}.{}.{}", heard.header("webhook-id"), heard.header("webhook-timestamp"), heard.body);
    let mut mac = Hmac::<Sha256>::new_from_slice(&SECRET).expect("any key");
    mac.update(signed.as_bytes());
    heard.header("webhook-signature") == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[actix_web::test]
async fn a_run_that_ends_is_told_with_its_new_sellers_behind_a_cursor() {
    let Some(ground) = Ground::new().await else { return };
    let (receiver, chat) =
        (Receiver::start(Answering::Status(200)).await, Receiver::start(Answering::Status(200)).await);
    ground.webhook(&receiver.url).await;
    let events = vec![NoticeEvent::RunCompleted];
    ground.made(WebhookSpec { url: Some(chat.url.clone()), events, ..spec(Form::Chat) }).await;
    let _sender = ground.sender();
    run(&ground, RunSettings::default()).await;

    let heard = receiver.until_heard(2).await;
    assert_eq!(types(&heard), ["run.completed", "sellers.new"].map(String::from).into());
    assert!(heard.iter().all(is_signed), "{heard:?}");
    let new = heard.iter().map(Heard::json).find(|notice| notice["type"] == "sellers.new").expect("one");
    let truth = Market::small().truth();
    assert_eq!(
        (&new["data"]["run_name"], new["data"]["sellers_new"].as_u64()),
        (&"Lamps".into(), Some(truth.len() as u64))
    );
    let cursor = new["data"]["cursor"].as_str().expect("a cursor");
    assert!(new["link"].as_str().is_some_and(|link| link.ends_with(&format!("/sellers/new?cursor={cursor}"))), "{new}");
    let after = cursor.parse().expect("our own");
    let names = ground.store.new_sellers(ground.org, after, 1_000).await.expect("they");
    assert_eq!(names.into_iter().map(|row| row.name).collect::<BTreeSet<_>>(), truth);

    let said = chat.until_heard(1).await[0].json();
    assert!(said["text"].as_str().is_some_and(|text| text.contains("\"Lamps\" is completed")), "{said}");
    assert_eq!(said.as_object().map(serde_json::Map::len), Some(1), "chat services refuse what they do not know");
}

#[actix_web::test]
async fn the_cursor_that_is_told_begins_with_the_runs_first_seller_whoever_waits_for_a_number_or_read_before() {
    for has_read in [false, true] {
        let Some(ground) = Ground::new().await else { return };
        let receiver = Receiver::start(Answering::Status(200)).await;
        ground.webhook(&receiver.url).await;
        let new = NewSeller { name: "Entered before".to_owned(), marks: Marks::default() };
        ground.store.add_sellers(ground.org, &Author::default(), &[new]).await.expect("it is entered");
        if has_read {
            ground.store.new_sellers(ground.org, Arrival::default(), 10).await.expect("they");
        }
        run(&ground, RunSettings::default()).await;

        let _sender = ground.sender();
        let heard = receiver.until_heard(2).await;

        let new = heard.iter().map(Heard::json).find(|notice| notice["type"] == "sellers.new").expect("one");
        let after = new["data"]["cursor"].as_str().expect("a cursor").parse().expect("our own");
        let rows = ground.store.new_sellers(ground.org, after, 1_000).await.expect("they");
        let names: BTreeSet<String> = rows.into_iter().map(|row| row.name).collect();
        assert_eq!(names, Market::small().truth(), "somebody read before: {has_read}");
    }
}

#[actix_web::test]
async fn a_second_run_that_finds_nobody_new_tells_only_its_end() {
    let Some(ground) = Ground::new().await else { return };
    let (world, _) = run(&ground, RunSettings::default()).await;
    let receiver = Receiver::start(Answering::Status(200)).await;
    ground.webhook(&receiver.url).await;
    run_in(&world, &ground, RunSettings::default()).await;
    let _sender = ground.sender();
    let probe = ground.store.list_webhooks(ground.org).await.expect("it")[0].id;
    receiver.until_heard(1).await;
    ground.test(probe).await;
    let heard = receiver.until_heard(2).await;
    assert_eq!(types(&heard), ["run.completed", "test"].map(String::from).into());
}

#[actix_web::test]
async fn a_run_near_its_budget_a_pause_and_a_cancel_at_rest_are_told() {
    let Some(ground) = Ground::new().await else { return };
    let receiver = Receiver::start(Answering::Status(200)).await;
    ground.webhook(&receiver.url).await;
    let _sender = ground.sender();
    let (world, key) = run(&ground, RunSettings { request_budget: Some(20), ..RunSettings::default() }).await;
    let heard = receiver.until_heard(2).await;
    assert_eq!(types(&heard), ["budget.near", "run.paused"].map(String::from).into());
    let paused = heard.iter().map(Heard::json).find(|notice| notice["type"] == "run.paused").expect("one");
    assert_eq!(paused["data"]["pause"]["reason"], "budget", "{paused}");
    let advice = paused["data"]["what_to_do"].as_str().expect("what to do");
    assert!(advice.contains("request_budget"), "{advice}");
    let near = of_type(&heard, "budget.near");
    let sent = near["data"]["requests_sent"].as_i64().expect("a number");
    assert!((16..=20).contains(&sent), "the count that passed 80 % of 20, with what is on the wire: {near}");

    world.give(key, Command::Cancel).await.expect("it is paused");
    let heard = receiver.until_heard(4).await;
    assert_eq!(types(&heard[2..]), ["run.cancelled", "sellers.new"].map(String::from).into());
}

#[actix_web::test]
async fn a_run_that_came_to_nothing_is_told_with_the_error() {
    let Some(ground) = Ground::new().await else { return };
    let receiver = Receiver::start(Answering::Status(200)).await;
    let webhook = ground.webhook(&receiver.url).await;
    let _sender = ground.sender();
    let outage: Arc<Script> = Arc::new(|ask: &Ask, _: u32| {
        (Duration::ZERO, fails(ask, Failure::retryable(RetryKind::Server, "503 upstream temporarily unavailable")))
    });
    let settings = RunSettings { max_attempts: 1, auto_resume: false, ..RunSettings::default() };
    let (_world, key) = run_on(&ground, &ground.store, settings, outage).await;
    let failed = of_type(&receiver.until_heard(1).await, "run.failed");
    let facts = &failed["data"];
    assert_eq!(
        (&facts["run_name"], &facts["sellers_found"], &facts["requests_made"]),
        (&"Lamps".into(), &0.into(), &3.into())
    );
    let why = facts["fail_message"].as_str().expect("words");
    let row = ground.store.run(key.org, key.run).await.expect("the run");
    assert_eq!(Some(why), row.fail_message.as_deref(), "as the run itself says");
    assert_eq!(facts["fail_reason"], "nothing_succeeded");
    assert!(facts["what_to_do"].as_str().is_some_and(|words| words.contains("retry the failed ones")), "{failed}");
    assert!(
        failed["link"].as_str().is_some_and(|link| link.ends_with(&format!("/admin/runs/{}", key.run))),
        "{failed}"
    );
    ground.test(webhook).await;
    let heard = receiver.until_heard(2).await;
    assert_eq!(types(&heard), ["run.failed", "test"].map(String::from).into(), "it found nobody new");
}

#[actix_web::test]
async fn a_pause_that_a_probe_does_not_end_is_told_once_and_one_that_became_another_is_told_anew() {
    let Some(ground) = Ground::new().await else { return };
    let receiver = Receiver::start(Answering::Status(200)).await;
    let webhook = ground.webhook(&receiver.url).await;
    let _sender = ground.sender();
    let refuses = Arc::new(AtomicBool::new(false));
    let switch = refuses.clone();
    let outage: Arc<Script> = Arc::new(move |ask: &Ask, _: u32| {
        let refused = Failure::Refused { detail: "401 unknown user".to_owned() };
        let away = Failure::retryable(RetryKind::Server, "503 upstream temporarily unavailable");
        (Duration::ZERO, fails(ask, if switch.load(Ordering::SeqCst) { refused } else { away }))
    });
    let settings = RunSettings { max_attempts: 1, max_consecutive_failures: 1, ..RunSettings::default() };
    let (_world, key) = run_on(&ground, &ground.store, settings, outage).await;
    let reason = |notice: Value| notice["data"]["pause"]["reason"].as_str().map(str::to_owned);
    let heard = receiver.until_heard(1).await;
    assert_eq!(reason(heard[0].json()).as_deref(), Some("consecutive_failures"));

    let looked = async |probes: u16| {
        let due = "UPDATE collection_runs SET resume_at = now() WHERE status = 'paused'";
        ground.sql(due).await;
        let limit = Instant::now() + Duration::from_secs(60);
        loop {
            let row = ground.store.run(key.org, key.run).await.expect("the run");
            let pause = row.pause.filter(|_| row.status == RunStatus::Paused);
            if pause.is_some_and(|pause| pause.probes == probes) {
                return;
            }
            assert!(Instant::now() < limit, "it never looked again");
            sleep(Duration::from_millis(20)).await;
        }
    };
    looked(1).await;
    refuses.store(true, Ordering::SeqCst);
    looked(0).await;
    let heard = receiver.until_heard(2).await;
    assert_eq!(reason(heard[1].json()).as_deref(), Some("provider_refused"), "nobody but a person can mend that");
    ground.test(webhook).await;
    let heard = receiver.until_heard(3).await;
    assert_eq!(types(&heard[2..]), ["test"].map(String::from).into(), "the first pause was told once");
}

#[actix_web::test]
async fn a_month_whose_budget_is_nearly_drawn_is_told_once_however_many_runs_draw_on() {
    let Some(ground) = Ground::new().await else { return };
    let receiver = Receiver::start(Answering::Status(200)).await;
    let webhook = ground.webhook(&receiver.url).await;
    let chat = Receiver::start(Answering::Status(200)).await;
    let events = vec![NoticeEvent::MonthNear];
    ground.made(WebhookSpec { url: Some(chat.url.clone()), events, ..spec(Form::Chat) }).await;
    let _sender = ground.sender();
    // A run over the whole market sends 54.
    let store = ground.store.clone().with_month_budget(Some(33));
    let spend = async || run_on(&ground, &store, RunSettings::default(), Market::small().script(Duration::ZERO)).await;
    let (first, _) = spend().await;
    let heard = receiver.until_heard(2).await;
    assert_eq!(types(&heard), ["budget.month_near", "run.paused"].map(String::from).into());
    let near = of_type(&heard, "budget.month_near");
    let (allowed, drawn) = (near["data"]["allowed"].as_i64(), near["data"]["drawn"].as_i64());
    assert!(
        allowed == Some(33) && drawn.is_some_and(|drawn| (27..=33).contains(&drawn)),
        "80 % of it and more: {near}"
    );
    let month = near["data"]["month"].as_str().expect("a day");
    assert!(month.len() == 10 && month.ends_with("-01"), "its first day: {near}");
    assert_eq!(of_type(&heard, "run.paused")["data"]["pause"]["reason"], "budget");
    let said = chat.until_heard(1).await[0].json();
    assert!(
        said["text"].as_str().is_some_and(|text| text.contains("80 % of this month's requests are drawn")),
        "{said}"
    );

    // The next run finds nothing left of the month and pauses too; that the end is near is known by then.
    drop(first);
    spend().await;
    receiver.until_heard(3).await;
    ground.test(webhook).await;
    let heard = receiver.until_heard(4).await;
    assert_eq!(types(&heard[2..]), ["run.paused", "test"].map(String::from).into());
    assert_eq!(chat.heard().len(), 1);
}
