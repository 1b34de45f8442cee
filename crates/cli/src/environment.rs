//! Every environment variable that the verbs read, in one place. A secret is read from here or from a profile and never
//! from the command line, which everybody on the machine could read.

use std::env::{VarError, var};

use anyhow::{Result, bail};

/// Where the server is.
pub(crate) const ENDPOINT: &str = "DAYPASS_ENDPOINT";
/// File of the authorities to trust over HTTPS.
pub(crate) const CA_FILE: &str = "DAYPASS_CA_FILE";
/// The region that calls name.
pub(crate) const REGION: &str = "DAYPASS_REGION";
/// Which section of the profile file counts.
pub(crate) const PROFILE: &str = "DAYPASS_PROFILE";
/// Folder of settings, and the home folder: where the profile file is.
pub(crate) const CONFIG_HOME: &str = "XDG_CONFIG_HOME";
pub(crate) const HOME: &str = "HOME";
/// The key to sign with.
pub(crate) const SECRET_ID: &str = "DAYPASS_SECRET_ID";
pub(crate) const SECRET_KEY: &str = "DAYPASS_SECRET_KEY";
pub(crate) const TOKEN: &str = "DAYPASS_TOKEN";

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
