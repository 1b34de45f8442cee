//! Inputs made from others, always the same ones for the same number.

/// The longest input; longer ones are cut.
pub(crate) const MAX_BYTES: usize = 64 * 1024;

/// Numbers that look random (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound, which is not zero.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

/// One of the seeds, changed in one to four ways.
pub(crate) fn input(random: &mut Random, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        change(random, &mut bytes, seeds, words);
        bytes.truncate(MAX_BYTES);
    }
    bytes
}

fn change(random: &mut Random, bytes: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
    let start = random.below(bytes.len() + 1);
    let end = start + random.below((bytes.len() - start).min(24) + 1);
    let word = words[random.below(words.len())].as_bytes();
    match random.below(16) {
        0..=2 if start < bytes.len() => bytes[start] ^= 1 << random.below(8),
        3..=4 => bytes.insert(start, u8::try_from(random.below(256)).unwrap()),
        5..=7 => drop(bytes.drain(start..end)),
        8..=11 => drop(bytes.splice(start..end, word.iter().copied())),
        12..=13 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            bytes.truncate(start);
            bytes.extend_from_slice(&other[from..]);
        }
        14 => {
            let again = bytes[start..end].repeat(2 + random.below(40));
            drop(bytes.splice(start..end, again));
        }
        // A bomb: rare, since each is large.
        _ if random.below(20) == 0 => {
            let bomb = word.repeat(1 << random.below(15));
            drop(bytes.splice(start..end, bomb));
        }
        _ => bytes.truncate(start),
    }
}
