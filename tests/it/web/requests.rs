//! The requests of a run for a timeline: all of them, each once, the newest first.

use std::time::Duration;

use serde_json::Value;

use super::house::House;
use crate::support::past::{Past, complete};

#[actix_web::test]
async fn requests_are_read_backwards_page_by_page_and_none_is_missing() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let path = format!("/collection/runs/{run}/requests");
    assert_eq!(house.client.get(&path).await.json()["seq"].as_array().map(Vec::len), Some(0));
    complete(&house.database.url, house.key(&run), Past { events: 50, ..Past::default() }).await;
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let page = house.client.get(&format!("{path}?limit=7{before}")).await.json();
        seen.extend(page["seq"].as_array().expect("numbers").iter().filter_map(Value::as_i64));
        let columns = ["worker_id", "phase", "ended_ms", "duration_ms", "action", "items_count", "new_sellers_count"];
        for column in columns {
            assert_eq!(page[column].as_array().map(Vec::len), page["seq"].as_array().map(Vec::len), "{column}");
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(seen, (1..=25).rev().map(|half| half * 2).collect::<Vec<i64>>());
    for (query, words) in [("limit=0", "1 to 10000"), ("limit=10001", "1 to 10000"), ("before=0", "from 1 to")] {
        let said = house.client.get(&format!("{path}?{query}")).await.problem(400);
        assert!(said.contains(words), "{query}: {said}");
    }
}

#[actix_web::test]
async fn requests_of_a_run_are_those_that_it_counts() {
    let Some(house) = House::acting(Duration::ZERO).await else { return };
    let run = house.run().await;
    assert_eq!(house.give(&run, "start").await.status, 202);
    let path = format!("/collection/runs/{run}");
    house.client.listen(&format!("{path}/activity")).await.expect("a stream").until("end").await;
    let told = house.client.get(&format!("{path}/requests")).await.json();
    let row = house.look(&run).await;
    assert_eq!(
        told["seq"].as_array().map(Vec::len),
        row["requests_made"].as_u64().and_then(|n| usize::try_from(n).ok())
    );
    let fresh =
        told["new_sellers_count"].as_array().expect("numbers").iter().zip(told["phase"].as_array().expect("phases"));
    let fresh: i64 = fresh.filter(|(_, phase)| *phase == "ebay").filter_map(|(count, _)| count.as_i64()).sum();
    assert_eq!(Some(fresh), row["sellers_new"].as_i64());
}
