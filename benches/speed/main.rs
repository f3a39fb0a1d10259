//! What the program is fast at: `cargo bench` prints one table, ratios first. `cargo bench -- durable tasks=2000` measures
//! one part, `cargo bench -- flat --million` a run of a million products too.
//!
//! Nothing here asserts a time. How to read the figures, and what they were, is in `docs/performance.md`.

mod admin;
#[path = "../../tests/support/api.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod api;
#[path = "../../tests/support/binary.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod binary;
mod child;
#[path = "../../tests/support/chromium.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod chromium;
mod crowd;
mod database;
mod durable;
mod export;
mod figures;
#[path = "../../tests/support/filled.rs"]
mod filled;
mod flat;
mod house;
#[path = "../../tests/support/listener.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod listener;
mod load;
mod market;
mod overhead;
mod parsing;
mod plain_loop;
mod plain_server;
#[path = "../../tests/support/process.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod process;
#[path = "../../tests/support/questions.rs"]
mod questions;
mod registry;
mod resident;
mod restart;
#[path = "../../tests/support/samples.rs"]
mod samples;
mod shop;
mod start;
mod statements;
mod stream;
mod table;
#[path = "../../tests/support/torrent.rs"]
mod torrent;
mod usage;
mod watched_store;

use table::Table;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What was asked for on the command line.
pub struct Asked {
    words: Vec<String>,
}

/// The parts, in the order in which they are measured.
const PARTS: [&str; 13] = [
    "parsing",
    "durable",
    "overhead",
    "flat",
    "stream",
    "load",
    "subscribers",
    "memory",
    "registry",
    "export",
    "start",
    "restart",
    "admin",
];

impl Asked {
    /// Whether this part is to be measured: all are when none is named.
    fn wants(&self, name: &str) -> bool {
        let mut named = self.words.iter().filter(|word| !word.starts_with("--") && !word.contains('=')).peekable();
        named.peek().is_none() || named.any(|word| word == name)
    }

    /// The number given as `name=number`, else `usual`.
    fn number(&self, name: &str, usual: usize) -> usize {
        let given = self.words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        given.map_or(usual, |number| number.parse().expect("a number after ="))
    }

    /// Whether this word was said.
    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|said| said == word)
    }
}

fn main() {
    let asked = Asked { words: std::env::args().skip(1).collect() };
    actix::System::new().block_on(async {
        if asked.has(house::ROLE) {
            return child::serve(&asked).await;
        }
        let unknown =
            |word: &&String| !word.starts_with("--") && !word.contains('=') && !PARTS.contains(&word.as_str());
        if let Some(word) = asked.words.iter().find(unknown) {
            eprintln!("{word} is no part; the parts are {}", PARTS.join(", "));
            std::process::exit(1);
        }
        let mut table = Table::default();
        for part in PARTS.into_iter().filter(|part| asked.wants(part)) {
            measure(part, &asked, &mut table).await;
        }
        print!("{table}");
    });
}

async fn measure(part: &str, asked: &Asked, table: &mut Table) {
    match part {
        "parsing" => parsing::measure(asked, table),
        "durable" => durable::measure(asked, table).await,
        "overhead" => overhead::measure(asked, table).await,
        "flat" => flat::measure(asked, table).await,
        "stream" => stream::measure(asked, table).await,
        "load" => load::measure(asked, table).await,
        "subscribers" => resident::subscribers(asked, table).await,
        "memory" => resident::run(asked, table).await,
        "registry" => registry::measure(asked, table).await,
        "start" => start::measure(asked, table).await,
        "restart" => restart::measure(asked, table).await,
        "export" => export::measure(asked, table).await,
        "admin" => admin::measure(asked, table).await,
        other => unreachable!("{other} is none of the parts"),
    }
}
