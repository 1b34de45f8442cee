//! Users known by keys of their own, of which only the SHA-256 is kept. Such a key is random and long, so that a plain
//! digest is as good as a slow one.

use http::HeaderMap;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::{Said, Unknown, bearer};
use crate::settings::{ApiKeySettings, SettingsError};
use crate::user::{Names, User};

/// Most keys: each is looked at for each request, so that time tells nothing.
const MAX_KEYS: usize = 10_000;
/// Longest key that is looked at, in bytes.
const MAX_KEY_BYTES: usize = 512;
/// What our keys begin with, so that one that leaked is recognised, and none is taken for a token of a provider.
const MARK: &str = "dpk_";

/// A list of keys.
pub(crate) struct ApiKeys(Vec<([u8; 32], String)>);

impl ApiKeys {
    pub(crate) fn new(settings: &[ApiKeySettings], names: Names) -> Result<Self, SettingsError> {
        if settings.is_empty() || settings.len() > MAX_KEYS {
            return Err(SettingsError::value(
                "callers.keys",
                "there must be 1 to 10000 keys",
            ));
        }
        let mut keys: Vec<([u8; 32], String)> = Vec::new();
        for key in settings {
            let about = |problem: &dyn std::fmt::Display| {
                SettingsError::value(
                    "callers.keys",
                    format!("user `{}`: {problem}", key.user.escape_debug()),
                )
            };
            User::parse(&key.user, names).map_err(|error| about(&error))?;
            let digest =
                digest_of_hex(&key.sha256).ok_or_else(|| about(&"`sha256` is not 64 hexadecimal digits"))?;
            if keys.iter().any(|(other, _)| *other == digest) {
                return Err(about(&"this key stands here twice"));
            }
            keys.push((digest, key.user.clone()));
        }
        Ok(Self(keys))
    }

    pub(crate) fn know(&self, headers: &HeaderMap) -> Said {
        let key = bearer(headers)?;
        if key.len() > MAX_KEY_BYTES {
            return Some(Err(Unknown::Refused(
                "the key is longer than 512 bytes".to_owned(),
            )));
        }
        let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        // All are compared, each in constant time.
        let mut found = (Choice::from(0), 0u64);
        for (index, (own, _)) in (0u64..).zip(&self.0) {
            let equal = own.ct_eq(&digest);
            found = (found.0 | equal, u64::conditional_select(&found.1, &index, equal));
        }
        let user = usize::try_from(found.1).ok().and_then(|index| self.0.get(index));
        let user = user.filter(|_| bool::from(found.0)).map(|(_, user)| user.clone());
        Some(user.ok_or_else(|| Unknown::Refused("the key is not known".to_owned())))
    }
}

/// A new key, and the digest that the settings have of it.
pub fn new_key() -> Result<(String, String), getrandom::Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    let key = format!("{MARK}{}", hex(&random));
    let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    Ok((key, hex(&digest)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest_of_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; 32];
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(users: &[&str]) -> (ApiKeys, Vec<String>) {
        let made: Vec<_> = users.iter().map(|_| new_key().unwrap()).collect();
        let settings = users.iter().zip(&made).map(|(user, (_, sha256))| ApiKeySettings {
            user: (*user).to_owned(),
            sha256: sha256.clone(),
        });
        let settings: Vec<_> = settings.collect();
        let keys = ApiKeys::new(&settings, Names::Refuse).unwrap();
        (keys, made.into_iter().map(|(key, _)| key).collect())
    }

    #[test]
    fn each_key_names_its_user_and_no_other_text_does() {
        let (keys, made) = keys(&["ann", "bob", "carl"]);
        let check = |header: &str, expected: Option<Option<&str>>| {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", header.parse().unwrap());
            let said = keys.know(&headers).map(Result::ok);
            assert_eq!(said, expected.map(|user| user.map(str::to_owned)), "{header}");
        };
        for (key, user) in made.iter().zip(["ann", "bob", "carl"]) {
            check(&format!("Bearer {key}"), Some(Some(user)));
            check(&format!("bearer {key}"), Some(Some(user)));
            check(&format!("Bearer {key}x"), Some(None));
            check(&format!("Basic {key}"), None);
        }
        check(&format!("Bearer {}", "a".repeat(513)), Some(None));
        check("Bearer ", None);
        let mut twice = HeaderMap::new();
        for key in &made {
            twice.append("authorization", format!("Bearer {key}").parse().unwrap());
        }
        assert!(keys.know(&twice).is_none());
    }

    #[test]
    fn lists_that_make_no_sense() {
        let good = new_key().unwrap().1;
        let check = |entries: &[(&str, &str)], expected: &str| {
            let entry = |(user, sha256): &(&str, &str)| ApiKeySettings {
                user: (*user).to_owned(),
                sha256: (*sha256).to_owned(),
            };
            let settings: Vec<_> = entries.iter().map(entry).collect();
            let error = ApiKeys::new(&settings, Names::Refuse)
                .map(drop)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(&[], "1 to 10000");
        check(&[("ann", "abc")], "64 hexadecimal digits");
        check(&[("ann", &"+".repeat(64))], "64 hexadecimal digits");
        check(&[("a/b", &good)], "beside letters");
        check(&[("ann", &good), ("bob", &good)], "twice");
    }
}
