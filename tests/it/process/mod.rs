//! The real binary from outside: what its commands print and how they end, crashes, signals, outages, the stream.

mod away;
mod budget;
mod collect;
mod commands;
mod commit;
mod crash;
mod credentials;
mod demo;
mod dice;
mod disaster;
mod engines;
mod independent;
mod load;
mod notices;
mod outage;
pub mod outside;
mod private;
mod provider;
mod push_pull;
mod refusals;
mod reparse;
mod stop;
mod stream;
mod unread;
