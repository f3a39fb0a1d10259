//! HTTP and the live stream.

mod follow;
mod scripted;
