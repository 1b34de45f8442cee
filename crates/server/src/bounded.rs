//! A map that forgets what was not asked for lately, so that it stays within its bound.
//!
//! There are two halves: what is asked for moves into the newer one, and when that is full, the older one is dropped
//! and the newer takes its place. Finding and keeping cost the same however much there is, and whoever fills the map
//! pushes out only what nobody used in the meantime. What a value weighs is told by the one who keeps it.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

/// A map whose values weigh no more than its bound together.
pub(crate) struct Bounded<K, V> {
    most: usize,
    newer: HashMap<K, (V, usize)>,
    newer_weight: usize,
    older: HashMap<K, (V, usize)>,
}

impl<K: Eq + Hash, V> Bounded<K, V> {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            newer: HashMap::new(),
            newer_weight: 0,
            older: HashMap::new(),
        }
    }

    /// What was kept under a key and is still there.
    pub(crate) fn find(&mut self, key: &K) -> Option<V>
    where
        V: Clone,
    {
        self.find_with(key, V::clone)
    }

    /// What `read` makes of what was kept under a key and is still there.
    pub(crate) fn find_with<T>(&mut self, key: &K, read: impl FnOnce(&V) -> T) -> Option<T> {
        if let Some((value, _)) = self.newer.get(key) {
            return Some(read(value));
        }
        let (key, (value, weight)) = self.older.remove_entry(key)?;
        let found = read(&value);
        self.keep(key, value, weight);
        Some(found)
    }

    /// Keeps a value of this weight, unless it is too large for half of the map.
    pub(crate) fn keep(&mut self, key: K, value: V, weight: usize) {
        let half = self.most / 2;
        if weight > half {
            return;
        }
        self.older.remove(&key);
        let replaced = self.newer.remove(&key);
        self.newer_weight -= replaced.map_or(0, |(_, weight)| weight);
        // INVARIANT: neither half weighs more than half of the bound.
        if self.newer_weight + weight > half {
            self.older = mem::take(&mut self.newer);
            self.newer_weight = 0;
        }
        self.newer_weight += weight;
        self.newer.insert(key, (value, weight));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let mut map = Bounded::new(20);
        for number in 0..100 {
            map.keep(number, number, 1);
            assert_eq!(map.find(&0), Some(0), "{number}");
            assert!(map.newer.len() + map.older.len() <= 20, "{number}");
        }
        assert_eq!(map.find(&99), Some(99));
        assert_eq!(map.find(&50), None);
    }

    #[test]
    fn weights_count() {
        let mut map = Bounded::new(20);
        map.keep("large", 1, 11);
        assert_eq!(map.find(&"large"), None);
        map.keep("fits", 2, 10);
        assert_eq!(map.find(&"fits"), Some(2));
        map.keep("again", 3, 6);
        map.keep("again", 4, 6);
        assert_eq!((map.find(&"again"), map.newer_weight), (Some(4), 6));
        assert_eq!(map.find(&"fits"), Some(2));
        assert_eq!((map.newer.len(), map.older.len()), (1, 1));
        map.keep("third", 5, 10);
        assert_eq!(map.find(&"again"), None);
    }

    #[test]
    fn a_value_is_replaced_wherever_it_was() {
        let mut map = Bounded::new(4);
        map.keep("a", 1, 2);
        map.keep("b", 2, 2);
        map.keep("a", 3, 1);
        assert_eq!((map.find(&"b"), map.find(&"a")), (Some(2), Some(3)));
    }
}
