//! What must not stay behind: notes of unfinished work, debugging aids, silenced lints without a reason, and migrations
//! that cannot be taken back.

use crate::house::{Complaint, Rule, Tree};
use crate::source::Source;

/// Words of a comment that put work off.
const NOTES: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];
/// Macros that only help while writing.
const AIDS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Looks at each Rust file and each migration.
pub fn check(tree: &Tree, complaints: &mut Vec<Complaint>) {
    for source in &tree.sources {
        let found = notes(source).into_iter().chain(aids(source)).chain(silenced(source));
        complaints.extend(found.map(|(line, text)| Complaint {
            rule: Rule::Leftover,
            path: source.path.clone(),
            line: Some(line),
            about: String::new(),
            text,
        }));
    }
    for (path, up, down) in &tree.migrations {
        let text = match (up.as_deref().map(is_sql), down.as_deref().map(is_sql)) {
            (Some(true), Some(true)) => continue,
            (Some(true), _) => "write a down.sql that undoes every statement of up.sql, in reverse order",
            _ => "write an up.sql, or remove the folder",
        };
        let (path, text) = (path.clone(), text.to_owned());
        complaints.push(Complaint { rule: Rule::Migration, path, line: None, about: String::new(), text });
    }
}

fn is_sql(text: &str) -> bool {
    text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with("--"))
}

fn notes(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in source.comments.lines().enumerate() {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(note) = words.into_iter().find(|word| NOTES.contains(word)) {
            found.push((index + 1, format!("{note}: do it now, or say in the sentence what holds today")));
        }
    }
    found
}

fn aids(source: &Source) -> Vec<(usize, String)> {
    let is_aid = |at: &usize| AIDS.contains(&source.token(*at)) && source.token(at + 1) == "!";
    let said = |at: usize| {
        (source.tokens[at].line, format!("`{}!` is for the desk: finish the line or remove it", source.token(at)))
    };
    (0..source.tokens.len()).filter(is_aid).map(said).collect()
}

fn silenced(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in 0..source.tokens.len() {
        let opens = source.reads(at, &["#", "["]) || source.reads(at, &["#", "!", "["]);
        let word = if source.token(at + 1) == "!" { at + 3 } else { at + 2 };
        if !opens || !matches!(source.token(word), "allow" | "expect") {
            continue;
        }
        let end = (word..source.tokens.len()).find(|place| source.token(*place) == "]").unwrap_or(word);
        if !(word..end).any(|place| source.token(place) == "reason") {
            let text = "a silenced lint says why: add `reason = \"...\"`, or mend what it points at".to_owned();
            found.push((source.tokens[at].line, text));
        }
    }
    found
}
