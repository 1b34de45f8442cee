//! Roles and their names: the relation from both of its sides. The policies of roles are with those of all holders.

use daypass_api::names::{RoleId, RoleName, Uin};
use daypass_metadata::identity::{RoleNameRecord, RoleRecord};
use daypass_metadata::keys::{self, StoredKey};
use daypass_policy::{DocumentKind, OwnerAccount, parse};

use crate::records::place_of_record;
use crate::{Check, CheckError, Kind};

impl Check<'_> {
    pub(crate) async fn role(
        &mut self,
        owner: Uin,
        id: RoleId,
        record: &RoleRecord,
    ) -> Result<(), CheckError> {
        let place = || place_of_record(&StoredKey::Role(owner, id));
        let account = self.require_account(owner, place()).await?;
        let index = self
            .look::<RoleNameRecord>(keys::role_named(owner, &record.name))
            .await?;
        let index = index.map(|index| index.id);
        self.indexed(index, id, place(), &format!("role name `{}`", record.name));
        let account = OwnerAccount {
            app_id: account.map_or(0, |account| account.app_id.0),
            owner_uin: owner.0,
        };
        if let Err(error) = parse(&record.document, DocumentKind::Trust, &account) {
            let expected = "a document that says who may act as the role";
            self.report(Kind::PolicyUnreadable, place(), expected, error.to_string());
        }
        match record.boundary {
            Some(policy) => self.bounded(owner, policy, place()).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn role_named(
        &mut self,
        owner: Uin,
        name: &RoleName,
        record: &RoleNameRecord,
    ) -> Result<(), CheckError> {
        let role = self.look::<RoleRecord>(keys::role(owner, record.id)).await?;
        let role = role.map(|role| role.name);
        let place = place_of_record(&StoredKey::RoleNamed(owner, name.clone()));
        self.leads_back(role, name.clone(), place, &format!("role {}", record.id));
        Ok(())
    }
}
