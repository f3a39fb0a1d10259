//! The audit log against whoever holds the database: what is altered, removed, exchanged or put in between is found.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use gleaner::domain::audit::{Deed, Flaw, Head};
use gleaner::domain::ids::{OrgId, UserId};
use gleaner::store::people::audit::DeedFilter;
use gleaner::store::{PgStore, StoreError};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::support::postgres::{self, TestDb};

struct Log {
    database: TestDb,
    store: PgStore,
    org: OrgId,
}

fn deed(action: &str, details: Value) -> Deed {
    let Value::Object(details) = details else { panic!("an object") };
    Deed { action: action.to_owned(), details, ..Deed::default() }
}

impl Log {
    /// With five rows, and as many in another organisation's log.
    async fn of_five() -> Option<Self> {
        let database = postgres::database().await?;
        let store = database.store().await;
        let org = store.create_org("Harbour").await.expect("an organisation").id;
        let other = store.create_org("Elsewhere").await.expect("an organisation").id;
        for no in 1..=5 {
            for org in [org, other] {
                let deed = Deed {
                    user: Some(UserId(Uuid::from_u128(no))),
                    address: Some("127.0.0.1".to_owned()),
                    subject: Some(format!("run {no}")),
                    ..deed("runs.create", json!({"name": "Lamps", "rate": 0.1, "z": 1, "a": [1, {"b": null}]}))
                };
                assert_eq!(i128::from(store.record_deed(org, &deed).await.expect("recorded")), no as i128);
            }
        }
        Some(Self { database, store, org })
    }

    async fn verify(&self) -> Result<Head, Flaw> {
        self.store.verify_deeds(self.org).await.expect("it answers")
    }

    /// Does this to the organisation's rows, says what the check finds, and undoes it.
    async fn after(&self, sql: &str) -> Flaw {
        let mut connection = AsyncPgConnection::establish(&self.database.url).await.expect("the test database answers");
        let keep = "CREATE TABLE IF NOT EXISTS kept AS TABLE audit_log; \
            CREATE TABLE IF NOT EXISTS kept_heads AS TABLE audit_heads;";
        let back = "DELETE FROM audit_log; DELETE FROM audit_heads; \
            INSERT INTO audit_log TABLE kept; INSERT INTO audit_heads TABLE kept_heads;";
        connection.batch_execute(keep).await.expect("kept");
        connection.batch_execute(&sql.replace("$org", &format!("'{}'", self.org))).await.expect(sql);
        let found = self.verify().await.expect_err(sql);
        let orgs = self.store.audited_orgs().await.expect("it answers");
        let theirs = orgs.into_iter().map(|(id, _)| id).find(|id| *id != self.org).expect("another one");
        assert!(self.store.verify_deeds(theirs).await.expect("it answers").is_ok(), "another's log is another's");
        connection.batch_execute(back).await.expect("as it was");
        assert!(self.verify().await.is_ok());
        found
    }
}

#[actix_web::test]
async fn a_log_that_nobody_touched_is_fine_and_names_its_head() {
    let Some(log) = Log::of_five().await else { return };
    let rows = log.store.list_deeds(log.org, &DeedFilter::default(), None, 10).await.expect("rows");
    assert_eq!(rows.iter().map(|row| row.no).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
    let head = log.verify().await.expect("fine");
    assert_eq!((head.no, &head.hash), (5, &rows[0].hash));
    assert_eq!(rows[0].previous, rows[1].hash);
    let empty = log.store.create_org("New").await.expect("an organisation").id;
    assert_eq!(log.store.verify_deeds(empty).await.expect("it answers").expect("fine").no, 0);
}

#[actix_web::test]
async fn a_row_that_was_altered_is_found_whatever_was_altered_in_it() {
    let Some(log) = Log::of_five().await else { return };
    for change in [
        "at = at + interval '1 microsecond'",
        "user_id = NULL",
        "token_id = user_id",
        "address = '::1'",
        "action = 'runs.cancel'",
        "subject = 'run 9'",
        "details = details || '{\"name\": \"Chairs\"}'",
        "status = -1",
        "answers = 1",
        "previous_hash = '\\x00'",
        "hash = '\\x00'",
    ] {
        let flaw = log.after(&format!("UPDATE audit_log SET {change} WHERE org_id = $org AND no = 3")).await;
        assert_eq!(flaw.no, 3, "{change}: {}", flaw.why);
    }
}

#[actix_web::test]
async fn a_row_that_was_removed_is_missed_at_the_beginning_in_the_middle_and_at_the_end() {
    let Some(log) = Log::of_five().await else { return };
    for no in [1, 3, 5] {
        let flaw = log.after(&format!("DELETE FROM audit_log WHERE org_id = $org AND no = {no}")).await;
        assert!(flaw.no == no && flaw.why.contains("removed"), "{no}: {flaw:?}");
    }
    let all = log.after("DELETE FROM audit_log WHERE org_id = $org").await;
    assert!(all.no == 1 && all.why.contains("removed"), "{all:?}");
    let head = log.after("DELETE FROM audit_heads WHERE org_id = $org").await;
    assert!(head.why.contains("head"), "{head:?}");
}

#[actix_web::test]
async fn a_gap_that_was_closed_by_renumbering_is_found() {
    let Some(log) = Log::of_five().await else { return };
    let flaw = log
        .after(
            "DELETE FROM audit_log WHERE org_id = $org AND no = 3; \
             UPDATE audit_log SET no = 3 WHERE org_id = $org AND no = 4; \
             UPDATE audit_log SET no = 4 WHERE org_id = $org AND no = 5; \
             UPDATE audit_heads SET no = 4 WHERE org_id = $org;",
        )
        .await;
    assert_eq!(flaw.no, 3, "{}", flaw.why);
}

#[actix_web::test]
async fn rows_that_were_exchanged_are_found() {
    let Some(log) = Log::of_five().await else { return };
    let flaw = log
        .after(
            "UPDATE audit_log SET no = 9 WHERE org_id = $org AND no = 2; \
             UPDATE audit_log SET no = 2 WHERE org_id = $org AND no = 4; \
             UPDATE audit_log SET no = 4 WHERE org_id = $org AND no = 9;",
        )
        .await;
    assert_eq!(flaw.no, 2, "{}", flaw.why);
    let of_another = "UPDATE audit_log SET (user_id, subject, previous_hash, hash) = (other.user_id, other.subject, \
        other.previous_hash, other.hash) FROM audit_log AS other \
        WHERE audit_log.org_id = $org AND audit_log.no = 1 AND other.org_id <> $org AND other.no = 1";
    assert_eq!(log.after(of_another).await.no, 1);
}

#[actix_web::test]
async fn a_row_that_was_put_in_is_found() {
    let Some(log) = Log::of_five().await else { return };
    for (no, found) in [("0", 0), ("6", 6), ("-1", -1)] {
        let flaw = log
            .after(&format!(
                "INSERT INTO audit_log SELECT org_id, {no}, at, user_id, token_id, address, action, subject, details, \
                 status, answers, hash, hash FROM audit_log WHERE org_id = $org AND no = 5"
            ))
            .await;
        assert_eq!(flaw.no, found, "{}", flaw.why);
    }
}

#[actix_web::test]
async fn a_row_that_was_put_between_two_is_found_though_the_later_ones_were_moved_up() {
    let Some(log) = Log::of_five().await else { return };
    let flaw = log
        .after(
            "UPDATE audit_log SET no = no + 10 WHERE org_id = $org AND no > 2; \
             INSERT INTO audit_log SELECT org_id, 3, at, user_id, token_id, address, action, subject, details, status, \
                answers, hash, hash FROM audit_log WHERE org_id = $org AND no = 2; \
             UPDATE audit_log SET no = no - 9 WHERE org_id = $org AND no > 10; \
             UPDATE audit_heads SET no = 6 WHERE org_id = $org;",
        )
        .await;
    assert_eq!(flaw.no, 3, "{}", flaw.why);
}

#[actix_web::test]
async fn a_head_that_was_altered_is_found() {
    let Some(log) = Log::of_five().await else { return };
    for (change, no, words) in [
        ("hash = sha256('x')", 5, "another hash"),
        ("no = 4", 5, "head of the log was altered"),
        ("no = 6", 6, "removed, from the end"),
        ("no = 0", 1, "head of the log was altered"),
    ] {
        let flaw = log.after(&format!("UPDATE audit_heads SET {change} WHERE org_id = $org")).await;
        assert!(flaw.no == no && flaw.why.contains(words), "{change}: {flaw:?}");
    }
}

#[actix_web::test]
async fn a_log_that_was_cut_together_with_its_head_has_another_hash_than_was_noted() {
    let Some(log) = Log::of_five().await else { return };
    let noted = log.verify().await.expect("fine");
    log.database.change(&format!(
        "DELETE FROM audit_log WHERE org_id = '{org}' AND no = 5; UPDATE audit_heads SET no = 4, hash = \
         (SELECT hash FROM audit_log WHERE org_id = '{org}' AND no = 4) WHERE org_id = '{org}'",
        org = log.org
    ));
    assert_eq!(log.verify().await.expect("nothing within it tells").no, 4);
    let other = deed("runs.cancel", json!({}));
    assert_eq!(log.store.record_deed(log.org, &other).await.expect("recorded"), noted.no);
    let now = log.verify().await.expect("nothing within it tells");
    assert!(now.no == noted.no && now.hash != noted.hash, "the noted head tells");
}

#[actix_web::test]
async fn deeds_that_come_together_are_numbered_without_a_gap() {
    let Some(log) = Log::of_five().await else { return };
    let all = (0..40).map(|_| {
        let (store, org) = (log.store.clone(), log.org);
        actix_web::rt::spawn(async move { store.record_deed(org, &deed("runs.pause", json!({}))).await })
    });
    let mut numbers = Vec::new();
    for recording in all.collect::<Vec<_>>() {
        numbers.push(recording.await.expect("no panic").expect("recorded"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (6..=45).collect::<Vec<i64>>());
    assert_eq!(log.verify().await.expect("fine").no, 45);
}

#[actix_web::test]
async fn a_log_longer_than_one_step_is_walked_to_its_end() {
    let Some(log) = Log::of_five().await else { return };
    for _ in 5..1_001 {
        log.store.record_deed(log.org, &deed("runs.pause", json!({}))).await.expect("recorded");
    }
    assert_eq!(log.verify().await.expect("fine").no, 1_001);
    assert_eq!(log.after("DELETE FROM audit_log WHERE org_id = $org AND no = 1001").await.no, 1_001);
}

#[actix_web::test]
async fn whatever_stands_in_a_deed_is_read_back_as_it_was_hashed() {
    let Some(log) = Log::of_five().await else { return };
    let numbers = json!({"a": -0.0, "b": 1e300, "c": 1.0, "d": u64::MAX, "e": i64::MIN, "f": 1e-7});
    let words =
        json!({"nul": "a\0b", "\0": "\u{202e}x", "": "\u{1f9ea}", "long": "x".repeat(5_000), "\u{e9}": "e\u{301}"});
    for details in [numbers, words, json!({}), json!({"list": [[[[[[1]]]]]]})] {
        let odd = Deed {
            subject: Some("a\0b".repeat(500)),
            address: Some("\u{202e}".to_owned()),
            status: Some(u16::MAX),
            answers: Some(i64::MAX),
            ..deed("odd\0", details)
        };
        log.store.record_deed(log.org, &odd).await.expect("recorded");
    }
    assert_eq!(log.verify().await.expect("fine").no, 9);
}

#[actix_web::test]
async fn a_deed_that_cannot_be_recorded_is_told_and_leaves_no_trace() {
    let Some(log) = Log::of_five().await else { return };
    let nobodys = OrgId(Uuid::from_u128(404));
    log.store.record_deed(nobodys, &deed("runs.pause", Value::Object(Map::new()))).await.expect_err("no such one");
    log.database.go_away();
    let away = log.store.record_deed(log.org, &deed("runs.pause", json!({}))).await.expect_err("it is away");
    assert!(matches!(away, StoreError::Away(_)), "{away}");
    log.database.come_back();
    assert_eq!(log.verify().await.expect("fine").no, 5);
}
