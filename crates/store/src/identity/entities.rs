//! Who has a policy.

use daypass_api::names::{Account, PolicyId, Uin};
use daypass_api::operation::{EntityFilter, Paging, RoleRef};
use daypass_api::outcome::{Page, PolicyEntity};
use daypass_api::{Error, Outcome};
use daypass_metadata::identity::{AttachmentRecord, Holder};
use daypass_metadata::keys;

use super::paged;
use crate::{Store, View, fault};

impl Store {
    /// A page of those who have a policy: users, then groups, then roles, each in order of their numbers.
    pub async fn list_policy_entities(
        &self,
        view: &View,
        owner: Account,
        policy: PolicyId,
        filter: EntityFilter,
        paging: Paging,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        view.require_policy(owner, policy).await?;
        let wanted = |holder: &Holder| match holder {
            Holder::User(_) => matches!(filter, EntityFilter::All | EntityFilter::Users),
            Holder::Group(_) => matches!(filter, EntityFilter::All | EntityFilter::Groups),
            Holder::Role(_) => matches!(filter, EntityFilter::All | EntityFilter::Roles),
        };
        let mut holders = view.holders(owner, policy).await?;
        holders.retain(wanted);
        let Page { total, entries } = paged(holders, paging);
        let mut entities = Vec::new();
        for holder in entries {
            entities.push(view.policy_entity(owner, policy, holder).await?);
        }
        Ok(Outcome::PolicyEntities(Page {
            total,
            entries: entities,
        }))
    }
}

impl View {
    /// All who have a policy: users, then groups, then roles.
    pub(crate) async fn holders(&self, owner: Uin, policy: PolicyId) -> Result<Vec<Holder>, Error> {
        let mut pairs = self.all(keys::users_with(owner, policy)).await?;
        pairs.extend(self.all(keys::groups_with(owner, policy)).await?);
        pairs.extend(self.all(keys::roles_with(owner, policy)).await?);
        let holders = pairs.iter().map(|(key, _)| keys::holder_of_holder(key));
        holders
            .collect::<Option<_>>()
            .ok_or_else(|| fault::inconsistent("the index of policy holders"))
    }

    async fn policy_entity(
        &self,
        owner: Uin,
        policy: PolicyId,
        holder: Holder,
    ) -> Result<PolicyEntity, Error> {
        let missing = || fault::inconsistent("one who has a policy is missing");
        let key = keys::attachment(owner, holder, policy);
        let found = self.record::<AttachmentRecord>(&key).await?;
        let attached = found.ok_or_else(missing)?.record.attached;
        Ok(match holder {
            Holder::User(uin) => {
                let user = self.user(owner, uin).await?.ok_or_else(missing)?;
                PolicyEntity::User {
                    uin,
                    uid: user.uid,
                    name: user.name.as_str().to_owned(),
                    attached,
                }
            }
            Holder::Group(id) => {
                let group = self.group(owner, id).await?.ok_or_else(missing)?;
                PolicyEntity::Group {
                    id,
                    name: group.name.as_str().to_owned(),
                    attached,
                }
            }
            Holder::Role(id) => {
                let role = self.role_record(owner, &RoleRef::Id(id)).await?;
                let (_, role) = role.ok_or_else(missing)?;
                PolicyEntity::Role {
                    id,
                    name: role.name.as_str().to_owned(),
                    attached,
                }
            }
        })
    }
}
