//! The vendor's rate limit headers. Their names hold an id of the plan, so they are found by how they begin and end.

use awc::http::header::HeaderMap;

const PREFIX: &str = "x-ratelimit-total-requests-";

/// How many requests a second the plan allows, and how many of this second are left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a second.
    pub limit: Option<u64>,
    /// Of those, not yet used.
    pub remaining: Option<u64>,
}

impl RateLimit {
    /// What the headers of an answer say. `_` is taken for `-`: proxies change one into the other.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        for (name, value) in headers {
            let name = name.as_str().replace('_', "-");
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
            if rest.ends_with("-limit") {
                found.limit = number;
            } else if rest.ends_with("-remaining") {
                found.remaining = number;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use awc::http::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_plans_limit_is_found_whatever_its_id_is() {
        for name in ["x-ratelimit-total-requests-7f1c-41d0-limit", "x_ratelimit_total_requests_7f1c_41d0_limit"] {
            let limit =
                RateLimit::of(&headers(&[(name, "50"), ("x-ratelimit-total-render-requests-7f1c-limit", "13")]));
            assert_eq!(limit, RateLimit { limit: Some(50), remaining: None });
        }
        let both =
            headers(&[("x-ratelimit-total-requests-a-limit", "50"), ("x-ratelimit-total-requests-a-remaining", "0")]);
        assert_eq!(RateLimit::of(&both), RateLimit { limit: Some(50), remaining: Some(0) });
        assert_eq!(RateLimit::of(&headers(&[("x-ratelimit-total-requests-a-limit", "many")])), RateLimit::default());
    }
}
