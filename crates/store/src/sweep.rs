//! Removing stored bytes that nothing shows any more. See `metadata::blob_life` for why each step is safe.
//!
//! One sweep does a bounded amount of each of four steps: intents that are too old are given up, contents that
//! were replaced or aborted lose their references, blobs without references become dead, and blobs that have
//! been dead for the grace time are removed. A step that fails is counted and left for the next sweep. Several
//! gateways may sweep at once; they only do some work twice.

use std::time::Duration;

use bytes::Bytes;
use daypass_api::{Error, Timestamp};
use daypass_blob::BlobId;
use daypass_kv::{Batch, KeyRange};
use daypass_metadata::blob_life::{self, Intent};
use daypass_metadata::keys::{self, ContentId, DataId};
use daypass_metadata::object::ManifestRecord;
use futures_util::future::join_all;

use crate::objects::read_part;
use crate::view::decoded;
use crate::{Store, View, fault};

/// How much is done at once, so that the key-value engine can make many batches durable together.
const AT_ONCE: usize = 32;
/// Parts whose references one batch removes.
const PARTS_PER_BATCH: usize = 1000;

/// What one sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Intents that were too old.
    pub intents_abandoned: usize,
    /// Batches of references of replaced or aborted contents that were removed.
    pub references_released: usize,
    /// Blobs that were found to have no reference.
    pub blobs_marked: usize,
    /// Blobs that were removed for good.
    pub blobs_removed: usize,
    /// Bytes of the blobs that were removed, as far as their lengths could be read.
    pub bytes_freed: u64,
    /// Steps that failed, and will be tried again.
    pub failures: usize,
    /// Whether a step had more to do than the limit allowed.
    pub more: bool,
}

/// What became of one step.
enum Step {
    Done,
    /// Somebody else was faster, or it is not needed any more.
    Skipped,
}

impl Store {
    /// Does up to `limit` of each step. A blob is removed `grace` after it was found dead; readers that began
    /// before have this long to finish.
    pub async fn sweep(&self, now: Timestamp, grace: Duration, limit: usize) -> Result<SweepReport, Error> {
        let mut report = SweepReport::default();
        report.intents_abandoned = self.abandon_stale_intents(now, limit, &mut report).await?;
        report.references_released = self.release_retired(now, limit, &mut report).await?;
        report.blobs_marked = self.bury_unreferenced(now, limit, &mut report).await?;
        report.blobs_removed = self.remove_dead(now, grace, limit, &mut report).await?;
        Ok(report)
    }

    async fn abandon_stale_intents(
        &self,
        now: Timestamp,
        limit: usize,
        report: &mut SweepReport,
    ) -> Result<usize, Error> {
        let before = keys::intent(earlier(now, self.options.stale_intent), DataId([0; 16]));
        let range = KeyRange::prefix(keys::intents()).before(before);
        let mut done = 0;
        for page in self.page(range, limit, report).await?.chunks(AT_ONCE) {
            let steps = page
                .iter()
                .filter_map(|(key, _)| keys::intent_of_key(key))
                .map(|(created, id)| async move { self.step(Intent { created, id }.abandon(now)).await });
            done += report.count(join_all(steps).await);
        }
        Ok(done)
    }

    async fn release_retired(
        &self,
        now: Timestamp,
        limit: usize,
        report: &mut SweepReport,
    ) -> Result<usize, Error> {
        let mut done = 0;
        for (key, _) in self
            .page(KeyRange::prefix(keys::retired_contents()), limit, report)
            .await?
        {
            let Some(content) = keys::holder_of_retired(&key) else {
                continue;
            };
            while done < limit {
                match self.release_some(content, now).await {
                    Ok(Some(batches)) => done += batches,
                    Ok(None) => break,
                    Err(_) => {
                        report.failures += 1;
                        break;
                    }
                }
            }
        }
        report.more |= done >= limit;
        Ok(done)
    }

    /// Removes some references of a content; none when the content is forgotten.
    async fn release_some(&self, content: ContentId, now: Timestamp) -> Result<Option<usize>, Error> {
        let view = self.view().await?;
        if let Some((key, value)) = view
            .first(KeyRange::prefix(keys::manifests(content)), 1)
            .await?
            .pop()
        {
            let chunk: ManifestRecord = decoded(&value)?;
            self.commit(blob_life::release_manifest(key, &chunk, content, now))
                .await?;
            return Ok(Some(1));
        }
        let parts = view
            .first(KeyRange::prefix(keys::parts(content)), PARTS_PER_BATCH)
            .await?;
        if parts.is_empty() {
            self.commit(blob_life::forget_content(content)).await?;
            return Ok(None);
        }
        let read = |(key, value): (Bytes, Bytes)| read_part(&key, value).map(|(_, part)| (key, part));
        let parts = parts.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        self.commit(blob_life::release_parts(&parts, content, now))
            .await?;
        Ok(Some(1))
    }

    async fn bury_unreferenced(
        &self,
        now: Timestamp,
        limit: usize,
        report: &mut SweepReport,
    ) -> Result<usize, Error> {
        let mut done = 0;
        let range = KeyRange::prefix(keys::unreferenced_data());
        for page in self.page(range, limit, report).await?.chunks(AT_ONCE) {
            let view = self.view().await?;
            let steps = page.iter().filter_map(|(key, _)| keys::data_of_unreferenced(key));
            let steps = steps.map(|id| self.bury(&view, id, now));
            done += report.count(join_all(steps).await);
        }
        Ok(done)
    }

    async fn bury(&self, view: &View, id: DataId, now: Timestamp) -> Result<Step, Error> {
        match view.first(KeyRange::prefix(keys::references(id)), 1).await?.pop() {
            None => self.step(blob_life::bury(id, now)).await,
            Some((reference, _)) => self
                .step(blob_life::keep(id, reference))
                .await
                .map(|_| Step::Skipped),
        }
    }

    async fn remove_dead(
        &self,
        now: Timestamp,
        grace: Duration,
        limit: usize,
        report: &mut SweepReport,
    ) -> Result<usize, Error> {
        let until = keys::past(&keys::dead(earlier(now, grace), DataId([u8::MAX; 16])));
        let range = KeyRange::prefix(keys::deads()).before(until);
        let mut done = 0;
        for page in self.page(range, limit, report).await?.chunks(AT_ONCE) {
            let steps = page.iter().filter_map(|(key, _)| keys::dead_of_key(key));
            let steps = steps.map(|(since, id)| self.remove(since, id));
            let removed = join_all(steps).await;
            report.bytes_freed += removed.iter().flatten().map(|(_, bytes)| bytes).sum::<u64>();
            let steps = removed.into_iter().map(|step| step.map(|(step, _)| step));
            done += report.count(steps.collect());
        }
        Ok(done)
    }

    /// Removes a dead blob, and tells how many bytes it had.
    async fn remove(&self, since: Timestamp, id: DataId) -> Result<(Step, u64), Error> {
        let blob = BlobId::from_bytes(id.0);
        // A blob that was never finished has none, and a damaged one has to go all the same.
        let bytes = self.blobs.length(blob).await.unwrap_or_default();
        self.blobs.delete(blob).await.map_err(fault::blob)?;
        let step = self.step(blob_life::forget_dead(since, id)).await?;
        Ok(match step {
            Step::Done => (Step::Done, bytes),
            Step::Skipped => (Step::Skipped, 0),
        })
    }

    async fn page(
        &self,
        range: KeyRange,
        limit: usize,
        report: &mut SweepReport,
    ) -> Result<Vec<(Bytes, Bytes)>, Error> {
        let page = self.view().await?.first(range, limit).await?;
        report.more |= page.len() >= limit;
        Ok(page)
    }

    async fn step(&self, batch: Batch) -> Result<Step, Error> {
        Ok(if self.commit(batch).await? {
            Step::Done
        } else {
            Step::Skipped
        })
    }
}

impl SweepReport {
    fn count(&mut self, steps: Vec<Result<Step, Error>>) -> usize {
        self.failures += steps.iter().filter(|step| step.is_err()).count();
        steps.iter().filter(|step| matches!(step, Ok(Step::Done))).count()
    }
}

fn earlier(now: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_millis(now.unix_millis().saturating_sub(by))
}
