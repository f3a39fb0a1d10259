//! gleaner
fn main() {}
