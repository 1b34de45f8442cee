//! Sessions that were ended one by one, as many as there may be.
//!
//! They lie sorted in many short lists, so that one more moves little, and that a list which grows leaves little behind: one
//! large table takes its size again while it doubles. Which list one is in hangs on a secret of this process, since whoever
//! ends sessions may name any id.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// How many lists there are, once there is a session.
const LISTS: usize = 4096;

/// Ended sessions, by their id and by the place of the account that ended them.
#[derive(Debug, Default)]
pub(super) struct EndedSessions {
    lists: Vec<Vec<Ended>>,
    length: usize,
    choice: RandomState,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    id: [u8; 16],
    owner: u32,
    /// When it may be forgotten, in seconds.
    expires: u32,
}

impl Ended {
    fn key(&self) -> ([u8; 16], u32) {
        (self.id, self.owner)
    }
}

impl EndedSessions {
    /// Puts one in; of two times to be forgotten the later one counts.
    pub(super) fn insert(&mut self, id: [u8; 16], owner: u32, expires: u32) {
        if self.lists.is_empty() {
            self.lists.resize_with(LISTS, Vec::new);
        }
        let place = self.place(&id);
        let Some(list) = self.lists.get_mut(place) else {
            return;
        };
        match list.binary_search_by_key(&(id, owner), Ended::key) {
            Ok(found) => {
                if let Some(known) = list.get_mut(found) {
                    known.expires = known.expires.max(expires);
                }
            }
            Err(between) => {
                if list.len() == list.capacity() {
                    // A quarter more, and not twice as much: there are many lists, and most of them grow at one time.
                    list.reserve_exact(list.len() / 4 + 4);
                }
                list.insert(between, Ended { id, owner, expires });
                self.length += 1;
            }
        }
    }

    pub(super) fn contains(&self, id: &[u8; 16], owner: u32) -> bool {
        let list = self.lists.get(self.place(id));
        list.is_some_and(|list| list.binary_search_by_key(&(*id, owner), Ended::key).is_ok())
    }

    /// Forgets those whose time is before this one.
    pub(super) fn forget(&mut self, seconds: u32) {
        for list in &mut self.lists {
            list.retain(|ended| ended.expires >= seconds);
            if list.len() < list.capacity() / 2 {
                list.shrink_to_fit();
            }
        }
        self.length = self.lists.iter().map(Vec::len).sum();
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    fn place(&self, id: &[u8; 16]) -> usize {
        let hash = self.choice.hash_one(id);
        usize::try_from(hash % LISTS as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::mem::size_of;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(
            steps in proptest::collection::vec((0..40u8, 0..3u32, 0..20u32, proptest::bool::weighted(0.05)), 0..300),
        ) {
            let (mut ended, mut model) = (EndedSessions::default(), HashMap::new());
            for (id, owner, expires, forgets) in steps {
                if forgets {
                    ended.forget(expires);
                    model.retain(|_, until| *until >= expires);
                } else {
                    ended.insert([id; 16], owner, expires);
                    let known = model.entry(([id; 16], owner)).or_insert(expires);
                    *known = expires.max(*known);
                }
                prop_assert_eq!(ended.len(), model.len());
            }
            for id in 0..40 {
                for owner in 0..3 {
                    let known = model.contains_key(&([id; 16], owner));
                    prop_assert_eq!(ended.contains(&[id; 16], owner), known);
                }
            }
        }
    }

    #[test]
    fn a_million_take_less_than_40_bytes_each() {
        let mut ended = EndedSessions::default();
        for number in 0..1_000_000_u128 {
            let id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            ended.insert(id.to_be_bytes(), 0, 1);
        }
        let room: usize = ended.lists.iter().map(Vec::capacity).sum();
        let bytes = room * size_of::<Ended>() + LISTS * size_of::<Vec<Ended>>();
        assert!(bytes < 40 * 1_000_000, "{bytes}");
        assert_eq!(ended.len(), 1_000_000);
        ended.forget(2);
        let room: usize = ended.lists.iter().map(Vec::capacity).sum();
        assert_eq!((ended.len(), room), (0, 0));
    }
}
