//! Tests of the scrapers room.
mod account;
mod bad_answers;
mod ebay_page;
mod oxylabs;
mod push_pull;
mod replay;
mod sandbox;
mod walk;
