//! Whether a token was signed with a key, by the one algorithm that is accepted. Nothing of what it claims is looked at
//! before.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Validation, decode};
use serde_json::{Map, Value};

use super::Algorithm;
use super::provider;

/// Bytes of a coordinate on P-256, and of a key of Ed25519.
const COORDINATE_BYTES: usize = 32;

/// A key that checks signatures. It has no `Debug`, since it may be a secret.
#[derive(Clone)]
pub(super) struct Key(DecodingKey);

impl Key {
    /// A secret that both know.
    pub fn secret(bytes: &[u8]) -> Self {
        Self(DecodingKey::from_secret(bytes))
    }

    /// Modulus and exponent, in base64url.
    pub fn rsa(modulus: &str, exponent: &str) -> Option<Self> {
        let plain = |text: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            // Some issuers put a zero before it, as their programs keep numbers.
            Some(bytes[zeros..].to_vec()).filter(|bytes| !bytes.is_empty())
        };
        Some(Self(DecodingKey::from_rsa_raw_components(&plain(modulus)?, &plain(exponent)?)))
    }

    /// A point of P-256, in base64url.
    pub fn p256(x: &str, y: &str) -> Option<Self> {
        [x, y].into_iter().all(is_coordinate).then(|| DecodingKey::from_ec_components(x, y).ok().map(Self)).flatten()
    }

    /// A key of Ed25519, in base64url.
    pub fn ed25519(x: &str) -> Option<Self> {
        is_coordinate(x).then(|| DecodingKey::from_ed_components(x).ok().map(Self)).flatten()
    }
}

fn is_coordinate(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == COORDINATE_BYTES)
}

/// Which key a token says that it is signed with, if it says one; for whoever sent it, in words, why it is not looked for.
pub(super) fn key_id(token: &str, algorithm: Algorithm) -> Result<Option<String>, String> {
    let unreadable = || "the token cannot be read; a JSON Web Token has three parts".to_owned();
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    let [header, _, _] = parts.as_slice() else { return Err(unreadable()) };
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| unreadable())?;
    let header: Map<String, Value> = serde_json::from_slice(&header).map_err(|_| unreadable())?;
    let only = algorithm.as_str();
    if header.get("alg").and_then(Value::as_str) != Some(only) {
        return Err(format!("the token's `alg` is not {only}, which alone is accepted here"));
    }
    // What must be understood, and is not (RFC 7515, 4.1.11).
    if header.contains_key("crit") {
        return Err("the token's `crit` asks for what is not known here".to_owned());
    }
    match header.get("kid") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(kid)) => Ok(Some(kid.clone())),
        Some(_) => Err("the token's `kid` is no text".to_owned()),
    }
}

/// What a token claims that was signed with this key; for whoever sent it, in words, why it was not.
pub(super) fn claims(token: &str, algorithm: Algorithm, key: &Key) -> Result<Map<String, Value>, String> {
    provider::install();
    let mut validation = Validation::new(provider::name_of(algorithm));
    // The claims are held against our own clock, elsewhere.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    match decode::<Map<String, Value>>(token, &key.0, &validation) {
        Ok(read) => Ok(read.claims),
        Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => {
            Err("the token's signature is not the issuer's".to_owned())
        }
        Err(_) => Err("the token cannot be read".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The claims of the example in RFC 7515, A.3.
    const CLAIMS: &str =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    #[test]
    fn the_example_of_the_specification_comes_out_and_one_other_letter_does_not() {
        let (x, y) = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        let point = Key::p256(x, y).expect("a point");
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let token = |signature: &str| format!("eyJhbGciOiJFUzI1NiJ9.{CLAIMS}.{signature}");
        assert_eq!(key_id(&token(signature), Algorithm::Es256), Ok(None));
        assert_eq!(claims(&token(signature), Algorithm::Es256, &point).expect("signed")["iss"], "joe");
        for other in [&signature.replacen('j', "k", 1), "", "AAAA"] {
            assert!(claims(&token(other), Algorithm::Es256, &point).is_err(), "{other}");
        }
        let secret = Key::secret(b"a secret is no point");
        assert!(claims(&token(signature), Algorithm::Es256, &secret).is_err());
        assert!(claims(&token(signature), Algorithm::Rs256, &point).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_refused_in_words(
            text in ".{0,200}",
            parts in proptest::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5),
        ) {
            for token in [text, parts.join("."), format!("eyJhbGciOiJIUzI1NiJ9.{}", parts.join("."))] {
                let refused = claims(&token, Algorithm::Hs256, &Key::secret(b"a secret"));
                prop_assert!(refused.is_err_and(|words| words.contains("token")));
                let _ = key_id(&token, Algorithm::Hs256);
            }
        }
    }
}
