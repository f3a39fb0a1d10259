//! A schedule that did not start its run is told to whoever asked for it, with the moment and the reason.

use chrono::{DateTime, Utc};
use gleaner::clock::Clock;
use gleaner::domain::schedule::MissedRule;
use gleaner::domain::selection::Selection;
use gleaner::store::automation::schedules::ScheduleRules;
use gleaner::store::{CategoryRow, PgStore, RunStore};
use serde_json::{Map, Value};

use super::ground::Ground;
use crate::support::receiver::{Answering, Heard, Receiver};

fn nightly() -> ScheduleRules {
    ScheduleRules {
        name: "Nightly".to_owned(),
        enabled: true,
        cron: "0 3 * * *".to_owned(),
        time_zone: "UTC".to_owned(),
        selection: Selection::Categories(vec!["lamps".to_owned()]),
        overrides: Map::new(),
        missed: MissedRule::Skip,
        missed_within_minutes: 60,
    }
}

#[actix_web::test]
async fn a_moment_that_nobody_met_and_one_whose_last_run_goes_on_are_told_and_a_start_is_not() {
    let Some(ground) = Ground::new().await else { return };
    let receiver = Receiver::start(Answering::Status(200)).await;
    let webhook = ground.webhook(&receiver.url).await;
    let _sender = ground.sender();
    let clock = Clock::seeded(1);
    let engine = PgStore::connect(&ground.database.url, 4, clock.clone()).await.expect("the test database answers");
    let text = |text: &str| text.to_owned();
    let lamps = CategoryRow { id: text("lamps"), name: text("Lamps"), department: text("Home"), node_id: text("1") };
    engine.sync_categories(&[lamps]).await.expect("the catalogue");
    let schedule = engine.create_schedule(ground.org, &nightly()).await.expect("a schedule").id;
    let look_at = async |now: &str| {
        clock.jump(now.parse::<DateTime<Utc>>().expect("a time") - clock.now());
        engine.fire(3).await.expect("the store answers").begun.len()
    };

    assert_eq!(look_at("2026-01-01T03:01:01Z").await, 0);
    let told = receiver.until_heard(1).await.remove(0).json();
    let (missed, facts) = (&told["type"], &told["data"]);
    assert_eq!((missed, &facts["schedule_name"]), (&Value::from("schedule.missed"), &Value::from("Nightly")));
    assert_eq!(
        (&facts["schedule_id"], &facts["due_at"]),
        (&schedule.to_string().into(), &"2026-01-01T03:00:00Z".into())
    );
    assert!(facts["reason"].as_str().is_some_and(|why| why.contains("no engine was there on time")), "{told}");

    assert_eq!(look_at("2026-01-02T03:00:10Z").await, 1, "it starts");
    assert_eq!(look_at("2026-01-03T03:00:10Z").await, 0, "its run is still under way");
    let told = receiver.until_heard(2).await.remove(1).json();
    assert_eq!(told["data"]["due_at"], "2026-01-03T03:00:00Z", "{told}");
    assert!(told["data"]["reason"].as_str().is_some_and(|why| why.contains("number 1, is still running")), "{told}");

    ground.test(webhook).await;
    let heard = receiver.until_heard(3).await;
    let types: Vec<Value> = heard.iter().map(Heard::json).map(|notice| notice["type"].clone()).collect();
    assert_eq!(types, ["schedule.missed", "schedule.missed", "test"], "the start was not told");
}
