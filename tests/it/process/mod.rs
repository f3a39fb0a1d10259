//! The real binary from outside: what its commands print and how they end, crashes, signals, outages, the stream.
mod collect;
mod commands;
mod crash;
mod outage;
mod outside;
mod refusals;
mod stop;
mod stream;
