//! Settings that stand outside a program: a section of the profile file, or the environment in the same form.
//!
//! The file is TOML, a table for each profile. It may hold secrets, and is refused when anybody but its owner may read
//! it. What it says that is not known is an error: a setting spelled wrong would otherwise be ignored without a word.
//! The environment is read by the program, which hands in how.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daypass_api::names::AccessKeyId;
use daypass_api::outcome::SessionToken;
use daypass_api::secret::SecretKey;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::credentials::{Credentials, CredentialsProvider, Fixed, ProcessKeys, Refreshing, UserServerKeys};
use crate::endpoint::EndpointError;

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;
/// The profile that counts when none is named.
const USUAL: &str = "default";

/// Names of environment variables: for each setting ours, and the one that programs of Tencent Cloud read.
mod variable {
    pub(super) const ENDPOINT: &[&str] = &["DAYPASS_ENDPOINT"];
    pub(super) const CA_FILE: &[&str] = &["DAYPASS_CA_FILE"];
    pub(super) const REGION: &[&str] = &["DAYPASS_REGION", "TENCENTCLOUD_REGION"];
    pub(super) const OURS: [&str; 3] = ["DAYPASS_SECRET_ID", "DAYPASS_SECRET_KEY", "DAYPASS_TOKEN"];
    pub(super) const THEIRS: [&str; 3] = [
        "TENCENTCLOUD_SECRET_ID",
        "TENCENTCLOUD_SECRET_KEY",
        "TENCENTCLOUD_SESSION_TOKEN",
    ];
}

/// Settings of one source. Secrets are hidden in `Debug`, and wiped on drop.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Where the server is.
    pub endpoint: Option<String>,
    /// File of the authorities to trust; in a file of profiles relative to its folder.
    pub ca_file: Option<PathBuf>,
    /// The region that calls name.
    pub region: Option<String>,
    /// The key to sign with.
    pub secret_id: Option<String>,
    /// Its secret.
    #[serde(default, deserialize_with = "secret_key")]
    pub secret_key: Option<SecretKey>,
    /// The token of a temporary key.
    #[serde(default, deserialize_with = "token")]
    pub token: Option<SessionToken>,
    /// A program with its arguments that writes a temporary key, as JSON, to its standard output.
    pub credential_process: Option<Vec<String>>,
    /// The address of a user server that answers a temporary key, as JSON.
    pub user_server: Option<String>,
    /// What the user server is shown as `Authorization: Bearer`.
    #[serde(default, deserialize_with = "token")]
    pub user_server_token: Option<SessionToken>,
}

/// Why a profile cannot be used. None of the texts has a secret in it.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("cannot read `{}`", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others than its owner may use the file.
    #[error("`{0}` may be used by others than its owner (mode {mode:o}): `chmod 600 {0}`", .path.display())]
    Shared {
        /// Which file.
        path: PathBuf,
        /// Who may.
        mode: u32,
    },
    /// The file is larger than any list of profiles.
    #[error("`{}` is larger than 1 MiB", .0.display())]
    TooLarge(PathBuf),
    /// A line is not what a profile has.
    #[error(
        "line {line} of `{}` makes no sense: a profile is a table with some of endpoint, ca_file, region, secret_id, \
         secret_key, token, credential_process, user_server and user_server_token, each a text, and credential_process \
         a list of them",
        .path.display()
    )]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Which line.
        line: usize,
    },
    /// A profile that was named is not there.
    #[error("there is no profile `{name}` in `{}`", .path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
        /// Which profile.
        name: String,
    },
    /// A key lacks something.
    #[error("`{0}` is not set")]
    Incomplete(&'static str),
    /// A key has something that no key has.
    #[error("`{0}` holds what no key has: letters, digits, `-` and `_` are expected")]
    Unusable(&'static str),
    /// Keys come from two places.
    #[error("of a key, `credential_process` and `user_server` only one may be said")]
    Ambiguous,
    /// The address of a user server is not one.
    #[error("`user_server` is no address: {0}")]
    UserServer(EndpointError),
}

impl Profile {
    /// What the environment says. A key comes from one family of variables as a whole, ours before that of Tencent Cloud.
    pub fn of_environment<E>(read: impl Fn(&str) -> Result<Option<String>, E>) -> Result<Self, E> {
        let first = |names: &[&str]| {
            let mut said = names.iter().map(|name| read(name));
            said.try_fold(None, |found: Option<String>, next| Ok(found.or(next?)))
        };
        let [ours, theirs] = [variable::OURS, variable::THEIRS]
            .map(|[id, secret, token]| Ok([read(id)?, read(secret)?, read(token)?]));
        let (ours, theirs) = (ours?, theirs?);
        let [secret_id, secret, token] = match ours.iter().any(Option::is_some) {
            true => ours,
            false => theirs,
        };
        Ok(Self {
            endpoint: first(variable::ENDPOINT)?,
            ca_file: first(variable::CA_FILE)?.map(PathBuf::from),
            region: first(variable::REGION)?,
            secret_id,
            secret_key: secret.map(SecretKey::new),
            token: token.map(SessionToken::new),
            ..Self::default()
        })
    }

    /// The profile of this name in a file. One that is named must be there; the usual one, `default`, may be missing, and
    /// so may the file.
    pub fn read(path: &Path, name: Option<&str>) -> Result<Self, ProfileError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && name.is_none() => {
                return Ok(Self::default());
            }
            Err(source) => return Err(unreadable(path)(source)),
        };
        let text = private_text(file, path)?;
        // What the library says may quote a secret.
        let mut profiles: BTreeMap<String, Self> =
            toml::from_str(&text).map_err(|error| ProfileError::Malformed {
                path: path.to_owned(),
                line: error.span().map_or(0, |span| line(&text, span.start)),
            })?;
        let Some(mut profile) = profiles.remove(name.unwrap_or(USUAL)) else {
            return match name {
                None => Ok(Self::default()),
                Some(name) => Err(ProfileError::Missing {
                    path: path.to_owned(),
                    name: name.to_owned(),
                }),
            };
        };
        profile.ca_file = profile.ca_file.map(|file| beside(path, &file));
        Ok(profile)
    }

    /// Whether there is a key in it, or a piece of one, or a place that gives some.
    pub fn names_a_key(&self) -> bool {
        self.has_key() || self.credential_process.is_some() || self.user_server.is_some()
    }

    fn has_key(&self) -> bool {
        self.secret_id.is_some() || self.secret_key.is_some() || self.token.is_some()
    }

    /// Where its keys come from; nothing where it says nothing of any.
    pub fn provider(&self) -> Result<Option<Arc<dyn CredentialsProvider>>, ProfileError> {
        match (&self.credential_process, &self.user_server) {
            (None, None) if !self.has_key() => Ok(None),
            (None, None) => Ok(Some(Arc::new(Fixed(Arc::new(self.credentials()?))))),
            (Some(command), None) if !self.has_key() => {
                let (program, arguments) = command
                    .split_first()
                    .ok_or(ProfileError::Incomplete("credential_process"))?;
                Ok(Some(Arc::new(Refreshing::new(ProcessKeys::new(
                    program, arguments,
                )))))
            }
            (None, Some(url)) if !self.has_key() => {
                let keys = UserServerKeys::new(url).map_err(ProfileError::UserServer)?;
                let keys = match &self.user_server_token {
                    Some(token) => keys.with_bearer(token.expose()),
                    None => keys,
                };
                Ok(Some(Arc::new(Refreshing::new(keys))))
            }
            _ => Err(ProfileError::Ambiguous),
        }
    }

    /// The key in it.
    fn credentials(&self) -> Result<Credentials, ProfileError> {
        let [id_name, secret_name, token_name] = variable::OURS;
        let id = self.secret_id.as_ref().ok_or(ProfileError::Incomplete(id_name))?;
        let secret = self
            .secret_key
            .clone()
            .ok_or(ProfileError::Incomplete(secret_name))?;
        let no_token = |token: &SessionToken| !token.expose().bytes().all(|byte| byte.is_ascii_graphic());
        // What no header can carry is refused here, where its name is known; neither secret nor token is shown.
        if self.token.as_ref().is_some_and(no_token) {
            return Err(ProfileError::Unusable(token_name));
        }
        Ok(Credentials {
            secret_id: AccessKeyId::parse(id).map_err(|_| ProfileError::Unusable(id_name))?,
            secret_key: secret,
            token: self.token.clone(),
        })
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

fn unreadable(path: &Path) -> impl Fn(io::Error) -> ProfileError {
    move |source| ProfileError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

fn private_text(file: File, path: &Path) -> Result<Zeroizing<String>, ProfileError> {
    let metadata = file.metadata().map_err(unreadable(path))?;
    if metadata.mode() & 0o077 != 0 {
        return Err(ProfileError::Shared {
            path: path.to_owned(),
            mode: metadata.mode() & 0o777,
        });
    }
    // With all its room at once: text that grows leaves pieces of itself behind.
    let room = usize::try_from(metadata.len().min(MAX_BYTES)).unwrap_or_default() + 1;
    let mut text = Zeroizing::new(String::with_capacity(room));
    file.take(MAX_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(unreadable(path))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(ProfileError::TooLarge(path.to_owned()));
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
        Profile::read(&path, name).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn profiles_by_name() {
        let usual = with(FILE, 0o600, None).unwrap();
        assert_eq!(usual.secret_id.as_deref(), Some("AKID1"));
        assert_eq!((usual.token, usual.ca_file), (None, None));
        let work = with(FILE, 0o400, Some("work")).unwrap();
        assert_eq!(work.endpoint.as_deref(), Some("https://store.example.org"));
        assert!(work.ca_file.unwrap().is_absolute());
        assert_eq!(with("", 0o600, None).unwrap(), Profile::default());
        assert_eq!(
            Profile::read(Path::new("/nonexistent/p"), None).unwrap(),
            Profile::default()
        );
        assert!(Profile::read(Path::new("/nonexistent/p"), Some("work")).is_err());
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

    fn environment(variables: &[(&str, &str)]) -> Profile {
        let read = |name: &str| {
            let found = variables.iter().find(|(other, _)| *other == name);
            Ok::<_, ()>(found.map(|(_, value)| (*value).to_owned()))
        };
        Profile::of_environment(read).unwrap()
    }

    #[test]
    fn a_key_comes_from_one_family_of_variables() {
        let theirs = [
            ("TENCENTCLOUD_SECRET_ID", "AKIDtheirs"),
            ("TENCENTCLOUD_SECRET_KEY", "s"),
            ("TENCENTCLOUD_SESSION_TOKEN", "t"),
            ("TENCENTCLOUD_REGION", "ap-shanghai"),
        ];
        let profile = environment(&theirs);
        assert_eq!(profile.secret_id.as_deref(), Some("AKIDtheirs"));
        assert_eq!(profile.region.as_deref(), Some("ap-shanghai"));
        assert!(profile.token.is_some());
        let both = [
            &theirs[..],
            &[
                ("DAYPASS_SECRET_ID", "AKIDours"),
                ("DAYPASS_REGION", "ap-beijing"),
            ],
        ]
        .concat();
        let profile = environment(&both);
        assert_eq!(profile.secret_id.as_deref(), Some("AKIDours"));
        assert_eq!(
            (profile.secret_key.is_some(), profile.token.is_some()),
            (false, false)
        );
        assert_eq!(profile.region.as_deref(), Some("ap-beijing"));
        assert!(!environment(&[("DAYPASS_ENDPOINT", "x")]).names_a_key());
        assert!(Profile::of_environment(|_| Err("not text")).is_err());
    }

    #[test]
    fn where_keys_come_from() {
        let check = |text: &str, expected: Result<bool, &str>| {
            let profile: Profile = toml::from_str(text).unwrap();
            let provider = profile.provider().map(|provider| provider.is_some());
            assert_eq!(
                provider.map_err(|error| error.to_string()),
                expected.map_err(str::to_owned),
                "{text}"
            );
        };
        let key = "secret_id = \"AKID1\"\nsecret_key = \"s\"\n";
        let process = "credential_process = [\"helper\", \"--for\", \"me\"]\n";
        let server = "user_server = \"https://app.example/sts\"\nuser_server_token = \"u\"\n";
        check("", Ok(false));
        for one in [key, process, server] {
            check(one, Ok(true));
        }
        let ambiguous = "of a key, `credential_process` and `user_server` only one may be said";
        for two in [[key, process], [process, server], [server, key]] {
            check(&two.concat(), Err(ambiguous));
        }
        check("secret_key = \"s\"", Err("`DAYPASS_SECRET_ID` is not set"));
        check(
            "secret_id = \"AKID1\"\ntoken = \"t\"",
            Err("`DAYPASS_SECRET_KEY` is not set"),
        );
        let no_key = "holds what no key has: letters, digits, `-` and `_` are expected";
        let unusable = |name: &str| format!("`{name}` {no_key}");
        check(
            "secret_id = \"a b\"\nsecret_key = \"s\"",
            Err(&unusable("DAYPASS_SECRET_ID")),
        );
        check(
            &format!("{key}token = \"a\\nb\""),
            Err(&unusable("DAYPASS_TOKEN")),
        );
        check("credential_process = []", Err("`credential_process` is not set"));
        check(
            "user_server = \"app.example\"",
            Err(
                "`user_server` is no address: an endpoint has the form `http://<host>[:<port>]` or \
                 `https://<host>[:<port>]`",
            ),
        );
    }
}
