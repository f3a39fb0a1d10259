//! Gleaner: the map of its rooms.
pub mod cli;
pub mod scrapers;
