//! The commands, one file each.
pub mod parse;
pub mod sandbox;
