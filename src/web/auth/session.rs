//! A browser's session: a secret in a cookie that no script can read, for a week.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::http::uri::Authority;
use chrono::TimeDelta;

use super::token::Secret;
use crate::clock::Clock;
use crate::store::people::sessions::{NewSession, Origin};
use crate::web::proxies::address_of;

/// How long a session lasts, in days.
const SESSION_DAYS: i64 = 7;

/// Most characters that are kept of what a browser calls itself.
const AGENT_CHARS_MAX: usize = 200;

/// A fresh session of whoever sends this request: its secret, and how it is kept.
#[must_use]
pub fn fresh(clock: &Clock, request: &HttpRequest) -> (String, NewSession) {
    let secret = Secret::new(clock);
    let expires_at = clock.now() + TimeDelta::days(SESSION_DAYS);
    (secret.text, NewSession { hash: secret.hash, expires_at, from: origin(request) })
}

fn origin(request: &HttpRequest) -> Origin {
    // What is no ASCII is left out: it is there to be known again, not to be believed.
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let agent = agent.map(|agent| agent.chars().take(AGENT_CHARS_MAX).collect());
    Origin { address: address_of(request), agent }
}

/// The cookie that holds a session.
#[must_use]
pub fn cookie(request: &HttpRequest, text: &str) -> String {
    cookie_for(request, text, SESSION_DAYS * 86_400)
}

/// The cookie that has a browser forget its session.
#[must_use]
pub fn no_cookie(request: &HttpRequest) -> String {
    cookie_for(request, "", 0)
}

fn cookie_for(request: &HttpRequest, text: &str, seconds: i64) -> String {
    let secure = if request.connection_info().scheme() == "https" { "; Secure" } else { "" };
    format!("{}={text}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", cookie_name(request))
}

/// The cookie's name, with the port that the browser asked: its cookies do not tell the ports of a host apart, and two
/// servers on one host would sign each other out.
#[must_use]
pub fn cookie_name(request: &HttpRequest) -> String {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let named = host.and_then(|host| host.parse::<Authority>().ok()).and_then(|host| host.port_u16());
    let port = named.unwrap_or_else(|| request.app_config().local_addr().port());
    format!("gleaner_session_{port}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_session_knows_what_opened_it_within_bounds() {
        let request = TestRequest::default().insert_header((header::USER_AGENT, "x".repeat(1_000)));
        let (_, session) = fresh(&Clock::system(), &request.to_http_request());
        assert_eq!(session.from.agent.map(|agent| agent.len()), Some(AGENT_CHARS_MAX));
    }

    #[test]
    fn the_cookie_is_named_after_the_port_that_was_asked() {
        for (host, name) in [
            ("localhost:9000", "gleaner_session_9000"),
            ("[::1]:81", "gleaner_session_81"),
            ("gleaner.example", "gleaner_session_8080"),
            ("not a host", "gleaner_session_8080"),
        ] {
            let request = TestRequest::default().insert_header((header::HOST, host)).to_http_request();
            assert_eq!(cookie_name(&request), name, "{host}");
        }
    }
}
