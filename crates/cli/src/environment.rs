//! The credentials, from environment variables: a secret on the command line could be read by everybody on the
//! machine. The other settings of a connection are declared beside their flags.

use std::env::{VarError, var};

use anyhow::{Result, bail};

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
