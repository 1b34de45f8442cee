//! A real data directory is damaged in one way at a time, and the check names that and nothing else.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

#[expect(dead_code, reason = "the histories of the other test undo more")]
mod site;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use daypass_api::names::{
    AccessKeyId, GroupId, GroupName, PolicyId, PolicyName, ProviderName, RoleName, Uin, UserName, VersionId,
};
use daypass_blob::local::{LocalBlobs, LocalOptions};
use daypass_check::directory::{Places, check_directory};
use daypass_check::{CheckError, Finding, Kind, Options};
use daypass_kv::redb::{RedbKv, RedbOptions};
use daypass_kv::{Batch, Direction, KeyRange, Kv};
use daypass_metadata::blob_life::{InlineRecord, ReferenceRecord, Referrer};
use daypass_metadata::bucket::CounterRecord;
use daypass_metadata::identity::{
    AccessKeyRecord, AccountTallyRecord, BoundaryRecord, GroupNameRecord, Holder, LastUseRecord,
    PolicyNameRecord, PolicyRecord, PolicyVersionRecord, ProviderNameRecord, ProviderRecord, RoleNameRecord,
    RoleRecord, UserNameRecord, UserRecord,
};
use daypass_metadata::keys::{self, ContentId, DataId, StoredKey};
use daypass_metadata::object::{Content, ObjectRecord, Place};
use daypass_metadata::upload::{PartRecord, UploadRecord};
use daypass_metadata::{MarkRecord, Record};
use daypass_token::{MasterKey, MasterKeys};

use site::{Collected, NOW, OWNER, Site, key, master, photos};

const KV_OPTIONS: RedbOptions = RedbOptions {
    cache_bytes: 8 * 1024 * 1024,
    floor_bytes: 0,
};

/// The open directory, to look for what to damage and to damage it.
struct Tools {
    folder: PathBuf,
    kv: RedbKv,
}

impl Tools {
    async fn get(&self, key: Bytes) -> Bytes {
        let snapshot = self.kv.snapshot().await.unwrap();
        snapshot.get(&key).await.unwrap().unwrap()
    }

    async fn put(&self, key: Bytes, value: Bytes) {
        self.kv.commit(Batch::new().put(key, value)).await.unwrap();
    }

    async fn delete(&self, key: Bytes) {
        self.kv.commit(Batch::new().delete(key)).await.unwrap();
    }

    async fn all(&self, prefix: Bytes) -> Vec<(StoredKey, Bytes)> {
        let snapshot = self.kv.snapshot().await.unwrap();
        let pairs = snapshot.range(KeyRange::prefix(prefix), Direction::Forward, 1000);
        let read = |(key, value): (Bytes, Bytes)| (StoredKey::parse(&key).unwrap(), value);
        pairs.await.unwrap().into_iter().map(read).collect()
    }

    async fn object(&self, name: &str) -> ObjectRecord {
        ObjectRecord::decode(&self.get(object(name)).await).unwrap()
    }

    /// The id of the one piece of an object, and who holds it.
    async fn piece(&self, name: &str) -> (DataId, ContentId) {
        let Content::Single { holder, segment } = self.object(name).await.content else {
            panic!("`{name}` has several pieces");
        };
        let (Place::Inline(id) | Place::Blob(id)) = segment.place;
        (id, holder)
    }

    async fn upload(&self, name: &str) -> (String, UploadRecord) {
        let found = self.all(keys::uploads(&photos())).await;
        let found = found.into_iter().find_map(|(stored, value)| match stored {
            StoredKey::Upload(_, key, id) if key.as_str() == name => Some((id.to_string(), value)),
            _ => None,
        });
        let (id, value) = found.unwrap();
        (id, UploadRecord::decode(&value).unwrap())
    }

    async fn blob_of(&self, name: &str) -> PathBuf {
        self.blob_file(self.piece(name).await.0)
    }

    fn blob_file(&self, id: DataId) -> PathBuf {
        let id = hex(&id.0);
        self.folder
            .join("blobs/blobs")
            .join(&id[..2])
            .join(&id[2..3])
            .join(id)
    }
}

/// Kinds and places in order, for comparing.
fn told(collected: &Collected) -> Vec<(Kind, String)> {
    let told = |finding: &Finding| (finding.kind, finding.place.to_string());
    let mut told: Vec<_> = collected.findings.iter().map(told).collect();
    told.sort();
    told
}

fn object(name: &str) -> Bytes {
    keys::object(&photos(), &key(name))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cut(value: &Bytes) -> Bytes {
    value.slice(..value.len() - 1)
}

async fn open_kv(folder: &Path) -> RedbKv {
    RedbKv::open(folder.join("meta.redb"), KV_OPTIONS).await.unwrap()
}

/// A directory with something of everything, closed.
async fn furnished() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let kv = open_kv(folder.path()).await;
    let blobs = LocalBlobs::open(folder.path().join("blobs"), LocalOptions { floor_bytes: 0 })
        .await
        .unwrap();
    let site = Site::open(Arc::new(kv), Arc::new(blobs)).await;
    site.furnish().await;
    site.store.close().await.unwrap();
    folder
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file with its bytes.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

async fn checked(folder: &Path, master: &MasterKeys, options: Options) -> Result<Collected, CheckError> {
    let places = Places {
        metadata: folder.join("meta.redb"),
        blobs: folder.join("blobs"),
        leftovers: Vec::new(),
        unfinished_exchange: None,
    };
    let before = contents(folder);
    let mut collected = Collected::default();
    let summary = check_directory(&places, Some(master), options, &mut collected).await;
    assert!(contents(folder) == before, "the check changed something");
    let summary = summary?;
    assert_eq!(summary.damage + summary.notes, collected.findings.len() as u64);
    Ok(collected)
}

/// One copy of the furnished directory after another, each damaged and checked.
struct Damages {
    original: tempfile::TempDir,
}

impl Damages {
    /// Damages a copy; the damage tells what is to be found. It must be found whatever the memory is.
    async fn check<F>(&self, damage: impl FnOnce(Tools) -> F) -> tempfile::TempDir
    where
        F: Future<Output = Vec<(Kind, String)>>,
    {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.original.path(), folder.path());
        let tools = Tools {
            folder: folder.path().to_owned(),
            kv: open_kv(folder.path()).await,
        };
        let mut expected = damage(tools).await;
        expected.sort();
        for claims_at_once in [4, 1000] {
            let options = Options {
                quick: false,
                claims_at_once,
            };
            let found = checked(folder.path(), &MasterKeys::new(master()), options)
                .await
                .unwrap();
            assert_eq!(told(&found), expected, "{:?}", found.findings);
        }
        folder
    }
}

fn in_object(name: &str) -> String {
    format!("bucket `{}`, key `{name}`", photos())
}

async fn blob_of_object(tools: &Tools, name: &str) -> String {
    format!(
        "{}, blob `{}`",
        in_object(name),
        hex(&tools.piece(name).await.0.0)
    )
}

#[tokio::test]
async fn a_furnished_directory_is_sound_and_stays_as_it_is() {
    let folder = furnished().await;
    let found = checked(folder.path(), &MasterKeys::new(master()), Options::default())
        .await
        .unwrap();
    assert_eq!(found.findings, []);
}

#[tokio::test]
async fn damaged_blobs() {
    let damages = Damages {
        original: furnished().await,
    };
    let flip = async |name: &'static str, position: usize| {
        damages
            .check(async |tools: Tools| {
                let path = tools.blob_of(name).await;
                let mut bytes = fs::read(&path).unwrap();
                bytes[position] ^= 0x10;
                fs::write(path, bytes).unwrap();
                vec![(Kind::BlobCorrupt, blob_of_object(&tools, name).await)]
            })
            .await;
    };
    flip("large", 20).await;
    flip("large", 48).await;
    flip("large", 200_000).await;
    flip("one part", 3000).await;
    for (length, quick_finds) in [(100_000, true), (300_089, true)] {
        let folder = damages
            .check(async |tools: Tools| {
                let path = tools.blob_of("large").await;
                let file = fs::OpenOptions::new().write(true).open(path).unwrap();
                file.set_len(length).unwrap();
                vec![(Kind::BlobCorrupt, blob_of_object(&tools, "large").await)]
            })
            .await;
        let quick = Options {
            quick: true,
            ..Options::default()
        };
        let found = checked(folder.path(), &MasterKeys::new(master()), quick)
            .await
            .unwrap();
        assert_eq!(found.findings.len() == 1, quick_finds);
    }
    // A blob that two objects share is missing from both.
    damages
        .check(async |tools: Tools| {
            fs::remove_file(tools.blob_of("shared").await).unwrap();
            let missing = async |name| (Kind::BlobMissing, blob_of_object(&tools, name).await);
            vec![missing("shared").await, missing("copy").await]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let id = DataId([0xab; 16]);
            let path = tools.blob_file(id);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(tools.blob_of("large").await, path).unwrap();
            vec![(Kind::BlobUnowned, format!("blob `{}`", hex(&id.0)))]
        })
        .await;
    // An intact blob of the same id and another content.
    damages
        .check(async |tools: Tools| {
            let id = tools.piece("large").await.0;
            fs::remove_file(tools.blob_file(id)).unwrap();
            let blobs = LocalBlobs::open(tools.folder.join("blobs"), LocalOptions { floor_bytes: 0 });
            write_blob(&blobs.await.unwrap(), id, site::bytes(300_000, 99)).await;
            vec![(Kind::BlobDiffers, blob_of_object(&tools, "large").await)]
        })
        .await;
}

async fn write_blob(blobs: &LocalBlobs, id: DataId, data: Bytes) {
    use daypass_blob::{BlobId, Blobs};
    let mut writer = blobs.create(BlobId::from_bytes(id.0)).await.unwrap();
    writer.write(data).await.unwrap();
    writer.finish().await.unwrap();
}

#[tokio::test]
async fn files_that_are_no_blobs() {
    let damages = Damages {
        original: furnished().await,
    };
    damages
        .check(async |tools: Tools| {
            let unfinished = tools.folder.join("blobs/unfinished/half");
            let foreign = tools.folder.join("blobs/blobs/notes.txt");
            fs::write(&unfinished, "x").unwrap();
            fs::write(&foreign, "x").unwrap();
            let file = |path: PathBuf| format!("file `{}`", path.display());
            vec![
                (Kind::UnfinishedBlob, file(unfinished)),
                (Kind::ForeignFile, file(foreign)),
            ]
        })
        .await;
}

#[tokio::test]
async fn damaged_records() {
    let damages = Damages {
        original: furnished().await,
    };
    let torn = async |stored: fn() -> Bytes, place: &str| {
        damages
            .check(async |tools: Tools| {
                let value = tools.get(stored()).await;
                tools.put(stored(), cut(&value)).await;
                vec![(Kind::RecordUndecodable, place.to_owned())]
            })
            .await;
    };
    let record_of = |name| format!("record `object`, {}", in_object(name));
    torn(|| object("large"), &record_of("large")).await;
    torn(|| object("nothing"), &record_of("nothing")).await;
    torn(
        || keys::bucket(&photos()),
        &format!("record `bucket`, bucket `{}`", photos()),
    )
    .await;
    torn(
        || keys::access_key(&AccessKeyId::parse("AKIDalice").unwrap()),
        "record `access key`, access key `AKIDalice`",
    )
    .await;
    torn(keys::key_ring, "record `key ring`").await;
    damages
        .check(async |tools: Tools| {
            let value = tools.get(object("large")).await;
            tools
                .put(object("large"), [&[9], &value[1..]].concat().into())
                .await;
            vec![(Kind::RecordUndecodable, record_of("large"))]
        })
        .await;
    // The bytes of a small object are then nobody's, which is told as well.
    damages
        .check(async |tools: Tools| {
            let id = tools.piece("small").await.0;
            tools.put(object("small"), Bytes::from("x")).await;
            vec![
                (Kind::RecordUndecodable, record_of("small")),
                (
                    Kind::OutOfReach,
                    format!("record `inline data`, inline `{}`", hex(&id.0)),
                ),
            ]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            tools.put("zoo".into(), Bytes::new()).await;
            tools.put("r1".into(), Bytes::new()).await;
            tools.put("identity/role/1".into(), Bytes::new()).await;
            let malformed = |key: &str| (Kind::KeyMalformed, format!("record `{}`", hex(key.as_bytes())));
            ["zoo", "r1", "identity/role/1"].map(malformed).into()
        })
        .await;
    damages
        .check(async |tools: Tools| {
            tools.delete(keys::format()).await;
            vec![(Kind::FormatMissing, "record `format`".to_owned())]
        })
        .await;
}

#[tokio::test]
async fn references_and_what_they_hold() {
    let damages = Damages {
        original: furnished().await,
    };
    damages
        .check(async |tools: Tools| {
            let (id, holder) = tools.piece("copy").await;
            tools.delete(keys::reference(id, holder)).await;
            vec![(Kind::ReferenceMissing, blob_of_object(&tools, "copy").await)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let (id, holder) = (DataId([1; 16]), ContentId([2; 16]));
            let referrer = Referrer {
                bucket: photos(),
                key: key("ghost"),
            };
            tools
                .put(keys::reference(id, holder), ReferenceRecord { referrer }.encode())
                .await;
            let place = format!(
                "{}, blob `{}`, content `{}`",
                in_object("ghost"),
                hex(&id.0),
                hex(&holder.0)
            );
            vec![(Kind::ReferenceUnowned, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let (id, holder) = tools.piece("large").await;
            let referrer = Referrer {
                bucket: photos(),
                key: key("larger"),
            };
            tools
                .put(keys::reference(id, holder), ReferenceRecord { referrer }.encode())
                .await;
            vec![(Kind::RecordContradicts, blob_of_object(&tools, "large").await)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let id = tools.piece("large").await.0;
            tools.put(keys::dead(NOW, id), MarkRecord.encode()).await;
            vec![(Kind::BlobLife, blob_of_object(&tools, "large").await)]
        })
        .await;
    // The record of one object put under another key: both now hold the same in the same name.
    damages
        .check(async |tools: Tools| {
            let value = tools.get(object("large")).await;
            tools.put(object("twin"), value).await;
            let id = hex(&tools.piece("large").await.0.0);
            let shared = |name: &str| (Kind::Shared, format!("{}, blob `{id}`", in_object(name)));
            vec![shared("large"), shared("twin")]
        })
        .await;
}

#[tokio::test]
async fn objects_and_their_pieces() {
    let damages = Damages {
        original: furnished().await,
    };
    let in_small = async |tools: &Tools| {
        let id = tools.piece("small").await.0;
        format!("{}, inline `{}`", in_object("small"), hex(&id.0))
    };
    damages
        .check(async |tools: Tools| {
            let id = tools.piece("small").await.0;
            tools.delete(keys::inline_data(id)).await;
            vec![(Kind::InlineMissing, in_small(&tools).await)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let stored = keys::inline_data(tools.piece("small").await.0);
            let mut record = InlineRecord::decode(&tools.get(stored.clone()).await).unwrap();
            let mut data = record.data.to_vec();
            data[50] ^= 1;
            record.data = data.into();
            tools.put(stored, record.encode()).await;
            vec![(Kind::InlineCorrupt, in_small(&tools).await)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let stored = keys::inline_data(tools.piece("small").await.0);
            let value = tools.get(stored.clone()).await;
            tools.put(stored, cut(&value)).await;
            vec![(Kind::RecordUndecodable, in_small(&tools).await)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let id = DataId([5; 16]);
            let value = tools.get(keys::inline_data(tools.piece("small").await.0)).await;
            tools.put(keys::inline_data(id), value).await;
            let place = format!("record `inline data`, inline `{}`", hex(&id.0));
            vec![(Kind::InlineUnowned, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let mut record = tools.object("large").await;
            record.length += 1;
            tools.put(object("large"), record.encode()).await;
            vec![(Kind::ContentContradicts, in_object("large"))]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let mut record = tools.object("parts").await;
            record.crc64 ^= 1;
            tools.put(object("parts"), record.encode()).await;
            vec![(Kind::ContentContradicts, in_object("parts"))]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let bucket = daypass_api::names::BucketName::parse("lost-1250000000").unwrap();
            let value = tools.get(object("nothing")).await;
            tools.put(keys::object(&bucket, &key("x")), value).await;
            vec![(Kind::BucketMissing, format!("bucket `{bucket}`"))]
        })
        .await;
}

#[tokio::test]
async fn uploads_and_manifests() {
    let damages = Damages {
        original: furnished().await,
    };
    // A part that was put under another upload: its reference is still that of the first.
    damages
        .check(async |tools: Tools| {
            let (_, from) = tools.upload("open").await;
            let (id, to) = tools.upload("other").await;
            let value = tools.get(keys::part(from.content, 1)).await;
            let part = PartRecord::decode(&value).unwrap();
            let Some(Place::Blob(blob)) = part.place else {
                panic!("{part:?}")
            };
            tools.delete(keys::part(from.content, 1)).await;
            tools.put(keys::part(to.content, 7), value).await;
            let place = format!(
                "{}, upload `{id}`, part `7`, blob `{}`",
                in_object("other"),
                hex(&blob.0)
            );
            vec![(Kind::ReferenceElsewhere, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let (_, record) = tools.upload("open").await;
            let stored = keys::part(record.content, 1);
            let value = tools.get(stored.clone()).await;
            tools.put(stored, cut(&value)).await;
            let place = format!("record `part`, content `{}`, part `1`", hex(&record.content.0));
            vec![(Kind::RecordUndecodable, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let content = ContentId([9; 16]);
            let (_, record) = tools.upload("open").await;
            let value = tools.get(keys::part(record.content, 3)).await;
            tools.put(keys::part(content, 3), value).await;
            let place = format!("record `part`, content `{}`, part `3`", hex(&content.0));
            vec![(Kind::PartUnowned, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let Content::Manifest { holder } = tools.object("parts").await.content else {
                panic!("no manifest")
            };
            let stored = keys::manifest(holder, 0);
            let value = tools.get(stored.clone()).await;
            tools.put(stored, cut(&value)).await;
            let place = format!("record `manifest`, content `{}`, offset `0`", hex(&holder.0));
            // The second part is stored beside the records, and nothing says whose it was.
            let inline = tools.orphan_inline().await;
            let inline = format!("record `inline data`, inline `{}`", hex(&inline.0));
            vec![(Kind::RecordUndecodable, place), (Kind::OutOfReach, inline)]
        })
        .await;
}

impl Tools {
    /// Inline data of 500 bytes that only the second part of `parts` can be.
    async fn orphan_inline(&self) -> DataId {
        let Content::Manifest { holder } = self.object("parts copy").await.content else {
            panic!("no manifest")
        };
        let chunk = self.get(keys::manifest(holder, 0)).await;
        let chunk = daypass_metadata::object::ManifestRecord::decode(&chunk).unwrap();
        let Place::Inline(of_copy) = chunk.segments[1].place else {
            panic!("not inline")
        };
        let all = self.all(keys::all_inline_data()).await;
        let mut found = all.into_iter().filter_map(|(stored, value)| match stored {
            StoredKey::InlineData(id) => {
                let length = InlineRecord::decode(&value).unwrap().data.len();
                (id != of_copy && length == 500).then_some(id)
            }
            _ => None,
        });
        found.next().unwrap()
    }
}

#[tokio::test]
async fn identities() {
    let damages = Damages {
        original: furnished().await,
    };
    let owner = OWNER.owner_uin;
    let user_name = |name| UserName::parse(name).unwrap();
    let policy_name = |name| PolicyName::parse(name).unwrap();
    let account = format!("account `{owner}`");
    let account_tally = format!("record `account tally`, {account}");
    damages
        .check(async |tools: Tools| {
            let record = UserNameRecord { uin: Uin(5) };
            tools
                .put(keys::user_named(owner, &user_name("ghost")), record.encode())
                .await;
            let place = format!("record `user name`, {account}, user name `ghost`");
            vec![(Kind::IndexDangling, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let stored = keys::user_named(owner, &user_name("bob"));
            let uin = UserNameRecord::decode(&tools.get(stored.clone()).await)
                .unwrap()
                .uin;
            tools.delete(stored).await;
            let place = format!("record `user`, {account}, user `{uin}`");
            vec![(Kind::IndexMissing, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let name = keys::policy_named(owner, &policy_name("readers"));
            let id = PolicyNameRecord::decode(&tools.get(name.clone()).await)
                .unwrap()
                .id;
            tools.delete(name).await;
            tools.delete(keys::policy(owner, id)).await;
            let uin = tools.uin_of("alice").await;
            let attachment = format!("record `attachment`, {account}, user `{uin}`, policy `{id}`");
            let staff = tools.staff().await;
            let of_group = format!("record `attachment`, {account}, group `{staff}`, policy `{id}`");
            vec![
                (Kind::PolicyMissing, attachment),
                (Kind::PolicyMissing, of_group),
                (Kind::CounterWrong, account_tally.clone()),
            ]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let uin = tools.uin_of("alice").await;
            tools
                .delete(keys::holder(owner, PolicyId(1), Holder::User(uin)))
                .await;
            let place = format!("record `attachment`, {account}, user `{uin}`, policy `1`");
            vec![(Kind::IndexMissing, place)]
        })
        .await;
    let role_name = keys::role_named(owner, &RoleName::parse("uploader").unwrap());
    damages
        .check(async |tools: Tools| {
            let stored = tools.get(role_name.clone()).await;
            let id = RoleNameRecord::decode(&stored).unwrap().id;
            tools.delete(role_name.clone()).await;
            let place = format!("record `role`, {account}, role `{id}`");
            vec![(Kind::IndexMissing, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let stored = tools.get(role_name.clone()).await;
            let id = RoleNameRecord::decode(&stored).unwrap().id;
            tools.delete(keys::role(owner, id)).await;
            let name = format!("record `role name`, {account}, role name `uploader`");
            let held = format!("record `attachment`, {account}, role `{id}`, policy `1`");
            let bounding = tools.policy_named("writers").await;
            let policy_tally = format!("record `policy tally`, {account}, policy `{bounding}`");
            vec![
                (Kind::IndexDangling, name),
                (Kind::RoleMissing, held),
                (Kind::CounterWrong, account_tally.clone()),
                (Kind::CounterWrong, policy_tally),
            ]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let stored = tools.get(role_name.clone()).await;
            let id = RoleNameRecord::decode(&stored).unwrap().id;
            let attachment = keys::attachment(owner, Holder::Role(id), PolicyId(1));
            tools.delete(attachment).await;
            let place = format!("record `policy holder`, {account}, policy `1`, role `{id}`");
            let policy_tally = format!("record `policy tally`, {account}, policy `1`");
            vec![(Kind::IndexDangling, place), (Kind::CounterWrong, policy_tally)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let stored = tools.get(role_name.clone()).await;
            let id = RoleNameRecord::decode(&stored).unwrap().id;
            let mut record = RoleRecord::decode(&tools.get(keys::role(owner, id)).await).unwrap();
            record.document.truncate(20);
            tools.put(keys::role(owner, id), record.encode()).await;
            let place = format!("record `role`, {account}, role `{id}`");
            vec![(Kind::PolicyUnreadable, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let name = keys::policy_named(owner, &policy_name("writers"));
            let id = PolicyNameRecord::decode(&tools.get(name).await).unwrap().id;
            let stored = keys::policy(owner, id);
            let mut record = PolicyRecord::decode(&tools.get(stored.clone()).await).unwrap();
            record.document.truncate(20);
            tools.put(stored, record.encode()).await;
            let place = format!("record `policy`, {account}, policy `{id}`");
            vec![(Kind::PolicyUnreadable, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let id = AccessKeyId::parse("AKIDalice").unwrap();
            let mut record = AccessKeyRecord::decode(&tools.get(keys::access_key(&id)).await).unwrap();
            let mut wrapped = record.secret.wrapped.to_vec();
            wrapped[30] ^= 1;
            record.secret.wrapped = wrapped.into();
            tools.put(keys::access_key(&id), record.encode()).await;
            let place = "record `access key`, access key `AKIDalice`";
            vec![(Kind::SecretUnreadable, place.to_owned())]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let id = AccessKeyId::parse("AKIDalice").unwrap();
            let uin = tools.uin_of("alice").await;
            tools.delete(keys::access_key(&id)).await;
            let place =
                format!("record `access key of identity`, {account}, user `{uin}`, access key `AKIDalice`");
            let last_use = "record `last use`, access key `AKIDalice`".to_owned();
            vec![(Kind::IndexDangling, place), (Kind::IndexDangling, last_use)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let value = CounterRecord { value: 1 }.encode();
            tools.put(keys::bucket_count(owner), value).await;
            tools
                .put(keys::counter("uid"), CounterRecord { value: 3 }.encode())
                .await;
            vec![
                (Kind::CounterWrong, format!("record `bucket count`, {account}")),
                (Kind::CounterWrong, "record `counter`, counter `uid`".to_owned()),
            ]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            tools.delete(keys::bucket_index(owner, &photos())).await;
            let place = format!("record `bucket`, bucket `{}`", photos());
            vec![(Kind::IndexMissing, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let cors = tools.get(keys::bucket_cors(&photos())).await;
            let lost = daypass_api::names::BucketName::parse("lost-1250000000").unwrap();
            tools.put(keys::bucket_cors(&lost), cors).await;
            vec![(Kind::BucketMissing, format!("bucket `{lost}`"))]
        })
        .await;
}

#[tokio::test]
async fn groups_boundaries_versions_and_tallies() {
    let damages = Damages {
        original: furnished().await,
    };
    let owner = OWNER.owner_uin;
    let account = format!("account `{owner}`");
    let account_tally = format!("record `account tally`, {account}");
    damages
        .check(async |tools: Tools| {
            let (staff, bob) = (tools.staff().await, tools.uin_of("bob").await);
            tools.delete(keys::group_of(owner, bob, staff)).await;
            let place = format!("record `member`, {account}, group `{staff}`, user `{bob}`");
            vec![(Kind::IndexMissing, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let (staff, bob) = (tools.staff().await, tools.uin_of("bob").await);
            tools.delete(keys::member(owner, staff, bob)).await;
            let place = format!("record `group of user`, {account}, user `{bob}`, group `{staff}`");
            vec![
                (Kind::IndexDangling, place),
                (Kind::CounterWrong, account_tally.clone()),
            ]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let (staff, bob) = (tools.staff().await, tools.uin_of("bob").await);
            let readers = tools.policy_named("readers").await;
            tools.delete(keys::group(owner, staff)).await;
            let held = format!("record `attachment`, {account}, group `{staff}`, policy `{readers}`");
            let member = format!("record `member`, {account}, group `{staff}`, user `{bob}`");
            let name = format!("record `group name`, {account}, group name `staff`");
            vec![
                (Kind::GroupMissing, held),
                (Kind::GroupMissing, member),
                (Kind::IndexDangling, name),
                (Kind::CounterWrong, account_tally.clone()),
            ]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let (alice, policy) = (tools.uin_of("alice").await, PolicyId(9_999_999));
            let record = BoundaryRecord { policy, set: NOW };
            tools.put(keys::boundary(owner, alice), record.encode()).await;
            let place = format!("record `boundary`, {account}, user `{alice}`");
            let policy_tally = format!("record `policy tally`, {account}, policy `{policy}`");
            vec![(Kind::PolicyMissing, place), (Kind::CounterWrong, policy_tally)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let (writers, version) = (tools.policy_named("writers").await, VersionId(7));
            let record = PolicyVersionRecord {
                document: "{".to_owned(),
                created: NOW,
            };
            let stored = keys::policy_version(owner, writers, version);
            tools.put(stored, record.encode()).await;
            let place =
                format!("record `policy version`, {account}, policy `{writers}`, version `{version}`");
            vec![
                (Kind::RecordContradicts, place.clone()),
                (Kind::PolicyUnreadable, place),
            ]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let stored = keys::account_tally(owner);
            let mut tally = AccountTallyRecord::decode(&tools.get(stored.clone()).await).unwrap();
            tally.memberships += 1;
            tools.put(stored, tally.encode()).await;
            vec![(Kind::CounterWrong, account_tally.clone())]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            tools.delete(keys::account_tally(owner)).await;
            vec![(Kind::CounterWrong, account_tally.clone())]
        })
        .await;
    // What cannot be read may have told of a boundary, and no tally is blamed for it.
    damages
        .check(async |tools: Tools| {
            let bob = tools.uin_of("bob").await;
            let stored = keys::boundary(owner, bob);
            let value = tools.get(stored.clone()).await;
            tools.put(stored, cut(&value)).await;
            let place = format!("record `boundary`, {account}, user `{bob}`");
            vec![(Kind::RecordUndecodable, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let id = AccessKeyId::parse("AKIDgone").unwrap();
            let record = LastUseRecord { used: NOW };
            tools.put(keys::last_use(&id), record.encode()).await;
            let place = "record `last use`, access key `AKIDgone`".to_owned();
            vec![(Kind::IndexDangling, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let record = UserNameRecord {
                uin: tools.uin_of("bob").await,
            };
            tools.put(keys::user_of_uid(owner, 77), record.encode()).await;
            let place = format!("record `uid`, {account}, uid `77`");
            vec![(Kind::IndexDangling, place)]
        })
        .await;
}

impl Tools {
    async fn policy_named(&self, name: &str) -> PolicyId {
        let name = PolicyName::parse(name).unwrap();
        let stored = self.get(keys::policy_named(OWNER.owner_uin, &name)).await;
        PolicyNameRecord::decode(&stored).unwrap().id
    }

    async fn staff(&self) -> GroupId {
        let name = GroupName::parse("staff").unwrap();
        let stored = self.get(keys::group_named(OWNER.owner_uin, &name)).await;
        GroupNameRecord::decode(&stored).unwrap().id
    }

    async fn uin_of(&self, name: &str) -> Uin {
        let users = self.all(keys::users(OWNER.owner_uin)).await;
        let found = users.into_iter().find_map(|(stored, value)| match stored {
            StoredKey::User(_, uin) => {
                let user = UserRecord::decode(&value).unwrap();
                (user.name.as_str() == name).then_some(uin)
            }
            _ => None,
        });
        found.unwrap()
    }
}

#[tokio::test]
async fn the_master_key() {
    let folder = furnished().await;
    let master_key = "record `master key`".to_owned();
    let other = MasterKeys::new(MasterKey::new(&[8; 32]));
    let found = checked(folder.path(), &other, Options::default()).await.unwrap();
    assert_eq!(told(&found), [(Kind::MasterKeyWrong, master_key.clone())]);
    let places = Places {
        metadata: folder.path().join("meta.redb"),
        blobs: folder.path().join("blobs"),
        leftovers: vec![folder.path().join("master.new")],
        unfinished_exchange: Some(folder.path().join("master.next")),
    };
    let mut found = Collected::default();
    check_directory(&places, None, Options::default(), &mut found)
        .await
        .unwrap();
    let file = |name: &str| format!("file `{}`", folder.path().join(name).display());
    let leftover = file("master.new");
    let expected = [
        (Kind::MasterKeyMissing, master_key),
        (Kind::ExchangeUnfinished, file("master.next")),
        (Kind::LeftoverFile, leftover),
    ];
    assert_eq!(told(&found), expected);
}

#[tokio::test]
async fn a_key_value_file_that_is_damaged_is_refused_or_named() {
    let original = furnished().await;
    let whole = fs::read(original.path().join("meta.redb")).unwrap();
    let check = async |bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(original.path(), folder.path());
        fs::write(folder.path().join("meta.redb"), bytes).unwrap();
        checked(folder.path(), &MasterKeys::new(master()), Options::default()).await
    };
    let refused = |result: Result<Collected, CheckError>| matches!(result, Err(CheckError::Metadata(_)));
    assert!(refused(check(&whole[..whole.len() / 2]).await));
    assert!(refused(check(&whole[..100]).await));
    assert!(refused(check(&[3; 10_000]).await));
    let mut headless = whole.clone();
    headless[..9].fill(0);
    assert!(refused(check(&headless).await));
    // A page of records: the checksums tell, or the file cannot be opened at all.
    let name = b"ophotos-1250000000\0large";
    // Pages that are in use no more may hold it, too: it is changed wherever it stands.
    let windows = whole.windows(name.len()).enumerate();
    let positions: Vec<_> = windows.filter(|(_, window)| *window == name).collect();
    assert!(!positions.is_empty());
    let mut flipped = whole.clone();
    for (position, _) in positions {
        flipped[position + name.len() - 1] ^= 1;
    }
    match check(&flipped).await {
        Ok(found) => {
            let kinds = found.findings.iter().map(|finding| finding.kind);
            assert!(kinds.clone().any(|kind| kind == Kind::MetadataChecksum));
        }
        Err(error) => assert!(matches!(error, CheckError::Metadata(_)), "{error:?}"),
    }
}

#[tokio::test]
async fn what_is_in_use_is_left_alone() {
    let folder = furnished().await;
    let kv = open_kv(folder.path()).await;
    let in_use = |result| matches!(result, Err(CheckError::InUse));
    assert!(in_use(
        checked(folder.path(), &MasterKeys::new(master()), Options::default())
            .await
            .map(drop)
    ));
    drop(kv);
    let blobs = LocalBlobs::open(folder.path().join("blobs"), LocalOptions { floor_bytes: 0 }).await;
    assert!(in_use(
        checked(folder.path(), &MasterKeys::new(master()), Options::default())
            .await
            .map(drop)
    ));
    drop(blobs);
    checked(folder.path(), &MasterKeys::new(master()), Options::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn damaged_providers() {
    let damages = Damages {
        original: furnished().await,
    };
    let owner = OWNER.owner_uin;
    let account = format!("account `{owner}`");
    let name = ProviderName::parse("company").unwrap();
    let index = keys::provider_named(owner, &name);
    let number = async |tools: &Tools| {
        let stored = tools.get(index.clone()).await;
        ProviderNameRecord::decode(&stored).unwrap().id
    };
    let of_name = format!("record `identity provider name`, {account}, provider name `company`");
    damages
        .check(async |tools: Tools| {
            let id = number(&tools).await;
            tools.delete(index.clone()).await;
            let place = format!("record `identity provider`, {account}, provider `{id}`");
            vec![(Kind::IndexMissing, place)]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            tools.delete(keys::provider(owner, number(&tools).await)).await;
            vec![(Kind::IndexDangling, of_name.clone())]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let id = number(&tools).await;
            let stored = keys::provider(owner, id);
            let mut record = ProviderRecord::decode(&tools.get(stored.clone()).await).unwrap();
            record.name = ProviderName::parse("another").unwrap();
            tools.put(stored, record.encode()).await;
            let place = format!("record `identity provider`, {account}, provider `{id}`");
            vec![
                (Kind::IndexDangling, of_name.clone()),
                (Kind::IndexMissing, place),
            ]
        })
        .await;
    damages
        .check(async |tools: Tools| {
            let id = number(&tools).await;
            let value = tools.get(keys::provider(owner, id)).await;
            tools.put(keys::provider(owner, id), cut(&value)).await;
            let place = format!("record `identity provider`, {account}, provider `{id}`");
            vec![(Kind::RecordUndecodable, place)]
        })
        .await;
}
