//! What an operation answers, before a dialect spells it. An object's bytes travel beside it.

mod identity;
mod judgement;

use zeroize::Zeroizing;

use crate::Timestamp;
use crate::acl::Acl;
use crate::cors::{CorsGrant, CorsRules};
use crate::error::Error;
use crate::names::{
    AccessKeyId, Account, AppId, BucketName, GroupId, ObjectKey, PolicyId, PolicyName, ProviderName, Region,
    RoleId, RoleName, SessionId, Uin, UploadId, UserName, VersionId,
};
use crate::object::{ETag, ObjectInfo, Span, StorageClass};
use crate::operation::{
    AccessKeyStatus, AccountStatus, Contact, DeleteEntry, InitiateMultipartUpload, ListMultipartUploads,
    ListObjects, ListParts, PostAnswer, ResponseOverrides, UploadRef,
};
use crate::secret::SecretKey;
use crate::tags::Tags;

pub use identity::{
    AccountSummary, Boundary, Group, GroupDetails, LastUse, PolicyEntity, PolicyVersion,
    PolicyVersionSummary, UserPolicy,
};
pub use judgement::{JudgedFinding, JudgedSeverity, Judgement, Within};

/// A revocation: what it ends, and how long it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its place in the order of all.
    pub sequence: u64,
    /// Which sessions it ends.
    pub ended: Ended,
    /// Those that were made until then.
    pub issued_before: Timestamp,
    /// When the last of them would have ended by itself.
    pub expires: Timestamp,
    /// When it was made.
    pub made: Timestamp,
    /// Who made it.
    pub by: Uin,
}

/// Which sessions a revocation ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// One.
    Session(SessionId),
    /// Those of a user.
    User(Uin),
    /// Those of a role.
    Role(RoleId),
    /// Those that a permanent key began.
    AccessKey(AccessKeyId),
    /// Those of a name.
    Name(String),
}

/// Revocations, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList {
    /// They.
    pub entries: Vec<Revocation>,
    /// After which one to go on, when there may be more.
    pub next: Option<u64>,
}

/// A temporary key that was given out, without what it takes to use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    /// TmpSecretId.
    pub access_key_id: AccessKeyId,
    /// How it came to be.
    pub kind: ListedKind,
    /// The name it was given; may be empty.
    pub name: String,
    /// Whose rights it has.
    pub principal: ListedPrincipal,
    /// The key that signed for it; none where an identity provider vouched.
    pub minted_by: Option<AccessKeyId>,
    /// The permanent key that began the chain; none where an identity provider did.
    pub origin: Option<AccessKeyId>,
    /// How many sessions are between it and that.
    pub ancestors: usize,
    /// Who its caller said it acts for.
    pub source_identity: Option<String>,
    /// When it was made.
    pub issued: Timestamp,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// What became of it.
    pub state: SessionState,
}

/// How a session came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedKind {
    /// By GetFederationToken.
    Federation,
    /// By taking a role.
    Role,
    /// By GetSessionToken.
    Own,
}

/// Whose rights a session has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListedPrincipal {
    /// A user's, or the root's.
    User(Uin),
    /// A role's, with the name that it has now, if it is still there.
    Role(RoleId, Option<RoleName>),
}

/// What became of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// It is good.
    Live,
    /// It has ended by itself.
    Expired,
    /// It was ended, or one that it descends from.
    Revoked,
    /// The key that began it is gone or disabled, or its role is gone.
    Orphaned,
}

/// Sessions, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionList {
    /// They.
    pub entries: Vec<SessionSummary>,
    /// Before which place to go on, when there may be more.
    pub next: Option<u64>,
}

/// One of the keys that seal and open session tokens, without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochSummary {
    /// Its number.
    pub id: u32,
    /// When it was made.
    pub created: Timestamp,
    /// Until when tokens open under it; absent for the one that seals.
    pub opens_until: Option<Timestamp>,
}

/// The answer to an operation that was performed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The account's buckets.
    Buckets(BucketList),
    /// A bucket was made.
    BucketCreated,
    /// A bucket is there.
    BucketHead {
        /// Where.
        region: Region,
    },
    /// Something was removed, or was not there to begin with.
    Deleted,
    /// Several objects were to be removed, and this became of each.
    ObjectsDeleted(DeleteReport),
    /// A bucket's region.
    Location(Region),
    /// An access control list.
    Acl(AclReport),
    /// A bucket's rules for other origins.
    Cors(CorsRules),
    /// The text of a bucket's policy.
    BucketPolicy(String),
    /// A bucket has another policy.
    BucketPolicyChanged,
    /// Tags of a bucket or an object.
    Tags(Tags),
    /// A bucket has other tags.
    BucketTagged,
    /// What a browser may send.
    Preflight(CorsGrant),
    /// The configuration of a bucket or an object was changed.
    Changed,
    /// Objects of a bucket.
    Objects(ObjectList),
    /// Uploads of a bucket.
    Uploads(UploadList),
    /// An object or a part was stored.
    Stored {
        /// Its tag.
        etag: ETag,
        /// CRC-64/XZ of its bytes.
        crc64: u64,
    },
    /// The file of a form was stored.
    ObjectPosted(Posted),
    /// An object was made of another.
    ObjectCopied(Copied),
    /// A part was made of an object.
    PartCopied(Copied),
    /// An object, or what is known about it.
    Object {
        /// All about it.
        info: ObjectInfo,
        /// The bytes that were asked for, when not all.
        span: Option<Span>,
        /// Headers to answer instead of the stored ones.
        overrides: ResponseOverrides,
    },
    /// The client has the object already.
    NotModified {
        /// Its tag.
        etag: ETag,
        /// When it was written.
        last_modified: Timestamp,
    },
    /// An upload has begun.
    UploadStarted {
        /// What was asked for.
        request: InitiateMultipartUpload,
        /// Its id.
        upload_id: UploadId,
    },
    /// An upload became an object.
    UploadCompleted {
        /// Which upload.
        upload: UploadRef,
        /// The object's tag.
        etag: ETag,
        /// CRC-64/XZ of the object's bytes.
        crc64: u64,
    },
    /// Parts of an upload.
    Parts(PartList),
    /// A temporary key.
    TemporaryKey(TemporaryKey),
    /// Who the caller is.
    CallerIdentity(CallerIdentity),
    /// A sub-account was made.
    UserCreated {
        /// It.
        user: User,
        /// Its first access key, when one was asked for.
        access_key: Option<NewAccessKey>,
    },
    /// An account was made.
    RootAccountCreated {
        /// It.
        account: RootAccount,
        /// The first key of its root.
        access_key: NewAccessKey,
    },
    /// One account.
    RootAccount(RootAccount),
    /// All accounts.
    RootAccounts(Vec<RootAccount>),
    /// One sub-account.
    User(User),
    /// All sub-accounts.
    Users(Vec<User>),
    /// Those sub-accounts of the asked ones that exist.
    SubAccounts(Vec<User>),
    /// A page of the identities of other accounts that act in this one.
    Collaborators(Page<User>),
    /// The numbers of the caller and its account.
    AccountNumbers {
        /// The caller.
        uin: Uin,
        /// Its account.
        account: Account,
    },
    /// How many identities of each kind there are.
    AccountSummary(AccountSummary),
    /// When access keys were last used.
    LastUses(Vec<LastUse>),
    /// An access key was made.
    AccessKeyCreated(NewAccessKey),
    /// Access keys, without secrets.
    AccessKeys(Vec<AccessKey>),
    /// A policy was made.
    PolicyCreated(PolicyId),
    /// One policy.
    Policy(Policy),
    /// A page of policies.
    Policies(Page<PolicySummary>),
    /// A policy was changed; its number, where it was named otherwise.
    PolicyUpdated(Option<PolicyId>),
    /// A version of a policy was made.
    VersionCreated(VersionId),
    /// One version of a policy.
    Version(PolicyVersion),
    /// All versions of a policy.
    Versions(Vec<PolicyVersionSummary>),
    /// A page of those who have a policy.
    PolicyEntities(Page<PolicyEntity>),
    /// A page of the policies of a user or a group.
    AttachedPolicies(Page<AttachedPolicy>),
    /// A page of a user's policies, with the way to each.
    UserPolicies(Page<UserPolicy>),
    /// A group was made.
    GroupCreated(GroupId),
    /// One group with its members.
    Group(GroupDetails),
    /// A page of groups.
    Groups(Page<Group>),
    /// A page of the members of a group.
    GroupMembers(Page<User>),
    /// The permission boundary of a user or a role, or none.
    Boundary(Option<Boundary>),
    /// The permanent keys of an identity, as the token service tells them.
    ApiKeys(Vec<AccessKey>),
    /// What was ended before its time.
    Revocations(RevocationList),
    /// Temporary keys that were given out.
    Sessions(SessionList),
    /// The keys that seal and open session tokens, the newest first.
    KeyRing(Vec<EpochSummary>),
    /// The master key is another one; how many secrets of permanent keys were wrapped anew.
    MasterKeyRotated(u64),
    /// Why a request was answered as it was, as JSON.
    Explanation(String),
    /// Records of the audit trail.
    AuditRecords(AuditRecords),
    /// What was found about a policy.
    Findings(Vec<JudgedFinding>),
    /// What remains of somebody's rights.
    Effective(EffectiveRights),
    /// A role was made.
    RoleCreated(RoleId),
    /// One role.
    Role(Role),
    /// A page of roles.
    Roles(Page<Role>),
    /// A page of a role's policies.
    RolePolicies(Page<AttachedPolicy>),
    /// An identity provider.
    Provider(Provider),
    /// It was done; there is nothing to tell.
    Done,
}

/// Records of the audit trail, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecords {
    /// The records, as a JSON list; docs/audit.md describes them.
    pub records: String,
    /// Before which record to go on, when there may be more.
    pub next: Option<u64>,
}

/// What remains of somebody's rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveRights {
    /// Rows of actions, resources and conditions, as a JSON list; docs/effective.md describes them.
    pub rows: String,
    /// The picture as SVG, where there are two layers to be drawn.
    pub picture: Option<String>,
}

/// The access control list of a bucket or an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclReport {
    /// The root account that owns it.
    pub owner_uin: Uin,
    /// The list.
    pub acl: Acl,
    /// Whether it is an object without a list of its own.
    pub inherited: bool,
}

/// What the upload of a form made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// In this bucket.
    pub bucket: BucketName,
    /// Under this key.
    pub key: ObjectKey,
    /// Its tag.
    pub etag: ETag,
    /// CRC-64/XZ of its bytes.
    pub crc64: u64,
    /// How that is answered.
    pub answer: PostAnswer,
}

/// What a copy made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its tag.
    pub etag: ETag,
    /// CRC-64/XZ of its bytes.
    pub crc64: u64,
    /// When it was made.
    pub last_modified: Timestamp,
}

/// What became of objects that were to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteReport {
    /// Tell only what failed.
    pub quiet: bool,
    /// In the order in which they were named.
    pub entries: Vec<DeletedEntry>,
}

/// What became of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedEntry {
    /// As it was named.
    pub entry: DeleteEntry,
    /// Why it was not removed; nothing if it is gone.
    pub error: Option<Error>,
}

/// Buckets of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketList {
    /// The root account.
    pub owner_uin: Uin,
    /// In order of their names.
    pub buckets: Vec<BucketSummary>,
    /// The marker that was asked for.
    pub marker: Option<String>,
    /// Whether more follow.
    pub truncated: bool,
}

/// One bucket in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketSummary {
    /// Its name.
    pub name: BucketName,
    /// Where it is.
    pub region: Region,
    /// When it was made.
    pub created: Timestamp,
}

/// Objects of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectList {
    /// What was asked for.
    pub request: ListObjects,
    /// Where the bucket is.
    pub region: Region,
    /// Whose it is.
    pub owner: AppId,
    /// In byte order of their keys.
    pub objects: Vec<ObjectSummary>,
    /// In byte order.
    pub common_prefixes: Vec<String>,
    /// The last entry of this page, when more follow.
    pub next_marker: Option<String>,
}

/// One object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectSummary {
    /// Its key.
    pub key: ObjectKey,
    /// When it was written.
    pub last_modified: Timestamp,
    /// Its tag.
    pub etag: ETag,
    /// Length in bytes.
    pub length: u64,
    /// How it is kept.
    pub storage_class: StorageClass,
}

/// Who began an upload, and who owns what it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The root account.
    pub owner_uin: Uin,
    /// The identity that began it.
    pub initiator_uin: Uin,
}

/// Uploads of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadList {
    /// What was asked for.
    pub request: ListMultipartUploads,
    /// In order of key, then of beginning.
    pub uploads: Vec<UploadSummary>,
    /// In byte order.
    pub common_prefixes: Vec<String>,
    /// Key and upload id of the last entry, when more follow; the id is empty after a common prefix.
    pub next: Option<(String, String)>,
}

/// One upload in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadSummary {
    /// The key it is for.
    pub key: ObjectKey,
    /// Its id.
    pub upload_id: UploadId,
    /// How the object will be kept.
    pub storage_class: StorageClass,
    /// Whose it is.
    pub ownership: Ownership,
    /// When it began.
    pub initiated: Timestamp,
}

/// Parts of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartList {
    /// What was asked for.
    pub request: ListParts,
    /// Whose it is.
    pub ownership: Ownership,
    /// How the object will be kept.
    pub storage_class: StorageClass,
    /// In order of their numbers.
    pub parts: Vec<PartSummary>,
    /// Whether more follow.
    pub truncated: bool,
}

/// One part in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartSummary {
    /// Its number.
    pub part_number: u32,
    /// When it was stored.
    pub last_modified: Timestamp,
    /// Its tag.
    pub etag: ETag,
    /// Length in bytes.
    pub length: u64,
}

/// A temporary key, as its asker gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemporaryKey {
    /// TmpSecretId.
    pub access_key_id: AccessKeyId,
    /// TmpSecretKey.
    pub secret_key: SecretKey,
    /// The token.
    pub token: SessionToken,
    /// When all three end.
    pub expires: Timestamp,
    /// What was found about its policy, where that was asked for.
    pub judgement: Option<Box<Judgement>>,
}

/// A sealed session token. Whoever has it has no key yet, but it stays out of logs all the same, and is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(Zeroizing<String>);

impl SessionToken {
    /// Wraps a token's text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(hidden)")
    }
}

/// Who a caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The root account.
    pub owner_uin: Uin,
    /// The identity; of a role session, the one that began the chain of sessions.
    pub uin: Uin,
    /// The role, when the caller is a session of one.
    pub role: Option<RoleId>,
    /// The session's name, when the caller is a federation or role session.
    pub session_name: Option<String>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its number.
    pub id: RoleId,
    /// Its name.
    pub name: RoleName,
    /// The account that it is in.
    pub owner: Uin,
    /// Who may act as it.
    pub document: String,
    /// A note about it.
    pub description: String,
    /// Whether it may be used at a console.
    pub console_login: bool,
    /// The longest life of its sessions, in seconds; 0 for no limit of its own.
    pub session_duration: i64,
    /// Its tags.
    pub tags: Tags,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// An identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name.
    pub name: ProviderName,
    /// Who issues its tokens.
    pub issuer: String,
    /// For whom tokens must be issued.
    pub audiences: Vec<String>,
    /// The keys that it was given; none when the issuer is asked for them.
    pub keys: Option<String>,
    /// A note about it.
    pub description: String,
}

/// A sub-account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub uin: Uin,
    /// The number under which it receives messages, which is not the account's APPID.
    pub uid: u64,
    /// Its name.
    pub name: UserName,
    /// A note about it.
    pub remark: String,
    /// How it is reached.
    pub contact: Contact,
    /// When it was made.
    pub created: Timestamp,
}

/// An access key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id.
    pub id: AccessKeyId,
    /// Whether it works.
    pub status: AccessKeyStatus,
    /// When it was made.
    pub created: Timestamp,
    /// A note about it.
    pub description: String,
}

/// An access key just made: the only time its secret is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccessKey {
    /// The key.
    pub access_key: AccessKey,
    /// Its secret.
    pub secret_key: SecretKey,
}

/// An account of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootAccount {
    /// Its numbers.
    pub account: Account,
    /// When it was made.
    pub created: Timestamp,
    /// Whether its keys count.
    pub status: AccountStatus,
}

/// A policy with its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// All but the document.
    pub summary: PolicySummary,
    /// The document of its default version, as it was given.
    pub document: String,
    /// Another note about it, which the service calls its alias.
    pub alias: String,
}

/// A policy without its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySummary {
    /// Its number.
    pub id: PolicyId,
    /// Its name.
    pub name: PolicyName,
    /// A note about it.
    pub description: String,
    /// Whether it comes with the service.
    pub preset: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How many identities have it.
    pub attachments: u64,
    /// How many identities it is the boundary of.
    pub boundaries: u64,
    /// Its tags.
    pub tags: Tags,
}

/// A policy that a user or a group has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedPolicy {
    /// Its number.
    pub id: PolicyId,
    /// Its name.
    pub name: PolicyName,
    /// Whether it comes with the service.
    pub preset: bool,
    /// Since when.
    pub attached: Timestamp,
    /// A note about it.
    pub description: String,
}

/// One page of a longer list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// How many entries the whole list has.
    pub total: usize,
    /// Those of the page.
    pub entries: Vec<T>,
}
