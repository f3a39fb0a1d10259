//! The registry of sellers and its history: read, changed, taken back.

pub mod counts;
pub mod entries;
pub mod export;
pub mod history;
pub mod import;
mod import_view;
pub mod list;
mod marked;
mod one;
pub mod past;
mod problem;
mod read;
pub mod seller;
pub mod write;
