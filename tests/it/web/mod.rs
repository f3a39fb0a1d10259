//! HTTP and the live stream.

mod afterwards;
mod automation;
mod bad_input;
mod doors;
mod estimate;
mod follow;
mod house;
mod live;
mod original_client;
mod people;
mod schedules;
mod scripted;
mod wire;
