//! Whose keys and policies a verb is about: named by user name or by number.

use anyhow::Result;
use clap::Args;
use daypass_api::names::{Uin, UserName};
use daypass_api::operation::Subject;
use daypass_client::ActionClient;

use crate::names;

/// Somebody, or else whoever asks.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(crate) struct SubjectArguments {
    /// A user, by name; without it and --uin, whoever signs the call
    #[arg(long, value_name = "NAME", value_parser = names::user)]
    user: Option<UserName>,
    /// An identity, by its number
    #[arg(long, value_name = "N")]
    uin: Option<Uin>,
}

/// A user, who must be named.
#[derive(Args, Debug)]
#[group(multiple = false, required = true)]
pub(crate) struct UserArguments {
    /// The user, by name
    #[arg(long, value_name = "NAME", value_parser = names::user)]
    user: Option<UserName>,
    /// The user, by number
    #[arg(long, value_name = "N")]
    uin: Option<Uin>,
}

impl SubjectArguments {
    /// Who is meant.
    pub(crate) async fn subject(self, client: &ActionClient) -> Result<Subject> {
        Ok(match (self.uin, self.user) {
            (Some(uin), _) => Subject::Uin(uin),
            (None, Some(name)) => Subject::Uin(client.get_user(&name).await?.uin),
            (None, None) => Subject::Caller,
        })
    }
}

impl UserArguments {
    /// The user's number.
    pub(crate) async fn uin(self, client: &ActionClient) -> Result<Uin> {
        let either = SubjectArguments {
            user: self.user,
            uin: self.uin,
        };
        match either.subject(client).await? {
            Subject::Uin(uin) => Ok(uin),
            // The argument parser asks for one of the two; should it ever not, the caller is meant.
            Subject::Caller => Ok(client.get_caller_identity().await?.uin),
        }
    }
}
