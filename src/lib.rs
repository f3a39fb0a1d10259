//! Gleaner: a self-hosted collection engine. The rooms, in reading order.

pub mod actors;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod files;
pub mod issuer;
pub mod metrics;
pub mod notices;
pub mod outward;
pub mod scrapers;
pub mod store;
pub mod web;
