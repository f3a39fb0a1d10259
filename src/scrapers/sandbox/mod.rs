//! A small marketplace that speaks the vendor's protocol over real HTTP on this machine, so that demo, tests and benchmarks
//! run the production clients unchanged. The one folder of `scrapers` that may know actix_web: it is a server. It does not
//! know the page parser, and no client knows it.

mod draw;
mod market;
mod offer;
mod page;
mod product;
mod search;
mod seller;
mod shelf;
mod truth;

pub use truth::{UnknownCategory, truth};
