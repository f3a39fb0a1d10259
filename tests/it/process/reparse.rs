//! Pages that were paid for and brought nothing: kept by a run, read again by `reparse`, saved by `--apply`.

use std::collections::BTreeSet;

use diesel::sql_types::{Bytea, Integer};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use crate::support::api::names;
use crate::support::binary::{Done, Folder, done};
use crate::support::postgres::{self, TestDb};

const UNKNOWN: &str = "01a20e2c-0000-730a-bbaa-06d1a39be1f7";

struct Shop {
    folder: Folder,
    database: TestDb,
}

impl Shop {
    async fn run(&self, arguments: &[&str]) -> Done {
        let mut command = self.folder.command(arguments);
        command.env("DATABASE_URL", &self.database.url);
        done(command).await
    }

    async fn collect(&self, faults: &str) -> String {
        let settings = ["--pages-per-category", "1", "--pages-per-product", "1", "--max-consecutive-failures", "1000"];
        let waits =
            ["--page-delay-ms", "0", "--latency-ms", "0", "--request-timeout-ms", "300", "--rate-limit-wait-ms", "10"];
        // One attempt: what comes as a gallery fails its product. Of four categories one gets through.
        let categories = [
            "--category",
            "home-bath,home-bedding,home-decor,electronics-headphones",
            "--max-attempts",
            "1",
            "--faults",
            faults,
        ];
        let collected = self.run(&[&["collect", "--json"][..], &settings, &waits, &categories].concat()).await;
        assert_eq!(collected.code, Some(0), "{}{}", collected.out, collected.err);
        let summary: Value = serde_json::from_str(collected.out.trim()).expect("JSON");
        summary["run_id"].as_str().expect("an id").to_owned()
    }

    async fn sellers(&self, run: &str) -> BTreeSet<String> {
        names(&self.run(&["export", "--run", run, "--format", "ndjson"]).await.out)
    }

    async fn change(&self, sql: &str, body: &[u8], length: i32) -> usize {
        let mut connection = AsyncPgConnection::establish(&self.database.url).await.expect("the test database answers");
        let change = diesel::sql_query(sql).bind::<Bytea, _>(body).bind::<Integer, _>(length);
        change.execute(&mut connection).await.expect("it can be changed")
    }
}

/// A result page with these sellers, in a form that the parser reads.
fn page(sellers: &[&str]) -> String {
    let card = |name: &&str| {
        format!(
            "<li class='s-card s-card--horizontal' data-listingid=11><div class=s-card__title>Kettle</div>\
             <div class=su-card-container__attributes__secondary><div class=s-card__attribute-row>\
             <span class=su-styled-text>{name}</span><span class=su-styled-text>98.7% positive (1.2K)</span></div></div></li>"
        )
    };
    let cards: String = sellers.iter().map(card).collect();
    format!("<h1 class=srp-controls__count-heading>2 results</h1><ul class='srp-results srp-list'>{cards}</ul>")
}

#[actix_web::test]
async fn what_the_parser_understands_later_is_shown_and_saved_once() {
    let Some(database) = postgres::database().await else { return };
    let shop = Shop { folder: Folder::new(), database };
    let run = shop.collect("0.4").await;
    let before = shop.sellers(&run).await;
    let shown = shop.run(&["reparse", &run]).await;
    assert_eq!((shown.code, shown.err.as_str()), (Some(0), ""), "{}", shown.out);
    for words in ["found then", "found now", "parse_error", "captcha", "gallery"] {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    assert!(shown.out.contains("there is nothing to save"), "the parser is the same: {}", shown.out);

    // A parser that has learned: a page that came as a gallery is now one that it reads.
    let learned = page(&["fern_99_later", "moss_99_later"]);
    let packed = zstd::bulk::compress(learned.as_bytes(), 3).expect("it packs");
    let one = "UPDATE raw_bodies SET packed = $1, bytes = $2 WHERE hash = (SELECT hash FROM raw_pages \
               WHERE form = 'page' AND message LIKE '%gallery%' ORDER BY task_no LIMIT 1)";
    assert_eq!(shop.change(one, &packed, i32::try_from(learned.len()).expect("short")).await, 1);
    let shown = shop.run(&["reparse", &run]).await;
    assert!(shown.out.contains("2 listings with a seller") && shown.out.contains("--apply"), "{}", shown.out);
    assert_eq!(shop.sellers(&run).await, before, "looking saves nothing");

    let saved = shop.run(&["reparse", &run, "--apply"]).await;
    assert_eq!((saved.code, saved.err.as_str()), (Some(0), ""), "{}", saved.out);
    assert!(saved.out.contains("2 sightings saved from 1 pages: 2 sellers new to the run, 2 new to"), "{}", saved.out);
    let after = shop.sellers(&run).await;
    let later: BTreeSet<String> = ["fern_99_later", "moss_99_later"].map(str::to_owned).into();
    assert_eq!(after, before.union(&later).cloned().collect());
    let again = shop.run(&["reparse", &run, "--apply"]).await;
    assert!(again.out.contains("0 sightings saved"), "{}", again.out);
    assert_eq!(shop.sellers(&run).await, after);
}

#[actix_web::test]
async fn a_run_without_kept_pages_and_an_unknown_run_are_refused_with_the_reason() {
    let Some(database) = postgres::database().await else { return };
    let shop = Shop { folder: Folder::new(), database };
    let run = shop.collect("0").await;
    // Searches that found nothing at all are kept too.
    shop.change("DELETE FROM raw_bodies WHERE packed <> $1 AND bytes > $2", b"", 0).await;
    for (arguments, words) in [
        (vec!["reparse", &run], "has no kept pages"),
        (vec!["reparse", &run, "--apply"], "has no kept pages"),
        (vec!["reparse", UNKNOWN], "there is no run"),
        (vec!["reparse", "lamps"], "`lamps` is neither a run's number nor its id"),
    ] {
        let refused = shop.run(&arguments).await;
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(refused.err.contains(words), "{arguments:?}: {}", refused.err);
    }
    let nowhere = Folder::new();
    let refused = nowhere.run(&["reparse", UNKNOWN]).await;
    assert!(refused.code == Some(1) && refused.err.contains("nothing was ever collected"), "{}", refused.err);
    assert!(!nowhere.data().exists());
}

#[actix_web::test]
async fn a_run_under_way_is_looked_at_and_nothing_is_saved() {
    let Some(database) = postgres::database().await else { return };
    let shop = Shop { folder: Folder::new(), database };
    let run = shop.collect("0.4").await;
    assert_eq!(shop.change("UPDATE collection_runs SET status = 'running' WHERE $1 = '' AND $2 = 0", b"", 0).await, 1);
    let refused = shop.run(&["reparse", &run, "--apply"]).await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    assert!(refused.err.contains("is under way; pause it first"), "{}", refused.err);
    assert_eq!(shop.run(&["reparse", &run]).await.code, Some(0));
}
