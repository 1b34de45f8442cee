//! From two sides to the copies that are meant.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use daypass_api::outcome::ObjectSummary;
use daypass_client::ObjectClient;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};

use super::Disposal;
use super::item::{Item, Route, Target};
use super::local::{Found, Walk};
use super::place::{Place, file_named_after, last_part, named_after};
use super::stored::{Collisions, objects, relative_path};
use crate::output::printable;
use crate::pattern::Selection;
use crate::remote::{Remote, RemoteError};
use crate::report::Misuse;

/// What is asked for.
pub(super) struct Request {
    pub(super) source: Place,
    pub(super) target: Place,
    pub(super) disposal: Disposal,
    pub(super) selection: Selection,
    pub(super) follow_symlinks: bool,
}

/// What to do.
#[derive(Debug)]
pub(super) enum Plan {
    /// One copy.
    One(Item),
    /// All of a folder.
    Many(Folders),
}

/// From which folder to which.
#[derive(Debug)]
pub(super) struct Folders {
    ends: Ends,
    selection: Selection,
    follows_links: bool,
}

#[derive(Debug)]
enum Ends {
    Upload(PathBuf, Remote),
    Download(Remote, PathBuf),
    Copy(Remote, Remote),
}

/// One step of a copy of many.
#[derive(Debug)]
pub(super) enum Step {
    /// A copy to make.
    Copy(Item),
    /// Something that cannot be copied.
    Failed(anyhow::Error),
    /// Something that is left out without being asked for.
    Skipped,
}

impl Request {
    /// One copy.
    pub(super) fn one(self) -> Result<Plan, Misuse> {
        let removes = self.disposal == Disposal::Remove;
        let route = match (self.source, self.target) {
            (Place::Standard, _) | (_, Place::Standard) if removes => {
                return misuse("`-` cannot be moved: copy it");
            }
            (Place::Store(source), Place::Store(target)) => {
                let target = named_after(Some(last_part(&source.path)), target)?;
                let (source, target) = (object(source)?, object(target)?);
                if source == target {
                    return misuse("source and target are the same object");
                }
                Route::Copy(source, target)
            }
            (Place::Standard, Place::Store(target)) => Route::Receive(object(named_after(None, target)?)?),
            (Place::File(path), Place::Store(target)) => {
                if path.is_dir() {
                    let path = path.display();
                    return misuse(&format!(
                        "`{path}` is a folder: --recursive copies what is below it"
                    ));
                }
                let name = path.file_name().and_then(|name| name.to_str());
                let target = object(named_after(name, target)?)?;
                Route::Upload(path, target)
            }
            (Place::Store(source), Place::Standard) => Route::Show(object(source)?),
            (Place::Store(source), Place::File(path)) => {
                let source = object(source)?;
                let path = file_named_after(source.key.as_str(), &path)?;
                Route::Download(source, Target::File(path))
            }
            (Place::Standard | Place::File(_), Place::Standard | Place::File(_)) => return nothing_stored(),
        };
        Ok(Plan::One(Item {
            route,
            length: None,
            modified: None,
        }))
    }

    /// Everything below a folder.
    pub(super) fn many(self) -> Result<Plan, Misuse> {
        let ends = match (self.source, self.target) {
            (Place::Store(source), Place::Store(target)) => {
                let (source, target) = (source.folder(), target.folder());
                // What was copied would be found again, and copied again.
                if source.bucket == target.bucket && target.path.starts_with(&source.path) {
                    return misuse("the target is inside the source");
                }
                Ends::Copy(source, target)
            }
            (Place::File(path), Place::Store(target)) => {
                if !path.is_dir() {
                    let path = path.display();
                    return misuse(&format!("`{path}` is not a folder: leave --recursive out"));
                }
                Ends::Upload(path, target.folder())
            }
            (Place::Store(source), Place::File(path)) => {
                if path.exists() && !path.is_dir() {
                    return misuse(&format!("`{}` is not a folder", path.display()));
                }
                Ends::Download(source.folder(), path)
            }
            (Place::Standard, _) | (_, Place::Standard) => return misuse("`-` is not a folder"),
            (Place::File(_), Place::File(_)) => return nothing_stored(),
        };
        Ok(Plan::Many(Folders {
            ends,
            selection: self.selection,
            follows_links: self.follow_symlinks,
        }))
    }
}

impl Folders {
    /// Which names below the folder are meant.
    pub(super) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The target, where it is in the store.
    pub(super) fn target_in_store(&self) -> Option<&Remote> {
        match &self.ends {
            Ends::Upload(_, target) | Ends::Copy(_, target) => Some(target),
            Ends::Download(..) => None,
        }
    }

    /// The target, where it is on this machine.
    pub(super) fn target_folder(&self) -> Option<&Path> {
        match &self.ends {
            Ends::Download(_, folder) => Some(folder),
            Ends::Upload(..) | Ends::Copy(..) => None,
        }
    }

    /// The steps as they are found. An error ends them: what comes after it is not known.
    pub(super) fn steps(self, client: &ObjectClient) -> BoxStream<'static, Result<Step>> {
        let Self {
            ends,
            selection,
            follows_links,
        } = self;
        match ends {
            Ends::Upload(folder, target) => {
                let found = Walk::new(folder, follows_links);
                let steps = found.filter_map(move |found| upload(found, &target, &selection));
                stream::iter(steps.map(Ok)).boxed()
            }
            Ends::Download(source, folder) => {
                let mut collisions = Collisions::default();
                let (bucket, prefix) = (source.bucket.clone(), source.path.clone());
                below(client, source, selection)
                    .map(move |found| {
                        let (object, rest) = found?;
                        let from = Remote {
                            bucket: bucket.clone(),
                            path: format!("{prefix}{rest}"),
                        };
                        let item = download(from, &rest, &object, &folder, follows_links);
                        Ok(item
                            .and_then(|item| not_in_the_way(&mut collisions, &rest, item))
                            .into())
                    })
                    .boxed()
            }
            Ends::Copy(source, target) => {
                let from = source.clone();
                below(client, source, selection)
                    .map(move |found| {
                        let (object, rest) = found?;
                        Ok(copy(&from, &target, &rest, &object).into())
                    })
                    .boxed()
            }
        }
    }
}

impl From<Result<Item>> for Step {
    fn from(item: Result<Item>) -> Self {
        item.map_or_else(Self::Failed, Self::Copy)
    }
}

/// The objects below a folder that are meant, and the rest of the key of each.
pub(super) fn below(
    client: &ObjectClient,
    folder: Remote,
    selection: Selection,
) -> impl Stream<Item = Result<(ObjectSummary, String)>> + Send + use<> {
    let prefix = folder.path.clone();
    objects(client, folder).filter_map(move |object| {
        let found = object.map(|object| {
            let rest = object.key.as_str().strip_prefix(&prefix).unwrap_or_default();
            // The folder's own key is nothing below it.
            let is_meant = !rest.is_empty() && selection.takes(rest);
            let rest = rest.to_owned();
            is_meant.then_some((object, rest))
        });
        std::future::ready(found.transpose())
    })
}

fn upload(found: Result<Found>, target: &Remote, selection: &Selection) -> Option<Step> {
    let (path, name, length, modified) = match found {
        Ok(Found::File {
            path,
            name,
            length,
            modified,
        }) => (path, name, length, modified),
        Ok(Found::Skipped) => return Some(Step::Skipped),
        Err(error) => return Some(Step::Failed(error)),
    };
    let Some(name) = name.to_str() else {
        let path = path.display();
        return Some(Step::Failed(anyhow!(
            "the name of `{path}` is not UTF-8, as keys are"
        )));
    };
    if !selection.takes(name) {
        return None;
    }
    let item = child(target, name).object().map(|object| Item {
        route: Route::Upload(path, object),
        length: Some(length),
        modified: Some(modified),
    });
    Some(
        item.map_err(|error| anyhow!("cannot store `{}`: {error}", printable(name)))
            .into(),
    )
}

fn download(
    from: Remote,
    rest: &str,
    object: &ObjectSummary,
    folder: &Path,
    follows_links: bool,
) -> Result<Item> {
    let path = relative_path(rest).map_err(|error| {
        anyhow!(
            "the object `{}` is not written anywhere: {error}",
            printable(&from.path)
        )
    })?;
    let is_folder = rest.ends_with('/');
    if is_folder && object.length > 0 {
        let key = printable(&from.path);
        return Err(anyhow!(
            "the object `{key}` is named like a folder, and is not empty"
        ));
    }
    Ok(Item {
        route: Route::Download(
            from.object()?,
            Target::Below {
                folder: folder.to_owned(),
                path,
                is_folder,
                follows_links,
            },
        ),
        length: Some(object.length),
        modified: Some(object.last_modified),
    })
}

fn not_in_the_way(collisions: &mut Collisions, rest: &str, item: Item) -> Result<Item> {
    let Some(file) = collisions.next(rest) else {
        return Ok(item);
    };
    let (file, rest) = (printable(file), printable(rest));
    Err(anyhow!(
        "the object `{rest}` is not written anywhere: there is an object `{file}`, and one name cannot be file and folder"
    ))
}

fn copy(source: &Remote, target: &Remote, rest: &str, object: &ObjectSummary) -> Result<Item> {
    let to = child(target, rest).object();
    let to = to.map_err(|error| anyhow!("cannot copy `{}`: {error}", printable(rest)))?;
    Ok(Item {
        route: Route::Copy(child(source, rest).object()?, to),
        length: Some(object.length),
        modified: Some(object.last_modified),
    })
}

fn child(folder: &Remote, rest: &str) -> Remote {
    Remote {
        bucket: folder.bucket.clone(),
        path: format!("{}{rest}", folder.path),
    }
}

fn object(remote: Remote) -> Result<crate::remote::RemoteObject, Misuse> {
    remote
        .object()
        .map_err(|error: RemoteError| Misuse(error.to_string()))
}

fn misuse<T>(text: &str) -> Result<T, Misuse> {
    Err(Misuse(text.to_owned()))
}

fn nothing_stored<T>() -> Result<T, Misuse> {
    misuse("one side must be in the store, as in cos://photos-1250000000/key")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(source: &str, target: &str, disposal: Disposal) -> Request {
        let place = |text: &str| Place::parse(text.into()).unwrap();
        Request {
            source: place(source),
            target: place(target),
            disposal,
            selection: Selection::default(),
            follow_symlinks: false,
        }
    }

    fn check(source: &str, target: &str, expected: Result<&str, &str>) {
        let shown = match request(source, target, Disposal::Keep).one() {
            Ok(Plan::One(item)) => Ok(item.to_string()),
            Ok(Plan::Many(_)) => panic!("one was asked for"),
            Err(Misuse(text)) => Err(text),
        };
        match (shown, expected) {
            (Ok(shown), Ok(expected)) => assert_eq!(shown, expected),
            (Err(text), Err(expected)) => assert!(text.contains(expected), "{text}"),
            (shown, _) => panic!("{source} {target}: {shown:?}"),
        }
    }

    #[test]
    fn single_copies() {
        check("a.jpg", "cos://b-1/k", Ok("a.jpg -> cos://b-1/k"));
        check("x/a.jpg", "cos://b-1/dir/", Ok("x/a.jpg -> cos://b-1/dir/a.jpg"));
        check("x/a.jpg", "cos://b-1", Ok("x/a.jpg -> cos://b-1/a.jpg"));
        check("./-", "cos://b-1/", Ok("./- -> cos://b-1/-"));
        check("-", "cos://b-1/k", Ok("- -> cos://b-1/k"));
        check("cos://b-1/k", "-", Ok("cos://b-1/k -> -"));
        check("cos://b-1/k", "missing/", Ok("cos://b-1/k -> missing/k"));
        check(
            "cos://b-1/d/k",
            "cos://c-1/e/",
            Ok("cos://b-1/d/k -> cos://c-1/e/k"),
        );
        check("cos://b-1/../k", "cos://b-1", Ok("cos://b-1/../k -> cos://b-1/k"));
    }

    #[test]
    fn copies_that_make_no_sense() {
        check("-", "cos://b-1/dir/", Err("has no name"));
        check("..", "cos://b-1", Err("is a folder"));
        check("cos://b-1/", "x", Err("the key is missing"));
        check("cos://b-1/k", "cos://b-1", Err("the same object"));
        check("cos://b-1/d/", "cos://c-1/", Err("has no name"));
        check("a", "b", Err("one side must be in the store"));
        check("-", "-", Err("one side must be in the store"));
        assert!(request("-", "cos://b-1/k", Disposal::Remove).one().is_err());
        assert!(request("cos://b-1/k", "-", Disposal::Remove).one().is_err());
    }

    #[test]
    fn folders() {
        let check = |source: &str, target: &str, good| {
            let outcome = request(source, target, Disposal::Keep).many();
            assert_eq!(outcome.is_ok(), good, "{source} {target}: {outcome:?}");
        };
        check(".", "cos://b-1", true);
        check("missing", "cos://b-1", false);
        check("cos://b-1", "missing", true);
        check("cos://b-1", "Cargo.toml", false);
        check("cos://b-1/p", "cos://c-1", true);
        check("cos://b-1/p", "cos://b-1/pq", true);
        check("cos://b-1/p", "cos://b-1", true);
        check("cos://b-1/p", "cos://b-1/p/q", false);
        check("cos://b-1", "cos://b-1/q", false);
        check("cos://b-1/p", "cos://b-1/p/", false);
        check("-", "cos://b-1", false);
        check(".", ".", false);
    }
}
