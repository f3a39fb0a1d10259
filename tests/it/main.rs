//! Integration tests: one binary, its folders mirror the rooms.

mod web;
