//! What was found about the policy of a temporary key when it was minted, as its asker is told.

/// What was found about a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the asker may do all that the policy grants.
    pub within: Within,
    /// What was found, what weighs most first.
    pub findings: Vec<JudgedFinding>,
    /// How many findings there were beyond those.
    pub omitted: u64,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedFinding {
    /// The number of the rule in docs/lint.md.
    pub rule: String,
    /// `E`, not to be given out like this, or `W`, worth a look.
    pub severity: JudgedSeverity,
    /// The statement that it is about, counted from 0.
    pub statement: Option<u64>,
    /// What it is, and where.
    pub message: String,
    /// How to mend it.
    pub hint: String,
    /// A request that proves it.
    pub witness: Option<String>,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// As it is written.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// What is written so, if anything is.
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    )+};
}

words! {
    /// How much a finding weighs.
    JudgedSeverity {
        /// Not to be given out like this.
        Error = "E",
        /// Worth a look.
        Warning = "W",
    }

    /// Whether the asker may do all that a policy grants.
    Within {
        /// Nothing is granted in vain.
        Contained = "contained",
        /// Something is; a finding has the request.
        NotContained = "not-contained",
        /// It hangs on a condition or a variable.
        Unknown = "unknown",
        /// Not judged: it would take too long.
        TooLarge = "too-large",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for within in Within::ALL {
            assert_eq!(Within::of_word(within.word()), Some(*within));
        }
        for severity in JudgedSeverity::ALL {
            assert_eq!(JudgedSeverity::of_word(severity.word()), Some(*severity));
        }
        assert_eq!(Within::of_word("Contained"), None);
        assert_eq!(JudgedSeverity::of_word(""), None);
    }
}
