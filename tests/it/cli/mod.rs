//! Tests of the commands.
mod parse;
mod sandbox;
