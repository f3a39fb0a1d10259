//! The actors with mocked scrapers over the memory store, in virtual time; schedules over PostgreSQL, which keeps them.

mod alone;
mod budget;
mod clock_jumps;
mod deaths;
mod engine_deaths;
mod five_workers;
mod hung;
mod last_words;
mod limits;
mod month;
mod neighbours;
mod pauses;
mod push_pull;
mod recovery;
mod refused;
mod resuming;
mod schedules;
mod standstill;
mod suspects;
mod vanished;
