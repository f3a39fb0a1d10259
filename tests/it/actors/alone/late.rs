//! The answer to a worker that was replaced while it lived: kept out by its claim, counted as paid for, and told.

use actix::Actor;
use gleaner::actors::guard::Child;
use gleaner::actors::recorder::{FenceLost, Hand, Receipt, Recorder, Start};
use gleaner::actors::stream::Publish;
use gleaner::domain::event::{ApiParams, Request, Subject};
use gleaner::domain::ids::WorkerId;
use gleaner::domain::ledger::{Crash, Entry, Outcome, Release, ReleaseResult, Reply, Started, Verdict};
use gleaner::domain::spend::Tally;
use gleaner::domain::task::{OpenTask, TaskState};
use serde_json::{Value, json};

use super::asked::Asked;
use super::far_end::FarEnd;
use super::{Bench, last_page};
use crate::support::world::in_virtual_time;

fn started(bench: &Bench, worker: u16, task: &OpenTask, claim_no: i32) -> Entry {
    let (subject, url, api_params) = (Subject::default(), String::new(), ApiParams::default());
    let request = Request { subject, url, api_params, attempt: 1, started_at: bench.context.clock.now() };
    Entry::Started(Started { worker: WorkerId(worker), task: OpenTask { claim_no, ..task.clone() }, request })
}

fn answered(bench: &Bench, worker: u16, claim_no: i32) -> Entry {
    let Entry::Outcome(outcome) = bench.outcome(1, last_page()) else { panic!("an outcome") };
    Entry::Outcome(Outcome { worker: WorkerId(worker), claim_no, ..outcome })
}

#[test]
fn an_answer_that_comes_after_its_worker_was_replaced_is_refused_counted_and_told() {
    in_virtual_time(async {
        let bench = Bench::new(1).await;
        let (publish, lost) = (FarEnd::answering(|_: &Publish| ()), FarEnd::answering(|_: &FenceLost| ()));
        let start = Start::TakenOver(Box::new(bench.memory.clone()));
        let guard = bench.guard(Child::Recorder);
        let recorder = Recorder::new(bench.context.clone(), publish.line(), lost.line(), guard, start).start();
        let hand = async |entry| -> Receipt { Asked::of(&recorder, Hand(entry)).answer().await };
        let row = || bench.store.run(bench.key()).expect("the run");
        let task = bench.open_tasks().await.remove(0);

        hand(started(&bench, 1, &task, 1)).await;
        let crash = Crash { subject: Subject::default(), message: "it made no progress within its time".to_owned() };
        let (worker, at) = (WorkerId(1), bench.context.clock.now());
        let release = Release { worker, task_no: task.task_no, claim_no: 1, crash: Some(crash), at };
        let reply = hand(Entry::Release(release)).await.reply;
        assert!(matches!(reply, Reply::Release(ReleaseResult::Pending(_))), "{reply:?}");
        hand(started(&bench, 2, &task, 3)).await;
        assert_eq!((row().spend.repeated, row().spend.all_sent()), (1, 2), "one was cut off, one is on the wire");

        let late = hand(answered(&bench, 1, 1)).await;
        assert_eq!(late.reply, Reply::Outcome(Verdict::Refused));
        let spend = row().spend;
        assert_eq!((spend.repeated, spend.all_sent()), (0, 2), "it is the one that was cut off");
        assert_eq!(spend.outcomes.late, Tally { requests: 1, billed: 1, rendered: 0 });
        assert_eq!(bench.store.tasks(bench.key())[0].state, TaskState::Claimed, "the task is with the other");

        let again = hand(answered(&bench, 2, 3)).await;
        assert_eq!(again.reply, Reply::Outcome(Verdict::Accepted));
        assert_eq!((row().counters.requests_made, row().counters.requests_billed, row().spend.all_sent()), (2, 2, 2));
        let told = bench.store.events(bench.key()).into_iter().map(|event| serde_json::from_str(&event.data));
        let told: Vec<Value> = told.collect::<Result<_, _>>().expect("JSON");
        let refused: Vec<_> = told.iter().filter(|event| event["action"] == "answer_refused").collect();
        assert_eq!(refused.len(), 1, "{told:?}");
        let fields = ["worker_id", "task_no", "claim_no"].map(|field| refused[0][field].clone());
        assert_eq!(fields, [json!(1), json!(1), json!(1)]);
        assert_eq!(refused[0]["api_params"]["page"], json!(0), "the page of its request");
        assert!(refused[0]["error_message"].as_str().is_some_and(|words| words.contains("too late")));
    });
}
