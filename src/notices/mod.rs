//! Who is told: sends what is due to webhooks and by mail. What is told, and to whom, is written elsewhere with the fact
//! itself; here it only travels.

pub mod mail;
pub mod post;
pub mod sender;
mod signature;

pub use mail::{Mail, MailSettings};

/// What the room obeys.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Webhooks on private and loopback addresses may be reached.
    pub allow_private: bool,
    /// Where people reach Gleaner: links begin with it. Where nobody knows, notices have none.
    pub base_url: Option<String>,
    /// How mail is sent, where it can be.
    pub mail: Option<MailSettings>,
}
