//! Tests of the scrapers room.
mod ebay_page;
