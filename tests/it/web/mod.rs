//! HTTP and the live stream.

mod afterwards;
mod audit_log;
mod automation;
mod bad_fields;
mod bad_input;
mod changes;
mod conditional;
mod doors;
mod estimate;
mod follow;
mod house;
mod idempotency;
mod live;
mod original_client;
mod people;
mod proxies;
mod rate_limits;
mod registry;
mod schedules;
mod scripted;
mod triage;
mod webhooks;
mod wire;
