//! The cryptography under the tokens: that of the TLS which is here already, so that there is one library to trust.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as Unsound, Verifier};
use jsonwebtoken::{Algorithm as Named, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::Algorithm;

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory: no_signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };

/// Has tokens checked by what is here; a second call changes nothing.
pub(super) fn install() {
    let _ = PROVIDER.install_default();
}

/// What the algorithm is called by the reader of tokens.
pub(super) fn name_of(algorithm: Algorithm) -> Named {
    match algorithm {
        Algorithm::Hs256 => Named::HS256,
        Algorithm::Rs256 => Named::RS256,
        Algorithm::Es256 => Named::ES256,
        Algorithm::EdDsa => Named::EdDSA,
    }
}

/// Nothing is signed here.
fn no_signer(_: &Named, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::InvalidAlgorithm.into())
}

fn verifier(algorithm: &Named, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let check = match (algorithm, key.kind()) {
        (Named::HS256, DecodingKeyKind::SecretOrDer(secret)) => {
            Check::Secret(hmac::Key::new(hmac::HMAC_SHA256, secret))
        }
        (Named::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            Check::Rsa(RsaPublicKeyComponents { n: n.clone(), e: e.clone() })
        }
        (Named::ES256, DecodingKeyKind::SecretOrDer(point)) => {
            Check::Public(UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.clone()))
        }
        (Named::EdDSA, DecodingKeyKind::SecretOrDer(key)) => {
            Check::Public(UnparsedPublicKey::new(&ED25519, key.clone()))
        }
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    };
    Ok(Box::new(Checks { algorithm: *algorithm, check }))
}

struct Checks {
    algorithm: Named,
    check: Check,
}

enum Check {
    Secret(hmac::Key),
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    Public(UnparsedPublicKey<Vec<u8>>),
}

impl Verifier<Vec<u8>> for Checks {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Unsound> {
        let checked = match &self.check {
            // In a time that does not tell how much of it fits.
            Check::Secret(key) => hmac::verify(key, message, signature),
            Check::Rsa(key) => key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            Check::Public(key) => key.verify(message, signature),
        };
        checked.map_err(|_| Unsound::new())
    }
}

impl JwtVerifier for Checks {
    fn algorithm(&self) -> Named {
        self.algorithm
    }
}
