//! Replay folders: how products are recognised, and what is said of folders that cannot be used.

use super::*;

const HEADER: &str = "rank,asin,title,price_text,url\n";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

fn replay(list: &str) -> Result<Replay, ReplayError> {
    let list = format!("{HEADER}{list}");
    let folder = folder(&[("list.csv", &list), ("b.html", "<p>second"), ("a.html", "<p>first"), ("notes.txt", "x")]);
    Replay::read(folder.path())
}

fn search(query: &str, window: Option<(i64, i64)>, page: usize) -> Search {
    let (low, high) = (window.map(|window| window.0), window.map(|window| window.1));
    Search { query: query.to_owned(), low, high, page, per_page: 60, ..Search::default() }
}

#[test]
fn the_nth_product_has_the_nth_page_in_turn() {
    let list =
        "1,B000000001,\"Tea Pot (Blue), 2 Count\",$10.00,\n2,B000000002,Kettle,N/A,\n3,B000000003,Mug,\"$1,299.00\",\n";
    let replay = replay(list).expect("a replay");
    let page = |query: &str| replay.page(&search(query, None, 1));
    assert_eq!((page("Tea Pot"), page("Kettle"), page("Mug")), (Some("<p>first"), Some("<p>second"), Some("<p>first")));
    assert_eq!(page("Spoon"), None);
    assert_eq!(replay.page(&search("Tea Pot", None, 2)), None);
    let prices: Vec<_> = replay.rows.iter().map(|row| row.cents).collect();
    assert_eq!(prices, [Some(1_000), None, Some(129_900)]);
}

#[test]
fn a_cut_query_is_recognised_and_a_whole_title_goes_first() {
    let list = "1,B000000001,Tea Pot Set,$1,\n2,B000000002,Tea Pot,$1,\n";
    let replay = replay(list).expect("a replay");
    let place = |query: &str| replay.recognise(&search(query, None, 1));
    assert_eq!((place("Tea Pot"), place("Tea"), place("Te"), place("Tea Pot Se")), (Some(1), Some(0), Some(0), None));
}

#[test]
fn equal_titles_are_told_apart_by_their_prices() {
    let list = "1,B000000001,Tea Pot,$10.00,\n2,B000000002,Tea Pot,$30.00,\n";
    let replay = replay(list).expect("a replay");
    let place = |window| replay.recognise(&search("Tea Pot", window, 1));
    assert_eq!(place(Some((1_800, 2_200))), Some(0));
    assert_eq!(place(Some((5_400, 6_600))), Some(1));
    assert_eq!((place(Some((1, 2))), place(None)), (Some(0), Some(0)));
}

#[test]
fn best_sellers_come_fifty_a_page() {
    let list: String = (1..=70).map(|rank| format!("{rank},B{rank:09},Thing {rank},$5,\n")).collect();
    let replay = replay(&list).expect("a replay");
    assert_eq!([1, 2, 3].map(|page| replay.best_sellers(page, 50).len()), [50, 20, 0]);
}

#[test]
fn a_bad_row_is_named_with_file_line_and_column() {
    for (list, words) in [
        ("1,B000000001,Tea,$1,\nfirst,B000000002,Tea,$1,\n", "list.csv, line 3, column rank: `first` is no rank"),
        ("1,B00,Tea,$1,\n", "line 2, column asin: `B00` is no ASIN"),
        ("1,B000000001,Tea,cheap,\n", "line 2, column price_text: `cheap` is no price"),
        ("", "line 2, column rank: there is no product"),
    ] {
        let error = replay(list).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
    let long: String = (1..=101).map(|rank| format!("{rank},B{rank:09},T,$5,\n")).collect();
    assert!(replay(&long).expect_err("too long").to_string().contains("100 is the most"));
}

#[test]
fn a_folder_without_what_is_needed_says_what_is_missing() {
    let said = |files: &[(&str, &str)]| Replay::read(folder(files).path()).expect_err("unusable").to_string();
    let list = format!("{HEADER}1,B000000001,Tea,$1,\n");
    assert!(said(&[("a.html", "x")]).contains("no list; a replay needs exactly one"));
    assert!(said(&[("a.csv", &list), ("b.csv", &list), ("a.html", "x")]).contains("a.csv and b.csv"));
    assert!(said(&[("a.csv", &list)]).contains("no captured pages"));
    assert!(said(&[("a.csv", "rank;asin\n1;2\n"), ("a.html", "x")]).contains("line 1, column rank: is missing"));
    assert!(said(&[("a.csv", "rank,asin,title\n"), ("a.html", "x")]).contains("column price_text: is missing"));
    let missing = Replay::read(Path::new("no/such/folder")).expect_err("missing").to_string();
    assert!(missing.contains("cannot read no/such/folder"));
}
