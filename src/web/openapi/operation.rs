//! What a handler says of itself for the document: its parameters, its body, its answers, and the problems that are its own.
//! What follows from the table of routes (who may ask, what every body can be refused for) is added to it there.

use std::borrow::Cow;

use schemars::JsonSchema;

use super::field::{Field, SchemaOf, of};
use crate::web::error::Kind;
use crate::web::etag::{IF_MATCH, IF_NONE_MATCH};

/// A route and a method.
#[derive(Clone)]
pub struct Operation {
    pub(super) id: Cow<'static, str>,
    pub(super) summary: Cow<'static, str>,
    pub(super) query: Vec<Field>,
    pub(super) headers: Vec<Field>,
    pub(super) body: Option<Body>,
    /// Media types of a file that is sent in place of a JSON object.
    pub(super) upload: Vec<&'static str>,
    pub(super) answers: Vec<Answer>,
    pub(super) problems: Vec<Kind>,
    /// Nobody but a person may ask, signed in in a browser.
    pub(super) is_for_people: bool,
}

/// A JSON object that is sent.
#[derive(Clone)]
pub(super) struct Body {
    pub fields: Vec<Field>,
    pub is_needed: bool,
    /// Of these fields exactly one is given.
    pub one_of: Vec<&'static str>,
}

/// An answer of one status.
#[derive(Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub about: &'static str,
    pub contents: Vec<(Cow<'static, str>, Option<SchemaOf>)>,
    pub headers: Vec<(&'static str, &'static str)>,
}

impl Operation {
    /// One under this id, which is its own and stays, with what it does in a sentence.
    pub fn new(id: impl Into<Cow<'static, str>>, summary: impl Into<Cow<'static, str>>) -> Self {
        Self {
            id: id.into(),
            summary: summary.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            upload: Vec::new(),
            answers: Vec::new(),
            problems: Vec::new(),
            is_for_people: false,
        }
    }

    /// Takes these query parameters and no others.
    #[must_use]
    pub fn query(self, fields: &[Field]) -> Self {
        Self { query: fields.to_vec(), ..self }
    }

    /// Reads this header.
    #[must_use]
    pub fn header(mut self, field: Field) -> Self {
        self.headers.push(field);
        self
    }

    /// Is a read that nobody needs twice: its answer has a tag, and whoever has that one already is told so.
    #[must_use]
    pub fn tagged(self) -> Self {
        let about = "what it is now, for `If-Match` and `If-None-Match`";
        let read = self.tells("ETag", about).header(IF_NONE_MATCH);
        read.nothing(304, "the caller's copy is still right").tells("ETag", about)
    }

    /// Is a change that holds only for what was read, where the caller asks for that.
    #[must_use]
    pub fn conditional(self) -> Self {
        self.header(IF_MATCH)
    }

    /// Takes a JSON object of these fields and no others.
    #[must_use]
    pub fn body(self, fields: &[Field]) -> Self {
        Self { body: Some(Body { fields: fields.to_vec(), is_needed: true, one_of: Vec::new() }), ..self }
    }

    /// As [`Self::body`], where there need be none.
    #[must_use]
    pub fn body_or_none(self, fields: &[Field]) -> Self {
        Self { body: Some(Body { fields: fields.to_vec(), is_needed: false, one_of: Vec::new() }), ..self }
    }

    /// Takes a file of one of these media types.
    #[must_use]
    pub fn upload(self, media_types: &[&'static str]) -> Self {
        Self { upload: media_types.to_vec(), ..self }
    }

    /// Of these fields of the body exactly one is given.
    #[must_use]
    pub fn one_of(mut self, names: &[&'static str]) -> Self {
        if let Some(body) = &mut self.body {
            body.one_of = names.to_vec();
        }
        self
    }

    /// Is for people who are signed in, and for no program.
    #[must_use]
    pub fn for_people(self) -> Self {
        Self { is_for_people: true, ..self }
    }

    /// Answers with JSON.
    #[must_use]
    pub fn json<T: JsonSchema>(self, status: u16, about: &'static str) -> Self {
        self.content(status, about, "application/json".into(), Some(of::<T>))
    }

    /// Answers with something else than JSON; several may have one status.
    #[must_use]
    pub fn file(self, status: u16, about: &'static str, media_type: impl Into<Cow<'static, str>>) -> Self {
        self.content(status, about, media_type.into(), None)
    }

    /// Answers without a body.
    #[must_use]
    pub fn nothing(mut self, status: u16, about: &'static str) -> Self {
        self.answers.push(Answer { status, about, contents: Vec::new(), headers: Vec::new() });
        self
    }

    /// The answer that was named last has this header.
    #[must_use]
    pub fn tells(mut self, header: &'static str, about: &'static str) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((header, about));
        }
        self
    }

    /// Can be refused for these reasons of its own.
    #[must_use]
    pub fn problems(mut self, kinds: &[Kind]) -> Self {
        self.problems.extend(kinds);
        self
    }

    fn content(
        mut self,
        status: u16,
        about: &'static str,
        media_type: Cow<'static, str>,
        schema: Option<SchemaOf>,
    ) -> Self {
        match self.answers.iter_mut().find(|answer| answer.status == status) {
            Some(answer) => answer.contents.push((media_type, schema)),
            None => {
                let contents = vec![(media_type, schema)];
                self.answers.push(Answer { status, about, contents, headers: Vec::new() });
            }
        }
        self
    }
}
