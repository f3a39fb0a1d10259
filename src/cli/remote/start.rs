//! `gleaner runs start`: makes a run on a running server and starts it; once, also where an answer is lost on the way.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::server::{Server, Unanswered};
use super::which::{self, Seen};
use super::{Asking, watch};
use crate::app::runs::fresh_key;
use crate::cli::run_flags::RunFlags;
use crate::cli::{Failure, tell};

/// Longest key that a server takes, in characters.
const KEY_CHARS_MAX: usize = 255;

/// `gleaner runs start`.
#[derive(Clone, Debug, Args)]
pub struct StartArgs {
    /// Categories to collect; `gleaner categories` lists them
    #[arg(value_name = "CATEGORY", required_unless_present_any = ["preset", "template"], value_delimiter = ',')]
    categories: Vec<String>,
    /// The id of a preset of categories, instead of them
    #[arg(long, value_name = "ID", conflicts_with_all = ["categories", "template"])]
    preset: Option<String>,
    /// The id of a template, instead of categories
    #[arg(long, value_name = "ID", conflicts_with = "categories")]
    template: Option<String>,
    /// Its name, for people
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Typed again with the same key, the command makes no second run
    #[arg(long, value_name = "KEY", value_parser = key)]
    idempotency_key: Option<String>,
    /// Show what it does until it ends, as `gleaner watch`
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    settings: RunFlags,
}

fn key(text: &str) -> Result<String, String> {
    let fits = (1..=KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let allowed = || format!("1 to {KEY_CHARS_MAX} visible ASCII characters without spaces are allowed");
    fits.then(|| text.to_owned()).ok_or_else(allowed)
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

/// Makes the run, starts it and says so, or shows it until it ends.
///
/// # Errors
/// In words: what the server refuses, and what became of the run by then.
pub async fn run(args: &StartArgs, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let server = args.asking.server()?;
    let body = args.body()?;
    let key = args.idempotency_key.clone().unwrap_or_else(fresh_key);
    let made = server.create("/collection/runs", &key, &body).await.map_err(|error| unmade(error, &key))?;
    let Made { id } = serde_json::from_str(&made)?;
    // A key that was used before is answered with the run as it was made, which may be over by now.
    let seen = which::find(&server, &id).await?;
    let was_made_before = seen.status != "pending";
    if !was_made_before {
        start(&server, &seen, &key).await?;
    }
    let seen = which::find(&server, &id).await?;
    let before = if was_made_before { ", and was started before" } else { "" };
    tell(format_args!("{} is {}{before}", seen.title(), seen.state));
    if args.watch {
        return watch::run(&server, &seen, true, args.asking.json, out).await;
    }
    if args.asking.json {
        writeln!(out, "{}", seen.text)?;
    } else {
        writeln!(out, "{}", seen.number)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

async fn start(server: &Server, seen: &Seen, key: &str) -> Result<(), Failure> {
    match server.post(&format!("/collection/runs/{}/start", seen.id)).await {
        Ok(_) => Ok(()),
        Err(Unanswered::Refused { words, .. }) => {
            let (title, number) = (seen.title(), seen.number);
            Err(format!("{title} is made and not started: {words}; `gleaner start {number}` starts it").into())
        }
        Err(Unanswered::Away(words)) => {
            let title = seen.title();
            Err(format!("{title} is made, and may be started: {words}. {}", again(key)).into())
        }
    }
}

/// Whether the run is made is not known where no answer came.
fn unmade(error: Unanswered, key: &str) -> Failure {
    match error {
        Unanswered::Away(words) => format!("{words}. The run may have been made. {}", again(key)).into(),
        refused @ Unanswered::Refused { .. } => refused.into(),
    }
}

fn again(key: &str) -> String {
    format!("The same command with --idempotency-key {key} makes no second one")
}

impl StartArgs {
    fn body(&self) -> Result<Value, Failure> {
        let mut body = Map::new();
        if !self.categories.is_empty() {
            body.insert("category_ids".to_owned(), json!(self.categories));
        }
        for (field, given) in [("preset_id", &self.preset), ("template_id", &self.template), ("name", &self.name)] {
            body.extend(given.as_ref().map(|text| (field.to_owned(), json!(text))));
        }
        let settings = self.settings.overrides()?;
        if !settings.is_empty() {
            body.insert("settings".to_owned(), settings.into());
        }
        Ok(body.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_refused_with_what_one_may_be() {
        assert_eq!(key("nightly-2026-11-27"), Ok("nightly-2026-11-27".to_owned()));
        for bad in ["", "a b", "gr\u{fc}n", &"k".repeat(256)] {
            assert!(key(bad).is_err_and(|words| words.contains("1 to 255")), "{bad}");
        }
    }
}
