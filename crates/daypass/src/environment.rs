//! Every environment variable that the program reads itself, in one place. The verbs' connection settings
//! (`DAYPASS_ENDPOINT` and so on) are declared beside their flags, and `--help` shows them.

use std::env::{VarError, var};
use std::str::FromStr;

use anyhow::{Result, anyhow, bail};

use crate::settings::Settings;

/// Key id of the root account, on an empty data directory.
pub(crate) const ROOT_SECRET_ID: &str = "DAYPASS_ROOT_SECRET_ID";
/// Secret of the root account, on an empty data directory.
pub(crate) const ROOT_SECRET_KEY: &str = "DAYPASS_ROOT_SECRET_KEY";
/// APPID of the root account, on an empty data directory.
pub(crate) const APPID: &str = "DAYPASS_APPID";
/// Uin of the root account, on an empty data directory.
pub(crate) const OWNER_UIN: &str = "DAYPASS_OWNER_UIN";
/// The master key, instead of the file in the data directory.
pub(crate) const MASTER_KEY: &str = "DAYPASS_MASTER_KEY";
/// The master key that it takes the place of.
pub(crate) const PREVIOUS_MASTER_KEY: &str = "DAYPASS_PREVIOUS_MASTER_KEY";
/// What is logged: a level, or levels for parts of the program, as in `info,daypass::audit=off`.
pub(crate) const LOG: &str = "DAYPASS_LOG";
/// Where the service manager is told that the program is ready, set by the manager.
pub(crate) const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

/// The variable that says the same as a key of the settings, where there is one. Those of secrets have no key.
pub(crate) fn variable_of(key: &str) -> Option<&'static str> {
    match key {
        "root_secret_id" => Some(ROOT_SECRET_ID),
        "appid" => Some(APPID),
        "owner_uin" => Some(OWNER_UIN),
        "log" => Some(LOG),
        _ => None,
    }
}

/// What the environment says of the settings.
pub(crate) fn settings() -> Result<Settings> {
    let mut settings = Settings::default();
    settings.root_secret_id = text(ROOT_SECRET_ID)?;
    settings.appid = parsed(APPID)?;
    settings.owner_uin = parsed(OWNER_UIN)?;
    settings.log = parsed(LOG)?;
    Ok(settings)
}

/// The text of a variable; none when it is not set or empty.
pub(crate) fn text(name: &str) -> Result<Option<String>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that reads the environment"
    )]
    match var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("`{name}` is not valid text"),
    }
}

/// A variable that is read into something.
fn parsed<T: FromStr<Err = String>>(name: &str) -> Result<Option<T>> {
    let parse = |text: String| text.parse().map_err(|error| anyhow!("`{name}`: {error}"));
    text(name)?.map(parse).transpose()
}
