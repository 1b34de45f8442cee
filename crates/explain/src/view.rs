//! Who may see what of an explanation: one place, for all ways of reading one.
//!
//! Two kinds of accounts have a part in a request: the caller's, and those that own what was asked for. Each sees its own
//! layers and nothing of another's: neither what they say nor that there are any. What follows from what it sees already
//! may be told, and that alone.

use crate::record::{Explanation, Who};
use crate::report::{Judgement, LayerReport, Mend, Reasons};

impl Explanation {
    /// The accounts that have a part in the request, by their roots: for nobody else there is an explanation.
    pub fn accounts(&self) -> impl Iterator<Item = u64> {
        let caller = self.caller.as_ref().map(|who| who.owner_uin);
        caller.into_iter().chain(self.owners.iter().copied())
    }

    /// What the account with this root may see; nothing when it has no part in the request.
    pub fn seen_by(mut self, owner_uin: u64) -> Option<Self> {
        if !self.accounts().any(|account| account == owner_uin) {
            return None;
        }
        if self.accounts().all(|account| account == owner_uin) {
            return Some(self);
        }
        self.withheld = true;
        let is_caller = self.caller.as_ref().is_some_and(|who| who.owner_uin == owner_uin);
        self.owners.retain(|owner| is_caller || *owner == owner_uin);
        if !is_caller {
            self.caller = self.caller.map(|who| Who {
                access_key_id: None,
                session_name: None,
                ..who
            });
            // What is known about a key or a signature is the caller's account's.
            if let Some(cause) = self.cause.as_mut() {
                cause.facts.clear();
            }
        }
        self.reasons = self.reasons.map(|reasons| reasons.seen_by(owner_uin, is_caller));
        Some(self)
    }
}

impl Reasons {
    fn seen_by(mut self, owner_uin: u64, is_caller: bool) -> Self {
        // What binds whole operations is about the caller.
        self.rule = self.rule.filter(|_| is_caller);
        self.judgements
            .retain(|judgement| is_caller || judgement.owner_uin == Some(owner_uin));
        for judgement in &mut self.judgements {
            judgement.keep_what_is_of(owner_uin);
        }
        self.mend = self.mend.seen_by(owner_uin, is_caller);
        self
    }
}

impl Judgement {
    fn keep_what_is_of(&mut self, owner_uin: u64) {
        self.layers
            .retain(|layer| layer.owner_uin.is_none_or(|owner| owner == owner_uin));
        if self.owner_uin != Some(owner_uin) {
            self.layers.iter_mut().for_each(withhold_tags);
        }
    }
}

/// A caller's policy may ask for the tags of a bucket, which are its owner's to tell.
fn withhold_tags(layer: &mut LayerReport) {
    let decided = layer.deciding.iter_mut().flat_map(|found| &mut found.conditions);
    let close = layer.closest.iter_mut().flat_map(|found| &mut found.conditions);
    for condition in decided.chain(close) {
        if condition.key == "qcs:resource_tag" || condition.key.starts_with("qcs:tag/") {
            condition.actual.clear();
            condition.withheld = true;
        }
    }
}

impl Mend {
    fn seen_by(self, owner_uin: u64, is_caller: bool) -> Self {
        match self {
            Self::Statements { steps } => {
                let (own, others): (Vec<_>, Vec<_>) =
                    steps.into_iter().partition(|step| step.owner_uin == owner_uin);
                match (own.is_empty(), is_caller) {
                    (false, _) => Self::Statements { steps: own },
                    // All that is the caller's allows it: that the other side does not follows.
                    (true, true) => Self::Statements { steps: others },
                    (true, false) => Self::Withheld,
                }
            }
            Self::Denied { denials } => {
                let of_others = |owner: Option<u64>| owner.is_some_and(|owner| owner != owner_uin);
                let own: Vec<_> = denials
                    .into_iter()
                    .filter(|denial| !of_others(denial.owner_uin))
                    .collect();
                match own.is_empty() {
                    true => Self::Withheld,
                    false => Self::Denied { denials: own },
                }
            }
            Self::Never if !is_caller => Self::Withheld,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Cause, CauseKind, Closest, ConditionReport, Denial, Step, Verdict};

    const CALLER: u64 = 900;
    const OWNER: u64 = 800;

    fn layer(name: &str, owner_uin: u64) -> LayerReport {
        LayerReport {
            layer: name.to_owned(),
            owner_uin: Some(owner_uin),
            verdict: Verdict::Silent,
            closest: Some(Closest {
                conditions: vec![ConditionReport {
                    key: "qcs:tag/team".to_owned(),
                    actual: vec!["the-tag".to_owned()],
                    ..ConditionReport::default()
                }],
                ..Closest::default()
            }),
            ..LayerReport::default()
        }
    }

    fn step(layer: &str, owner_uin: u64) -> Step {
        Step {
            layer: layer.to_owned(),
            owner_uin,
            statement: json!({}),
            ..Step::default()
        }
    }

    fn explanation(mend: Mend) -> Explanation {
        Explanation {
            caller: Some(Who {
                owner_uin: CALLER,
                access_key_id: Some("the-key".to_owned()),
                session_name: Some("the-session".to_owned()),
                ..Who::default()
            }),
            owners: vec![OWNER],
            cause: Some(Cause::new(CauseKind::Other).with("fact", "the-fact")),
            reasons: Some(Reasons {
                judgements: vec![Judgement {
                    owner_uin: Some(OWNER),
                    layers: vec![layer("identity", CALLER), layer("bucket_policy", OWNER)],
                    ..Judgement::default()
                }],
                mend,
                ..Reasons::default()
            }),
            ..Explanation::default()
        }
    }

    fn seen(mend: Mend, by: u64) -> Explanation {
        explanation(mend).seen_by(by).unwrap()
    }

    fn layers(seen: &Explanation) -> Vec<&str> {
        let judgements = seen.reasons.iter().flat_map(|reasons| &reasons.judgements);
        judgements
            .flat_map(|judged| &judged.layers)
            .map(|layer| layer.layer.as_str())
            .collect()
    }

    #[test]
    fn each_account_sees_its_own_layers_alone() {
        let caller = seen(Mend::Unknown, CALLER);
        assert_eq!(layers(&caller), ["identity"]);
        let text = serde_json::to_string(&caller).unwrap();
        assert!(
            caller.withheld && !text.contains("the-tag") && text.contains("the-key"),
            "{text}"
        );
        let owner = seen(Mend::Unknown, OWNER);
        assert_eq!(layers(&owner), ["bucket_policy"]);
        let text = serde_json::to_string(&owner).unwrap();
        for other in ["the-key", "the-session", "the-fact"] {
            assert!(!text.contains(other), "{text}");
        }
        assert!(text.contains("the-tag"), "{text}");
        assert_eq!(explanation(Mend::Unknown).seen_by(700), None);
    }

    #[test]
    fn one_account_alone_sees_everything() {
        let mut own = explanation(Mend::Unknown);
        own.owners = vec![CALLER];
        assert_eq!(own.clone().seen_by(CALLER), Some(own));
    }

    #[test]
    fn what_would_help_is_told_to_whom_it_belongs() {
        let mend = |steps: &[(&str, u64)]| Mend::Statements {
            steps: steps.iter().map(|(layer, owner)| step(layer, *owner)).collect(),
        };
        let check = |all: &[(&str, u64)], by, expected: Mend| {
            let seen = seen(mend(all), by).reasons.unwrap().mend;
            assert_eq!(seen, expected, "{all:?} {by}");
        };
        let both = [("identity", CALLER), ("bucket_policy", OWNER)];
        check(&both, CALLER, mend(&both[..1]));
        check(&both, OWNER, mend(&both[1..]));
        check(&both[1..], CALLER, mend(&both[1..]));
        check(&both[..1], OWNER, Mend::Withheld);
        let denial = |owner_uin| Denial {
            owner_uin: Some(owner_uin),
            ..Denial::default()
        };
        let denied = |owners: &[u64]| Mend::Denied {
            denials: owners.iter().map(|owner| denial(*owner)).collect(),
        };
        let told = |all: &[u64], by| seen(denied(all), by).reasons.unwrap().mend;
        assert_eq!(told(&[CALLER, OWNER], CALLER), denied(&[CALLER]));
        assert_eq!(told(&[OWNER], CALLER), Mend::Withheld);
        assert_eq!(told(&[CALLER], OWNER), Mend::Withheld);
    }
}
