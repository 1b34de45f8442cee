//! The public keys of an issuer, as a JSON Web Key Set gives them.
//!
//! INVARIANT: an algorithm belongs to one type of key, and to no other: a key is never tried with an algorithm that it
//! is not made for, and there are no symmetric ones, so that a public key cannot become a shared secret. A key that is
//! not understood, or not meant for signatures, is passed over; what is malformed is refused as a whole.

use aws_lc_rs::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::json;

/// Longest text of a set that is read, in bytes.
pub const MAX_KEY_SET_BYTES: usize = 128 * 1024;
/// Most keys in a set.
pub const MAX_KEYS: usize = 64;
/// Longest name of a key, in bytes.
pub(crate) const MAX_KEY_ID_BYTES: usize = 256;
/// Sizes of RSA moduli that are taken, in bytes: 2048 to 4096 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;
/// Longest public exponent, in bytes; the usual one has three.
const MAX_EXPONENT_BYTES: usize = 4;

/// Where a private key, and where a shared one, has its secret.
const SECRETS: [&str; 2] = ["d", "k"];

/// The algorithms that are taken. `none` and those with a shared secret are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" => Self::EdDsa,
            _ => return None,
        })
    }
}

/// The public keys of one issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

/// Why a text is no set of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is too long.
    #[error("the key set is longer than {MAX_KEY_SET_BYTES} bytes")]
    TooLong,
    /// It has too many keys.
    #[error("the key set has more than {MAX_KEYS} keys")]
    TooMany,
    /// It is not a JSON Web Key Set.
    #[error("the text is no JSON Web Key Set")]
    Malformed,
    /// Something in it is secret: then anybody may sign who can read it.
    #[error("the key set has a key that is not public")]
    Secret,
    /// There is no key in it that could be used.
    #[error("the key set has no key with which signatures can be verified")]
    NoKey,
}

/// Why no key of a set suits a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSuchKey {
    /// No key has the name.
    Unknown,
    /// More than one could be meant, or the one that is meant is made for something else.
    Unsuitable,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    id: Option<String>,
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl KeySet {
    /// Reads a JSON Web Key Set.
    pub fn parse(text: &[u8]) -> Result<Self, KeySetError> {
        if text.len() > MAX_KEY_SET_BYTES {
            return Err(KeySetError::TooLong);
        }
        let set = json::object(text).ok_or(KeySetError::Malformed)?;
        let list = set.get("keys").and_then(Value::as_array);
        let list = list.ok_or(KeySetError::Malformed)?;
        if list.len() > MAX_KEYS {
            return Err(KeySetError::TooMany);
        }
        let mut keys = Vec::new();
        for entry in list {
            let entry = entry.as_object().ok_or(KeySetError::Malformed)?;
            if SECRETS.iter().any(|name| entry.contains_key(*name)) {
                return Err(KeySetError::Secret);
            }
            keys.extend(Key::read(entry));
        }
        if keys.is_empty() {
            return Err(KeySetError::NoKey);
        }
        Ok(Self(keys))
    }

    /// The one key with which a token of this name and algorithm may be verified. A token that names no key is only
    /// taken where there is but one.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&Key, NoSuchKey> {
        let mut named = self
            .0
            .iter()
            .filter(|key| id.is_none() || key.id.as_deref() == id);
        let key = named.next().ok_or(NoSuchKey::Unknown)?;
        if named.next().is_some() || !key.suits(algorithm) {
            return Err(NoSuchKey::Unsuitable);
        }
        Ok(key)
    }
}

impl Key {
    /// None for a key that is not for us.
    fn read(entry: &Map<String, Value>) -> Option<Self> {
        let text = |name| json::optional_text(entry, name);
        let may_verify = match entry.get("key_ops") {
            None => true,
            Some(operations) => operations.as_array()?.iter().any(|one| one == "verify"),
        };
        if !may_verify || text("use")?.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let id = text("kid")?;
        if id.is_some_and(|id| id.len() > MAX_KEY_ID_BYTES) {
            return None;
        }
        let key = Self {
            id: id.map(str::to_owned),
            algorithm: match text("alg")? {
                None => None,
                Some(name) => Some(Algorithm::parse(name)?),
            },
            material: Material::read(entry)?,
        };
        key.algorithm
            .is_none_or(|algorithm| key.suits(algorithm))
            .then_some(key)
    }

    fn suits(&self, algorithm: Algorithm) -> bool {
        use Algorithm as A;
        let by_type = match self.material {
            Material::Rsa { .. } => matches!(
                algorithm,
                A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512
            ),
            Material::P256(_) => algorithm == A::Es256,
            Material::P384(_) => algorithm == A::Es384,
            Material::Ed25519(_) => algorithm == A::EdDsa,
        };
        by_type && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// Whether this key made the signature by this algorithm.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let plain = |scheme: &'static dyn VerificationAlgorithm, point: &[u8]| {
            UnparsedPublicKey::new(scheme, point)
                .verify(message, signature)
                .is_ok()
        };
        match (&self.material, algorithm) {
            (Material::Rsa { modulus, exponent }, algorithm) => {
                let components = RsaPublicKeyComponents {
                    n: modulus,
                    e: exponent,
                };
                rsa(algorithm).is_some_and(|scheme| components.verify(scheme, message, signature).is_ok())
            }
            (Material::P256(point), Algorithm::Es256) => plain(&signature::ECDSA_P256_SHA256_FIXED, point),
            (Material::P384(point), Algorithm::Es384) => plain(&signature::ECDSA_P384_SHA384_FIXED, point),
            (Material::Ed25519(point), Algorithm::EdDsa) => plain(&signature::ED25519, point),
            _ => false,
        }
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => return None,
    })
}

impl Material {
    fn read(entry: &Map<String, Value>) -> Option<Self> {
        let bytes = |name| {
            let text = json::optional_text(entry, name)??;
            URL_SAFE_NO_PAD.decode(text).ok()
        };
        let curve = json::optional_text(entry, "crv")?;
        match (json::optional_text(entry, "kty")??, curve) {
            ("RSA", _) => {
                let (modulus, exponent) = (without_zeros(bytes("n")?), without_zeros(bytes("e")?));
                let fits = RSA_BYTES.contains(&modulus.len())
                    && (1..=MAX_EXPONENT_BYTES).contains(&exponent.len())
                    && exponent.last().is_some_and(|last| last % 2 == 1)
                    && exponent != [1];
                fits.then_some(Self::Rsa { modulus, exponent })
            }
            ("EC", Some("P-256")) => point(&bytes("x")?, &bytes("y")?, 32).map(Self::P256),
            ("EC", Some("P-384")) => point(&bytes("x")?, &bytes("y")?, 48).map(Self::P384),
            ("OKP", Some("Ed25519")) => Some(bytes("x")?).filter(|x| x.len() == 32).map(Self::Ed25519),
            _ => None,
        }
    }
}

fn without_zeros(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

/// Whether it lies on the curve is settled when a signature is verified with it.
fn point(x: &[u8], y: &[u8], size: usize) -> Option<Vec<u8>> {
    (x.len() == size && y.len() == size).then(|| [&[4], x, y].concat())
}
