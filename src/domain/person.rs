//! What a person may be called: e-mail addresses, names and passwords, read once at the edge.

use super::name::parse_name;
use super::seller_name::is_hidden;

/// Longest e-mail address, in characters (RFC 5321 allows a path of 256 with its brackets).
pub const EMAIL_CHARS_MAX: usize = 254;
/// Longest name of a person or a token, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longest password, in characters: hashing takes time by length.
pub const PASSWORD_CHARS_MAX: usize = 200;
/// Longest life of an API token that ends, in days.
pub const TOKEN_DAYS_MAX: i64 = 3_650;

/// An e-mail address that somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// The address, without the spaces around it.
    ///
    /// # Errors
    /// What is allowed, where the text is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let sound = text.chars().count() <= EMAIL_CHARS_MAX
            && !text.chars().any(|c| c.is_whitespace() || is_hidden(c) || matches!(c, '<' | '>' | ',' | ';'));
        let parts = text.split_once('@').filter(|(person, place)| !person.is_empty() && !place.contains('@'));
        let placed = parts.is_some_and(|(_, place)| place.split('.').all(|label| !label.is_empty()));
        let allowed =
            || format!("allowed is an e-mail address of at most {EMAIL_CHARS_MAX} characters, as ada@example.org");
        (sound && placed).then(|| Self(text.to_owned())).ok_or_else(allowed)
    }

    /// As it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// By what people are told apart: no two differ by case alone.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

/// A name of a person or of a token, without the spaces around it.
///
/// # Errors
/// What is allowed.
pub fn name_of(text: &str) -> Result<String, String> {
    parse_name(text, NAME_CHARS_MAX)
}

/// Whether a text can be a new password. It is taken as it is, spaces included.
///
/// # Errors
/// What is allowed; the text itself is not repeated.
pub fn check_password(text: &str) -> Result<(), String> {
    let fits = (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&text.chars().count());
    let allowed = || format!("allowed is a password of {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters");
    fits.then_some(()).ok_or_else(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_typed_and_known_without_its_case() {
        let email = Email::parse("  Ada.L@Example.org ").expect("an address");
        assert_eq!((email.as_str(), email.key().as_str()), ("Ada.L@Example.org", "ada.l@example.org"));
        assert!(Email::parse("root@localhost").is_ok() && Email::parse("zoë@beispiel.de").is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_is_allowed() {
        let long = format!("{}@example.org", "a".repeat(300));
        let bad = [
            "",
            " ",
            "ada",
            "@example.org",
            "ada@",
            "a@b@c",
            "ada@a..b",
            "a b@c.d",
            "a\0@c.d",
            "a\u{202e}b@c.d",
            "<a@c.d>",
            long.as_str(),
        ];
        for text in bad {
            assert!(Email::parse(text).expect_err(text).contains("ada@example.org"), "{text}");
        }
    }

    #[test]
    fn names_and_passwords_have_bounds() {
        assert_eq!(name_of(" Ada ").as_deref(), Ok("Ada"));
        for bad in ["", "  ", "a\0b", "a".repeat(NAME_CHARS_MAX + 1).as_str()] {
            assert!(name_of(bad).is_err(), "{bad}");
        }
        assert!(check_password("ten chars!").is_ok());
        for bad in ["", "nine char", "x".repeat(PASSWORD_CHARS_MAX + 1).as_str()] {
            let words = check_password(bad).expect_err("refused");
            assert!(bad.is_empty() || !words.contains(bad), "a password is never repeated");
        }
    }
}
