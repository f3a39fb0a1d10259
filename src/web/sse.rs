//! The live stream of a run: Server-Sent Events, as the WHATWG HTML standard defines them.
//!
//! `resume` says where a subscriber begins, `follow` what it is sent and when, `source` where that comes from, `frame`
//! how it looks on the wire. This file turns it into an answer. Nothing here slows a run: the connection pulls.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use actix_web_lab::sse::{Event, Sse};
use futures_util::StreamExt;

mod alarm;
mod follow;
mod frame;
mod resume;
mod seats;
mod source;

pub use follow::{Follow, KEEPALIVE, PROGRESS_GAP};
pub use frame::Frame;
pub use resume::{BACKLOG_EVENTS, Begin};
pub use seats::{Seat, Seats};
pub use source::{ActivitySource, RunActivity, Snapshot};

/// How long a browser waits before it comes back.
const RETRY: Duration = Duration::from_secs(2);

/// The answer that sends a subscriber its frames until `shut`; `seat` is given back when the connection ends.
pub fn answer<S: ActivitySource + 'static>(
    follow: Follow<S>,
    seat: Option<Seat>,
    shut: impl Future<Output = ()> + 'static,
    request: &HttpRequest,
) -> HttpResponse {
    let events = follow.frames().take_until(Box::pin(shut)).map(move |frame| {
        let _held_while_the_stream_lives = &seat;
        Ok::<_, Infallible>(Event::from(frame))
    });
    let mut answer = Sse::from_stream(events).with_retry_duration(RETRY).respond_to(request);
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    answer
}
