//! People: who has signed in, what they may do, whom they ask to come, and the tokens that they make.

pub mod invitations;
pub mod me;
pub mod members;
pub mod own_sessions;
pub mod passwords;
pub mod sessions;
pub mod tokens;

pub(super) use invitations::Somebody;
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use crate::domain::person::{EMAIL_CHARS_MAX, NAME_CHARS_MAX, PASSWORD_CHARS_MAX};
use crate::web::openapi::field::{Field, name, text};

/// An address that belongs to a person.
const EMAIL: Field = Field::optional("email", email, "an e-mail address").example("\"ada@example.org\"");
/// What a person is called.
const NAME: Field = Field::optional("name", name::<NAME_CHARS_MAX>, "what they are called").example("\"Ada\"");
/// A password, one that somebody has or wants.
const PASSWORD: Field = Field::needed("password", text::<1, PASSWORD_CHARS_MAX>, "a password");

fn email(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "format": "email", "maxLength": EMAIL_CHARS_MAX})
}

/// How to find out where nobody can say whether a change was made.
const LOOK_FIRST: &str = "it may have been done; look (GET) before you send this again";
