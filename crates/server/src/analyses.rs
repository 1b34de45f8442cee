//! What policies mean, for whoever asks: the findings about one, and what remains of somebody's rights.
//!
//! Both are work, so that as much of the machine goes into them as into judging temporary keys, and no more; what takes
//! longer than the bound is refused. Nothing is decided here.

use std::sync::Arc;

use daypass_access::{Identity, StoredPolicy};
use daypass_analysis::{Audience, LayerDocuments, LintContext, effective, lint, picture};
use daypass_api::names::Account;
use daypass_api::operation::{AnalysisOperation, PolicyPurpose, RightsHolder, Subject};
use daypass_api::outcome::EffectiveRights;
use daypass_api::{Error, ErrorCode, Outcome};
use daypass_policy::{DocumentKind, OwnerAccount, Policy, parse};
use daypass_store::View;

use crate::judgements::{readable, told_finding};
use crate::roles::judged_role;
use crate::service::Service;

/// What a root account may do.
const EVERYTHING: &str = r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}"#;

/// Policies that hold together, and what people call them.
type Layer = (&'static str, Vec<StoredPolicy>);

impl Service {
    pub(crate) async fn perform_analysis(
        &self,
        view: &View,
        operation: AnalysisOperation,
        identity: &Identity,
    ) -> Result<Outcome, Error> {
        let owner = owner_of(identity.account);
        match operation {
            AnalysisOperation::Lint { document, purpose } => {
                self.judgements
                    .work(move || Ok(findings(&document, purpose, owner)))
                    .await
            }
            AnalysisOperation::Effective { holder, policy } => {
                let mut layers = self.layers_of(view, &holder, identity).await?;
                if let Some(text) = policy {
                    layers.push(("B", vec![Some(Arc::new(session_policy(&text, owner)?))]));
                }
                self.judgements.work(move || rights(&layers)).await
            }
        }
    }

    /// What bounds somebody, live: A, a boundary, and if it is the caller, the policies of its session.
    async fn layers_of(
        &self,
        view: &View,
        holder: &RightsHolder,
        identity: &Identity,
    ) -> Result<Vec<Layer>, Error> {
        let account = identity.account;
        let (own, boundary, role) = match holder {
            RightsHolder::Role(role) => (None, None, Some(judged_role(view, account, role).await?)),
            RightsHolder::Subject(Subject::Uin(uin)) => (Some(*uin), None, None),
            RightsHolder::Subject(Subject::Caller) => {
                (identity.user(), identity.session.as_ref(), identity.role())
            }
        };
        let mut layers = match (own, role) {
            (_, Some(role)) => {
                let generation = view.identity_generation().await?;
                let known = self
                    .known_roles(view, generation, &[(account.owner_uin, role)])
                    .await?;
                let known = known.first().ok_or(ErrorCode::RoleNotExist)?;
                layers(known.policies.to_vec(), known.boundary.clone())
            }
            (Some(uin), None) if uin == account.owner_uin => layers(
                vec![self.policies.compile(EVERYTHING, DocumentKind::Identity, account)],
                None,
            ),
            (Some(uin), None) => {
                view.user(account.owner_uin, uin)
                    .await?
                    .ok_or(ErrorCode::UserNotExist)?;
                let (policies, boundary) = self.own_policies(view, account, uin).await?;
                layers(policies, boundary)
            }
            (None, None) => Vec::new(),
        };
        let session = boundary.iter().flat_map(|session| session.policies.iter());
        layers.extend(session.map(|text| {
            let policy = self.policies.compile(text, DocumentKind::Session, account);
            ("session", vec![policy])
        }));
        Ok(layers)
    }
}

fn layers(policies: Vec<StoredPolicy>, boundary: Option<StoredPolicy>) -> Vec<Layer> {
    let boundary = boundary.map(|policy| ("boundary", vec![policy]));
    std::iter::once(("A", policies)).chain(boundary).collect()
}

fn findings(document: &str, purpose: PolicyPurpose, owner: OwnerAccount) -> Outcome {
    let context = LintContext {
        audience: match purpose {
            PolicyPurpose::Identity => Audience::User,
            PolicyPurpose::Session => Audience::FrontEnd,
            PolicyPurpose::Bucket => Audience::Bucket,
            PolicyPurpose::Trust => Audience::Trust,
        },
        owner,
        duration_seconds: None,
        by_root: false,
        bucket_region: None,
        end_user: None,
        permissions: None,
    };
    Outcome::Findings(lint(Some(document), &context).iter().map(told_finding).collect())
}

fn session_policy(text: &str, owner: OwnerAccount) -> Result<Policy, Error> {
    parse(text, DocumentKind::Session, &owner)
        .map_err(|error| Error::with_message(ErrorCode::PolicyInvalid, error.to_string()))
}

fn rights(layers: &[Layer]) -> Result<Outcome, Error> {
    let documents: Vec<(&str, Vec<&Policy>)> = layers
        .iter()
        .map(|(name, layer)| (*name, readable(layer)))
        .collect();
    let layers: Vec<LayerDocuments<'_>> = documents
        .iter()
        .map(|(name, documents)| LayerDocuments { name, documents })
        .collect();
    let too_much = "the policies are too entangled to be told within the bound on work";
    let rows =
        effective(&layers).map_err(|_| Error::with_message(ErrorCode::InvalidParameterValue, too_much))?;
    // Between A and B there is at most a boundary to be drawn; the policies of sessions show in the rows.
    let boundary = layers.iter().find(|layer| layer.name == "boundary");
    let picture = match layers.as_slice() {
        [first, .., last] if last.name == "B" => Some(picture(first, last, boundary, &rows)),
        _ => None,
    };
    Ok(Outcome::Effective(EffectiveRights {
        rows: serde_json::to_string(&rows).map_err(|_| ErrorCode::InternalError)?,
        picture,
    }))
}

fn owner_of(account: Account) -> OwnerAccount {
    OwnerAccount {
        app_id: account.app_id.0,
        owner_uin: account.owner_uin.0,
    }
}
