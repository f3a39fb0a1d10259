//! HTTP and the live stream.

mod afterwards;
mod audit_log;
mod automation;
mod bad_input;
mod changes;
mod document;
mod doors;
mod estimate;
mod exports;
mod follow;
mod house;
mod idempotency;
mod imports;
mod live;
mod original_client;
mod original_registry;
mod people;
mod promise;
mod rate_limits;
mod registry;
mod schedules;
mod scripted;
mod walk;
mod webhooks;
mod wire;
