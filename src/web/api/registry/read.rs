//! Bodies that change the registry, read field by field: everything that cannot be taken is named, with what can.

use std::collections::{BTreeMap, BTreeSet};

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use crate::domain::ids::SellerId;
use crate::domain::registry::{Marks, Patch, TagChange, Triage};
use crate::domain::seller::normalise;
use crate::domain::seller_name::{
    NAME_ALLOWED, NAME_CHARS_MAX, NOTE_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX, parse_name, parse_note, parse_tag,
};
use crate::store::registry::edits::{NewSeller, SELLERS_MAX};
use crate::web::body::kind_of;
use crate::web::fields::Fields;
use crate::web::openapi::field::{self, Field, name};
use crate::web::query::{cut, short};

/// A seller's name.
pub const NAME: Field =
    Field::optional("name", name::<NAME_CHARS_MAX>, "the name on the marketplace").example("\"lamps-and-more\"");
/// Whether people keep an eye on it.
pub const FLAGGED: Field = Field::optional("flagged", field::flag, "whether people keep an eye on it").example("true");
/// What people think of it.
pub const STATUS: Field =
    Field::optional("status", field::of::<Triage>, "what people think of it").example("\"reviewing\"");
/// Words to find it by.
pub const TAGS: Field = Field::optional("tags", tags, "words to find it by").example(r#"["lamps"]"#);
/// Words that come and go.
pub const TAG_CHANGE: Field =
    Field::optional("tags", tag_change, "words to find them by that come and go").example(r#"{"add": ["lamps"]}"#);
/// What people know about it.
pub const NOTE: Field =
    Field::optional("note", field::text::<0, NOTE_CHARS_MAX>, "what people know about it; `null` takes it away");
/// Sellers of the registry.
pub const IDS: Field = Field::needed("ids", ids, "ids from `GET /sellers`");
/// New sellers.
pub const NAMES: Field =
    Field::needed("names", seller_names, "names on the marketplace").example(r#"["lamps-and-more"]"#);

/// What a change of one seller may say.
pub const PATCH: [Field; 5] = [NAME, FLAGGED, STATUS, TAGS, NOTE];
/// What a new seller may say.
pub const NEW: [Field; 5] = [NAME.needed_now(), FLAGGED, STATUS, TAGS, NOTE];
/// What many new sellers may say.
pub const MANY: [Field; 5] = [NAMES, FLAGGED, STATUS, TAGS, NOTE];
/// What a flagging of one seller says.
pub const FLAG: [Field; 1] = [FLAGGED.needed_now()];
/// What a flagging of many says.
pub const FLAG_MANY: [Field; 2] = [IDS, FLAGGED.needed_now()];
/// What a triage of many may say.
pub const TRIAGE_MANY: [Field; 5] = [IDS, FLAGGED, STATUS, TAG_CHANGE, NOTE];
/// What a removal of many may say.
pub const REMOVAL: [Field; 2] = [IDS, EXCLUDE];
/// Whether runs may find it again.
pub const EXCLUDE: Field = Field::optional("exclude", field::flag, "whether no run may bring it back").example("false");

fn tags(_: &mut SchemaGenerator) -> Value {
    let tag = json!({"type": "string", "minLength": 1, "maxLength": TAG_CHARS_MAX, "pattern": "^[^,;]*$"});
    json!({"type": "array", "items": tag, "maxItems": TAGS_MAX})
}

fn tag_change(generator: &mut SchemaGenerator) -> Value {
    let tags = tags(generator);
    json!({"type": "object", "properties": {"add": tags, "remove": tags}, "additionalProperties": false})
}

fn ids(generator: &mut SchemaGenerator) -> Value {
    json!({"type": "array", "items": field::id(generator), "minItems": 1, "maxItems": SELLERS_MAX})
}

fn seller_names(generator: &mut SchemaGenerator) -> Value {
    json!({"type": "array", "items": name::<NAME_CHARS_MAX>(generator), "minItems": 1, "maxItems": SELLERS_MAX})
}

impl<'a> Fields<'a> {
    /// A seller's name.
    pub fn name(&mut self, field: &str) -> Option<String> {
        let value = self.given(field)?;
        match name_of(value) {
            Ok(name) => Some(name),
            Err(words) => {
                self.refuse(field, words);
                None
            }
        }
    }

    /// A seller's name that must be there.
    pub fn needed_name(&mut self, field: &str) -> String {
        if self.given(field).is_none() {
            self.refuse(field, format!("is missing; {NAME_ALLOWED}"));
        }
        self.name(field).unwrap_or_default()
    }

    fn status(&mut self) -> Option<Triage> {
        let value = self.given("status")?;
        let found = value.as_str().and_then(Triage::parse);
        if found.is_none() {
            let words = Triage::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ");
            let given = value
                .as_str()
                .map_or_else(|| format!("is {}", kind_of(value)), |text| format!("{} is none", short(text)));
            self.refuse("status", format!("{given}; allowed is one of {words}"));
        }
        found
    }

    fn tags(&mut self) -> Option<BTreeSet<String>> {
        let value = self.given("tags")?;
        self.tags_in("tags", value)
    }

    /// Tags that come and go: `{"add"?: [...], "remove"?: [...]}`, none of them in both.
    fn tag_change(&mut self) -> Option<TagChange> {
        let value = self.given("tags")?;
        let Value::Object(lists) = value else {
            self.refuse("tags", format!("is {}; allowed is an object with lists add and remove", kind_of(value)));
            return None;
        };
        for name in lists.keys().filter(|name| !["add", "remove"].contains(&name.as_str())) {
            self.refuse(format!("tags.{}", cut(name)), "no such field; allowed are add, remove");
        }
        let mut listed = |name: &str| match lists.get(name) {
            None | Some(Value::Null) => BTreeSet::new(),
            Some(list) => self.tags_in(&format!("tags.{name}"), list).unwrap_or_default(),
        };
        let (add, remove) = (listed("add"), listed("remove"));
        if let Some(both) = add.intersection(&remove).next() {
            self.refuse("tags.remove", format!("{both:?} stands in tags.add too; allowed is one of both"));
        }
        (!add.is_empty() || !remove.is_empty()).then_some(TagChange::By { add, remove })
    }

    fn tags_in(&mut self, field: &str, value: &Value) -> Option<BTreeSet<String>> {
        let allowed = format!(
            "allowed is a list of at most {TAGS_MAX} texts of 1 to {TAG_CHARS_MAX} characters without commas and semicolons"
        );
        let tags = match value {
            Value::Array(tags) if tags.len() <= TAGS_MAX => tags,
            Value::Array(tags) => {
                self.refuse(field, format!("{} tags; {allowed}", tags.len()));
                return None;
            }
            other => {
                self.refuse(field, format!("is {}; {allowed}", kind_of(other)));
                return None;
            }
        };
        let mut read = BTreeSet::new();
        for (index, tag) in tags.iter().enumerate() {
            let parsed = tag.as_str().map_or_else(|| Err(format!("is {}", kind_of(tag))), parse_tag);
            match parsed {
                Ok(tag) => drop(read.insert(tag)),
                Err(words) => self.refuse(format!("{field}[{index}]"), format!("{words}; {allowed}")),
            }
        }
        Some(read)
    }

    /// A note: absent stays as it is, null takes it away.
    fn note(&mut self) -> Option<Option<String>> {
        let allowed = format!("allowed is a text of at most {NOTE_CHARS_MAX} characters, or null");
        let read = match self.raw("note")? {
            Value::Null => Ok(None),
            Value::String(text) => parse_note(text),
            other => Err(format!("is {}", kind_of(other))),
        };
        read.map_err(|words| self.refuse("note", format!("{words}; {allowed}"))).ok()
    }

    /// What people make of a new seller.
    pub fn marks(&mut self) -> Marks {
        Marks {
            excluded: false,
            flagged: self.flag("flagged").unwrap_or_default(),
            status: self.status().unwrap_or(Triage::New),
            tags: self.tags().unwrap_or_default(),
            note: self.note().flatten(),
        }
    }

    /// Changes of a seller, at least one.
    pub fn patch(&mut self) -> Patch {
        let (name, flagged, status) = (self.name("name"), self.flag("flagged"), self.status());
        let patch = Patch { name, flagged, status, tags: self.tags().map(TagChange::To), note: self.note() };
        self.refuse_nothing(&patch, "name, flagged, status, tags, note");
        patch
    }

    /// Changes of many sellers, at least one.
    pub fn triage(&mut self) -> Patch {
        let (flagged, status) = (self.flag("flagged"), self.status());
        let patch = Patch { name: None, flagged, status, tags: self.tag_change(), note: self.note() };
        self.refuse_nothing(&patch, "flagged, status, tags, note");
        patch
    }

    fn refuse_nothing(&mut self, patch: &Patch, allowed: &str) {
        if *patch == Patch::default() && self.is_fine() {
            self.refuse("body", format!("changes nothing; allowed are {allowed}"));
        }
    }

    fn list(&mut self, field: &str, allowed: &str) -> &'a [Value] {
        match self.given(field) {
            Some(Value::Array(list)) if (1..=SELLERS_MAX).contains(&list.len()) => list,
            Some(Value::Array(list)) => {
                self.refuse(field, format!("{} of them; {allowed}", list.len()));
                &[]
            }
            other => {
                let what = other.map_or("is missing".to_owned(), |other| format!("is {}", kind_of(other)));
                self.refuse(field, format!("{what}; {allowed}"));
                &[]
            }
        }
    }

    /// Ids of sellers, each once.
    pub fn ids(&mut self, field: &str) -> Vec<SellerId> {
        let allowed = format!("allowed is a list of 1 to {SELLERS_MAX} ids from GET /sellers");
        let mut ids = BTreeSet::new();
        for (index, value) in self.list(field, &allowed).iter().enumerate() {
            match value.as_str().and_then(|text| text.parse::<SellerId>().ok()) {
                Some(id) => drop(ids.insert(id)),
                None => {
                    let given = value
                        .as_str()
                        .map_or_else(|| format!("is {}", kind_of(value)), |text| format!("{} is none", short(text)));
                    self.refuse(format!("{field}[{index}]"), format!("{given}; {allowed}"));
                }
            }
        }
        ids.into_iter().collect()
    }

    /// Names of new sellers, each identity once, and how many were repeated.
    pub fn names(&mut self, field: &str, marks: &Marks) -> (Vec<NewSeller>, usize) {
        let allowed = format!("allowed is a list of 1 to {SELLERS_MAX} names");
        let mut names: BTreeMap<String, NewSeller> = BTreeMap::new();
        let list = self.list(field, &allowed);
        for (index, value) in list.iter().enumerate() {
            match name_of(value) {
                Ok(name) => {
                    let identity = normalise(&name);
                    names.entry(identity).or_insert(NewSeller { name, marks: marks.clone() });
                }
                Err(words) => self.refuse(format!("{field}[{index}]"), words),
            }
        }
        let repeated = list.len().saturating_sub(names.len());
        (names.into_values().collect(), repeated)
    }
}

fn name_of(value: &Value) -> Result<String, String> {
    let parsed = value.as_str().map_or_else(|| Err(format!("is {}", kind_of(value))), parse_name);
    parsed.map_err(|words| format!("{words}; {NAME_ALLOWED}"))
}
