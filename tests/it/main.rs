//! Integration tests, one binary; the folders mirror the rooms.

mod store;
