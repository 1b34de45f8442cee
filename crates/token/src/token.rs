//! Session tokens: claims sealed under the ring's newest epoch, and opened under whichever sealed them.
//!
//! A token is its version, its epoch, a salt, and the encrypted claims, in base64 for URLs; it is bound to the
//! id of its temporary key. Opening proves that this service made the token for this key. Whether the session
//! is still alive is judged by the caller, from the claims.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use daypass_api::names::AccessKeyId;
use daypass_api::outcome::SessionToken;

use crate::cipher::{Purpose, TAG_LENGTH};
use crate::claims::Claims;
use crate::credentials::{session_id_of, temporary_key_id};
use crate::layout::{self, VERSION, VERSION_1, VERSION_2};
use crate::policies::MAX_POLICIES_LENGTH;
use crate::ring::{KeyRing, MAX_SESSION_SECONDS};

/// The longest token, in characters.
pub const MAX_TOKEN_LENGTH: usize = 4096;
/// Random bytes that each sealing needs. The session id alone makes the token's key its own; the salt keeps it
/// so even when claims with the same session id are sealed twice.
pub const SALT_LENGTH: usize = 12;

/// Version, epoch, salt.
const HEADER_LENGTH: usize = 1 + 4 + SALT_LENGTH;

/// What the holder of a session gets besides the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// TmpSecretId.
    pub access_key_id: AccessKeyId,
    /// The token.
    pub token: SessionToken,
}

/// Why claims were not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The token would be too long.
    #[error("the session token would have {predicted} characters, the limit is {limit}")]
    TooLong {
        /// How long it would be, in characters.
        predicted: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The session policies are too long to be unpacked, however well they pack.
    #[error("the session policies have {length} bytes, the limit is {limit}")]
    PoliciesTooLong {
        /// How long they are together, in bytes.
        length: usize,
        /// How long they may be.
        limit: usize,
    },
    /// The session would outlive the key ring's promise.
    #[error("the session would live longer than {limit} seconds")]
    LivesTooLong {
        /// How many seconds it may live.
        limit: i64,
    },
}

/// Why a token was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is not a token of any known version.
    #[error("the session token is malformed")]
    Malformed,
    /// Its epoch is not in the ring: retired, or newer than the ring at hand.
    #[error("the session token is of an unknown epoch")]
    UnknownEpoch,
    /// It was not made here, was changed, or belongs to another key.
    #[error("the session token does not belong to this key")]
    Forged,
}

/// Seals claims; the temporary key's id follows from the session's.
pub fn seal(ring: &KeyRing, claims: &Claims, salt: &[u8; SALT_LENGTH]) -> Result<Sealed, SealError> {
    check_lifetime(claims)?;
    check_policies(claims)?;
    let plaintext = layout::write(claims);
    let length = HEADER_LENGTH + plaintext.len() + TAG_LENGTH;
    let too_long = SealError::TooLong {
        predicted: text_length(length),
        limit: MAX_TOKEN_LENGTH,
    };
    if text_length(length) > MAX_TOKEN_LENGTH {
        return Err(too_long);
    }

    let access_key_id = temporary_key_id(claims.session_id);
    let epoch = ring.newest();
    let id = epoch.id.to_be_bytes();
    let ciphertext = epoch
        .root
        .encrypt(
            Purpose::SessionToken,
            &[&claims.session_id.0, salt],
            &[&[VERSION], &id, access_key_id.as_str().as_bytes()],
            &plaintext,
        )
        .map_err(|_| too_long)?;
    let token = URL_SAFE_NO_PAD.encode([&[VERSION], &id[..], salt, &ciphertext].concat());
    Ok(Sealed {
        access_key_id,
        token: SessionToken::new(token),
    })
}

/// Epoch and salt of a token.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn parts(token: &str) -> Option<(u32, [u8; SALT_LENGTH])> {
    let bytes = decode(token)?;
    let (_, epoch, salt, _) = split(&bytes)?;
    Some((u32::from_be_bytes(*epoch), *salt))
}

/// The claims in a token that was sealed for this access key.
pub fn open(ring: &KeyRing, access_key_id: &AccessKeyId, token: &str) -> Result<Claims, OpenError> {
    let bytes = decode(token).ok_or(OpenError::Malformed)?;
    let (version, epoch, salt, ciphertext) = split(&bytes).ok_or(OpenError::Malformed)?;
    let session_id = session_id_of(access_key_id).ok_or(OpenError::Forged)?;
    let plaintext = ring
        .find(u32::from_be_bytes(*epoch))
        .ok_or(OpenError::UnknownEpoch)?
        .root
        .decrypt(
            Purpose::SessionToken,
            &[&session_id.0, salt],
            &[&[version], epoch, access_key_id.as_str().as_bytes()],
            ciphertext,
        )
        .map_err(|_| OpenError::Forged)?;
    layout::read(version, &plaintext, session_id).ok_or(OpenError::Malformed)
}

/// Under which key of the ring a token says it was sealed; none when it is no token.
pub fn epoch_of(token: &str) -> Option<u32> {
    let bytes = decode(token)?;
    split(&bytes).map(|(_, epoch, _, _)| u32::from_be_bytes(*epoch))
}

/// The ring drops an epoch when no session under it can be alive, which is true only of lives that end.
fn check_lifetime(claims: &Claims) -> Result<(), SealError> {
    if claims.expires > claims.issued.plus_seconds(MAX_SESSION_SECONDS) {
        return Err(SealError::LivesTooLong {
            limit: MAX_SESSION_SECONDS,
        });
    }
    Ok(())
}

fn check_policies(claims: &Claims) -> Result<(), SealError> {
    let length = claims.session_policies.iter().map(String::len).sum();
    if length > MAX_POLICIES_LENGTH {
        return Err(SealError::PoliciesTooLong {
            length,
            limit: MAX_POLICIES_LENGTH,
        });
    }
    Ok(())
}

/// Characters of base64 without padding.
fn text_length(bytes: usize) -> usize {
    bytes.saturating_mul(4).div_ceil(3)
}

/// One spelling per token: the decoder refuses padding, other alphabets and stray bits.
fn decode(token: &str) -> Option<Vec<u8>> {
    if token.len() > MAX_TOKEN_LENGTH {
        return None;
    }
    URL_SAFE_NO_PAD.decode(token).ok()
}

/// The parts of a token: version, epoch, salt and ciphertext.
type Parts<'a> = (u8, &'a [u8; 4], &'a [u8; SALT_LENGTH], &'a [u8]);

/// The parts of a token of a version that this reads.
fn split(bytes: &[u8]) -> Option<Parts<'_>> {
    let (&version @ (VERSION | VERSION_2 | VERSION_1), rest) = bytes.split_first()? else {
        return None;
    };
    let (epoch, rest) = rest.split_first_chunk()?;
    let (salt, ciphertext) = rest.split_first_chunk()?;
    (ciphertext.len() >= TAG_LENGTH).then_some((version, epoch, salt, ciphertext))
}

#[cfg(test)]
mod tests;
