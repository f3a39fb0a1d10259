//! Every number with its name, its help and its labels, on one page.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// A status of runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Status {
    pub status: &'static str,
}

/// A phase.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Phase {
    pub phase: &'static str,
}

/// How tasks of a phase ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TaskEnd {
    pub phase: &'static str,
    pub outcome: &'static str,
}

/// What came of a request, and what the vendor made of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
    pub outcome: &'static str,
    pub billed: &'static str,
    pub rendered: &'static str,
}

/// A currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Currency {
    pub currency: String,
}

/// A kind of actor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Actor {
    pub actor: &'static str,
}

/// A kind of requests that a provider limits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Kind {
    pub kind: &'static str,
}

/// Why a group was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reason {
    pub reason: &'static str,
}

/// A route of the server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Route {
    pub route: String,
    pub method: &'static str,
}

/// A route and what it answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteStatus {
    pub route: String,
    pub method: &'static str,
    pub status: u16,
}

type Money = Counter<f64, AtomicU64>;
type Rate = Gauge<f64, AtomicU64>;

/// All of them; clones are the same numbers.
#[derive(Clone)]
pub struct Families {
    pub runs: Family<Status, Gauge>,
    pub takeovers: Counter,
    pub tasks: Family<TaskEnd, Counter>,
    pub sellers_found: Counter,
    pub sellers_new: Counter,
    pub requests: Family<Request, Counter>,
    pub request_seconds: Family<Phase, Histogram>,
    pub repeated: Counter,
    pub spend: Family<Currency, Money>,
    pub restarts: Family<Actor, Counter>,
    pub group_entries: Histogram,
    pub group_seconds: Histogram,
    pub groups_waiting: Gauge,
    pub groups_not_kept: Family<Reason, Counter>,
    pub events: Counter,
    pub subscribers: Gauge,
    pub dropped: Counter,
    pub database_up: Gauge,
    pub pool_max: Gauge,
    pub pool_size: Gauge,
    pub pool_idle: Gauge,
    pub pool_waiting: Gauge,
    pub limit: Family<Kind, Rate>,
    pub throttled: Gauge,
    pub passwords: Counter,
    pub http: Family<RouteStatus, Counter>,
    pub http_seconds: Family<Route, Histogram>,
}

/// A provider answers after tenths of a second up to minutes.
fn request_seconds() -> Histogram {
    Histogram::new([0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 180.0])
}

/// A route answers after milliseconds.
fn http_seconds() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 10.0])
}

impl Families {
    /// All of them at 0, named in this registry. Counters get their `_total` when they are written.
    pub fn registered(registry: &mut Registry) -> Self {
        let families = Self {
            runs: Family::default(),
            takeovers: Counter::default(),
            tasks: Family::default(),
            sellers_found: Counter::default(),
            sellers_new: Counter::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(request_seconds),
            repeated: Counter::default(),
            spend: Family::default(),
            restarts: Family::default(),
            group_entries: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]),
            group_seconds: Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0]),
            groups_waiting: Gauge::default(),
            groups_not_kept: Family::default(),
            events: Counter::default(),
            subscribers: Gauge::default(),
            dropped: Counter::default(),
            database_up: Gauge::default(),
            pool_max: Gauge::default(),
            pool_size: Gauge::default(),
            pool_idle: Gauge::default(),
            pool_waiting: Gauge::default(),
            limit: Family::default(),
            throttled: Gauge::default(),
            passwords: Counter::default(),
            http: Family::default(),
            http_seconds: Family::new_with_constructor(http_seconds),
        };
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("gleaner_build", "The version that runs", build);
        families.register_runs(registry);
        families.register_rest(registry);
        families
    }

    fn register_runs(&self, to: &mut Registry) {
        to.register("gleaner_runs", "Runs in the database by status, of all engines", self.runs.clone());
        to.register("gleaner_run_takeovers", "Runs that this engine began to work on", self.takeovers.clone());
        to.register("gleaner_tasks", "Tasks that came to an end, by phase and outcome", self.tasks.clone());
        to.register("gleaner_sellers_found", "Distinct sellers that runs saw", self.sellers_found.clone());
        to.register("gleaner_sellers_new", "Of those, new ones", self.sellers_new.clone());
        let help = "Provider requests whose outcome is kept, by outcome and by what the vendor charges";
        to.register("gleaner_provider_requests", help, self.requests.clone());
        let help = "Time on the wire of provider requests, by phase";
        to.register("gleaner_provider_request_duration_seconds", help, self.request_seconds.clone());
        let help = "Requests that were cut off and are asked for again: perhaps paid twice";
        to.register("gleaner_provider_requests_repeated", help, self.repeated.clone());
        let help = "Spend in major units of the currency, where prices are configured";
        to.register("gleaner_spend", help, self.spend.clone());
        to.register("gleaner_limiter_requests_per_second", "What the limiter lets through", self.limit.clone());
        to.register("gleaner_limiter_throttled", "Accounts that the vendor throttles now", self.throttled.clone());
    }

    fn register_rest(&self, to: &mut Registry) {
        to.register("gleaner_actor_restarts", "Actors that died and were replaced, by kind", self.restarts.clone());
        let help = "Entries that a run's recorder kept in one transaction";
        to.register("gleaner_recorder_group_entries", help, self.group_entries.clone());
        let help = "Time that such a transaction took";
        to.register("gleaner_recorder_group_duration_seconds", help, self.group_seconds.clone());
        let help = "Groups that are on their way to the database now";
        to.register("gleaner_recorder_groups_waiting", help, self.groups_waiting.clone());
        let help = "Groups that the database did not keep when they were sent, by reason; they are sent again";
        to.register("gleaner_recorder_groups_not_kept", help, self.groups_not_kept.clone());
        to.register("gleaner_events_told", "Activity events that were kept and told", self.events.clone());
        to.register("gleaner_stream_subscribers", "Live streams that are open", self.subscribers.clone());
        let help = "Live feeds that were let go since their reader fell behind; it goes on from the stored events";
        to.register("gleaner_stream_dropped", help, self.dropped.clone());
        to.register("gleaner_database_up", "Whether the database answered just now", self.database_up.clone());
        to.register("gleaner_database_pool_max", "Connections that the pool may hold", self.pool_max.clone());
        to.register("gleaner_database_pool_size", "Connections that it holds", self.pool_size.clone());
        to.register("gleaner_database_pool_idle", "Of those, unused ones", self.pool_idle.clone());
        to.register("gleaner_database_pool_waiting", "Requests that wait for one", self.pool_waiting.clone());
        let help =
            "Passwords that were worked out to sign somebody in, right or wrong, also for accounts that are not there";
        to.register("gleaner_password_checks", help, self.passwords.clone());
        to.register("gleaner_http_requests", "Answers by route, method and status", self.http.clone());
        let help = "Time until an answer began, by route and method";
        to.register("gleaner_http_request_duration_seconds", help, self.http_seconds.clone());
    }
}
