//! Which names are meant: patterns in which `*` stands for any text, `/` included, and `?` for one character.
//!
//! Everything else stands for itself. A name is meant when one of the patterns to include fits, or there is none, and no
//! pattern to exclude does.

use clap::Args;

/// Which of the files or objects below a folder.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Only names below the folder that fit: `*` stands for any text, `/` too, and `?` for one character. May be
    /// repeated
    #[arg(long, value_name = "PATTERN", requires = "recursive")]
    include: Vec<String>,
    /// No names that fit, also where --include does. May be repeated
    #[arg(long, value_name = "PATTERN", requires = "recursive")]
    exclude: Vec<String>,
}

impl Selection {
    pub(crate) fn new(include: Vec<String>, exclude: Vec<String>) -> Self {
        Self { include, exclude }
    }

    /// Whether something of this name, seen from the folder, is meant.
    pub(crate) fn takes(&self, name: &str) -> bool {
        let fits = |pattern: &String| fits(pattern, name);
        let included = self.include.is_empty() || self.include.iter().any(fits);
        included && !self.exclude.iter().any(fits)
    }
}

/// Only the last `*` is ever tried again, so that the time is at most pattern times text.
fn fits(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut star: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut next = pattern.clone();
        let expected = next.next();
        if expected == Some('*') {
            star = Some((next.clone(), text.clone()));
            pattern = next;
            continue;
        }
        let mut rest = text.clone();
        let found = rest.next();
        if expected.is_none() && found.is_none() {
            return true;
        }
        if found.is_some() && (expected == Some('?') || expected == found) {
            (pattern, text) = (next, rest);
            continue;
        }
        // The star takes one character more.
        let Some((after, mut taken)) = star.take() else {
            return false;
        };
        if taken.next().is_none() {
            return false;
        }
        (pattern, text) = (after.clone(), taken.clone());
        star = Some((after, taken));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let check = |pattern: &str, text: &str, expected| {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}")
        };
        check("", "", true);
        check("", "a", false);
        check("a", "", false);
        check("*", "", true);
        check("*", "a/b", true);
        check("*.tmp", "a/b.tmp", true);
        check("*.tmp", "a/b.tmpx", false);
        check("a?c", "a你c", true);
        check("a?c", "ac", false);
        check("a*b*c", "axxbyybzc", true);
        check("a*b*c", "axxbyybz", false);
        check("[a]", "a", false);
        check("[a]", "[a]", true);
        check(&"*a".repeat(60), &"a".repeat(850), true);
        check(&format!("{}b", "*a".repeat(60)), &"a".repeat(850), false);
    }

    #[test]
    fn what_is_excluded_stays_out() {
        let selection = |include: &[&str], exclude: &[&str]| Selection {
            include: include.iter().map(ToString::to_string).collect(),
            exclude: exclude.iter().map(ToString::to_string).collect(),
        };
        assert!(selection(&[], &[]).takes("a"));
        assert!(selection(&["*.jpg", "*.png"], &[]).takes("x/a.png"));
        assert!(!selection(&["*.jpg"], &[]).takes("a.png"));
        assert!(!selection(&["*.jpg"], &["x/*"]).takes("x/a.jpg"));
    }
}
