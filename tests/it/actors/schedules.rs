//! Schedules with real engines over PostgreSQL: what is previewed is what runs, and once, however many engines there are.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use gleaner::clock::Clock;
use gleaner::domain::ids::{OrgId, ScheduleId};
use gleaner::domain::run::RunStatus;
use gleaner::domain::schedule::{FiringState, MissedRule, Moment};
use gleaner::domain::selection::Selection;
use gleaner::store::automation::firings::FiringRow;
use gleaner::store::automation::schedules::ScheduleRules;
use gleaner::store::{CategoryRow, PgStore};
use serde_json::Map;
use tokio::time::{Instant, sleep};

use crate::support::market::Market;
use crate::support::postgres;
use crate::support::world::PgWorld;

/// Longest wait for a run; a test that meets it fails.
const PATIENCE: Duration = Duration::from_secs(60);
const MARKET: Market = Market { categories: 1, products: 2, pages: 1, sellers: 1 };

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn nightly() -> ScheduleRules {
    ScheduleRules {
        name: "Nightly".to_owned(),
        enabled: true,
        cron: "30 2 * * *".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        selection: Selection::Categories(vec!["first".to_owned()]),
        overrides: Map::new(),
        missed: MissedRule::Skip,
        missed_within_minutes: 60,
    }
}

/// Waits until that many moments are told and the runs of all of them have ended.
async fn told(store: &PgStore, org: OrgId, schedule: ScheduleId, count: usize) -> Vec<FiringRow> {
    let limit = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < limit, "the moment is never met");
        let mut rows = store.list_firings(org, schedule, None, 100).await.expect("firings");
        let newest = rows.first().filter(|row| rows.len() == count && row.state == FiringState::Started);
        if let Some(run) = newest.and_then(|row| row.run_id)
            && store.run(org, run).await.expect("its run").status == RunStatus::Completed
        {
            rows.reverse();
            return rows;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

#[actix_web::test]
async fn two_engines_fire_one_schedule_as_previewed_across_a_change_to_summer_time_and_one_back() {
    let Some(database) = postgres::database().await else { return };
    let clocks = [Clock::seeded(1), Clock::seeded(2)];
    let set = |now: DateTime<Utc>| clocks.iter().for_each(|clock| clock.jump(now - clock.now()));
    let mut stores = Vec::new();
    for clock in &clocks {
        stores.push(PgStore::connect(&database.url, 6, clock.clone()).await.expect("the test database answers"));
    }
    let store = &stores[0];
    let category = MARKET.chosen().remove(0);
    let (id, name, department, node_id) = ("first".to_owned(), category.name, category.department, category.node_id);
    store.sync_categories(&[CategoryRow { id, name, department, node_id }]).await.expect("the catalogue");
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    let mut worlds = Vec::new();
    for store in &stores {
        worlds.push(PgWorld::new(store, &database.url, MARKET.script(Duration::ZERO)).await);
    }

    for (season, start, expected) in [
        ("spring", "2026-03-27T12:00:00Z", ["03-28 02:30+01:00", "03-29 03:00+02:00", "03-30 02:30+02:00"]),
        ("autumn", "2026-10-23T12:00:00Z", ["10-24 02:30+02:00", "10-25 02:30+02:00", "10-26 02:30+01:00"]),
    ] {
        set(utc(start));
        let rules = ScheduleRules { name: season.to_owned(), ..nightly() };
        let previewed: Vec<Moment> = rules.plan().expect("a plan").moments(utc(start)).take(3).collect();
        let spelt: Vec<String> = previewed.iter().map(|at| at.local.format("%m-%d %H:%M%:z").to_string()).collect();
        assert_eq!(spelt, expected);
        let schedule = store.create_schedule(org, &rules).await.expect("a schedule").id;
        let mut met = Vec::new();
        for (index, moment) in previewed.iter().enumerate() {
            set(moment.at + TimeDelta::milliseconds(100));
            met = told(store, org, schedule, index + 1).await;
            if season == "autumn" && index == 1 {
                // The same time of day, for the second time: whoever tells of another schedule that is due then has looked.
                let (name, zone) = ("bell".to_owned(), "UTC".to_owned());
                let rules = ScheduleRules { name, cron: "30 1 * * *".to_owned(), time_zone: zone, ..nightly() };
                let bell = store.create_schedule(org, &rules).await.expect("a schedule").id;
                set(moment.at + TimeDelta::hours(1) + TimeDelta::milliseconds(100));
                let rung = told(store, org, bell, 1).await.remove(0).due_at;
                assert_eq!(rung, moment.at + TimeDelta::hours(1));
                let off = |rules: &mut ScheduleRules| rules.enabled = false;
                store.change_schedule(org, bell, off).await.expect("switched off");
            }
        }
        let fired: Vec<_> = met.iter().map(|row| (row.due_at, row.state)).collect();
        let expected: Vec<_> = previewed.iter().map(|moment| (moment.at, FiringState::Started)).collect();
        assert_eq!(fired, expected, "{season}");
        let runs: BTreeSet<_> = met.iter().filter_map(|row| row.run_id).collect();
        assert_eq!(runs.len(), 3, "{season}: a run of its own for each moment");
        let off = |rules: &mut ScheduleRules| rules.enabled = false;
        store.change_schedule(org, schedule, off).await.expect("switched off");
    }
    let runs = store.list_runs(org, None, 100, None).await.expect("runs");
    let (of_bell, others): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.name == "bell");
    assert_eq!((of_bell.len(), others.len()), (1, 6), "and none beside these");
    assert!(runs.iter().all(|run| run.status == RunStatus::Completed));
    drop(worlds);
}
