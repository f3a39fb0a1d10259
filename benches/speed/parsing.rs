//! How long the page parser takes over pages that were really served. They are no part of the project: without them
//! nothing is measured, and that is said.

use std::hint::black_box;

use gleaner::scrapers::ebay_page::parse;
use tokio::time::Instant;

use crate::Asked;
use crate::figures::Figures;
use crate::samples::samples;
use crate::table::{Goal, Table};

/// Parses each page `parses` times after two that warm up; a page counts with its median.
pub fn measure(asked: &Asked, table: &mut Table) {
    let Some(folder) = samples(&["ebay_srp"]) else { return };
    let times = asked.number("parses", 15);
    let mut pages = Figures::default();
    let (mut sum, mut count, mut slowest) = (0.0, 0.0, (0.0, String::new()));
    for entry in std::fs::read_dir(folder.join("ebay_srp")).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a readable file");
        let html = String::from_utf8_lossy(&bytes);
        let mut page = Figures::default();
        for time in 0..times + 2 {
            let since = Instant::now();
            black_box(parse(black_box(&html)));
            if time >= 2 {
                page.add(since.elapsed().as_secs_f64() * 1_000.0);
            }
        }
        let median = page.median();
        pages.add(median);
        (sum, count) = (sum + median, count + 1.0);
        if median > slowest.0 {
            slowest = (median, format!("{} ({} KB)", path.display(), bytes.len() / 1_024));
        }
    }
    eprintln!("parsing: {count} pages, each {times} times, the median of each; slowest {}", slowest.1);
    table.figure("parsing: mean of the captured pages, ms", sum / count, Goal::AtMost(15.0));
    table.figure("parsing: the captured pages, ms", &pages, Goal::None);
    table.figure("parsing: the slowest page, ms", slowest.0, Goal::AtMost(40.0));
}
