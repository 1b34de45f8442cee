//! Figures by name, where the names are texts of the program itself.
//!
//! INVARIANT: a name is `&'static str`, so no bucket, key or user can become one and the number of rows is that of the
//! program's own words. A row is made when its name is first seen; from then on finding it is a short hash and a
//! comparison, without a lock.

use std::sync::OnceLock;

/// Far more than the program has actions or layers.
const SLOTS: usize = 512;

/// A row of figures for each name.
pub(super) struct Rows<T> {
    slots: Box<[Slot<T>]>,
    /// What names share that find no slot of their own.
    others: T,
}

/// Where a name and its row come to be.
type Slot<T> = OnceLock<(&'static str, Box<T>)>;

impl<T: Default> Default for Rows<T> {
    fn default() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| OnceLock::new()).collect(),
            others: T::default(),
        }
    }
}

impl<T: Default> Rows<T> {
    /// The row of this name.
    pub(super) fn of(&self, name: &'static str) -> &T {
        let (before, after) = self.slots.split_at(place(name));
        for slot in after.iter().chain(before) {
            let (taken, row) = slot.get_or_init(|| (name, Box::default()));
            if *taken == name {
                return row;
            }
        }
        &self.others
    }

    /// All rows with their names, in the order of these.
    pub(super) fn sorted(&self) -> Vec<(&'static str, &T)> {
        let rows = self.slots.iter().filter_map(OnceLock::get);
        let mut rows: Vec<_> = rows.map(|(name, row)| (*name, &**row)).collect();
        rows.sort_unstable_by_key(|(name, _)| *name);
        rows.push(("other", &self.others));
        rows
    }
}

/// FNV-1a: names are few, short and nobody's choice but ours.
fn place(name: &str) -> usize {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
    usize::try_from(hash % SLOTS as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::cell::Counter;
    use super::*;

    #[test]
    fn each_name_has_one_row() {
        let rows = Rows::<Counter>::default();
        for name in ["b", "a", "b"] {
            rows.of(name).one();
        }
        let seen: Vec<_> = rows
            .sorted()
            .iter()
            .map(|(name, row)| (*name, row.value()))
            .collect();
        assert_eq!(seen, [("a", 1), ("b", 2), ("other", 0)]);
    }

    #[test]
    fn names_beyond_the_room_share_a_row() {
        let rows = Rows::<Counter>::default();
        for number in 0..SLOTS + 3 {
            rows.of(Box::leak(format!("name-{number}").into_boxed_str()))
                .one();
        }
        let sorted = rows.sorted();
        assert_eq!(sorted.len(), SLOTS + 1);
        assert_eq!(
            sorted.last().map(|(name, row)| (*name, row.value())),
            Some(("other", 3))
        );
    }
}
