//! Names on the command line: parsed into the service's types, with texts that say what would be right.

use daypass_api::names::{
    AccessKeyId, ExternalId, GroupName, PolicyName, ProviderName, Region, RoleName, SessionName, UserName,
};

pub(crate) fn region(text: &str) -> Result<Region, &'static str> {
    Region::parse(text).map_err(|_| "a region is 1 to 32 lower-case letters, digits and `-`")
}

pub(crate) fn user(text: &str) -> Result<UserName, &'static str> {
    UserName::parse(text).map_err(|_| "a user name is 1 to 64 of letters, digits and `+=,.@_-`")
}

pub(crate) fn policy(text: &str) -> Result<PolicyName, &'static str> {
    PolicyName::parse(text).map_err(|_| "a policy name is 1 to 128 of letters, digits and `+=,.@_-`")
}

pub(crate) fn group(text: &str) -> Result<GroupName, &'static str> {
    GroupName::parse(text).map_err(|_| "a group name is 1 to 64 characters without control characters")
}

/// A tag as `KEY=VALUE`.
pub(crate) fn tag(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a tag is `KEY=VALUE`"),
    }
}

pub(crate) fn session(text: &str) -> Result<SessionName, &'static str> {
    SessionName::parse(text).map_err(|_| "a session name is 1 to 128 of letters, digits and `+=,.@_-`")
}

pub(crate) fn access_key(text: &str) -> Result<AccessKeyId, &'static str> {
    AccessKeyId::parse(text).map_err(|_| "the id of a key holds letters, digits, `-` and `_`")
}

pub(crate) fn provider(text: &str) -> Result<ProviderName, &'static str> {
    ProviderName::parse(text).map_err(|_| "a provider's name is 1 to 128 of letters, digits and `+=,.@_-`")
}

pub(crate) fn role(text: &str) -> Result<RoleName, &'static str> {
    RoleName::parse(text).map_err(|_| "a role name is 1 to 128 of letters, digits and `+=,.@_-`")
}

pub(crate) fn role_session(text: &str) -> Result<SessionName, &'static str> {
    SessionName::parse_of_role(text)
        .map_err(|_| "the name of a role's session is 2 to 128 of letters, digits and `+=,.@_-`")
}

pub(crate) fn external_id(text: &str) -> Result<ExternalId, &'static str> {
    ExternalId::parse(text).map_err(|_| "an external id is 2 to 128 of letters, digits and `_+=,.@:/-`")
}
