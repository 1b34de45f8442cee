//! Access control lists of buckets and objects, and the presets that `x-cos-acl` names.
//!
//! A list only ever grants; what a grant means for an action is decided in `access`.

use crate::names::{Account, Uin};

/// Most grants that one list may hold.
pub const MAX_GRANTS: usize = 100;

/// The right that a grant gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// List the bucket, or read the object.
    Read,
    /// Write and delete objects of the bucket.
    Write,
    /// Read the list itself.
    ReadAcp,
    /// Replace the list itself.
    WriteAcp,
    /// All of the above.
    FullControl,
}

/// Whom a grant names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grantee {
    /// A root account (both numbers equal) or a sub-account.
    User {
        /// The root account.
        owner_uin: Uin,
        /// The identity in it.
        uin: Uin,
    },
    /// Everybody, signed or not.
    AllUsers,
    /// Everybody who signs.
    AuthenticatedUsers,
}

/// One line of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    /// Whom it names.
    pub grantee: Grantee,
    /// What it gives.
    pub permission: Permission,
}

/// The list of a bucket or of an object.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Acl {
    /// Its grants, in the order in which they were given.
    pub grants: Vec<Grant>,
}

/// What an object says about its own list.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum ObjectAcl {
    /// It has none and follows its bucket's public read.
    #[default]
    Inherit,
    /// It has one of its own.
    Own(Acl),
}

/// The presets for buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum BucketAclPreset {
    /// The owner alone.
    #[default]
    Private,
    /// Everybody may read.
    PublicRead,
    /// Everybody may read and write.
    PublicReadWrite,
    /// Everybody who signs may read.
    AuthenticatedRead,
}

/// The presets for objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ObjectAclPreset {
    /// As the bucket.
    #[default]
    Default,
    /// The owner alone.
    Private,
    /// Everybody may read.
    PublicRead,
    /// Everybody who signs may read.
    AuthenticatedRead,
    /// The bucket's owner may read.
    BucketOwnerRead,
    /// The bucket's owner may do everything.
    BucketOwnerFullControl,
}

/// How a request says what list something shall have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AclRequest<P> {
    /// By a preset's name.
    Preset(P),
    /// By grants beside the owner's own.
    Grants(Vec<Grant>),
    /// By the whole list.
    List(Acl),
}

/// What list a bucket shall have.
pub type BucketAclRequest = AclRequest<BucketAclPreset>;
/// What list an object shall have.
pub type ObjectAclRequest = AclRequest<ObjectAclPreset>;

impl<P: Default> Default for AclRequest<P> {
    fn default() -> Self {
        Self::Preset(P::default())
    }
}

impl<P> From<P> for AclRequest<P> {
    fn from(preset: P) -> Self {
        Self::Preset(preset)
    }
}

impl BucketAclRequest {
    /// The list that is asked for, for a bucket of this owner.
    pub fn acl(&self, owner: Account) -> Acl {
        match self {
            Self::Preset(preset) => preset.acl(owner),
            Self::Grants(grants) => beside_owner(owner, grants),
            Self::List(acl) => acl.clone(),
        }
    }
}

impl ObjectAclRequest {
    /// The list that is asked for, for an object in a bucket of this owner.
    pub fn acl(&self, owner: Account) -> ObjectAcl {
        match self {
            Self::Preset(preset) => preset.acl(owner),
            Self::Grants(grants) => ObjectAcl::Own(beside_owner(owner, grants)),
            Self::List(acl) => ObjectAcl::Own(acl.clone()),
        }
    }
}

fn beside_owner(owner: Account, grants: &[Grant]) -> Acl {
    let mut all = vec![owner_grant(owner, Permission::FullControl)];
    all.extend_from_slice(grants);
    Acl { grants: all }
}

impl ObjectAcl {
    /// The list as it is shown: one that is inherited has nothing but its owner's own grant.
    pub fn shown(&self, owner: Account) -> Acl {
        match self {
            Self::Inherit => beside_owner(owner, &[]),
            Self::Own(acl) => acl.clone(),
        }
    }
}

impl BucketAclPreset {
    /// The list that the preset stands for, for a bucket of this owner.
    pub fn acl(self, owner: Account) -> Acl {
        let all = |permission| Grant {
            grantee: Grantee::AllUsers,
            permission,
        };
        let mut grants = vec![owner_grant(owner, Permission::FullControl)];
        match self {
            Self::Private => {}
            Self::PublicRead => grants.push(all(Permission::Read)),
            // Two grants, not FULL_CONTROL: two SDKs recognise the preset by exactly this pair.
            Self::PublicReadWrite => grants.extend([all(Permission::Read), all(Permission::Write)]),
            Self::AuthenticatedRead => {
                grants.push(Grant {
                    grantee: Grantee::AuthenticatedUsers,
                    permission: Permission::Read,
                });
            }
        }
        Acl { grants }
    }
}

impl ObjectAclPreset {
    /// The list that the preset stands for, for an object in a bucket of this owner.
    pub fn acl(self, owner: Account) -> ObjectAcl {
        let mut grants = vec![owner_grant(owner, Permission::FullControl)];
        let read = |grantee| Grant {
            grantee,
            permission: Permission::Read,
        };
        match self {
            Self::Default => return ObjectAcl::Inherit,
            // An object belongs to its bucket's owner, so these add nothing to the owner's own grant.
            Self::Private | Self::BucketOwnerRead | Self::BucketOwnerFullControl => {}
            Self::PublicRead => grants.push(read(Grantee::AllUsers)),
            Self::AuthenticatedRead => grants.push(read(Grantee::AuthenticatedUsers)),
        }
        ObjectAcl::Own(Acl { grants })
    }
}

fn owner_grant(owner: Account, permission: Permission) -> Grant {
    Grant {
        grantee: Grantee::User {
            owner_uin: owner.owner_uin,
            uin: owner.owner_uin,
        },
        permission,
    }
}
