//! A JSON Web Key Set (RFC 7517), read for one algorithm: the keys in it that can check its signatures. Whatever else is in
//! it is another's and is passed over.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::Algorithm;
use super::signature::Key;

/// Most bytes of a set.
pub(super) const BYTES_MAX: usize = 256 * 1_024;
/// Most keys that are looked at.
const KEYS_MAX: usize = 100;

/// A key and what tokens call it.
#[derive(Clone)]
pub(super) struct Named {
    pub id: Option<String>,
    pub key: Key,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// The fields of a key that say what it is for.
#[derive(Deserialize)]
struct Raw {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The keys of a set.
///
/// # Errors
/// In words, where it is none or holds no such key.
pub(super) fn read(bytes: &[u8], algorithm: Algorithm) -> Result<Vec<Named>, String> {
    let set: Set = serde_json::from_slice(bytes).map_err(|error| format!("is no JSON Web Key Set: {error}"))?;
    // A key of a kind that nobody here knows need not have the fields of those that are known.
    let known = set.keys.into_iter().take(KEYS_MAX).filter_map(|key| serde_json::from_value(key).ok());
    let keys: Vec<Named> = known.filter_map(|raw| named(raw, algorithm)).collect();
    if keys.is_empty() {
        return Err(format!("holds no key that checks signatures by {}", algorithm.as_str()));
    }
    Ok(keys)
}

/// The keys in a file.
///
/// # Errors
/// In words.
pub(super) fn of_file(path: &Path, algorithm: Algorithm) -> Result<Vec<Named>, String> {
    let mut bytes = Vec::new();
    let most = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX);
    let read_it = File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read_it.map_err(|error| error.to_string())?;
    if bytes.len() > BYTES_MAX {
        return Err(format!("is longer than {BYTES_MAX} bytes"));
    }
    read(&bytes, algorithm)
}

fn named(raw: Raw, algorithm: Algorithm) -> Option<Named> {
    let is_for_signatures = raw.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
    let is_for_this = raw.alg.as_deref().is_none_or(|alg| alg == algorithm.as_str());
    if !is_for_signatures || !is_for_this {
        return None;
    }
    let curve = raw.crv.as_deref();
    let key = match (algorithm, raw.kty.as_str()) {
        (Algorithm::Rs256, "RSA") => Key::rsa(&raw.n?, &raw.e?),
        (Algorithm::Es256, "EC") if curve == Some("P-256") => Key::p256(&raw.x?, &raw.y?),
        (Algorithm::EdDsa, "OKP") if curve == Some("Ed25519") => Key::ed25519(&raw.x?),
        _ => None,
    }?;
    Some(Named { id: raw.kid, key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// 32 bytes in base64url.
    const COORDINATE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    fn ids(keys: Value, algorithm: Algorithm) -> Result<Vec<String>, String> {
        let found = read(json!({"keys": keys}).to_string().as_bytes(), algorithm)?;
        Ok(found.into_iter().map(|named| named.id.unwrap_or_default()).collect())
    }

    #[test]
    fn only_keys_for_the_signatures_of_this_algorithm_are_taken() {
        let ec = json!({"kty": "EC", "crv": "P-256", "x": COORDINATE, "y": COORDINATE, "kid": "ec"});
        let with = |name: &str, value: &str| {
            let mut key = ec.clone();
            key[name] = json!(value);
            key
        };
        let keys = json!([
            {"kty": "oct", "k": COORDINATE, "kid": "a secret"},
            {"kty": "OKP", "crv": "Ed25519", "x": COORDINATE, "kid": "ed"},
            {"kty": "RSA", "n": "not base64!", "e": "AQAB", "kid": "broken"},
            {"kty": "of another time", "n": 7},
            "no key at all",
            with("use", "enc"),
            with("alg", "ES384"),
            with("crv", "P-384"),
            with("x", "AQEB"),
            ec,
        ]);
        assert_eq!(ids(keys.clone(), Algorithm::Es256), Ok(vec!["ec".to_owned()]));
        assert_eq!(ids(keys.clone(), Algorithm::EdDsa), Ok(vec!["ed".to_owned()]));
        assert!(ids(keys.clone(), Algorithm::Rs256).expect_err("none").contains("RS256"));
        assert!(ids(keys, Algorithm::Hs256).is_err(), "a secret is never published");
    }

    #[test]
    fn what_is_no_set_says_so() {
        for bytes in ["", "[]", "{\"keys\": {}}", "<html>"] {
            assert!(read(bytes.as_bytes(), Algorithm::Es256).is_err_and(|said| said.contains("JSON Web Key Set")));
        }
    }
}
