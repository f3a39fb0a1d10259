//! How many requests a second one caller may send: by its token or session, and by its address where it has none.
//!
//! Each process counts for itself, in bounded memory. Callers learn where they stand from every answer, by the fields
//! `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;
use uuid::Uuid;

use crate::web::auth::shared;
use crate::web::error::Problem;
use crate::web::proxies::address_of;

/// Callers that are counted apart. Where more than these are busy at once, the rest count as one.
const CALLERS_MAX: usize = 10_000;
/// How often those who have been quiet are forgotten, where there is no room for another.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Whoever holds this token or session.
    Token(Uuid),
    /// An address without any; of IPv6 the network, since one customer has all of it.
    Address(IpAddr),
    /// All those for whom there is no room.
    Rest,
}

impl Who {
    /// Whoever is at this address.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self::Address(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))),
            v4 @ IpAddr::V4(_) => Self::Address(v4),
        }
    }

    /// The policy's name.
    fn policy(self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Address(_) | Self::Rest => "address",
        }
    }
}

/// tokio's clock, as the arithmetic reads it.
#[derive(Clone, Copy)]
struct Ticks(Instant);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, Ticks, StateInformationMiddleware>;

/// One caller's requests.
struct Caller {
    limiter: Limiter,
    /// When the last one came.
    seen: Duration,
}

struct Callers {
    known: HashMap<Who, Caller>,
    swept: Duration,
}

/// How many requests each caller has sent lately.
pub struct RateLimits {
    quota: Quota,
    per_second: u32,
    burst: u32,
    callers_max: usize,
    ticks: Ticks,
    callers: Mutex<Callers>,
}

/// Where a caller stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// Requests that it may send at once now.
    left: u32,
    /// How long it must wait before the next; `None` where this one may pass.
    wait: Option<Duration>,
}

impl RateLimits {
    /// So many requests a second for each caller, and so many at once after a quiet time.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let one_or_more = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(one_or_more(per_second)).allow_burst(one_or_more(burst));
        let callers = Mutex::new(Callers { known: HashMap::new(), swept: Duration::ZERO });
        Self { quota, per_second, burst, callers_max: CALLERS_MAX, ticks: Ticks(Instant::now()), callers }
    }

    /// Counts a request.
    fn count(&self, who: Who) -> Standing {
        let now = self.ticks.0.elapsed();
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let who = if callers.has_room_for(who, now, self.callers_max, self.whole_after()) { who } else { Who::Rest };
        let caller = callers.known.entry(who).or_insert_with(|| {
            let limiter = RateLimiter::direct_with_clock(self.quota, self.ticks);
            Caller { limiter: limiter.with_middleware(), seen: now }
        });
        caller.seen = now;
        match caller.limiter.check() {
            Ok(state) => Standing { left: state.remaining_burst_capacity(), wait: None },
            Err(not_until) => Standing { left: 0, wait: Some(not_until.wait_time_from(now)) },
        }
    }

    /// How long it takes until a caller who has used everything up has everything again.
    fn whole_after(&self) -> Duration {
        Duration::from_secs(self.burst.into()) / self.per_second.max(1)
    }

    fn headers(&self, who: Who, standing: Standing) -> [(HeaderName, Option<HeaderValue>); 2] {
        let (name, burst) = (who.policy(), self.burst);
        let window = seconds(self.whole_after());
        let missing = burst.saturating_sub(standing.left);
        let reset = seconds(Duration::from_secs(missing.into()) / self.per_second.max(1));
        let policy = format!("\"{name}\";q={burst};w={window}");
        let left = format!("\"{name}\";r={};t={reset}", standing.left);
        [(POLICY, HeaderValue::try_from(policy).ok()), (STANDING, HeaderValue::try_from(left).ok())]
    }

    fn problem(&self, who: Who, wait: Duration) -> Problem {
        let seconds = seconds(wait);
        let whose = match who {
            Who::Token(_) => "with this token or session",
            Who::Address(_) | Who::Rest => "from this address without a valid token",
        };
        let detail = format!(
            "too many requests came {whose}: {} a second are allowed, and {} at once after a quiet time; send it again in \
             {seconds} s",
            self.per_second, self.burst
        );
        Problem::too_many_requests(detail, seconds)
    }
}

impl Callers {
    /// Whether this caller can be counted apart; forgets those who have been quiet for so long that they may send
    /// everything again.
    fn has_room_for(&mut self, who: Who, now: Duration, callers_max: usize, quiet: Duration) -> bool {
        let is_known = self.known.contains_key(&who);
        if !is_known && self.known.len() >= callers_max && now.saturating_sub(self.swept) >= SWEEP_EVERY {
            self.swept = now;
            self.known.retain(|_, caller| now.saturating_sub(caller.seen) < quiet);
        }
        is_known || self.known.len() < callers_max
    }
}

/// Whole seconds, rounded up, one at least.
fn seconds(time: Duration) -> u64 {
    let whole = time.as_secs();
    (whole + u64::from(time.subsec_nanos() > 0)).max(1)
}

/// Lets a request pass that is not too many, and says on its answer where the caller stands; nobody is nobody's limit.
///
/// The answer is 429 where it is one too many.
///
/// # Errors
/// Those of what comes next, passed on.
pub async fn admit(
    who: Option<Who>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let counted = who.and_then(|who| Some((who, shared(request.request()).ok()?.limits.count(who))));
    let mut answer = match counted {
        Some((who, Standing { wait: Some(wait), .. })) => {
            let problem = shared(request.request()).map(|shared| shared.limits.problem(who, wait));
            request.error_response(problem.unwrap_or_else(|problem| problem))
        }
        _ => next.call(request).await?.map_into_boxed_body(),
    };
    if let Some((who, standing)) = counted {
        tell(who, standing, &mut answer);
    }
    Ok(answer)
}

/// As [`admit`], by the address that the request comes from: for routes that everybody may ask.
///
/// # Errors
/// Those of what comes next, passed on.
pub async fn by_address(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let who = address_of(request.request()).map(Who::at);
    admit(who, request, next).await
}

/// The answer to a request that has no valid token: why, or 429 where too many such come from its address.
pub fn refuse(problem: Problem, request: ServiceRequest) -> ServiceResponse<BoxBody> {
    let who = address_of(request.request()).map(Who::at);
    let (Some(who), Ok(shared)) = (who, shared(request.request())) else { return request.error_response(problem) };
    let standing = shared.limits.count(who);
    let problem = standing.wait.map_or(problem, |wait| shared.limits.problem(who, wait));
    let mut answer = request.error_response(problem);
    tell(who, standing, &mut answer);
    answer
}

fn tell(who: Who, standing: Standing, answer: &mut ServiceResponse<BoxBody>) {
    let headers = shared(answer.request()).map(|shared| shared.limits.headers(who, standing));
    for (name, value) in headers.into_iter().flatten() {
        if let Some(value) = value {
            answer.headers_mut().insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn token(number: u128) -> Who {
        Who::Token(Uuid::from_u128(number))
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_so_many_a_second() {
        let limits = RateLimits::new(10, 3);
        let left: Vec<u32> = (0..3).map(|_| limits.count(token(1)).left).collect();
        assert_eq!(left, [2, 1, 0]);
        let over = limits.count(token(1));
        assert_eq!((over.left, over.wait), (0, Some(Duration::from_millis(100))));
        assert_eq!(limits.count(token(2)).wait, None, "another one's requests are another's");
        advance(Duration::from_millis(100)).await;
        assert_eq!(limits.count(token(1)).wait, None);
        assert!(limits.count(token(1)).wait.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_fields_say_the_policy_and_where_the_caller_stands() {
        let limits = RateLimits::new(100, 250);
        let told = limits.headers(token(1), limits.count(token(1)));
        let words: Vec<String> =
            told.into_iter().map(|(name, value)| format!("{name}: {:?}", value.expect("ASCII"))).collect();
        assert_eq!(words, [r#"ratelimit-policy: "\"token\";q=250;w=3""#, r#"ratelimit: "\"token\";r=249;t=1""#]);
    }

    #[tokio::test(start_paused = true)]
    async fn however_many_come_memory_is_bounded_and_the_quiet_are_forgotten() {
        let limits = RateLimits { callers_max: 100, ..RateLimits::new(10, 10) };
        for number in 0..1_000 {
            limits.count(token(number));
        }
        let known = || limits.callers.lock().expect("no panic while held").known.len();
        assert_eq!(known(), 101, "a hundred, and the rest as one");
        assert!(limits.count(token(5_000)).wait.is_some(), "the rest have used up what one may send");
        assert_eq!(limits.count(token(7)).wait, None, "who was there before is counted apart");
        advance(Duration::from_secs(2)).await;
        assert_eq!(limits.count(token(5_000)).wait, None);
        assert_eq!(known(), 1);
    }

    #[test]
    fn addresses_of_one_network_are_one_caller() {
        let at = |text: &str| Who::at(text.parse().expect("an address"));
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
        assert_ne!(at("10.0.0.1"), at("10.0.0.2"));
    }
}
