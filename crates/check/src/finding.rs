//! What a check finds: of which kind, where, what was expected and what is there, and what to do about it.

use std::fmt;

use daypass_metadata::keys::{ContentId, DataId};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is lost or wrong.
    Note,
    /// Something is lost, or the store contradicts itself.
    Damage,
}

impl Severity {
    /// As it is written in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Damage => "damage",
        }
    }
}

/// Makes the enum of kinds and its one table.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $severity:ident, $hint:ident;)+) => {
        /// What sort of thing was found. The names are part of the format of reports and keep their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// As it is written in reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$kind => Severity::$severity,)+
                }
            }

            /// What to do about it.
            pub fn hint(self) -> &'static str {
                match self {
                    $(Self::$kind => $hint,)+
                }
            }
        }
    };
}

const RESTORE_OBJECT: &str = "restore the object from a backup, or delete it";
const RESTORE_STORE: &str =
    "restore the data directory from a backup; what is not named here can still be read";
const RESTORE_KEY: &str = "restore `master.key` from a backup, or set `DAYPASS_MASTER_KEY` to the key that this directory was made with";
const RECREATE: &str = "delete and make anew what is named, or restore the data directory from a backup";
const KEEP_COPY: &str = "keep a copy of the data directory before anything is deleted";
const NO_LOSS: &str = "nothing that is shown is affected; the space is not reclaimed by itself";
const CLEARED: &str = "the next start of the server removes it";
const FINISHED: &str = "keep both files; the next start of the server ends the exchange";
const REMOVE: &str = "the program never reads it; remove it if it is not yours";

kinds! {
    /// A key that no record lies under.
    KeyMalformed = "key_malformed", Damage, RESTORE_STORE;
    /// A record whose bytes make no sense, or of an unknown version.
    RecordUndecodable = "record_undecodable", Damage, RESTORE_STORE;
    /// A record that disagrees with its key or with another record.
    RecordContradicts = "record_contradicts", Damage, RECREATE;
    /// The mark of the layout is missing.
    FormatMissing = "format_missing", Damage, RESTORE_STORE;
    /// The checksums of the key-value file do not match.
    MetadataChecksum = "metadata_checksum", Damage, RESTORE_STORE;
    /// Something is not in an index where it belongs.
    IndexMissing = "index_missing", Damage, RECREATE;
    /// An index that leads to nothing, or to something else.
    IndexDangling = "index_dangling", Damage, RECREATE;
    /// A counter that does not count what is there.
    CounterWrong = "counter_wrong", Damage, RESTORE_STORE;
    /// Something of an account that is not there.
    AccountMissing = "account_missing", Damage, RESTORE_STORE;
    /// Something in a bucket that is not there.
    BucketMissing = "bucket_missing", Damage, RESTORE_STORE;
    /// Something of a user that is not there.
    UserMissing = "user_missing", Damage, RECREATE;
    /// Something of a group that is not there.
    GroupMissing = "group_missing", Damage, RECREATE;
    /// Something of a role that is not there.
    RoleMissing = "role_missing", Damage, RECREATE;
    /// A user has a policy that is not there; all requests of the user are denied.
    PolicyMissing = "policy_missing", Damage, RECREATE;
    /// A stored policy that cannot be read; whoever has it is denied everything.
    PolicyUnreadable = "policy_unreadable", Damage, RECREATE;
    /// The secret of an access key does not open under the master key.
    SecretUnreadable = "secret_unreadable", Damage, RECREATE;
    /// The key ring does not open under the master key.
    KeyRingUnreadable = "key_ring_unreadable", Damage, RESTORE_STORE;
    /// There is no master key to open secrets with.
    MasterKeyMissing = "master_key_missing", Damage, RESTORE_KEY;
    /// The master key opens nothing in this directory.
    MasterKeyWrong = "master_key_wrong", Damage, RESTORE_KEY;
    /// An object or part whose record does not agree with its pieces.
    ContentContradicts = "content_contradicts", Damage, RESTORE_OBJECT;
    /// An object whose manifest is missing.
    ManifestMissing = "manifest_missing", Damage, RESTORE_OBJECT;
    /// A manifest of no object.
    ManifestUnowned = "manifest_unowned", Damage, KEEP_COPY;
    /// A part of no upload.
    PartUnowned = "part_unowned", Damage, KEEP_COPY;
    /// The bytes of something small are missing.
    InlineMissing = "inline_missing", Damage, RESTORE_OBJECT;
    /// The bytes of something small are not those that were stored.
    InlineCorrupt = "inline_corrupt", Damage, RESTORE_OBJECT;
    /// Bytes of something small that nothing refers to.
    InlineUnowned = "inline_unowned", Damage, NO_LOSS;
    /// Something refers to a blob and has no reference record for it: the blob may be removed under it.
    ReferenceMissing = "reference_missing", Damage, RESTORE_OBJECT;
    /// A reference record that nothing stands behind.
    ReferenceUnowned = "reference_unowned", Damage, NO_LOSS;
    /// Something refers to a blob whose reference record is another content's.
    ReferenceElsewhere = "reference_elsewhere", Damage, RESTORE_OBJECT;
    /// A blob that something refers to is not there.
    BlobMissing = "blob_missing", Damage, RESTORE_OBJECT;
    /// A blob whose checksums, header or length are wrong.
    BlobCorrupt = "blob_corrupt", Damage, RESTORE_OBJECT;
    /// A blob that the file system does not give.
    BlobUnreadable = "blob_unreadable", Damage, RESTORE_OBJECT;
    /// An intact blob that is not the one its records describe.
    BlobDiffers = "blob_differs", Damage, RESTORE_OBJECT;
    /// A blob that no record knows.
    BlobUnowned = "blob_unowned", Damage, NO_LOSS;
    /// A blob in two states of its life that exclude each other.
    BlobLife = "blob_life", Damage, KEEP_COPY;
    /// Two things hold the same bytes in the same name: removing one takes them from the other.
    Shared = "shared", Damage, RESTORE_OBJECT;
    /// Bytes that may be those of a record that cannot be read.
    OutOfReach = "out_of_reach", Note, KEEP_COPY;
    /// A blob that was being written.
    UnfinishedBlob = "unfinished_blob", Note, CLEARED;
    /// The exchange of the master key was cut off; secrets open under one key or the other.
    ExchangeUnfinished = "exchange_unfinished", Note, FINISHED;
    /// A file that a crash left.
    LeftoverFile = "leftover_file", Note, REMOVE;
    /// A file among the blobs that is none.
    ForeignFile = "foreign_file", Note, REMOVE;
}

/// Where something was found: names of things, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place(Vec<(&'static str, String)>);

impl Place {
    /// Nowhere in particular.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more name.
    #[must_use]
    pub fn with(mut self, label: &'static str, name: impl fmt::Display) -> Self {
        self.0.push((label, name.to_string()));
        self
    }

    /// The same with a blob.
    #[must_use]
    pub(crate) fn blob(self, id: DataId) -> Self {
        self.with("blob", Hex(&id.0))
    }

    /// The same with bytes that are stored beside the records.
    #[must_use]
    pub(crate) fn inline(self, id: DataId) -> Self {
        self.with("inline", Hex(&id.0))
    }

    /// The same with a content.
    #[must_use]
    pub(crate) fn content(self, id: ContentId) -> Self {
        self.with("content", Hex(&id.0))
    }

    /// All names with their labels.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(label, name)| (*label, name.as_str()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (label, name)) in self.0.iter().enumerate() {
            let comma = if position > 0 { ", " } else { "" };
            write!(formatter, "{comma}{} `{name}`", label.replace('_', " "))?;
        }
        Ok(())
    }
}

/// Bytes as hexadecimal digits.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Of which kind.
    pub kind: Kind,
    /// Where.
    pub place: Place,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// What was looked at, and how much was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records of all kinds.
    pub records: u64,
    /// Buckets.
    pub buckets: u64,
    /// Objects.
    pub objects: u64,
    /// Uploads in progress.
    pub uploads: u64,
    /// Small bodies beside the records.
    pub inline: u64,
    /// Blobs.
    pub blobs: u64,
    /// Bytes of blobs that were read and verified.
    pub blob_bytes_read: u64,
    /// Users.
    pub users: u64,
    /// Access keys.
    pub access_keys: u64,
    /// Blobs and contents that the sweep has still to look at.
    pub waiting_for_sweep: u64,
    /// How often all references were gone through, so as to stay within the memory.
    pub passes: u64,
    /// Findings that are damage.
    pub damage: u64,
    /// Findings that are notes.
    pub notes: u64,
}

impl Summary {
    /// Whether nothing is damaged.
    pub fn is_sound(&self) -> bool {
        self.damage == 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_have_names_of_their_own() {
        let names: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
    }

    #[test]
    fn a_place_names_the_largest_first() {
        let place = Place::new().with("bucket", "photos-1").with("access_key", "AKID");
        assert_eq!(place.to_string(), "bucket `photos-1`, access key `AKID`");
        assert_eq!(place.names().count(), 2);
    }
}
