//! Roles on the request path: their live records for sessions that rest on them, the facts about those that an
//! operation names, and what the operations on them do.

use std::sync::Arc;

use daypass_access::credential::LiveRole;
use daypass_access::{Identity, RoleFacts, StoredPolicy, trust};
use daypass_api::names::{Account, PolicyId, ProviderName, RoleId, RoleName, Uin};
use daypass_api::operation::{PolicyRef, RoleOperation, RoleRef};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_policy::{DocumentKind, PrincipalPattern};
use daypass_store::View;
use daypass_store::identity::{Holder, Trusted};

use crate::perform_identity::judged_policy;
use crate::service::Service;

/// A role that a session rests on, with everything that hangs on it.
#[derive(Debug)]
pub(crate) struct KnownRole {
    pub(crate) live: LiveRole,
    pub(crate) policies: Arc<[StoredPolicy]>,
    pub(crate) boundary: Option<StoredPolicy>,
}

impl Service {
    /// Those of these roles that exist, as of the view and its generation.
    pub(crate) async fn known_roles(
        &self,
        view: &View,
        generation: u64,
        roles: &[(Uin, RoleId)],
    ) -> Result<Vec<Arc<KnownRole>>, Error> {
        let mut known = Vec::new();
        for name in roles {
            if let Some(role) = self.roles.find(generation, name) {
                known.push(role);
            } else if let Some(role) = self.read_role(view, *name).await? {
                let role = Arc::new(role);
                self.roles.keep(generation, name, &role);
                known.push(role);
            }
        }
        Ok(known)
    }

    /// A boundary whose policy is not there is unreadable, which denies.
    async fn read_role(&self, view: &View, (owner, id): (Uin, RoleId)) -> Result<Option<KnownRole>, Error> {
        let Some(found) = view.role(owner, &RoleRef::Id(id)).await? else {
            return Ok(None);
        };
        // Its sessions end with the account's keys, whoever began them.
        if view.is_account_disabled(owner).await? {
            return Ok(None);
        }
        let account = found.account;
        let boundary = match found.boundary {
            None => None,
            Some(policy) => {
                let document = view.policy_document(owner, policy).await?;
                Some(document.and_then(|text| self.policies.compile(&text, DocumentKind::Identity, account)))
            }
        };
        let documents = view.role_policies(owner, id).await?;
        let name = found.role.name;
        let providers = found
            .providers
            .iter()
            .map(|named| (named.owner, named.id))
            .collect();
        Ok(Some(KnownRole {
            live: LiveRole {
                owner,
                id,
                name,
                providers,
            },
            policies: documents
                .iter()
                .map(|text| self.policies.compile(text, DocumentKind::Identity, account))
                .collect(),
            boundary,
        }))
    }

    /// A role of an account, as deciding needs it.
    pub(crate) async fn role_facts(
        &self,
        view: &View,
        owner: Uin,
        asked: &RoleRef,
    ) -> Result<Option<RoleFacts>, Error> {
        let found = view.role(owner, asked).await?;
        Ok(found.map(|found| RoleFacts {
            asked: asked.clone(),
            account: found.account,
            id: found.role.id,
            name: found.role.name,
            tags: found.role.tags,
            trust: self
                .policies
                .compile(&found.role.document, DocumentKind::Trust, found.account),
            trusted: found
                .trusted
                .into_iter()
                .map(|trusted| (trusted.owner, trusted.name, trusted.id))
                .collect(),
            providers: found
                .providers
                .into_iter()
                .map(|named| (named.owner, named.name, named.id))
                .collect(),
            session_duration: found.role.session_duration,
        }))
    }

    /// Performs what was asked of roles and allowed.
    pub(crate) async fn perform_role(
        &self,
        view: View,
        operation: RoleOperation,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        use RoleOperation as Op;
        let (store, account) = (&self.store, identity.account);
        match operation {
            Op::Create(new) => {
                let trusted = trusted(&new.document, account)?;
                store.create_role(account, &new, &trusted, now).await
            }
            Op::Get(role) => store.get_role(&view, account, &role).await,
            Op::List { tags, paging } => store.list_roles(&view, account, &tags, paging).await,
            Op::Delete(role) => {
                let role = judged_role(&view, account, &role).await?;
                store.delete_role(account, role).await
            }
            Op::UpdateTrust { role, document } => {
                let trusted = trusted(&document, account)?;
                let role = judged_role(&view, account, &role).await?;
                store
                    .update_role_trust(account, role, &document, &trusted, now)
                    .await
            }
            Op::UpdateDescription { role, description } => {
                let role = judged_role(&view, account, &role).await?;
                store
                    .update_role_description(account, role, &description, now)
                    .await
            }
            Op::UpdateSessionDuration { role, seconds } => {
                let role = judged_role(&view, account, &role).await?;
                store
                    .update_role_session_duration(account, role, seconds, now)
                    .await
            }
            Op::UpdateConsoleLogin { role, allowed } => {
                let role = judged_role(&view, account, &role).await?;
                store.update_role_console_login(account, role, allowed, now).await
            }
            Op::Tag { role, tags } => {
                let role = judged_role(&view, account, &role).await?;
                store.tag_role(account, role, &tags, now).await
            }
            Op::Untag { role, keys } => {
                let role = judged_role(&view, account, &role).await?;
                store.untag_role(account, role, &keys, now).await
            }
            Op::AttachPolicy { role, policy } => {
                let (role, policy) = judged(&view, account, &role, &policy).await?;
                store
                    .attach_policy(account, Holder::Role(role), policy, now)
                    .await
            }
            Op::DetachPolicy { role, policy } => {
                let (role, policy) = judged(&view, account, &role, &policy).await?;
                store.detach_policy(account, Holder::Role(role), policy).await
            }
            Op::ListAttachedPolicies {
                role,
                scope,
                keyword,
                paging,
            } => {
                let role = Holder::Role(judged_role(&view, account, &role).await?);
                store
                    .list_attached_policies(&view, account, role, scope, keyword.as_deref(), paging)
                    .await
            }
            Op::PutBoundary { role, policy_id } => {
                let role = judged_role(&view, account, &role).await?;
                store.put_role_boundary(account, role, policy_id, now).await
            }
            Op::DeleteBoundary(role) => {
                let role = judged_role(&view, account, &role).await?;
                store.delete_role_boundary(account, role, now).await
            }
            Op::GetBoundary(role) => store.get_role_boundary(&view, account, &role).await,
        }
    }
}

/// The number of the role that was judged, however it was named.
pub(crate) async fn judged_role(view: &View, account: Account, role: &RoleRef) -> Result<RoleId, Error> {
    let id = view.role_number(account.owner_uin, role).await?;
    id.ok_or(ErrorCode::RoleNotExist.into())
}

async fn judged(
    view: &View,
    account: Account,
    role: &RoleRef,
    policy: &PolicyRef,
) -> Result<(RoleId, PolicyId), Error> {
    let role = judged_role(view, account, role).await?;
    let policy = judged_policy(view, account, policy).await?;
    Ok((role, policy.ok_or(ErrorCode::PolicyIdNotExist)?))
}

/// Whom a document that is to be a role's trust names, once it is checked.
fn trusted(document: &str, account: Account) -> Result<Vec<Trusted>, Error> {
    let named = trust::check(document, account)?;
    let parties = named.into_iter().map(|pattern| match pattern {
        PrincipalPattern::Root { owner_uin } | PrincipalPattern::Users { owner_uin } => {
            Ok(Some(Trusted::Account(Uin(owner_uin))))
        }
        PrincipalPattern::User { owner_uin, uin } => Ok(Some(Trusted::User(Uin(owner_uin), Uin(uin)))),
        PrincipalPattern::RoleName { owner_uin, name } => {
            let role = RoleRef::Name(RoleName::parse(&name)?);
            Ok(Some(Trusted::Role(Uin(owner_uin), role)))
        }
        PrincipalPattern::RoleId { owner_uin, id } => {
            let role = RoleRef::Id(RoleId::parse(&id)?);
            Ok(Some(Trusted::Role(Uin(owner_uin), role)))
        }
        PrincipalPattern::Federated { owner_uin, provider } => {
            let name = provider.strip_prefix("oidc-provider/");
            let name = name.ok_or(ErrorCode::DocumentPrincipalError)?;
            Ok(Some(Trusted::Provider(
                Uin(owner_uin),
                ProviderName::parse(name)?,
            )))
        }
        // These are nobody's accounts.
        PrincipalPattern::Everyone | PrincipalPattern::Anonymous | PrincipalPattern::Service(_) => Ok(None),
    });
    parties.filter_map(Result::transpose).collect()
}
