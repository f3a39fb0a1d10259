//! What the routes answer: one file a noun. Reads go to the store; whatever changes a run goes to the engine.

pub mod activity;
pub mod categories;
pub mod change;
pub mod commands;
pub mod deliveries;
pub mod estimate;
pub mod events;
pub mod health;
pub mod items;
pub mod new_run;
pub mod new_sellers;
pub mod run_view;
pub mod runs;
pub mod sellers;
pub mod tasks;
mod webhook_body;
pub mod webhooks;
