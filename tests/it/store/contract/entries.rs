//! Entries of groups as the actors would send them, in few words.

use chrono::{DateTime, Utc};
use gleaner::domain::event::{ApiParams, Request, Subject};
use gleaner::domain::failure::{ErrorStage, ErrorType};
use gleaner::domain::ids::{TaskNo, WorkerId};
use gleaner::domain::ledger::{Close, Cost, Crash, Entry, Outcome, PageResult, Release, Started};
use gleaner::domain::money::Money;
use gleaner::domain::product::{Asin, Product};
use gleaner::domain::run::{Pause, PauseReason};
use gleaner::domain::seller::Sighting;
use gleaner::domain::task::{Category, OpenTask, Phase, TaskState, Work};

/// Which request an entry is about.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub task_no: i32,
    pub claim_no: i32,
    pub request_no: i32,
    pub page: i16,
    /// When the answer was there, in milliseconds after the day began.
    pub at: i64,
}

/// The first request of a task.
pub fn first(task_no: i32) -> Asked {
    Asked { task_no, claim_no: 1, request_no: 1, page: 1, at: 0 }
}

impl Asked {
    /// The next request of the task, for the page after this one.
    pub fn next_page(self) -> Self {
        Self { request_no: self.request_no + 1, page: self.page + 1, ..self }
    }

    /// The next request of the task, for the same page.
    pub fn again(self) -> Self {
        Self { request_no: self.request_no + 1, ..self }
    }

    /// The same under another claim.
    pub fn claimed_as(self, claim_no: i32) -> Self {
        Self { claim_no, ..self }
    }

    /// The same at another time.
    pub fn at(self, at: i64) -> Self {
        Self { at, ..self }
    }
}

pub fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_767_225_600_000 + ms).expect("a time of this century")
}

pub fn categories(count: usize) -> Vec<Category> {
    let category = |index| Category {
        node_id: format!("node-{index}"),
        name: format!("Category {index}"),
        department: format!("Department {}", index / 2),
    };
    (0..count).map(category).collect()
}

fn request(asked: Asked) -> Request {
    Request {
        subject: Subject::default(),
        url: "https://shop.example/page".to_owned(),
        api_params: ApiParams { page: asked.page, ..ApiParams::default() },
        attempt: 1,
        started_at: at(asked.at),
    }
}

pub fn started(asked: Asked) -> Entry {
    let category = Category { node_id: String::new(), name: String::new(), department: String::new() };
    let task = OpenTask {
        job: None,
        task_no: TaskNo(asked.task_no),
        state: TaskState::Claimed,
        claim_no: asked.claim_no,
        next_page: asked.page,
        page_attempts: 0,
        crashes: 0,
        suspect: 0,
        requests: asked.request_no - 1,
        work: Work::Category(category),
    };
    Entry::Started(Started { worker: WorkerId(1), task, request: request(asked) })
}

fn outcome(asked: Asked, phase: Phase, billed: bool, result: PageResult) -> Entry {
    Entry::Outcome(Outcome {
        job: None,
        raw: None,
        worker: WorkerId(1),
        task_no: TaskNo(asked.task_no),
        phase,
        claim_no: asked.claim_no,
        request_no: asked.request_no,
        page: asked.page,
        request: request(asked),
        at: at(asked.at),
        duration_ms: 40,
        cost: Cost { billed, rendered: false },
        result,
    })
}

pub fn asin(number: usize) -> Asin {
    Asin::parse(&format!("B{number:09}")).expect("ten characters")
}

pub fn product(number: usize) -> Product {
    let cents = i64::try_from(number).expect("small") * 100 + 999;
    Product {
        asin: asin(number),
        rank: i32::try_from(number).expect("small"),
        title: Some(format!("Product {number}")),
        price: Some(Money::usd(cents)),
        url: Some(format!("https://shop.example/{number}")),
    }
}

pub fn products(asked: Asked, rows: Vec<Product>, last: bool) -> Entry {
    outcome(asked, Phase::Amazon, true, PageResult::Products { rows, bad_rows: 0, unread_prices: 0, last })
}

pub fn products_and_bad_rows(asked: Asked, rows: Vec<Product>, bad_rows: i32) -> Entry {
    outcome(asked, Phase::Amazon, true, PageResult::Products { rows, bad_rows, unread_prices: 1, last: true })
}

pub fn sighting(name: &str) -> Sighting {
    Sighting {
        name: name.to_owned(),
        feedback_tenths: Some(987),
        feedback_count: Some(1_200),
        feedback_approx: true,
        listing_id: Some("v1-42".to_owned()),
        title: "A listing".to_owned(),
        price: Some(Money::usd(4_200)),
        link: Some("https://auction.example/42".to_owned()),
    }
}

pub fn sellers(asked: Asked, names: &[&str], last: bool) -> Entry {
    sightings(asked, names.iter().map(|name| sighting(name)).collect(), last)
}

pub fn sightings(asked: Asked, sightings: Vec<Sighting>, last: bool) -> Entry {
    outcome(asked, Phase::Ebay, true, PageResult::Sellers { sightings, last })
}

pub fn retry(asked: Asked) -> Entry {
    let (error_type, error_stage, message) = (ErrorType::Timeout, ErrorStage::Api, "no answer in time".to_owned());
    outcome(asked, Phase::Amazon, false, PageResult::Retry { error_type, error_stage, message, wait_ms: 1_500 })
}

pub fn rate_limited(asked: Asked) -> Entry {
    let result = PageResult::RateLimited { message: "slow down".to_owned(), wait_ms: 5_000, stated_ms: None };
    outcome(asked, Phase::Amazon, false, result)
}

pub fn failed(asked: Asked, rejected: bool) -> Entry {
    let (error_type, error_stage, message) = (ErrorType::Http500, ErrorStage::Api, "it broke".to_owned());
    outcome(asked, Phase::Amazon, false, PageResult::Failed { error_type, error_stage, message, rejected })
}

pub fn unwell(asked: Asked) -> Entry {
    let (error_type, error_stage, message) = (ErrorType::Http500, ErrorStage::Api, "it is not well".to_owned());
    outcome(asked, Phase::Ebay, false, PageResult::Unwell { error_type, error_stage, message })
}

pub fn refused(asked: Asked) -> Entry {
    outcome(asked, Phase::Amazon, false, PageResult::Refused { message: "no credit left".to_owned() })
}

pub fn released(task_no: i32, claim_no: i32, crashed: bool) -> Entry {
    let crash = crashed.then(|| Crash { subject: Subject::default(), message: "the worker died".to_owned() });
    Entry::Release(Release { worker: WorkerId(1), task_no: TaskNo(task_no), claim_no, crash, at: at(0) })
}

pub fn phase_over() -> Entry {
    Entry::PhaseOver { at: at(0) }
}

pub fn close(close: Close) -> Entry {
    Entry::Close { close, at: at(0) }
}

pub fn paused(reason: PauseReason, reprieved: &[i32]) -> Close {
    let pause = Pause::of(reason, at(0));
    let reprieved = reprieved.iter().copied().map(TaskNo).collect();
    Close::Paused { pause, message: "it stands still".to_owned(), reprieved }
}
