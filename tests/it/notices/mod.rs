//! What is told, over PostgreSQL and to far ends on loopback.

mod ground;
mod mail;
mod runs;
mod schedules;
mod sending;
