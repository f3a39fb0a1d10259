//! What a sandbox is told: at its start, and through the admin routes while it runs. Forms and bounds only.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Longest latency and hang, in milliseconds.
pub const WAIT_MS_MAX: u64 = 600_000;
/// How long a hanging request is held by default: longer than clients of the sandbox wait, short enough to end.
const HANG_MS_DEFAULT: u64 = 10_000;

/// A sandbox before it starts.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The port on this machine; 0 takes a free one.
    pub port: u16,
    /// Decides the marketplace and every draw.
    pub seed: u64,
    /// How long answers take.
    pub latency: Latency,
    /// What goes wrong.
    pub faults: Faults,
    /// How much it takes.
    pub limits: Limits,
    /// A folder with a list of products and captured pages to answer from, in place of the marketplace.
    pub replay: Option<PathBuf>,
}

/// The user that the sandbox asks for.
pub const USERNAME: &str = "sandbox";
/// Its password: no secret, the sandbox listens on this machine alone.
pub const PASSWORD: &str = "sandbox";

/// How long answers take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    /// Milliseconds: the time, or the median of the times.
    pub ms: u64,
    /// How the times are spread.
    pub spread: Spread,
}

/// How latencies are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// All alike.
    #[default]
    Fixed,
    /// Around a median, a few much longer; never over four times the median.
    Lognormal,
}

/// What can be done to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The vendor's own time limit.
    Http408,
    /// Too many requests; does no harm to a page.
    Http429,
    /// 500, 503 or 524.
    Http5xx,
    /// HTTP 200 around a target that the vendor gave up on.
    GaveUp613,
    /// A body that is no JSON.
    MalformedJson,
    /// A body that ends before its announced length.
    CutBody,
    /// A bot check or error page in place of results.
    BlockPage,
    /// A gallery, which shows no sellers.
    WrongView,
    /// No answer.
    Hang,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Http408,
        Self::Http429,
        Self::Http5xx,
        Self::GaveUp613,
        Self::MalformedJson,
        Self::CutBody,
        Self::BlockPage,
        Self::WrongView,
        Self::Hang,
    ];

    /// The name that routes and counts use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http408 => "http408",
            Self::Http429 => "http429",
            Self::Http5xx => "http5xx",
            Self::GaveUp613 => "gave_up613",
            Self::MalformedJson => "malformed_json",
            Self::CutBody => "cut_body",
            Self::BlockPage => "block_page",
            Self::WrongView => "wrong_view",
            Self::Hang => "hang",
        }
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Share of all requests that fail, 0 to 1, over every kind together.
    pub rate: f64,
    /// How often each kind comes in relation to the others; empty stands for all alike.
    pub kinds: BTreeMap<FaultKind, f64>,
    /// Draw each request for itself. Otherwise no page fails more than twice in a row.
    pub independent: bool,
    /// Share of pages that fail every time, 0 to 1.
    pub permanent: f64,
    /// How long a hanging request is held, in milliseconds.
    pub hang_ms: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self { rate: 0.0, kinds: BTreeMap::new(), independent: false, permanent: 0.0, hang_ms: HANG_MS_DEFAULT }
    }
}

/// How much a sandbox takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests a second; none takes all and sends no rate limit headers.
    pub per_second: Option<u32>,
    /// Of those, rendered ones; none takes all.
    pub rendered_per_second: Option<u32>,
    /// The target's domain is throttled to one request a second.
    pub domain_throttled: bool,
}

/// A time in which every request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, untagged)]
pub enum Outage {
    /// From now on, or over.
    Switch {
        /// Every request fails.
        on: bool,
    },
    /// After so many more requests.
    Window {
        /// Requests that are still answered.
        after: u64,
        /// Requests that then fail; none stands for all.
        #[serde(rename = "for", default)]
        lasts: Option<u64>,
    },
}

impl Latency {
    /// What is out of its bounds, with what is allowed.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self) -> Result<(), String> {
        within_ms("ms", self.ms)
    }
}

impl Faults {
    /// What is out of its bounds, with what is allowed.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self) -> Result<(), String> {
        share("rate", self.rate)?;
        share("permanent", self.permanent)?;
        within_ms("hang_ms", self.hang_ms)?;
        if let Some((kind, weight)) = self.kinds.iter().find(|(_, weight)| !weight.is_finite() || **weight < 0.0) {
            return Err(format!("kinds.{}: {weight} is not allowed; 0 and more is", kind.as_str()));
        }
        if !self.kinds.is_empty() && self.kinds.values().sum::<f64>() <= 0.0 {
            return Err("kinds: all of them are 0; at least one must be more".to_owned());
        }
        Ok(())
    }
}

impl Limits {
    /// What is out of its bounds, with what is allowed.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self) -> Result<(), String> {
        for (field, limit) in [("per_second", self.per_second), ("rendered_per_second", self.rendered_per_second)] {
            if limit == Some(0) {
                return Err(format!("{field}: 0 is not allowed; 1 and more is, and null takes all"));
            }
        }
        Ok(())
    }
}

fn share(field: &str, value: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(format!("{field}: {value} is not allowed; 0 to 1 is")) }
}

fn within_ms(field: &str, value: u64) -> Result<(), String> {
    if value <= WAIT_MS_MAX { Ok(()) } else { Err(format!("{field}: {value} is not allowed; 0 to {WAIT_MS_MAX} is")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_out_of_bounds_is_named() {
        let faults = |rate| Faults { rate, ..Faults::default() };
        assert_eq!(faults(0.1).check(), Ok(()));
        for rate in [-0.1, 1.1, f64::NAN] {
            assert!(faults(rate).check().expect_err("out of bounds").starts_with("rate: "));
        }
        let zero = Faults { kinds: BTreeMap::from([(FaultKind::Hang, 0.0)]), ..Faults::default() };
        assert!(zero.check().expect_err("nothing to draw").starts_with("kinds: "));
        assert!(Latency { ms: WAIT_MS_MAX + 1, spread: Spread::Fixed }.check().is_err());
        assert!(Limits { per_second: Some(0), ..Limits::default() }.check().is_err());
    }

    #[test]
    fn kinds_have_one_name_everywhere() {
        for kind in FaultKind::ALL {
            assert_eq!(serde_json::to_value(kind).expect("a name"), json!(kind.as_str()));
        }
    }

    #[test]
    fn an_outage_is_a_switch_or_a_window() {
        let read = |value| serde_json::from_value::<Outage>(value).ok();
        assert_eq!(read(json!({"on": true})), Some(Outage::Switch { on: true }));
        assert_eq!(read(json!({"after": 5})), Some(Outage::Window { after: 5, lasts: None }));
        assert_eq!(read(json!({"after": 5, "for": 3})), Some(Outage::Window { after: 5, lasts: Some(3) }));
        assert_eq!(read(json!({"off": true})), None);
    }
}
