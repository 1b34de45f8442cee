//! The law of descent by the real way: each key of a chain is minted, sealed, opened, and mints the next one. Whatever a
//! key may, the key that minted it may, for the same role.

use std::sync::Arc;

use daypass_access::issue::{FreshSession, federation};
use daypass_access::issue_role::assume_role;
use daypass_access::{Identity, Principal, RoleFacts, Session};
use daypass_api::names::{AccessKeyId, RoleId, RoleName, SessionId, SessionName, Uin};
use daypass_api::operation::{AssumeRole, GetFederationToken, RoleRef};
use daypass_api::outcome::TemporaryKey;
use daypass_api::secret::SecretKey;
use daypass_api::time::Timestamp;
use daypass_token::{Claims, KeyRing, Origin, SALT_LENGTH, open};
use serde_json::{Value, json};

use crate::generate::{self, Kind};
use crate::laws::assert_within;
use crate::random::Random;
use crate::situation::OWN;
use crate::{SEED, setting};

const CHAINS: u64 = 600;
/// Most keys in a chain after its first.
const LONGEST: usize = 5;
const REQUESTS: usize = 8;
const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn fresh(number: u8) -> FreshSession {
    FreshSession {
        id: SessionId([number; 16]),
        secret: SecretKey::new("a-made-up-secret".to_owned()),
        salt: [number; SALT_LENGTH],
    }
}

fn role() -> RoleFacts {
    RoleFacts {
        asked: RoleRef::Id(RoleId(46)),
        account: OWN,
        id: RoleId(46),
        name: RoleName::parse("dev").unwrap(),
        tags: Vec::new(),
        trust: None,
        trusted: Vec::new(),
        providers: Vec::new(),
        session_duration: 0,
    }
}

fn permanent() -> Identity {
    Identity {
        account: OWN,
        principal: Principal::User(Uin(901)),
        origin: Origin::Key {
            caller: Uin(901),
            key: AccessKeyId::parse("AKIDtest").unwrap(),
        },
        session: None,
    }
}

/// Who signs with a key whose token says this.
fn identity(claims: &Claims) -> Identity {
    let principal = match claims.principal {
        daypass_token::Principal::User(uin) => Principal::User(uin),
        daypass_token::Principal::Role(id) => Principal::Role {
            id,
            name: RoleName::parse("dev").unwrap(),
        },
    };
    Identity {
        account: claims.account,
        principal,
        origin: claims.origin.clone(),
        session: Some(Arc::new(Session {
            kind: claims.kind,
            id: claims.session_id,
            ancestors: claims.ancestors.clone().into(),
            name: claims.name.as_str().into(),
            issued: claims.issued,
            expires: claims.expires,
            policies: claims.session_policies.clone().into(),
            tags: claims.tags.clone().into(),
            source_identity: None,
        })),
    }
}

/// The next key of the chain, or nothing if it cannot be minted, since its token would be too long.
fn mint(parent: &Identity, number: u8, policy: Option<String>, ring: &KeyRing) -> Option<TemporaryKey> {
    let name = SessionName::parse("test").unwrap();
    if parent.session.is_none() {
        let request = GetFederationToken {
            name,
            policy,
            duration_seconds: None,
        };
        return federation(parent, &request, 1, fresh(number), ring, NOW).ok();
    }
    let request = AssumeRole {
        owner: OWN.owner_uin,
        role: RoleRef::Id(RoleId(46)),
        name,
        duration_seconds: None,
        policy,
        external_id: None,
        tags: Vec::new(),
        source_identity: None,
    };
    assume_role(parent, &request, &role(), 1, fresh(number), ring, NOW).ok()
}

/// What the session policies of a key leave of the role.
fn narrowed(case: &Value, claims: Option<&Claims>) -> Value {
    let texts = claims.map_or(&[][..], |claims| &claims.session_policies);
    let documents: Vec<Value> = texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let mut case = case.clone();
    case["caller"] = json!({"account": "own", "is": "role", "temporary": true});
    case["sessions"] = json!(documents);
    case
}

#[test]
fn what_a_minted_key_may_the_key_that_minted_it_may() {
    let seed = setting("DAYPASS_MODEL_SEED", SEED);
    let ring = KeyRing::new(NOW, &[1; 32]);
    let mut deepest = 0;
    for index in 0..CHAINS {
        let mut random = Random(seed.wrapping_add(index));
        let mut random = Random(random.number());
        let mut case = generate::situation(&mut random);
        // The documents of a caller of another account are about that account.
        if case["caller"]["account"] == "other" {
            case["policies"] = json!([]);
            case["boundary"] = json!([]);
        }
        let requests: Vec<Value> = (0..REQUESTS).map(|_| generate::request(&mut random)).collect();
        let (mut parent, mut parent_claims) = (permanent(), None::<Claims>);
        for number in 0..=u8::try_from(random.below(LONGEST + 1)).unwrap() {
            let document = generate::document(&mut random, Kind::Session, false);
            let policy = (document.is_object() && random.percent(75)).then(|| document.to_string());
            let Some(key) = mint(&parent, number, policy.clone(), &ring) else {
                break;
            };
            let claims = open(&ring, &key.access_key_id, key.token.expose()).unwrap();
            let inherited = parent_claims
                .as_ref()
                .map_or(Vec::new(), |claims| claims.session_policies.clone());
            let expected: Vec<String> = inherited.into_iter().chain(policy).collect();
            assert_eq!(claims.session_policies, expected);
            assert!(
                parent_claims
                    .as_ref()
                    .is_none_or(|parent| claims.expires <= parent.expires)
            );
            let (child, before) = (
                narrowed(&case, Some(&claims)),
                narrowed(&case, parent_claims.as_ref()),
            );
            assert_within(&child, &before, &requests);
            deepest = deepest.max(expected.len());
            parent = identity(&claims);
            parent_claims = Some(claims);
        }
    }
    assert!(deepest >= 3, "chains are narrowed again and again: {deepest}");
}
