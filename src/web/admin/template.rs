//! Templates: HTML with places, which escape whatever comes from outside, and the few filters that they write figures and
//! times with.
//!
//! Figures and times are written in English and UTC, in elements that say their exact value: `local.js` writes them anew in
//! the browser's language and time zone.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{Environment, Error, ErrorKind, HtmlEscape, UndefinedBehavior};
use rust_embed::RustEmbed;

use super::asset;
use super::curve::curve;
use super::files::address;
use super::modules::modules;
use super::words::{Words, fill};
use crate::domain::money::{Currency, Money};

/// The templates; a debug build reads each from the sources once, so that a restart shows what was written.
#[derive(RustEmbed)]
#[folder = "src/web/admin/templates"]
pub(super) struct Templates;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// The source of a template.
pub(super) fn source(name: &str) -> Option<Cow<'static, str>> {
    match Templates::get(name)?.data {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// The template filled with this.
///
/// # Errors
/// Where the template asks for something that is not there: a fault of ours.
pub(super) fn render(name: &str, context: &serde_json::Value) -> Result<String, String> {
    let rendered = ENVIRONMENT.get_template(name).and_then(|template| template.render(Value::from(Serde(context))));
    rendered.map_err(|error| format!("template {name}: {error:#}"))
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.unwrap_or_default());
    environment.set_loader(|name| Ok(source(name).map(Cow::into_owned)));
    let words = Arc::new(Words::of(&asset::source("words.json").unwrap_or_default()));
    let of_time = Arc::clone(&words);
    environment.add_function("t", move |key: &str, given: Kwargs| text(&words, key, &given));
    environment.add_filter("took", move |ms: i64| took(&of_time, ms));
    environment.add_function("file", address);
    environment.add_function("modules", |script: &str| -> Vec<String> {
        modules(script.trim()).iter().map(|name| address(name)).collect()
    });
    environment.add_filter("figure", figure);
    environment.add_filter("tenth", |number: f64| tenth(number, "tenth"));
    environment.add_filter("percent", |number: f64| tenth(number, "percent"));
    environment.add_filter("money", money);
    environment.add_filter("cost", cost);
    environment.add_filter("moment", moment);
    environment.add_filter("day", day);
    environment.add_filter("wall", wall);
    environment.add_filter("between", between);
    environment.add_filter("query", query);
    environment.add_filter("curve", |counts: Vec<i64>| -> Value { Value::from(Serde(curve(&counts))) });
    environment
}

fn fault(words: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, words.into())
}

/// `t("key", name=value)`: a text; `n` chooses between one and many.
fn text(words: &Words, key: &str, given: &Kwargs) -> Result<Value, Error> {
    let n = given.get::<Option<f64>>("n").ok().flatten().map(|n| if n == 1.0 { 1 } else { 2 });
    let n = if given.has("n") { n.or(Some(2)) } else { None };
    let text = words.find(key, n).ok_or_else(|| fault(format!("no text {key}")))?;
    let escaped = |text: &str| HtmlEscape(text).to_string();
    let value = |place: &str| {
        let value = given.get::<Value>(place).ok()?;
        Some(if value.is_safe() { value.to_string() } else { escaped(&value.to_string()) })
    };
    let filled = fill(text, escaped, value).ok_or_else(|| fault(format!("text {key} lacks a value")))?;
    Ok(Value::from_safe_string(filled))
}

/// 18,204
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('\u{2212}');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A whole number.
fn figure(number: i64) -> Value {
    Value::from_safe_string(format!("<data value=\"{number}\" data-as=\"figure\">{}</data>", grouped(number)))
}

/// A number with one digit behind the point; as a percentage without it where all is done.
fn tenth(number: f64, how: &str) -> Value {
    let places = usize::from(how == "tenth" || number < 100.0);
    Value::from_safe_string(format!("<data value=\"{number}\" data-as=\"{how}\">{number:.places$}</data>"))
}

/// An amount in the smallest unit of its currency, which is the dollar where none is named.
fn money(minor: i64, code: Option<&str>) -> Value {
    let code = code.unwrap_or("USD");
    let Some(currency) = Currency::parse(code) else {
        return Value::from(format!("{code} {minor}"));
    };
    let text = match currency == Currency::USD {
        true => format!("${}.{:02}", grouped(minor / 100), minor.unsigned_abs() % 100),
        false => Money { minor, currency }.to_string(),
    };
    let (code, digits) = (currency.code(), currency.exponent());
    Value::from_safe_string(format!(
        "<data value=\"{minor}\" data-as=\"money\" data-currency=\"{code}\" data-digits=\"{digits}\">{text}</data>"
    ))
}

/// What answers cost, as the API tells it.
fn cost(bill: &Value) -> Result<Value, Error> {
    let (micros, code, text) = (bill.get_attr("micros")?, bill.get_attr("currency")?, bill.get_attr("text")?);
    let (code, text) = (code.to_string(), text.to_string());
    Ok(Value::from_safe_string(format!(
        "<data value=\"{micros}\" data-as=\"cost\" data-currency=\"{}\">{}</data>",
        HtmlEscape(&code),
        HtmlEscape(&text)
    )))
}

fn parsed(text: &str) -> Result<DateTime<Utc>, Error> {
    let moment = DateTime::parse_from_rfc3339(text).map_err(|error| fault(format!("{text}: {error}")))?;
    Ok(moment.with_timezone(&Utc))
}

/// A moment to the minute; `how` may be `second` for its time to the second, `clock` where its day stands above it, and `brief`
/// for its day alone, in whose place the browser writes the time where it is today.
fn moment(text: &str, how: Option<&str>) -> Result<Value, Error> {
    let (at, how) = (parsed(text)?, how.unwrap_or("moment"));
    let form = match how {
        "second" => "%H:%M:%S",
        "clock" => "%H:%M",
        "brief" => "%-d %b",
        _ => "%-d %b %Y %H:%M UTC",
    };
    Ok(time(at, how, &at.format(form).to_string()))
}

/// A day.
fn day(text: &str) -> Result<Value, Error> {
    let at = parsed(text)?;
    Ok(time(at, "day", &at.format("%-d %b %Y").to_string()))
}

/// A moment with its day of the week, as the clocks of a zone show it; `local` says what they show.
fn wall(local: &str, zone: &str) -> Result<Value, Error> {
    let at = DateTime::parse_from_rfc3339(local).map_err(|error| fault(format!("{local}: {error}")))?;
    let exact = at.to_utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let shown = at.format("%A %-d %B %Y %H:%M");
    let zone = HtmlEscape(zone);
    Ok(Value::from_safe_string(format!(
        "<time datetime=\"{exact}\" data-as=\"wall\" data-zone=\"{zone}\">{shown}</time>"
    )))
}

fn time(at: DateTime<Utc>, how: &str, shown: &str) -> Value {
    let exact = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    Value::from_safe_string(format!("<time datetime=\"{exact}\" data-as=\"{}\">{shown}</time>", HtmlEscape(how)))
}

/// How long so many milliseconds are: 12 s, 4 min 8 s, 3 h 02 min.
fn took(words: &Words, ms: i64) -> Result<String, Error> {
    let seconds = ms.max(0) / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let key = match (hours, minutes) {
        (0, 0) => "time.s",
        (0, _) => "time.min_s",
        _ => "time.h_min",
    };
    let value = |place: &str| match place {
        "h" => Some(hours.to_string()),
        "min" if hours > 0 => Some(format!("{minutes:02}")),
        "min" => Some(minutes.to_string()),
        "n" | "s" => Some(seconds.to_string()),
        _ => None,
    };
    let text = words.find(key, None).ok_or_else(|| fault(format!("no text {key}")))?;
    fill(text, str::to_owned, value).ok_or_else(|| fault(format!("text {key} lacks a value")))
}

/// Milliseconds from one moment to another.
fn between(from: &str, to: &str) -> Result<i64, Error> {
    Ok((parsed(to)? - parsed(from)?).num_milliseconds())
}

/// The members of a map that have a value, as the query of an address.
fn query(members: &Value) -> Result<String, Error> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in members.try_iter()? {
        let value = members.get_item(&name)?;
        if !value.is_none() && !value.is_undefined() && value.to_string() != "" {
            query.append_pair(&name.to_string(), &value.to_string());
        }
    }
    Ok(query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(source: &'static str, context: serde_json::Value) -> String {
        let environment = environment();
        environment.render_named_str("test.html", source, Value::from(Serde(context))).expect("rendered")
    }

    #[test]
    fn every_template_can_be_read() {
        for name in Templates::iter() {
            assert!(environment().get_template(&name).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_comes_from_outside_is_never_markup() {
        let name = "<script>alert('x')</script>\"&";
        let page = rendered("{{ name }} {{ t('run.titled', name=name, state='Running') }}", json!({ "name": name }));
        assert!(!page.contains('<') && page.contains("&lt;script&gt;"), "{page}");
    }

    #[test]
    fn figures_and_times_say_their_exact_value() {
        let page = rendered(
            "{{ 1234567|figure }} {{ 129900|money }} {{ 129900|money('EUR') }} {{ 41.5|percent }} {{ 100.0|percent }} {{ 99|tenth }} {{ bill|cost }} {{ at|moment }} {{ at|day }} {{ 3723000|took }}",
            json!({"at": "2026-11-24T15:16:19.402Z", "bill": {"micros": 1_350, "currency": "USD", "text": "less than $0.01"}}),
        );
        for part in [
            "<data value=\"1234567\" data-as=\"figure\">1,234,567</data>",
            "$1,299.00",
            "data-currency=\"EUR\" data-digits=\"2\">1299.00 EUR",
            "data-as=\"percent\">41.5<",
            "data-as=\"percent\">100<",
            "data-as=\"tenth\">99.0<",
            "<data value=\"1350\" data-as=\"cost\" data-currency=\"USD\">less than $0.01</data>",
            "<time datetime=\"2026-11-24T15:16:19.402Z\" data-as=\"moment\">24 Nov 2026 15:16 UTC</time>",
            "data-as=\"day\">24 Nov 2026<",
            "1 h 02 min",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }

    #[test]
    fn a_query_holds_what_has_a_value() {
        let page = rendered("{{ asked|query }}", json!({"asked": {"q": "a&b", "tag": null, "sort": "name"}}));
        assert_eq!(page.replace("&amp;", "&"), "q=a%26b&sort=name");
    }
}
