//! Which settings count that stand outside the command line: those of the environment, and those of a profile.

use std::path::{Path, PathBuf};

use anyhow::Result;
use daypass_client::{Profile, ProfileError};

use crate::environment::{self, CONFIG_HOME, HOME};
use crate::report::Misuse;

/// What the environment says.
pub(crate) fn of_the_environment() -> Result<Profile> {
    Profile::of_environment(environment::text)
}

/// The profile of this name. One that is named must be there; the usual one may be missing, and so may the file.
pub(crate) fn read(name: Option<&str>) -> Result<Profile> {
    match path()? {
        Some(path) => Profile::read(&path, name).map_err(told),
        None if name.is_none() => Ok(Profile::default()),
        None => Err(Misuse(format!("`{HOME}` is not set, so that there is no profile")).into()),
    }
}

/// A profile that makes no sense is a mistake of whoever wrote it, one that cannot be read need not be.
pub(crate) fn told(error: ProfileError) -> anyhow::Error {
    match error {
        ProfileError::Unreadable { .. } => error.into(),
        _ => Misuse(error.to_string()).into(),
    }
}

fn path() -> Result<Option<PathBuf>> {
    let config = environment::text(CONFIG_HOME)?.map(PathBuf::from);
    let config = match config {
        Some(config) => Some(config),
        None => environment::text(HOME)?.map(|home| Path::new(&home).join(".config")),
    };
    Ok(config.map(|config| config.join("daypass/profiles.toml")))
}
