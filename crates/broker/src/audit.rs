//! The trail of what was handed out: one line of JSON for each answer that is about a key, without secrets and tokens.
//!
//! The line is written before the answer leaves. Where it cannot be written, no key leaves: a key of which nothing tells
//! whose it is could not be found again. The file is bounded: at its bound it makes room by becoming `<file>.1`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use daypass_api::Timestamp;
use serde::Serialize;

use crate::StartError;
use crate::settings::{AuditSettings, SettingsError};

/// Least bound of the file.
const LEAST_BYTES: u64 = 4096;

/// One answer.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) time: String,
    pub(crate) request_id: &'a str,
    pub(crate) peer: String,
    pub(crate) endpoint: &'a str,
    /// How the caller is known.
    pub(crate) caller: Option<&'a str>,
    pub(crate) user: Option<&'a str>,
    pub(crate) template: Option<&'a str>,
    /// `minted`, `cached`, or why not.
    pub(crate) outcome: &'a str,
    /// TmpSecretId of what was handed out.
    pub(crate) key: Option<&'a str>,
    pub(crate) expires: Option<i64>,
    /// The object that the key is for, where it is for one.
    pub(crate) object: Option<&'a str>,
}

/// Where the lines go.
pub(crate) enum Trail {
    Stderr,
    File(Mutex<Bounded>),
}

pub(crate) struct Bounded {
    path: PathBuf,
    file: File,
    size: u64,
    most: u64,
}

impl Trail {
    pub(crate) fn open(settings: &AuditSettings) -> Result<Self, StartError> {
        if settings.max_bytes < LEAST_BYTES {
            return Err(SettingsError::value("audit.max_bytes", "it is less than 4096").into());
        }
        let Some(path) = &settings.file else {
            return Ok(Self::Stderr);
        };
        let opened = Bounded::open(path, settings.max_bytes).map_err(|source| StartError::Audit {
            path: path.display().to_string(),
            source,
        })?;
        Ok(Self::File(Mutex::new(opened)))
    }

    /// Writes a line.
    pub(crate) fn write(&self, line: &Line<'_>) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        match self {
            Self::Stderr => io::stderr().lock().write_all(text.as_bytes()),
            Self::File(file) => file.lock().unwrap_or_else(PoisonError::into_inner).write(&text),
        }
    }
}

impl Bounded {
    fn open(path: &Path, most: u64) -> io::Result<Self> {
        let file = append(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            size,
            most,
        })
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        let length = text.len() as u64;
        if self.size > 0 && self.size.saturating_add(length) > self.most {
            let mut old = self.path.clone().into_os_string();
            old.push(".1");
            std::fs::rename(&self.path, old)?;
            self.file = append(&self.path)?;
            self.size = 0;
        }
        // One call for the whole line, so that lines of two processes do not mix.
        self.file.write_all(text.as_bytes())?;
        self.size = self.size.saturating_add(length);
        Ok(())
    }
}

/// Readable by its owner only: it says who uses the application, and when.
fn append(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

/// The time of a line.
pub(crate) fn time(now: Timestamp) -> String {
    now.iso_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(request_id: &str) -> Line<'_> {
        Line {
            time: time(Timestamp::from_unix_seconds(1_700_000_000)),
            request_id,
            peer: "127.0.0.1".to_owned(),
            endpoint: "sts",
            caller: Some("oidc"),
            user: Some("ann"),
            template: Some("t"),
            outcome: "minted",
            key: Some("AKIDa"),
            expires: Some(1_700_001_800),
            object: None,
        }
    }

    #[test]
    fn the_file_is_bounded_and_keeps_what_came_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let settings = AuditSettings {
            file: Some(path.clone()),
            max_bytes: LEAST_BYTES,
        };
        let trail = Trail::open(&settings).unwrap();
        for index in 0..30 {
            trail.write(&line(&index.to_string())).unwrap();
        }
        let text = |path: &Path| std::fs::read_to_string(path).unwrap();
        let (now, before) = (text(&path), text(&folder.path().join("audit.jsonl.1")));
        assert!(now.len() <= 4096 && before.len() <= 4096);
        assert!(now.ends_with('\n') && now.contains(r#""request_id":"29""#));
        for kept in before.lines().chain(now.lines()) {
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(kept).unwrap()["user"],
                "ann"
            );
        }
        drop(trail);
        Trail::open(&settings).unwrap().write(&line("again")).unwrap();
        assert!(text(&path).contains("again") && text(&path).starts_with(now.lines().next().unwrap()));
    }

    #[test]
    fn what_cannot_be_written_is_told() {
        let settings = |path: &str| AuditSettings {
            file: Some(path.into()),
            max_bytes: LEAST_BYTES,
        };
        assert!(
            Trail::open(&settings("/dev/full"))
                .unwrap()
                .write(&line("1"))
                .is_err()
        );
        assert!(Trail::open(&settings("/nowhere/audit")).is_err());
        let too_small = AuditSettings {
            file: None,
            max_bytes: LEAST_BYTES - 1,
        };
        assert!(Trail::open(&too_small).is_err());
    }
}
