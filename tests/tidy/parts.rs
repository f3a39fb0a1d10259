//! Every test folder stands in a part of `tests/run`, which refuses to begin while one does not; here that is said before
//! anything is built, wherever the tests run.

use crate::house::{Complaint, Rule, Tree};

/// The binary whose root modules are divided into parts.
const MAIN: &str = "tests/it/main.rs";
/// The script that names the parts.
const SCRIPT: &str = "tests/run";

/// Compares the modules at the root of the test binary with the tables of the script; a tree without one has no parts.
pub fn check(tree: &Tree, complaints: &mut Vec<Complaint>) {
    let Some(script) = &tree.parts else { return };
    let mut complain = |about: &str, text: String| {
        let (path, about) = (SCRIPT.to_owned(), about.to_owned());
        complaints.push(Complaint { rule: Rule::Parts, path, line: None, about, text });
    };
    let (table, parts, listed) = (modules(script), words(script, "\nparts=(", ")"), described(script));
    let root = root_modules(tree);
    for module in &root {
        let places = table.iter().filter(|(_, modules)| modules.contains(module)).count();
        if places != 1 {
            let text = format!(
                "tests/it/{module} stands in {places} parts, so nothing is tested: write it once into `modules=(...)`, as \
                 `[{module}]={module}`, its part into `parts=(...)` and a line about the part into `list`"
            );
            complain(module, text);
        }
    }
    for (part, modules) in &table {
        for module in modules.iter().filter(|module| !root.contains(module)) {
            complain(
                module,
                format!("part {part} names tests/it/{module}, which is not there: take it out of `modules`"),
            );
        }
        if !parts.contains(part) {
            complain(part, format!("part {part} has modules and cannot be asked for: write it into `parts=(...)`"));
        }
    }
    for part in parts.iter().filter(|part| !listed.contains(part)) {
        complain(part, format!("part {part} is not described: write a line about it into `list`"));
    }
}

/// The modules that the binary declares itself; what it attaches from elsewhere holds no tests.
fn root_modules(tree: &Tree) -> Vec<String> {
    let Some(main) = tree.source(MAIN) else { return Vec::new() };
    let lines: Vec<&str> = main.code.lines().collect();
    let is_attached = |line: usize| line >= 2 && lines[line - 2].trim_start().starts_with("#[path");
    (0..main.tokens.len())
        .filter(|at| main.token(*at) == "mod" && main.token(at + 2) == ";" && !is_attached(main.tokens[*at].line))
        .map(|at| main.token(at + 1).to_owned())
        .collect()
}

/// The table of parts with modules: `[part]=module`, or `[part]='module module'`.
fn modules(script: &str) -> Vec<(String, Vec<String>)> {
    let entry = |entry: &str| {
        let (part, modules) = entry.split_once("]=")?;
        let modules = modules.trim().trim_matches(['\'', '"']).split_whitespace();
        Some((part.to_owned(), modules.map(str::to_owned).collect()))
    };
    between(script, "modules=(", "\n)").split('[').filter_map(entry).collect()
}

/// The first word of each line that says what a part is.
fn described(script: &str) -> Vec<String> {
    let lines = between(script, "cat <<'END'\n", "\nEND").lines();
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn words(script: &str, from: &str, to: &str) -> Vec<String> {
    between(script, from, to).split_whitespace().map(str::to_owned).collect()
}

/// What stands between these two; nothing where either is missing.
fn between<'a>(script: &'a str, from: &str, to: &str) -> &'a str {
    let behind = script.split_once(from).map_or("", |(_, behind)| behind);
    behind.split_once(to).map_or("", |(inside, _)| inside)
}
