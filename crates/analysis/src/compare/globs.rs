//! Several patterns read at once, letter by letter: the product of their automata, in which a state is the list of
//! the positions where each pattern may stand.
//!
//! A pattern that stands at one of its stars needs none of its earlier positions any more, since whatever follows
//! those also follows the star. So a pattern has few positions at a time, and a state is short.

/// Patterns over `*`, laid one after the other.
#[derive(Debug, Default)]
pub(super) struct Globs {
    tokens: Vec<Token>,
    /// The pattern that each token belongs to.
    pattern_of: Vec<u32>,
    starts: Vec<u32>,
}

/// Where the patterns may stand, rising.
pub(super) type Positions = Vec<u32>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Letter(char),
    Star,
    End,
}

impl Globs {
    /// Adds a pattern and answers its number.
    pub(super) fn add(&mut self, pattern: &str) -> u32 {
        let number = count(self.starts.len());
        self.starts.push(count(self.tokens.len()));
        let mut before = None;
        for letter in pattern.chars() {
            let token = if letter == '*' {
                Token::Star
            } else {
                Token::Letter(letter)
            };
            if token != Token::Star || before != Some(Token::Star) {
                self.tokens.push(token);
            }
            before = Some(token);
        }
        self.tokens.push(Token::End);
        self.pattern_of.resize(self.tokens.len(), number);
        number
    }

    /// Where the patterns stand before the first letter.
    pub(super) fn start(&self) -> Positions {
        let mut positions = Positions::new();
        for &start in &self.starts {
            self.enter(start, &mut positions);
        }
        self.settle(positions)
    }

    /// Where they stand after one more letter.
    pub(super) fn step(&self, positions: &[u32], letter: char) -> Positions {
        let mut next = Positions::with_capacity(positions.len());
        for &position in positions {
            match self.token(position) {
                Token::Star => self.enter(position, &mut next),
                Token::Letter(expected) if expected == letter => self.enter(position + 1, &mut next),
                Token::Letter(_) | Token::End => {}
            }
        }
        self.settle(next)
    }

    /// Where they stand after a text.
    pub(super) fn read(&self, text: &str) -> Positions {
        text.chars()
            .fold(self.start(), |positions, letter| self.step(&positions, letter))
    }

    /// The letters that some pattern wants next, without repetition; any other letter is like any other.
    pub(super) fn letters(&self, positions: &[u32]) -> Vec<char> {
        let wanted = positions
            .iter()
            .filter_map(|&position| match self.token(position) {
                Token::Letter(letter) => Some(letter),
                Token::Star | Token::End => None,
            });
        let mut letters: Vec<char> = wanted.collect();
        letters.sort_unstable();
        letters.dedup();
        letters
    }

    /// The patterns that accept the text so far.
    pub(super) fn accepted(&self, positions: &[u32]) -> Vec<u32> {
        let ends = positions
            .iter()
            .filter(|&&position| self.token(position) == Token::End);
        ends.map(|&position| self.pattern(position)).collect()
    }

    /// The patterns that may still accept, each perhaps more than once.
    pub(super) fn live<'a>(&'a self, positions: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        positions.iter().map(|&position| self.pattern(position))
    }

    /// The patterns that accept whatever follows.
    pub(super) fn saturated<'a>(&'a self, positions: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        let is_saturated =
            |position: u32| self.token(position) == Token::Star && self.token(position + 1) == Token::End;
        let saturated = positions.iter().filter(move |&&position| is_saturated(position));
        saturated.map(|&position| self.pattern(position))
    }

    fn enter(&self, position: u32, positions: &mut Positions) {
        positions.push(position);
        if self.token(position) == Token::Star {
            positions.push(position + 1);
        }
    }

    /// Sorts, and drops what a later star of the same pattern makes superfluous.
    fn settle(&self, mut positions: Positions) -> Positions {
        positions.sort_unstable();
        positions.dedup();
        let mut passed_star = None;
        let mut kept: Positions = Positions::with_capacity(positions.len());
        for &position in positions.iter().rev() {
            let pattern = self.pattern(position);
            if passed_star == Some(pattern) {
                continue;
            }
            if self.token(position) == Token::Star {
                passed_star = Some(pattern);
            }
            kept.push(position);
        }
        kept.reverse();
        kept
    }

    fn token(&self, position: u32) -> Token {
        let token = usize::try_from(position)
            .ok()
            .and_then(|index| self.tokens.get(index));
        token.copied().unwrap_or(Token::End)
    }

    fn pattern(&self, position: u32) -> u32 {
        let pattern = usize::try_from(position)
            .ok()
            .and_then(|index| self.pattern_of.get(index));
        pattern.copied().unwrap_or_default()
    }
}

/// Documents are far too short for more.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Whether every text of the inner pattern is one of the outer.
///
/// A star of the inner is a letter that only a star of the outer takes in. This misses nothing, as there are more
/// letters than any pattern names.
pub(crate) fn contains(outer: &str, inner: &str) -> bool {
    let mut parts = outer.split('*');
    let Some(mut rest) = inner.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty() && !inner.contains('*');
    };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_read_together() {
        let mut globs = Globs::default();
        for pattern in ["a*", "*b", "ab", "", "a**c"] {
            globs.add(pattern);
        }
        let check = |text: &str, expected: &[u32]| {
            assert_eq!(globs.accepted(&globs.read(text)), expected, "{text}");
        };
        check("", &[3]);
        check("a", &[0]);
        check("ab", &[0, 1, 2]);
        check("abb", &[0, 1]);
        check("ac", &[0, 4]);
        check("xc", &[]);
        let after_a = globs.read("a");
        assert_eq!(globs.letters(&after_a), ['b', 'c']);
        assert_eq!(globs.saturated(&after_a).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn one_pattern_in_another() {
        let check = |outer, inner, expected| assert_eq!(contains(outer, inner), expected, "{outer} {inner}");
        check("image/*", "image/png", true);
        check("image/*", "image/*", true);
        check("image/*", "image/p*g", true);
        check("image/*", "*", false);
        check("*", "a*b", true);
        check("a*b*c", "a*c", false);
        check("a*c", "a*b*c", true);
        check("a", "a", true);
        check("a", "a*", false);
        check("", "*", false);
        check("a*a", "a", false);
    }
}
