//! Identity providers and their names, each relation from both of its sides.

use daypass_api::names::{ProviderId, ProviderName, Uin};
use daypass_metadata::identity::{ProviderNameRecord, ProviderRecord};
use daypass_metadata::keys::{self, StoredKey};

use crate::records::place_of_record;
use crate::{Check, CheckError};

impl Check<'_> {
    pub(crate) async fn provider(
        &mut self,
        owner: Uin,
        id: ProviderId,
        record: &ProviderRecord,
    ) -> Result<(), CheckError> {
        let place = || place_of_record(&StoredKey::Provider(owner, id));
        self.require_account(owner, place()).await?;
        let index = self
            .look::<ProviderNameRecord>(keys::provider_named(owner, &record.name))
            .await?;
        let index = index.map(|index| index.id);
        self.indexed(index, id, place(), &format!("provider name `{}`", record.name));
        Ok(())
    }

    pub(crate) async fn provider_named(
        &mut self,
        owner: Uin,
        name: &ProviderName,
        record: &ProviderNameRecord,
    ) -> Result<(), CheckError> {
        let provider = self
            .look::<ProviderRecord>(keys::provider(owner, record.id))
            .await?;
        let provider = provider.map(|provider| provider.name);
        let place = place_of_record(&StoredKey::ProviderNamed(owner, name.clone()));
        self.leads_back(provider, name.clone(), place, &format!("provider {}", record.id));
        Ok(())
    }
}
