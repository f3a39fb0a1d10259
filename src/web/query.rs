//! Query parameters: read once, by name; an unknown or a doubled one is refused with its name.

use std::collections::BTreeMap;
use std::str::FromStr;

use actix_web::{HttpMessage, HttpRequest};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use crate::web::cursor::Cursor;
use crate::web::error::Problem;

/// Rows of a page where the caller names no limit.
pub const LIMIT_DEFAULT: i64 = 50;
/// Most rows of a page.
pub const LIMIT_MAX: i64 = 500;
/// What is wrong with a span that ends where it begins, or before.
pub const NOT_AFTER: &str = "is not after from; a later moment is allowed";
/// Most characters of a caller's text that an error message repeats.
const TEXT_CHARS_MAX: usize = 60;

/// The query that a page asks the API with, in place of its own: it stands among the request's extensions.
pub struct Instead(pub String);

/// Where a span of time begins, and where it ends; it is open where nothing is said.
pub type Span = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// The parameters of one request.
pub struct Query {
    values: BTreeMap<String, String>,
}

impl Query {
    /// Reads the parameters; `known` are those that this route takes.
    ///
    /// # Errors
    /// A problem that names a parameter which is unknown or stands twice.
    pub fn of(request: &HttpRequest, known: &[&str]) -> Result<Self, Problem> {
        let mut values = BTreeMap::new();
        let extensions = request.extensions();
        let text = extensions.get::<Instead>().map_or_else(|| request.query_string(), |instead| &instead.0);
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if !known.contains(&name.as_ref()) {
                let allowed =
                    if known.is_empty() { "none is".to_owned() } else { format!("known are {}", known.join(", ")) };
                return Err(Problem::bad_request(&cut(&name), format!("no such query parameter; {allowed}")));
            }
            if values.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Problem::bad_request(&name, "stands more than once; give it once"));
            }
        }
        Ok(Self { values })
    }

    /// The text of a parameter; an empty one counts as absent.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// What was given of these parameters, as it was written.
    #[must_use]
    pub fn given(&self, names: &[&str]) -> BTreeMap<String, String> {
        let given = names.iter().filter_map(|name| self.text(name).map(|text| ((*name).to_owned(), text.to_owned())));
        given.collect()
    }

    /// How many rows a page holds.
    ///
    /// # Errors
    /// A problem that names `limit` and what is allowed.
    pub fn limit(&self) -> Result<i64, Problem> {
        let Some(text) = self.text("limit") else { return Ok(LIMIT_DEFAULT) };
        text.parse::<i64>().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(|| {
            Problem::bad_request(
                "limit",
                format!("{} is not allowed; a whole number from 1 to {LIMIT_MAX} is", short(text)),
            )
        })
    }

    /// Where the page begins.
    ///
    /// # Errors
    /// A problem that names `cursor`.
    pub fn cursor(&self) -> Result<Option<Cursor>, Problem> {
        self.text("cursor").map(Cursor::from_text).transpose()
    }

    /// What the list's own cursor says of where the page begins; nothing for the first page.
    ///
    /// # Errors
    /// A problem that names `cursor`, also for one that another list gave.
    pub fn after<T>(&self, of_this_list: impl FnOnce(Cursor) -> Option<T>) -> Result<Option<T>, Problem> {
        let Some(cursor) = self.cursor()? else { return Ok(None) };
        of_this_list(cursor).map(Some).ok_or_else(Cursor::refused)
    }

    /// One of a closed list of words.
    ///
    /// # Errors
    /// A problem that names the parameter and the words that are allowed.
    pub fn one_of<T: Copy>(
        &self,
        name: &str,
        all: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let found = all.iter().copied().find(|value| word(*value) == text);
        found.map(Some).ok_or_else(|| {
            let words = all.iter().map(|value| word(*value)).collect::<Vec<_>>().join(", ");
            Problem::bad_request(name, format!("{} is not allowed; one of {words} is", short(text)))
        })
    }

    /// True or false.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.one_of(name, &[false, true], |flag| if flag { "true" } else { "false" })
    }

    /// An id.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn id<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse()
            .map(Some)
            .map_err(|_| Problem::bad_request(name, format!("{} is no id; allowed is a UUID", short(text))))
    }

    /// A moment, or the beginning of a day in UTC, in years that a database and people can write.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn moment(&self, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let day = || text.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)).map(|at| at.and_utc());
        let at = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()).or_else(day);
        at.filter(|at| (1970..10_000).contains(&at.year())).map(Some).ok_or_else(|| {
            let allowed = "a day such as 2026-11-24 or a time such as 2026-11-24T08:00:00Z (with + written as %2B) is";
            Problem::bad_request(name, format!("{} is not allowed; {allowed}", short(text)))
        })
    }

    /// A span of time, of which `from` is within and `to` is not; each a day or a moment, as [`Self::moment`] takes them.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn span(&self) -> Result<Span, Problem> {
        let (from, to) = (self.moment("from")?, self.moment("to")?);
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err(Problem::bad_request("to", NOT_AFTER));
        }
        Ok((from, to))
    }

    /// What tells this query from others, whatever the page: a cursor carries it, and is refused by another query.
    #[must_use]
    pub fn binding(&self) -> String {
        let asked = self.values.iter().filter(|(name, _)| !["cursor", "limit", "skip"].contains(&name.as_str()));
        let mut hash = Sha256::new();
        for (name, value) in asked.filter(|(_, value)| !value.is_empty()) {
            for part in [name, value] {
                hash.update(part.len().to_le_bytes());
                hash.update(part);
            }
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A whole number, not negative.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        whole_number(text).map(Some).ok_or_else(|| {
            Problem::bad_request(name, format!("{} is not allowed; a whole number from 0 on is", short(text)))
        })
    }
}

/// A whole number written in digits alone, within an `i64`.
#[must_use]
pub fn whole_number(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A caller's text for an error message: cut where it is long, quoted.
#[must_use]
pub fn short(text: &str) -> String {
    let cut: String = text.chars().take(TEXT_CHARS_MAX).collect();
    if cut.len() < text.len() { format!("{cut:?}...") } else { format!("{cut:?}") }
}

/// As [`short`], without quotes: the name of a field.
#[must_use]
pub fn cut(text: &str) -> String {
    let cut: String = text.chars().take(TEXT_CHARS_MAX).collect();
    if cut.len() < text.len() { format!("{cut}...") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn query(text: &str) -> Result<Query, Problem> {
        let request = TestRequest::with_uri(&format!("/x?{text}")).to_http_request();
        Query::of(&request, &["limit", "cursor", "status"])
    }

    #[test]
    fn unknown_and_doubled_parameters_are_named() {
        let unknown = query("staus=failed").err().expect("refused").to_string();
        assert!(unknown.starts_with("staus: no such query parameter") && unknown.contains("status"), "{unknown}");
        assert!(query("limit=1&limit=2").err().expect("refused").to_string().contains("limit"));
    }

    #[test]
    fn limits_out_of_bounds_are_refused_and_absent_ones_have_a_default() {
        assert_eq!(query("").expect("fine").limit().expect("fine"), LIMIT_DEFAULT);
        assert_eq!(query("limit=500").expect("fine").limit().expect("fine"), 500);
        for bad in ["0", "-1", "501", "abc", "1e3", "99999999999999999999"] {
            assert!(query(&format!("limit={bad}")).expect("fine").limit().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_whole_number_has_digits_alone() {
        assert_eq!(whole_number("007"), Some(7));
        for bad in ["", "+1", "-1", "1.0", " 1", "999999999999999999999999999999"] {
            assert_eq!(whole_number(bad), None, "{bad}");
        }
    }
}
