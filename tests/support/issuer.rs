//! An outside issuer of tokens: makes JSON Web Tokens from their parts, good and bad ones, and publishes its keys. It shares no
//! code with the reader of tokens but the arithmetic of signatures.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gleaner::issuer::{Algorithm, Issuer, Settings, Source};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use ring::{hmac, rand};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://issuer.test";
pub const AUDIENCE: &str = "gleaner";
pub const SECRET: &[u8] = b"a secret that both of them know, no less";

/// A key of 2048 bits that nobody uses for anything else.
const RSA: &[u8] = include_bytes!("rsa.pk8");

/// What signs.
pub enum Signer {
    Secret(Vec<u8>),
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    pub fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_pkcs8(RSA).expect("a key"))
    }

    pub fn p256() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random);
        Self::P256(pair.expect("a key"))
    }

    pub fn ed25519() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key"))
    }

    /// What tokens call the algorithm.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Secret(_) => "HS256",
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// The public key as a key set has it.
    pub fn published(&self, kid: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Secret(_) => panic!("a secret is never published"),
            Self::Rsa(pair) => {
                let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": text(&n), "e": text(&e)})
            }
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (text(&point[1..33]), text(&point[33..65]));
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y})
            }
            Self::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": text(pair.public_key().as_ref())})
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Secret(secret) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("a signature");
                signature
            }
            Self::P256(pair) => {
                pair.sign(&random as &dyn rand::SecureRandom, message).expect("a signature").as_ref().to_vec()
            }
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A token of these two parts.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// A token that says of itself what it is.
    pub fn sound(&self, claims: &Value) -> String {
        self.token(&json!({"alg": self.name(), "typ": "JWT"}), claims)
    }
}

/// The one with the shared secret.
pub fn shared() -> Signer {
    Signer::Secret(SECRET.to_vec())
}

/// Claims that hold for so many seconds from now on, of whoever has this address.
pub fn claims(email: &str, seconds: i64) -> Value {
    let now = gleaner::clock::Clock::system().now().timestamp();
    json!({"iss": ISSUER, "aud": AUDIENCE, "exp": now + seconds, "iat": now, "email": email, "email_verified": true})
}

/// What accepts its tokens.
pub fn accepting(algorithm: Algorithm, source: Source) -> Issuer {
    Issuer::new(Settings {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        algorithm,
        source,
        email_claim: "email".to_owned(),
        org_claim: Some("tenant".to_owned()),
        allow_private: true,
    })
}

/// What accepts tokens by the shared secret.
pub fn accepting_secret() -> Issuer {
    accepting(Algorithm::Hs256, Source::Secret(SECRET.to_vec()))
}
