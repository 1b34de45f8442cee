//! Root accounts, for whoever operates the store.

use daypass_api::Outcome;
use daypass_api::names::Uin;
use daypass_api::operation::{AccountOperation, AccountStatus, IdentityOperation, NewAccount, Operation};
use daypass_api::outcome::{NewAccessKey, RootAccount};

use super::ActionClient;
use crate::error::Error;

impl ActionClient {
    /// Makes an account; the secret of its root's first key is told this once.
    pub async fn create_account(&self, account: NewAccount) -> Result<(RootAccount, NewAccessKey), Error> {
        match self.account(AccountOperation::Create(account)).await? {
            Outcome::RootAccountCreated { account, access_key } => Ok((account, access_key)),
            _ => Err(Error::other_outcome()),
        }
    }

    /// One account.
    pub async fn get_account(&self, owner_uin: Uin) -> Result<RootAccount, Error> {
        match self.account(AccountOperation::Get(owner_uin)).await? {
            Outcome::RootAccount(account) => Ok(account),
            _ => Err(Error::other_outcome()),
        }
    }

    /// All accounts.
    pub async fn list_accounts(&self) -> Result<Vec<RootAccount>, Error> {
        match self.account(AccountOperation::List).await? {
            Outcome::RootAccounts(accounts) => Ok(accounts),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Lets an account's keys count, or not.
    pub async fn update_account(&self, owner_uin: Uin, status: AccountStatus) -> Result<(), Error> {
        let update = AccountOperation::Update { owner_uin, status };
        self.account(update).await.map(drop)
    }

    async fn account(&self, operation: AccountOperation) -> Result<Outcome, Error> {
        self.call(&Operation::Identity(IdentityOperation::Account(operation)))
            .await
    }
}
