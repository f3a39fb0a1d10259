//! `gleaner token`: API tokens, made, listed and taken back.

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, tell};
use crate::app::tokens::{self, AskedToken};
use crate::config::Config;
use crate::domain::person::TOKEN_DAYS_MAX;
use crate::domain::rights::Permission;

#[derive(Debug, Subcommand)]
pub enum TokenTask {
    /// Make a token and print it, and nothing else
    Create {
        /// Its name, for people
        #[arg(long, value_name = "NAME")]
        name: String,
        /// What it is for; may be given more than once; without any it may do everything
        #[arg(long = "permission", value_name = "PERMISSION", value_parser = permission)]
        permissions: Vec<Permission>,
        /// After so many days it opens nothing any more; without, it stands until it is taken back
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=TOKEN_DAYS_MAX))]
        expires_days: Option<i64>,
        /// The organisation's name or id; without it the first one
        #[arg(long, value_name = "ORG")]
        org: Option<String>,
    },
    /// List the tokens that stand, without their secrets
    List {
        /// The organisation's name or id; without it the first one
        #[arg(long, value_name = "ORG")]
        org: Option<String>,
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
    /// Take a token back: whoever uses it is refused from now on
    Revoke {
        /// The token itself, or its id or its name; it may begin with a hyphen
        #[arg(value_name = "TOKEN", allow_hyphen_values = true)]
        token: String,
        /// The name or id of the organisation whose the id or the name is; without it the first one
        #[arg(long, value_name = "ORG")]
        org: Option<String>,
    },
}

fn permission(text: &str) -> Result<Permission, String> {
    let words = || Permission::ALL.map(Permission::as_str).join(", ");
    Permission::parse(text).ok_or_else(|| format!("one of {} is allowed", words()))
}

/// Does what was typed.
pub async fn run(config: &Config, task: TokenTask, out: &mut impl Write) -> Result<ExitCode, Failure> {
    match task {
        TokenTask::Create { name, permissions, expires_days: days, org } => {
            let asked = AskedToken { name, permissions, days, org };
            writeln!(out, "{}", tokens::create_token(config, &asked).await?)?;
        }
        TokenTask::List { org, json: true } => {
            let listed = tokens::list_tokens(config, org.as_deref()).await?;
            writeln!(out, "{}", serde_json::to_string(&listed)?)?;
        }
        TokenTask::List { org, json: false } => {
            for token in tokens::list_tokens(config, org.as_deref()).await? {
                let permissions: Vec<&str> = token.permissions.iter().map(|one| one.as_str()).collect();
                let until = token
                    .expires_at
                    .map_or_else(|| "never ends".to_owned(), |end| format!("until {}", end.format("%F")));
                let used = token
                    .last_used_at
                    .map_or_else(|| "never used".to_owned(), |at| format!("used {}", at.format("%F")));
                let made_by = token.made_by.map(|name| format!("  by {name}")).unwrap_or_default();
                writeln!(out, "{}  {}  {}  {until}  {used}{made_by}", token.id, token.name, permissions.join(","))?;
            }
        }
        TokenTask::Revoke { token, org } => {
            let id = tokens::revoke_token(config, &token, org.as_deref()).await?;
            tell(format_args!("the token {id} is taken back"));
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
