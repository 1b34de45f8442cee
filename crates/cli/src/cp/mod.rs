//! `daypass cp`
//!
//! One of the two sides is in the store. Files and objects of any size are copied in constant memory; what arrives
//! is compared by checksum with what was sent, by the client below.

mod download;
mod input;
mod progress;
mod upload;

use std::ffi::OsString;
use std::future::Future;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::connection::ServerArguments;
use crate::remote::{Remote, RemoteError, RemoteObject, SCHEME};
use crate::report::Misuse;

/// Copy one file to the store, or one object from it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
One side is an object, the other a file or `-` for standard input or output. A target that ends with `/`, or is a \
directory, gets the name of the source. A file is replaced only when all of the object has arrived. Large files go \
in parts, several at once.

Examples:
  daypass cp cat.jpg cos://photos-1250000000/2026/
  daypass cp cos://photos-1250000000/2026/cat.jpg .
  tar c album | daypass cp - cos://photos-1250000000/album.tar
  daypass cp cos://photos-1250000000/album.tar - | tar t")]
pub struct Arguments {
    /// A file, `-`, or cos://<bucket>/<key>
    #[arg(value_name = "SRC", value_parser = OsStringValueParser::new().try_map(Place::parse))]
    source: Place,
    /// A file, a directory, `-`, or cos://<bucket>[/<key>]
    #[arg(value_name = "DST", value_parser = OsStringValueParser::new().try_map(Place::parse))]
    destination: Place,
    #[command(flatten)]
    server: ServerArguments,
}

/// One side of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Standard,
    File(PathBuf),
    Store(Remote),
}

/// A side that is not in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Local {
    Standard,
    File(PathBuf),
}

/// What to copy where.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Plan {
    Upload(Local, RemoteObject),
    Download(RemoteObject, Local),
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let plan = plan(arguments.source, arguments.destination)?;
    let client = arguments.server.objects()?;
    match plan {
        Plan::Upload(local, object) => upload::run(&client, &local, &object).await,
        Plan::Download(object, local) => unless_interrupted(download::run(&client, &object, &local)).await,
    }
}

/// Stops at an interrupt from the keyboard in good order, so that nothing half-done is left.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    }
}

impl Place {
    fn parse(text: OsString) -> Result<Self, RemoteError> {
        match text.to_str() {
            Some("-") => Ok(Self::Standard),
            Some(name) if name.starts_with(SCHEME) => Ok(Self::Store(name.parse()?)),
            _ => Ok(Self::File(text.into())),
        }
    }
}

fn plan(source: Place, destination: Place) -> Result<Plan, Misuse> {
    let misuse = |text: &str| Err(Misuse(text.to_owned()));
    let bad_key = |error: RemoteError| Misuse(error.to_string());
    match (source, destination) {
        (Place::Store(_), Place::Store(_)) => {
            misuse("one side must be a file or `-`: copying from object to object is not offered")
        }
        (Place::Standard, Place::Store(target)) => {
            if is_directory(&target) {
                return misuse(
                    "standard input has no name: name the object, as in cos://photos-1250000000/key",
                );
            }
            Ok(Plan::Upload(Local::Standard, target.object().map_err(bad_key)?))
        }
        (Place::File(path), Place::Store(target)) => {
            let target = named_after(&path, target)?;
            Ok(Plan::Upload(Local::File(path), target.object().map_err(bad_key)?))
        }
        (Place::Store(source), Place::Standard) => {
            Ok(Plan::Download(source.object().map_err(bad_key)?, Local::Standard))
        }
        (Place::Store(source), Place::File(path)) => Ok(Plan::Download(
            source.object().map_err(bad_key)?,
            Local::File(path),
        )),
        (Place::Standard | Place::File(_), Place::Standard | Place::File(_)) => {
            misuse("one side must be in the store, as in cos://photos-1250000000/key")
        }
    }
}

/// Whether the target stands for a place that takes the name of what is put there.
fn is_directory(target: &Remote) -> bool {
    target.path.is_empty() || target.path.ends_with('/')
}

fn named_after(path: &Path, target: Remote) -> Result<Remote, Misuse> {
    if !is_directory(&target) {
        return Ok(target);
    }
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| {
        Misuse(format!(
            "`{}` gives no name for a key: name the object",
            path.display()
        ))
    })?;
    Ok(Remote {
        path: format!("{}{name}", target.path),
        ..target
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, destination: &str, expected: Result<(Option<&str>, &str, Option<&str>), &str>) {
        let place = |text: &str| Place::parse(text.into()).unwrap();
        let local = |local: Local| match local {
            Local::Standard => "-".to_owned(),
            Local::File(path) => path.to_str().unwrap().to_owned(),
        };
        let outcome = plan(place(source), place(destination));
        let outcome = outcome.map(|plan| match plan {
            Plan::Upload(from, object) => (Some(local(from)), object.key.to_string(), None),
            Plan::Download(object, to) => (None, object.key.to_string(), Some(local(to))),
        });
        match (outcome, expected) {
            (Ok((from, key, to)), Ok(expected)) => {
                assert_eq!((from.as_deref(), key.as_str(), to.as_deref()), expected);
            }
            (Err(Misuse(text)), Err(expected)) => assert!(text.contains(expected), "{text}"),
            (outcome, _) => panic!("{source} {destination}: {outcome:?}"),
        }
    }

    #[test]
    fn uploads() {
        check("a.jpg", "cos://b-1/k", Ok((Some("a.jpg"), "k", None)));
        check(
            "x/a.jpg",
            "cos://b-1/dir/",
            Ok((Some("x/a.jpg"), "dir/a.jpg", None)),
        );
        check("x/a.jpg", "cos://b-1", Ok((Some("x/a.jpg"), "a.jpg", None)));
        check("./-", "cos://b-1/", Ok((Some("./-"), "-", None)));
        check("-", "cos://b-1/k", Ok((Some("-"), "k", None)));
        check("-", "cos://b-1/dir/", Err("standard input has no name"));
        check("..", "cos://b-1", Err("gives no name"));
    }

    #[test]
    fn downloads() {
        check("cos://b-1/k", "-", Ok((None, "k", Some("-"))));
        check("cos://b-1/dir/k", ".", Ok((None, "dir/k", Some("."))));
        check("cos://b-1/", "x", Err("the key is missing"));
    }

    #[test]
    fn neither() {
        check("a", "b", Err("one side must be in the store"));
        check("-", "-", Err("one side must be in the store"));
        check("cos://b-1/k", "cos://b-1/l", Err("is not offered"));
        assert!(Place::parse("cos://".into()).is_err());
        assert!(Place::parse("cos://photos/k".into()).is_err());
    }
}
