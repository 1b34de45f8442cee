//! The claims as bytes: what is inside a token's encryption. Version 3 is written; version 2, whose sessions all began
//! with a permanent key, and version 1, which knew federation sessions only, are read as long as their tokens may live.
//!
//! Written by hand rather than by a serializer, because a token is short and its bytes outlive the program.
//! Numbers are LEB128; texts and lists have their length or count before them. The bytes are authentic when
//! they are read, yet reading trusts nothing: no length is believed, and nothing may be left over.

use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, Account, AppId, ProviderId, RoleId, SessionId, Uin};
use daypass_api::secret::SecretKey;
use zeroize::Zeroizing;

use crate::claims::{Ancestor, Claims, Origin, Principal, SessionKind};
use crate::policies;

/// The version that is written.
pub(crate) const VERSION: u8 = 3;
/// The earlier versions that are read.
pub(crate) const VERSION_2: u8 = 2;
pub(crate) const VERSION_1: u8 = 1;

const FEDERATION: u64 = 1;
const ROLE_SESSION: u64 = 2;
const OWN: u64 = 3;
const USER: u64 = 1;
const ROLE: u64 = 2;
const BY_KEY: u64 = 1;
const BY_PROVIDER: u64 = 2;

/// The bytes of the claims, all but the session id, which stands in the key's id.
pub(crate) fn write(claims: &Claims) -> Zeroizing<Vec<u8>> {
    let mut out = Writer(Zeroizing::new(Vec::with_capacity(4096)));
    out.number(match claims.kind {
        SessionKind::Federation => FEDERATION,
        SessionKind::Role => ROLE_SESSION,
        SessionKind::Own => OWN,
    });
    out.number(claims.account.app_id.0);
    out.number(claims.account.owner_uin.0);
    out.principal(claims.principal);
    out.origin(&claims.origin);
    out.list(&claims.ancestors, |out, ancestor| {
        out.0.extend(ancestor.session_id.0);
        out.number(ancestor.owner.0);
        out.principal(ancestor.principal);
        out.moment(ancestor.issued);
        out.0.extend(ancestor.name.to_be_bytes());
    });
    out.text(&claims.name);
    out.moment(claims.issued);
    out.moment(claims.expires);
    out.list(&claims.tags, |out, (key, value)| {
        out.text(key);
        out.text(value);
    });
    out.list(claims.source_identity.as_slice(), |out, identity| {
        out.text(identity)
    });
    out.list(&claims.session_policies, |out, policy| {
        out.number(policy.len() as u64);
        out.bytes(&policies::pack(policy));
    });
    // Last, and with room made beforehand: a buffer that grew later would leave a copy of the secret behind.
    out.0.reserve(claims.secret.expose().len() + MAX_NUMBER_LENGTH);
    out.text(claims.secret.expose());
    out.0
}

/// Reads what [`write`] wrote in this version; `None` when these are not the bytes of claims.
pub(crate) fn read(version: u8, bytes: &[u8], session_id: SessionId) -> Option<Claims> {
    let mut input = Reader(bytes);
    let kind = match (version, input.number()?) {
        (VERSION | VERSION_1, FEDERATION) => SessionKind::Federation,
        (VERSION | VERSION_2, ROLE_SESSION) => SessionKind::Role,
        (VERSION | VERSION_2, OWN) => SessionKind::Own,
        _ => return None,
    };
    let mut policy_room = policies::MAX_POLICIES_LENGTH;
    let claims = Claims {
        kind,
        session_id,
        account: Account {
            app_id: AppId(input.number()?),
            owner_uin: Uin(input.number()?),
        },
        principal: input.principal()?,
        origin: match version {
            VERSION => input.origin()?,
            _ => input.origin_by_key()?,
        },
        ancestors: input.list(|input| match version {
            // No session had any.
            VERSION_1 => None,
            _ => input.ancestor(),
        })?,
        name: input.text()?.to_owned(),
        issued: input.moment()?,
        expires: input.moment()?,
        tags: input.list(|input| Some((input.text()?.to_owned(), input.text()?.to_owned())))?,
        source_identity: input.optional_text()?,
        session_policies: input.list(|input| input.policy(&mut policy_room))?,
        secret: SecretKey::new(input.text()?.to_owned()),
    };
    input.0.is_empty().then_some(claims)
}

/// Ten groups of seven bits hold 64.
const MAX_NUMBER_LENGTH: usize = 10;

struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn principal(&mut self, principal: Principal) {
        let (kind, number) = match principal {
            Principal::User(uin) => (USER, uin.0),
            Principal::Role(id) => (ROLE, id.0),
        };
        self.number(kind);
        self.number(number);
    }

    fn origin(&mut self, origin: &Origin) {
        match origin {
            Origin::Key { caller, key } => {
                self.number(BY_KEY);
                self.number(caller.0);
                self.text(key.as_str());
            }
            Origin::Provider {
                owner,
                id,
                revision,
                subject,
            } => {
                self.number(BY_PROVIDER);
                self.number(owner.0);
                self.number(id.0);
                self.number(*revision);
                self.text(subject);
            }
        }
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }

    /// Milliseconds with the sign in the lowest bit, so that moments before 1970 stay short too.
    fn moment(&mut self, moment: Timestamp) {
        let millis = moment.unix_millis();
        self.number(((millis << 1) ^ (millis >> 63)) as u64);
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            number |= bits << shift;
            // The tenth byte has room for one bit only.
            if number >> shift != bits {
                return None;
            }
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn length(&mut self) -> Option<usize> {
        self.number()?.try_into().ok()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// Every item takes at least one byte, so a count that lies runs out of input before it does harm.
    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(read(self)?);
        }
        Some(items)
    }

    fn optional_text(&mut self) -> Option<Option<String>> {
        match self.number()? {
            0 => Some(None),
            1 => Some(Some(self.text()?.to_owned())),
            _ => None,
        }
    }

    fn principal(&mut self) -> Option<Principal> {
        match (self.number()?, self.number()?) {
            (USER, uin) => Some(Principal::User(Uin(uin))),
            (ROLE, id) => Some(Principal::Role(RoleId(id))),
            _ => None,
        }
    }

    fn origin(&mut self) -> Option<Origin> {
        match self.number()? {
            BY_KEY => self.origin_by_key(),
            BY_PROVIDER => Some(Origin::Provider {
                owner: Uin(self.number()?),
                id: ProviderId(self.number()?),
                revision: self.number()?,
                subject: self.text()?.to_owned(),
            }),
            _ => None,
        }
    }

    fn origin_by_key(&mut self) -> Option<Origin> {
        Some(Origin::Key {
            caller: Uin(self.number()?),
            key: AccessKeyId::parse(self.text()?).ok()?,
        })
    }

    fn ancestor(&mut self) -> Option<Ancestor> {
        Some(Ancestor {
            session_id: SessionId(self.array()?),
            owner: Uin(self.number()?),
            principal: self.principal()?,
            issued: self.moment()?,
            name: u64::from_be_bytes(self.array()?),
        })
    }

    fn moment(&mut self) -> Option<Timestamp> {
        let number = self.number()?;
        let millis = (number >> 1) as i64 ^ -((number & 1) as i64);
        Some(Timestamp::from_unix_millis(millis))
    }

    /// One policy, and what it leaves of the room for all of them.
    fn policy(&mut self, room: &mut usize) -> Option<String> {
        let length = self.length()?;
        *room = room.checked_sub(length)?;
        policies::unpack(self.bytes()?, length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::claims::tests::{chained, sample, vouched};

    #[test]
    fn numbers_at_their_bounds() {
        for number in [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::MAX - 1, u64::MAX] {
            let mut out = Writer(Zeroizing::default());
            out.number(number);
            assert_eq!(Reader(&out.0).number(), Some(number));
        }
        let too_large = [&[0xff; 9][..], &[0x02]].concat();
        assert_eq!(Reader(&too_large).number(), None);
        assert_eq!(Reader(&[0x80; 11]).number(), None);
        assert_eq!(Reader(&[0x80]).number(), None);
    }

    #[test]
    fn moments_at_their_bounds() {
        for millis in [0, 1, -1, 1_700_000_000_123, i64::MIN, i64::MAX] {
            let moment = Timestamp::from_unix_millis(millis);
            let mut out = Writer(Zeroizing::default());
            out.moment(moment);
            assert_eq!(Reader(&out.0).moment(), Some(moment));
        }
    }

    #[test]
    fn nothing_may_be_missing_or_left_over() {
        for claims in [sample(), chained(), vouched()] {
            let bytes = write(&claims);
            assert_eq!(read(VERSION, &bytes, claims.session_id), Some(claims.clone()));
            for length in 0..bytes.len() {
                assert_eq!(
                    read(VERSION, &bytes[..length], claims.session_id),
                    None,
                    "{length}"
                );
            }
            let longer = [&bytes[..], &[0]].concat();
            assert_eq!(read(VERSION, &longer, claims.session_id), None);
        }
    }

    /// The bytes as versions before the third wrote them: without a word on the kind of origin.
    fn as_before(claims: &Claims) -> Vec<u8> {
        let mut head = Writer(Zeroizing::default());
        head.number(FEDERATION);
        head.number(claims.account.app_id.0);
        head.number(claims.account.owner_uin.0);
        head.principal(claims.principal);
        let mut bytes = write(claims).to_vec();
        assert_eq!(u64::from(bytes.remove(head.0.len())), BY_KEY);
        bytes
    }

    #[test]
    fn version_1_has_federation_sessions_without_ancestors_only() {
        let id = sample().session_id;
        assert_eq!(read(VERSION_1, &as_before(&sample()), id), Some(sample()));
        assert_eq!(read(VERSION_1, &as_before(&chained()), id), None);
        assert_eq!(read(VERSION_2, &as_before(&chained()), id), Some(chained()));
        assert_eq!(read(VERSION_2, &write(&vouched()), id), None);
        let own = Claims {
            kind: SessionKind::Own,
            ..sample()
        };
        assert_eq!(read(VERSION, &write(&own), id), Some(own.clone()));
        assert_eq!(read(VERSION_1, &as_before(&own), id), None);
        assert_eq!(read(0, &write(&sample()), id), None);
        assert_eq!(read(4, &write(&sample()), id), None);
    }

    #[test]
    fn a_lying_length_is_not_believed() {
        let lying = [
            FEDERATION as u8,
            1,
            1,
            USER as u8,
            1,
            1,
            0xff,
            0xff,
            0xff,
            0xff,
            0x0f,
        ];
        assert_eq!(read(VERSION, &lying, SessionId([0; 16])), None);
        let mut out = Writer(Zeroizing::default());
        out.number(u64::MAX);
        assert_eq!(Reader(&out.0).list(|input| input.number()), None);
    }

    #[test]
    fn an_unknown_kind_is_refused() {
        let mut bytes = write(&sample());
        bytes[0] = 4;
        assert_eq!(read(VERSION, &bytes, sample().session_id), None);
    }

    #[test]
    fn the_room_for_policies_is_shared() {
        let fits = |lengths: &[usize]| {
            let mut claims = sample();
            claims.session_policies = lengths.iter().map(|length| " ".repeat(*length)).collect();
            read(VERSION, &write(&claims), claims.session_id).is_some()
        };
        let half = policies::MAX_POLICIES_LENGTH / 2;
        assert!(fits(&[half, half]));
        assert!(!fits(&[half, half, 1]));
        assert!(!fits(&[2 * half + 1]));
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(VERSION, &bytes, SessionId([0; 16]));
        }

        #[test]
        fn reading_changed_claims_never_panics(
            place in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut bytes = write(&chained());
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let _ = read(VERSION, &bytes, sample().session_id);
        }
    }
}
