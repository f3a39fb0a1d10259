//! Pages that were paid for and on which nothing was found: kept, bounded, read again, entered.

use gleaner::domain::ids::{JobId, RunId, RunKey, TaskNo};
use gleaner::domain::ledger::{Close, Entry, Outcome, Reply, Verdict};
use gleaner::domain::raw_page::{ArchiveLimits, BodyHash, RawForm, RawPage, Reread};
use gleaner::domain::registry::EntryAction;
use gleaner::domain::run::{Command, PauseReason, RunStatus};
use gleaner::domain::task::TaskState;
use gleaner::store::{Applied, StoreError};
use uuid::Uuid;

use super::entries::{Asked, at, close, failed, first, paused, retry, sellers, sighting, started};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    a_page_is_kept_with_its_outcome_and_a_body_once,
    a_page_whose_outcome_does_not_count_is_not_kept,
    bodies_are_bounded_in_size_and_age_and_the_oldest_go_first,
    what_is_found_later_is_entered_once,
    a_task_that_stands_at_the_page_goes_on_behind_it,
    a_page_that_a_later_request_brought_is_left_as_it_is,
    a_run_under_way_is_refused_and_nothing_is_entered,
    a_run_that_is_not_there_has_no_pages,
);

fn with_body(entry: Entry, body: &[u8]) -> Entry {
    let Entry::Outcome(mut outcome) = entry else { return entry };
    let mut hash = [0; 32];
    hash[..body.len().min(32)].copy_from_slice(&body[..body.len().min(32)]);
    let bytes = i32::try_from(body.len()).expect("small");
    outcome.raw = Some(RawPage { hash: BodyHash(hash), form: RawForm::Page, bytes, packed: body.into() });
    Entry::Outcome(outcome)
}

fn reread(asked: Asked, names: &[&str], last: bool) -> Reread {
    Reread {
        task_no: TaskNo(asked.task_no),
        request_no: asked.request_no,
        page: asked.page,
        at: at(asked.at),
        sightings: names.iter().map(|name| sighting(name)).collect(),
        last,
    }
}

/// The vendor's job of the page has not said its last word.
fn with_job(entry: Entry) -> Entry {
    let Entry::Outcome(outcome) = entry else { return entry };
    Entry::Outcome(Outcome { job: JobId::parse("job-1"), ..outcome })
}

async fn a_page_is_kept_with_its_outcome_and_a_body_once(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    let again = first(3).again().at(40);
    hand.keep(vec![
        with_body(retry(first(3)), b"blocked"),
        with_body(sellers(first(2), &[], true), b"empty"),
        with_body(failed(again, false), b"blocked"),
    ])
    .await;
    let pages = ground.archive().raw_pages(hand.key).await.expect("its pages");
    let told: Vec<_> = pages.iter().map(|page| (page.task_no.0, page.request_no, page.why.as_str())).collect();
    assert_eq!(told, [(2, 1, "empty"), (3, 1, "timeout"), (3, 2, "http_500")]);
    assert_eq!((pages[1].message.as_str(), pages[1].at, pages[2].at), ("no answer in time", at(0), at(40)));
    assert_eq!((pages[1].form, pages[1].page), (RawForm::Page, 1));
    let body = ground.archive().raw_body(ground.org(), pages[1].hash).await.expect("the store answers");
    assert_eq!(body.as_deref(), Some(&b"blocked"[..]));
    assert_eq!(pages[1].hash, pages[2].hash);
    hand.adds_up().await;
    let keep_all = ArchiveLimits { bytes_max: 12, days_max: 36_500 };
    assert_eq!(ground.prune(keep_all).await, 0, "two bodies of twelve bytes together");
}

async fn a_page_whose_outcome_does_not_count_is_not_kept(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    let page = with_body(retry(first(2)), b"blocked");
    hand.accepts(page.clone()).await;
    assert_eq!(hand.tell(page).await, Reply::Outcome(Verdict::KeptBefore));
    let late = with_body(retry(first(2).again().claimed_as(9)), b"late");
    hand.tell(started(first(2).again())).await;
    assert_eq!(hand.tell(late).await, Reply::Outcome(Verdict::Refused));
    assert_eq!(ground.archive().raw_pages(hand.key).await.expect("its pages").len(), 1);
}

async fn bodies_are_bounded_in_size_and_age_and_the_oldest_go_first(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 4).await;
    hand.keep(vec![
        with_body(sellers(first(2).at(1), &[], true), b"oldest"),
        with_body(sellers(first(3).at(2), &[], true), b"middle"),
        with_body(sellers(first(4).at(3), &[], true), b"newest"),
        with_body(sellers(first(5).at(4), &[], true), b"oldest"),
    ])
    .await;
    // The first body came again, so that the second is the oldest.
    assert_eq!(ground.prune(ArchiveLimits { bytes_max: 13, days_max: 36_500 }).await, 1);
    let kept = |pages: Vec<gleaner::domain::raw_page::RawPageRow>| -> Vec<i32> {
        pages.into_iter().map(|page| page.task_no.0).collect()
    };
    assert_eq!(kept(ground.archive().raw_pages(hand.key).await.expect("its pages")), [2, 4, 5]);
    assert_eq!(ground.prune(ArchiveLimits { bytes_max: 13, days_max: 0 }).await, 2);
    assert!(ground.archive().raw_pages(hand.key).await.expect("its pages").is_empty());
    hand.adds_up().await;
}

async fn what_is_found_later_is_entered_once(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.keep(vec![
        sellers(first(2), &["Ann"], false),
        with_body(sellers(first(2).next_page().at(70), &[], true), b"empty"),
        with_body(sellers(first(3), &[], true), b"empty"),
        close(Close::Completed),
    ])
    .await;
    let found = vec![
        reread(first(2).next_page().at(70), &["Ann", "Bea"], true),
        reread(first(3), &["bea", "Cis", "Cis"], true),
        reread(first(99), &["Nobody"], true),
    ];
    let applied = ground.archive().apply(hand.key, found.clone()).await.expect("it is saved");
    assert_eq!(applied, Applied { pages: 2, sightings: 5, sellers_found: 2, sellers_new: 2 });
    hand.before = ground.run(hand.key).await.memory();
    hand.adds_up().await;
    let row = ground.run(hand.key).await;
    assert_eq!((row.status, row.counters.sellers_found, row.counters.sellers_new), (RunStatus::Completed, 3, 3));
    let events = hand.events().await;
    let told = events.last().expect("events");
    assert_eq!(
        (&told["action"], &told["items_count"], &told["new_sellers_count"]),
        (&"reparsed".into(), &5.into(), &2.into())
    );
    let entries = ground.audit_entries(hand.key).await;
    let counts: Vec<_> = entries.iter().map(|e| (e.action, e.affected_count, e.seller_count_snapshot)).collect();
    assert_eq!(counts, [(EntryAction::CollectionRun, 1, Some(1)), (EntryAction::Reparse, 2, Some(3))]);
    assert!(entries[1].closed_at.is_some());
    let sightings = ground.sightings(hand.key).await;
    assert_eq!(sightings.len(), 6);
    assert!(sightings.iter().all(|seen| seen.registered));
    assert!(ground.sellers().await.iter().all(|seller| seller.times_seen == 1));

    let again = ground.archive().apply(hand.key, found).await.expect("nothing is left to save");
    assert_eq!(again, Applied::default());
    assert_eq!(ground.run(hand.key).await, row);
    assert_eq!(ground.sightings(hand.key).await, sightings);
    assert_eq!(ground.audit_entries(hand.key).await, entries);
}

async fn a_task_that_stands_at_the_page_goes_on_behind_it(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 3).await;
    hand.keep(vec![
        with_body(failed(first(2), false), b"one"),
        with_body(with_job(failed(first(3), false)), b"two"),
        close(paused(PauseReason::Manual, &[])),
    ])
    .await;
    assert!(hand.task(3).await.job.is_some());
    let found = vec![reread(first(2), &["Ann"], true), reread(first(3), &["Bea"], false)];
    assert_eq!(ground.archive().apply(hand.key, found).await.expect("it is saved").sellers_new, 2);
    let (whole, part) = (hand.task(2).await, hand.task(3).await);
    assert_eq!((whole.state, whole.next_page, whole.error_code), (TaskState::Done, 2, None));
    assert_eq!((part.state, part.next_page, part.page_attempts), (TaskState::Failed, 2, 0));
    assert_eq!(part.job, None, "it stands for the page that is there now");
    hand.give_and_take_over(Command::Resume).await;
    hand.adds_up().await;
    hand.keep(vec![sellers(first(4), &["Ann"], true), close(Close::Completed)]).await;
    let counts: Vec<_> = ground.audit_entries(hand.key).await.iter().map(|e| (e.action, e.affected_count)).collect();
    assert_eq!(counts, [(EntryAction::CollectionRun, 0), (EntryAction::Reparse, 2)], "each new seller is counted once");
    hand.adds_up().await;
}

async fn a_page_that_a_later_request_brought_is_left_as_it_is(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.keep(vec![
        with_body(retry(first(2)), b"gallery"),
        sellers(first(2).again(), &["Ann"], true),
        close(Close::Completed),
    ])
    .await;
    let applied = ground.archive().apply(hand.key, vec![reread(first(2), &["Bea"], true)]).await;
    assert_eq!(applied.expect("nothing to save"), Applied::default());
    assert_eq!(ground.sellers().await.len(), 1);
    hand.adds_up().await;
}

async fn a_run_under_way_is_refused_and_nothing_is_entered(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.accepts(with_body(sellers(first(2), &[], true), b"empty")).await;
    let refused = ground.archive().apply(hand.key, vec![reread(first(2), &["Ann"], true)]).await;
    assert!(matches!(refused, Err(StoreError::NotAllowed { status: RunStatus::Running, .. })), "{refused:?}");
    assert_eq!(ground.sellers().await, []);
    hand.adds_up().await;
}

async fn a_run_that_is_not_there_has_no_pages(ground: &dyn Ground) {
    let key = RunKey { org: ground.org(), run: RunId(Uuid::from_u128(99)) };
    assert!(matches!(ground.archive().raw_pages(key).await, Err(StoreError::NotFound)));
    assert!(matches!(ground.archive().apply(key, Vec::new()).await, Err(StoreError::NotFound)));
    let pending = ground.add_run(&Default::default(), &super::entries::categories(1)).await;
    assert!(ground.archive().raw_pages(pending).await.expect("none").is_empty());
    let body = ground.archive().raw_body(ground.org(), BodyHash([7; 32])).await;
    assert_eq!(body.expect("the store answers"), None);
}
