//! Every environment variable that the verbs read, in one place. A secret is read from here or from a profile and never
//! from the command line, which everybody on the machine could read.

use std::env::{VarError, var};

use anyhow::{Result, bail};

/// Which section of the profile file counts.
pub(crate) const PROFILE: &str = "DAYPASS_PROFILE";
/// Folder of settings, and the home folder: where the profile file is.
pub(crate) const CONFIG_HOME: &str = "XDG_CONFIG_HOME";
pub(crate) const HOME: &str = "HOME";
/// Folder of what programs keep for themselves: where checkpoints are.
pub(crate) const STATE_HOME: &str = "XDG_STATE_HOME";
/// The key to sign with. The profile of the environment reads it; here stands what others are told to set.
pub(crate) const SECRET_ID: &str = "DAYPASS_SECRET_ID";
pub(crate) const SECRET_KEY: &str = "DAYPASS_SECRET_KEY";
pub(crate) const TOKEN: &str = "DAYPASS_TOKEN";
/// The names under which Tencent Cloud's own tools look for a key; they do not agree about that of the token.
pub(crate) const THEIR_KEYS: [&str; 5] = [
    "TENCENTCLOUD_SECRET_ID",
    "TENCENTCLOUD_SECRET_KEY",
    "TENCENTCLOUD_SESSION_TOKEN",
    "TENCENTCLOUD_SECURITY_TOKEN",
    "TENCENTCLOUD_TOKEN",
];
/// Every other name under which a long-lived key may stand: those of a server, and those of other tools.
pub(crate) const SECRETS: [&str; 8] = [
    "DAYPASS_ROOT_SECRET_ID",
    "DAYPASS_ROOT_SECRET_KEY",
    "DAYPASS_MASTER_KEY",
    "DAYPASS_PREVIOUS_MASTER_KEY",
    "COS_SECRET_ID",
    "COS_SECRET_KEY",
    "COS_TOKEN",
    "COS_SESSION_TOKEN",
];

/// The text of a variable; none when it is not set or empty.
pub(crate) fn text(name: &str) -> Result<Option<String>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place where the verbs read the environment"
    )]
    match var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("`{name}` is not valid text"),
    }
}
