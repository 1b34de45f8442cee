//! A map of bounded size that forgets what was used least recently.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

/// What was used recently.
pub(crate) struct Recent<K, V> {
    most: usize,
    entries: HashMap<Arc<K>, (u64, V)>,
    /// By when it was used last; each number stands once.
    order: BTreeMap<u64, Arc<K>>,
    turn: u64,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            entries: HashMap::new(),
            order: BTreeMap::new(),
            turn: 0,
        }
    }

    /// The value of a key, made if there is none. What is made beyond the bound is not kept.
    pub(crate) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> V {
        self.turn += 1;
        if let Some((used, value)) = self.entries.get_mut(&key) {
            let value = value.clone();
            if let Some(key) = self.order.remove(used) {
                self.order.insert(self.turn, key);
            }
            *used = self.turn;
            return value;
        }
        let value = make();
        if self.most == 0 {
            return value;
        }
        if self.entries.len() >= self.most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.entries.remove(&oldest);
        }
        let key = Arc::new(key);
        self.order.insert(self.turn, Arc::clone(&key));
        self.entries.insert(key, (self.turn, value.clone()));
        value
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_goes_first() {
        let mut recent = Recent::new(2);
        let mut get = |key: u32, made: u32| recent.entry(key, || made);
        assert_eq!((get(1, 10), get(2, 20), get(1, 11)), (10, 20, 10));
        assert_eq!(get(3, 30), 30);
        assert_eq!((get(1, 12), get(2, 21)), (10, 21), "1 was used after 2");
        assert_eq!((recent.len(), recent.order.len()), (2, 2));
        let mut none = Recent::new(0);
        assert_eq!((none.entry(1, || 1), none.entry(1, || 2), none.len()), (1, 2, 0));
    }
}
