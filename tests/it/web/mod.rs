//! HTTP and the live stream.

mod afterwards;
mod audit_log;
mod automation;
mod bad_input;
mod changes;
mod doors;
mod estimate;
mod follow;
mod house;
mod idempotency;
mod live;
mod original_client;
mod people;
mod plans;
mod rate_limits;
mod registry;
mod schedules;
mod scripted;
mod webhooks;
mod wire;
