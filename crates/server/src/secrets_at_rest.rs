//! The files that hold secrets: the master key, and the root credentials that were generated.
//!
//! Both are made with mode 0600 and synced, with their directory, before anything relies on them.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use daypass_api::names::{AccessKeyId, Account};
use daypass_api::secret::SecretKey;
use daypass_token::MasterKey;

use crate::{StartError, private_file};

const MASTER_KEY_FILE: &str = "master.key";
const ROOT_CREDENTIALS_FILE: &str = "root-credentials.json";

/// The master key: from the text that was given, or from its file, which is made when it is not there.
///
/// On a data directory that is not empty a missing file is refused: a fresh key would open nothing.
pub(crate) fn master_key(
    data: &Path,
    given: Option<&str>,
    is_new: bool,
    random: [u8; 32],
) -> Result<MasterKey, StartError> {
    match stored_master_key(data, given) {
        Err(StartError::MasterKeyMissing(path)) if is_new => {
            let key = MasterKey::new(&random);
            write_private(&path, &format!("{}\n", key.expose().as_str()))?;
            Ok(key)
        }
        other => other,
    }
}

/// The same without ever making one.
pub(crate) fn stored_master_key(data: &Path, given: Option<&str>) -> Result<MasterKey, StartError> {
    if let Some(text) = given {
        return MasterKey::parse(text).map_err(|_| StartError::GivenMasterKeyMalformed);
    }
    let path = data.join(MASTER_KEY_FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            refuse_if_readable_by_others(&path)?;
            MasterKey::parse(&text).map_err(|_| StartError::MasterKeyMalformed(path.clone()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StartError::MasterKeyMissing(path)),
        Err(error) => Err(StartError::file(&path, error)),
    }
}

/// Writes down credentials that nobody has seen yet.
pub(crate) fn write_root_credentials(
    data: &Path,
    account: Account,
    id: &AccessKeyId,
    secret: &SecretKey,
) -> Result<(), StartError> {
    let text = format!(
        "{{\n  \"secretId\": \"{id}\",\n  \"secretKey\": \"{}\",\n  \"appid\": {},\n  \"ownerUin\": \"{}\"\n}}\n",
        secret.expose(),
        account.app_id,
        account.owner_uin
    );
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

    #[test]
    fn the_master_key_is_made_once_and_kept_private() {
        let data = tempfile::tempdir().unwrap();
        let made = master_key(data.path(), None, true, [7; 32]).unwrap();
        let read = master_key(data.path(), None, false, [8; 32]).unwrap();
        assert_eq!(*made.expose(), *read.expose());
        let path = data.path().join(MASTER_KEY_FILE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            master_key(data.path(), None, false, [8; 32]),
            Err(StartError::MasterKeyExposed(_))
        ));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(
            master_key(data.path(), None, false, [8; 32]),
            Err(StartError::MasterKeyMissing(_))
        ));
    }
}
