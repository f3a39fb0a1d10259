//! What an audit log keeps of a deed: who did what to what, from where, without anybody's secrets and within bounds.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::ids::{OrgId, UserId};

/// Most bytes of a row's details, written as JSON.
pub const DETAILS_BYTES_MAX: usize = 4_096;
/// Most characters of a text in the details, or of the name of a field.
const TEXT_CHARS_MAX: usize = 200;
/// Most entries of a list in the details.
const ENTRIES_MAX: usize = 20;
/// How deep the details go.
const DEPTH_MAX: usize = 4;
/// Stands for what the log must not know.
const LEFT_OUT: &str = "(left out)";
/// Stands for what is too much.
const CUT: &str = "(cut)";

/// Words in the name of a field whose value is a secret.
const SECRET_WORDS: [&str; 9] =
    ["password", "passwd", "secret", "token", "credential", "authorization", "cookie", "signature", "jwt"];
/// Ends of the name of such a field.
const SECRET_ENDS: [&str; 3] = ["code", "key", "pin"];

/// Something that was done or asked for, to be recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deed {
    /// The person, where it is one.
    pub user: Option<UserId>,
    /// The token or session that was used.
    pub token: Option<Uuid>,
    /// The network address that it came from; none for a command at the console.
    pub address: Option<String>,
    /// What was done, as `runs.create` or `token.revoke`.
    pub action: String,
    /// To what: the id of a run, of a token, an account's address.
    pub subject: Option<String>,
    /// With which values; secrets among them are left out when it is recorded, and long ones are cut.
    pub details: Map<String, Value>,
    /// What was answered, where that is known already.
    pub status: Option<u16>,
    /// The number of the row that this one tells the outcome of.
    pub answers: Option<i64>,
}

/// A row of an organisation's audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Its number: 1, 2, 3 ... without a gap.
    pub no: i64,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// What was recorded.
    pub deed: Deed,
    /// The hash of the row before it; zeros before the first.
    pub previous: Vec<u8>,
    /// Its own.
    pub hash: Vec<u8>,
}

/// The newest row of an organisation's audit log, to be noted where nobody can change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number; 0 of an empty log.
    pub no: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

/// The first place at which an audit log is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The number of the row.
    pub no: i64,
    /// What is wrong with it, in words.
    pub why: &'static str,
}

/// What is kept of a deed: the details without secrets and within [`DETAILS_BYTES_MAX`], no text too long.
#[must_use]
pub fn told(deed: &Deed) -> Deed {
    Deed {
        address: deed.address.as_deref().map(cut),
        action: cut(&deed.action),
        subject: deed.subject.as_deref().map(cut),
        details: within_bounds(&deed.details),
        ..deed.clone()
    }
}

/// All that a row's hash covers beside the hash before it, as one text that two different rows never share.
#[must_use]
pub fn canonical(org: OrgId, row: &AuditRow) -> String {
    let AuditRow { no, at, deed, .. } = row;
    let mut details = Value::Object(deed.details.clone());
    // Whatever order the database or a map keeps fields in.
    details.sort_all_objects();
    json!([
        "gleaner audit row 1",
        org,
        no,
        at.timestamp_micros(),
        deed.user,
        deed.token,
        deed.address,
        deed.action,
        deed.subject,
        details,
        deed.status,
        deed.answers
    ])
    .to_string()
}

fn within_bounds(details: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    // Braces, and the word on what is missing.
    let mut bytes = 2 + CUT.len() + 40;
    for (at, (name, value)) in details.iter().enumerate() {
        let (name, value) = entry(name, value, 0);
        bytes += written(&Value::String(name.clone())) + written(&value) + 2;
        if bytes > DETAILS_BYTES_MAX {
            kept.insert(CUT.to_owned(), json!(format!("{} more fields", details.len() - at)));
            break;
        }
        kept.insert(name, value);
    }
    kept
}

fn written(value: &Value) -> usize {
    value.to_string().len()
}

fn entry(name: &str, value: &Value, depth: usize) -> (String, Value) {
    let value = if is_secret(name) { json!(LEFT_OUT) } else { shortened(value, depth) };
    (cut(name), value)
}

fn is_secret(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word)) || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

fn shortened(value: &Value, depth: usize) -> Value {
    match value {
        Value::String(text) => Value::String(without_path(&cut(text))),
        // The database may write a broken number in another way than it was given, and the hash would not match.
        Value::Number(number) if number.is_f64() => Value::String(number.to_string()),
        Value::Array(_) | Value::Object(_) if depth >= DEPTH_MAX => json!(CUT),
        Value::Array(entries) => {
            let mut kept: Vec<Value> = entries.iter().take(ENTRIES_MAX).map(|one| shortened(one, depth + 1)).collect();
            if entries.len() > ENTRIES_MAX {
                kept.push(json!(format!("{} more", entries.len() - ENTRIES_MAX)));
            }
            Value::Array(kept)
        }
        Value::Object(fields) => {
            let kept = fields.iter().take(ENTRIES_MAX).map(|(name, value)| entry(name, value, depth + 1));
            let mut kept: Map<String, Value> = kept.collect();
            if fields.len() > ENTRIES_MAX {
                kept.insert(CUT.to_owned(), json!(format!("{} more fields", fields.len() - ENTRIES_MAX)));
            }
            Value::Object(kept)
        }
        plain => plain.clone(),
    }
}

/// A text that is not too long, without the character that a database cannot keep.
fn cut(text: &str) -> String {
    let mut kept: String = text.chars().take(TEXT_CHARS_MAX).collect();
    if kept.len() < text.len() {
        kept.push_str("...");
    }
    kept.replace('\0', "\u{fffd}")
}

/// Of a web address only whom it leads to: a name, a password or the secret of a webhook stands in the rest.
fn without_path(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let Some(scheme) = ["https://", "http://"].into_iter().find(|scheme| lower.starts_with(scheme)) else {
        return text.to_owned();
    };
    let rest = &text[scheme.len()..];
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.len() == rest.len() { text.to_owned() } else { format!("{scheme}{host}/{CUT}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept(details: Value) -> Value {
        let Value::Object(details) = details else { panic!("an object") };
        Value::Object(told(&Deed { details, ..Deed::default() }).details)
    }

    #[test]
    fn secrets_stay_out_wherever_they_stand() {
        let given = json!({
            "name": "hook", "Password": "p1", "new-password": "p2", "api_key": "p3", "code": 5,
            "nested": [{"accessToken": "p4", "clientSecret": {"x": "p5"}}],
            "url": "https://me:p6@hooks.example/p7?x=p8", "plain": "https://shop.example",
        });
        let expected = json!({
            "name": "hook", "Password": LEFT_OUT, "new-password": LEFT_OUT, "api_key": LEFT_OUT, "code": LEFT_OUT,
            "nested": [{"accessToken": LEFT_OUT, "clientSecret": LEFT_OUT}],
            "url": "https://hooks.example/(cut)", "plain": "https://shop.example",
        });
        assert_eq!(kept(given), expected);
    }

    #[test]
    fn long_texts_lists_and_objects_are_cut_and_say_so() {
        let deep = json!({"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}});
        let many: Map<String, Value> = (0..500).map(|at| (format!("field{at:03}"), json!("y".repeat(50)))).collect();
        let text = kept(json!({"text": "x".repeat(10_000)}))["text"].as_str().expect("a text").len();
        assert_eq!(text, TEXT_CHARS_MAX + 3);
        assert_eq!(kept(json!({"list": vec![7; 500]}))["list"][ENTRIES_MAX], json!("480 more"));
        assert!(kept(deep).to_string().contains(CUT));
        let many = kept(Value::Object(many));
        assert!(many[CUT].as_str().is_some_and(|words| words.ends_with("more fields")), "{many}");
        assert_eq!(kept(json!({"a": "b\0c"})), json!({"a": "b\u{fffd}c"}));
        assert_eq!(kept(json!({"rate": -0.0, "count": 7})), json!({"rate": "-0.0", "count": 7}));
    }

    #[test]
    fn every_field_of_a_row_is_in_its_canonical_text() {
        let id = Uuid::from_u128(7);
        let row = AuditRow {
            no: 1,
            at: DateTime::from_timestamp_millis(1_767_225_600_123).expect("a time"),
            deed: Deed::default(),
            previous: vec![0; 32],
            hash: Vec::new(),
        };
        let mut others = vec![row.clone(); 10];
        others[0].no = 2;
        others[1].at += chrono::TimeDelta::milliseconds(1);
        others[2].deed.user = Some(UserId(id));
        others[3].deed.token = Some(id);
        others[4].deed.address = Some("::1".to_owned());
        others[5].deed.action = "runs.create".to_owned();
        others[6].deed.subject = Some(String::new());
        others[7].deed.details.insert("a".to_owned(), json!(1));
        others[8].deed.status = Some(409);
        others[9].deed.answers = Some(1);
        let org = OrgId(id);
        let mut texts: Vec<String> = others.iter().chain([&row]).map(|row| canonical(org, row)).collect();
        texts.push(canonical(OrgId(Uuid::nil()), &row));
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 12);
    }

    proptest! {
        #[test]
        fn whatever_is_given_fits(names in proptest::collection::vec(".{0,300}", 0..40), text in ".{0,3000}") {
            let details = names.into_iter().map(|name| (name, json!([text, {"inner": text}]))).collect();
            let kept = told(&Deed { details, ..Deed::default() }).details;
            prop_assert!(Value::Object(kept).to_string().len() <= DETAILS_BYTES_MAX);
        }
    }
}
