//! The registry of sellers and its history: read, changed, taken back.

pub mod entries;
pub mod export;
pub mod history;
pub mod import;
mod import_view;
pub mod list;
mod one;
mod problem;
mod read;
pub mod seller;
pub mod write;
