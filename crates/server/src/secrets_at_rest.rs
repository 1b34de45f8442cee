//! The files that hold secrets: the master key, and the root credentials that were generated.
//!
//! Both are made with mode 0600 and synced, with their directory, before anything relies on them.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use daypass_api::names::{AccessKeyId, Account};
use daypass_api::secret::SecretKey;
use daypass_token::{MasterKey, MasterKeys};
use zeroize::Zeroizing;

use crate::{StartError, private_file};

const MASTER_KEY_FILE: &str = "master.key";
const NEXT_MASTER_KEY_FILE: &str = "master.next";
const ROOT_CREDENTIALS_FILE: &str = "root-credentials.json";

/// Master keys as they are given to the server, each as text.
#[derive(Clone, Copy, Default)]
pub struct GivenKeys<'a> {
    /// Without it the files in the data directory count.
    pub current: Option<&'a str>,
    /// The one that it takes the place of, if it does.
    pub previous: Option<&'a str>,
}

/// The files of a data directory that hold its master key, and the one that is to come while one is exchanged.
#[derive(Clone, Debug)]
pub(crate) struct KeyFiles {
    current: PathBuf,
    next: PathBuf,
}

impl KeyFiles {
    pub(crate) fn new(data: &Path) -> Self {
        Self {
            current: data.join(MASTER_KEY_FILE),
            next: data.join(NEXT_MASTER_KEY_FILE),
        }
    }

    /// The key that is to come, if an exchange was begun and not ended.
    pub(crate) fn unfinished(&self) -> Option<&Path> {
        self.next.exists().then_some(&self.next)
    }

    /// What the files hold.
    pub(crate) fn read(&self) -> Result<MasterKeys, StartError> {
        let current = MasterKeys::new(read_key(&self.current)?);
        match read_key(&self.next) {
            Ok(next) => Ok(current.succeeded_by(next)),
            Err(StartError::MasterKeyMissing(_)) => Ok(current),
            Err(error) => Err(error),
        }
    }

    /// Writes down the key that is to come.
    pub(crate) fn write_next(&self, key: &MasterKey) -> Result<(), StartError> {
        write_key(&self.next, key)
    }

    /// Gives up the key that was to come; nothing may be wrapped under it.
    pub(crate) fn withdraw_next(&self) -> Result<(), StartError> {
        private_file::remove(&self.next).map_err(|error| StartError::file(&self.next, error))
    }

    /// Puts the key in the place of the older one. Where this is cut off, both files are there or only the right one.
    pub(crate) fn promote(&self, key: &MasterKey) -> Result<(), StartError> {
        write_key(&self.current, key)?;
        self.withdraw_next()
    }
}

/// The master key: from the texts that were given, or from its file, which is made when it is not there.
///
/// On a data directory that is not empty a missing file is refused: a fresh key would open nothing.
pub(crate) fn master_keys(
    data: &Path,
    given: GivenKeys<'_>,
    is_new: bool,
    random: [u8; 32],
) -> Result<MasterKeys, StartError> {
    match stored_master_keys(data, given) {
        Err(StartError::MasterKeyMissing(path)) if is_new => {
            let key = MasterKey::new(&random);
            write_key(&path, &key)?;
            Ok(MasterKeys::new(key))
        }
        other => other,
    }
}

/// The same without ever making one.
pub(crate) fn stored_master_keys(data: &Path, given: GivenKeys<'_>) -> Result<MasterKeys, StartError> {
    let parse = |text| MasterKey::parse(text).map_err(|_| StartError::GivenMasterKeyMalformed);
    match (given.current, given.previous) {
        (None, None) => KeyFiles::new(data).read(),
        (None, Some(_)) => Err(StartError::PreviousMasterKeyAlone),
        (Some(current), None) => Ok(MasterKeys::new(parse(current)?)),
        (Some(current), Some(previous)) => {
            Ok(MasterKeys::new(parse(previous)?).succeeded_by(parse(current)?))
        }
    }
}

fn read_key(path: &Path) -> Result<MasterKey, StartError> {
    match std::fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => {
            refuse_if_readable_by_others(path)?;
            MasterKey::parse(&text).map_err(|_| StartError::MasterKeyMalformed(path.to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(StartError::MasterKeyMissing(path.to_owned()))
        }
        Err(error) => Err(StartError::file(path, error)),
    }
}

fn write_key(path: &Path, key: &MasterKey) -> Result<(), StartError> {
    let text = Zeroizing::new(format!("{}\n", key.expose().as_str()));
    write_private(path, &text)
}

/// Writes down credentials that nobody has seen yet.
pub(crate) fn write_root_credentials(
    data: &Path,
    account: Account,
    id: &AccessKeyId,
    secret: &SecretKey,
) -> Result<(), StartError> {
    let text = Zeroizing::new(format!(
        "{{\n  \"secretId\": \"{id}\",\n  \"secretKey\": \"{}\",\n  \"appid\": {},\n  \"ownerUin\": \"{}\"\n}}\n",
        secret.expose(),
        account.app_id,
        account.owner_uin
    ));
    write_private(&data.join(ROOT_CREDENTIALS_FILE), &text)
}

fn refuse_if_readable_by_others(path: &Path) -> Result<(), StartError> {
    let mode = std::fs::metadata(path)
        .map_err(|error| StartError::file(path, error))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(StartError::MasterKeyExposed(path.to_owned()));
    }
    Ok(())
}

fn write_private(path: &Path, text: &str) -> Result<(), StartError> {
    private_file::write(path, text, private_file::PRIVATE).map_err(|error| StartError::file(path, error))
}

/// Refuses secrets that anybody would try first.
pub(crate) fn refuse_weak(id: &AccessKeyId, secret: &SecretKey) -> Result<(), StartError> {
    const LEAST_LENGTH: usize = 16;
    const LEAST_DISTINCT: usize = 8;
    const KNOWN: [&str; 7] = [
        "password",
        "secret",
        "minioadmin",
        "12345678",
        "abcdefgh",
        "changeme",
        "qwertyui",
    ];
    let text = secret.expose();
    let mut distinct: Vec<char> = text.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let lower = text.to_ascii_lowercase();
    let mostly_known = KNOWN
        .iter()
        .any(|known| lower.starts_with(known) && lower.len() < known.len() + LEAST_LENGTH);
    if text.len() < LEAST_LENGTH || distinct.len() < LEAST_DISTINCT || text == id.as_str() || mostly_known {
        return Err(StartError::WeakSecret);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_secrets_are_refused() {
        let id = AccessKeyId::parse("AKIDexample0123456789").unwrap();
        let check = |secret: &str, good: bool| {
            assert_eq!(
                refuse_weak(&id, &SecretKey::new(secret.to_owned())).is_ok(),
                good,
                "{secret}"
            );
        };
        check("n5XkQ0dTz8VwLr2m", true);
        check("n5XkQ0dTz8VwLr2", false);
        check("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false);
        check("minioadminminioadmin", false);
        check("password12345678", false);
        check("AKIDexample0123456789", false);
    }

    fn keys(data: &Path, is_new: bool) -> Result<MasterKeys, StartError> {
        master_keys(data, GivenKeys::default(), is_new, [7 + u8::from(is_new); 32])
    }

    #[test]
    fn given_keys() {
        let data = tempfile::tempdir().unwrap();
        let (one, two) = ("01".repeat(32), "02".repeat(32));
        let given = |current, previous| stored_master_keys(data.path(), GivenKeys { current, previous });
        assert!(!given(Some(&one), None).unwrap().are_two());
        let both = given(Some(&one), Some(&two)).unwrap();
        assert_eq!((both.are_two(), both.current().expose().as_str()), (true, &*one));
        let refused = |current, previous| given(current, previous).unwrap_err().to_string();
        assert!(refused(None, Some(&two)).contains("previous"));
        assert!(refused(Some(&one), Some("x")).contains("64 hex digits"));
    }

    #[test]
    fn the_master_key_is_made_once_and_kept_private() {
        let data = tempfile::tempdir().unwrap();
        let made = keys(data.path(), true).unwrap();
        let read = keys(data.path(), false).unwrap();
        assert_eq!(*made.current().expose(), *read.current().expose());
        let path = data.path().join(MASTER_KEY_FILE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            keys(data.path(), false),
            Err(StartError::MasterKeyExposed(_))
        ));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(
            keys(data.path(), false),
            Err(StartError::MasterKeyMissing(_))
        ));
    }
}
