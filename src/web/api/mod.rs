//! What the routes answer: one file a noun. Reads go to the store; whatever changes a run goes to the engine.

pub mod activity;
pub mod categories;
pub mod change;
pub mod collection_settings;
pub mod commands;
pub mod estimate;
pub mod events;
pub mod health;
pub mod items;
pub mod metrics;
pub mod named;
pub mod new_run;
pub mod planned_run;
pub mod presets;
pub mod run_view;
pub mod runs;
pub mod schedule_body;
pub mod schedule_view;
pub mod schedules;
pub mod selection_body;
pub mod sellers;
pub mod tasks;
pub mod templates;
