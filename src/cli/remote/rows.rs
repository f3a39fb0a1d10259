//! Lists of a server in the terminal: one row a line, aligned for people, or as the server gave it for programs.

use std::io::Write;

use serde::Deserialize;

use super::line::{clean, cut};
use super::server::{Server, Unanswered};
use super::which::Seen;
use crate::cli::{Failure, tell};

/// Longest error of a run that is shown, in characters.
const ERROR_CHARS_MAX: usize = 300;
/// Longest name in a row, in characters.
const NAME_CHARS_MAX: usize = 40;
/// Sellers of one run that are looked through for a text.
const LOOKED_THROUGH_MAX: usize = 1_000_000;

/// A seller in a list, of a run or of all.
#[derive(Debug, Deserialize)]
struct SellerSeen {
    name: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    platform: String,
    #[serde(default)]
    feedback_percent: Option<f64>,
    #[serde(default, alias = "feedback_score")]
    feedback_count: Option<i64>,
}

impl SellerSeen {
    fn shown(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }

    fn holds(&self, text: &str) -> bool {
        self.name.to_lowercase().contains(text) || self.shown().to_lowercase().contains(text)
    }

    fn line(&self) -> String {
        let percent = self.feedback_percent.map(|percent| format!("{percent} %")).unwrap_or_default();
        let count = self.feedback_count.map(|count| count.to_string()).unwrap_or_default();
        let name = cut(&clean(self.shown()), NAME_CHARS_MAX);
        format!("{name:<43}  {:<6}  {percent:>8}  {count:>10}", clean(&self.platform)).trim_end().to_owned()
    }
}

/// The runs, the newest first.
///
/// # Errors
/// What the server refuses, and where the output is gone.
pub async fn runs(
    server: &Server,
    query: &[(&str, Option<&str>)],
    limit: usize,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut none = true;
    let left = server
        .rows("/collection/runs", query, limit, |row| {
            none = false;
            if json {
                writeln!(out, "{}", row.get())?;
                return Ok(true);
            }
            let run: Seen = serde_json::from_str(row.get())?;
            let (name, made) = (cut(&clean(&run.name), NAME_CHARS_MAX), run.created_at.get(..16).unwrap_or(""));
            let (number, state, sellers, percent) = (run.number, clean(&run.state), run.sellers_found, run.percent);
            let figures = format!("{percent:>5.1} %  {sellers:>7} sellers  {:>7} requests", run.requests_made);
            writeln!(out, "{number:>5}  {name:<43}  {state:<10}  {figures}  {}", made.replace('T', " "))?;
            Ok(true)
        })
        .await?;
    say(none, left, "runs", limit);
    Ok(())
}

/// One run, a line for each thing that people ask of it.
#[must_use]
pub fn one_run(run: &Seen) -> String {
    let halt = run.pause.as_ref().or(run.fail.as_ref());
    let state = match halt {
        Some(halt) => format!("{} ({})", clean(&run.state), clean(&halt.reason)),
        None => clean(&run.state),
    };
    let mut lines =
        vec![("run", format!("{}", run.number)), ("name", clean(&run.name)), ("id", clean(&run.id)), ("state", state)];
    if let Some(halt) = halt {
        lines.extend(halt.error().map(|error| ("error", cut(&clean(error), ERROR_CHARS_MAX))));
        lines.extend(halt.what_to_do.as_deref().map(|words| ("to do", clean(words))));
        lines.extend(
            halt.resumes_at.as_deref().map(|at| ("goes on", format!("looks again by itself at {}", clean(at)))),
        );
    }
    lines.extend([
        ("progress", format!("{:.1} % of its phase", run.percent)),
        ("products", format!("{} of {} searched", run.products_searched, run.products_total)),
        ("failed", run.failed_items.to_string()),
        ("sellers", format!("{} found, {} new", run.sellers_found, run.sellers_new)),
        ("requests", run.requests_made.to_string()),
    ]);
    lines.extend(run.spend.cost.as_ref().map(|cost| ("cost", clean(&cost.text))));
    lines.into_iter().map(|(name, value)| format!("{name:<10}  {value}\n")).collect()
}

/// The sellers of a run by name. The run's list knows no search, so it is looked through here.
///
/// # Errors
/// As [`runs`].
pub async fn sellers_of(
    server: &Server,
    run: &Seen,
    search: Option<&str>,
    limit: usize,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let path = format!("/collection/runs/{}/sellers", run.id);
    let wanted = search.map(str::to_lowercase);
    let mut shown = 0;
    let most = if wanted.is_some() { LOOKED_THROUGH_MAX } else { limit };
    let left = server
        .rows(&path, &[], most, |row| {
            let seller: SellerSeen = serde_json::from_str(row.get())?;
            if wanted.as_ref().is_none_or(|text| seller.holds(text)) {
                if shown == limit {
                    return Ok(false);
                }
                shown += 1;
                write(&seller, row.get(), json, out)?;
            }
            Ok(true)
        })
        .await?;
    say(shown == 0, left, "sellers", limit);
    Ok(())
}

/// The sellers of the organisation that fit this query.
///
/// # Errors
/// As [`runs`].
pub async fn sellers(
    server: &Server,
    query: &[(&str, Option<&str>)],
    limit: usize,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut none = true;
    let listed = server
        .rows("/sellers", query, limit, |row| {
            none = false;
            write(&serde_json::from_str(row.get())?, row.get(), json, out)?;
            Ok(true)
        })
        .await;
    let left = listed.map_err(|error| match error.downcast_ref::<Unanswered>() {
        Some(Unanswered::Refused { status, .. }) if status.as_u16() == 404 => {
            format!("the server at {} has no list of all sellers; name a run with --run", server.base()).into()
        }
        _ => error,
    })?;
    say(none, left, "sellers", limit);
    Ok(())
}

fn write(seller: &SellerSeen, text: &str, json: bool, out: &mut impl Write) -> Result<(), Failure> {
    if json {
        return Ok(writeln!(out, "{text}")?);
    }
    Ok(writeln!(out, "{}", seller.line())?)
}

/// What the rows alone do not say.
fn say(none: bool, left: bool, what: &str, limit: usize) {
    if none && limit > 0 {
        tell(format_args!("no {what}"));
    } else if left {
        tell(format_args!("there may be more; --limit shows more than {limit}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_run_that_stands_still_or_failed_says_why_and_what_to_do() {
        let shown = |halt: Value| {
            let mut run = json!({"id": "x", "number": 7, "name": "Lamps", "status": "paused", "state": "paused"});
            run.as_object_mut().expect("an object").extend(halt.as_object().cloned().expect("an object"));
            one_run(&serde_json::from_value(run).expect("a run"))
        };
        let proofs = json!([{"error_message": "first"}, {"error_message": "no answer\u{1b}[2J"}]);
        let paused =
            shown(json!({"pause": {"reason": "consecutive_failures", "what_to_do": "Resume.", "proofs": proofs,
            "resumes_at": "2026-01-01T00:00:00Z"}}));
        for words in
            ["paused (consecutive_failures)", "no answer\u{fffd}[2J", "to do       Resume.", "2026-01-01T00:00:00Z"]
        {
            assert!(paused.contains(words), "{words}: {paused}");
        }
        let failed =
            shown(json!({"fail": {"reason": "nothing_succeeded", "message": "all failed", "what_to_do": "Retry."}}));
        assert!(failed.contains("error       all failed\n") && failed.contains("to do       Retry.\n"), "{failed}");
        let plain = shown(json!({"pause": null, "fail": null}));
        assert!(!plain.contains("to do") && !plain.contains("error"), "{plain}");
    }
}
