//! HTTP and the live stream.

mod audit_log;
mod bad_input;
mod changes;
mod doors;
mod estimate;
mod follow;
mod house;
mod idempotency;
mod live;
mod original_client;
mod rate_limits;
mod scripted;
mod wire;
