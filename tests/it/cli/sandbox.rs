//! `gleaner sandbox`, `gleaner sandbox truth`, `gleaner categories`: what is printed.

use gleaner::cli::sandbox::{categories, serve, truth};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::sandbox::Config;

#[test]
fn the_truth_is_one_normalised_name_a_line_in_order() {
    let mut out = Vec::new();
    let settings = RunSettings { pages_per_category: 1, ..RunSettings::default() };
    truth(1, &["home-bath".to_owned()], &settings, &mut out).expect("a category");
    let text = String::from_utf8(out).expect("text");
    let names: Vec<&str> = text.lines().collect();
    assert!(names.len() > 500 && names.is_sorted() && text.ends_with('\n'));
}

#[test]
fn an_unknown_category_is_an_error_and_nothing_is_printed() {
    let mut out = Vec::new();
    let settings = RunSettings::default();
    let error = truth(1, &["home-bat".to_owned()], &settings, &mut out).expect_err("unknown").to_string();
    assert!(error.contains("`home-bat`") && error.contains("gleaner categories"), "{error}");
    assert!(out.is_empty());
}

#[test]
fn categories_are_listed_with_department_and_name() {
    let mut out = Vec::new();
    categories(&mut out).expect("an output");
    let text = String::from_utf8(out).expect("text");
    assert_eq!(text.lines().count(), 75);
    assert!(text.contains("home-bath\tHome & Kitchen\tBath\n"));
}

#[actix_web::test]
async fn the_sandbox_prints_its_address_and_runs_until_it_is_told_to_end() {
    let mut out = Vec::new();
    serve(Config::default(), std::future::ready(()), &mut out).await.expect("a sandbox");
    let printed = String::from_utf8(out).expect("text");
    assert!(printed.starts_with("http://127.0.0.1:") && printed.ends_with('\n'), "{printed}");
}
