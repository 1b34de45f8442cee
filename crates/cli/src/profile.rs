//! Settings that stand outside the command line: a section of the profile file, or the environment in the same form.
//!
//! The file is TOML, a table for each profile. It may hold secrets, and is refused when anybody but its owner may read
//! it. What it says that is not known is an error: a setting spelled wrong would otherwise be ignored without a word.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use daypass_api::outcome::SessionToken;
use daypass_api::secret::SecretKey;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::environment::{self, CA_FILE, CONFIG_HOME, ENDPOINT, HOME, REGION, SECRET_ID, SECRET_KEY, TOKEN};
use crate::report::Misuse;

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;
/// The profile that counts when none is named.
const USUAL: &str = "default";

/// Settings of one source. Secrets are hidden in `Debug`, and wiped on drop.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) endpoint: Option<String>,
    /// Relative to the folder of the profile file.
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) region: Option<String>,
    pub(crate) secret_id: Option<String>,
    #[serde(default, deserialize_with = "secret_key")]
    pub(crate) secret_key: Option<SecretKey>,
    #[serde(default, deserialize_with = "token")]
    pub(crate) token: Option<SessionToken>,
}

impl Profile {
    /// Whether there is a key in it, or a piece of one.
    pub(crate) fn names_a_key(&self) -> bool {
        self.secret_id.is_some() || self.secret_key.is_some() || self.token.is_some()
    }
}

fn secret_key<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretKey>, D::Error> {
    String::deserialize(from).map(|text| Some(SecretKey::new(text)))
}

fn token<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SessionToken>, D::Error> {
    String::deserialize(from).map(|text| Some(SessionToken::new(text)))
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("endpoint", &self.endpoint)
            .field("secret_id", &self.secret_id)
            .finish_non_exhaustive()
    }
}

/// What the environment says.
pub(crate) fn of_the_environment() -> Result<Profile> {
    Ok(Profile {
        endpoint: environment::text(ENDPOINT)?,
        ca_file: environment::text(CA_FILE)?.map(PathBuf::from),
        region: environment::text(REGION)?,
        secret_id: environment::text(SECRET_ID)?,
        secret_key: environment::text(SECRET_KEY)?.map(SecretKey::new),
        token: environment::text(TOKEN)?.map(SessionToken::new),
    })
}

/// The profile of this name. One that is named must be there; the usual one may be missing, and so may the file.
pub(crate) fn read(name: Option<&str>) -> Result<Profile> {
    match path()? {
        Some(path) => read_from(&path, name),
        None if name.is_none() => Ok(Profile::default()),
        None => Err(Misuse(format!("`{HOME}` is not set, so that there is no profile")).into()),
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

fn read_from(path: &Path, name: Option<&str>) -> Result<Profile> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && name.is_none() => {
            return Ok(Profile::default());
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    };
    let text = private_text(file, path)?;
    let mut profiles: BTreeMap<String, Profile> = toml::from_str(&text).map_err(|error| {
        // What the library says may quote a secret.
        let place = error.span().map_or(0, |span| line(&text, span.start));
        Misuse(format!(
            "line {place} of `{}` makes no sense: a profile is a table with some of endpoint, ca_file, region, \
             secret_id, secret_key and token, each a text",
            path.display(),
        ))
    })?;
    let Some(mut profile) = profiles.remove(name.unwrap_or(USUAL)) else {
        return match name {
            None => Ok(Profile::default()),
            Some(name) => Err(Misuse(format!("there is no profile `{name}` in `{}`", path.display())).into()),
        };
    };
    profile.ca_file = profile.ca_file.map(|file| beside(path, &file));
    Ok(profile)
}

fn private_text(file: File, path: &Path) -> Result<Zeroizing<String>> {
    let unreadable = || format!("cannot read `{}`", path.display());
    let mode = file.metadata().with_context(unreadable)?.mode();
    if mode & 0o077 != 0 {
        return Err(Misuse(format!(
            "`{0}` may be used by others than its owner (mode {1:o}): `chmod 600 {0}`",
            path.display(),
            mode & 0o777
        ))
        .into());
    }
    let length = file.metadata().with_context(unreadable)?.len().min(MAX_BYTES) + 1;
    // With all its room at once: text that grows leaves pieces of itself behind.
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(length)?));
    file.take(MAX_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(unreadable)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(Misuse(format!("`{}` is larger than 1 MiB", path.display())).into());
    }
    Ok(text)
}

/// The number of the line that this byte is in.
fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before.iter().filter(|&&byte| byte == b'\n').count() + 1
}

fn beside(path: &Path, file: &Path) -> PathBuf {
    path.parent()
        .map_or_else(|| file.to_owned(), |folder| folder.join(file))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const FILE: &str = r#"
[default]
endpoint = "http://127.0.0.1:9000"
secret_id = "AKID1"
secret_key = "s"

[work]
endpoint = "https://store.example.org"
ca_file = "ca.pem"
region = "ap-shanghai"
secret_id = "AKID2"
secret_key = "t"
token = "u"
"#;

    fn with(text: &str, mode: u32, name: Option<&str>) -> Result<Profile, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles.toml");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        read_from(&path, name).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn profiles_by_name() {
        let usual = with(FILE, 0o600, None).unwrap();
        assert_eq!(usual.secret_id.as_deref(), Some("AKID1"));
        assert_eq!((usual.token, usual.ca_file), (None, None));
        let work = with(FILE, 0o400, Some("work")).unwrap();
        assert_eq!(work.endpoint.as_deref(), Some("https://store.example.org"));
        assert!(work.ca_file.unwrap().is_absolute());
        assert_eq!(with("", 0o600, None), Ok(Profile::default()));
        assert_eq!(
            read_from(Path::new("/nonexistent/p"), None).unwrap(),
            Profile::default()
        );
        assert!(read_from(Path::new("/nonexistent/p"), Some("work")).is_err());
    }

    #[test]
    fn files_that_are_refused() {
        let check = |text: &str, mode, name, expected: &str| {
            let error = with(text, mode, name).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("hidden"), "{error}");
        };
        check(FILE, 0o644, None, "(mode 644)");
        check(FILE, 0o620, None, "(mode 620)");
        check(FILE, 0o600, Some("home"), "there is no profile `home`");
        check("[default]\nsecret-key = \"hidden\"", 0o600, None, "line 2");
        check("[default]\nsecret_key = hidden", 0o600, None, "line 2");
        check("secret_key = \"hidden\"", 0o600, None, "line 1");
        check(
            &" ".repeat(MAX_BYTES as usize + 1),
            0o600,
            None,
            "larger than 1 MiB",
        );
        assert!(with(&" ".repeat(MAX_BYTES as usize), 0o600, None).is_ok());
    }

    #[test]
    fn secrets_are_not_shown() {
        let profile = with(FILE, 0o600, Some("work")).unwrap();
        let shown = format!("{profile:?}");
        assert!(!shown.contains("\"t\"") && !shown.contains("\"u\""), "{shown}");
    }
}
