//! `gleaner import`: shows what a file would come to, asks, and has it imported.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write, stderr, stdin};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::Asking;
use super::line::{clean, cut};
use crate::cli::{Failure, tell};
use crate::domain::import::ImportFormat;

/// Most bytes of a file that a server takes.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Rows that are shown.
const ROWS_MAX: usize = 20;
/// Longest name that is shown, in characters.
const NAME_CHARS_MAX: usize = 40;
/// The exit code where nothing was imported since nobody said so.
const NOT_CONFIRMED: u8 = 2;

/// What is imported, and whether anybody is asked.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// A file of sellers; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// csv, json, ndjson, xlsx or lines (one name a line); else the ending of the file's name says it
    #[arg(long, value_name = "FORMAT", value_parser = format_of)]
    format: Option<ImportFormat>,
    /// The encoding of a file that is not UTF-8, as windows-1252
    #[arg(long, value_name = "NAME", value_parser = charset)]
    charset: Option<String>,
    /// Leave rows out that cannot be taken
    #[arg(long)]
    skip_bad: bool,
    /// Import without asking
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    asking: Asking,
}

/// What a file would come to, as far as people are told of it.
#[derive(Deserialize)]
struct PreviewSeen {
    preview_id: String,
    ignored_columns: Vec<String>,
    totals: TotalsSeen,
    rows: Vec<RowSeen>,
}

#[derive(Deserialize)]
struct TotalsSeen {
    rows: usize,
    new: usize,
    known: usize,
    excluded: usize,
    repeated: usize,
    bad: usize,
}

#[derive(Deserialize)]
struct RowSeen {
    row: u64,
    verdict: String,
    name: Option<String>,
    #[serde(default)]
    errors: Vec<ErrorSeen>,
    first_row: Option<u64>,
}

#[derive(Deserialize)]
struct ErrorSeen {
    field: String,
    message: String,
}

/// What a file came to.
#[derive(Deserialize)]
struct ImportedSeen {
    added_count: usize,
    known_count: usize,
    excluded_count: usize,
    left_out_count: usize,
    seller_count_snapshot: Option<i64>,
}

/// Shows what a file would come to, and imports it where somebody says so.
///
/// # Errors
/// A file that cannot be read or taken, rows that are bad, and what the server refuses.
pub async fn run(args: &ImportArgs, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let server = args.asking.server()?;
    let format = args.format.map_or_else(|| ending(&args.file), Ok)?;
    let bytes = bytes_of(&args.file)?;
    let kind = match &args.charset {
        Some(charset) => format!("{}; charset={charset}", format.media_type()),
        None => format.media_type().to_owned(),
    };
    let text = server.send("/sellers/import/preview", &kind, bytes).await?;
    let seen: PreviewSeen = serde_json::from_str(&text)?;
    if args.asking.json {
        writeln!(out, "{text}")?;
    } else {
        write!(out, "{}", table(&seen))?;
    }
    out.flush()?;
    let TotalsSeen { new, bad, .. } = seen.totals;
    if bad > 0 && !args.skip_bad {
        let words =
            format!("{bad} rows cannot be taken; mend them, or leave them out with --skip-bad; nothing was imported");
        return Err(words.into());
    }
    if new == 0 {
        tell("nothing in it is new; nothing was imported");
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes && !is_confirmed(new, &args.file)? {
        tell("nothing was imported; --yes imports without asking");
        return Ok(ExitCode::from(NOT_CONFIRMED));
    }
    let body = json!({"preview_id": seen.preview_id, "skip_bad": args.skip_bad}).to_string();
    let text = server.send("/sellers/import/commit", ImportFormat::Json.media_type(), body.into_bytes()).await?;
    if args.asking.json {
        writeln!(out, "{text}")?;
    } else {
        tell(told(&serde_json::from_str(&text)?));
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn format_of(word: &str) -> Result<ImportFormat, String> {
    let all = || ImportFormat::ALL.map(ImportFormat::as_str).join(", ");
    ImportFormat::ALL.into_iter().find(|format| format.as_str() == word).ok_or_else(|| format!("one of {}", all()))
}

fn charset(name: &str) -> Result<String, String> {
    let fits = (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if fits { Ok(name.to_owned()) } else { Err("letters, digits and hyphens are allowed, as windows-1252".to_owned()) }
}

/// What the ending of a file's name says of its form.
fn ending(file: &Path) -> Result<ImportFormat, Failure> {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "csv" | "tsv" => Ok(ImportFormat::Csv),
        "json" => Ok(ImportFormat::Json),
        "ndjson" | "jsonl" => Ok(ImportFormat::Ndjson),
        "xlsx" => Ok(ImportFormat::Xlsx),
        "txt" => Ok(ImportFormat::Lines),
        _ => {
            let file = clean(&file.display().to_string());
            Err(format!("--format is needed: the name {file} does not end with csv, json, ndjson, xlsx or txt").into())
        }
    }
}

fn bytes_of(file: &Path) -> Result<Vec<u8>, Failure> {
    let bad = |words: &str| format!("{}: {words}", clean(&file.display().to_string()));
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(stdin())
    } else {
        Box::new(File::open(file).map_err(|error| bad(&error.to_string()))?)
    };
    let mut bytes = Vec::new();
    source.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| bad(&error.to_string()))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(bad("is over 32 MiB, the most that is allowed; divide it").into());
    }
    Ok(bytes)
}

/// The rows that were shown to us which need somebody's eye, and the counts.
fn table(seen: &PreviewSeen) -> String {
    let mut lines = Vec::new();
    let telling = seen.rows.iter().filter(|row| row.verdict != "new" && row.verdict != "known");
    for row in telling.clone().take(ROWS_MAX) {
        let name = cut(&clean(row.name.as_deref().unwrap_or("")), NAME_CHARS_MAX);
        let errors = row.errors.iter().map(|error| format!("{} {}", clean(&error.field), clean(&error.message)));
        let first = row.first_row.map(|first| format!("as in row {first}"));
        let why = errors.chain(first).collect::<Vec<_>>().join("; ");
        let line = format!("row {:<7}  {:<8}  {name:<43}  {why}", row.row, clean(&row.verdict));
        lines.push(line.trim_end().to_owned());
    }
    let TotalsSeen { rows, new, known, excluded, repeated, bad } = seen.totals;
    let left = (bad + excluded + repeated).saturating_sub(lines.len());
    if left > 0 {
        lines.push(format!("and {left} more such rows"));
    }
    if !seen.ignored_columns.is_empty() {
        let names: Vec<String> = seen.ignored_columns.iter().map(|name| clean(name)).collect();
        lines.push(format!("not read: {}", names.join(", ")));
    }
    lines.push(format!(
        "{rows} rows: {new} new, {known} known, {excluded} excluded, {repeated} repeated, {bad} that cannot be taken"
    ));
    lines.into_iter().map(|line| line + "\n").collect()
}

fn told(seen: &ImportedSeen) -> String {
    let ImportedSeen { added_count, known_count, excluded_count, left_out_count, seller_count_snapshot } = seen;
    let snapshot = seller_count_snapshot.map(|count| format!("; the registry holds {count} now")).unwrap_or_default();
    format!(
        "{added_count} sellers were imported, {known_count} were known, {excluded_count} are excluded, {left_out_count} rows \
         were left out{snapshot}"
    )
}

/// Whether somebody at the terminal says yes.
fn is_confirmed(new: usize, file: &Path) -> io::Result<bool> {
    if file == Path::new("-") || !stdin().is_terminal() {
        return Ok(false);
    }
    write!(stderr(), "gleaner: import {new} new sellers? [y/N] ")?;
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_name_ends_with() {
        for (name, format) in
            [("a.csv", ImportFormat::Csv), ("b.XLSX", ImportFormat::Xlsx), ("c.d.jsonl", ImportFormat::Ndjson)]
        {
            assert_eq!(ending(Path::new(name)).expect("known"), format);
        }
        for name in ["-", "sellers", "a.xls"] {
            assert!(ending(Path::new(name)).expect_err("unknown").to_string().contains("--format is needed"), "{name}");
        }
    }

    #[test]
    fn what_a_file_says_cannot_move_the_cursor() {
        let text = "{\"preview_id\":\"x\",\"ignored_columns\":[\"a\\u001b[2J\"],\"totals\":{\"rows\":2,\"new\":1,\"known\":0,\
                    \"excluded\":0,\"repeated\":0,\"bad\":1},\"rows\":[{\"row\":3,\"verdict\":\"bad\",\"name\":\"b\\u001b[2J\",\
                    \"errors\":[{\"field\":\"name\",\"message\":\"is bad\\r\"}]},{\"row\":2,\"verdict\":\"new\",\"name\":\"Ann\"}]}";
        let table = table(&serde_json::from_str(text).expect("a preview"));
        assert!(!table.contains(['\u{1b}', '\r']) && !table.contains("Ann"), "{table:?}");
        assert!(table.starts_with("row 3") && table.contains("name is bad"), "{table}");
        assert!(table.ends_with("2 rows: 1 new, 0 known, 0 excluded, 0 repeated, 1 that cannot be taken\n"), "{table}");
    }
}
