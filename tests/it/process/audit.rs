//! `gleaner audit` on a database: what it prints, and how it ends when somebody was at the rows.

use gleaner::store::PgStore;
use serde_json::Value;

use crate::support::binary::{Done, Folder, done};
use crate::support::postgres::{self, TestDb};

struct Desk {
    folder: Folder,
    database: TestDb,
    store: PgStore,
}

impl Desk {
    async fn run(&self, arguments: &[&str]) -> Done {
        let mut command = self.folder.command(arguments);
        command.env("DATABASE_URL", &self.database.url);
        done(command).await
    }
}

#[actix_web::test]
async fn a_log_that_was_tampered_with_is_told_with_its_first_wrong_row() {
    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    let desk = Desk { folder: Folder::new(), database, store };
    let made = desk.run(&["token", "create", "--name", "first"]).await;
    assert_eq!(made.code, Some(0), "{}", made.err);
    let token = made.out.trim().to_owned();
    assert_eq!(desk.run(&["token", "revoke", &token]).await.code, Some(0));
    let org = desk.store.first_org().await.expect("it answers").expect("one").id;

    let fine = desk.run(&["audit", "verify"]).await;
    assert_eq!(fine.code, Some(0), "{}{}", fine.out, fine.err);
    assert!(fine.out.starts_with(&format!("{org} \"Demo\": fine, 2 rows; head 2 ")), "{}", fine.out);
    let listed = desk.run(&["audit", "list", "--json"]).await.out;
    assert!(!listed.contains(&token), "{listed}");
    let rows: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.iter().map(|row| &row["action"]).collect::<Vec<_>>(), ["token.revoke", "token.create"]);
    assert_eq!((&rows[1]["details"]["name"], &rows[1]["address"]), (&Value::from("first"), &Value::Null));
    let people = desk.run(&["audit", "list", "--limit", "1"]).await.out;
    assert!(people.lines().count() == 1 && people.contains("token.revoke") && people.contains("console"), "{people}");

    desk.database.change("UPDATE audit_log SET action = 'nothing' WHERE no = 1");
    let wrong = desk.run(&["audit", "verify", "--org", &org.to_string(), "--json"]).await;
    assert_eq!(wrong.code, Some(1), "{}{}", wrong.out, wrong.err);
    let told: Value = serde_json::from_str(wrong.out.trim()).expect("JSON");
    assert_eq!((&told["fine"], &told["row"]["no"]), (&Value::Bool(false), &Value::from(1)));
    assert!(desk.run(&["audit", "verify"]).await.out.contains("row 1: it was altered"));
}

const COLUMNS: &str = "at, user_id, token_id, address, action, subject, details, status, answers, previous_hash, hash";

#[actix_web::test]
async fn whatever_was_done_to_the_rows_is_told_with_the_row_and_ends_with_1() {
    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    let desk = Desk { folder: Folder::new(), database, store };
    for name in ["first", "second", "third", "fourth"] {
        assert_eq!(desk.run(&["token", "create", "--name", name]).await.code, Some(0));
    }
    let inserted = format!(
        "UPDATE audit_log SET no = no + 10 WHERE no > 2; \
         INSERT INTO audit_log (org_id, no, {COLUMNS}) SELECT org_id, 3, {COLUMNS} FROM audit_log WHERE no = 2; \
         UPDATE audit_log SET no = no - 9 WHERE no > 10; UPDATE audit_heads SET no = 5"
    );
    let exchanged = "UPDATE audit_log SET no = 9 WHERE no = 2; UPDATE audit_log SET no = 2 WHERE no = 3; \
                     UPDATE audit_log SET no = 3 WHERE no = 9";
    desk.database.change("CREATE TABLE kept AS TABLE audit_log; CREATE TABLE kept_heads AS TABLE audit_heads");
    for (change, no, words) in [
        ("UPDATE audit_log SET details = '{\"name\": \"other\"}' WHERE no = 2", 2, "it was altered"),
        ("UPDATE audit_log SET at = at - interval '1 day' WHERE no = 4", 4, "it was altered"),
        ("DELETE FROM audit_log WHERE no = 1", 1, "it was removed"),
        ("DELETE FROM audit_log WHERE no = 3", 3, "it was removed"),
        ("DELETE FROM audit_log WHERE no > 2", 3, "removed, from the end"),
        (inserted.as_str(), 3, "it was altered"),
        (exchanged, 2, "it was altered"),
        ("UPDATE audit_heads SET hash = sha256('x')", 4, "the head of the log has another hash"),
        ("UPDATE audit_heads SET no = 3", 4, "the head of the log was altered"),
        ("DELETE FROM audit_heads", 4, "the head of the log was removed"),
    ] {
        desk.database.change(change);
        let told = desk.run(&["audit", "verify"]).await;
        assert_eq!(told.code, Some(1), "{change}: {}{}", told.out, told.err);
        let line = format!("wrong, row {no}: ");
        assert!(told.out.contains(&line) && told.out.contains(words), "{change}: {}", told.out);
        let json = desk.run(&["audit", "verify", "--json"]).await;
        let told: Value = serde_json::from_str(json.out.trim()).expect("JSON");
        assert_eq!(
            (json.code, &told["fine"], &told["row"]["no"]),
            (Some(1), &Value::from(false), &Value::from(no)),
            "{change}"
        );
        desk.database.change(
            "DELETE FROM audit_log; DELETE FROM audit_heads; INSERT INTO audit_log TABLE kept; \
             INSERT INTO audit_heads TABLE kept_heads",
        );
    }
    let fine = desk.run(&["audit", "verify"]).await;
    assert!(fine.code == Some(0) && fine.out.contains("fine, 4 rows"), "{}{}", fine.out, fine.err);
}

#[actix_web::test]
async fn what_is_not_there_is_said_and_nothing_is_made() {
    let folder = Folder::new();
    let nothing = folder.run(&["audit", "verify"]).await;
    assert_eq!((nothing.code, nothing.out.as_str()), (Some(1), ""));
    assert!(nothing.err.contains("there is no database in") && !folder.data().exists(), "{}", nothing.err);
    let no_id = folder.run(&["audit", "verify", "--org", "abc"]).await;
    assert!(no_id.code == Some(1) && no_id.err.contains("UUID"), "{}", no_id.err);

    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    let desk = Desk { folder, database, store };
    let unknown = "01a20e2c-0000-730a-bbaa-06d1a39be1f7";
    for command in ["verify", "list"] {
        let refused = desk.run(&["audit", command, "--org", unknown]).await;
        assert!(refused.code == Some(1) && refused.err.contains("no organisation"), "{}", refused.err);
    }
}
