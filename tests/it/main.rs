//! Integration tests; the folders mirror the rooms of `src/`.

#[path = "../support/mod.rs"]
mod support;

mod actors;
mod browser;
mod cli;
mod config;
mod files;
mod notices;
mod process;
mod scrapers;
mod simulation;
mod store;
mod web;
