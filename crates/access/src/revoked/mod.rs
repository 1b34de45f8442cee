//! Which sessions were ended before their time: a set in memory, filled from the log of revocations.
//!
//! A session falls when it, or any session that it descends from, was ended. One million sessions that were ended
//! one by one are the case to be prepared for.

mod sessions;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, RoleId, Uin};
use daypass_api::outcome::Ended;
use daypass_token::{Ancestor, name_digest};

use crate::caller::{Identity, Principal};
use sessions::EndedSessions;

/// Everything that was ended and would still be alive.
#[derive(Debug, Default)]
pub struct RevokedSessions {
    /// By session and by the place of the account that ended it in `owners`. A session belongs to one account, and only
    /// what that one ended counts.
    sessions: EndedSessions,
    owners: Vec<Uin>,
    users: HashMap<Uin, Bound>,
    roles: HashMap<RoleId, Bound>,
    keys: HashMap<AccessKeyId, Bound>,
    names: HashMap<(Uin, u64), Bound>,
}

/// Until when sessions must have been made to be ended, and when the last of them would have ended by itself.
#[derive(Clone, Copy, Debug)]
struct Bound {
    issued_before: Timestamp,
    expires: Timestamp,
}

impl RevokedSessions {
    /// Notes one revocation by an account. That what it names is the account's own was made sure of beforehand.
    pub fn add(&mut self, owner: Uin, ended: &Ended, issued_before: Timestamp, expires: Timestamp) {
        let bound = Bound {
            issued_before,
            expires,
        };
        match ended {
            Ended::Session(id) => {
                let place = self.place_or_new(owner);
                self.sessions.insert(id.0, place, seconds_after(expires));
            }
            Ended::User(uin) => widen(&mut self.users, *uin, bound),
            Ended::Role(id) => widen(&mut self.roles, *id, bound),
            Ended::AccessKey(id) => widen(&mut self.keys, id.clone(), bound),
            Ended::Name(name) => widen(&mut self.names, (owner, name_digest(name)), bound),
        }
    }

    /// Whether the session of this identity was ended; a permanent key is none.
    pub fn contains(&self, identity: &Identity) -> bool {
        let Some(session) = &identity.session else {
            return false;
        };
        let principal = match identity.principal {
            Principal::User(uin) => daypass_token::Principal::User(uin),
            Principal::Role { id, .. } => daypass_token::Principal::Role(id),
        };
        let own = Ancestor {
            session_id: session.id,
            owner: identity.account.owner_uin,
            principal,
            issued: session.issued,
            // Digested only where some name is to be compared with.
            name: if self.names.is_empty() {
                0
            } else {
                name_digest(&session.name)
            },
        };
        let origin = &identity.origin;
        self.ends(&session.ancestors, &own, origin.responsible(), origin.key())
    }

    /// Whether a session was ended that has these ancestors, the first one first, and began with somebody's key, or on
    /// the word of somebody's identity provider.
    pub fn ends(
        &self,
        ancestors: &[Ancestor],
        own: &Ancestor,
        responsible: Uin,
        key: Option<&AccessKeyId>,
    ) -> bool {
        let began = ancestors.first().map_or(own.issued, |first| first.issued);
        ancestors.iter().chain([own]).any(|link| self.ended(link))
            || ends(self.users.get(&responsible), began)
            || ends(key.and_then(|key| self.keys.get(key)), began)
    }

    fn ended(&self, link: &Ancestor) -> bool {
        let owner = self.place(link.owner);
        let by_id = owner.is_some_and(|owner| self.sessions.contains(&link.session_id.0, owner));
        let by_principal = match link.principal {
            daypass_token::Principal::User(uin) => self.users.get(&uin),
            daypass_token::Principal::Role(id) => self.roles.get(&id),
        };
        by_id
            || ends(by_principal, link.issued)
            || ends(self.names.get(&(link.owner, link.name)), link.issued)
    }

    /// Forgets what ends nothing any more.
    pub fn forget(&mut self, now: Timestamp) {
        self.sessions.forget(seconds_before(now));
        self.users.retain(|_, bound| bound.expires >= now);
        self.roles.retain(|_, bound| bound.expires >= now);
        self.keys.retain(|_, bound| bound.expires >= now);
        self.names.retain(|_, bound| bound.expires >= now);
    }

    /// How many revocations are kept.
    pub fn len(&self) -> usize {
        let rules = [
            self.users.len(),
            self.roles.len(),
            self.keys.len(),
            self.names.len(),
        ];
        rules.into_iter().fold(self.sessions.len(), usize::saturating_add)
    }

    /// Whether nothing was ended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn place(&self, owner: Uin) -> Option<u32> {
        let place = self.owners.iter().position(|known| *known == owner)?;
        u32::try_from(place).ok()
    }

    fn place_or_new(&mut self, owner: Uin) -> u32 {
        self.place(owner).unwrap_or_else(|| {
            self.owners.push(owner);
            u32::try_from(self.owners.len().saturating_sub(1)).unwrap_or(u32::MAX)
        })
    }
}

/// What was ended stays ended: of two bounds on the same the later ones count.
fn widen<K: Eq + Hash>(bounds: &mut HashMap<K, Bound>, key: K, bound: Bound) {
    match bounds.entry(key) {
        Entry::Vacant(vacant) => {
            vacant.insert(bound);
        }
        Entry::Occupied(mut known) => {
            let known = known.get_mut();
            known.issued_before = known.issued_before.max(bound.issued_before);
            known.expires = known.expires.max(bound.expires);
        }
    }
}

fn ends(bound: Option<&Bound>, issued: Timestamp) -> bool {
    bound.is_some_and(|bound| issued <= bound.issued_before)
}

/// Whole seconds, rounded so that nothing is forgotten early.
fn seconds_after(moment: Timestamp) -> u32 {
    let seconds = moment.unix_seconds().saturating_add(1).max(0);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

fn seconds_before(moment: Timestamp) -> u32 {
    u32::try_from(moment.unix_seconds().max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use daypass_api::names::{Account, AppId, SessionId};
    use daypass_token::SessionKind;
    use proptest::prelude::*;

    use super::*;
    use crate::caller::Session;

    /// A session in small numbers, so that revocations hit: id, owner, principal, moment, name.
    type Link = (u8, u64, u64, i64, u8);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    fn identity(chain: &[Link], caller: u64, key: u8) -> Identity {
        let link = |(id, owner, user, issued, name): &Link| Ancestor {
            session_id: SessionId([*id; 16]),
            owner: Uin(*owner),
            principal: daypass_token::Principal::User(Uin(*user)),
            issued: at(*issued),
            name: name_digest(&name.to_string()),
        };
        let (last, before) = chain.split_last().unwrap();
        let session = Session {
            kind: SessionKind::Role,
            id: SessionId([last.0; 16]),
            ancestors: before.iter().map(link).collect(),
            name: last.4.to_string().into(),
            issued: at(last.3),
            expires: at(1000),
            policies: [].into(),
            tags: [].into(),
            source_identity: None,
        };
        Identity {
            account: Account {
                app_id: AppId(1),
                owner_uin: Uin(last.1),
            },
            principal: Principal::User(Uin(last.2)),
            origin: daypass_token::Origin::Key {
                caller: Uin(caller),
                key: AccessKeyId::parse(&format!("AKID{key}")).unwrap(),
            },
            session: Some(session.into()),
        }
    }

    /// The same question, asked of every revocation and every link one by one.
    fn slowly(revocations: &[(u64, Ended, i64)], chain: &[Link], caller: u64, key: u8) -> bool {
        revocations.iter().any(|(by, ended, bound)| {
            let began = chain[0].3 <= *bound;
            let of_link = |(id, owner, user, issued, name): &Link| match ended {
                Ended::Session(ended) => ended.0 == [*id; 16] && owner == by,
                Ended::User(uin) => uin.0 == *user && issued <= bound,
                Ended::Name(ended) => *ended == name.to_string() && owner == by && issued <= bound,
                Ended::Role(_) | Ended::AccessKey(_) => false,
            };
            chain.iter().any(of_link)
                || matches!(ended, Ended::User(uin) if uin.0 == caller && began)
                || matches!(ended, Ended::AccessKey(id) if id.as_str() == format!("AKID{key}") && began)
        })
    }

    fn ended() -> impl Strategy<Value = Ended> {
        prop_oneof![
            (0..6u8).prop_map(|id| Ended::Session(SessionId([id; 16]))),
            (0..4u64).prop_map(|uin| Ended::User(Uin(uin))),
            (0..3u8).prop_map(|key| Ended::AccessKey(AccessKeyId::parse(&format!("AKID{key}")).unwrap())),
            (0..4u8).prop_map(|name| Ended::Name(name.to_string())),
        ]
    }

    proptest! {
        #[test]
        fn the_set_says_what_the_revocations_say(
            revocations in proptest::collection::vec((0..3u64, ended(), 0..20i64, 0..40i64), 0..8),
            chain in proptest::collection::vec((0..6u8, 0..3u64, 0..4u64, 0..20i64, 0..4u8), 1..4),
            caller in 0..4u64, key in 0..3u8, forget_at in 0..60i64, split in 0..8usize,
        ) {
            let mut set = RevokedSessions::default();
            let far = 1000;
            for (place, (by, ended, bound, expires)) in revocations.iter().enumerate() {
                if place == split {
                    // What is forgotten in between ends nothing that is alive: those before stay as long as they matter.
                    set.forget(at(forget_at.min(*expires)));
                }
                set.add(Uin(*by), ended, at(*bound), at(far));
            }
            set.forget(at(forget_at));
            let plain: Vec<_> = revocations.iter().map(|(by, ended, bound, _)| (*by, ended.clone(), *bound)).collect();
            prop_assert_eq!(set.contains(&identity(&chain, caller, key)), slowly(&plain, &chain, caller, key));
            set.forget(at(far + 2));
            prop_assert!(set.is_empty());
        }
    }
}
