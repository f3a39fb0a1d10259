//! Tests of the commands.
mod parse;
