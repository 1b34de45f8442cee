//! Session tokens. Their law: of all texts only the one that was sealed opens.

use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, Account, AppId, SessionId, Uin};
use daypass_api::secret::SecretKey;
use daypass_token::{Claims, KeyRing, Origin, Principal, SALT_LENGTH, Sealed, SessionKind, open, seal};

use crate::Target;

pub(crate) const TOKEN: Target = Target {
    name: "token",
    run: token,
    seeds: || {
        sealed()
            .map(|sealed| sealed.token.expose().as_bytes().to_vec())
            .into_iter()
            .collect()
    },
    words: &["A", "-", "_", "=", "+", "/", "AQ", "Ag", "Aw"],
};

fn token(bytes: &[u8]) -> bool {
    let (Ok(text), Some(sealed)) = (str::from_utf8(bytes), sealed()) else {
        return false;
    };
    let opened = open(&ring(), &sealed.access_key_id, text);
    assert_eq!(opened.is_ok(), text == sealed.token.expose(), "{text}");
    opened.is_ok()
}

fn ring() -> KeyRing {
    KeyRing::new(Timestamp::from_unix_seconds(1_700_000_000), &[1; 32])
}

fn sealed() -> Option<Sealed> {
    let claims = Claims {
        kind: SessionKind::Federation,
        session_id: SessionId(*b"0123456789abcdef"),
        secret: SecretKey::new("a-made-up-secret".to_owned()),
        account: Account {
            app_id: AppId(125),
            owner_uin: Uin(900),
        },
        principal: Principal::User(Uin(901)),
        origin: Origin::Key {
            caller: Uin(901),
            key: AccessKeyId::parse("AKIDEXAMPLE0123456789abcdefghijklmno").ok()?,
        },
        ancestors: Vec::new(),
        name: "a".to_owned(),
        issued: Timestamp::from_unix_seconds(1_700_000_000),
        expires: Timestamp::from_unix_seconds(1_700_001_800),
        session_policies: vec![r#"{"version":"2.0","statement":[]}"#.to_owned()],
        tags: Vec::new(),
        source_identity: None,
    };
    seal(&ring(), &claims, &[5; SALT_LENGTH]).ok()
}
