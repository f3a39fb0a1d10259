//! The admin in the browser: pages that the server writes from what the API answers, and the files that make them live.
//!
//! A page asks the handlers of the public API with the request it got, and puts their answers into a template: it has no
//! way to the store of its own, so that whatever it shows can be had by any other client too, under the same rights.

mod asked;
mod asset;
mod curve;
mod files;
mod history;
mod modules;
mod page;
mod pages;
mod problem;
mod schedules;
mod sellers;
mod settings;
mod template;
mod words;

pub(super) use files::{STAMPED, files, says, stamped};
pub(super) use pages::{front, pages};
pub(super) use problem::{as_page, join_page, sign_in_page};
