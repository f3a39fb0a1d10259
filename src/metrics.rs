//! What is counted for whoever operates the service, in the words of Prometheus. It is told facts and asked for a text; it
//! decides nothing, and nothing here knows a run, an organisation or a person: labels come from closed lists.
//!
//! Counters begin at 0 with the process. What a run spends is counted where its groups are kept ([`Counting`]), from the
//! same row that people see, so both agree.

mod counting;
mod families;
mod process;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::domain::price::Prices;
use crate::domain::run::RunStatus;
use crate::store::PoolSeen;
pub use counting::Counting;
use families::{Families, Kind, Route, RouteStatus, Status};

/// The media type of the text.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Who may read the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches the server.
    #[default]
    Open,
    /// Whoever asks from the same machine.
    Loopback,
    /// Nobody.
    Off,
}

/// What a provider account may send now, all accounts of the process together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LimitsSeen {
    /// Requests a second.
    pub requests_per_second: f64,
    /// Rendered ones a second.
    pub rendered_per_second: f64,
    /// Accounts that the vendor throttles now.
    pub throttled: u32,
}

/// What is looked at when somebody asks, because nobody counts it.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Runs by status; `None` while the database is away.
    pub runs: Option<Vec<(RunStatus, i64)>>,
    /// The connections of the store.
    pub pool: PoolSeen,
    /// Open live streams.
    pub subscribers: u32,
}

/// Says what provider accounts may send.
type Limits = Arc<dyn Fn() -> LimitsSeen + Send + Sync>;

/// The numbers of this process; cheap to clone, all clones count together.
#[derive(Clone)]
pub struct Metrics {
    /// Who may read them.
    pub access: Access,
    registry: Arc<Registry>,
    families: Families,
    prices: Option<Prices>,
    limits: Limits,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(Access::default(), None, Arc::new(LimitsSeen::default))
    }
}

impl Metrics {
    /// Numbers that are all 0; `limits` is asked each time.
    #[must_use]
    pub fn new(access: Access, prices: Option<Prices>, limits: Limits) -> Self {
        let mut registry = Registry::default();
        let families = Families::registered(&mut registry);
        registry.register_collector(Box::new(process::Process));
        Self { access, registry: Arc::new(registry), families, prices, limits }
    }

    /// What provider accounts may send now.
    #[must_use]
    pub fn limits(&self) -> LimitsSeen {
        (self.limits)()
    }

    /// An actor of this kind died and another took its place.
    pub fn replaced(&self, actor: &'static str) {
        self.families.restarts.get_or_create(&families::Actor { actor }).inc();
    }

    /// A live feed was let go, since its reader did not read.
    pub fn let_go(&self) {
        self.families.dropped.inc();
    }

    /// A password was worked out, for whomever.
    pub fn password_checked(&self) {
        self.families.passwords.inc();
    }

    /// A request was answered. `route` is a template, never a path.
    pub fn answered(&self, route: Option<&str>, method: &str, status: u16, took: Duration) {
        // Braces would end the labels for readers that look for the first one.
        let route = route.unwrap_or("unmatched").replace('{', ":").replace('}', "");
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("other");
        let counted = RouteStatus { route: route.clone(), method, status };
        self.families.http.get_or_create(&counted).inc();
        self.families.http_seconds.get_or_create(&Route { route, method }).observe(took.as_secs_f64());
    }

    /// Everything as text, with what was looked at just now.
    #[must_use]
    pub fn text(&self, looked: &Looked) -> String {
        let families = &self.families;
        families.database_up.set(i64::from(looked.runs.is_some()));
        families.runs.clear();
        for (status, count) in looked.runs.iter().flatten() {
            families.runs.get_or_create(&Status { status: status.as_str() }).set(*count);
        }
        let PoolSeen { max, size, idle, waiting } = looked.pool;
        for (gauge, value) in [
            (&families.pool_max, max),
            (&families.pool_size, size),
            (&families.pool_idle, idle),
            (&families.pool_waiting, waiting),
        ] {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
        families.subscribers.set(i64::from(looked.subscribers));
        let LimitsSeen { requests_per_second, rendered_per_second, throttled } = self.limits();
        families.limit.get_or_create(&Kind { kind: "any" }).set(requests_per_second);
        families.limit.get_or_create(&Kind { kind: "rendered" }).set(rendered_per_second);
        families.throttled.set(i64::from(throttled));
        let mut text = String::new();
        // Writing to memory cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Methods that have a name of their own; anybody may send others.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_strangers_send_makes_no_new_label() {
        let metrics = Metrics::default();
        for index in 0..100 {
            metrics.answered(None, &format!("X{index}"), 404, Duration::ZERO);
        }
        metrics.answered(Some("/collection/runs/{id}"), "GET", 200, Duration::ZERO);
        let text = metrics.text(&Looked::default());
        let counted: Vec<&str> = text.lines().filter(|line| line.starts_with("gleaner_http_requests_total")).collect();
        assert_eq!(counted.len(), 2, "{counted:?}");
        assert!(counted.iter().any(|line| line.contains("\"other\"") && line.ends_with(" 100")), "{counted:?}");
        assert!(counted.iter().any(|line| line.contains("\"/collection/runs/:id\"")), "{counted:?}");
        assert!(text.contains("gleaner_database_up 0") && !text.contains("gleaner_runs{"), "{text}");
    }

    #[test]
    fn the_process_says_what_it_uses() {
        let text = Metrics::default().text(&Looked::default());
        for name in ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"] {
            let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).expect(name);
            let value: f64 = line.rsplit(' ').next().expect("a value").parse().expect("a number");
            assert!(value > 0.0 || name.contains("cpu"), "{line}");
        }
    }
}
