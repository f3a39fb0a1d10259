//! The registry as a file: what is in it, who takes it, what the history remembers, and what is refused.

use std::io::Cursor;
use std::time::Duration;

use calamine::{Data, Reader, Xlsx};
use gleaner::clock::Clock;
use gleaner::domain::rights::Role;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::export_places::idle;
use super::house::House;
use super::people;
use super::wire::{Client, Reply};
use crate::support::past::{Past, complete};

/// Enters these names; answers the entry.
async fn add(house: &House, names: &[&str]) -> String {
    let reply = house.client.post("/sellers/bulk", Some(&json!({"names": names}))).await;
    reply.json()["entry_id"].as_str().unwrap_or_else(|| panic!("{}", reply.text())).to_owned()
}

async fn take(client: &Client, query: &str) -> Reply {
    let reply = client.get(&format!("/sellers/export{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    reply
}

async fn id_of(house: &House, name: &str) -> String {
    let found = house.client.get(&format!("/sellers?q={name}")).await.json();
    found["items"][0]["id"].as_str().expect("the seller").to_owned()
}

/// The first cell of each row below the header of a CSV.
fn first_cells(reply: &Reply) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(reply.body.as_slice());
    reader.records().map(|row| row.expect("a row")[0].to_owned()).collect()
}

/// The rows of each sheet, as text.
fn sheets(reply: &Reply) -> Vec<Vec<Vec<String>>> {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(&reply.body)).expect("a workbook");
    let text = |row: &[Data]| row.iter().map(ToString::to_string).collect();
    book.worksheets().iter().map(|(_, range)| range.rows().map(text).collect()).collect()
}

async fn entries(house: &House, kind: &str) -> Vec<Value> {
    house.client.get(&format!("/history?kind={kind}")).await.json()["items"].as_array().expect("a list").clone()
}

/// Who left with this entry, page by page, as they were called then.
async fn who_left(client: &Client, entry: &str) -> Vec<String> {
    let (mut left, mut next) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/sellers/audit-log/{entry}/exported?limit=2{next}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        let names = page["items"].as_array().expect("a list").iter();
        left.extend(names.map(|row| row["display_name"].as_str().expect("a name").to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { return left };
        next = format!("&cursor={cursor}");
    }
}

#[actix_web::test]
async fn every_form_holds_the_same_sellers_with_the_columns_in_the_order_that_was_asked_for() {
    let Some(house) = House::still().await else { return };
    add(&house, &["Bea", "ann \u{fc}ber", "Cis"]).await;
    let patch = json!({"tags": ["big", "fish"], "note": "asks, \"often\"", "status": "approved", "flagged": true});
    house.client.send("PATCH", &format!("/sellers/{}", id_of(&house, "bea").await), Some(&patch.to_string())).await;
    let asked = "columns=display_name,tags,note,flagged,times_seen,feedback_percent,first_seen_run_id,first_seen_at";
    let seen =
        house.client.get("/sellers").await.json()["items"][1]["first_seen_at"].as_str().expect("a time").to_owned();
    let second = &seen[..19];

    let csv = take(&house.client, &format!("?{asked}")).await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert_eq!(csv.header("cache-control"), Some("no-store"));
    assert_eq!(csv.header("content-length"), Some(csv.body.len().to_string().as_str()), "a progress bar knows how far");
    let text = csv.text();
    assert!(text.starts_with("display_name,tags,note,flagged,times_seen,feedback_percent,first_seen_run_id,first_seen_at\r\nann \u{fc}ber,,,false,0,,,"), "{text}");
    assert!(text.contains("\r\nBea,big; fish,\"asks, \"\"often\"\"\",true,0,,,"), "{text}");

    let json = take(&house.client, &format!("?format=json&{asked}")).await.json();
    let names: Vec<&Value> = json.as_array().expect("an array").iter().map(|row| &row["display_name"]).collect();
    assert_eq!(names, ["ann \u{fc}ber", "Bea", "Cis"]);
    let bea = &json[1];
    assert_eq!((&bea["tags"], &bea["note"], &bea["flagged"]), (&json!(["big", "fish"]), &patch["note"], &json!(true)));
    assert_eq!((&bea["feedback_percent"], &bea["times_seen"]), (&Value::Null, &json!(0)));
    assert!(bea["first_seen_at"].as_str().expect("a time").starts_with(second), "{bea}");
    assert_eq!(bea.as_object().expect("an object").len(), 8);

    let ndjson = take(&house.client, &format!("?format=ndjson&{asked}")).await.text();
    let lines: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(json!(lines), json);
    assert!(ndjson.ends_with("}\n"));

    let xlsx = take(&house.client, &format!("?format=xlsx&{asked}")).await;
    let rows = &sheets(&xlsx)[0];
    assert_eq!(rows[0].join(","), text.lines().next().expect("a header"));
    assert_eq!(rows[2][..5], ["Bea", "big; fish", "asks, \"often\"", "true", "0"]);
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(&xlsx.body)).expect("a workbook");
    let range = book.worksheet_range("sellers").expect("its sheet");
    let Some(Data::DateTime(moment)) = range.get((2, 7)) else { panic!("no moment that can be sorted: {range:?}") };
    // Days since a day that spreadsheets chose.
    let seconds = ((moment.as_f64() - 25_569.0) * 86_400.0).round();
    let written = chrono::DateTime::from_timestamp_millis((seconds * 1_000.0) as i64).expect("a time");
    assert_eq!(written.format("%Y-%m-%dT%H:%M:%S").to_string(), second);

    let all = take(&house.client, "?format=json").await.json();
    let shown = house.client.get("/sellers").await.json()["items"][0].as_object().expect("a seller").clone();
    for name in shown.keys().filter(|name| !["removed_at", "excluded"].contains(&name.as_str())) {
        assert!(all[0].get(name).is_some(), "{name} is a column: those in the registry are not removed");
    }
}

#[actix_web::test]
async fn ten_thousand_sellers_leave_whole_and_in_order_in_every_form() {
    let Some(house) = House::still().await else { return };
    let all: Vec<String> = (0..10_000).map(|number| format!("shop {number:05}")).collect();
    add(&house, &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(first_cells(&take(&house.client, "?columns=name").await), all);
    let json = take(&house.client, "?format=json&columns=name").await.json();
    assert_eq!(
        json.as_array()
            .map(|rows| rows.iter().map(|row| row["name"].as_str()).eq(all.iter().map(|name| Some(name.as_str())))),
        Some(true)
    );
    let lines = take(&house.client, "?format=ndjson&columns=name").await.text();
    assert!(lines.lines().eq(all.iter().map(|name| format!("{{\"name\":\"{name}\"}}"))));
    let sheets = sheets(&take(&house.client, "?format=xlsx&columns=name").await);
    assert_eq!(sheets.len(), 1);
    assert!(sheets[0].iter().skip(1).map(|row| &row[0]).eq(&all));
    let newest = take(&house.client, "?columns=name&sort=name&order=desc&q=shop%2000").await;
    let expected: Vec<String> = all.iter().filter(|name| name.starts_with("shop 00")).rev().cloned().collect();
    assert_eq!(first_cells(&newest), expected);
    let entry = newest.header("gleaner-entry-id").expect("its entry").to_owned();
    let told = house.client.get(&format!("/sellers/audit-log/{entry}/exported?limit=500")).await.json();
    let mut told: Vec<String> = told["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["name"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(told.len(), 500);
    told.dedup();
    assert!(expected.starts_with(&told), "in the order of the file, over more than one batch");
}

#[actix_web::test]
async fn what_a_spreadsheet_would_run_is_text_there_and_everything_else_stays_as_it_is() {
    let Some(house) = House::still().await else { return };
    let bad = ["=cmd|' /C calc'!A0", "+1", "-1", "@sum(a1)"];
    add(&house, &bad).await;
    add(&house, &["a=1", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}"]).await;
    // What pages brought is not what people may enter.
    house
        .database
        .change("UPDATE sellers SET display_name = E'\\u202Eevil\\u0001\\u200F' WHERE normalised_name = 'a=1'");
    house.database.change("UPDATE sellers SET note = E'\\tx', tags = '{=a,b}' WHERE normalised_name = '+1'");
    let hebrew = "\u{5e9}\u{5dc}\u{5d5}\u{5dd}";
    let csv = first_cells(&take(&house.client, "?columns=display_name").await);
    let expected: Vec<String> = bad.iter().map(|name| format!("'{name}")).collect();
    let mut shown: Vec<&String> = csv.iter().filter(|name| name.starts_with('\'')).collect();
    let mut wanted: Vec<&String> = expected.iter().collect();
    shown.sort();
    wanted.sort();
    assert_eq!(shown, wanted);
    assert!(csv.contains(&hebrew.to_owned()) && csv.contains(&"\u{202e}evil\u{1}\u{200f}".to_owned()), "{csv:?}");
    let plus = take(&house.client, "?columns=note,tags&q=%2B1").await.text();
    assert_eq!(plus, "note,tags\r\n'\tx,'=a; b\r\n");
    let rows = sheets(&take(&house.client, "?format=xlsx&columns=display_name").await).remove(0);
    let cells: Vec<&str> = rows.iter().skip(1).map(|row| row[0].as_str()).collect();
    assert!(expected.iter().all(|name| cells.contains(&name.as_str())), "{cells:?}");
    assert!(cells.contains(&hebrew) && cells.contains(&"\u{202e}evil\u{200f}"), "no workbook holds U+0001: {cells:?}");
    let json = take(&house.client, "?format=json&columns=display_name").await.json();
    let names: Vec<&str> =
        json.as_array().expect("rows").iter().filter_map(|row| row["display_name"].as_str()).collect();
    assert!(bad.iter().all(|name| names.contains(name)), "programs get it as it is: {names:?}");
}

#[actix_web::test]
async fn an_export_is_an_entry_that_remembers_who_left_and_cannot_be_taken_back() {
    let Some(house) = House::still().await else { return };
    let begun = add(&house, &["Ann", "Bea", "Cis", "Dan", "Eve"]).await;
    let day = Clock::system().now().format("%Y-%m-%d");
    let (ann, bea, eve) = (id_of(&house, "ann").await, id_of(&house, "bea").await, id_of(&house, "eve").await);
    house.client.post("/sellers/flag-batch", Some(&json!({"ids": [ann, bea, eve], "flagged": true}))).await;
    let all = take(&house.client, "?columns=display_name").await;
    let filter = take(&house.client, "?format=ndjson&flagged=true&sort=name&order=desc&columns=display_name").await;
    let body = json!({"ids": [eve, ann], "format": "csv", "columns": ["display_name"]});
    let selection = house.client.post("/sellers/export", Some(&body)).await;
    assert_eq!(first_cells(&all), ["Ann", "Bea", "Cis", "Dan", "Eve"]);
    assert_eq!(first_cells(&selection), ["Ann", "Eve"]);
    for (reply, name) in [(&all, "all.csv"), (&filter, "filter.ndjson"), (&selection, "selection.csv")] {
        let expected = format!("attachment; filename=\"sellers_{day}_{name}\"");
        assert_eq!(reply.header("content-disposition"), Some(expected.as_str()));
    }

    house.client.send("PATCH", &format!("/sellers/{ann}"), Some(r#"{"name":"Zoe","flagged":false}"#)).await;
    house.client.send("DELETE", &format!("/sellers/{eve}"), None).await;
    add(&house, &["Fay"]).await;
    let entry = |reply: &Reply| reply.header("gleaner-entry-id").expect("its entry").to_owned();
    assert_eq!(who_left(&house.client, &entry(&all)).await, ["Ann", "Bea", "Cis", "Dan", "Eve"]);
    assert_eq!(who_left(&house.client, &entry(&filter)).await, ["Eve", "Bea", "Ann"]);
    assert_eq!(who_left(&house.client, &entry(&selection)).await, ["Ann", "Eve"]);

    let told = entries(&house, "exports").await;
    let counts: Vec<Value> = told
        .iter()
        .rev()
        .map(|row| json!([row["id"], row["affected_count"], row["seller_count_snapshot"], row["export"]["part"]]))
        .collect();
    let expected =
        json!([[entry(&all), 5, 5, "all"], [entry(&filter), 3, 5, "filter"], [entry(&selection), 2, 5, "selection"],]);
    assert_eq!(json!(counts), expected);
    assert_eq!(told[0]["token_id"], json!(house.token_id));
    assert_eq!(told[1]["export"]["query"], json!({"flagged": "true", "sort": "name", "order": "desc"}));
    assert_eq!(
        (&told[1]["export"]["format"], &told[1]["export"]["columns"]),
        (&json!("ndjson"), &json!(["display_name"]))
    );
    let then = house.client.get(&format!("/sellers/audit-log/{}/sellers", entry(&filter))).await.json();
    assert_eq!(then["seller_count"], 5, "the registry at that point is whole");
    let way = house.client.get(&format!("/history/diff?from={}&to={}", entry(&all), entry(&selection))).await.json();
    assert_eq!(way["items"], json!([]), "an export changes nobody");
    assert_eq!(
        house.client.get(&format!("/sellers/audit-log/{}/diff", entry(&filter))).await.json()["items"],
        json!([])
    );
    let undone = house.client.post(&format!("/history/{}/undo", entry(&all)), None).await;
    assert!(undone.problem(409).contains("`export` cannot be taken back"), "{}", undone.text());
    house.client.get(&format!("/sellers/audit-log/{begun}/exported")).await.problem(404);

    let deeds = house.client.get("/audit-log?action=sellers.export").await.json();
    let details: Vec<&Value> = deeds["items"].as_array().expect("rows").iter().map(|row| &row["details"]).collect();
    assert_eq!(details.len(), 3);
    assert_eq!((&details[1]["flagged"], &details[0]["ids"]), (&json!("true"), &json!([eve, ann])));
}

#[actix_web::test]
async fn the_sellers_of_a_run_leave_with_its_number_as_far_as_they_are_in_the_registry() {
    let Some(house) = House::still().await else { return };
    add(&house, &["Ann"]).await;
    let run = house.run().await;
    let past = Past { products: 100, first_seller: 1, sellers: 12, ..Past::default() };
    complete(&house.database.url, house.key(&run), past).await;
    house.database.change("UPDATE sellers SET removed_at = now() WHERE normalised_name = 'shop-000003'");
    let seen = house.client.get(&format!("/collection/runs/{run}/sellers")).await.json();
    let mut expected: Vec<&str> =
        seen["items"].as_array().expect("a list").iter().filter_map(|row| row["name"].as_str()).collect();
    assert!(expected.len() > 5, "{expected:?}");
    expected.retain(|name| *name != "shop-000003");
    let reply = take(&house.client, &format!("?run={run}&columns=name")).await;
    assert_eq!(first_cells(&reply), expected);
    assert!(reply.header("content-disposition").is_some_and(|name| name.ends_with("_run-1.csv\"")));
    let some = take(&house.client, &format!("?run={run}&q=shop-00000&columns=name")).await;
    expected.retain(|name| name.starts_with("shop-00000"));
    assert!(!expected.is_empty());
    assert_eq!(first_cells(&some), expected, "a filter narrows it");
    house.foreigner().await.get(&format!("/sellers/export?run={run}")).await.problem(404);
    house.client.get(&format!("/sellers/export?run={}", house.token_id)).await.problem(404);
    assert_eq!(entries(&house, "exports").await.len(), 2);
}

#[actix_web::test]
async fn what_cannot_be_taken_is_named_with_what_is_allowed_and_nobody_leaves() {
    let Some(house) = House::still().await else { return };
    add(&house, &["Ann", "Bea"]).await;
    let (ann, bea) = (id_of(&house, "ann").await, id_of(&house, "bea").await);
    house.client.send("DELETE", &format!("/sellers/{bea}"), None).await;
    for (query, words) in [
        ("format=pdf", "one of csv, json, ndjson, xlsx"),
        ("columns=name,nmae", "\"nmae\" is no column; allowed are id, name, display_name"),
        ("columns=name,name", "stands twice"),
        ("columns=name,", "\"\" is no column"),
        ("run=7", "UUID"),
        ("cursor=abc", "no such query parameter"),
        ("limit=5", "no such query parameter"),
        ("sort=age", "times_seen"),
        ("from=yesterday", "2026-11-24"),
        ("format=csv&format=csv", "more than once"),
    ] {
        let said = house.client.get(&format!("/sellers/export?{query}")).await.problem(400);
        assert!(said.contains(words), "{query}: {said}");
        assert_eq!(house.client.send("HEAD", &format!("/sellers/export?{query}"), None).await.status, 400, "{query}");
    }
    for (body, words) in [
        (json!({}), "ids: is missing"),
        (json!({"ids": []}), "1 to 10000 ids"),
        (json!({"ids": vec![&ann; 10_001]}), "10001 of them"),
        (json!({"ids": ["ann"]}), "ids[0]"),
        (json!({"ids": [ann, bea]}), "1 of them are no sellers here"),
        (json!({"ids": [house.token_id]}), "1 of them are no sellers here"),
        (json!({"ids": [ann], "format": "pdf"}), "one of csv, json, ndjson, xlsx"),
        (json!({"ids": [ann], "columns": "name"}), "a list of names"),
        (json!({"ids": [ann], "columns": ["x\u{0}y"]}), "is no column"),
        (json!({"ids": [ann], "run": "x"}), "no such field"),
    ] {
        let said = house.client.post("/sellers/export", Some(&body)).await.problem(422);
        assert!(said.replace('"', "").contains(words), "{words}: {said}");
    }
    let wrong = house.client.send("DELETE", "/sellers/export", None).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD, POST")));
    assert_eq!(entries(&house, "exports").await, Vec::<Value>::new());
}

#[actix_web::test]
async fn whoever_only_looks_at_the_head_takes_nobody() {
    let Some(house) = House::still().await else { return };
    add(&house, &["Ann"]).await;
    let head = house.client.send("HEAD", "/sellers/export?format=xlsx", None).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert!(head.header("content-type").is_some_and(|of| of.contains("spreadsheetml")));
    assert!(head.header("content-disposition").is_some_and(|name| name.ends_with("_all.xlsx\"")));
    assert_eq!(head.header("content-length"), None, "its length is not known before it is made");
    assert_eq!(entries(&house, "exports").await, Vec::<Value>::new());
    assert_eq!(
        house.client.get("/audit-log").await.json()["items"].as_array().map(Vec::len),
        Some(1),
        "the names' row"
    );
}

#[actix_web::test]
async fn each_takes_what_they_may_see_and_nothing_of_another_organisation() {
    let Some(house) = House::still().await else { return };
    add(&house, &["Ann"]).await;
    let (ann, foreigner) = (id_of(&house, "ann").await, house.foreigner().await);
    assert_eq!(take(&foreigner, "?format=json").await.json(), json!([]));
    assert_eq!(take(&foreigner, "?format=ndjson").await.text(), "");
    assert_eq!(take(&foreigner, "?columns=name").await.text(), "name\r\n");
    assert_eq!(sheets(&take(&foreigner, "?format=xlsx&columns=name").await), [[["name"]]]);
    foreigner.post("/sellers/export", Some(&json!({"ids": [ann]}))).await.problem(422);
    let mine = take(&house.client, "").await.header("gleaner-entry-id").expect("its entry").to_owned();
    let path = format!("/sellers/audit-log/{mine}/exported");
    let unknown = house.client.get(&format!("/sellers/audit-log/{}/exported", house.token_id)).await.problem(404);
    assert_eq!(foreigner.get(&path).await.problem(404), unknown);
    assert_eq!(house.stranger.get("/sellers/export").await.status, 401);

    let admin = people::admin(&house).await;
    let body = json!({"name": "runs alone", "permissions": ["admin.automation"]});
    let made = admin.client.post("/auth/tokens", Some(&body)).await.json();
    let runs_alone = house.stranger.bearer(made["token"].as_str().expect("a token"));
    for (method, path) in [("GET", "/sellers/export"), ("POST", "/sellers/export"), ("GET", path.as_str())] {
        let said = runs_alone.send(method, path, Some(&json!({"ids": [ann]}).to_string())).await.problem(403);
        assert!(said.contains("`sellers.read`"), "{method} {path}: {said}");
    }
    assert_eq!(entries(&house, "exports").await.len(), 1);
}

#[actix_web::test]
async fn a_client_that_does_not_read_holds_no_connection_of_the_database() {
    let Some(house) = House::still().await else { return };
    let note = "a long note ".repeat(100);
    let names: Vec<String> = (0..10_000).map(|number| format!("shop {number:05}")).collect();
    house.client.post("/sellers/bulk", Some(&json!({"names": names}))).await;
    house.database.change(&format!("UPDATE sellers SET note = '{note}'"));
    let idle = idle(&house).await;
    // Megabytes are not read; the entry stands, and everything else goes on.
    let seen = house.store.pool_seen();
    assert_eq!((seen.size - seen.idle, seen.waiting), (0, 0), "{seen:?}");
    assert_eq!(entries(&house, "exports").await[0]["affected_count"], 10_000);
    assert_eq!(first_cells(&take(&house.client, "?columns=name").await).len(), 10_000);
    drop(idle);
    assert_eq!(entries(&house, "exports").await.len(), 2);
}

#[actix_web::test]
async fn an_export_that_cannot_be_remembered_is_a_problem_and_not_half_a_file() {
    let Some(house) = House::still().await else { return };
    add(&house, &["Ann"]).await;
    house.database.change("ALTER TABLE exported_sellers RENAME TO away");
    house.client.get("/sellers/export?q=ann").await.problem(500);
    house.database.change("ALTER TABLE away RENAME TO exported_sellers");
    assert_eq!(entries(&house, "exports").await, Vec::<Value>::new());
    assert_eq!(first_cells(&take(&house.client, "?q=ann&columns=name").await), ["ann"]);
}

/// Begins to take a file of megabytes, has this happen, and takes what comes still: how much that is, and how long the file is.
async fn taken(house: &House, token: &str, path: &str, happens: impl Future<Output = ()>) -> (usize, usize) {
    let mut taker = TcpStream::connect(house.client.address).await.expect("the server listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: gleaner\r\nAuthorization: Bearer {token}\r\n\r\n");
    taker.write_all(request.as_bytes()).await.expect("sent");
    let mut head = Vec::new();
    let patience = Duration::from_secs(60);
    while !head.ends_with(b"\r\n\r\n") {
        let byte = tokio::time::timeout(patience, taker.read_u8()).await.expect("in time").expect("a head");
        head.push(byte);
    }
    let head = String::from_utf8(head).expect("ASCII").to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).expect("a length");

    happens.await;

    let (mut got, mut piece) = (0, vec![0; 64 * 1024]);
    // That the connection is reset is an end too.
    while let Ok(read) = tokio::time::timeout(patience, taker.read(&mut piece)).await.expect("an end in time") {
        if read == 0 {
            break;
        }
        got += read;
    }
    (got, length.parse().expect("a number"))
}

#[actix_web::test]
async fn a_download_breaks_off_when_its_token_is_taken_back_or_its_taker_is_removed() {
    let Some(house) = House::still().await else { return };
    let names: Vec<String> = (0..10_000).map(|number| format!("shop {number:05}")).collect();
    house.client.post("/sellers/bulk", Some(&json!({"names": names}))).await;
    // Of whatever form, a file is more than what lies between a server and a client that does not read.
    house.database.change("UPDATE sellers SET note = repeat('n', 4800), display_name = repeat('d', 2400)");
    let admin = people::admin(&house).await;
    for (path, email) in [("/sellers/export", "a@example.org"), ("/sellers/new?format=csv", "b@example.org")] {
        let made = house.client.post("/auth/tokens", Some(&json!({"name": "taker"}))).await.json();
        let (token, id) = (made["token"].as_str().expect("a token"), made["id"].as_str().expect("its id"));
        let taken_back = async {
            assert_eq!(house.client.send("DELETE", &format!("/auth/tokens/{id}"), None).await.status, 204);
        };
        let (got, length) = taken(&house, token, path, taken_back).await;
        assert!(got < length, "{path}: {got} of {length} bytes: more than what was on its way");

        let member = people::join(&house, &admin.client, email, Role::Viewer).await;
        let made = member.client.post("/auth/tokens", Some(&json!({"name": "taker"}))).await.json();
        let removed = async {
            let path = format!("/members/{}", member.id);
            assert_eq!(admin.client.send("DELETE", &path, None).await.status, 204);
        };
        let (got, length) = taken(&house, made["token"].as_str().expect("a token"), path, removed).await;
        assert!(got < length, "{path}: {got} of {length} bytes: more than what was on its way");
    }
    assert_eq!(first_cells(&take(&house.client, "?columns=name").await).len(), 10_000, "others take theirs");
    let file = house.client.get("/sellers/new?format=csv").await;
    assert_eq!((file.text().lines().count(), file.header("content-length").is_some()), (10_001, true));
}
