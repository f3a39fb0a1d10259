//! The integration tests, one binary; folders mirror the sources.
mod cli;
mod scrapers;
