//! What a file looks like from outside: its first line, its name, its size, and that the crate knows it.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::house::{Complaint, House, Rule, Tree};
use crate::source::Source;

/// Most lines of code in a file, without its tests.
pub const CODE_LINES_MAX: usize = 300;
/// Most lines of code in a file with its tests, or in a file of tests.
pub const CODE_AND_TEST_LINES_MAX: usize = 500;
/// Names that say nothing about what is inside.
pub const EMPTY_NAMES: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "misc"];

/// Looks at each Rust file.
pub fn check(house: &House, tree: &Tree, complaints: &mut Vec<Complaint>) {
    let attached = attached(tree);
    for source in &tree.sources {
        let mut complain = |rule, line, text| {
            complaints.push(Complaint { rule, path: source.path.clone(), line, about: String::new(), text });
        };
        if !house.generated.contains(&source.path.as_str()) {
            if let Some(text) = header(source) {
                complain(Rule::Header, Some(1), text);
            }
            if let Some(text) = size(source) {
                complain(Rule::Size, None, text);
            }
        }
        if let Some(text) = name(source) {
            complain(Rule::Name, None, text);
        }
        if let Some(text) = undeclared(tree, source).filter(|_| !attached.contains(&source.path)) {
            complain(Rule::Declared, None, text);
        }
    }
}

fn header(source: &Source) -> Option<String> {
    let first = source.text.lines().next().unwrap_or_default();
    let said = first.strip_prefix("//!").is_some_and(|words| !words.trim().is_empty());
    (!said).then(|| "begin the file with a `//!` line that says what it is and what it must never do".to_owned())
}

/// A line of code is a line that is neither blank nor comment alone; comments are free, so that nobody saves on them.
fn size(source: &Source) -> Option<String> {
    let (all, plain) = source.code_lines();
    let is_test = source.path.starts_with("tests/") || source.path.ends_with("/tests.rs");
    let advice = "divide it by noun into files of their own";
    if !is_test && plain > CODE_LINES_MAX {
        return Some(format!("{plain} lines of code without its tests, {CODE_LINES_MAX} are allowed: {advice}"));
    }
    let kind = if is_test { "lines of test code" } else { "lines of code with its tests" };
    (all > CODE_AND_TEST_LINES_MAX).then(|| format!("{all} {kind}, {CODE_AND_TEST_LINES_MAX} are allowed: {advice}"))
}

fn name(source: &Source) -> Option<String> {
    let part =
        source.path.split('/').map(|part| part.trim_end_matches(".rs")).find(|part| EMPTY_NAMES.contains(part))?;
    Some(format!("`{part}` says nothing about what is inside: name the file after the thing it holds"))
}

/// Why no parent declares this file; nothing where one does.
fn undeclared(tree: &Tree, source: &Source) -> Option<String> {
    let (folder, file) = source.path.rsplit_once('/')?;
    let is_root = match folder.split_once('/') {
        None => folder != "src" || matches!(file, "lib.rs" | "main.rs"),
        Some(("tests" | "benches", inner)) => !inner.contains('/') && file == "main.rs",
        Some(_) => false,
    };
    if is_root {
        return None;
    }
    let (folder, module) = match file {
        "mod.rs" => folder.rsplit_once('/')?,
        _ => (folder, file.trim_end_matches(".rs")),
    };
    let beside = format!("{folder}.rs");
    let parents: Vec<String> = ["mod.rs", "lib.rs", "main.rs"].iter().map(|root| format!("{folder}/{root}")).collect();
    let parents: Vec<&Source> = parents.iter().chain([&beside]).filter_map(|path| tree.source(path)).collect();
    let declared =
        parents.iter().any(|parent| (0..parent.tokens.len()).any(|at| parent.reads(at, &["mod", module, ";"])));
    let place = parents.first().map_or("the module above it", |parent| parent.path.as_str());
    (!declared).then(|| {
        format!("no module declares this file, so nobody compiles it: write `mod {module};` in {place}, or remove it")
    })
}

/// Files that some other file attaches with a `path` attribute.
fn attached(tree: &Tree) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in &tree.sources {
        for line in source.text.lines() {
            let Some(path) = line.trim().strip_prefix("#[path = \"").and_then(|rest| rest.split('"').next()) else {
                continue;
            };
            let folder = Path::new(&source.path).parent().unwrap_or(Path::new(""));
            found.insert(plain(&folder.join(path)));
        }
    }
    found
}

fn plain(path: &Path) -> String {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.to_string_lossy().into_owned()
}
