//! Tests of what we keep.

mod embedded;
