//! Tokens of an outside issuer: `jwt`.

use std::env;
use std::path::PathBuf;

use serde::Deserialize;

use super::{ConfigError, password};
use crate::issuer::{Algorithm, SECRET_BYTES_MIN, Settings, Source, check_address, check_file};

/// The environment's own name for the secret, which belongs into no file that others read.
const SECRET: &str = "GLEANER_JWT_SECRET";
/// Longest text of a setting, in characters.
const TEXT_CHARS_MAX: usize = 2_000;

#[derive(Deserialize)]
pub struct RawJwt {
    issuer: Option<String>,
    audience: Option<String>,
    algorithm: Option<String>,
    secret_file: Option<PathBuf>,
    jwks_url: Option<String>,
    jwks_file: Option<PathBuf>,
    email_claim: String,
    org_claim: Option<String>,
}

fn wrong(words: impl Into<String>) -> ConfigError {
    ConfigError::Invalid(words.into())
}

/// A text that is given; an empty one counts as none.
fn text(key: &str, given: Option<String>) -> Result<Option<String>, ConfigError> {
    match given.filter(|text| !text.is_empty()) {
        Some(text) if text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control) => Ok(Some(text)),
        Some(_) => Err(wrong(format!(
            "jwt.{key}: allowed is a text of at most {TEXT_CHARS_MAX} characters without control characters"
        ))),
        None => Ok(None),
    }
}

/// Whose tokens are accepted; `None` where nothing of it is set.
pub fn read(raw: RawJwt, allow_private: bool) -> Result<Option<Settings>, ConfigError> {
    let (issuer, audience) = (text("issuer", raw.issuer)?, text("audience", raw.audience)?);
    let (algorithm, org_claim) = (text("algorithm", raw.algorithm)?, text("org_claim", raw.org_claim)?);
    let source = source(raw.secret_file, text("jwks_url", raw.jwks_url)?, raw.jwks_file)?;
    if issuer.is_none() && audience.is_none() && algorithm.is_none() && org_claim.is_none() && source.is_none() {
        return Ok(None);
    }
    let missing = |key: &str, what: &str| wrong(format!("jwt.{key} is not set; with any setting of jwt it is {what}"));
    let issuer = issuer.ok_or_else(|| missing("issuer", "needed: the `iss` of the tokens"))?;
    let audience = audience.ok_or_else(|| missing("audience", "needed: the `aud` of the tokens"))?;
    let keys = format!("one of jwt.secret_file (or {SECRET}), jwt.jwks_url and jwt.jwks_file is needed");
    let source = source.ok_or_else(|| wrong(format!("jwt: no key is set; {keys}")))?;
    let algorithm = pinned(algorithm.as_deref(), &source)?;
    match &source {
        Source::Secret(_) => {}
        Source::File(path) => {
            check_file(path, algorithm).map_err(|words| wrong(format!("jwt.jwks_file {}: {words}", path.display())))?
        }
        Source::Address(url) => {
            check_address(url, allow_private).map_err(|words| wrong(format!("jwt.jwks_url: {words}")))?;
        }
    }
    let email_claim = text("email_claim", Some(raw.email_claim))?;
    let email_claim = email_claim.ok_or_else(|| missing("email_claim", "needed: the claim with the e-mail address"))?;
    Ok(Some(Settings { issuer, audience, algorithm, source, email_claim, org_claim, allow_private }))
}

/// Where the keys are; one place at most.
fn source(
    secret_file: Option<PathBuf>,
    url: Option<String>,
    file: Option<PathBuf>,
) -> Result<Option<Source>, ConfigError> {
    let is_named = |path: &PathBuf| !path.as_os_str().is_empty();
    let (secret_file, file) = (secret_file.filter(is_named), file.filter(is_named));
    let secret = env::var(SECRET).ok().filter(|secret| !secret.is_empty());
    let secret = match (secret, secret_file) {
        (Some(secret), _) => Some((SECRET.to_owned(), secret)),
        (None, Some(file)) => Some(("jwt.secret_file".to_owned(), password::of("jwt.secret_file", &file)?)),
        (None, None) => None,
    };
    match (secret, url, file) {
        (None, None, None) => Ok(None),
        (Some((key, secret)), None, None) if secret.len() < SECRET_BYTES_MIN => Err(wrong(format!(
            "{key}: {} bytes are too short for a secret; {SECRET_BYTES_MIN} or more are allowed",
            secret.len()
        ))),
        (Some((_, secret)), None, None) => Ok(Some(Source::Secret(secret.into_bytes()))),
        (None, Some(url), None) => Ok(Some(Source::Address(url))),
        (None, None, Some(file)) => Ok(Some(Source::File(file))),
        _ => Err(wrong(format!(
            "jwt: more than one of secret_file (or {SECRET}), jwks_url and jwks_file is set; allowed is one, since a key \
             that everybody may know must never be taken for a secret"
        ))),
    }
}

/// The one algorithm that holds, which fits the keys.
fn pinned(named: Option<&str>, source: &Source) -> Result<Algorithm, ConfigError> {
    let is_secret = matches!(source, Source::Secret(_));
    let public = Algorithm::PUBLIC.map(Algorithm::as_str).join(", ");
    match (named, is_secret) {
        (None, true) => Ok(Algorithm::Hs256),
        (None, false) => Err(wrong(format!("jwt.algorithm is not set; with a key set it is needed, one of {public}"))),
        (Some(name), _) => {
            let fits = |algorithm: &Algorithm| (*algorithm == Algorithm::Hs256) == is_secret;
            let allowed = if is_secret { "with a secret HS256 is" } else { "with a key set one of these is:" };
            let names = if is_secret { "" } else { public.as_str() };
            Algorithm::parse(name)
                .filter(fits)
                .ok_or_else(|| wrong(format!("jwt.algorithm: {name} is not allowed; {allowed} {names}").trim_end()))
        }
    }
}
