//! `gleaner watch`: a run's live feed, one line an event, until the run ends. A connection that is lost is opened again
//! behind the last event that was shown, so nothing is missed and nothing is shown twice.

use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use super::feed::{Feed, Message};
use super::line;
use super::server::{Server, Unanswered};
use super::which::Seen;
use crate::cli::signals::Stop;
use crate::cli::{Failure, tell};

/// Events from before that are shown where nobody asks for all.
const BACKLOG: i64 = 100;
/// Longest silence of a stream: the server says something every 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(50);
/// Wait before a lost connection is opened again, where the server names none; and the longest that it may name.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(10);
/// How long a server may be away before it is given up.
const AWAY_MAX: Duration = Duration::from_secs(600);
/// Exit status where a person ended the watching.
const INTERRUPTED: u8 = 130;

/// Why a stream was left.
enum Left {
    /// The run has ended.
    Ended,
    /// The connection is gone, for this reason.
    Lost(String),
}

/// What has been shown.
struct View<'a, W> {
    out: &'a mut W,
    json: bool,
    colours: bool,
    /// The newest event that was shown.
    last: i64,
    /// How long to wait after a break.
    again: Duration,
    /// Since when there is no connection.
    away: Option<Instant>,
}

#[derive(Deserialize)]
struct Numbered {
    seq: i64,
}

/// Shows a run until it ends, and says how it ended by the exit status: 0 completed, 1 failed or cancelled.
///
/// # Errors
/// What the server refuses, and where it stays away.
pub async fn run(
    server: &Server,
    run: &Seen,
    from_start: bool,
    json: bool,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let stop = Stop::listen()?;
    let last = if from_start { 0 } else { (run.last_event_id - BACKLOG).max(0) };
    let colours = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut view = View { out, json, colours, last, again: AGAIN, away: None };
    tokio::select! {
        ended = view.until_the_end(server, run) => ended?,
        () = stop.asked() => {
            tell(format_args!("{} goes on; `gleaner watch {}` shows it again", run.title(), run.number));
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }
    let text = server.get(&format!("/collection/runs/{}", run.id)).await?;
    let ended: Seen = serde_json::from_str(&text)?;
    tell(format_args!(
        "{} is {}: {} of {} products searched, {} failed, {} sellers found, {} new, {} requests",
        ended.title(),
        line::clean(&ended.state),
        ended.products_searched,
        ended.products_total,
        ended.failed_items,
        ended.sellers_found,
        ended.sellers_new,
        ended.requests_made,
    ));
    Ok(if ended.status == "completed" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl<W: Write> View<'_, W> {
    async fn until_the_end(&mut self, server: &Server, run: &Seen) -> Result<(), Failure> {
        let path = format!("/collection/runs/{}/activity", run.id);
        loop {
            let Left::Lost(words) = self.follow(server, &path).await? else { return Ok(()) };
            let since = match self.away {
                Some(since) => since,
                None => {
                    tell(format_args!(
                        "the feed is interrupted ({words}); it is opened again behind event {}",
                        self.last
                    ));
                    *self.away.insert(Instant::now())
                }
            };
            if since.elapsed() >= AWAY_MAX {
                return Err(format!("given up after {} minutes: {words}", AWAY_MAX.as_secs() / 60).into());
            }
            sleep(self.again).await;
        }
    }

    /// One connection, from its opening to its loss.
    async fn follow(&mut self, server: &Server, path: &str) -> Result<Left, Failure> {
        let mut answer = match server.stream(path, self.last).await {
            Ok(Some(answer)) => answer,
            Ok(None) => return Ok(Left::Ended),
            Err(Unanswered::Away(words)) => return Ok(Left::Lost(words)),
            Err(Unanswered::Refused { status, words }) if status.is_server_error() || status.as_u16() == 429 => {
                return Ok(Left::Lost(words));
            }
            Err(refused) => return Err(refused.into()),
        };
        let mut feed = Feed::default();
        loop {
            let piece = match timeout(SILENCE_MAX, answer.next()).await {
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(error))) => return Ok(Left::Lost(error.to_string())),
                Ok(None) => return Ok(Left::Lost("the server closed it".to_owned())),
                Err(_) => return Ok(Left::Lost(format!("nothing came for {} s", SILENCE_MAX.as_secs()))),
            };
            let Ok(messages) = feed.take(&piece) else {
                return Err(format!("what answers at {} sends no feed", server.base()).into());
            };
            self.again = feed.retry_ms.map_or(AGAIN, Duration::from_millis).min(AGAIN_MAX);
            for message in messages {
                if self.show(&message)? {
                    return Ok(Left::Ended);
                }
            }
            self.out.flush()?;
        }
    }

    /// Shows a message; true where it is the last.
    fn show(&mut self, message: &Message) -> Result<bool, Failure> {
        if self.away.take().is_some() {
            tell("the feed is back");
        }
        if !message.event.is_empty() {
            return Ok(message.event == "end");
        }
        let Ok(Numbered { seq }) = serde_json::from_str(&message.data) else { return Ok(false) };
        if seq <= self.last {
            return Ok(false);
        }
        if seq > self.last + 1 {
            // Events of old runs are thrown away after a while.
            tell(format_args!("events {} to {} are not kept any more", self.last + 1, seq - 1));
        }
        self.last = seq;
        let text = if self.json { Some(message.data.clone()) } else { line::of(&message.data, self.colours) };
        if let Some(text) = text {
            writeln!(self.out, "{text}")?;
        }
        Ok(false)
    }
}
