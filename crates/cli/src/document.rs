//! Policy documents from a file or from standard input.
//!
//! Only that it is a JSON object is checked here, since a file name typed wrong is best noticed before it is sent;
//! what the document means is the server's to judge.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;

/// Largest document that is read, in bytes: the largest body of a call.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads a document from a file, or from standard input when the name is `-`.
pub(crate) fn read(path: &Path) -> Result<String> {
    let text = read_any(path)?;
    check(&text).with_context(|| format!("the policy `{}` is not a JSON object", path.display()))?;
    Ok(text)
}

/// Reads a text that may turn out to be no document.
pub(crate) fn read_any(path: &Path) -> Result<String> {
    read_text(path).with_context(|| format!("cannot read the policy `{}`", path.display()))
}

/// Reads a text, in the same bounds.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    if path.as_os_str() == "-" {
        take(stdin().lock())
    } else {
        File::open(path).map_err(anyhow::Error::from).and_then(take)
    }
}

fn take(from: impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("it is larger than 1 MiB");
    }
    String::from_utf8(bytes).context("it is not UTF-8")
}

fn check(text: &str) -> Result<()> {
    match serde_json::from_str(text)? {
        Json::Object(_) => Ok(()),
        _ => bail!("it does not begin with `{{`"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::repeat;

    use super::*;

    #[test]
    fn documents() {
        check("{\"version\":\"2.0\"}").unwrap();
        for text in ["", "version: 2.0", "[]", "{} {}", "\"{}\""] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bounds() {
        assert_eq!(
            take(repeat(b' ').take(MAX_BYTES)).unwrap().len() as u64,
            MAX_BYTES
        );
        assert!(take(repeat(b' ').take(MAX_BYTES + 1)).is_err());
        assert!(take(&b"\xff"[..]).is_err());
        let error = read(Path::new("/nonexistent/policy.json")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read the policy `/nonexistent/policy.json`"
        );
    }
}
