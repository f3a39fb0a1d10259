//! People: who has signed in, what they may do, whom they ask to come, and the tokens that they make.

pub mod invitations;
pub mod me;
pub mod members;
pub mod own_sessions;
pub mod passwords;
pub mod sessions;
pub mod tokens;

/// How to find out where nobody can say whether a change was made.
const LOOK_FIRST: &str = "it may have been done; look (GET) before you send this again";
