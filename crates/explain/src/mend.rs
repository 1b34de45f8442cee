//! The nearest missing allow: the fewest statements, each as small as it can be, with which the engine allows a request.
//!
//! It is found by trying, from the fewest layers to the most, and the engine has the last word on each try.

use std::sync::Arc;

use daypass_access::{
    BucketFacts, Decision, Facts, Layer, Layers, Opinion, Question, RoleFacts, StoredPolicy,
};
use daypass_api::requirement::{Access, Requirement, Requirements};
use daypass_policy::{DocumentKind, OwnerAccount, parse};
use serde_json::{Value as Json, json};

use crate::layers;
use crate::report::{Denial, MAX_JUDGEMENTS, Mend, Step, bounded};

/// What is missing for a refused request to be allowed, by statements alone.
pub fn mend(requirements: &Requirements, question: &Question<'_>) -> Mend {
    let mut state = Amended {
        layers: question.layers.clone(),
        facts: question.facts.clone(),
        steps: Vec::new(),
    };
    let mut mended = 0;
    for requirement in requirements.iter() {
        if state.allows(question, requirement) {
            continue;
        }
        mended += 1;
        // Of a batch with many refused items the first ones are told.
        if mended > MAX_JUDGEMENTS {
            break;
        }
        match state.mend_one(question, requirement) {
            Ok(next) => state = next,
            Err(other) => return other,
        }
    }
    if state.steps.is_empty() {
        return Mend::NotNeeded;
    }
    Mend::Statements { steps: state.steps }
}

/// The documents with the statements that were found missing.
#[derive(Clone)]
struct Amended {
    layers: Layers,
    facts: Facts,
    steps: Vec<Step>,
}

impl Amended {
    fn settle(&self, question: &Question<'_>, requirement: &Requirement) -> Decision {
        let question = Question {
            layers: &self.layers,
            facts: &self.facts,
            ..*question
        };
        question.settle(&Requirements::All(vec![requirement.clone()]))
    }

    fn allows(&self, question: &Question<'_>, requirement: &Requirement) -> bool {
        self.settle(question, requirement).allowed
    }

    /// With what one requirement lacks, or why nothing can be done about it.
    fn mend_one(&self, question: &Question<'_>, requirement: &Requirement) -> Result<Self, Mend> {
        let findings = self.settle(question, requirement).findings;
        // No statement outweighs a denial.
        let is_open = |access: &&Access| {
            !findings.iter().any(|finding| {
                finding.access.as_ref() == Some(*access)
                    && matches!(finding.opinion, Opinion::Denies(_) | Opinion::Unreadable)
            })
        };
        let choices = requirement.any_of.iter().filter(is_open).map(|access| {
            let choices = self.choices(question, requirement, access);
            choices.into_iter().map(move |choice| (access, choice))
        });
        let mut choices: Vec<_> = choices.flatten().collect();
        // A bucket's policy could also lift its own account's users over their bounds; that is nobody's first advice.
        choices.sort_by_key(|(_, layers)| (layers.contains(&Layer::BucketPolicy), layers.len()));
        let mut tries = choices
            .iter()
            .filter_map(|(access, layers)| self.with(question, requirement, access, layers));
        // A try costs far more than the choice of its layers, and mostly one of the first is enough.
        if let Some(found) = tries.find(|amended| amended.allows(question, requirement)) {
            return Ok(found);
        }
        let denials = denials(question, &self.settle(question, requirement));
        if !denials.is_empty() {
            return Err(Mend::Denied { denials });
        }
        let owned = |access| question.show(requirement, access, |_| ()).is_some();
        match requirement.any_of.iter().any(owned) {
            true => Err(Mend::Unknown),
            false => Err(Mend::Never),
        }
    }

    /// Every choice of layers that might be enough: who reads them sees the layers of the decision again.
    fn choices(
        &self,
        question: &Question<'_>,
        requirement: &Requirement,
        access: &Access,
    ) -> Vec<Vec<Layer>> {
        let sessions: Vec<Layer> = (0..self.layers.session.len()).map(Layer::Session).collect();
        let own = [Layer::Identity(None), Layer::Boundary];
        let choices: [&[Layer]; 9] = [
            &[],
            &[Layer::Identity(None)],
            &[Layer::Boundary],
            &own,
            &[Layer::BucketPolicy],
            &[Layer::Identity(None), Layer::BucketPolicy],
            &[Layer::Boundary, Layer::BucketPolicy],
            &[Layer::Identity(None), Layer::Boundary, Layer::BucketPolicy],
            &[Layer::Trust],
        ];
        let with_trust = [
            vec![Layer::Identity(None), Layer::Trust],
            vec![Layer::Boundary, Layer::Trust],
            [&own[..], &[Layer::Trust]].concat(),
        ];
        let choices = choices.iter().map(|choice| choice.to_vec()).chain(with_trust);
        let silent = self.silent_sessions(question, requirement, access, &sessions);
        let mut all: Vec<Vec<Layer>> = Vec::new();
        for choice in choices {
            if !silent.is_empty() {
                all.push([choice.as_slice(), silent.as_slice()].concat());
            }
            if !choice.is_empty() {
                all.push(choice);
            }
        }
        all
    }

    fn silent_sessions(
        &self,
        question: &Question<'_>,
        requirement: &Requirement,
        access: &Access,
        sessions: &[Layer],
    ) -> Vec<Layer> {
        let findings = self.settle(question, requirement).findings;
        let is_silent = |layer: &&Layer| {
            findings.iter().any(|finding| {
                finding.layer == **layer
                    && finding.access.as_ref() == Some(access)
                    && finding.opinion == Opinion::Silent
            })
        };
        sessions.iter().filter(is_silent).copied().collect()
    }

    /// With a statement for one access in each of these layers; nothing where a layer cannot take one.
    fn with(
        &self,
        question: &Question<'_>,
        requirement: &Requirement,
        access: &Access,
        choice: &[Layer],
    ) -> Option<Self> {
        let mut amended = self.clone();
        for layer in choice {
            let kind = layers::kind(*layer);
            let statement = question.show(requirement, access, |request| layers::statement(request, kind))?;
            let owner = layers::document_owner(question, access, *layer)?;
            amended.add(access, *layer, owner, &statement, question)?;
            amended.steps.push(Step {
                layer: layer.name().to_owned(),
                document: match layer {
                    Layer::Session(place) => Some(*place),
                    _ => None,
                },
                owner_uin: owner.owner_uin,
                statement,
            });
        }
        Some(amended)
    }

    fn add(
        &mut self,
        access: &Access,
        layer: Layer,
        owner: OwnerAccount,
        statement: &Json,
        question: &Question<'_>,
    ) -> Option<()> {
        let joined = |stored: Option<&StoredPolicy>| joined(stored, layers::kind(layer), &owner, statement);
        match layer {
            Layer::Identity(_) => {
                let added = joined(None)?;
                self.layers.identity = self.layers.identity.iter().cloned().chain([added]).collect();
            }
            Layer::Boundary => self.layers.boundary = Some(joined(Some(self.layers.boundary.as_ref()?))?),
            Layer::Session(place) => {
                let mut all = self.layers.session.to_vec();
                let stored = all.get_mut(place)?;
                *stored = joined(Some(stored))?;
                self.layers.session = all.into();
            }
            Layer::BucketPolicy => {
                let name = &layers::bucket(question, access)?.name;
                let mut buckets = self.facts.buckets.iter_mut();
                let bucket: &mut BucketFacts = buckets.find(|bucket| bucket.name == *name)?;
                bucket.policy = Some(joined(bucket.policy.as_ref())?);
            }
            Layer::Trust => {
                let id = layers::role(question, access)?.id;
                let role: &mut RoleFacts = self.facts.roles.iter_mut().find(|role| role.id == id)?;
                role.trust = joined(Some(&role.trust))?;
            }
            _ => return None,
        }
        Some(())
    }
}

/// A document with one statement more; nothing where it has no room for it, or cannot be read.
fn joined(
    stored: Option<&StoredPolicy>,
    kind: DocumentKind,
    owner: &OwnerAccount,
    statement: &Json,
) -> Option<StoredPolicy> {
    let mut document = match stored {
        None => json!({ "version": "2.0", "statement": [] }),
        Some(stored) => serde_json::from_str(&stored.as_ref()?.to_string()).ok()?,
    };
    let statements = document.get_mut("statement")?.as_array_mut()?;
    statements.push(statement.clone());
    let policy = parse(&document.to_string(), kind, owner).ok()?;
    Some(Some(Arc::new(policy)))
}

fn denials(question: &Question<'_>, decision: &Decision) -> Vec<Denial> {
    let denials = decision.findings.iter().filter_map(|finding| {
        let statement = match finding.opinion {
            Opinion::Denies(statement) => statement,
            Opinion::Unreadable => None,
            Opinion::Allows(_) | Opinion::Silent => return None,
        };
        let access = finding.access.as_ref()?;
        let stored = layers::document(question, access, finding.layer);
        let sid = stored
            .and_then(Option::as_deref)
            .zip(statement)
            .and_then(|(policy, statement)| policy.statements().get(statement)?.sid());
        Some(Denial {
            layer: finding.layer.name().to_owned(),
            document: match finding.layer {
                Layer::Identity(place) => place,
                Layer::Session(place) => Some(place),
                _ => None,
            },
            owner_uin: layers::layer_owner(question, access, finding.layer),
            statement,
            sid: sid.map(bounded),
        })
    });
    denials.take(MAX_JUDGEMENTS).collect()
}
