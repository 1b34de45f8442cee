//! One copy.

use std::fmt;
use std::path::PathBuf;

use daypass_api::Timestamp;
use serde_json::{Value as Json, json};

use crate::remote::RemoteObject;

/// One copy: from where to where, and how long it is where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) route: Route,
    pub(super) length: Option<u64>,
    /// When the source was changed last, where that is known.
    pub(super) modified: Option<Timestamp>,
}

/// From where to where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Standard input to an object.
    Receive(RemoteObject),
    /// An object to standard output.
    Show(RemoteObject),
    /// A file to an object.
    Upload(PathBuf, RemoteObject),
    /// An object to a file.
    Download(RemoteObject, Target),
    /// An object to another.
    Copy(RemoteObject, RemoteObject),
}

/// The file that an object goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// One that was named.
    File(PathBuf),
    /// One below a folder, which it must not leave; an empty object may stand for a folder.
    Below {
        folder: PathBuf,
        path: PathBuf,
        is_folder: bool,
        follows_links: bool,
    },
}

impl Target {
    /// Whether it is to be a folder, which an empty object stands for.
    pub(super) fn is_folder(&self) -> bool {
        matches!(self, Self::Below { is_folder: true, .. })
    }

    pub(super) fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Below { folder, path, .. } => folder.join(path),
        }
    }
}

impl Item {
    fn ends(&self) -> (String, String) {
        let standard = || "-".to_owned();
        match &self.route {
            Route::Receive(to) => (standard(), to.to_string()),
            Route::Show(from) => (from.to_string(), standard()),
            Route::Upload(from, to) => (from.display().to_string(), to.to_string()),
            Route::Download(from, to) => (from.to_string(), to.path().display().to_string()),
            Route::Copy(from, to) => (from.to_string(), to.to_string()),
        }
    }

    pub(super) fn json(&self) -> Json {
        let (from, to) = self.ends();
        json!({ "from": from, "to": to, "bytes": self.length })
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = self.ends();
        write!(f, "{from} -> {to}")
    }
}
