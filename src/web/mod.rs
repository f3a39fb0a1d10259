//! Who asks and watches: HTTP, the live stream, the page.

pub mod admin;
