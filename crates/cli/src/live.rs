//! What a user is allowed at this moment: its own policies, those of its groups, and its boundary, asked of a server.

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::names::{Uin, UserName};
use daypass_api::operation::{AttachmentReach, Paging, PolicyScope, UserPolicies};

use crate::connection::ServiceArguments;
use crate::names;

/// A user whose policies are asked for, and where.
#[derive(Args, Debug)]
pub(crate) struct LiveArguments {
    /// A user of the account, by name: its policies as they are now, its groups' and its boundary
    #[arg(long, value_name = "NAME", value_parser = names::user)]
    user: Option<UserName>,
    #[command(flatten)]
    service: ServiceArguments,
}

/// The documents that hold for a user.
#[derive(Debug)]
pub(crate) struct LivePolicies {
    /// The account's root.
    pub(crate) owner_uin: Uin,
    /// Its policies with their names, those that come through groups too.
    pub(crate) policies: Vec<(String, String)>,
    /// The boundary's name and document.
    pub(crate) boundary: Option<(String, String)>,
}

impl LiveArguments {
    pub(crate) fn is_given(&self) -> bool {
        self.user.is_some()
    }

    /// The policies of the user, if one is named; otherwise no server is asked.
    pub(crate) async fn fetch(&self) -> Result<Option<LivePolicies>> {
        let Some(user) = &self.user else {
            return Ok(None);
        };
        let found = ask(self.service.clone(), user).await.map(Some);
        found.with_context(|| format!("cannot read the policies of `{user}`"))
    }
}

async fn ask(service: ServiceArguments, user: &UserName) -> Result<LivePolicies> {
    let client = service.actions()?;
    let uin = client.get_user(user).await?.uin;
    let list = UserPolicies {
        uin,
        reach: AttachmentReach::All,
        scope: PolicyScope::All,
        keyword: None,
        paging: Paging {
            page: 1,
            page_size: 200,
        },
    };
    let mut policies = Vec::new();
    for attached in client.list_user_policies(&list).await? {
        let document = client.get_policy(attached.id).await?.document;
        policies.push((attached.name.to_string(), document));
    }
    let boundary = client.get_user_boundary(uin).await?;
    Ok(LivePolicies {
        owner_uin: client.get_caller_identity().await?.owner_uin,
        policies,
        boundary: boundary.map(|boundary| (boundary.name.to_string(), boundary.document)),
    })
}
