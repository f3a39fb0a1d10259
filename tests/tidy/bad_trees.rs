//! The rules themselves under test: each tree here is wrong in one way, and that way is found.

use std::fs;

use tempfile::TempDir;

use crate::HOUSE;
use crate::house::{Complaint, Exception, House, Rule, check};

/// A small tree without a fault, which each test then spoils.
struct Spoilt {
    folder: TempDir,
}

impl Spoilt {
    fn new() -> Self {
        let tree = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        tree.write("src/lib.rs", "//! The map.\npub mod domain;\npub mod store;\npub mod web;\n");
        tree.write("src/domain.rs", "//! True things. No diesel::insert_into here, says this comment.\npub mod run;\n");
        tree.write(
            "src/domain/run.rs",
            "//! A run.\nuse serde::Serialize;\nconst WORD: &str = \"crate::web::x TODO\";\n",
        );
        tree.write("src/store.rs", "//! Rows.\nuse crate::domain::run;\nuse diesel::prelude::*;\n");
        tree.write("src/web.rs", "//! Routes.\nuse nix::sys;\nuse crate::{domain, store::{self as rows}};\n");
        tree.write(
            "Cargo.toml",
            "[package]\nname = \"x\"\n[dependencies]\nserde = \"1\" # wire forms\nnix = \"0\" # the system\n\
             diesel = { version = \"2\", features = [\"a#b\"] } # all queries\n[dev-dependencies]\n",
        );
        tree.write("migrations/1_start/up.sql", "CREATE TABLE a (b int);\n");
        tree.write("migrations/1_start/down.sql", "DROP TABLE a;\n");
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is below the root")).expect("a folder of our own");
        fs::write(path, text).expect("a folder of our own");
    }

    fn with(path: &str, text: &str) -> Vec<Complaint> {
        let tree = Self::new();
        tree.write(path, text);
        tree.complaints(&[])
    }

    fn complaints(&self, exceptions: &'static [Exception]) -> Vec<Complaint> {
        let House { rooms, homes, generated, .. } = HOUSE;
        let found = check(&House { rooms, homes, generated, exceptions }, self.folder.path());
        // The real table names more dependencies than this tree has; that rule has a test of its own.
        found.into_iter().filter(|complaint| complaint.path != "tests/tidy.rs").collect()
    }
}

#[track_caller]
fn assert_one(found: &[Complaint], rule: Rule, start: &str, says: &str) {
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{texts:#?}");
    assert_eq!(found[0].rule, rule, "{texts:#?}");
    assert!(texts[0].starts_with(start) && texts[0].contains(says), "{texts:#?}");
}

fn lines(count: usize) -> String {
    (0..count).map(|number| format!("const N{number}: u8 = 0;\n\n// why\n")).collect()
}

#[test]
fn a_good_tree_has_no_complaint() {
    assert!(Spoilt::new().complaints(&[]).is_empty());
}

#[test]
fn a_room_that_is_not_in_the_table_is_found() {
    let tree = Spoilt::new();
    tree.write("src/lib.rs", "//! The map.\npub mod domain;\npub mod oops;\npub mod store;\npub mod web;\n");
    tree.write("src/oops.rs", "//! What is this?\n");
    assert_one(&tree.complaints(&[]), Rule::Rooms, "src/oops.rs: ", "none of the rooms");
}

#[test]
fn a_room_that_knows_too_much_is_found_however_the_path_is_written() {
    for (path, text, start) in [
        ("src/domain/run.rs", "//! A run.\nuse crate::store::x;\nuse serde::a;\n", "src/domain/run.rs:2: "),
        ("src/domain/run.rs", "//! A run.\nuse serde::a;\nfn f() { crate::store::x() }\n", "src/domain/run.rs:3: "),
        ("src/domain/run.rs", "//! A run.\nuse serde::a;\nuse crate::{domain::z, store};\n", "src/domain/run.rs:3: "),
        ("src/domain/run.rs", "//! A run.\nuse serde::a;\nuse super::super::store;\n", "src/domain/run.rs:3: "),
        (
            "src/domain/run.rs",
            "//! A run.\nuse serde::a;\nmod inner {\n    use super::super::super::store::x;\n    use super::super::run;\n}\n",
            "src/domain/run.rs:4: ",
        ),
    ] {
        assert_one(&Spoilt::with(path, text), Rule::Rooms, start, "domain may not know store");
    }
}

#[test]
fn a_dependency_away_from_home_is_found_and_words_in_text_are_not() {
    let text = "//! Routes.\nuse nix::sys;\nfn f() { diesel::sql_query(\"\") }\n";
    assert_one(&Spoilt::with("src/web.rs", text), Rule::Homes, "src/web.rs:3: ", "not at home in web");
    let text = "//! Routes.\nuse nix::{sys, unistd};\n";
    assert_one(&Spoilt::with("src/web.rs", text), Rule::Homes, "src/web.rs:2: ", "of it only sys");
    let text = "//! Routes.\nuse nix::sys;\nuse crate::store::diesel;\nfn f() { diesel::x() }\n";
    assert!(Spoilt::with("src/web.rs", text).is_empty(), "a module of our own may have the name of a crate");
}

#[test]
fn a_file_that_is_too_long_is_found_and_comments_and_blank_lines_are_free() {
    let body = |code: usize, tests: usize| {
        format!("//! A run.\nuse serde::a;\n{}#[cfg(test)]\nmod tests {{\n{}}}\n", lines(code), lines(tests))
    };
    assert!(Spoilt::with("src/domain/run.rs", &body(299, 100)).is_empty());
    let found = Spoilt::with("src/domain/run.rs", &body(300, 0));
    assert_one(&found, Rule::Size, "src/domain/run.rs: 301 lines", "divide it by noun");
    let found = Spoilt::with("src/domain/run.rs", &body(200, 297));
    assert_one(&found, Rule::Size, "src/domain/run.rs: 501 lines of code with its tests", "divide it by noun");
    let found = Spoilt::with("tests/run.rs", &format!("//! Tests.\n{}", lines(501)));
    assert_one(&found, Rule::Size, "tests/run.rs: 501 lines of test code", "divide it by noun");
}

#[test]
fn a_file_without_a_header_is_found_but_for_the_generated_schema() {
    let found = Spoilt::with("src/domain/run.rs", "use serde::a;\n");
    assert_one(&found, Rule::Header, "src/domain/run.rs:1: ", "`//!` line");
    let tree = Spoilt::new();
    tree.write("src/store.rs", "//! Rows.\nmod schema;\nuse diesel::prelude::*;\n");
    tree.write("src/store/schema.rs", &format!("// @generated\n{}", lines(600)));
    assert!(tree.complaints(&[]).is_empty());
}

#[test]
fn a_file_with_an_empty_name_is_found() {
    let tree = Spoilt::new();
    tree.write("src/store.rs", "//! Rows.\npub mod helpers;\nuse diesel::prelude::*;\n");
    tree.write("src/store/helpers.rs", "//! This and that.\n");
    assert_one(&tree.complaints(&[]), Rule::Name, "src/store/helpers.rs: ", "name the file after the thing");
}

#[test]
fn a_file_that_nobody_declares_is_found() {
    let found = Spoilt::with("src/domain/lost.rs", "//! Nobody compiles this.\n");
    assert_one(&found, Rule::Declared, "src/domain/lost.rs: ", "write `mod lost;` in src/domain.rs");
    let found = Spoilt::with("src/domain/lost/mod.rs", "//! Nor this.\n");
    assert_one(&found, Rule::Declared, "src/domain/lost/mod.rs: ", "write `mod lost;` in src/domain.rs");
    let tree = Spoilt::new();
    tree.write("tests/it/main.rs", "//! One binary.\n#[path = \"../support/page.rs\"]\nmod page;\nmod web;\n");
    tree.write("tests/it/web/mod.rs", "//! Routes.\n");
    tree.write("tests/support/page.rs", "//! A page.\n");
    assert!(tree.complaints(&[]).is_empty());
}

#[test]
fn leftovers_are_found() {
    for (text, says) in [
        ("//! A run.\nuse serde::a;\n// TODO later\n", "do it now"),
        ("//! A run.\nuse serde::a;\nfn f() { /* FIXME */ }\n", "do it now"),
        ("//! A run.\nuse serde::a;\nfn f() { todo!() }\n", "finish the line"),
        ("//! A run.\nuse serde::a;\nfn f() { dbg!(1); }\n", "finish the line"),
        ("//! A run.\nuse serde::a;\n#[allow(dead_code)]\n", "says why"),
        ("//! A run.\nuse serde::a;\n#[expect(dead_code)]\n", "says why"),
    ] {
        assert_one(&Spoilt::with("src/domain/run.rs", text), Rule::Leftover, "src/domain/run.rs:3: ", says);
    }
    let text = "//! A run.\nuse serde::a;\n#[allow(dead_code, reason = \"the wire has it\")]\nstruct A;\n";
    assert!(Spoilt::with("src/domain/run.rs", text).is_empty());
}

#[test]
fn a_migration_that_cannot_be_taken_back_is_found() {
    for text in ["", "-- nothing to do\n"] {
        let found = Spoilt::with("migrations/1_start/down.sql", text);
        assert_one(&found, Rule::Migration, "migrations/1_start: ", "write a down.sql");
    }
    let found = Spoilt::with("migrations/2_more/up.sql", "CREATE TABLE c (d int);\n");
    assert_one(&found, Rule::Migration, "migrations/2_more: ", "write a down.sql");
}

#[test]
fn a_test_folder_that_stands_in_no_part_or_in_two_is_found() {
    let script = |modules: &str, parts: &str| {
        let tree = Spoilt::new();
        tree.write(
            "tests/it/main.rs",
            "//! One binary.\n#[path = \"../support/page.rs\"]\nmod page;\n\nmod cli;\nmod web;\n",
        );
        tree.write("tests/it/cli.rs", "//! Commands.\n");
        tree.write("tests/it/web.rs", "//! Routes.\n");
        tree.write("tests/support/page.rs", "//! A page.\n");
        let list = "list() {\n    cat <<'END'\ntidy   the rules\ncommands   at a terminal\nweb    over HTTP\nEND\n}\n";
        tree.write("tests/run", &format!("declare -A modules=(\n    {modules}\n)\nparts=({parts})\n{list}"));
        tree.complaints(&[])
    };
    let all = "tidy commands web";
    assert!(script("[web]=web [commands]='cli'", all).is_empty());
    let found = script("[commands]=cli", all);
    assert_one(&found, Rule::Parts, "tests/run: tests/it/web stands in 0 parts", "as `[web]=web`");
    let found = script("[web]='web cli' [commands]=cli", all);
    assert_one(&found, Rule::Parts, "tests/run: tests/it/cli stands in 2 parts", "write it once");
    let found = script("[web]=web [commands]='cli config'", all);
    assert_one(&found, Rule::Parts, "tests/run: part commands names tests/it/config", "take it out");
    let found = script("[web]=web [commands]=cli", "tidy web");
    assert_one(&found, Rule::Parts, "tests/run: part commands has modules", "into `parts=(...)`");
    let found = script("[web]=web [commands]=cli", "tidy commands web deny");
    assert_one(&found, Rule::Parts, "tests/run: part deny is not described", "into `list`");
}

#[test]
fn a_dependency_needs_a_reason_a_use_and_a_home() {
    let manifest = |line: &str| {
        format!(
            "[dependencies]\nserde = \"1\" # wire forms\nnix = \"0\" # the system\ndiesel = \"2\" # all queries\n{line}\n"
        )
    };
    let found = Spoilt::with("Cargo.toml", &manifest("").replace(" # wire forms", ""));
    assert_one(&found, Rule::Dependency, "Cargo.toml:2: ", "say beside `serde` why it is here");
    let found = Spoilt::with("Cargo.toml", &manifest("futures-util = \"0\" # stream combinators"));
    assert_one(&found, Rule::Dependency, "Cargo.toml:5: ", "nothing in src names `futures_util`");
    let found = Spoilt::with("Cargo.toml", &manifest("[dependencies.csv]"));
    assert_one(&found, Rule::Dependency, "Cargo.toml:5: ", "on one line");
    let tree = Spoilt::new();
    tree.write("Cargo.toml", &manifest("strange = \"1\" # a stranger"));
    tree.write("src/web.rs", "//! Routes.\nuse nix::sys;\nuse strange::x;\n");
    assert_one(&tree.complaints(&[]), Rule::Homes, "Cargo.toml:5: ", "`strange` has no home yet");
}

#[test]
fn a_home_without_its_dependency_is_found() {
    let found = check(&HOUSE, Spoilt::new().folder.path());
    assert!(found.iter().any(|complaint| complaint.rule == Rule::Tables && complaint.about == "rand"), "{found:?}");
}

#[test]
fn a_permission_that_nobody_uses_is_found() {
    let idle = |text: &str| {
        let tree = Spoilt::new();
        tree.write("src/web.rs", text);
        let found = check(&HOUSE, tree.folder.path()).into_iter().filter(|complaint| complaint.rule == Rule::Tables);
        found
            .map(|complaint| complaint.text)
            .filter(|text| text.contains("web may name"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let good = idle("//! Routes.\nuse nix::sys;\nuse crate::{domain, store::{self as rows}};\n");
    assert!(!good.contains("web may name store") && !good.contains("web may name nix and"), "{good}");
    assert!(good.contains("web may name actors and never does"), "{good}");
    let less = idle("//! Routes.\nuse crate::domain;\n");
    assert!(less.contains("web may name store and never") && less.contains("web may name nix and never"), "{less}");
}

#[test]
fn a_text_in_a_script_is_found_and_nothing_that_only_looks_like_one() {
    let good = "// A comment with \"Several words\" in it.\nconst node = h(\"p\", { class: on ? \"row wrap\" : \"row\" }, t(\"a.b\"), `${one} ${two}`);\n\
                if (key === \"Escape\" || /^\"two words$/.test(text)) node.querySelector(\"tbody tr\").set(\"Content-Type\", \"i i-s\");\n";
    assert!(Spoilt::with("src/web/static/a.js", good).is_empty());
    for bad in
        ["\"Two words\"", "\"none new\"", "\"Worker\"", "`page ${page} of ${most}`", "`${n > 1 ? \" new\" : \"\"}`"]
    {
        let found = Spoilt::with("src/web/static/a.js", &format!("{good}say(node, {bad});\n"));
        assert_one(&found, Rule::Text, "src/web/static/a.js:4: ", "is read by people");
    }
}

#[test]
fn an_exception_covers_what_it_names_and_is_found_when_nothing_needs_it() {
    const EXCEPTIONS: &[Exception] =
        &[Exception { rule: Rule::Homes, path: "src/domain", about: "diesel", why: "to see that it works" }];
    let tree = Spoilt::new();
    assert_one(&tree.complaints(EXCEPTIONS), Rule::Tables, "src/domain: ", "to see that it works");
    tree.write("src/domain/run.rs", "//! A run.\nuse serde::a;\nuse diesel::b;\n");
    assert!(tree.complaints(EXCEPTIONS).is_empty());
    tree.write("src/domain/run.rs", "//! A run.\nuse serde::a;\nuse diesel::b;\nuse awc::c;\n");
    assert_one(&tree.complaints(EXCEPTIONS), Rule::Homes, "src/domain/run.rs:4: ", "`awc::c` is not at home in domain");
}
