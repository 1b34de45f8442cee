//! The policy of a temporary key, judged when the key is made: lint, and what it grants beyond the one who asks.
//!
//! The answer is bounded in work and in length: what would take longer is said to be not judged. Judging decides
//! nothing by itself; a server that is told to be strict refuses what is of severity E.

use daypass_policy::{DocumentKind, Effect, OwnerAccount, Policy, parse};
use serde::Serialize;

use crate::compare::compare_within;
use crate::effective::{LayerDocuments, effective_within};
use crate::lint::{Audience, Finding, LintContext, Severity, beyond, empty, lint};
use crate::{Containment, Doubt};

/// The longest policy that is judged, in bytes. Session policies are refused long before.
const MAX_BYTES: usize = 16 * 1024;
/// The work of one comparison, in steps of `compare_within`.
const MAX_WORK: usize = 200_000;
/// The work of looking whether anything at all remains, in pairs of letters.
const MAX_MEETING_WORK: usize = 200_000;
/// The most findings that are told.
const MAX_FINDINGS: usize = 32;

/// The most letters of what was found that are told: a pattern may be as long as the policy.
const MAX_LETTERS: usize = 400;

/// A temporary key that is being made.
#[derive(Debug, Clone, Copy)]
pub struct Minting<'a> {
    /// Its policy B; without one the key may do all that the caller may.
    pub policy: Option<&'a str>,
    /// The account.
    pub owner: OwnerAccount,
    /// What bounds the key beside its policy: the policies A, a boundary, the policies of sessions before. None for a
    /// root account, which may do everything; a layer that cannot be read has no documents, and allows nothing.
    pub layers: &'a [LayerDocuments<'a>],
    /// How long the key is to live.
    pub duration_seconds: Option<u64>,
    /// Whether a root account's permanent key asks.
    pub by_root: bool,
}

/// What was found about the policy of a temporary key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The length of the policy in bytes.
    pub policy_bytes: usize,
    /// Whether the caller may do all that the policy grants.
    pub within: Verdict,
    /// What lint finds, and what goes beyond the caller.
    pub findings: Vec<Finding>,
    /// Findings beyond those that are told.
    pub omitted: usize,
}

/// Whether the caller may do all that the policy grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing in the policy is granted in vain.
    Contained,
    /// Something is; a finding has the request.
    NotContained,
    /// It hangs on a condition or a variable.
    Unknown,
    /// Not judged: too large.
    TooLarge,
}

impl Judgement {
    /// The first finding of severity E.
    pub fn error(&self) -> Option<&Finding> {
        self.findings
            .iter()
            .find(|finding| finding.severity == Severity::Error)
    }
}

/// Judges the policy of a temporary key that is being made.
pub fn judge(minting: &Minting<'_>) -> Judgement {
    let policy_bytes = minting.policy.map_or(0, str::len);
    if policy_bytes > MAX_BYTES {
        return Judgement {
            policy_bytes,
            within: Verdict::TooLarge,
            findings: Vec::new(),
            omitted: 0,
        };
    }
    let context = LintContext {
        audience: Audience::FrontEnd,
        owner: minting.owner,
        duration_seconds: minting.duration_seconds,
        by_root: minting.by_root,
        bucket_region: None,
        end_user: None,
        permissions: None,
    };
    let mut findings = lint(minting.policy, &context);
    let narrow = minting
        .policy
        .and_then(|text| parse(text, DocumentKind::Session, &minting.owner).ok());
    let mut within = Verdict::Contained;
    if let Some(narrow) = &narrow {
        for wide in minting.layers {
            let found = compare_within(wide.documents, narrow, MAX_WORK);
            if let Containment::NotContained(witness) = &found {
                findings.extend(beyond(witness));
            }
            within = within.max(Verdict::of(&found));
        }
        if is_empty(minting.layers, narrow, within) {
            findings.extend(empty());
        }
    }
    // What is worst stands first, so that it is told whatever the bound.
    findings.sort_by_key(|finding| finding.severity != Severity::Error);
    let omitted = findings.len().saturating_sub(MAX_FINDINGS);
    findings.truncate(MAX_FINDINGS);
    for finding in &mut findings {
        if let Some((end, _)) = finding.what.char_indices().nth(MAX_LETTERS) {
            finding.what.truncate(end);
            finding.what.push('…');
        }
    }
    Judgement {
        policy_bytes,
        within,
        findings,
        omitted,
    }
}

/// Whether the key may do nothing at all. What is told to be contained is not empty, unless the policy itself is.
fn is_empty(layers: &[LayerDocuments<'_>], narrow: &Policy, within: Verdict) -> bool {
    let allows = |policy: &Policy| {
        let mut statements = policy.statements().iter();
        statements.any(|statement| statement.effect() == Effect::Allow)
    };
    if within == Verdict::Contained && allows(narrow) {
        return false;
    }
    let own = [narrow];
    let narrow = LayerDocuments {
        name: "B",
        documents: &own,
    };
    let all: Vec<_> = layers.iter().copied().chain([narrow]).collect();
    effective_within(&all, MAX_MEETING_WORK).is_ok_and(|rows| rows.is_empty())
}

impl Verdict {
    fn of(found: &Containment) -> Self {
        match found {
            Containment::Contained => Verdict::Contained,
            Containment::NotContained(_) => Verdict::NotContained,
            Containment::Unknown(Doubt::TooLarge) => Verdict::TooLarge,
            Containment::Unknown(_) => Verdict::Unknown,
        }
    }

    /// What is said when two layers answer differently: what is sure to be in vain before what is not known.
    fn max(self, other: Self) -> Self {
        let rank = |verdict| match verdict {
            Verdict::Contained => 0,
            Verdict::Unknown => 1,
            Verdict::TooLarge => 2,
            Verdict::NotContained => 3,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: OwnerAccount = OwnerAccount {
        app_id: 125,
        owner_uin: 900,
    };

    fn document(action: &str, path: &str) -> String {
        format!(
            r#"{{"version":"2.0","statement":[{{"effect":"allow","action":{action},
            "resource":"qcs::cos:ap-guangzhou:uid/125:b-125/{path}"}}]}}"#
        )
    }

    fn identity(action: &str, path: &str) -> Policy {
        parse(&document(action, path), DocumentKind::Identity, &OWNER).unwrap()
    }

    fn rules(judgement: &Judgement) -> Vec<&'static str> {
        judgement.findings.iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn a_policy_is_held_against_its_caller() {
        let check = |own: &[Policy], boundary: Option<&Policy>, policy: &str, within, expected: &[&str]| {
            let own: Vec<&Policy> = own.iter().collect();
            let boundary: Vec<&Policy> = boundary.into_iter().collect();
            let layer = |name, documents| LayerDocuments { name, documents };
            let layers = [layer("A", &own), layer("boundary", &boundary)];
            let found = judge(&Minting {
                policy: Some(policy),
                owner: OWNER,
                layers: if boundary.is_empty() {
                    &layers[..1]
                } else {
                    &layers
                },
                duration_seconds: Some(1800),
                by_root: false,
            });
            assert_eq!(
                (found.within, rules(&found)),
                (within, expected.to_vec()),
                "{policy}"
            );
        };
        let (get, all) = (r#""cos:GetObject""#, r#""cos:*""#);
        let wide = [identity(get, "ann/*"), identity(all, "bob/*")];
        check(&wide, None, &document(get, "ann/1/*"), Verdict::Contained, &[]);
        check(&wide, None, &document(get, "bob/1/*"), Verdict::Contained, &[]);
        check(
            &wide,
            None,
            &document(get, "eve/*"),
            Verdict::NotContained,
            &["L16", "L31"],
        );
        let narrow = identity(get, "ann/1/x/*");
        check(
            &wide,
            Some(&narrow),
            &document(get, "ann/1/*"),
            Verdict::NotContained,
            &["L16"],
        );
        check(
            &[],
            None,
            &document(get, "ann/*"),
            Verdict::NotContained,
            &["L16", "L31"],
        );
        let deny = document(get, "ann/*").replace("allow", "deny");
        check(&wide, None, &deny, Verdict::Contained, &["L31"]);
        // A bound on what remains is no proof that nothing does.
        let some = document(get, "ann/x/*").replace("ap-guangzhou", "*");
        check(&wide, None, &some, Verdict::NotContained, &["L20", "L16"]);
    }

    #[test]
    fn what_is_granted_in_vain_has_its_request() {
        let own = identity(r#""cos:GetObject""#, "ann/*");
        let found = judge(&Minting {
            policy: Some(&document(r#""cos:GetObject""#, "eve/*")),
            owner: OWNER,
            layers: &[LayerDocuments {
                name: "A",
                documents: &[&own],
            }],
            duration_seconds: None,
            by_root: false,
        });
        let witness = found
            .findings
            .iter()
            .find_map(|one| one.witness.as_ref())
            .unwrap();
        assert_eq!(witness.action, "cos:GetObject");
        assert!(!witness.is_allowed_by(&own));
    }

    #[test]
    fn errors_come_first_and_all_is_bounded() {
        let found = |policy: &str| {
            judge(&Minting {
                policy: Some(policy),
                owner: OWNER,
                layers: &[],
                duration_seconds: None,
                by_root: true,
            })
        };
        let worst = found(&document(r#""cos:*""#, "*"));
        assert_eq!(
            worst.error().map(|finding| finding.rule),
            Some(worst.findings[0].rule)
        );
        let long = " ".repeat(MAX_BYTES + 1);
        assert_eq!(
            (found(&long).within, found(&long).findings.len()),
            (Verdict::TooLarge, 0)
        );
        let many: Vec<String> = (0..40)
            .map(|n| format!(r#"{{"effect":"allow","action":"cos:PutObject","resource":"qcs::cos::uid/125:b-125/{n}/*"}}"#))
            .collect();
        let many = found(&format!(
            r#"{{"version":"2.0","statement":[{}]}}"#,
            many.join(",")
        ));
        assert_eq!(many.findings.len(), MAX_FINDINGS);
        let wordy = found(&document(r#""cos:PutObject""#, &"ß".repeat(2000)));
        let longest = wordy.findings.iter().map(|one| one.what.chars().count()).max();
        assert!(longest <= Some(MAX_LETTERS + 1), "{longest:?}");
        assert!(many.omitted > 0);
    }
}
