//! The dependencies of `Cargo.toml`: one line each with a reason beside it, a home in the table, and a use in the code.

use crate::house::{Complaint, House, Rule, Tree};
use crate::rooms::is_outside;

/// Fewest characters of a reason that is one.
const REASON_CHARS_MIN: usize = 8;

/// Looks at each dependency, and at the table of homes.
pub fn check(house: &House, tree: &Tree, complaints: &mut Vec<Complaint>) {
    let mut section = "";
    let mut listed = Vec::new();
    let mut complain = |rule, line, about: &str, text: String| {
        let path = if rule == Rule::Tables { "tests/tidy.rs" } else { "Cargo.toml" };
        complaints.push(Complaint { rule, path: path.to_owned(), line, about: about.to_owned(), text });
    };
    for (index, line) in tree.manifest.lines().enumerate() {
        let (line, number) = (line.trim(), Some(index + 1));
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        }
        if !section.contains("dependencies") || line.is_empty() || line.starts_with(['#', '[']) {
            if section.contains("dependencies.") && line.starts_with('[') {
                complain(Rule::Dependency, number, section, "write the dependency on one line with its reason".into());
            }
            continue;
        }
        let Some((name, rest)) = line.split_once('=') else {
            complain(Rule::Dependency, number, line, "write the dependency on one line with its reason".into());
            continue;
        };
        let (package, name) = (name.trim(), name.trim().replace('-', "_"));
        if reason(rest).chars().count() < REASON_CHARS_MIN {
            let text =
                format!("say beside `{package}` why it is here: `{package} = ... # its job in one short phrase`");
            complain(Rule::Dependency, number, &name, text);
        }
        let for_tests = section.starts_with("dev-");
        if !is_used(tree, &name, for_tests) {
            let place = if for_tests { "tests, benches or src" } else { "src" };
            complain(Rule::Dependency, number, &name, format!("nothing in {place} names `{name}`: remove `{package}`"));
        }
        if !for_tests && !house.homes.iter().any(|home| home.name == name) {
            let text = format!("`{name}` has no home yet: say in the table in tests/tidy.rs which rooms may name it");
            complain(Rule::Homes, number, &name, text);
        }
        listed.push(name);
    }
    for home in house.homes.iter().filter(|home| !listed.iter().any(|name| name == home.name)) {
        let text = format!("`{}` has a home but is no dependency: remove it from the table", home.name);
        complain(Rule::Tables, None, home.name, text);
    }
}

/// What stands behind the value as a comment.
fn reason(value: &str) -> &str {
    let mut quoted = false;
    for (at, c) in value.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return value[at + 1..].trim(),
            _ => {}
        }
    }
    ""
}

fn is_used(tree: &Tree, name: &str, for_tests: bool) -> bool {
    tree.sources
        .iter()
        .filter(|source| for_tests || source.path.starts_with("src/"))
        .any(|source| source.named().iter().any(|path| path.segments[0] == name && is_outside(path)))
}
