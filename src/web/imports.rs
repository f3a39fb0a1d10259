//! Files that people send: read beside the threads that serve, one at a time, and none for longer than somebody waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::HttpRequest;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::domain::ids::OrgId;
use crate::domain::import::ImportFormat;
use crate::domain::import::sheet::Sheet;
use crate::files::{self, Unreadable};
use crate::web::body::{content_type, essence};
use crate::web::error::{Kind, Problem};
use crate::web::query::short;
use crate::web::shares::{Place, Shares};

/// Files that arrive, wait or are read at one time, half of them of one organisation at most: each is up to 32 MiB, and what it unfolds to is a multiple of that.
const FILES_MAX: usize = 4;
/// Files that are imported at one time, half of them of one organisation at most: each has a connection of the database.
const ENTERED_AT_ONCE_MAX: usize = 4;
/// Files that are read at one time.
const READ_AT_ONCE_MAX: usize = 1;
/// Longest wait for a turn.
const TURN_MAX: Duration = Duration::from_secs(20);
/// Longest time for a file to be read.
const READ_SECONDS_MAX: u64 = 60;
/// What programs call one object a line beside its usual name.
const NDJSON_TOO: &str = "application/ndjson";

/// Where files are read.
pub struct Imports {
    seats: Shares,
    /// Apart from the seats: whoever only looks at a file waits for nobody's import.
    entering: Shares,
    turns: Arc<Semaphore>,
}

impl Default for Imports {
    fn default() -> Self {
        let (seats, entering) = (Shares::new(FILES_MAX), Shares::new(ENTERED_AT_ONCE_MAX));
        Self { seats, entering, turns: Arc::new(Semaphore::new(READ_AT_ONCE_MAX)) }
    }
}

impl Imports {
    /// A place for one file of this organisation, from before it arrives until it is done with.
    ///
    /// # Errors
    /// 503 where too many files are there already.
    pub async fn seat(&self, org: OrgId) -> Result<Place, Problem> {
        self.seats.take(org, TURN_MAX).await.map_err(|_| too_many())
    }

    /// A place for one import of this organisation.
    ///
    /// # Errors
    /// 503 where too many go on already.
    pub async fn place(&self, org: OrgId) -> Result<Place, Problem> {
        self.entering.take(org, TURN_MAX).await.map_err(|full| {
            let detail = format!(
                "{} imports go on, which is as many as may at one time; nothing was changed, try again in a moment",
                full.most
            );
            Problem::new(Kind::Unavailable, detail)
        })
    }

    /// What a file says.
    ///
    /// # Errors
    /// 422 where it cannot be taken, 503 where too many wait.
    pub async fn read(&self, declared: Declared, bytes: Vec<u8>) -> Result<Sheet, Problem> {
        let turn = match timeout(TURN_MAX, self.turns.clone().acquire_owned()).await {
            Ok(Ok(turn)) => turn,
            _ => return Err(too_many()),
        };
        let waited_for = WaitedFor::default();
        let given_up = waited_for.given_up.clone();
        let reading = spawn_blocking(move || {
            // Held by the reading itself: one that nobody waits for any more still takes its core.
            let _turn = turn;
            files::read(declared.format, &bytes, declared.charset.as_deref(), &given_up)
        });
        match timeout(Duration::from_secs(READ_SECONDS_MAX), reading).await {
            Ok(Ok(Ok(sheet))) => Ok(sheet),
            Ok(Ok(Err(Unreadable::Bad(error)))) => Err(Problem::invalid_fields(vec![error])),
            Ok(Ok(Err(Unreadable::GivenUp))) | Err(_) => {
                let words = format!("takes longer than {READ_SECONDS_MAX} s to read; divide it");
                Err(Problem::field(Kind::InvalidFields, "file", words))
            }
            Ok(Err(error)) => {
                log::error!("a file of the form {} was not read to its end: {error}", declared.format.as_str());
                let words = "is broken in a way that cannot be told; save it anew, or send it as CSV";
                Err(Problem::field(Kind::InvalidFields, "file", words))
            }
        }
    }
}

fn too_many() -> Problem {
    Problem::new(Kind::Unavailable, "too many files are read just now; nothing was changed, try again in a moment")
}

/// Tells a reading that nobody waits for it any more, once this is gone.
#[derive(Default)]
struct WaitedFor {
    given_up: Arc<AtomicBool>,
}

impl Drop for WaitedFor {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

/// What a request says that its file is.
pub struct Declared {
    /// Its form.
    pub format: ImportFormat,
    /// Its encoding, where it names one.
    charset: Option<String>,
}

impl Declared {
    /// What a request says.
    ///
    /// # Errors
    /// 415 where it says nothing, or something else.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let declared = content_type(request).unwrap_or_default();
        let kind = essence(declared);
        let found = ImportFormat::ALL.into_iter().find(|format| format.media_type() == kind);
        let format = found.or((kind == NDJSON_TOO).then_some(ImportFormat::Ndjson)).ok_or_else(|| {
            let given = if declared.is_empty() { "is missing".to_owned() } else { format!("is {}", short(declared)) };
            let allowed = ImportFormat::ALL.map(ImportFormat::media_type).join(", ");
            Problem::new(Kind::UnsupportedMediaType, format!("Content-Type {given}; allowed is one of {allowed}"))
        })?;
        let parameters = declared.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
        let charset = parameters
            .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
            .find(|(name, value)| name.eq_ignore_ascii_case("charset") && !value.is_empty())
            .map(|(_, value)| value.chars().take(40).collect());
        Ok(Self { format, charset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::CONTENT_TYPE;
    use actix_web::test::TestRequest;

    fn declared(text: &str) -> Result<Declared, Problem> {
        Declared::of(&TestRequest::default().insert_header((CONTENT_TYPE, text)).to_http_request())
    }

    #[test]
    fn a_file_is_what_its_sender_says_it_is() {
        for (text, format, charset) in [
            ("text/csv", ImportFormat::Csv, None),
            ("Text/CSV; header=present; Charset=\"windows-1252\"", ImportFormat::Csv, Some("windows-1252")),
            ("application/ndjson", ImportFormat::Ndjson, None),
            ("application/x-ndjson", ImportFormat::Ndjson, None),
            ("text/plain;charset=utf-8", ImportFormat::Lines, Some("utf-8")),
        ] {
            let declared = declared(text).expect("known");
            assert_eq!((declared.format, declared.charset.as_deref()), (format, charset), "{text}");
        }
        for bad in ["", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/csv+x"] {
            let words = declared(bad).err().expect("refused").to_string();
            assert!(words.contains("allowed is one of text/csv, application/json"), "{words}");
        }
    }

    #[actix_web::test]
    async fn a_reading_that_nobody_waits_for_is_told_so() {
        let given_up = {
            let waited_for = WaitedFor::default();
            waited_for.given_up.clone()
        };
        assert!(given_up.load(Ordering::Relaxed));
    }
}
