//! Schedules over PostgreSQL: of several engines one makes each moment's run, and each moment is told, whoever was there.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use gleaner::clock::Clock;
use gleaner::domain::delivery::Form;
use gleaner::domain::ids::{OrgId, ScheduleId};
use gleaner::domain::notice::NoticeEvent;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::schedule::{FiringState, MissedRule};
use gleaner::domain::selection::Selection;
use gleaner::store::automation::firings::FiringRow;
use gleaner::store::automation::schedules::ScheduleRules;
use gleaner::store::notices::webhooks::WebhookSpec;
use gleaner::store::{CategoryRow, PgStore, RunStore};
use serde_json::{Map, json};

use crate::support::postgres::{self, TestDb};

/// An engine's store, with a clock that the test sets.
struct Engine {
    store: PgStore,
    clock: Clock,
}

impl Engine {
    async fn new(database: &TestDb, seed: u64) -> Self {
        let clock = Clock::seeded(seed);
        let store = PgStore::connect(&database.url, 4, clock.clone()).await.expect("the test database answers");
        Self { store, clock }
    }

    fn set(&self, now: &str) {
        self.clock.jump(utc(now) - self.clock.now());
    }

    /// Looks at this time; how many runs it works on from then on.
    async fn look_at(&self, now: &str) -> usize {
        self.set(now);
        self.store.fire(3).await.expect("the store answers").begun.len()
    }
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn daily() -> ScheduleRules {
    ScheduleRules {
        name: "Nightly".to_owned(),
        enabled: true,
        cron: "0 3 * * *".to_owned(),
        time_zone: "UTC".to_owned(),
        selection: Selection::Categories(vec!["lamps".to_owned()]),
        overrides: Map::new(),
        missed: MissedRule::RunOnce,
        missed_within_minutes: 60,
    }
}

struct Ground {
    database: TestDb,
    engine: Engine,
    org: OrgId,
    schedule: ScheduleId,
}

impl Ground {
    /// A schedule that was made on the first of January 2026.
    async fn with(rules: ScheduleRules) -> Option<Self> {
        let database = postgres::database().await?;
        let engine = Engine::new(&database, 1).await;
        let text = |text: &str| text.to_owned();
        let (name, department) = (text("Lamps"), text("Home"));
        let lamps = CategoryRow { id: text("lamps"), name, department, node_id: text("1") };
        engine.store.sync_categories(&[lamps]).await.expect("the catalogue");
        let org = engine.store.create_org("Harbour").await.expect("an organisation").id;
        let schedule = engine.store.create_schedule(org, &rules).await.expect("a schedule").id;
        Some(Self { database, engine, org, schedule })
    }

    /// What became of each moment, oldest first.
    async fn told(&self) -> Vec<FiringRow> {
        let mut rows = self.engine.store.list_firings(self.org, self.schedule, None, 100).await.expect("firings");
        rows.reverse();
        rows
    }

    async fn states(&self) -> Vec<(String, FiringState)> {
        self.told().await.into_iter().map(|row| (row.due_at.format("%m-%d").to_string(), row.state)).collect()
    }

    async fn runs(&self) -> usize {
        self.engine.store.list_runs(self.org, None, 100, None).await.expect("runs").len()
    }
}

fn day(day: &str, state: FiringState) -> (String, FiringState) {
    (day.to_owned(), state)
}

#[actix_web::test]
async fn of_many_engines_that_look_at_one_time_one_makes_the_run() {
    let Some(ground) = Ground::with(daily()).await else { return };
    let mut engines = Vec::new();
    for seed in 2..8 {
        engines.push(Engine::new(&ground.database, seed).await);
    }
    let looking = engines.iter().map(|engine| engine.look_at("2026-01-01T03:00:01Z"));
    let begun: usize = futures_util::future::join_all(looking).await.into_iter().sum();
    assert_eq!((begun, ground.runs().await), (1, 1));
    let [told] = &ground.told().await[..] else { panic!("one moment") };
    assert_eq!((told.due_at, told.state), (utc("2026-01-01T03:00:00Z"), FiringState::Started));
    let run = ground.engine.store.run(ground.org, told.run_id.expect("a run")).await.expect("it is there");
    assert_eq!((run.name.as_str(), run.status), ("Nightly", RunStatus::Running));
    assert!(engines.iter().any(|engine| run.owner == Some(engine.store.engine())), "one of them works on it");
}

#[actix_web::test]
async fn nothing_fires_before_its_moment_or_while_it_is_switched_off() {
    let Some(ground) = Ground::with(daily()).await else { return };
    assert_eq!(ground.engine.look_at("2026-01-01T02:59:30Z").await, 0);
    let off = |rules: &mut ScheduleRules| rules.enabled = false;
    ground.engine.store.change_schedule(ground.org, ground.schedule, off).await.expect("changed");
    assert_eq!(ground.engine.look_at("2026-01-05T03:00:01Z").await, 0);
    let on = |rules: &mut ScheduleRules| rules.enabled = true;
    let row = ground.engine.store.change_schedule(ground.org, ground.schedule, on).await.expect("changed");
    assert_eq!(row.next_due_at, Some(utc("2026-01-06T03:00:00Z")), "the time in which it was off is not made up for");
    assert_eq!((ground.told().await, ground.runs().await), (Vec::new(), 0));
}

#[actix_web::test]
async fn moments_that_no_engine_met_are_told_and_the_newest_runs_once() {
    let Some(ground) = Ground::with(daily()).await else { return };
    assert_eq!(ground.engine.look_at("2026-01-03T03:59:00Z").await, 1);
    let (missed, started) = (FiringState::Missed, FiringState::Started);
    assert_eq!(ground.states().await, [day("01-01", missed), day("01-02", missed), day("01-03", started)]);
    let why = ground.told().await[0].detail.clone().expect("a reason");
    assert!(why.contains("a later moment was due"), "{why}");
}

#[actix_web::test]
async fn a_moment_that_is_met_too_late_is_told_and_never_runs() {
    let Some(ground) = Ground::with(ScheduleRules { missed: MissedRule::Skip, ..daily() }).await else { return };
    assert_eq!(ground.engine.look_at("2026-01-01T03:01:01Z").await, 0);
    assert_eq!(ground.engine.look_at("2026-01-02T03:00:30Z").await, 1);
    assert_eq!(ground.states().await, [day("01-01", FiringState::Missed), day("01-02", FiringState::Started)]);
}

#[actix_web::test]
async fn who_asked_for_it_is_told_of_a_run_that_did_not_start() {
    let Some(ground) = Ground::with(ScheduleRules { missed: MissedRule::Skip, ..daily() }).await else { return };
    let store = &ground.engine.store;
    let spec = WebhookSpec {
        form: Form::Generic,
        url: Some("https://hooks.example.org/gleaner".to_owned()),
        recipients: Vec::new(),
        events: vec![NoticeEvent::ScheduleMissed],
        enabled: true,
    };
    let webhook = store.create_webhook(ground.org, &spec, [7; 32]).await.expect("a webhook").id;
    assert_eq!(ground.engine.look_at("2026-01-03T03:01:01Z").await, 0);
    store.hand_notices_on(Some("https://gleaner.test")).await.expect("the store answers");
    let told = store.list_deliveries(ground.org, webhook, None, 10).await.expect("deliveries");
    let [told] = &told[..] else { panic!("one word for three moments, not {}", told.len()) };
    let body: serde_json::Value = serde_json::from_str(&told.body).expect("JSON");
    assert_eq!((told.event.as_str(), &body["data"]["schedule_name"]), ("schedule.missed", &json!("Nightly")));
    let reason = body["data"]["reason"].as_str().expect("a reason");
    assert!(reason.contains("2 more moments were missed before it"), "{reason}");
    assert_eq!(ground.engine.look_at("2026-01-04T03:00:30Z").await, 1);
    store.hand_notices_on(Some("https://gleaner.test")).await.expect("the store answers");
    assert_eq!(store.list_deliveries(ground.org, webhook, None, 10).await.expect("deliveries").len(), 1, "it started");
}

#[actix_web::test]
async fn more_missed_moments_than_one_step_holds_are_all_told() {
    let rules = ScheduleRules { cron: "* * * * *".to_owned(), missed: MissedRule::Skip, ..daily() };
    let Some(ground) = Ground::with(rules).await else { return };
    let mut looks = 0;
    while ground.engine.store.schedule(ground.org, ground.schedule).await.expect("it").next_due_at
        <= Some(utc("2026-01-02T00:00:30Z"))
    {
        ground.engine.look_at("2026-01-02T00:00:30Z").await;
        looks += 1;
    }
    let mut told = BTreeSet::new();
    let mut before = None;
    loop {
        let rows = ground.engine.store.list_firings(ground.org, ground.schedule, before, 500).await.expect("firings");
        before = rows.last().map(|row| row.due_at);
        told.extend(rows.into_iter().map(|row| row.due_at));
        if before.is_none() {
            break;
        }
    }
    assert_eq!((told.len(), looks), (1_440, 3), "a day of minutes, five hundred at a time");
    assert_eq!(ground.runs().await, 1, "the last one was met on time");
}

#[actix_web::test]
async fn while_the_last_run_is_under_way_the_next_is_skipped_and_says_which() {
    let Some(ground) = Ground::with(daily()).await else { return };
    assert_eq!(ground.engine.look_at("2026-01-01T03:00:00Z").await, 1);
    assert_eq!(ground.engine.look_at("2026-01-02T03:00:00Z").await, 0);
    assert_eq!(ground.states().await, [day("01-01", FiringState::Started), day("01-02", FiringState::Skipped)]);
    let why = ground.told().await[1].detail.clone().expect("a reason");
    assert!(why.contains("number 1") && why.contains("running"), "{why}");
    assert_eq!(ground.runs().await, 1);
}

#[actix_web::test]
async fn a_run_that_was_made_by_an_engine_that_died_is_started_by_the_next_and_once() {
    let Some(ground) = Ground::with(daily()).await else { return };
    ground.engine.set("2026-01-01T03:00:00Z");
    // No room: as far as an engine comes that dies between the two steps.
    assert_eq!(ground.engine.store.fire(0).await.expect("it answers").begun, []);
    assert_eq!(ground.states().await, [day("01-01", FiringState::Made)]);
    let (next, after) = (Engine::new(&ground.database, 2).await, Engine::new(&ground.database, 3).await);
    let begun = (next.look_at("2026-01-01T03:00:30Z").await, after.look_at("2026-01-01T03:00:31Z").await);
    assert_eq!((begun, ground.runs().await), ((1, 0), 1));
    assert_eq!(ground.states().await, [day("01-01", FiringState::Started)]);
}

#[actix_web::test]
async fn a_run_that_found_no_room_in_time_is_cancelled_and_told_as_failed() {
    let Some(ground) = Ground::with(ScheduleRules { missed_within_minutes: 5, ..daily() }).await else { return };
    for now in ["2026-01-01T03:00:00Z", "2026-01-01T03:04:30Z"] {
        ground.engine.set(now);
        ground.engine.store.fire(0).await.expect("it answers");
        assert_eq!(ground.states().await, [day("01-01", FiringState::Made)], "{now}");
    }
    ground.engine.set("2026-01-01T03:05:01Z");
    ground.engine.store.fire(0).await.expect("it answers");
    let [told] = &ground.told().await[..] else { panic!("one moment") };
    assert_eq!(told.state, FiringState::Failed);
    assert!(told.detail.as_ref().expect("a reason").contains("0 runs are under way, 0 are allowed"), "{told:?}");
    let run = ground.engine.store.run(ground.org, told.run_id.expect("a run")).await.expect("it is there");
    assert_eq!(run.status, RunStatus::Cancelled);
}

#[actix_web::test]
async fn a_run_that_a_person_cancels_before_it_starts_stays_cancelled() {
    let Some(ground) = Ground::with(daily()).await else { return };
    ground.engine.set("2026-01-01T03:00:00Z");
    ground.engine.store.fire(0).await.expect("it answers");
    let [run] = &ground.engine.store.list_runs(ground.org, None, 9, None).await.expect("runs")[..] else {
        panic!("one")
    };
    ground.engine.store.command(run.key(), Command::Cancel, 3).await.expect("it can be cancelled");
    assert_eq!(ground.engine.look_at("2026-01-01T03:00:10Z").await, 0);
    let told = ground.told().await.remove(0);
    assert_eq!(
        (told.state, told.detail.as_deref()),
        (FiringState::Failed, Some("its run is cancelled and was never started"))
    );
}

#[actix_web::test]
async fn a_change_of_its_times_at_the_moment_itself_tells_what_was_not_met() {
    let Some(ground) = Ground::with(daily()).await else { return };
    ground.engine.set("2026-01-01T03:00:05Z");
    let later = |rules: &mut ScheduleRules| rules.cron = "0 4 * * *".to_owned();
    let row = ground.engine.store.change_schedule(ground.org, ground.schedule, later).await.expect("changed");
    assert_eq!(row.next_due_at, Some(utc("2026-01-01T04:00:00Z")));
    let told = ground.told().await.remove(0);
    assert_eq!(told.state, FiringState::Missed);
    assert!(told.detail.expect("a reason").contains("was changed"));
}

#[actix_web::test]
async fn a_clock_that_is_set_back_makes_no_second_run_of_a_moment() {
    let Some(ground) = Ground::with(daily()).await else { return };
    assert_eq!(ground.engine.look_at("2026-01-01T03:00:00Z").await, 1);
    ground.engine.set("2026-01-01T02:00:00Z");
    let again = |rules: &mut ScheduleRules| rules.cron = "0 3 * * MON-SUN".to_owned();
    let row = ground.engine.store.change_schedule(ground.org, ground.schedule, again).await.expect("changed");
    assert_eq!(row.next_due_at, Some(utc("2026-01-01T03:00:00Z")));
    assert_eq!(ground.engine.look_at("2026-01-01T03:00:00Z").await, 0);
    assert_eq!((ground.states().await, ground.runs().await), (vec![day("01-01", FiringState::Started)], 1));
    assert_eq!(
        ground.engine.store.schedule(ground.org, ground.schedule).await.expect("it").next_due_at,
        Some(utc("2026-01-02T03:00:00Z")),
        "and it goes on"
    );
}

#[actix_web::test]
async fn a_run_obeys_the_configuration_the_organisation_the_template_and_the_schedule_in_this_order() {
    let overrides = json!({"max_attempts": 2}).as_object().cloned().expect("an object");
    let Some(ground) = Ground::with(ScheduleRules { overrides, ..daily() }).await else { return };
    let (store, org) = (&ground.engine.store, ground.org);
    let given =
        json!({"workers": 9, "max_attempts": 7, "pages_per_product": 2}).as_object().cloned().expect("an object");
    store.change_org_settings(org, &Default::default(), (&given, &[]), &|_| true).await.expect("changed");
    ground.engine.look_at("2026-01-01T03:00:00Z").await;
    let run = store.list_runs(org, None, 1, None).await.expect("runs").remove(0);
    let settings = run.run_settings().expect("sound");
    assert_eq!((settings.workers, settings.max_attempts, settings.pages_per_product), (9, 2, 2));
}
