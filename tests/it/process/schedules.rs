//! `kill -9` of the engine that fires a schedule, beside another one: each moment has its run, and one.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio_postgres::Client;

use super::commit::{session, until_waiting};
use super::disaster::{rounds, tell};
use super::outside::{Outside, repeated, short};
use crate::support::api::{Api, without_gap};
use crate::support::binary::Process;
use crate::support::postgres;

/// What becomes of the transaction in which the killed engine decides a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// The server gives it up: nothing was decided.
    GivenUp,
    /// It is carried through after all: the run is made, and nobody has started it.
    CarriedThrough,
}

/// Two engines on one database, and two schedules that are due at midnight.
struct Pair {
    outside: Outside,
    engines: Vec<Process>,
    /// Asks the first engine that lives.
    api: Api,
    held: String,
    beside: String,
    client: Client,
    _database: postgres::TestDb,
}

impl Pair {
    async fn start(latency_ms: u64) -> Option<Self> {
        let database = postgres::database().await?;
        let outside = Outside::start(latency_ms).await;
        let mut first = outside.serve_on(&database.url).await;
        let api = Api::new(first.base(), &first.token().await);
        let engines = vec![first, outside.serve_on(&database.url).await];
        let (held, beside) = (schedule(&api, "Held").await, schedule(&api, "Beside").await);
        let client = session(&database).await;
        Some(Self { outside, engines, api, held, beside, client, _database: database })
    }

    async fn sql(&self, sql: &str) {
        self.client.batch_execute(sql).await.expect("sound SQL");
    }

    /// The last midnight is a moment that nobody has met yet, of these schedules.
    async fn is_midnight_for(&self, names: &str) {
        let midnight = "date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'";
        self.sql(&format!("UPDATE collection_schedules SET next_due_at = {midnight} WHERE name IN ({names})")).await;
    }

    /// From now on whoever decides a moment of the one schedule waits at its commit, for as long as this session holds the
    /// lock 77.
    async fn hold_the_commit(&self) {
        let id = self.held.rsplit('/').next().expect("an id");
        let trigger = format!(
            "CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NULL; END $$;
             CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON collection_schedule_firings
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.schedule_id = '{id}')
                EXECUTE FUNCTION wait_at_commit();
             SELECT pg_advisory_lock(77)"
        );
        self.sql(&trigger).await;
    }

    /// What this statement calls an engine.
    async fn named(&self, sql: &str) -> String {
        self.client.query_one(sql, &[]).await.expect("one engine").get(0)
    }

    /// Kills the engine of this name; the other one is asked from then on.
    async fn kill(&mut self, name: &str) {
        let is_named = |engine: &Process| format!("process {}", engine.pid()) == name;
        let at = self.engines.iter().position(is_named).expect("one of the two");
        self.engines.remove(at).kill_hard().await;
        self.api.base = self.engines[0].base();
    }

    /// The run of the schedule's one moment, once that is told as started.
    async fn started(&self, schedule: &str) -> String {
        let started = |page: &Value| page["items"][0]["state"] == "started";
        let page = self.api.until(&format!("{schedule}/firings"), "its moment is started", started).await;
        let items = page["items"].as_array().expect("a list");
        assert_eq!(items.len(), 1, "one moment, told once: {page}");
        assert!(items[0]["due_at"].as_str().is_some_and(|at| at.contains("T00:00:00")), "{page}");
        format!("/collection/runs/{}", items[0]["run_id"].as_str().expect("a run"))
    }

    /// The engine that is left has carried these runs to their ends, and there are no others.
    async fn all_runs_are(mut self, runs: &[&String]) -> u64 {
        for run in runs {
            let row = self.api.until_rest(run, "completed").await;
            assert_eq!((&row["failed_items"], &row["products_fetched"]), (&json!(0), &json!(50)), "{row}");
            without_gap(&self.api.events(run).await);
        }
        let listed = self.api.get("/collection/runs").await;
        let listed: BTreeSet<String> = listed["items"].as_array().expect("a list").iter().map(path_of).collect();
        assert_eq!(listed, runs.iter().map(|run| (*run).clone()).collect());
        assert_eq!(self.engines[0].stop().await, Some(0), "{}", self.engines[0].complained());
        repeated(&self.outside.counts().await)
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.engines.iter().for_each(|engine| eprintln!("an engine said: {}", engine.complained()));
        }
    }
}

fn path_of(run: &Value) -> String {
    format!("/collection/runs/{}", run["id"].as_str().expect("an id"))
}

/// Makes a schedule that fires at midnight, made up for all day: its path.
async fn schedule(api: &Api, name: &str) -> String {
    let body = json!({
        "name": name, "cron": "0 0 * * *", "time_zone": "UTC", "category_ids": ["home-bath"], "settings": short(),
        "missed": "run_once", "missed_within_minutes": 1_440,
    });
    let made = api.post("/collection/schedules", Some(body)).await;
    format!("/collection/schedules/{}", made["id"].as_str().expect("an id"))
}

async fn killed_while_it_fires(fate: Fate) {
    let Some(mut pair) = Pair::start(0).await else { return };
    pair.hold_the_commit().await;
    pair.is_midnight_for("'Held', 'Beside'").await;
    until_waiting(&pair.client, "advisory", 1).await;
    let firing = "SELECT e.name FROM engines e JOIN pg_stat_activity a ON a.application_name = 'gleaner ' || e.id
        WHERE a.wait_event = 'advisory' AND a.datname = current_database()";
    let firing = pair.named(firing).await;
    pair.kill(&firing).await;
    let beside = pair.started(&pair.beside).await;
    let page = pair.api.get(&format!("{}/firings", pair.held)).await;
    assert_eq!(page["items"], json!([]), "nothing of it is decided yet");
    if fate == Fate::GivenUp {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE wait_event = 'advisory' AND datname = current_database()";
        pair.sql(end).await;
    }
    pair.sql("SELECT pg_advisory_unlock(77)").await;

    let held = pair.started(&pair.held).await;
    let id = held.rsplit('/').next().expect("an id").to_owned();
    pair.engines[0].until_complained(&format!("run {id}: started by its schedule")).await;
    pair.all_runs_are(&[&held, &beside]).await;
    tell("killed while it fires", &format!("{fate:?}: one run of the moment"));
}

#[actix_web::test]
async fn a_moment_whose_engine_is_killed_before_it_was_decided_is_met_by_the_other_once() {
    for _ in 0..rounds() {
        killed_while_it_fires(Fate::GivenUp).await;
    }
}

#[actix_web::test]
async fn a_run_whose_engine_is_killed_after_it_was_made_is_started_by_the_other_once() {
    for _ in 0..rounds() {
        killed_while_it_fires(Fate::CarriedThrough).await;
    }
}

#[actix_web::test]
async fn a_run_whose_engine_is_killed_under_way_is_followed_and_not_made_again() {
    for _ in 0..rounds() {
        let Some(mut pair) = Pair::start(30).await else { return };
        pair.is_midnight_for("'Held'").await;
        let run = pair.started(&pair.held).await;
        pair.outside.until_asked("seller_search", 10).await;
        let owner = "SELECT engines.name FROM engines JOIN collection_runs ON owner = engines.id";
        let owner = pair.named(owner).await;
        pair.kill(&owner).await;
        assert_eq!(pair.started(&pair.held).await, run);
        let again = pair.all_runs_are(&[&run]).await;
        assert!(again <= 5, "{again} requests were repeated");
        tell("killed with a schedule's run under way", &format!("{again} repeated"));
    }
}
