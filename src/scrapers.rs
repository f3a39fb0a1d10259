//! How we ask: everything that knows a shop's dialect.
pub mod ebay_page;
