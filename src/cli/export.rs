//! `gleaner export`: the sellers of a run, or the registry of a server, on standard output or in a file.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, quiet, remote};
use crate::app::export::{self, Format};
use crate::config::Overrides;
use crate::domain::export::{Column, Form};

/// What `gleaner export` is told.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The run's id; with --url or --sellers also its number, its name or the beginning of its id
    #[arg(long, value_name = "ID", required_unless_present = "sellers")]
    run: Option<String>,
    /// The registry of a running server, as people made it; with --run those in it that the run found
    #[arg(long)]
    sellers: bool,
    /// ndjson or csv; with --sellers also json or xlsx
    #[arg(long, value_parser = form_of)]
    format: Form,
    /// With --sellers: these columns in this order, else all
    #[arg(long, value_name = "NAME,...", requires = "sellers", value_delimiter = ',', value_parser = column_of)]
    columns: Vec<Column>,
    /// With --sellers: only those to whom this applies, as status=approved or q=lamp; more than once
    #[arg(long = "where", value_name = "NAME=VALUE", requires = "sellers", value_parser = condition)]
    conditions: Vec<(String, String)>,
    /// Into this file, which is there when it is whole
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Without --url a run is read from the data folder
    #[command(flatten)]
    server: remote::ServerFlags,
}

fn form_of(name: &str) -> Result<Form, String> {
    Form::parse(name).ok_or_else(|| "ndjson or csv is allowed, and with --sellers json or xlsx".to_owned())
}

fn column_of(name: &str) -> Result<Column, String> {
    Column::parse(name).ok_or_else(|| {
        let all = Column::ALL.iter().map(|column| column.as_str()).collect::<Vec<_>>();
        format!("allowed are {}", all.join(", "))
    })
}

fn condition(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parts.ok_or_else(|| "NAME=VALUE is allowed, as status=approved".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Writes what is asked for.
///
/// # Errors
/// In words: what the server refuses or the data folder does not have; a file that cannot be written.
pub async fn run(args: &ExportArgs, overrides: Overrides, out: &mut impl Write) -> Result<(), Failure> {
    if args.format == Form::Xlsx && args.output.is_none() && io::stdout().is_terminal() {
        return Err("--format xlsx: a workbook is nothing for a terminal; --output FILE names a file".into());
    }
    let Some(path) = &args.output else { return write(args, overrides, out).await };
    let part = part_of(path);
    let told = |error: io::Error| format!("--output {}: {error}", path.display());
    let mut file = BufWriter::new(File::create(&part).map_err(told)?);
    let written = write(args, overrides, &mut file).await;
    drop(file);
    let placed = written.and_then(|()| Ok(fs::rename(&part, path).map_err(told)?));
    if placed.is_err() {
        // What came is a part, and nobody should take it for the whole.
        let _ = fs::remove_file(&part);
    }
    placed
}

/// Where it is written until it is whole: beside the file, so that the move to it is one step.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

async fn write(args: &ExportArgs, overrides: Overrides, out: &mut impl Write) -> Result<(), Failure> {
    if args.sellers {
        let columns = args.columns.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(",");
        let mut query = vec![("format", args.format.as_str())];
        query.extend((!columns.is_empty()).then_some(("columns", columns.as_str())));
        query.extend(args.conditions.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        return remote::export_sellers(&args.server, args.run.as_deref(), query, out).await;
    }
    let format = match args.format {
        Form::Csv => Format::Csv,
        Form::Ndjson => Format::Ndjson,
        Form::Json | Form::Xlsx => {
            return Err("--format: ndjson or csv is allowed for a run; --sellers knows json and xlsx too".into());
        }
    };
    let run = args.run.as_deref().unwrap_or_default();
    if args.server.url.is_some() {
        remote::export(&args.server, run, format, out).await
    } else {
        export::run(&quiet(overrides)?, run, format, out).await
    }
}
