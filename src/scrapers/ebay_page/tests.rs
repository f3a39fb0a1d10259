//! Rules of result pages, each on a small page made for it.
