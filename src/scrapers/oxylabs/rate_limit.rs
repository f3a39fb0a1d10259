//! The vendor's rate limit headers. Their names hold an id of the plan, so they are found by how they begin and end.

use awc::http::header::{HeaderMap, HeaderValue};

const PREFIX: &str = "x-ratelimit-total-requests-";
const RENDERED_PREFIX: &str = "x-ratelimit-total-render-requests-";
/// Most requests a second that are believed: many times the largest plan.
pub const LIMIT_MAX: u32 = 10_000;

/// How many requests a second the plan allows, and how many of this second are left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a second.
    pub limit: Option<u32>,
    /// Of those, not yet used when the request came.
    pub remaining: Option<u32>,
}

/// What the headers of an answer say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Of requests of any kind.
    pub requests: RateLimit,
    /// Of rendered ones.
    pub rendered: RateLimit,
}

impl RateLimits {
    /// What the headers of an answer say. `_` is taken for `-`: proxies change one into the other. What can be no number
    /// of requests, or no limit, is as good as not there.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        for (name, value) in headers {
            let name = name.as_str().replace('_', "-");
            let (rest, said) = if let Some(rest) = name.strip_prefix(PREFIX) {
                (rest, &mut found.requests)
            } else if let Some(rest) = name.strip_prefix(RENDERED_PREFIX) {
                (rest, &mut found.rendered)
            } else {
                continue;
            };
            if rest.ends_with("-limit") {
                said.limit = number(value).filter(|limit| is_limit(*limit)).or(said.limit);
            } else if rest.ends_with("-remaining") {
                said.remaining = number(value).or(said.remaining);
            }
        }
        found
    }
}

/// Whether a plan can allow this.
pub fn is_limit(number: u32) -> bool {
    (1..=LIMIT_MAX).contains(&number)
}

/// A whole number, as it is or as a quoted text.
fn number(value: &HeaderValue) -> Option<u32> {
    value.to_str().ok()?.trim().trim_matches('"').trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use awc::http::header::HeaderName;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_plans_limits_are_found_whatever_its_id_is_and_rendered_ones_apart() {
        for name in ["x-ratelimit-total-requests-7f1c-41d0-limit", "x_ratelimit_total_requests_7f1c_41d0_limit"] {
            let said = RateLimits::of(&headers(&[
                (name, "50"),
                ("x-ratelimit-total-render-requests-7f1c-limit", "\"13\""),
                ("x-ratelimit-total-render-requests-7f1c-remaining", "0"),
            ]));
            assert_eq!(said.requests, RateLimit { limit: Some(50), remaining: None });
            assert_eq!(said.rendered, RateLimit { limit: Some(13), remaining: Some(0) });
        }
    }

    #[test]
    fn what_can_be_no_limit_is_as_good_as_not_there() {
        for nonsense in ["0", "-1", "many", "", "1000000000000000000000000000000", "10001", "5.5", "50, 60"] {
            let said = RateLimits::of(&headers(&[
                ("x-ratelimit-total-requests-a-limit", nonsense),
                ("x-ratelimit-total-render-requests-a-limit", nonsense),
                ("x-ratelimit-total-requests-a-remaining", "-7"),
            ]));
            assert_eq!(said, RateLimits::default(), "{nonsense}");
        }
    }
}
