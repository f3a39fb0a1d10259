//! Three subscribers of one run that is under way: one from its start, one that joins late, one that is cut off twice.
//! All see the same numbers in the same order, the stored bytes, and the end.

use serde_json::Value;

use super::outside::short;
use crate::support::api::{Api, without_gap};
use crate::support::binary::Folder;
use crate::support::sse::{Message, Subscriber};

/// Events after which the unlucky one loses its connection.
const CUTS: [usize; 2] = [7, 60];
/// Events that a subscriber without a number is given from before.
const BACKLOG: usize = 100;

/// What one subscriber saw.
#[derive(Default)]
struct Seen {
    activity: Vec<Value>,
    named: Vec<String>,
}

impl Seen {
    /// Takes a message; true when it was the end.
    fn take(&mut self, message: &Message) -> bool {
        if message.event == "message" {
            let event: Value = serde_json::from_str(&message.data).expect("JSON");
            assert_eq!(message.id, Some(event["seq"].to_string()), "the id is the number");
            self.activity.push(event);
        } else {
            assert_eq!(message.id, None, "what is named has no number");
            self.named.push(message.event.clone());
        }
        message.event == "end"
    }

    fn last(&self) -> Option<i64> {
        self.activity.last().and_then(|event| event["seq"].as_i64())
    }
}

/// Reads to the end, with the connection lost after so many events each.
async fn follow(api: &Api, path: &str, query: &str, cuts: &[usize]) -> Seen {
    let mut seen = Seen::default();
    for cut in cuts.iter().copied().chain([usize::MAX]) {
        let address =
            if seen.activity.is_empty() { format!("{path}/activity{query}") } else { format!("{path}/activity") };
        let mut subscriber = Subscriber::open(api, &address, seen.last()).await.expect("a stream");
        assert_eq!(subscriber.next().await.map(|first| first.event), Some("connected".to_owned()));
        while seen.activity.len() < cut {
            let message = subscriber.next().await.expect("a stream ends with `end`");
            if seen.take(&message) {
                assert!(subscriber.next().await.is_none(), "nothing comes after the end");
                return seen;
            }
        }
    }
    seen
}

#[actix_web::test]
async fn three_subscribers_of_a_run_see_the_same_numbers_in_the_same_order() {
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "20"]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&["home-bath", "home-bedding"], short()).await;
    let late = async {
        let many = |row: &Value| row["last_event_id"].as_i64() >= Some(150);
        api.until(&run, "150 events", many).await;
        follow(&api, &run, "", &[]).await
    };
    let first = follow(&api, &run, "?from=start", &[]);
    let unlucky = follow(&api, &run, "?from=start", &CUTS);
    let (first, late, unlucky) = futures_util::future::join3(first, late, unlucky).await;

    api.until_rest(&run, "completed").await;
    let stored = api.events(&run).await;
    without_gap(&stored);
    assert_eq!(first.activity, stored, "from the start: the whole run");
    assert_eq!(unlucky.activity, stored, "cut off twice: nothing missing, nothing twice");
    let began = stored.len() - late.activity.len();
    assert_eq!(late.activity, stored[began..], "late: the same from where it began");
    assert!((1..=stored.len() - BACKLOG).contains(&began), "it began at {began} of {}", stored.len());
    for seen in [&first, &late, &unlucky] {
        assert_eq!(seen.named.last().map(String::as_str), Some("end"));
        assert!(seen.named.iter().any(|name| name == "progress"), "counters come beside the events");
    }
    let over = Subscriber::open(&api, &format!("{run}/activity"), first.last()).await;
    assert!(over.is_none(), "whoever has it all is told to stop");
    assert_eq!(serving.stop().await, Some(0));
}
