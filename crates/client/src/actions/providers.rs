//! Identity providers.

use daypass_api::Outcome;
use daypass_api::names::ProviderName;
use daypass_api::operation::{IdentityOperation, Operation, ProviderOperation};
use daypass_api::outcome::Provider;

use super::ActionClient;
use crate::error::Error;

impl ActionClient {
    /// One provider.
    pub async fn get_provider(&self, name: &ProviderName) -> Result<Provider, Error> {
        let operation = IdentityOperation::Provider(ProviderOperation::Get(name.clone()));
        match self.call(&Operation::Identity(operation)).await? {
            Outcome::Provider(provider) => Ok(provider),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Makes, changes or removes a provider: any operation that answers nothing.
    pub async fn change_provider(&self, operation: ProviderOperation) -> Result<(), Error> {
        self.change(IdentityOperation::Provider(operation)).await
    }
}
