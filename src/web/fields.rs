//! The fields of a request's body, read one by one: everything that cannot be taken is named at once, with what can.

use serde_json::{Map, Value};

use crate::domain::person::{PASSWORD_CHARS_MAX, check_password};
use crate::domain::rights::Role;
use crate::domain::settings::FieldError;
use crate::web::body::kind_of;
use crate::web::error::Problem;
use crate::web::query::{cut, short};

/// Most errors that one answer lists.
const ERRORS_MAX: usize = 20;

/// Names each field that is none of these.
pub fn refuse_unknown(fields: &Map<String, Value>, known: &[&str], errors: &mut Vec<FieldError>) {
    for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
        errors.push(FieldError::new(cut(name), format!("no such field; allowed are {}", known.join(", "))));
    }
}

/// Nothing, or the problem with these fields.
///
/// # Errors
/// 422 where there is any.
pub fn refuse(mut errors: Vec<FieldError>) -> Result<(), Problem> {
    errors.truncate(ERRORS_MAX);
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(errors)) }
}

/// A body that is being read.
pub struct Fields<'a> {
    fields: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    /// A body of a request that takes these fields and no other.
    #[must_use]
    pub fn of(fields: &'a Map<String, Value>, known: &[&str]) -> Self {
        let mut errors = Vec::new();
        refuse_unknown(fields, known, &mut errors);
        Self { fields, errors }
    }

    /// Something is wrong with a field.
    pub fn refuse(&mut self, name: impl Into<String>, message: impl Into<String>) {
        self.errors.push(FieldError::new(name, message));
    }

    /// A field that may be left out; null counts as left out.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A field as it stands there, null too.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name)
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.errors.is_empty()
    }

    /// A truth value, where it is given.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        match self.given(name)? {
            Value::Bool(flag) => Some(*flag),
            other => {
                self.refuse(name, format!("is {}; allowed is true or false", kind_of(other)));
                None
            }
        }
    }

    /// A truth value that must be there.
    pub fn needed_flag(&mut self, name: &str) -> bool {
        if self.given(name).is_none() {
            self.refuse(name, "is missing; allowed is true or false");
        }
        self.flag(name).unwrap_or_default()
    }

    /// A text that makes something, where it is given; `read` says what is allowed where it does not.
    pub fn optional<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let value = self.given(name)?;
        let Some(text) = value.as_str() else {
            self.refuse(name, format!("is {}; allowed is a text", kind_of(value)));
            return None;
        };
        read(text).map_err(|allowed| self.refuse(name, format!("{} cannot be taken; {allowed}", short(text)))).ok()
    }

    /// As [`Self::optional`], of a field that must be there.
    pub fn needed<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        if self.given(name).is_none() {
            let allowed = read("").err().unwrap_or_else(|| "allowed is a text".to_owned());
            self.refuse(name, format!("is missing; {allowed}"));
            return None;
        }
        self.optional(name, read)
    }

    /// A password that somebody has: it is not repeated whatever is wrong with it.
    pub fn password(&mut self, name: &str) -> Option<String> {
        let fits = |text: &str| text.chars().count() <= PASSWORD_CHARS_MAX;
        let allowed = format!("allowed is a text of at most {PASSWORD_CHARS_MAX} characters");
        self.secret(name, |text| fits(text).then_some(()).ok_or(allowed))
    }

    /// A password that somebody wants.
    pub fn new_password(&mut self, name: &str) -> Option<String> {
        self.secret(name, check_password)
    }

    fn secret(&mut self, name: &str, check: impl FnOnce(&str) -> Result<(), String>) -> Option<String> {
        let (text, what) = match self.given(name) {
            Some(Value::String(text)) => (text.as_str(), "cannot be taken".to_owned()),
            Some(other) => ("", format!("is {}", kind_of(other))),
            None => ("", "is missing".to_owned()),
        };
        let is_text = matches!(self.given(name), Some(Value::String(_)));
        match check(text) {
            Ok(()) if is_text => return Some(text.to_owned()),
            Ok(()) => self.refuse(name, format!("{what}; allowed is a text")),
            Err(allowed) => self.refuse(name, format!("{what}; {allowed}")),
        }
        None
    }

    /// What somebody is to be.
    pub fn role(&mut self, name: &str) -> Option<Role> {
        let allowed = || format!("allowed is one of {}", Role::ALL.map(Role::as_str).join(", "));
        self.needed(name, |text| Role::parse(text).ok_or_else(allowed))
    }

    /// Nothing, or the problem with the fields.
    ///
    /// # Errors
    /// 422 with one entry for each field that cannot be taken.
    pub fn done(self) -> Result<(), Problem> {
        refuse(self.errors)
    }

    /// What was read, if nothing is wrong.
    ///
    /// # Errors
    /// 422 with one entry for each field that cannot be taken.
    pub fn all<T>(self, read: Option<T>) -> Result<T, Problem> {
        refuse(self.errors)?;
        // A field that is not there has its error.
        read.ok_or_else(|| Problem::internal("a field of a body is missing without a word"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Email;
    use serde_json::json;

    fn read(body: Value) -> Result<(Email, String, Role), Problem> {
        let Value::Object(body) = body else { panic!("an object") };
        let mut fields = Fields::of(&body, &["email", "password", "role"]);
        let email = fields.needed("email", Email::parse);
        let (password, role) = (fields.new_password("password"), fields.role("role"));
        fields.all(email.zip(password).zip(role).map(|((email, password), role)| (email, password, role)))
    }

    #[test]
    fn every_wrong_field_is_named_with_what_is_allowed_and_no_password_is_repeated() {
        let good = json!({"email": "ada@example.org", "password": "long enough", "role": "viewer"});
        assert!(read(good.clone()).is_ok());
        for (name, value, words) in [
            ("email", json!(7), "is a number"),
            ("email", json!(null), "is missing; allowed is an e-mail address"),
            ("email", json!("ada"), "\"ada\" cannot be taken"),
            ("password", json!("short"), "10 to 200"),
            ("password", json!(["long enough"]), "is a list"),
            ("role", json!("owner"), "viewer, operator, admin"),
            ("rôle", json!("viewer"), "no such field; allowed are email, password, role"),
        ] {
            let mut body = good.clone();
            body[name] = value;
            let words_of_it = read(body).expect_err(name).to_string();
            assert!(words_of_it.contains(name) && words_of_it.contains(words), "{words_of_it}");
            assert!(!words_of_it.contains("short"), "{words_of_it}");
        }
    }
}
