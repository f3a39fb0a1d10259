//! `gleaner audit`: whether the audit logs are what was written, and their newest rows.

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::Failure;
use super::values::within;
use crate::app::audit::{self, Checked};
use crate::config::Config;
use crate::domain::audit::AuditRow;
use crate::domain::ids::OrgId;

/// Most rows that are written at one time.
const ROWS_MAX: u64 = 10_000;

/// What can be asked of the audit logs.
#[derive(Debug, Subcommand)]
pub enum AuditTask {
    /// Check that no row was altered, removed or inserted; exit 0 when all is well, 1 with the first row that is not
    Verify {
        /// Only the log of this organisation
        #[arg(long, value_name = "ID", value_parser = org)]
        org: Option<OrgId>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Write the newest rows, newest first
    List {
        /// The organisation; the oldest where none is named
        #[arg(long, value_name = "ID", value_parser = org)]
        org: Option<OrgId>,
        /// Most rows
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = rows, allow_negative_numbers = true)]
        limit: i64,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

fn org(text: &str) -> Result<OrgId, String> {
    text.parse().map_err(|_| "an organisation's id is allowed, which is a UUID".to_owned())
}

fn rows(text: &str) -> Result<i64, String> {
    within(1, ROWS_MAX)(text).map(|rows| i64::try_from(rows).unwrap_or(i64::MAX))
}

/// Does what was asked.
///
/// # Errors
/// In words.
pub async fn run(config: &Config, task: AuditTask, out: &mut impl Write) -> Result<ExitCode, Failure> {
    match task {
        AuditTask::Verify { org, json } => {
            let checked = audit::verify(config, org).await?;
            for one in &checked {
                let line = if json { checked_json(one).to_string() } else { checked_words(one) };
                writeln!(out, "{line}")?;
            }
            let fine = checked.iter().all(|one| one.found.is_ok());
            Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        AuditTask::List { org, limit, json } => {
            for row in audit::list(config, org, limit).await? {
                let line = if json { row_json(&row).to_string() } else { row_words(&row) };
                writeln!(out, "{line}")?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn checked_words(Checked { org, name, found }: &Checked) -> String {
    match found {
        Ok(head) => format!("{org} {name:?}: fine, {} rows; head {} {}", head.no, head.no, hex(&head.hash)),
        Err(flaw) => format!("{org} {name:?}: wrong, row {}: {}", flaw.no, flaw.why),
    }
}

fn checked_json(Checked { org, name, found }: &Checked) -> Value {
    match found {
        Ok(head) => {
            json!({"org_id": org, "name": name, "fine": true, "head": {"no": head.no, "hash": hex(&head.hash)}})
        }
        Err(flaw) => json!({"org_id": org, "name": name, "fine": false, "row": {"no": flaw.no, "why": flaw.why}}),
    }
}

fn row_words(AuditRow { no, at, deed, .. }: &AuditRow) -> String {
    let who = match (deed.user, deed.token) {
        (Some(user), _) => format!("user {user}"),
        (None, Some(token)) => format!("token {token}"),
        (None, None) => "console".to_owned(),
    };
    let answered = match (deed.answers, deed.status) {
        (Some(answers), Some(status)) => format!("  row {answers} was answered with {status}"),
        (None, Some(status)) => format!("  {status}"),
        _ => String::new(),
    };
    // Written as JSON, so that no text of a caller's moves the terminal's cursor.
    let text = |text: &Option<String>| text.as_ref().map_or_else(|| "-".to_owned(), |text| json!(text).to_string());
    let (subject, address) = (text(&deed.subject), text(&deed.address));
    let at = at.format("%Y-%m-%d %H:%M:%S");
    format!("{no:>6}  {at}  {}  {subject}  {who}  {address}{answered}  {}", deed.action, json!(deed.details))
}

fn row_json(AuditRow { no, at, deed, previous, hash }: &AuditRow) -> Value {
    json!({
        "no": no,
        "at": at,
        "user_id": deed.user,
        "token_id": deed.token,
        "address": deed.address,
        "action": deed.action,
        "subject": deed.subject,
        "details": deed.details,
        "status": deed.status,
        "answers": deed.answers,
        "previous_hash": hex(previous),
        "hash": hex(hash),
    })
}
