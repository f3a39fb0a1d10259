//! HTTP and the live stream.

mod bad_input;
mod doors;
mod estimate;
mod follow;
mod house;
mod live;
mod original_client;
mod scripted;
mod webhooks;
mod wire;
