//! What a house is made of: its tables, its tree of files, and a complaint about it. The rules stand beside this file.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use crate::source::Source;

/// A room and the rooms it may know; its own it knows always.
pub struct Room {
    /// The module of `src/`.
    pub name: &'static str,
    /// The others.
    pub knows: &'static [&'static str],
}

/// Where a dependency is at home.
pub struct Home {
    /// Its name in code.
    pub name: &'static str,
    /// The places that may name it.
    pub at: &'static [At],
}

/// A place of a [`Home`].
pub enum At {
    /// Every room.
    Anywhere,
    /// Every room but these.
    AllBut(&'static [&'static str]),
    /// This room.
    In(&'static str),
    /// This room, and of the crate only these items.
    Only(&'static str, &'static [&'static str]),
}

/// A rule of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Who may know whom.
    Rooms,
    /// Where a dependency is at home.
    Homes,
    /// How long a file may be.
    Size,
    /// The first line of a file.
    Header,
    /// What a file is called.
    Name,
    /// Each file is part of the crate.
    Declared,
    /// What must not stay in the sources.
    Leftover,
    /// A dependency has its reason beside it, and a use.
    Dependency,
    /// A migration can be taken back.
    Migration,
    /// Where the texts that people read stand.
    Text,
    /// Which tests run together.
    Parts,
    /// The tables of this test.
    Tables,
}

/// A breach that is allowed, and why.
pub struct Exception {
    /// The rule.
    pub rule: Rule,
    /// The file, or the folder with all that is in it.
    pub path: &'static str,
    /// What the complaint would be about: a room, a crate; empty where the rule has no such thing.
    pub about: &'static str,
    /// Why.
    pub why: &'static str,
}

/// The tables.
pub struct House {
    /// The rooms, in reading order.
    pub rooms: &'static [Room],
    /// The dependencies.
    pub homes: &'static [Home],
    /// Files that a program writes: their size and first line are not ours.
    pub generated: &'static [&'static str],
    /// The breaches that are allowed.
    pub exceptions: &'static [Exception],
}

/// What is wrong, where, and what to do about it.
#[derive(Debug)]
pub struct Complaint {
    /// The rule.
    pub rule: Rule,
    /// The file or folder.
    pub path: String,
    /// The line, where there is one.
    pub line: Option<usize>,
    /// See [`Exception::about`].
    pub about: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.text),
            None => write!(f, "{}: {}", self.path, self.text),
        }
    }
}

/// The files of a tree, read once.
pub struct Tree {
    /// Every Rust file of `src`, `tests` and `benches`.
    pub sources: Vec<Source>,
    /// Every script of `src`: its path and its text.
    pub scripts: Vec<(String, String)>,
    /// `Cargo.toml`.
    pub manifest: String,
    /// The folders of `migrations`, each with the text of its `up.sql` and `down.sql`.
    pub migrations: Vec<(String, Option<String>, Option<String>)>,
    /// The script that runs the tests part by part, where there is one.
    pub parts: Option<String>,
}

impl Tree {
    /// Reads the tree below `root`.
    pub fn read(root: &Path) -> Self {
        let mut paths = BTreeSet::new();
        for folder in ["src", "tests", "benches"] {
            walk(root, folder, "rs", &mut paths);
        }
        let mut scripts = BTreeSet::new();
        walk(root, "src", "js", &mut scripts);
        let text = |path: String| (path.clone(), fs::read_to_string(root.join(path)).unwrap_or_default());
        let scripts = scripts.into_iter().map(text).collect();
        let sources = paths.iter().map(|path| Source::read(root, path)).collect();
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
        let migrations = folders(&root.join("migrations"))
            .into_iter()
            .map(|name| {
                let sql = |file: &str| fs::read_to_string(root.join("migrations").join(&name).join(file)).ok();
                (format!("migrations/{name}"), sql("up.sql"), sql("down.sql"))
            })
            .collect();
        let parts = fs::read_to_string(root.join("tests/run")).ok();
        Self { sources, scripts, manifest, migrations, parts }
    }

    /// The file of that path.
    pub fn source(&self, path: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.path == path)
    }
}

fn walk(root: &Path, folder: &str, kind: &str, found: &mut BTreeSet<String>) {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return };
    for entry in entries {
        let entry = entry.expect("a folder that was just listed");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            walk(root, &path, kind, found);
        } else if path.rsplit_once('.').is_some_and(|(_, extension)| extension == kind) {
            found.insert(path);
        }
    }
}

fn folders(parent: &Path) -> Vec<String> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter(|e| e.path().is_dir()).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Everything that is wrong with the tree below `root`, but for what is excepted.
pub fn check(house: &House, root: &Path) -> Vec<Complaint> {
    let tree = Tree::read(root);
    let mut complaints = Vec::new();
    crate::rooms::check(house, &tree, &mut complaints);
    crate::files::check(house, &tree, &mut complaints);
    crate::leftovers::check(&tree, &mut complaints);
    crate::manifest::check(house, &tree, &mut complaints);
    crate::parts::check(&tree, &mut complaints);
    crate::texts::check(&tree, &mut complaints);
    except(house, complaints)
}

fn except(house: &House, complaints: Vec<Complaint>) -> Vec<Complaint> {
    let covers = |exception: &Exception, complaint: &Complaint| {
        let inside = complaint.path.strip_prefix(exception.path).is_some_and(|p| p.is_empty() || p.starts_with('/'));
        exception.rule == complaint.rule && inside && exception.about == complaint.about
    };
    let idle = house.exceptions.iter().filter(|exception| !complaints.iter().any(|c| covers(exception, c)));
    let mut left: Vec<Complaint> = idle
        .map(|exception| Complaint {
            rule: Rule::Tables,
            path: exception.path.to_owned(),
            line: None,
            about: exception.about.to_owned(),
            text: format!(
                "nothing here needs the exception from {:?} ({}) any more: remove it from the table in tests/tidy.rs",
                exception.rule, exception.why
            ),
        })
        .collect();
    left.extend(complaints.into_iter().filter(|complaint| !house.exceptions.iter().any(|e| covers(e, complaint))));
    left
}
