//! What a signed token claims, held against the settings and the time. Pure: the moment is handed over.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::{LEEWAY_SECONDS, Settings, Vouched};
use crate::domain::person::{Email, TOKEN_DAYS_MAX};

/// Most characters of an organisation's id or name that is looked for.
const ORG_CHARS_MAX: usize = 200;

/// Whom the claims speak of; for whoever sent them, in words, why they do not hold.
pub(super) fn read(claims: &Map<String, Value>, settings: &Settings, now: DateTime<Utc>) -> Result<Vouched, String> {
    if claims.get("iss").and_then(Value::as_str) != Some(settings.issuer.as_str()) {
        return Err("the token's `iss` is not the issuer that is accepted here".to_owned());
    }
    if !is_for(claims.get("aud"), &settings.audience) {
        return Err("the token's `aud` does not name the audience that is accepted here".to_owned());
    }
    let ends_at = ends_at(claims.get("exp"), now)?;
    if let Some(given) = claims.get("nbf") {
        let begins = moment(given).ok_or("the token's `nbf` is no time")?;
        if begins > now + TimeDelta::seconds(LEEWAY_SECONDS) {
            return Err("the token holds only later (`nbf`)".to_owned());
        }
    }
    Ok(Vouched { email: email(claims, settings)?, org: org(claims, settings)?, ends_at })
}

/// One audience, or a list of them.
fn is_for(given: Option<&Value>, audience: &str) -> bool {
    match given {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == Some(audience)),
        _ => false,
    }
}

fn ends_at(given: Option<&Value>, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let given = given.ok_or("the token has no `exp`; one that never ends is not accepted")?;
    let end = moment(given).ok_or("the token's `exp` is no time")?;
    if end > now + TimeDelta::days(TOKEN_DAYS_MAX) {
        return Err(format!("the token's `exp` is more than {TOKEN_DAYS_MAX} days ahead"));
    }
    let end = end + TimeDelta::seconds(LEEWAY_SECONDS);
    if end <= now { Err("the token has expired".to_owned()) } else { Ok(end) }
}

/// A NumericDate: seconds since 1970, perhaps with a fraction, in years that people write.
fn moment(given: &Value) -> Option<DateTime<Utc>> {
    /// The beginning of the year 10000.
    const SECONDS_MAX: f64 = 253_402_300_800.0;
    let seconds = given.as_f64().filter(|seconds| (0.0..SECONDS_MAX).contains(seconds))?;
    DateTime::from_timestamp(seconds as i64, 0)
}

fn email(claims: &Map<String, Value>, settings: &Settings) -> Result<Email, String> {
    let claim = &settings.email_claim;
    match claims.get("email_verified") {
        None | Some(Value::Null | Value::Bool(true)) => {}
        // Some issuers write it as a text.
        Some(Value::String(text)) if text == "true" => {}
        Some(_) => return Err("the issuer has not verified the e-mail address (`email_verified`)".to_owned()),
    }
    let text = claims.get(claim).and_then(Value::as_str);
    let text = text.ok_or_else(|| format!("the token has no `{claim}` with an e-mail address"))?;
    Email::parse(text).map_err(|_| format!("the token's `{claim}` is no e-mail address"))
}

fn org(claims: &Map<String, Value>, settings: &Settings) -> Result<Option<String>, String> {
    let Some(claim) = &settings.org_claim else { return Ok(None) };
    match claims.get(claim) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if (1..=ORG_CHARS_MAX).contains(&text.chars().count()) => Ok(Some(text.clone())),
        Some(_) => Err(format!("the token's `{claim}` is no id or name of an organisation")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuer::{Algorithm, Source};
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;

    fn settings() -> Settings {
        Settings {
            issuer: "https://issuer.example".to_owned(),
            audience: "gleaner".to_owned(),
            algorithm: Algorithm::Hs256,
            source: Source::Secret(Vec::new()),
            email_claim: "email".to_owned(),
            org_claim: Some("tenant".to_owned()),
            allow_private: false,
        }
    }

    fn good() -> Value {
        json!({"iss": "https://issuer.example", "aud": "gleaner", "exp": NOW + 60, "email": "Ada@example.org"})
    }

    /// The good claims with these in their place; null takes one out.
    fn read_with(changed: Value) -> Result<Vouched, String> {
        let (Value::Object(mut claims), Value::Object(changed)) = (good(), changed) else { panic!("objects") };
        for (name, value) in changed {
            match value {
                Value::Null => drop(claims.remove(&name)),
                value => drop(claims.insert(name, value)),
            }
        }
        read(&claims, &settings(), DateTime::from_timestamp(NOW, 0).expect("a time"))
    }

    #[test]
    fn claims_that_hold_say_who_and_until_when() {
        let vouched = read_with(json!({})).expect("good");
        assert_eq!((vouched.email.as_str(), vouched.org), ("Ada@example.org", None));
        assert_eq!(vouched.ends_at.timestamp(), NOW + 60 + LEEWAY_SECONDS);
        for held in [
            json!({"aud": ["other", "gleaner"]}),
            json!({"exp": NOW - LEEWAY_SECONDS + 1}),
            json!({"exp": NOW as f64 + 0.5}),
            json!({"nbf": NOW + LEEWAY_SECONDS}),
            json!({"email_verified": true}),
            json!({"email_verified": "true"}),
            json!({"tenant": "Harbour"}),
        ] {
            assert!(read_with(held.clone()).is_ok(), "{held}");
        }
        assert_eq!(read_with(json!({"tenant": "Harbour"})).expect("good").org.as_deref(), Some("Harbour"));
    }

    #[test]
    fn claims_that_do_not_hold_say_which() {
        for (changed, words) in [
            (json!({"iss": null}), "`iss`"),
            (json!({"iss": "https://issuer.example/"}), "`iss`"),
            (json!({"iss": ["https://issuer.example"]}), "`iss`"),
            (json!({"aud": null}), "`aud`"),
            (json!({"aud": "gleaner2"}), "`aud`"),
            (json!({"aud": ["other"]}), "`aud`"),
            (json!({"aud": {"gleaner": true}}), "`aud`"),
            (json!({"exp": null}), "no `exp`"),
            (json!({"exp": "soon"}), "`exp` is no time"),
            (json!({"exp": -1}), "`exp` is no time"),
            (json!({"exp": 1e300}), "`exp` is no time"),
            (json!({"exp": NOW + 400_000_000}), "days ahead"),
            (json!({"exp": NOW - LEEWAY_SECONDS}), "expired"),
            (json!({"nbf": NOW + LEEWAY_SECONDS + 1}), "later"),
            (json!({"nbf": "now"}), "`nbf`"),
            (json!({"email": null}), "no `email`"),
            (json!({"email": 7}), "no `email`"),
            (json!({"email": "ada"}), "no e-mail address"),
            (json!({"email": "a\u{0}@example.org"}), "no e-mail address"),
            (json!({"email_verified": false}), "not verified"),
            (json!({"email_verified": "false"}), "not verified"),
            (json!({"email_verified": 1}), "not verified"),
            (json!({"tenant": 7}), "`tenant`"),
            (json!({"tenant": "x".repeat(201)}), "`tenant`"),
        ] {
            let said = read_with(changed.clone()).expect_err("refused");
            assert!(said.contains(words), "{changed}: {said}");
        }
    }
}
