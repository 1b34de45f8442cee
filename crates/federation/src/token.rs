//! One token: three parts of base64url with points between, signed by the issuer.
//!
//! Reading settles its shape; verifying settles who issued it, for whom, for which time, and that the signature is the
//! issuer's own. Only then is there a [`Verified`]. What a token says about where its key might be found is never
//! followed, and an extension that must be understood is one that we do not understand.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use daypass_api::Timestamp;
use serde_json::{Map, Value};

use crate::json;
use crate::keys::{Algorithm, KeySet, MAX_KEY_ID_BYTES, NoSuchKey};

/// Longest token that is read, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Most audiences that a token may have.
const MAX_AUDIENCES: usize = 16;
/// Longest subject, in bytes, as the standard has it.
const MAX_SUBJECT_BYTES: usize = 255;
/// How far the issuer's clock may be from ours, in seconds.
const LEEWAY_SECONDS: i64 = 30;

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who must have issued it, to the letter.
    pub issuer: &'a str,
    /// For one of these it must have been issued.
    pub audiences: &'a [String],
    /// The time now.
    pub now: Timestamp,
}

/// What a genuine token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// About whom, in the issuer's own words.
    pub subject: String,
    /// For which of the expected audiences.
    pub audience: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is too long.
    #[error("the token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// It does not have the shape of a signed token.
    #[error("the token is malformed")]
    Malformed,
    /// It is signed by an algorithm that is not taken, or by none.
    #[error("the token's algorithm is not taken")]
    Algorithm,
    /// It asks for an extension to be understood.
    #[error("the token has critical extensions")]
    Extension,
    /// It comes from somebody else.
    #[error("the token has another issuer")]
    Issuer,
    /// It is meant for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// The issuer is not known to have the key that it names.
    #[error("the token's key is not one of the issuer's")]
    UnknownKey,
    /// The key that it names is not for it.
    #[error("the token's key is not for its algorithm, or it does not name one of several")]
    UnsuitableKey,
    /// The signature is not the key's.
    #[error("the token's signature is wrong")]
    Signature,
}

/// A token that was read. Nothing that it says is proven.
pub struct Token<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    claims: Claims,
    signed: &'a [u8],
    signature: Vec<u8>,
}

struct Claims {
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    authorized: Option<String>,
    issued: i64,
    expires: i64,
    not_before: Option<i64>,
    all: Map<String, Value>,
}

impl<'a> Token<'a> {
    /// Reads a token.
    pub fn read(text: &'a str) -> Result<Self, Refusal> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::Malformed)?;
        let (algorithm, key_id) = read_header(&object(header)?)?;
        let claims = Claims::read(&object(payload)?).ok_or(Refusal::Malformed)?;
        Ok(Self {
            algorithm,
            key_id,
            claims,
            signed: signed.as_bytes(),
            signature: decode(signature)?,
        })
    }

    /// Whether everything but the signature is as expected: a token which could never count makes nobody ask an issuer
    /// for keys.
    pub(crate) fn check(&self, expected: &Expected<'_>) -> Result<(), Refusal> {
        self.claims.check(expected).map(drop)
    }

    /// Whether the token is what is expected, and signed with one of these keys.
    pub fn verify(&self, keys: &KeySet, expected: &Expected<'_>) -> Result<Verified, Refusal> {
        let audience = self.claims.check(expected)?;
        let key = keys.find(self.key_id.as_deref(), self.algorithm);
        let key = key.map_err(|reason| match reason {
            NoSuchKey::Unknown => Refusal::UnknownKey,
            NoSuchKey::Unsuitable => Refusal::UnsuitableKey,
        })?;
        if !key.verifies(self.algorithm, self.signed, &self.signature) {
            return Err(Refusal::Signature);
        }
        Ok(Verified {
            subject: self.claims.subject.clone(),
            audience: audience.to_owned(),
            expires: Timestamp::from_unix_seconds(self.claims.expires),
        })
    }

    /// What a claim says, where it is a text. It is to be believed only after [`Token::verify`] or
    /// [`crate::KeySource::verify`] let this very token pass.
    pub fn text_claim(&self, name: &str) -> Option<&str> {
        self.claims.all.get(name)?.as_str()
    }
}

/// Where a header says its key is to be found is not looked at: keys come from the issuer alone.
fn read_header(header: &Map<String, Value>) -> Result<(Algorithm, Option<String>), Refusal> {
    let text = |name| json::optional_text(header, name).ok_or(Refusal::Malformed);
    if header.contains_key("crit") {
        return Err(Refusal::Extension);
    }
    if text("typ")?.is_some_and(|kind| !kind.eq_ignore_ascii_case("JWT")) {
        return Err(Refusal::Malformed);
    }
    let key_id = text("kid")?;
    if key_id.is_some_and(|id| id.len() > MAX_KEY_ID_BYTES) {
        return Err(Refusal::Malformed);
    }
    let algorithm = text("alg")?.ok_or(Refusal::Malformed)?;
    let algorithm = Algorithm::parse(algorithm).ok_or(Refusal::Algorithm)?;
    Ok((algorithm, key_id.map(str::to_owned)))
}

impl Claims {
    fn read(claims: &Map<String, Value>) -> Option<Self> {
        let text = |name| json::optional_text(claims, name);
        Some(Self {
            issuer: text("iss")??.to_owned(),
            subject: text("sub")?
                .filter(|subject| (1..=MAX_SUBJECT_BYTES).contains(&subject.len()))?
                .to_owned(),
            audiences: audiences(claims.get("aud")?)?,
            authorized: text("azp")?.map(str::to_owned),
            issued: moment(claims.get("iat")?)?,
            expires: moment(claims.get("exp")?)?,
            not_before: match claims.get("nbf") {
                None => None,
                Some(value) => Some(moment(value)?),
            },
            all: claims.clone(),
        })
    }

    /// The audience that is meant, if everything is as expected.
    fn check(&self, expected: &Expected<'_>) -> Result<&str, Refusal> {
        if self.issuer != expected.issuer {
            return Err(Refusal::Issuer);
        }
        let is_expected = |audience: &&String| expected.audiences.contains(audience);
        let audience = self.audiences.iter().find(is_expected).ok_or(Refusal::Audience)?;
        // A token for several is for us only if it was given to us.
        let given_to_us = match &self.authorized {
            Some(party) => is_expected(&party),
            None => self.audiences.len() == 1,
        };
        if !given_to_us {
            return Err(Refusal::Audience);
        }
        let now = expected.now.unix_seconds();
        if self.expires.saturating_add(LEEWAY_SECONDS) <= now || self.expires <= self.issued {
            return Err(Refusal::Expired);
        }
        let begins = self.issued.max(self.not_before.unwrap_or(self.issued));
        if begins.saturating_sub(LEEWAY_SECONDS) > now {
            return Err(Refusal::NotYet);
        }
        Ok(audience)
    }
}

fn audiences(value: &Value) -> Option<Vec<String>> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    if list.is_empty() || list.len() > MAX_AUDIENCES {
        return None;
    }
    list.iter().map(|one| one.as_str().map(str::to_owned)).collect()
}

/// Seconds since 1970, a fraction cut off; up to the year 9999.
fn moment(value: &Value) -> Option<i64> {
    const END: i64 = 253_402_300_800;
    let seconds = match value.as_i64() {
        Some(seconds) => seconds,
        // Within the bounds a number's whole part is exact.
        None => value
            .as_f64()
            .filter(|seconds| (0.0..END as f64).contains(seconds))? as i64,
    };
    (0..END).contains(&seconds).then_some(seconds)
}

fn object(part: &str) -> Result<Map<String, Value>, Refusal> {
    json::object(&decode(part)?).ok_or(Refusal::Malformed)
}

fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)
}

#[cfg(test)]
mod tests;
