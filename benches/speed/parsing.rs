//! How long the page parser takes over pages that were really served. They are no part of the project: without them
//! nothing is measured, and that is said.

use std::hint::black_box;

use gleaner::scrapers::ebay_page::parse;
use tokio::time::Instant;

use crate::Asked;
use crate::figures::Figures;
use crate::samples::samples;

/// Parses each page `parses` times after two that warm up; a page counts with its median.
pub fn measure(asked: &Asked) {
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
    println!("parsing: {count} pages, each {times} times, the median of each");
    println!("    mean of the pages, ms        {:.2}", sum / count);
    println!("    pages, ms                    {pages}");
    println!("    slowest, ms                  {:.2} {}", slowest.0, slowest.1);
}
