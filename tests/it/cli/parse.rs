//! `gleaner parse`: what is printed, and what happens to files that cannot be read.
use std::path::PathBuf;

use gleaner::cli::parse::{FILE_BYTES_MAX, ParseError, run};

fn parse(files: &[PathBuf], human: bool) -> (Result<(), ParseError>, String) {
    let mut out = Vec::new();
    let result = run(files, human, &mut out);
    (result, String::from_utf8(out).expect("the output is text"))
}

#[test]
fn each_file_is_one_json_line_in_the_order_named() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("b.html"), folder.path().join("a.html"));
    std::fs::write(&first, "<title>Access Denied</title>").unwrap();
    std::fs::write(&second, b"<h1 class=srp-controls__count-heading>0 results for \xff</h1>").unwrap();
    let (result, printed) = parse(&[first, second], false);
    result.unwrap();
    let outcomes: Vec<String> = printed
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["outcome"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(outcomes, ["blocked", "empty"]);
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_still_printed() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, large, good) =
        (folder.path().join("missing.html"), folder.path().join("large.html"), folder.path().join("good.html"));
    std::fs::File::create(&large).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
    std::fs::write(&good, "").unwrap();
    let (result, printed) = parse(&[missing, large, folder.path().to_owned(), good], true);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("missing.html: cannot be read"), "{error}");
    assert!(error.contains("large.html: cannot be read: it is larger than 33554432 bytes"), "{error}");
    assert_eq!(error.lines().count(), 3, "{error}");
    assert!(printed.contains("good.html\n  blocked"), "{printed}");
}
