//! The body that makes or changes a webhook, read field by field: everything that cannot be taken is named at once, with
//! what can.

use std::net::IpAddr;

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};
use url::{Host, Url};

use crate::domain::address::is_public;
use crate::domain::delivery::Form;
use crate::domain::notice::NoticeEvent;
use crate::domain::settings::FieldError;
use crate::store::notices::webhooks::{WebhookRow, WebhookSpec};
use crate::web::body::kind_of;
use crate::web::error::Problem;
use crate::web::fields::{refuse, refuse_unknown};
use crate::web::openapi::field::{self, Field, names};
use crate::web::query::short;
use crate::web::shared::NoticeRules;

/// Longest address, in characters.
const URL_CHARS_MAX: usize = 2_000;
/// Most recipients of one mail.
const RECIPIENTS_MAX: usize = 10;
/// Longest address of a recipient, in characters.
const RECIPIENT_CHARS_MAX: usize = 254;

/// What a body may say of a new webhook; mail has recipients, the others an address.
pub const NEW: [Field; 5] = [
    Field::needed("form", field::of::<Form>, "what is sent: the notice, a line for a chat service, or mail")
        .example("\"generic\""),
    URL,
    RECIPIENTS,
    EVENTS.needed_now(),
    ENABLED,
];

/// What a body may say of a webhook that is there.
pub const CHANGED: [Field; 4] = [URL, RECIPIENTS, EVENTS, ENABLED];

const URL: Field = Field::optional("url", field::text::<1, URL_CHARS_MAX>, "where it is sent, by http or https")
    .without_null()
    .example("\"https://hooks.example.org/gleaner\"");
const RECIPIENTS: Field = Field::optional("recipients", recipients, "who gets the mail").without_null();
const EVENTS: Field = Field::optional("events", events, "what is told").without_null().example(r#"["run.completed"]"#);
const ENABLED: Field =
    Field::optional("enabled", field::flag, "whether anything is sent; it is where nothing is said").without_null();

fn recipients(_: &mut SchemaGenerator) -> Value {
    let address = json!({"type": "string", "format": "email", "maxLength": RECIPIENT_CHARS_MAX});
    json!({"type": "array", "items": address, "minItems": 1, "maxItems": RECIPIENTS_MAX, "uniqueItems": true})
}

fn events(_: &mut SchemaGenerator) -> Value {
    let event = field::one_of(&NoticeEvent::ALL, NoticeEvent::as_str);
    json!({"type": "array", "items": event, "minItems": 1, "uniqueItems": true})
}

/// Reads `{"form", "url" | "recipients", "events", "enabled"?}`.
///
/// # Errors
/// 422 with one entry for each field that cannot be taken.
pub fn new_webhook(fields: &Map<String, Value>, rules: &NoticeRules) -> Result<WebhookSpec, Problem> {
    let mut errors = unknown(fields, &names(&NEW));
    let Some(form) = read_form(fields.get("form"), rules, &mut errors) else {
        // Which other fields are needed is not known.
        return Err(Problem::invalid_fields(errors));
    };
    let spec = WebhookSpec { form, url: None, recipients: Vec::new(), events: Vec::new(), enabled: true };
    let needed = if spec.form == Form::Email { "recipients" } else { "url" };
    let mut whole = fields.clone();
    for name in [needed, "events"] {
        whole.entry(name).or_insert(Value::Null);
    }
    laid_over(spec, &whole, rules, errors)
}

/// Reads `{"url"?, "recipients"?, "events"?, "enabled"?}` over a webhook as it is. What is left out stays.
///
/// # Errors
/// 422 with one entry for each field that cannot be taken.
pub fn changed_webhook(
    row: WebhookRow,
    fields: &Map<String, Value>,
    rules: &NoticeRules,
) -> Result<WebhookSpec, Problem> {
    let errors = unknown(fields, &names(&CHANGED));
    let spec = WebhookSpec {
        form: row.form,
        url: row.url,
        recipients: row.recipients,
        events: row.events,
        enabled: row.enabled,
    };
    laid_over(spec, fields, rules, errors)
}

fn unknown(fields: &Map<String, Value>, known: &[&str]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    refuse_unknown(fields, known, &mut errors);
    errors
}

fn laid_over(
    mut spec: WebhookSpec,
    fields: &Map<String, Value>,
    rules: &NoticeRules,
    mut errors: Vec<FieldError>,
) -> Result<WebhookSpec, Problem> {
    let mut refused = |field: &str, message: String| errors.push(FieldError::new(field, message));
    if let Some(value) = fields.get("url") {
        match (spec.form, read_url(value, rules)) {
            (Form::Email, _) => refused("url", "mail has none; allowed is recipients".to_owned()),
            (_, Ok(url)) => spec.url = Some(url),
            (_, Err(message)) => refused("url", message),
        }
    }
    if let Some(value) = fields.get("recipients") {
        match (spec.form, read_recipients(value)) {
            (Form::Email, Ok(recipients)) => spec.recipients = recipients,
            (Form::Email, Err(message)) => refused("recipients", message),
            _ => refused("recipients", "only mail has them; allowed is url".to_owned()),
        }
    }
    if let Some(value) = fields.get("events") {
        match read_events(value) {
            Ok(events) => spec.events = events,
            Err(message) => refused("events", message),
        }
    }
    match fields.get("enabled") {
        None => {}
        Some(Value::Bool(enabled)) => spec.enabled = *enabled,
        Some(other) => refused("enabled", format!("is {}; allowed is true or false", kind_of(other))),
    }
    refuse(errors)?;
    Ok(spec)
}

fn read_form(value: Option<&Value>, rules: &NoticeRules, errors: &mut Vec<FieldError>) -> Option<Form> {
    let allowed = "allowed is generic, chat or email";
    let message = match value {
        Some(Value::String(text)) => match Form::parse(text) {
            Some(Form::Email) if !rules.mail => {
                "email cannot be taken: this server sends no mail (its setting smtp.url); allowed is generic or chat"
                    .to_owned()
            }
            Some(form) => return Some(form),
            None => format!("{} is not allowed; {allowed}", short(text)),
        },
        Some(other) => format!("is {}; {allowed}", kind_of(other)),
        None => format!("is missing; {allowed}"),
    };
    errors.push(FieldError::new("form", message));
    None
}

/// An address is looked at again, as it is resolved, each time something is sent there; what can be seen now is said now.
fn read_url(value: &Value, rules: &NoticeRules) -> Result<String, String> {
    let allowed = format!("allowed is an http or https address of at most {URL_CHARS_MAX} characters");
    let Value::String(text) = value else {
        let what = if value.is_null() { "is missing".to_owned() } else { format!("is {}", kind_of(value)) };
        return Err(format!("{what}; {allowed}"));
    };
    let fits = text.chars().count() <= URL_CHARS_MAX && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    let url = Url::parse(text).ok().filter(|url| fits && matches!(url.scheme(), "http" | "https"));
    let Some(url) = url else { return Err(format!("{} cannot be taken; {allowed}", short(text))) };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("holds a name or a password; {allowed}, without them"));
    }
    let closed = match url.host() {
        Some(Host::Ipv4(v4)) => !is_public(IpAddr::V4(v4)),
        Some(Host::Ipv6(v6)) => !is_public(IpAddr::V6(v6)),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => true,
    };
    if closed && !rules.allow_private {
        let message = "is on this machine or in a private network; allowed is an address of the public Internet (or \
             notices.allow_private = true in the configuration)";
        return Err(message.to_owned());
    }
    Ok(url.into())
}

fn read_recipients(value: &Value) -> Result<Vec<String>, String> {
    let allowed = format!("allowed are 1 to {RECIPIENTS_MAX} addresses of mail, each once");
    let Value::Array(values) = value else {
        let what = if value.is_null() { "is missing".to_owned() } else { format!("is {}", kind_of(value)) };
        return Err(format!("{what}; {allowed}"));
    };
    if !(1..=RECIPIENTS_MAX).contains(&values.len()) {
        return Err(format!("{} of them; {allowed}", values.len()));
    }
    let mut recipients: Vec<String> = Vec::with_capacity(values.len());
    for value in values {
        match value.as_str() {
            Some(text) if is_mail_address(text) && !recipients.iter().any(|known| known == text) => {
                recipients.push(text.to_owned());
            }
            Some(text) => return Err(format!("{} cannot be taken; {allowed}", short(text))),
            None => return Err(format!("holds {}; {allowed}", kind_of(value))),
        }
    }
    Ok(recipients)
}

/// The plain form of an address; whether it exists, only its server knows.
fn is_mail_address(text: &str) -> bool {
    let plain = |part: &str, others: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
    };
    text.len() <= RECIPIENT_CHARS_MAX
        && text.split_once('@').is_some_and(|(local, host)| {
            local.len() <= 64 && plain(local, ".!#$%&'*+-/=?^_`{|}~") && host.contains('.') && plain(host, ".-")
        })
}

fn read_events(value: &Value) -> Result<Vec<NoticeEvent>, String> {
    let names = NoticeEvent::ALL.map(NoticeEvent::as_str).join(", ");
    let allowed = format!("allowed is a list of one or more of {names}, each once");
    let Value::Array(values) = value else {
        let what = if value.is_null() { "is missing".to_owned() } else { format!("is {}", kind_of(value)) };
        return Err(format!("{what}; {allowed}"));
    };
    let mut events = Vec::new();
    for value in values.iter().take(NoticeEvent::ALL.len() + 1) {
        let Value::String(name) = value else { return Err(format!("holds {}; {allowed}", kind_of(value))) };
        match NoticeEvent::ALL.into_iter().find(|event| event.as_str() == name) {
            Some(event) if !events.contains(&event) => events.push(event),
            _ => return Err(format!("{} cannot be taken; {allowed}", short(name))),
        }
    }
    if events.is_empty() { Err(format!("is empty; {allowed}")) } else { Ok(events) }
}
