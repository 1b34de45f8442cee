//! Who has which policy and which boundary, and who is in which group: each relation from both of its sides.

use daypass_api::names::{AccessKeyId, GroupId, GroupName, PolicyId, Uin};
use daypass_metadata::MarkRecord;
use daypass_metadata::identity::{
    AccessKeyRecord, AttachmentRecord, GroupNameRecord, GroupRecord, Holder, RoleRecord,
};
use daypass_metadata::keys::{self, StoredKey};

use crate::records::place_of_record;
use crate::{Check, CheckError, Kind, Place};

impl Check<'_> {
    pub(crate) async fn attachment(
        &mut self,
        owner: Uin,
        holder: Holder,
        policy: PolicyId,
    ) -> Result<(), CheckError> {
        let place = || place_of_record(&StoredKey::Attachment(owner, holder, policy));
        match holder {
            Holder::User(uin) => self.require_user(owner, uin, place()).await?,
            Holder::Group(group) => self.require_group(owner, group, place()).await?,
            Holder::Role(role) => {
                let found = self.look::<RoleRecord>(keys::role(owner, role)).await?;
                if found.is_absent() {
                    self.report(Kind::RoleMissing, place(), format!("role {role}"), "nothing");
                }
            }
        }
        self.require_policy(owner, policy, place()).await?;
        let listed = keys::holder(owner, policy, holder);
        if self.look::<MarkRecord>(listed).await?.is_absent() {
            let expected = "an entry in the list of the policy's holders";
            self.report(Kind::IndexMissing, place(), expected, "nothing");
        }
        Ok(())
    }

    pub(crate) async fn holder(
        &mut self,
        owner: Uin,
        policy: PolicyId,
        holder: Holder,
    ) -> Result<(), CheckError> {
        let attachment = keys::attachment(owner, holder, policy);
        if self.look::<AttachmentRecord>(attachment).await?.is_absent() {
            let place = place_of_record(&StoredKey::Holder(owner, policy, holder));
            self.report(Kind::IndexDangling, place, "an attachment", "nothing");
        }
        Ok(())
    }

    pub(crate) async fn boundary(
        &mut self,
        owner: Uin,
        uin: Uin,
        policy: PolicyId,
    ) -> Result<(), CheckError> {
        let place = || place_of_record(&StoredKey::Boundary(owner, uin));
        self.require_user(owner, uin, place()).await?;
        self.bounded(owner, policy, place()).await
    }

    /// Somebody is bounded by a policy, which must exist and counts it.
    pub(crate) async fn bounded(
        &mut self,
        owner: Uin,
        policy: PolicyId,
        place: Place,
    ) -> Result<(), CheckError> {
        self.tallies.note_boundary(owner, policy);
        self.require_policy(owner, policy, place).await
    }

    pub(crate) async fn group(
        &mut self,
        owner: Uin,
        id: GroupId,
        record: &GroupRecord,
    ) -> Result<(), CheckError> {
        let place = || place_of_record(&StoredKey::Group(owner, id));
        self.require_account(owner, place()).await?;
        let index = self
            .look::<GroupNameRecord>(keys::group_named(owner, &record.name))
            .await?;
        let index = index.map(|index| index.id);
        self.indexed(index, id, place(), &format!("group name `{}`", record.name));
        Ok(())
    }

    pub(crate) async fn group_named(
        &mut self,
        owner: Uin,
        name: &GroupName,
        record: &GroupNameRecord,
    ) -> Result<(), CheckError> {
        let group = self.look::<GroupRecord>(keys::group(owner, record.id)).await?;
        let group = group.map(|group| group.name);
        let place = place_of_record(&StoredKey::GroupNamed(owner, name.clone()));
        self.leads_back(group, name.clone(), place, &format!("group {}", record.id));
        Ok(())
    }

    pub(crate) async fn member(&mut self, owner: Uin, group: GroupId, uin: Uin) -> Result<(), CheckError> {
        let place = || place_of_record(&StoredKey::Member(owner, group, uin));
        self.require_group(owner, group, place()).await?;
        self.require_user(owner, uin, place()).await?;
        let listed = keys::group_of(owner, uin, group);
        if self.look::<MarkRecord>(listed).await?.is_absent() {
            let expected = "an entry in the list of the user's groups";
            self.report(Kind::IndexMissing, place(), expected, "nothing");
        }
        Ok(())
    }

    pub(crate) async fn group_of(&mut self, owner: Uin, uin: Uin, group: GroupId) -> Result<(), CheckError> {
        let member = keys::member(owner, group, uin);
        if self.look::<MarkRecord>(member).await?.is_absent() {
            let place = place_of_record(&StoredKey::GroupOf(owner, uin, group));
            self.report(Kind::IndexDangling, place, "a member of the group", "nothing");
        }
        Ok(())
    }

    pub(crate) async fn last_use(&mut self, id: &AccessKeyId) -> Result<(), CheckError> {
        if self
            .look::<AccessKeyRecord>(keys::access_key(id))
            .await?
            .is_absent()
        {
            let place = place_of_record(&StoredKey::LastUse(id.clone()));
            self.report(
                Kind::IndexDangling,
                place,
                format!("access key `{id}`"),
                "nothing",
            );
        }
        Ok(())
    }

    async fn require_group(&mut self, owner: Uin, group: GroupId, place: Place) -> Result<(), CheckError> {
        let found = self.look::<GroupRecord>(keys::group(owner, group)).await?;
        if found.is_absent() {
            self.report(Kind::GroupMissing, place, format!("group {group}"), "nothing");
        }
        Ok(())
    }
}
