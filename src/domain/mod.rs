//! What is true: the words of the product and the rules that need neither clock, wire nor disk.
//!
//! Nothing here knows actix, diesel, HTTP or the time of day; every function is a function of its arguments.

pub mod address;
pub mod audit;
pub mod budget;
pub mod chosen;
pub mod counters;
pub mod coverage;
pub mod delivery;
pub mod estimate;
pub mod event;
pub mod export;
pub mod failure;
pub mod foreseen;
pub mod formula;
pub mod ids;
pub mod import;
pub mod lane;
pub mod ledger;
pub mod metrics;
pub mod money;
pub mod name;
pub mod notice;
pub mod person;
pub mod price;
pub mod price_window;
pub mod product;
pub mod progress;
pub mod query;
pub mod raw_page;
pub mod recent;
pub mod recovery;
pub mod registry;
pub mod resume;
pub mod retry;
pub mod rights;
pub mod run;
pub mod run_named;
pub mod schedule;
pub mod selection;
pub mod seller;
pub mod seller_name;
pub mod seller_page;
pub mod settings;
pub mod spend;
pub mod task;
