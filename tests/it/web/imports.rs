//! Sellers from a file over HTTP: looked at, imported once, taken back; and files that cannot be taken.

use gleaner::domain::rights::Role;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::house::House;
use super::people::{admin, join};
use super::wire::{Client, Reply};
use crate::support::workbook::{Is, workbook};

const PREVIEW: &str = "/sellers/import/preview";
const COMMIT: &str = "/sellers/import/commit";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What a CSV would come to.
async fn look(client: &Client, csv: &str) -> Value {
    let reply = client.upload(PREVIEW, "text/csv", csv.as_bytes()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

async fn commit(client: &Client, preview: &Value, skip_bad: bool) -> Reply {
    client.post(COMMIT, Some(&json!({"preview_id": preview["preview_id"], "skip_bad": skip_bad}))).await
}

async fn add(house: &House, name: &str) -> String {
    let reply = house.client.post("/sellers", Some(&json!({"name": name}))).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["id"].as_str().expect("an id").to_owned()
}

async fn exclude(house: &House, id: &str) {
    let reply = house.client.send("DELETE", &format!("/sellers/{id}?exclude=true"), None).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// The names of the registry.
async fn names(client: &Client) -> Vec<String> {
    let rows = client.get("/sellers?sort=name&limit=500").await.json()["items"].as_array().expect("a list").clone();
    rows.iter().map(|row| row["display_name"].as_str().expect("a name").to_owned()).collect()
}

async fn entries(client: &Client) -> Vec<Value> {
    client.get("/history").await.json()["items"].as_array().expect("a list").clone()
}

/// Row and verdict of each row that is told.
fn verdicts(preview: &Value) -> Vec<(u64, &str)> {
    let rows = preview["rows"].as_array().expect("a list").iter();
    rows.map(|row| (row["row"].as_u64().expect("a number"), row["verdict"].as_str().expect("a word"))).collect()
}

#[actix_web::test]
async fn a_preview_says_of_each_row_what_it_would_come_to_and_enters_nobody() {
    let Some(house) = House::still().await else { return };
    let bea = add(&house, "Bea").await;
    exclude(&house, &add(&house, "Cis").await).await;
    let before = entries(&house.client).await.len();
    let csv = "Name,status,tags,feedback\nAnn,approved,big fish;slow,99\nbea,,,\nCIS,,,\nANN,,,\nDan,great,,\n";
    let preview = look(&house.client, csv).await;
    assert_eq!(verdicts(&preview), [(6, "bad"), (4, "excluded"), (5, "repeated"), (2, "new"), (3, "known")]);
    assert_eq!(preview["totals"], json!({"rows": 5, "new": 1, "known": 1, "excluded": 1, "repeated": 1, "bad": 1}));
    let rows = &preview["rows"];
    assert_eq!((&rows[0]["errors"][0]["field"], &rows[0]["name"]), (&json!("status"), &json!("Dan")));
    assert!(rows[0]["errors"][0]["message"].as_str().expect("words").contains("one of new, reviewing"), "{rows}");
    assert_eq!((&rows[2]["first_row"], &rows[4]["seller_id"]), (&json!(2), &json!(bea)));
    assert_eq!((&rows[3]["status"], &rows[3]["tags"]), (&json!("approved"), &json!(["big fish", "slow"])));
    assert_eq!(
        (&preview["columns"], &preview["ignored_columns"]),
        (&json!(["name", "status", "tags"]), &json!(["feedback"]))
    );
    let short = house.client.upload(&format!("{PREVIEW}?limit=2"), "text/csv", csv.as_bytes()).await.json();
    assert_eq!((verdicts(&short).len(), &short["rows_not_shown"]), (2, &json!(3)));
    assert_eq!(names(&house.client).await, ["Bea"]);
    assert_eq!(entries(&house.client).await.len(), before, "a look is no entry");
}

#[actix_web::test]
async fn an_import_is_one_entry_that_can_be_taken_back_and_the_registry_at_each_is_exact() {
    let Some(house) = House::still().await else { return };
    add(&house, "Bea").await;
    let preview = look(&house.client, "name,flagged,note\nAnn,yes,asks\nbea,,\nCis,,\n").await;
    let imported = commit(&house.client, &preview, false).await;
    assert_eq!(imported.status, 200, "{}", imported.text());
    let imported = imported.json();
    assert_eq!((&imported["added_count"], &imported["known_count"]), (&json!(2), &json!(1)));
    assert_eq!(imported["seller_count_snapshot"], 3);
    let ann = house.client.get("/sellers?q=ann").await.json()["items"][0].clone();
    assert_eq!((&ann["flagged"], &ann["note"]), (&json!(true), &json!("asks")));
    let entry = imported["entry_id"].as_str().expect("an entry");
    let newest = entries(&house.client).await[0].clone();
    assert_eq!(
        (&newest["action"], &newest["source"], &newest["id"]),
        (&json!("import"), &json!("import"), &json!(entry))
    );
    assert_eq!((&newest["affected_count"], &newest["seller_count_snapshot"]), (&json!(2), &json!(3)));
    let fresh = house.client.get("/sellers/new").await.json();
    assert_eq!(fresh["items"].as_array().expect("a list").len(), 3, "they are new to whoever follows: {fresh}");

    let undone = house.client.post(&format!("/history/{entry}/undo"), None).await.json();
    assert_eq!(undone["seller_count_snapshot"], 1);
    assert_eq!(names(&house.client).await, ["Bea"]);
    let undo = undone["entry_id"].as_str().expect("an entry");
    let redone = house.client.post(&format!("/history/{undo}/undo"), None).await.json();
    assert_eq!(redone["seller_count_snapshot"], 3);
    let redo = redone["entry_id"].as_str().expect("an entry");
    for (entry, there) in [(entry, &["Ann", "Bea", "Cis"][..]), (undo, &["Bea"]), (redo, &["Ann", "Bea", "Cis"])] {
        let at = house.client.get(&format!("/sellers/audit-log/{entry}/sellers")).await.json();
        let at: Vec<&str> = at["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| row["display_name"].as_str().expect("a name"))
            .collect();
        assert_eq!(at, there);
    }
    let ann = house.client.get("/sellers?q=ann").await.json()["items"][0].clone();
    assert_eq!((&ann["flagged"], &ann["note"]), (&json!(true), &json!("asks")), "as it was imported");
}

#[actix_web::test]
async fn a_preview_is_imported_once_and_bad_rows_only_where_somebody_says_so() {
    let Some(house) = House::still().await else { return };
    let preview = look(&house.client, "name\nAnn\na\u{200f}b\n").await;
    let refused = commit(&house.client, &preview, false).await.problem(422);
    assert!(refused.contains("skip_bad") && refused.contains("1 row of the file cannot be taken"), "{refused}");
    assert_eq!(names(&house.client).await, Vec::<String>::new());
    let keyed = house.client.with("Idempotency-Key", "import-1");
    let imported = commit(&keyed, &preview, true).await.json();
    assert_eq!((&imported["added_count"], &imported["left_out_count"]), (&json!(1), &json!(1)));
    let again = commit(&keyed, &preview, true).await;
    assert_eq!((again.header("idempotency-replayed"), again.json()), (Some("true"), imported.clone()));
    let twice = commit(&house.client, &preview, true).await;
    assert!(twice.problem(409).contains("imported before"));
    assert_eq!(twice.json()["entry_id"], imported["entry_id"]);
    assert_eq!((names(&house.client).await, entries(&house.client).await.len()), (vec!["Ann".to_owned()], 1));
}

#[actix_web::test]
async fn of_two_that_import_a_preview_at_once_one_does() {
    let Some(house) = House::still().await else { return };
    let rows: String = (0..500).map(|number| format!("shop {number}\n")).collect();
    let preview = look(&house.client, &format!("name\n{rows}")).await;
    let both = futures_util::join!(commit(&house.client, &preview, false), commit(&house.client, &preview, false));
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(entries(&house.client).await.len(), 1);
}

#[actix_web::test]
async fn what_became_known_or_excluded_since_the_preview_is_decided_and_told_at_the_import() {
    let Some(house) = House::still().await else { return };
    let dan = add(&house, "Dan").await;
    let preview = look(&house.client, "name\nAnn\nBea\nCis\nDan\n").await;
    add(&house, "ann").await;
    exclude(&house, &add(&house, "Bea").await).await;
    house.client.send("DELETE", &format!("/sellers/{dan}"), None).await;
    let imported = commit(&house.client, &preview, false).await.json();
    assert_eq!(
        imported["since_preview"],
        json!({
            "known": {"count": 1, "names": ["Ann"]},
            "excluded": {"count": 1, "names": ["Bea"]},
            "new": {"count": 1, "names": ["Dan"]},
        })
    );
    assert_eq!((&imported["added_count"], &imported["excluded_count"]), (&json!(2), &json!(1)));
    assert_eq!(names(&house.client).await, ["ann", "Cis", "Dan"]);
}

#[actix_web::test]
async fn a_file_in_which_nobody_is_new_is_imported_without_an_entry() {
    let Some(house) = House::still().await else { return };
    add(&house, "Ann").await;
    let preview = look(&house.client, "name\nann\n").await;
    let imported = commit(&house.client, &preview, false).await.json();
    assert_eq!((&imported["entry_id"], &imported["known_count"]), (&json!(null), &json!(1)));
    assert!(commit(&house.client, &preview, false).await.problem(409).contains("before"));
    assert_eq!(entries(&house.client).await.len(), 1);
}

#[actix_web::test]
async fn every_form_of_a_file_says_the_same() {
    let Some(house) = House::still().await else { return };
    let book = workbook(&[vec![Is::Text("name"), Is::Text("flagged")], vec![Is::Text("Ann"), Is::Flag(true)]], &[]);
    for (kind, file, flagged) in [
        ("text/csv; charset=utf-8; header=present", b"name,flagged\r\nAnn,true\r\n".to_vec(), true),
        (
            "text/csv; charset=utf-16le",
            "flagged\tname\r\n1\tAnn\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect(),
            true,
        ),
        ("application/json", br#"[{"name":"Ann","flagged":true}]"#.to_vec(), true),
        ("application/x-ndjson", b"{\"name\":\"Ann\",\"flagged\":true}\n".to_vec(), true),
        (XLSX, book, true),
        ("text/plain", b"Ann\r\n".to_vec(), false),
    ] {
        let reply = house.client.upload(PREVIEW, kind, &file).await;
        assert_eq!(reply.status, 200, "{kind}: {}", reply.text());
        let row = reply.json()["rows"][0].clone();
        assert_eq!((&row["name"], &row["flagged"]), (&json!("Ann"), &json!(flagged)), "{kind}");
    }
}

#[actix_web::test]
async fn a_file_that_cannot_be_taken_is_refused_with_the_place_and_nothing_is_kept() {
    let Some(house) = House::still().await else { return };
    let lines = |rows: usize| "a\n".repeat(rows).into_bytes();
    for (kind, file, words) in [
        (
            "text/csv",
            b"nmae,x\nAnn,1\n".to_vec(),
            "header: there is no column with names; found: nmae, x; allowed are name",
        ),
        ("text/csv", b"name,name\nAnn,1\n".to_vec(), "header: the column name stands twice"),
        ("text/csv", b"name,note\nAnn,\"never closed\n".to_vec(), "the row that begins on line 2"),
        ("text/csv", b"name\nJos\xE9\n".to_vec(), "line 2 holds the byte 0xE9"),
        ("text/csv; charset=klingon", b"name\nAnn\n".to_vec(), "\"klingon\" is not known"),
        ("text/csv", Vec::new(), "is empty"),
        ("text/plain", lines(200_001), "file: has more than 200000 rows, the most allowed; divide it"),
        ("text/plain", lines(1_000_000), "file: has more than 200000 rows, the most allowed; divide it"),
        ("application/json", b"[{\"name\":\"Ann\"".to_vec(), "line 1 column"),
        ("application/json", b"{}".to_vec(), "a list of objects"),
        ("text/plain", b"\n \n".to_vec(), "holds no seller"),
        (XLSX, b"name\nAnn\n".to_vec(), "is no XLSX workbook"),
    ] {
        let said = house.client.upload(PREVIEW, kind, &file).await.problem(422);
        assert!(said.contains(words), "{kind}: {said}");
    }
    for kind in ["application/x-www-form-urlencoded", "application/vnd.ms-excel", "multipart/form-data; boundary=x"] {
        let said = house.client.upload(PREVIEW, kind, b"name\nAnn\n").await.problem(415);
        assert!(said.contains("allowed is one of text/csv"), "{said}");
    }
    let bad = house.client.upload(&format!("{PREVIEW}?limit=0"), "text/csv", b"name\nAnn\n").await;
    assert!(bad.problem(400).contains("1 to 500"));
    let head = house.client.with("Content-Length", "33554433").with("Content-Type", "text/csv");
    assert!(head.send("POST", PREVIEW, None).await.problem(413).contains("32 MiB"));
    for (body, words) in [
        (json!({}), "preview_id: is missing"),
        (json!({"preview_id": 7}), "preview_id: is a number"),
        (json!({"preview_id": house.token_id, "skip_bad": "yes"}), "skip_bad: is a string"),
        (json!({"preview_id": house.token_id, "skip": true}), "skip: no such field"),
    ] {
        let said = house.client.post(COMMIT, Some(&body)).await.problem(422);
        assert!(said.replace('"', "").contains(words), "{said}");
    }
    assert_eq!((names(&house.client).await.len(), entries(&house.client).await.len()), (0, 0));
}

#[actix_web::test]
async fn another_organisations_preview_and_an_unknown_one_are_answered_alike_and_the_oldest_goes() {
    let Some(house) = House::still().await else { return };
    let (mine, foreigner) = (look(&house.client, "name\nAnn\n").await, house.foreigner().await);
    let foreign = commit(&foreigner, &mine, false).await.problem(404);
    for unknown in [house.token_id.to_string(), "no-id".to_owned()] {
        assert_eq!(commit(&house.client, &json!({"preview_id": unknown}), false).await.problem(404), foreign);
    }
    for _ in 0..4 {
        look(&house.client, "name\nBea\n").await;
        look(&foreigner, "name\nBea\n").await;
    }
    let newest = look(&house.client, "name\nBea\n").await;
    assert_eq!(commit(&house.client, &mine, false).await.problem(404), foreign, "six are one more than are kept");
    assert_eq!(commit(&house.client, &newest, false).await.status, 200);
    assert_eq!((names(&house.client).await, names(&foreigner).await), (vec!["Bea".to_owned()], Vec::new()));
}

#[actix_web::test]
async fn whoever_may_only_look_neither_sends_a_file_nor_imports_one() {
    let Some(house) = House::still().await else { return };
    let preview = look(&house.client, "name\nAnn\n").await;
    let viewer = join(&house, &admin(&house).await.client, "viewer@example.org", Role::Viewer).await;
    for (client, status) in [(&viewer.client, 403), (&house.stranger, 401)] {
        client.upload(PREVIEW, "text/csv", b"name\nAnn\n").await.problem(status);
        commit(client, &preview, false).await.problem(status);
    }
    assert_eq!(names(&house.client).await, Vec::<String>::new());
    assert_eq!(commit(&house.client, &preview, false).await.status, 200);
    let log = house.client.get("/audit-log?action=sellers.import").await.json();
    let statuses: Vec<&Value> = log["items"].as_array().expect("a list").iter().map(|row| &row["status"]).collect();
    assert_eq!(statuses.len(), 1, "the log knows who imported: {log}");
}

#[actix_web::test]
async fn an_upload_ends_when_its_token_is_taken_back() {
    let Some(house) = House::still().await else { return };
    let made = house.client.post("/auth/tokens", Some(&json!({"name": "sender"}))).await.json();
    let (token, id) = (made["token"].as_str().expect("a token"), made["id"].as_str().expect("its id"));
    let mut sender = TcpStream::connect(house.client.address).await.expect("the server listens");
    let head = format!(
        "POST /sellers/import/preview HTTP/1.1\r\nHost: gleaner\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: text/csv\r\nContent-Length: 2000000\r\n\r\nname\nAnn\n"
    );
    sender.write_all(head.as_bytes()).await.expect("it listens");
    let used = async || {
        let listed = house.client.get("/auth/tokens").await.json();
        let row = listed["items"].as_array().expect("a list").iter().find(|row| row["id"] == id).expect("it stands");
        row["last_used_at"].is_string()
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, async { while !used().await {} }).await.expect("it has begun");

    assert_eq!(house.client.send("DELETE", &format!("/auth/tokens/{id}"), None).await.status, 204);

    let mut answer = String::new();
    let read = sender.read_to_string(&mut answer);
    tokio::time::timeout(patience, read).await.expect("an answer").expect("a text");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}
