//! `gleaner org`: organisations, made, listed and renamed.

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, tell, user};
use crate::app::orgs;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub enum OrgTask {
    /// Make an organisation; prints a one-time link for its first admin, and nothing else
    Add {
        /// Its name, which no other has
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// List the organisations, the oldest first
    List {
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
    /// Give an organisation another name
    Rename {
        /// Its name or id
        #[arg(value_name = "ORG")]
        org: String,
        /// The name from now on, which no other has
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Does what was typed.
pub async fn run(config: &Config, task: OrgTask, out: &mut impl Write) -> Result<ExitCode, Failure> {
    match task {
        OrgTask::Add { name } => {
            let (id, link) = orgs::add_org(config, &name).await?;
            user::print(&link, out)?;
            tell(format_args!(
                "{} is there, with the id {id}; the link opens once, within a day, and whoever opens it makes its first admin",
                name.trim()
            ));
        }
        OrgTask::List { json: true } => {
            writeln!(out, "{}", serde_json::to_string(&orgs::list_orgs(config).await?)?)?;
        }
        OrgTask::List { json: false } => {
            for org in orgs::list_orgs(config).await? {
                let members = if org.members == 1 { "member" } else { "members" };
                writeln!(out, "{}  {}  {} {members}", org.id, org.name, org.members)?;
            }
        }
        OrgTask::Rename { org, name } => {
            orgs::rename_org(config, &org, &name).await?;
            tell(format_args!("it is called {} now", name.trim()));
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
