//! Holds a data directory against itself: every record is read, every relation between records looked up from both
//! sides, and every blob read block by block. What is found is told as it is found; nothing is ever changed.
//!
//! [`check`] works on any snapshot and any blobs; [`directory`] opens those of a data directory without changing a
//! byte. The way of a check:
//!
//! 1. `records`: all records but references and inline data in the order of their keys, each decoded and held
//!    against its key; what it points to is looked up. `buckets`, `objects` and `identities` know what that is.
//! 2. For each stretch of ids (see `claims`, where the memory is bounded): `held` joins what objects claim with
//!    inline data, manifests and parts, `life` with references, marks and blobs.
//!
//! It lives apart from `store`, which runs one operation at a time and trusts what it reads; here nothing is
//! trusted, secrets are opened and policies parsed, and damage is data and not an error. Whoever adds a space of
//! keys adds it to [`daypass_metadata::keys::StoredKey`], and the compiler leads here.

mod buckets;
mod claims;
pub mod directory;
mod finding;
mod held;
mod holders;
mod identities;
mod life;
mod objects;
mod providers;
mod records;
mod roles;
mod tallies;
mod walk;

use std::collections::BTreeMap;
use std::io;

use daypass_api::names::Uin;
use daypass_blob::{BlobError, Blobs};
use daypass_kv::{KvError, Snapshot};
use daypass_metadata::{FORMAT_VERSION, FormatRecord, Record, keys};
use daypass_token::MasterKeys;

use claims::{Stretch, Triple, walk_claims};
use tallies::Tallies;
use walk::Looked;

pub use finding::{Finding, Kind, Place, Severity, Summary};

/// How much is checked, and with how much memory.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Look only at the headers and lengths of blobs and leave out the checksums of the key-value file.
    pub quick: bool,
    /// How many claims and marks are held in memory at once, at 64 bytes each. With more objects than this, all
    /// objects are walked several times.
    pub claims_at_once: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            quick: false,
            claims_at_once: 2 * 1024 * 1024,
        }
    }
}

/// What a check is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The checksums of the key-value file; nobody counts them.
    Checksums,
    /// Records, counted one by one.
    Records,
    /// Blobs, in bytes.
    Blobs,
}

/// Told what a check finds, and how far it is.
pub trait Listener {
    /// Something was found.
    fn found(&mut self, finding: Finding);

    /// Something else begins; of so much, if that is known.
    fn begin(&mut self, stage: Stage, total: Option<u64>);

    /// So much more is done.
    fn advance(&mut self, done: u64);
}

/// Why a store cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The server, or another check, has it open.
    #[error("the data directory is in use: stop the server first")]
    InUse,
    /// There is nothing to check.
    #[error("`{0}` is not a data directory")]
    NotThere(String),
    /// The key-value file cannot be opened.
    #[error("the key-value file cannot be opened")]
    Metadata(#[source] daypass_kv::redb::OpenError),
    /// The blob directory cannot be opened.
    #[error("the blob directory cannot be opened")]
    Blobs(#[source] daypass_blob::local::OpenError),
    /// The layout is another program's, or a later one's.
    #[error("the data directory has layout {0}, which this program does not know")]
    UnknownLayout(u32),
    /// The key-value file failed half-way.
    #[error("the key-value file cannot be read")]
    Reading(#[from] KvError),
    /// The blobs could not be listed.
    #[error("the blobs cannot be listed")]
    Listing(#[source] BlobError),
    /// The file system failed.
    #[error("the data directory cannot be read")]
    Io(#[from] io::Error),
}

/// What is checked.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// All records.
    pub snapshot: &'a dyn Snapshot,
    /// All blobs.
    pub blobs: &'a dyn Blobs,
    /// The key that secrets are wrapped under, or both while one takes the place of the other; none if there is none,
    /// which is a finding if anything is wrapped.
    pub master: Option<&'a MasterKeys>,
}

/// Checks a store that nobody writes to.
pub async fn check(
    subject: Subject<'_>,
    options: Options,
    listener: &mut dyn Listener,
) -> Result<Summary, CheckError> {
    let mut check = Check {
        subject,
        options,
        listener,
        summary: Summary::default(),
        entries: 0,
        blob_bytes: 0,
        torn: Torn::default(),
        buckets_of: BTreeMap::new(),
        tallies: Tallies::default(),
        wrapped: Wrapped::default(),
        unnamed: BTreeMap::new(),
    };
    check.format().await?;
    check.listener.begin(Stage::Records, None);
    check.records().await?;
    check.counts_of_buckets().await?;
    check.counters().await?;
    check.tallies().await?;
    check.tell_wrapped();
    let bytes = (!options.quick).then_some(check.blob_bytes);
    check.listener.begin(Stage::Blobs, bytes);
    for stretch in Stretch::all(check.entries, options.claims_at_once) {
        check.stretch(stretch).await?;
    }
    Ok(check.summary)
}

/// A check under way.
struct Check<'a> {
    subject: Subject<'a>,
    options: Options,
    listener: &'a mut dyn Listener,
    summary: Summary,
    /// Claims and marks that were seen, which decides into how many stretches they are cut.
    entries: u64,
    /// Bytes of blobs that objects and parts point to, for the progress.
    blob_bytes: u64,
    torn: Torn,
    /// How many buckets each account has; 24 bytes and more for each account.
    buckets_of: BTreeMap<Uin, u64>,
    /// What was counted of identities, to be held against what is kept about it.
    tallies: Tallies,
    wrapped: Wrapped,
    /// What was found about claims, until a walk names who claims.
    unnamed: BTreeMap<Triple, Vec<(Kind, String, String)>>,
}

/// Records that cannot be decoded, since what they stood for then seems to belong to nobody.
#[derive(Default)]
struct Torn {
    /// Objects and uploads, by the digest of bucket and key.
    names: std::collections::BTreeSet<u64>,
    /// Contents with an unreadable part or chunk.
    contents: std::collections::BTreeSet<u128>,
    /// Whether a bucket was among them.
    buckets: bool,
}

impl Torn {
    fn any_content(&self) -> bool {
        !self.names.is_empty() || !self.contents.is_empty()
    }
}

/// What opened under the master key, and what did not.
#[derive(Default)]
struct Wrapped {
    opened: u64,
    refused: Vec<Finding>,
    /// Without a master key: how many things it is missed for.
    missed: u64,
}

impl Check<'_> {
    fn report(&mut self, kind: Kind, place: Place, expected: impl Into<String>, found: impl Into<String>) {
        self.tell(Finding {
            kind,
            place,
            expected: expected.into(),
            found: found.into(),
        });
    }

    fn tell(&mut self, finding: Finding) {
        match finding.kind.severity() {
            Severity::Damage => self.summary.damage = self.summary.damage.saturating_add(1),
            Severity::Note => self.summary.notes = self.summary.notes.saturating_add(1),
        }
        self.listener.found(finding);
    }

    async fn look<R: Record>(&self, key: bytes::Bytes) -> Result<Looked<R>, KvError> {
        walk::look(self.subject.snapshot, key).await
    }

    /// The mark of the layout: nothing else can be read if it is another's.
    async fn format(&mut self) -> Result<(), CheckError> {
        match self.look::<FormatRecord>(keys::format()).await? {
            Looked::Found(FormatRecord {
                layout: FORMAT_VERSION,
            }) => {}
            Looked::Found(FormatRecord { layout }) => return Err(CheckError::UnknownLayout(layout)),
            // Reported with the other records.
            Looked::Torn => {}
            Looked::Absent => {
                let all = daypass_kv::KeyRange::all();
                let first = self
                    .subject
                    .snapshot
                    .range(all, daypass_kv::Direction::Forward, 1)
                    .await?;
                if !first.is_empty() {
                    let expected = format!("layout {FORMAT_VERSION}");
                    self.report(
                        Kind::FormatMissing,
                        Place::new().with("record", "format"),
                        expected,
                        "nothing",
                    );
                }
            }
        }
        Ok(())
    }

    /// Everything about one stretch of ids.
    async fn stretch(&mut self, stretch: Stretch) -> Result<(), CheckError> {
        self.summary.passes = self.summary.passes.saturating_add(1);
        let mut claims = Vec::new();
        walk_claims(self.subject.snapshot, &mut |claim, _| {
            if stretch.contains(claim.id) {
                claims.push(claim);
            }
        })
        .await?;
        claims.sort_unstable();
        let claimed = held::ByClass::split(&claims);
        self.inline_data(stretch, &claimed.inline).await?;
        self.contents(stretch, &claimed.contents).await?;
        self.blobs(stretch, &claimed.blobs).await?;
        self.name_claims().await
    }

    /// Notes something about what is claimed, to be told with the name of whoever claims it.
    fn blame(&mut self, triple: Triple, kind: Kind, expected: impl Into<String>, found: impl Into<String>) {
        let entry = self.unnamed.entry(triple).or_default();
        entry.push((kind, expected.into(), found.into()));
    }

    /// Tells what was noted about claims. Not more of it waits than has claims in one stretch.
    async fn name_claims(&mut self) -> Result<(), CheckError> {
        let unnamed = std::mem::take(&mut self.unnamed);
        if unnamed.is_empty() {
            return Ok(());
        }
        walk_claims(self.subject.snapshot, &mut |claim, origin| {
            for (kind, expected, found) in unnamed.get(&claim.triple()).into_iter().flatten() {
                let place = held::place_of_claim(&claim, origin);
                self.report(*kind, place, expected.as_str(), found.as_str());
            }
        })
        .await?;
        Ok(())
    }
}
