//! Who may ask: organisations and their tokens.

pub mod api_tokens;
pub mod orgs;
