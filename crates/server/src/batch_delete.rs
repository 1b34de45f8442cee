//! Removing many objects: those that were allowed, one by one, and for each a line of the answer.

use daypass_api::operation::{DeleteEntry, DeleteObjects};
use daypass_api::outcome::{DeleteReport, DeletedEntry};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_store::View;

use crate::service::Service;

impl Service {
    /// Removes what `allowed` says may be removed, in the order of the entries. Where nothing may be, the store is
    /// not asked, and the caller does not learn whether there is such a bucket.
    pub(crate) async fn delete_objects(
        &self,
        view: View,
        delete: DeleteObjects,
        allowed: &[bool],
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let DeleteObjects {
            bucket,
            quiet,
            entries,
        } = delete;
        let judged: Vec<_> = entries
            .into_iter()
            .enumerate()
            .map(|(place, entry)| (refusal(&entry, allowed.get(place).copied()), entry))
            .collect();
        let is_free = |(refusal, _): &&(Option<ErrorCode>, DeleteEntry)| refusal.is_none();
        let keys: Vec<_> = judged
            .iter()
            .filter(is_free)
            .map(|(_, entry)| entry.key.clone())
            .collect();
        let mut removed = match keys.is_empty() {
            true => Vec::new(),
            false => self.store.delete_objects(view, &bucket, keys, now).await?,
        }
        .into_iter();
        let entries = judged.into_iter().map(|(refusal, entry)| {
            let error = match refusal {
                Some(code) => Some(Error::new(code)),
                None => removed
                    .next()
                    .unwrap_or(Err(ErrorCode::InternalError.into()))
                    .err(),
            };
            DeletedEntry { entry, error }
        });
        Ok(Outcome::ObjectsDeleted(DeleteReport {
            quiet,
            entries: entries.collect(),
        }))
    }
}

/// Why an entry is left as it is. INVARIANT: what was not judged is not allowed.
fn refusal(entry: &DeleteEntry, allowed: Option<bool>) -> Option<ErrorCode> {
    match (allowed, entry.version_id.as_deref()) {
        (None | Some(false), _) => Some(ErrorCode::AccessDenied),
        // Without versioning every object has the one version `null`.
        (Some(true), None | Some("null")) => None,
        (Some(true), Some(_)) => Some(ErrorCode::NoSuchVersion),
    }
}

#[cfg(test)]
mod tests {
    use daypass_api::names::ObjectKey;

    use super::*;

    #[test]
    fn what_is_left() {
        let check = |version: Option<&str>, allowed, expected| {
            let entry = DeleteEntry {
                key: ObjectKey::parse(b"k").unwrap(),
                version_id: version.map(str::to_owned),
            };
            assert_eq!(refusal(&entry, allowed), expected, "{version:?} {allowed:?}");
        };
        check(None, Some(true), None);
        check(Some("null"), Some(true), None);
        check(Some("v1"), Some(true), Some(ErrorCode::NoSuchVersion));
        check(Some("v1"), Some(false), Some(ErrorCode::AccessDenied));
        check(None, Some(false), Some(ErrorCode::AccessDenied));
        check(None, None, Some(ErrorCode::AccessDenied));
    }
}
