//! Which modules a page loads in the end, read off their import lines: named in its head, the browser asks for all of them
//! at once, and not for one depth after the other.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::asset::{names, source};

/// What every page begins with.
const BOOT: &str = "boot.js";

type Imports = BTreeMap<String, Vec<String>>;

static IMPORTS: LazyLock<Imports> = LazyLock::new(imports);

/// What a page with this script loads besides the first module, the nearest ones first.
pub(super) fn modules(script: &str) -> Vec<String> {
    reached(&IMPORTS, script)
}

fn reached(imports: &Imports, script: &str) -> Vec<String> {
    let mut found = vec![BOOT.to_owned(), format!("{script}.js")];
    found.retain(|name| imports.contains_key(name));
    let mut at = 0;
    while let Some(name) = found.get(at) {
        let further: Vec<String> = imports[name].iter().filter(|name| !found.contains(name)).cloned().collect();
        found.extend(further);
        at += 1;
    }
    found.retain(|name| name != BOOT);
    found
}

fn imports() -> Imports {
    let modules = names().into_iter().filter(|name| name.ends_with(".js"));
    modules.map(|name| (of(&source(&name).unwrap_or_default()), name)).map(|(named, name)| (name, named)).collect()
}

/// The modules that this one names at its head; what it loads later, if ever, is none of them.
fn of(source: &str) -> Vec<String> {
    let lines = source.lines().filter(|line| line.starts_with("import "));
    let named = lines.filter_map(|line| line.split_once("from \"./")?.1.strip_suffix("\";"));
    named.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_loads_what_its_modules_name_each_once_and_not_what_may_come_later() {
        let modules = modules("run");
        for name in ["run.js", "lanes.js", "lane_path.js", "dom.js", "words.js", "shell.js"] {
            assert_eq!(modules.iter().filter(|module| *module == name).count(), 1, "{name} in {modules:?}");
        }
        for name in ["boot.js", "replay.js", "sellers.js"] {
            assert!(!modules.iter().any(|module| module == name), "{name} in {modules:?}");
        }
        assert!(super::modules("").iter().any(|module| module == "shell.js"), "a page without a script of its own");
    }

    #[test]
    fn every_import_is_a_line_that_is_understood() {
        for name in names().into_iter().filter(|name| name.ends_with(".js")) {
            let source = source(&name).expect("it is there");
            assert_eq!(of(&source).len(), source.matches("from \"./").count(), "{name}");
        }
    }
}
