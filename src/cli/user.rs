//! `gleaner user`: people, added, let in again, shut out and listed.

use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, tell};
use crate::app::links::Link;
use crate::app::people::{self, Added, NewPerson};
use crate::config::Config;
use crate::domain::rights::Role;

/// Most bytes that are read as a password.
const PASSWORD_BYTES_MAX: u64 = 4_096;

#[derive(Debug, Subcommand)]
pub enum UserTask {
    /// Make somebody a member; prints a one-time link for them, and nothing else
    Add {
        /// Their e-mail address
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// Their name
        #[arg(long, value_name = "NAME")]
        name: String,
        /// viewer, operator or admin
        #[arg(long, value_parser = role)]
        role: Role,
        /// The organisation's name or id; without it the first one
        #[arg(long, value_name = "ORG")]
        org: Option<String>,
        /// Take their password from the first line of standard input instead of printing a link
        #[arg(long)]
        password_stdin: bool,
    },
    /// Let somebody in again who lost their password: their sessions end, and a one-time link is printed
    Reset {
        /// Their e-mail address
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// Take the new password from the first line of standard input instead of printing a link
        #[arg(long)]
        password_stdin: bool,
    },
    /// Shut somebody out of every organisation at once: sessions, tokens and open streams end, and nothing lets them in
    Disable {
        /// Their e-mail address
        #[arg(value_name = "EMAIL")]
        email: String,
        /// Also where they are the last admin of an organisation
        #[arg(long)]
        force: bool,
    },
    /// Let somebody in again who was shut out; they sign in anew
    Enable {
        /// Their e-mail address
        #[arg(value_name = "EMAIL")]
        email: String,
    },
    /// List everybody, with what they are where
    List {
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| format!("one of {} is allowed", Role::ALL.map(Role::as_str).join(", ")))
}

/// Does what was typed.
pub async fn run(config: &Config, task: UserTask, out: &mut impl Write) -> Result<ExitCode, Failure> {
    match task {
        UserTask::Add { email, name, role, org, password_stdin } => {
            let password = if password_stdin { Some(password()?) } else { None };
            let new = NewPerson { email, name, role, org, password };
            match people::add_user(config, &new).await? {
                Added::Link(link) => {
                    print(&link, out)?;
                    tell("the link opens once, within a day; whoever opens it chooses a password then");
                }
                Added::WithPassword => tell(format_args!("{} signs in with that password", new.email.trim())),
                Added::Known => tell(format_args!("{} is a member now, and signs in as before", new.email.trim())),
            }
        }
        UserTask::Reset { email, password_stdin } => {
            let password = if password_stdin { Some(password()?) } else { None };
            match people::reset_user(config, &email, password.as_deref()).await? {
                Some(link) => {
                    print(&link, out)?;
                    tell("the link opens once, within a day; the old password opens nothing any more");
                }
                None => tell("the new password holds, and every session has ended"),
            }
        }
        UserTask::Disable { email, force } => {
            let ended = people::disable_user(config, &email, force).await?;
            tell(format_args!("{} is shut out; of their sessions, links and tokens {ended} ended", email.trim()));
        }
        UserTask::Enable { email } => {
            people::enable_user(config, &email).await?;
            tell(format_args!("{} may sign in again; what ended stays ended", email.trim()));
        }
        UserTask::List { json: true } => {
            writeln!(out, "{}", serde_json::to_string(&people::list_users(config).await?)?)?;
        }
        UserTask::List { json: false } => {
            for user in people::list_users(config).await? {
                let roles = user.organisations.iter().map(|at| format!("{} of {}", at.role.as_str(), at.name));
                let roles = roles.collect::<Vec<_>>().join(", ");
                let waits = if user.has_password { "" } else { "  (has no password yet)" };
                let shut_out = if user.is_disabled { "  (is shut out)" } else { "" };
                writeln!(out, "{}  {}  {roles}{waits}{shut_out}", user.email, user.name)?;
            }
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a link for whoever it is for, and says where it does not open yet.
pub fn print(link: &Link, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", link.url)?;
    if !link.is_served {
        tell("no engine runs just now; the link opens once one listens at that address");
    }
    Ok(())
}

/// The first line of standard input.
fn password() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(PASSWORD_BYTES_MAX).read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}
