//! Secrets that are given in files of their own, since no file of settings holds one.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use daypass_api::secret::SecretText;
use zeroize::Zeroizing;

/// Far longer than any secret.
const MAX_BYTES: u64 = 4096;

/// The text of a secret's file, without the line's end; one that other users can read is refused.
pub(crate) fn read(path: &Path) -> Result<SecretText> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("`{shown}` could not be read"))?;
    let about = file
        .metadata()
        .with_context(|| format!("`{shown}` could not be read"))?;
    if about.permissions().mode() & 0o077 != 0 {
        bail!("`{shown}` can be read by other users: set its mode to 0600");
    }
    let mut text = Zeroizing::new(String::new());
    let read = file.take(MAX_BYTES + 1).read_to_string(&mut text);
    let length = read.with_context(|| format!("`{shown}` could not be read"))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if length as u64 > MAX_BYTES || secret.is_empty() || secret.contains(char::is_whitespace) {
        bail!("`{shown}` should hold one secret on one line, and nothing else");
    }
    Ok(SecretText::new(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let check = |text: &[u8], mode: u32, expected: Result<&str, &str>| {
            let _ = std::fs::remove_file(&path);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            match (read(&path), expected) {
                (Ok(read), Ok(expected)) => assert_eq!(read.expose(), expected),
                (Err(error), Err(expected)) => {
                    let error = format!("{error:#}");
                    assert!(error.contains(expected), "{error}");
                    assert!(!error.contains("canary"), "{error}");
                }
                (read, _) => panic!("{read:?}"),
            }
        };
        check(b"canary\n", 0o600, Ok("canary"));
        check(b"canary", 0o400, Ok("canary"));
        check(b"canary\r\n", 0o600, Ok("canary"));
        check(b"canary", 0o640, Err("set its mode"));
        check(b"canary", 0o604, Err("set its mode"));
        check(b"", 0o600, Err("one secret"));
        check(b"canary\ncanary\n", 0o600, Err("one secret"));
        check(b"canary \n", 0o600, Err("one secret"));
        check(b"\xffcanary", 0o600, Err("could not be read"));
        check(&[b'a'; 4096], 0o600, Ok(&"a".repeat(4096)));
        check(&[b'a'; 4097], 0o600, Err("one secret"));
        assert!(read(folder.path()).is_err());
        assert!(read(&folder.path().join("none")).is_err());
    }
}
