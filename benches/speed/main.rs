//! What the engine is fast at, as ratios measured in one run: `cargo bench`, or `cargo bench -- durable tasks=2000`.
//!
//! Nothing here asserts a time. How to read the figures, and what they were, is in `docs/performance.md`.

mod database;
mod durable;
mod figures;
mod market;
mod overhead;
mod parsing;
mod plain_loop;
mod restart;
#[path = "../../tests/support/samples.rs"]
mod samples;
mod statements;
mod watched_store;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What was asked for on the command line.
pub struct Asked {
    words: Vec<String>,
}

impl Asked {
    /// Whether this benchmark is to run: all do when none is named.
    fn wants(&self, name: &str) -> bool {
        let mut named = self.words.iter().filter(|word| !word.starts_with("--") && !word.contains('=')).peekable();
        named.peek().is_none() || named.any(|word| word == name)
    }

    /// The number given as `name=number`, else `usual`.
    fn number(&self, name: &str, usual: usize) -> usize {
        let given = self.words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        given.map_or(usual, |number| number.parse().expect("a number after ="))
    }
}

fn main() {
    let asked = Asked { words: std::env::args().skip(1).collect() };
    actix::System::new().block_on(async {
        if asked.wants("parsing") {
            parsing::measure(&asked);
        }
        if asked.wants("durable") {
            durable::measure(&asked).await;
        }
        if asked.wants("overhead") {
            overhead::measure(&asked).await;
        }
        if asked.wants("restart") {
            restart::measure(&asked).await;
        }
    });
}
