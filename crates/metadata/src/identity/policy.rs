//! Policies of an account with their versions, the index of their names, and who has which, looked up from either
//! side.
//!
//! The default version is part of the policy's own record, so that deciding reads one record; every other version has
//! a record of its own. What is the default changes by exchanging the two.

use daypass_api::Timestamp;
use daypass_api::names::{GroupId, PolicyId, PolicyName, RoleId, Uin, VersionId};
use daypass_api::tags::Tags;
use daypass_kv::Batch;

use crate::codec::{DecodeError, Decoder, Encoder, Field, MarkRecord, Record, record};
use crate::keys;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRecord {
    /// Its name.
    pub name: PolicyName,
    /// A note about it.
    pub description: String,
    /// The document of the default version, as it was given.
    pub document: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// The number of the default version.
    pub version: VersionId,
    /// When the default version was made.
    pub version_created: Timestamp,
    /// The highest number that a version ever had.
    pub last_version: VersionId,
    /// Another note about it.
    pub alias: String,
    /// Its tags.
    pub tags: Tags,
}

impl Record for PolicyRecord {
    const NAME: &'static str = "policy";
    const VERSION: u8 = 2;

    fn write_fields(&self, encoder: &mut Encoder) {
        self.name.write(encoder);
        self.description.write(encoder);
        self.document.write(encoder);
        self.created.write(encoder);
        self.updated.write(encoder);
        self.version.write(encoder);
        self.version_created.write(encoder);
        self.last_version.write(encoder);
        self.alias.write(encoder);
        self.tags.write(encoder);
    }

    fn read_fields(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let old = Self::read_older(1, decoder)?;
        Ok(Self {
            version: Field::read(decoder)?,
            version_created: Field::read(decoder)?,
            last_version: Field::read(decoder)?,
            alias: Field::read(decoder)?,
            tags: Field::read(decoder)?,
            ..old
        })
    }

    /// A policy of version 1 never changed: its document is its first version.
    fn read_older(version: u8, decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        if version != 1 {
            return Err(DecodeError::UnknownVersion(version));
        }
        let name = PolicyName::read(decoder)?;
        let description = String::read(decoder)?;
        let document = String::read(decoder)?;
        let created = Timestamp::read(decoder)?;
        Ok(Self {
            name,
            description,
            document,
            created,
            updated: Timestamp::read(decoder)?,
            version: VersionId(1),
            version_created: created,
            last_version: VersionId(1),
            alias: String::new(),
            tags: Tags::new(),
        })
    }
}

impl PolicyRecord {
    /// Puts a version in the place of the default one, which is returned under its number.
    pub fn exchange_default(
        &mut self,
        version: VersionId,
        new: PolicyVersionRecord,
        now: Timestamp,
    ) -> (VersionId, PolicyVersionRecord) {
        let old = PolicyVersionRecord {
            document: std::mem::replace(&mut self.document, new.document),
            created: std::mem::replace(&mut self.version_created, new.created),
        };
        self.updated = now;
        (std::mem::replace(&mut self.version, version), old)
    }
}

/// The way from a policy's name to its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyNameRecord {
    /// Its number.
    pub id: PolicyId,
}

record!(PolicyNameRecord, "policy name", version 1, { id });

/// A version of a policy that is not the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersionRecord {
    /// The document as it was given.
    pub document: String,
    /// When it was made.
    pub created: Timestamp,
}

record!(PolicyVersionRecord, "policy version", version 1, { document, created });

/// One who can have policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A user.
    User(Uin),
    /// A group.
    Group(GroupId),
    /// A role.
    Role(RoleId),
}

/// That somebody has a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentRecord {
    /// Since when.
    pub attached: Timestamp,
}

record!(AttachmentRecord, "attachment", version 1, { attached });

/// Makes a policy.
pub fn create_policy(batch: Batch, owner: Uin, id: PolicyId, policy: &PolicyRecord) -> Batch {
    put_policy(batch, owner, id, policy).put(
        keys::policy_named(owner, &policy.name),
        PolicyNameRecord { id }.encode(),
    )
}

/// Changes what is stored about a policy, but not its name.
pub fn put_policy(batch: Batch, owner: Uin, id: PolicyId, policy: &PolicyRecord) -> Batch {
    batch.put(keys::policy(owner, id), policy.encode())
}

/// Stores a version of a policy that is not the default one.
pub fn put_version(
    batch: Batch,
    owner: Uin,
    policy: PolicyId,
    version: VersionId,
    record: &PolicyVersionRecord,
) -> Batch {
    batch.put(keys::policy_version(owner, policy, version), record.encode())
}

/// Removes a version of a policy that is not the default one.
pub fn remove_version(batch: Batch, owner: Uin, policy: PolicyId, version: VersionId) -> Batch {
    batch.delete(keys::policy_version(owner, policy, version))
}

/// Removes a policy that was taken from everybody who had it; the versions are those beside the default one.
pub fn remove_policy(
    batch: Batch,
    owner: Uin,
    id: PolicyId,
    name: &PolicyName,
    versions: &[VersionId],
) -> Batch {
    versions
        .iter()
        .fold(batch, |batch, version| remove_version(batch, owner, id, *version))
        .delete(keys::policy(owner, id))
        .delete(keys::policy_named(owner, name))
        .delete(keys::policy_tally(owner, id))
}

/// Gives a policy to somebody.
pub fn attach(batch: Batch, owner: Uin, holder: Holder, policy: PolicyId, now: Timestamp) -> Batch {
    batch
        .put(
            keys::attachment(owner, holder, policy),
            AttachmentRecord { attached: now }.encode(),
        )
        .put(keys::holder(owner, policy, holder), MarkRecord.encode())
}

/// Takes a policy from somebody.
pub fn detach(batch: Batch, owner: Uin, holder: Holder, policy: PolicyId) -> Batch {
    batch
        .delete(keys::attachment(owner, holder, policy))
        .delete(keys::holder(owner, policy, holder))
}
