//! The ring of keys that seal tokens: one epoch after another, each kept until nothing under it can be alive.
//!
//! A ring is a value: rotating makes a new one, which the store writes on the condition that the old one is
//! still there, so that gateways which rotate at the same moment end with the same ring. When to rotate is
//! answered here, the time is an argument, and storing is the affair of others.

use std::fmt;

use daypass_api::Timestamp;
use zeroize::Zeroizing;

use crate::cipher::{KEY_LENGTH, Purpose, RootKey};
use crate::master::{MasterKey, UnwrapError, WRAP_SALT_LENGTH, WrapError};

/// The longest life of a session: 36 hours.
pub const MAX_SESSION_SECONDS: i64 = 129_600;
/// The most epochs in a ring. Daily rotation needs three; the rest is for rotations by hand.
pub const MAX_EPOCHS: usize = 256;

const ROTATION_SECONDS: i64 = 86_400;
/// For how long another gateway, or one whose clock differs, may still seal under an epoch that has a successor.
const OVERLAP_SECONDS: i64 = 3_600;
/// The first byte of a ring in storage, inside its wrapping.
const VERSION: u8 = 1;

/// The keys that seal and open session tokens; never empty.
#[derive(Clone)]
pub struct KeyRing {
    newest: Epoch,
    /// Younger ones first.
    older: Vec<Epoch>,
}

/// One key, and what is derived from it once.
#[derive(Clone)]
pub(crate) struct Epoch {
    pub(crate) id: u32,
    pub(crate) root: RootKey,
    created: Timestamp,
    key: Zeroizing<[u8; KEY_LENGTH]>,
}

/// What may be told of an epoch: everything but its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochFacts {
    /// Its number.
    pub id: u32,
    /// When it was made.
    pub created: Timestamp,
    /// From when on nothing opens under it; absent for the one that seals.
    pub retires: Option<Timestamp>,
}

/// The ring has [`MAX_EPOCHS`] epochs that may all be in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key ring is full, the limit is {limit} epochs", limit = MAX_EPOCHS)]
pub struct RingFull;

impl KeyRing {
    /// The first ring of a store.
    pub fn new(now: Timestamp, random: &[u8; KEY_LENGTH]) -> Self {
        Self {
            newest: Epoch::new(1, now, random),
            older: Vec::new(),
        }
    }

    /// The number of the epoch that seals.
    pub fn current(&self) -> u32 {
        self.newest.id
    }

    /// When the epoch that seals was made.
    pub fn current_since(&self) -> Timestamp {
        self.newest.created
    }

    /// Whether the epoch that seals is a day old, or was made by a clock that is a day ahead of this one.
    pub fn needs_rotation(&self, now: Timestamp) -> bool {
        let created = self.newest.created;
        now >= created.plus_seconds(ROTATION_SECONDS) || now <= created.plus_seconds(-ROTATION_SECONDS)
    }

    /// The ring after a rotation, without what has retired.
    pub fn with_new_epoch(&self, now: Timestamp, random: &[u8; KEY_LENGTH]) -> Result<Self, RingFull> {
        let pruned = self.prune(now);
        if pruned.len() >= MAX_EPOCHS {
            return Err(RingFull);
        }
        let mut older = pruned.older;
        older.insert(0, pruned.newest);
        let newest = Epoch::new(self.next_id(), now, random);
        Ok(Self { newest, older })
    }

    /// The ring without the epochs under which nothing can be alive: those that had a successor for longer than
    /// the longest session.
    #[must_use]
    pub fn prune(&self, now: Timestamp) -> Self {
        let older = self.older.iter().zip(self.retirements());
        let alive = older.filter(|(_, retires)| now < *retires);
        Self {
            newest: self.newest.clone(),
            older: alive.map(|(epoch, _)| epoch.clone()).collect(),
        }
    }

    /// What may be told of the epochs, the newest first.
    pub fn facts(&self) -> Vec<EpochFacts> {
        let retirements = std::iter::once(None).chain(self.retirements().map(Some));
        let facts = |(epoch, retires): (&Epoch, Option<Timestamp>)| EpochFacts {
            id: epoch.id,
            created: epoch.created,
            retires,
        };
        self.epochs().zip(retirements).map(facts).collect()
    }

    /// When each of the older epochs retires, younger ones first.
    fn retirements(&self) -> impl Iterator<Item = Timestamp> {
        // The earliest successor counts: one epoch dated far ahead keeps no other in the ring.
        self.epochs().scan(None::<Timestamp>, |earliest, successor| {
            let superseded = earliest.map_or(successor.created, |earliest| earliest.min(successor.created));
            *earliest = Some(superseded);
            Some(superseded.plus_seconds(MAX_SESSION_SECONDS + OVERLAP_SECONDS))
        })
    }

    /// A ring with nothing of this one but its numbering: every token that was ever sealed is void.
    #[must_use]
    pub fn emergency(&self, now: Timestamp, random: &[u8; KEY_LENGTH]) -> Self {
        Self {
            newest: Epoch::new(self.next_id(), now, random),
            older: Vec::new(),
        }
    }

    /// The ring as it is stored.
    pub fn wrap(&self, master: &MasterKey, salt: &[u8; WRAP_SALT_LENGTH]) -> Result<Vec<u8>, WrapError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + self.len() * Epoch::LENGTH));
        bytes.push(VERSION);
        for epoch in self.epochs() {
            epoch.write(&mut bytes);
        }
        master.wrap(Purpose::KeyRing, b"", &bytes, salt)
    }

    /// The ring that was stored.
    pub fn unwrap(master: &MasterKey, wrapped: &[u8]) -> Result<Self, UnwrapError> {
        let bytes = master.unwrap(Purpose::KeyRing, b"", wrapped)?;
        Self::read(&bytes).ok_or(UnwrapError::Malformed)
    }

    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Zeroizing<[u8; KEY_LENGTH]>> {
        self.epochs().map(|epoch| &epoch.key)
    }

    /// The epoch that seals.
    pub(crate) fn newest(&self) -> &Epoch {
        &self.newest
    }

    /// The epoch of a token, unless it retired or is not known yet.
    pub(crate) fn find(&self, id: u32) -> Option<&Epoch> {
        self.epochs().find(|epoch| epoch.id == id)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&VERSION, rest) = bytes.split_first()? else {
            return None;
        };
        let (chunks, left_over) = rest.as_chunks::<{ Epoch::LENGTH }>();
        if !left_over.is_empty() || chunks.len() > MAX_EPOCHS {
            return None;
        }
        let mut epochs = chunks.iter().map(Epoch::read);
        Some(Self {
            newest: epochs.next()??,
            older: epochs.collect::<Option<_>>()?,
        })
    }

    fn epochs(&self) -> impl Iterator<Item = &Epoch> {
        std::iter::once(&self.newest).chain(&self.older)
    }

    fn len(&self) -> usize {
        1 + self.older.len()
    }

    /// Wrapping around is right: four billion epochs later the first ones are long gone.
    fn next_id(&self) -> u32 {
        self.newest.id.wrapping_add(1)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epochs = self.epochs().map(|epoch| (epoch.id, epoch.created));
        f.debug_map().entries(epochs).finish()
    }
}

impl Epoch {
    /// Bytes of one epoch in storage: number, moment of creation, key.
    const LENGTH: usize = 4 + 8 + KEY_LENGTH;

    fn new(id: u32, created: Timestamp, key: &[u8; KEY_LENGTH]) -> Self {
        Self {
            id,
            created,
            root: RootKey::new(key),
            key: Zeroizing::new(*key),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.id.to_be_bytes());
        out.extend(self.created.unix_millis().to_be_bytes());
        out.extend_from_slice(self.key.as_slice());
    }

    fn read(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (created, key) = rest.split_first_chunk()?;
        let created = Timestamp::from_unix_millis(i64::from_be_bytes(*created));
        Some(Self::new(u32::from_be_bytes(*id), created, key.first_chunk()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::tests::sample;
    use crate::{OpenError, Sealed, open, seal};

    const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
    const HOUR: i64 = 3_600;

    fn ids(ring: &KeyRing) -> Vec<u32> {
        ring.epochs().map(|epoch| epoch.id).collect()
    }

    fn later(hours: i64) -> Timestamp {
        START.plus_seconds(hours * HOUR)
    }

    #[test]
    fn rotation_is_daily() {
        let ring = KeyRing::new(START, &[1; 32]);
        let check = |seconds: i64, expected: bool| {
            let now = START.plus_seconds(seconds);
            assert_eq!(ring.needs_rotation(now), expected, "{seconds}");
        };
        check(0, false);
        check(86_399, false);
        check(86_400, true);
        check(-86_399, false);
        check(-86_400, true);
    }

    #[test]
    fn an_epoch_stays_for_the_longest_session_after_its_successor() {
        let ring = KeyRing::new(START, &[1; 32]);
        let ring = ring.with_new_epoch(later(24), &[2; 32]).unwrap();
        let retires = later(24 + 36 + 1);
        assert_eq!(ids(&ring.prune(retires.plus_seconds(-1))), [2, 1]);
        assert_eq!(ids(&ring.prune(retires)), [2]);
        assert_eq!(ids(&ring.prune(later(100_000))), [2]);
    }

    #[test]
    fn what_is_told_of_a_ring_agrees_with_what_opens() {
        let ring = KeyRing::new(START, &[1; 32])
            .with_new_epoch(later(24), &[2; 32])
            .unwrap()
            .with_new_epoch(later(30), &[3; 32])
            .unwrap();
        let facts = ring.facts();
        let told: Vec<_> = facts.iter().map(|epoch| (epoch.id, epoch.created)).collect();
        assert_eq!(told, [(3, later(30)), (2, later(24)), (1, START)]);
        let retires: Vec<_> = facts.iter().map(|epoch| epoch.retires).collect();
        assert_eq!(retires, [None, Some(later(30 + 37)), Some(later(24 + 37))]);
        for epoch in facts {
            let Some(retires) = epoch.retires else { continue };
            assert!(ring.prune(retires.plus_seconds(-1)).find(epoch.id).is_some());
            assert!(ring.prune(retires).find(epoch.id).is_none());
        }
    }

    #[test]
    fn an_epoch_dated_far_ahead_does_not_stick() {
        let ring = KeyRing::new(START, &[1; 32])
            .with_new_epoch(later(1_000_000), &[2; 32])
            .unwrap();
        assert!(ring.needs_rotation(later(1)));
        let ring = ring.with_new_epoch(later(1), &[3; 32]).unwrap();
        assert_eq!(ids(&ring), [3, 2, 1]);
        assert_eq!(ids(&ring.prune(later(38))), [3]);
    }

    #[test]
    fn an_emergency_leaves_nothing() {
        let ring = KeyRing::new(START, &[1; 32]);
        let sealed = seal(&ring, &sample(), &[0; 12]).unwrap();
        let ring = ring.emergency(later(1), &[2; 32]);
        assert_eq!(ids(&ring), [2]);
        let opened = open(&ring, &sealed.access_key_id, sealed.token.expose());
        assert_eq!(opened, Err(OpenError::UnknownEpoch));
    }

    #[test]
    fn a_full_ring_is_refused_until_epochs_retire() {
        let mut ring = KeyRing::new(START, &[0; 32]);
        for _ in 1..MAX_EPOCHS {
            ring = ring.with_new_epoch(START, &[0; 32]).unwrap();
        }
        assert_eq!(ring.with_new_epoch(START, &[0; 32]).err(), Some(RingFull));
        let master = MasterKey::new(&[7; 32]);
        let wrapped = ring.wrap(&master, &[0; 16]).unwrap();
        assert_eq!(KeyRing::unwrap(&master, &wrapped).unwrap().len(), MAX_EPOCHS);
        assert_eq!(ring.with_new_epoch(later(37), &[0; 32]).unwrap().len(), 2);
    }

    #[test]
    fn a_ring_comes_back_from_storage() {
        let master = MasterKey::new(&[7; 32]);
        let ring = KeyRing::new(START, &[1; 32])
            .with_new_epoch(later(24), &[2; 32])
            .unwrap();
        let sealed = seal(&ring, &sample(), &[0; 12]).unwrap();
        let wrapped = ring.wrap(&master, &[3; 16]).unwrap();
        let back = KeyRing::unwrap(&master, &wrapped).unwrap();
        assert_eq!(format!("{back:?}"), format!("{ring:?}"));
        assert_eq!(
            open(&back, &sealed.access_key_id, sealed.token.expose()),
            Ok(sample())
        );
        let other = KeyRing::unwrap(&MasterKey::new(&[8; 32]), &wrapped);
        assert_eq!(other.err(), Some(UnwrapError::Forged));
    }

    #[test]
    fn stored_rings_that_are_none() {
        let epoch = [0; Epoch::LENGTH];
        let check = |bytes: &[&[u8]], good: bool| assert_eq!(KeyRing::read(&bytes.concat()).is_some(), good);
        check(&[&[VERSION], &epoch], true);
        check(&[&[VERSION], &epoch.repeat(MAX_EPOCHS)], true);
        check(&[&[VERSION], &epoch.repeat(MAX_EPOCHS + 1)], false);
        check(&[&[VERSION + 1], &epoch], false);
        check(&[&[VERSION], &epoch, &[0]], false);
        check(&[&[VERSION], &epoch[1..]], false);
        check(&[&[VERSION]], false);
        check(&[], false);
    }

    #[test]
    fn a_ring_shows_no_key() {
        let ring = KeyRing::new(Timestamp::from_unix_millis(0), &[0xab; 32]);
        assert_eq!(format!("{ring:?}"), "{1: Timestamp(0)}");
    }

    /// A hundred days with two gateways, one of which learns of a new ring only an hour later.
    #[test]
    fn every_token_opens_until_it_expires() {
        let mut stale = KeyRing::new(START, &[0; 32]);
        let mut alive = Vec::new();
        for hour in 0..2_400 {
            let now = later(hour);
            let fresh = match stale.needs_rotation(now) {
                true => stale.with_new_epoch(now, &[hour as u8; 32]).unwrap(),
                false => stale.prune(now),
            };
            assert!(fresh.len() <= 4, "{fresh:?}");
            alive.push(longest_session(&fresh, now));
            alive.push(longest_session(&stale, now.plus_seconds(HOUR - 1)));
            alive.retain(|(expires, _)| now < *expires);
            for (_, sealed) in &alive {
                let opened = open(&fresh, &sealed.access_key_id, sealed.token.expose());
                assert!(opened.is_ok(), "hour {hour}: {opened:?}");
            }
            stale = fresh;
        }
        assert_eq!(stale.current(), 100);
    }

    fn longest_session(ring: &KeyRing, issued: Timestamp) -> (Timestamp, Sealed) {
        let mut claims = sample();
        claims.session_policies.clear();
        claims.issued = issued;
        claims.expires = issued.plus_seconds(MAX_SESSION_SECONDS);
        (claims.expires, seal(ring, &claims, &[0; 12]).unwrap())
    }
}
