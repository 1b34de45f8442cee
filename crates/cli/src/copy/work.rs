//! Copies being made, several at once.
//!
//! What fails is told at once and does not stop the others, unless the server is out of reach, or cannot be believed:
//! then nothing else would go better.

use std::collections::BTreeMap;
use std::io::stdin;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow};
use daypass_api::names::{BucketName, ObjectKey};
use daypass_client::{Error, ObjectClient, Observer, Transfer, request};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;

use super::item::{Item, Route, Target};
use super::mirror::{self, Mirror, Surplus};
use super::plan::{Folders, Plan, Step};
use super::stored::make_way;
use super::{Alike, Disposal};
use crate::output::{self, json_line, printable};
use crate::progress::Progress;
use crate::quantity::shown_bytes;
use crate::remote::RemoteObject;
use crate::report::{self, Misuse, Tally};
use crate::{cat, interrupt, rm};

/// Most objects that one request removes.
const MAX_REMOVED_AT_ONCE: usize = 1000;

/// Copies being made.
pub(super) struct Work {
    client: ObjectClient,
    transfer: Transfer,
    disposal: Disposal,
    /// Where one folder is made like another.
    alike: Option<Alike>,
    watch: Arc<Watch>,
}

/// What is known while bytes move.
struct Watch {
    progress: Progress,
    bytes: AtomicI64,
}

impl Observer for Watch {
    fn expect(&self, bytes: u64) {
        self.progress.expect(bytes);
    }

    fn moved(&self, bytes: i64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.progress.moved(bytes);
    }
}

/// What has become of one step.
enum End {
    Done,
    /// The target has it already.
    Same,
    Skipped,
    Failed(anyhow::Error),
    /// Nothing else would go better.
    Hopeless(anyhow::Error),
}

impl Work {
    pub(super) fn new(
        client: ObjectClient,
        transfer: Transfer,
        disposal: Disposal,
        alike: Option<Alike>,
    ) -> Result<Self> {
        let watch = Arc::new(Watch {
            progress: Progress::new(),
            bytes: AtomicI64::new(0),
        });
        let observer = Arc::clone(&watch);
        Ok(Self {
            client,
            transfer: transfer.with_observer(observer).with_stop(interrupt::stop()?),
            disposal,
            alike,
            watch,
        })
    }

    /// Prints what would be copied.
    pub(super) async fn show(self, plan: Plan, as_json: bool) -> Result<()> {
        let line = |item: &Item| match as_json {
            true => json_line(&item.json()),
            false => format!("{}\n", printable(&item.to_string())),
        };
        let folders = match plan {
            Plan::One(item) => return output::write(line(&item).as_bytes()),
            Plan::Many(folders) => folders,
        };
        let mut tally = Tally::default();
        let mirror = self.mirror(&folders).await?;
        let mut steps = folders.steps(&self.client);
        while let Some(step) = self
            .transfer
            .stop()
            .or(async { Ok(steps.try_next().await) })
            .await??
        {
            match step {
                Step::Copy(item) => {
                    if !has(mirror.as_ref(), &item).await? {
                        output::write(line(&item).as_bytes())?;
                        tally.done += 1;
                    }
                }
                Step::Skipped => tally.skipped += 1,
                Step::Failed(error) => {
                    report::one_of_many(&error);
                    tally.fail(&error);
                }
            }
        }
        for surplus in self.surplus(mirror.as_ref(), &tally)? {
            output::write(surplus.line(as_json).as_bytes())?;
        }
        tally.outcome(self.verb())
    }

    /// Makes the copies.
    pub(super) async fn perform(self, plan: Plan, as_json: bool) -> Result<()> {
        let mut tally = Tally::default();
        let outcome = match plan {
            Plan::One(item) => self.one(&item).await.map(|()| tally.done = 1),
            Plan::Many(folders) => self.many(folders, &mut tally).await,
        };
        self.watch.progress.clear();
        tally.bytes = u64::try_from(self.watch.bytes.load(Ordering::Relaxed)).unwrap_or(0);
        if as_json {
            let mut line = json!({
                "done": tally.done, "failed": tally.failed, "skipped": tally.skipped, "bytes": tally.bytes,
            });
            if let (Some(_), Some(line)) = (self.alike, line.as_object_mut()) {
                line.insert("same".to_owned(), tally.same.into());
                line.insert("removed".to_owned(), tally.removed.into());
            }
            output::write(json_line(&line).as_bytes())?;
        }
        outcome?;
        tally.outcome(self.verb())
    }

    async fn many(&self, folders: Folders, tally: &mut Tally) -> Result<()> {
        let stop = self.transfer.stop();
        let mirror = stop.or(async { Ok(self.mirror(&folders).await) }).await??;
        let mirror = mirror.as_ref();
        let mut ends = folders
            .steps(&self.client)
            .take_while(|_| std::future::ready(!stop.is_stopped()))
            .map(|step| self.step(step, mirror))
            .buffer_unordered(self.transfer.most_files());
        let mut hopeless = None;
        while let Some(end) = ends.next().await {
            match end {
                End::Done => tally.done += 1,
                End::Same => tally.same += 1,
                End::Skipped => tally.skipped += 1,
                // What was stopped is not told one by one.
                End::Failed(_) if stop.is_stopped() => {}
                End::Hopeless(_) if stop.is_stopped() => {}
                End::Failed(error) => {
                    self.watch.progress.aside(|| report::one_of_many(&error));
                    tally.fail(&error);
                }
                End::Hopeless(error) => {
                    hopeless = Some(error);
                    // Those that are under way tidy up.
                    stop.stop();
                }
            }
            self.watch.progress.say(format!("{} done", tally.done));
        }
        match hopeless {
            Some(error) => Err(error),
            None if stop.is_stopped() => Err(Error::Stopped.into()),
            None => {
                let surplus = self.surplus(mirror, tally)?;
                self.remove_surplus(surplus, tally).await?;
                self.say(tally);
                Ok(())
            }
        }
    }

    async fn mirror(&self, folders: &Folders) -> Result<Option<Mirror>> {
        match self.alike {
            Some(alike) => Mirror::new(&self.client, folders, alike.by_checksum)
                .await
                .map(Some),
            None => Ok(None),
        }
    }

    /// What is to be removed at the target, now that the source has been gone through.
    fn surplus(&self, mirror: Option<&Mirror>, tally: &Tally) -> Result<Vec<Surplus>> {
        let (Some(mirror), Some(alike)) = (mirror, self.alike) else {
            return Ok(Vec::new());
        };
        if !alike.deletes {
            return Ok(Vec::new());
        }
        if tally.failed > 0 {
            report::note("nothing is removed, since not everything could be copied");
            return Ok(Vec::new());
        }
        let surplus = mirror.surplus()?;
        if !surplus.is_empty() && mirror.source_is_empty() && !alike.allows_empty {
            return Err(Misuse(
                "the source is empty, and everything at the target would be removed: --allow-empty says that it is meant"
                    .to_owned(),
            )
            .into());
        }
        Ok(surplus)
    }

    async fn remove_surplus(&self, surplus: Vec<Surplus>, tally: &mut Tally) -> Result<()> {
        let mut keys: BTreeMap<BucketName, Vec<ObjectKey>> = BTreeMap::new();
        for one in surplus {
            match one {
                Surplus::Object(object) => keys.entry(object.bucket).or_default().push(object.key),
                Surplus::File(path) => {
                    let removed = std::fs::remove_file(&path);
                    match removed.with_context(|| format!("cannot remove `{}`", path.display())) {
                        Ok(()) => tally.removed += 1,
                        Err(error) => {
                            report::one_of_many(&error);
                            tally.fail(&error);
                        }
                    }
                }
            }
        }
        for (bucket, keys) in keys {
            for page in keys.chunks(MAX_REMOVED_AT_ONCE) {
                let mut removed = Tally::default();
                rm::remove(&self.client, &bucket, page.to_vec(), &mut removed).await?;
                tally.removed += removed.done;
                tally.fail_with(&removed);
            }
        }
        Ok(())
    }

    /// A word at the end, for people.
    fn say(&self, tally: &Tally) {
        self.watch.progress.clear();
        if tally.skipped > 0 {
            let skipped = tally.skipped;
            report::note(&format!(
                "{skipped} left out: symbolic links (--follow-symlinks follows them), pipes or devices"
            ));
        }
        let bytes = self.watch.bytes.load(Ordering::Relaxed);
        let bytes = shown_bytes(u64::try_from(bytes).unwrap_or(0));
        let mut text = format!("{} {}, {bytes}", tally.done, self.verb());
        if self.alike.is_some() {
            text.push_str(&format!("; {} the same, {} removed", tally.same, tally.removed));
        }
        report::for_people(&text);
    }

    fn verb(&self) -> &'static str {
        match self.disposal {
            Disposal::Keep => "copied",
            Disposal::Remove => "moved",
        }
    }

    async fn step(&self, step: Result<Step>, mirror: Option<&Mirror>) -> End {
        let outcome = match step {
            Ok(Step::Skipped) => return End::Skipped,
            Ok(Step::Failed(error)) => Err(error),
            Ok(Step::Copy(item)) => match has(mirror, &item).await {
                Ok(true) => return End::Same,
                Ok(false) => self.one(&item).await,
                Err(error) => Err(error),
            },
            Err(error) => return End::Hopeless(error),
        };
        match outcome {
            Ok(()) => End::Done,
            Err(error) if report::is_hopeless(&error) => End::Hopeless(error),
            Err(error) => End::Failed(error),
        }
    }

    async fn one(&self, item: &Item) -> Result<()> {
        let (client, transfer) = (&self.client, &self.transfer);
        match &item.route {
            Route::Receive(object) => {
                let put = request::put_object(&object.bucket, &object.key);
                let stored = client.upload_from(put, stdin(), transfer).await;
                stored.map(|_| ()).with_context(|| cannot("store", object))
            }
            Route::Show(object) => {
                let progress = |bytes: usize| self.watch.moved(i64::try_from(bytes).unwrap_or(i64::MAX));
                let shown = cat::write(client, object, None, transfer.stop(), progress).await;
                shown.with_context(|| cannot("read", object))
            }
            Route::Upload(path, object) => self.upload(path, object).await,
            Route::Download(object, target) => {
                self.download(object, target).await?;
                match (self.alike, item.modified) {
                    (Some(_), Some(modified)) => {
                        let path = target.path();
                        let set = mirror::set_time(&path, modified);
                        set.with_context(|| format!("cannot set the time of `{}`", path.display()))
                    }
                    _ => Ok(()),
                }
            }
            Route::Copy(from, to) => self.copy(from, to).await,
        }
    }

    async fn upload(&self, path: &Path, object: &RemoteObject) -> Result<()> {
        let before = state(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let put = request::put_object(&object.bucket, &object.key);
        let stored = self.client.upload_file(put, path, &self.transfer).await;
        stored.with_context(|| format!("cannot store `{}` as `{}`", path.display(), object.key))?;
        if self.disposal == Disposal::Keep {
            return Ok(());
        }
        let kept = || format!("`{}` is copied, but not removed", path.display());
        if state(path).with_context(kept)? != before {
            return Err(anyhow!("it has changed meanwhile").context(kept()));
        }
        std::fs::remove_file(path).with_context(kept)
    }

    async fn download(&self, object: &RemoteObject, target: &Target) -> Result<()> {
        if let Target::Below {
            folder,
            path,
            is_folder,
            follows_links,
        } = target
        {
            make_way(folder, path, *is_folder, *follows_links).with_context(|| cannot("write", object))?;
            if *is_folder {
                return self.remove(object).await;
            }
        }
        let path = target.path();
        let read = request::read_object(&object.bucket, &object.key);
        let written = self.client.download_file(read, &path, &self.transfer).await;
        written.with_context(|| format!("cannot copy `{}` to `{}`", object.key, path.display()))?;
        self.remove(object).await
    }

    async fn copy(&self, from: &RemoteObject, to: &RemoteObject) -> Result<()> {
        let copy = request::copy_object((&from.bucket, &from.key), (&to.bucket, &to.key));
        let copied = self.client.copy(copy, &self.transfer).await;
        copied.with_context(|| format!("cannot copy `{from}` to `{to}`"))?;
        self.remove(from).await
    }

    /// Removes the source of a copy that is complete, when it is a move.
    async fn remove(&self, object: &RemoteObject) -> Result<()> {
        if self.disposal == Disposal::Keep {
            return Ok(());
        }
        let removed = self.client.delete_object(&object.bucket, &object.key).await;
        removed.with_context(|| format!("`{object}` is copied, but not removed"))
    }
}

/// Whether the target has it already, where that is asked.
async fn has(mirror: Option<&Mirror>, item: &Item) -> Result<bool> {
    match mirror {
        Some(mirror) => mirror.has(item).await,
        None => Ok(false),
    }
}

fn cannot(verb: &str, object: &RemoteObject) -> String {
    format!("cannot {verb} `{}`", object.key)
}

/// What shows that a file has changed.
fn state(path: &Path) -> std::io::Result<(u64, Option<SystemTime>)> {
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.len(), metadata.modified().ok()))
}
