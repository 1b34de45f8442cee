//! How keys are spelled: ids and secrets, permanent and temporary, from random bytes.
//!
//! A temporary key's id carries its session's id, so that whose token it is can be read before the token is
//! opened, and revocation needs nothing else. Which keys exist is not known here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use daypass_api::names::{AccessKeyId, SessionId};
use daypass_api::secret::SecretKey;
use zeroize::Zeroizing;

use crate::cipher::{KEY_LENGTH, Purpose, RootKey};

/// Every key's id begins with it.
const PREFIX: &str = "AKID";
/// A temporary key's id begins with it and has 29 characters; a permanent one has 36.
const TEMPORARY_PREFIX: &str = "AKIDtmp";
const TEMPORARY_LENGTH: usize = 29;
/// Characters after the prefix of a permanent id, and of a permanent secret.
const PERMANENT_LENGTH: usize = 32;
/// 40 characters are 238 bits.
const TEMPORARY_SECRET_LENGTH: usize = 40;
const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The id of the temporary key of a session.
pub fn temporary_key_id(session: SessionId) -> AccessKeyId {
    // Spelled in one text of its length, as every record of a request with a temporary key asks.
    let mut text = String::with_capacity(TEMPORARY_LENGTH);
    text.push_str(TEMPORARY_PREFIX);
    URL_SAFE_NO_PAD.encode_string(session.0, &mut text);
    key_id(&text)
}

/// The session whose temporary key has this id; `None` for every other id.
///
/// A permanent key whose id was chosen elsewhere must not be taken in if this finds a session in it.
pub fn session_id_of(id: &AccessKeyId) -> Option<SessionId> {
    let text = id.as_str().strip_prefix(TEMPORARY_PREFIX)?;
    // Decoded in place, as every request asks. A little more room than an id takes, as the decoder rounds up.
    let mut room = [0; 24];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut room).ok()?;
    room.get(..length)?.try_into().ok().map(SessionId)
}

/// A new TmpSecretKey: letters and digits, from 256 random bits.
pub fn temporary_secret(random: &[u8; KEY_LENGTH]) -> SecretKey {
    secret_key(alphanumeric(
        random,
        Purpose::TemporarySecret,
        TEMPORARY_SECRET_LENGTH,
    ))
}

/// A new permanent key, from 256 random bits: `AKID` and 32 letters or digits, and a secret of 32.
pub fn permanent_key(random: &[u8; KEY_LENGTH]) -> (AccessKeyId, SecretKey) {
    let id = alphanumeric(random, Purpose::PermanentKeyId, PERMANENT_LENGTH);
    let secret = alphanumeric(random, Purpose::PermanentSecret, PERMANENT_LENGTH);
    (key_id(&format!("{PREFIX}{}", *id)), secret_key(secret))
}

#[expect(
    clippy::expect_used,
    reason = "all callers pass under 40 letters, digits, `-` and `_`"
)]
fn key_id(text: &str) -> AccessKeyId {
    AccessKeyId::parse(text).expect("made of the characters of a key id")
}

fn secret_key(mut text: Zeroizing<String>) -> SecretKey {
    SecretKey::new(std::mem::take(&mut *text))
}

/// Letters and digits, each as likely as any other. The seed is stretched as far as the choosing needs.
fn alphanumeric(seed: &[u8; KEY_LENGTH], purpose: Purpose, length: usize) -> Zeroizing<String> {
    let root = RootKey::new(seed);
    let mut text = Zeroizing::new(String::with_capacity(length));
    let mut counter = 0_u64;
    while text.len() < length {
        let block = root.derive(purpose, &[&counter.to_be_bytes()]);
        counter = counter.wrapping_add(1);
        // Six bits choose one of 62; the two values beyond are passed over rather than folded onto others.
        let chosen = block
            .iter()
            .filter_map(|byte| ALPHANUMERIC.get(usize::from(byte & 63)));
        let missing = length - text.len();
        text.extend(chosen.take(missing).copied().map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_id_carries_its_session() {
        for session in [
            SessionId([0; 16]),
            SessionId([0xff; 16]),
            SessionId(*b"0123456789abcdef"),
        ] {
            let id = temporary_key_id(session);
            assert_eq!(id.as_str().len(), 29);
            assert_eq!(session_id_of(&id), Some(session));
        }
    }

    #[test]
    fn other_ids_carry_none() {
        let check = |text: &str, carries: bool| {
            assert_eq!(
                session_id_of(&AccessKeyId::parse(text).unwrap()).is_some(),
                carries,
                "{text}"
            );
        };
        check("AKIDtmpAAAAAAAAAAAAAAAAAAAAAA", true);
        // Bits that no byte has.
        check("AKIDtmpAAAAAAAAAAAAAAAAAAAAAB", false);
        check("AKIDtmpAAAAAAAAAAAAAAAAAAAAA", false);
        check("AKIDtmpAAAAAAAAAAAAAAAAAAAAAAA", false);
        check("AKIDAAAAAAAAAAAAAAAAAAAAAA", false);
        check("AKIDTMPAAAAAAAAAAAAAAAAAAAAAA", false);
        check("AKIDtmp", false);
        check("AKID", false);
        check("AKIDtmp0123456789abcdefghijklmnopqrs", false);
        check("AKIDEXAMPLE0123456789abcdefghijklmno", false);
    }

    #[test]
    fn permanent_keys_have_the_usual_shape() {
        let mut seen = [0_u32; 62];
        for seed in 0..500_u16 {
            let mut random = [0; 32];
            random[..2].copy_from_slice(&seed.to_be_bytes());
            let (id, secret) = permanent_key(&random);
            let random_part = id.as_str().strip_prefix("AKID").unwrap();
            assert_eq!((random_part.len(), secret.expose().len()), (32, 32));
            assert_ne!(random_part, secret.expose());
            assert_eq!(session_id_of(&id), None);
            for letter in random_part.bytes().chain(secret.expose().bytes()) {
                seen[ALPHANUMERIC.iter().position(|known| *known == letter).unwrap()] += 1;
            }
        }
        // 32,000 draws: 516 of each expected, with a standard deviation of 23.
        for (letter, count) in seen.into_iter().enumerate() {
            assert!((400..640).contains(&count), "letter {letter}: {count}");
        }
    }

    #[test]
    fn temporary_secrets_are_letters_and_digits() {
        let secret = temporary_secret(&[7; 32]);
        assert_eq!(secret.expose().len(), 40);
        assert!(secret.expose().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(secret, temporary_secret(&[8; 32]));
    }
}
