//! Activity events: one line of what a worker or the system did; the unit of the live feed.
//!
//! An action carries its own fields, so that an event that makes no sense cannot be built. A field without a value is
//! absent in the JSON, never null. Titles are whole; whoever shows them shortens them.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::failure::{ErrorStage, ErrorType};
use super::ids::{EventId, JobId, RunId, TaskNo, WorkerId};
use super::recovery::Recovery;
use super::run::{FailReason, PauseReason};
use super::task::Phase;

/// One activity event; its JSON is what is stored and what is sent, byte for byte.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Event {
    /// Unique over everything.
    pub id: EventId,
    /// Its number in the run: 1, 2, 3 ... without a gap.
    pub seq: i64,
    /// The run it belongs to.
    pub run_id: RunId,
    /// When it happened (RFC 3339, UTC, milliseconds).
    #[serde(serialize_with = "millis")]
    pub timestamp: DateTime<Utc>,
    /// Who did it; 0 is the system.
    pub worker_id: WorkerId,
    /// The phase the run was in.
    pub phase: Phase,
    /// What was done.
    #[serde(flatten)]
    pub action: Action,
}

/// What a page request was about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Subject {
    /// The category's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The product's whole title, in phase `ebay`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_name: Option<String>,
}

/// The parameters of a page request, as people see them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ApiParams {
    /// The browse node, in phase `amazon`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// The search words, in phase `ebay`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Lower bound of the price window, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_min: Option<i64>,
    /// Upper bound of the price window, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_max: Option<i64>,
    /// The page, 1 is the first.
    pub page: i16,
    /// The vendor's job whose answer was paid for before and is only fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
}

/// One page request as events show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Request {
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// The target's address, free of credentials.
    pub url: String,
    /// Its parameters.
    pub api_params: ApiParams,
    /// Which attempt of this page, 1 is the first.
    pub attempt: i16,
    /// When it was sent.
    #[serde(serialize_with = "millis")]
    pub started_at: DateTime<Utc>,
}

/// What the recorder did with a page's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationType {
    /// Products of a category.
    ProductBatch,
    /// Sellers already seen in this run, set aside.
    SellerDedupe,
    /// Sellers new to the registry.
    SellerInsert,
    /// Sellers that the registry knew.
    SellerUpdate,
}

/// An operation of the pipeline on one worker's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Operation {
    /// Which operation.
    pub operation_type: OperationType,
    /// How many rows.
    pub items_count: i32,
    /// Whose page.
    pub source_worker_id: WorkerId,
}

/// Totals that a `complete` event carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// Tasks done.
    pub done: i32,
    /// Tasks failed.
    pub failed: i32,
    /// Tasks skipped.
    pub skipped: i32,
    /// Products in phase `amazon`; distinct sellers of the run in phase `ebay`.
    pub items_count: i32,
    /// Sellers new to the registry.
    pub new_sellers_count: i32,
}

/// What a `complete` event closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A phase.
    Phase,
    /// The run.
    Run,
}

/// What was done, with the fields that belong to it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// A worker sends a page request.
    Fetching(Request),
    /// A page came and was kept.
    Found {
        /// The request that brought it.
        #[serde(flatten)]
        request: Request,
        /// Products or sellers on the page.
        items_count: i32,
        /// Sellers new to the registry; in phase `amazon` it repeats `items_count`.
        new_sellers_count: i32,
        /// The seller, where the page held exactly one.
        #[serde(skip_serializing_if = "Option::is_none")]
        seller_found: Option<String>,
        /// How long the request took.
        duration_ms: i64,
    },
    /// A page request failed.
    Error {
        /// The request that failed.
        #[serde(flatten)]
        request: Request,
        /// Of which kind.
        error_type: ErrorType,
        /// Where.
        error_stage: ErrorStage,
        /// In words, without secrets.
        error_message: String,
        /// How long the request took.
        duration_ms: i64,
        /// Seconds until it is sent again; absent where it is not.
        #[serde(skip_serializing_if = "Option::is_none")]
        wait_seconds: Option<f64>,
    },
    /// The provider asked to slow down; no attempt is used up.
    RateLimited {
        /// The request that was limited.
        #[serde(flatten)]
        request: Request,
        /// Always `rate_limit`.
        error_type: ErrorType,
        /// The provider's words.
        error_message: String,
        /// How long the request took.
        duration_ms: i64,
        /// Seconds until it is sent again.
        wait_seconds: f64,
    },
    /// The provider throttles a domain: every run on its account slows down until it recovers.
    Throttled {
        /// Always `rate_limit`.
        error_type: ErrorType,
        /// The provider's words.
        error_message: String,
        /// Seconds until it is over, unless the provider says the same again.
        wait_seconds: f64,
    },
    /// The run began.
    Started {
        /// Chosen categories.
        items_count: i32,
    },
    /// Rows of a page go to the database.
    Uploading(Operation),
    /// Sellers that this run had seen before were set aside.
    Deduped(Operation),
    /// Rows that were new.
    Inserted(Operation),
    /// Rows that were known.
    Updated(Operation),
    /// The run stands still.
    Paused {
        /// Why.
        reason: PauseReason,
        /// In words.
        error_message: String,
    },
    /// The run goes on after a pause.
    Resumed,
    /// One page is asked for, to see whether the provider is well again.
    Probe {
        /// Which probe of this pause, 1 is the first.
        attempt: u16,
    },
    /// The run was re-opened for its failed tasks.
    Reopened {
        /// How many tasks run again.
        items_count: i32,
    },
    /// A person ended the run.
    Cancelled,
    /// The run failed.
    Failed {
        /// Why.
        reason: FailReason,
        /// In words.
        error_message: String,
    },
    /// A worker died and a new one took its place.
    WorkerRestarted {
        /// Which worker.
        source_worker_id: WorkerId,
        /// What is known of the cause.
        error_message: String,
        /// The task it held, when it held one.
        #[serde(flatten)]
        subject: Subject,
    },
    /// An answer came when its task was with somebody else by its claim, or final: it is paid for, and changes nothing.
    AnswerRefused {
        /// The request that it answers.
        #[serde(flatten)]
        request: Request,
        /// The task.
        task_no: TaskNo,
        /// The claim under which it was asked.
        claim_no: i32,
        /// Why it is refused.
        error_message: String,
        /// How long the request took.
        duration_ms: i64,
    },
    /// The run was taken over, with what that found.
    RunRecovered(Recovery),
    /// Another actor of the run died and a new one took its place, or a provider's throttle is over.
    Recovered {
        /// What happened.
        error_message: String,
        /// Tasks that were released for it.
        items_count: i32,
    },
    /// Kept pages of a run at rest were read again, and what was found on them was saved.
    Reparsed {
        /// Sightings that were entered.
        items_count: i32,
        /// Sellers new to the registry.
        new_sellers_count: i32,
    },
    /// A phase or the run is complete.
    Complete {
        /// Which of the two.
        scope: Scope,
        /// The totals.
        #[serde(flatten)]
        totals: Totals,
    },
}

fn millis<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn event(action: Action) -> Event {
        Event {
            id: EventId(Uuid::nil()),
            seq: 3,
            run_id: RunId(Uuid::nil()),
            timestamp: DateTime::from_timestamp_millis(1_767_225_600_007).expect("a time"),
            worker_id: WorkerId(2),
            phase: Phase::Ebay,
            action,
        }
    }

    #[test]
    fn an_event_has_the_original_names_and_leaves_out_what_has_no_value() {
        let request = Request {
            subject: Subject { category: Some("Lamps".into()), product_name: Some("Desk Lamp".into()) },
            url: "https://www.ebay.com/sch/i.html?_nkw=desk+lamp".into(),
            api_params: ApiParams { query: Some("desk lamp".into()), page: 1, ..ApiParams::default() },
            attempt: 1,
            started_at: DateTime::from_timestamp_millis(1_767_225_600_000).expect("a time"),
        };
        let found = Action::Found { request, items_count: 2, new_sellers_count: 1, seller_found: None, duration_ms: 7 };
        let nil = "00000000-0000-0000-0000-000000000000";
        let expected = json!({
            "id": nil, "seq": 3, "run_id": nil, "timestamp": "2026-01-01T00:00:00.007Z", "worker_id": 2,
            "phase": "ebay", "action": "found", "category": "Lamps", "product_name": "Desk Lamp",
            "url": "https://www.ebay.com/sch/i.html?_nkw=desk+lamp", "api_params": {"query": "desk lamp", "page": 1},
            "attempt": 1, "started_at": "2026-01-01T00:00:00.000Z", "items_count": 2, "new_sellers_count": 1,
            "duration_ms": 7
        });
        assert_eq!(serde_json::to_value(event(found)).expect("JSON"), expected);
    }

    #[test]
    fn a_completed_run_tells_its_scope_and_totals() {
        let totals = Totals { done: 4, failed: 1, skipped: 2, items_count: 9, new_sellers_count: 3 };
        let text = serde_json::to_string(&event(Action::Complete { scope: Scope::Run, totals })).expect("JSON");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            (&value["action"], &value["scope"], &value["items_count"]),
            (&json!("complete"), &json!("run"), &json!(9))
        );
        assert!(!text.contains("null") && !text.contains('\n'));
    }
}
