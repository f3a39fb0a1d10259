//! `gleaner export`: the sellers of a run, or the registry of a server, on standard output or in a file.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::NamedTempFile;

use super::{Failure, quiet, remote};
use crate::app::export::{self, RunFileFormat};
use crate::config::Overrides;
use crate::domain::export::{ExportColumn, ExportFormat};

/// What `gleaner export` is told.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The run: its number or its id; with --url or --sellers also its name or the beginning of its id
    #[arg(long, value_name = "RUN", required_unless_present = "sellers")]
    run: Option<String>,
    /// The registry of a running server, as people made it; with --run those in it that the run found
    #[arg(long)]
    sellers: bool,
    /// ndjson or csv; with --sellers also json or xlsx
    #[arg(long, value_parser = form_of)]
    format: ExportFormat,
    /// With --sellers: these columns in this order, else all
    #[arg(long, value_name = "NAME,...", requires = "sellers", value_delimiter = ',', value_parser = column_of)]
    columns: Vec<ExportColumn>,
    /// With --sellers: only those to whom this applies, as status=approved or q=lamp; more than once
    #[arg(long = "where", value_name = "NAME=VALUE", requires = "sellers", value_parser = condition)]
    conditions: Vec<(String, String)>,
    /// Into this file, which is there when it is whole; what was there under its name is replaced then
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Without --url a run is read from the data folder
    #[command(flatten)]
    server: remote::ServerFlags,
}

fn form_of(name: &str) -> Result<ExportFormat, String> {
    ExportFormat::parse(name).ok_or_else(|| "ndjson or csv is allowed, and with --sellers json or xlsx".to_owned())
}

fn column_of(name: &str) -> Result<ExportColumn, String> {
    ExportColumn::parse(name).ok_or_else(|| {
        let all = ExportColumn::ALL.iter().map(|column| column.as_str()).collect::<Vec<_>>();
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
    if args.format == ExportFormat::Xlsx && args.output.is_none() && io::stdout().is_terminal() {
        return Err("--format xlsx: a workbook is nothing for a terminal; --output FILE names a file".into());
    }
    let Some(path) = &args.output else { return write(args, overrides, out).await };
    let told = |error: io::Error| format!("--output {}: {error}", path.display());
    let mut part = BufWriter::new(part_of(path).map_err(told)?);
    // Dropped before it is placed, the part is gone: nobody should take it for the whole.
    write(args, overrides, &mut part).await?;
    let part = part.into_inner().map_err(|error| told(error.into_error()))?;
    // Under its name it is whole, also where the power fails a moment later.
    part.as_file().sync_all().map_err(told)?;
    part.persist(path).map_err(|error| told(error.error))?;
    Ok(())
}

/// What stands behind the name of a part, and how many letters of chance before it.
const PART: &str = ".part";
const CHANCE_LETTERS: usize = 6;

/// Where it is written until it is whole: a file of its own beside the one that is meant, so that the move there is one step and
/// takes the place of what was there, and two who write at one time are not in each other's way. Whoever writes holds a lock on
/// it, so that the next one tells what a killed export left there from what is being written, and removes it.
fn part_of(path: &Path) -> io::Result<NamedTempFile> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let words = "is no file; allowed is one that is there or is made, and without --output it is standard output";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".");
    remove_left(folder, &name);
    // As any other file that a command makes, of which the account's mask decides who may read it.
    let everybodys = Permissions::from_mode(0o666);
    let mut building = tempfile::Builder::new();
    let building = building.prefix(&name).suffix(PART).rand_bytes(CHANCE_LETTERS).permissions(everybodys);
    loop {
        let part = building.tempfile_in(folder)?;
        // Where there are no locks nobody else gets one either, and nothing is removed.
        let is_locked = part.as_file().lock().is_ok();
        // Between its making and its lock somebody may have taken it for one that was left.
        if !is_locked || part.as_file().metadata()?.nlink() > 0 {
            return Ok(part);
        }
    }
}

/// Removes parts of this name that nobody writes any more. What cannot be removed is in nobody's way.
fn remove_left(folder: &Path, name: &OsStr) {
    let is_part = |other: &OsStr| {
        let chance = other.as_bytes().strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_suffix(PART.as_bytes()));
        chance.is_some_and(|chance| chance.len() == CHANCE_LETTERS && chance.iter().all(u8::is_ascii_alphanumeric))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| is_part(&entry.file_name())) {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let Some(left) = is_file.then(|| File::open(entry.path()).ok()).flatten() else { continue };
        // The lock of whoever wrote it went with them.
        if left.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
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
        ExportFormat::Csv => RunFileFormat::Csv,
        ExportFormat::Ndjson => RunFileFormat::Ndjson,
        ExportFormat::Json | ExportFormat::Xlsx => {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let all = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        all.map(|name| name.into_string().expect("text")).collect()
    }

    #[test]
    fn two_that_write_to_one_name_are_not_in_each_others_way_and_a_part_does_not_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sellers.csv");
        let (mut first, mut second) = (part_of(&path).expect("a file"), part_of(&path).expect("another"));
        assert_ne!(first.path(), second.path());
        first.write_all(b"first").expect("written");
        second.write_all(b"second").expect("written");
        first.persist(&path).expect("placed");
        assert_eq!(fs::read(&path).expect("it is there"), b"first");
        drop(second);
        assert_eq!(names(folder.path()), ["sellers.csv"]);
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_ne!(mode & 0o777, 0, "somebody may read it");
    }

    #[test]
    fn what_a_killed_export_left_goes_with_the_next_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.csv");
        let left = [".a.csv.Xy12zZ.part", ".a.csv.000000.part"];
        let others = [".a.csv.notes.part", ".a.csv.Xy12zZ", ".b.csv.Xy12zZ.part", "a.csv.Xy12zZ.part"];
        for name in left.iter().chain(&others) {
            fs::write(folder.path().join(name), "half a").expect("our own folder");
        }
        let writing = part_of(&path).expect("a file");

        let next = part_of(&path).expect("another");

        assert!(writing.path().is_file() && next.path().is_file());
        assert!(left.iter().all(|name| !folder.path().join(name).exists()), "{:?}", names(folder.path()));
        assert!(others.iter().all(|name| folder.path().join(name).exists()), "{:?}", names(folder.path()));
        writing.persist(&path).expect("placed");
        assert_eq!(fs::read(&path).expect("it is there"), b"", "only what was written is there");
    }

    #[test]
    fn what_is_no_file_is_not_replaced_by_one() {
        let folder = tempfile::tempdir().expect("a folder");
        for path in [folder.path(), Path::new("/dev/null")] {
            let said = part_of(path).expect_err("refused").to_string();
            assert!(said.contains("is no file"), "{said}");
        }
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }
}
