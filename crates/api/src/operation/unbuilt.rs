//! Operations that the service knows by name and does not offer: they are recognised, judged, and answered with
//! "not implemented", never mistaken for something else.

use crate::names::{BucketName, ObjectKey};

/// What an operation that is not offered was aimed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A bucket.
    Bucket(BucketName),
    /// An object.
    Object(BucketName, ObjectKey),
}

macro_rules! unbuilt {
    ($($variant:ident => $action:literal),+ $(,)?) => {
        /// The name of an operation that is not offered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each name is the documented name of the operation")]
        pub enum UnbuiltOperation {
            $($variant),+
        }

        impl UnbuiltOperation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The action that a policy must allow for it.
            pub fn action(self) -> &'static str {
                match self {
                    $(Self::$variant => $action),+
                }
            }
        }
    };
}

unbuilt! {
    GetBucketObjectVersions => "cos:GetBucketObjectVersions",
    PutBucketLifecycle => "cos:PutBucketLifecycle",
    GetBucketLifecycle => "cos:GetBucketLifecycle",
    DeleteBucketLifecycle => "cos:DeleteBucketLifecycle",
    PutBucketVersioning => "cos:PutBucketVersioning",
    GetBucketVersioning => "cos:GetBucketVersioning",
    PutBucketWebsite => "cos:PutBucketWebsite",
    GetBucketWebsite => "cos:GetBucketWebsite",
    DeleteBucketWebsite => "cos:DeleteBucketWebsite",
    PutBucketLogging => "cos:PutBucketLogging",
    GetBucketLogging => "cos:GetBucketLogging",
    PutBucketReferer => "cos:PutBucketReferer",
    GetBucketReferer => "cos:GetBucketReferer",
    PutBucketEncryption => "cos:PutBucketEncryption",
    GetBucketEncryption => "cos:GetBucketEncryption",
    DeleteBucketEncryption => "cos:DeleteBucketEncryption",
    PutBucketInventory => "cos:PutBucketInventory",
    GetBucketInventory => "cos:GetBucketInventory",
    DeleteBucketInventory => "cos:DeleteBucketInventory",
    ListBucketInventory => "cos:ListBucketInventory",
    PostBucketInventory => "cos:PostBucketInventory",
    PutBucketReplication => "cos:PutBucketReplication",
    GetBucketReplication => "cos:GetBucketReplication",
    DeleteBucketReplication => "cos:DeleteBucketReplication",
    PutBucketDomain => "cos:PutBucketDomain",
    GetBucketDomain => "cos:GetBucketDomain",
    DeleteBucketDomain => "cos:DeleteBucketDomain",
    PutBucketDomainCertificate => "cos:PutBucketDomainCertificate",
    GetBucketDomainCertificate => "cos:GetBucketDomainCertificate",
    DeleteBucketDomainCertificate => "cos:DeleteBucketDomainCertificate",
    PutBucketOrigin => "cos:PutBucketOrigin",
    GetBucketOrigin => "cos:GetBucketOrigin",
    DeleteBucketOrigin => "cos:DeleteBucketOrigin",
    PutBucketIntelligentTiering => "cos:PutBucketIntelligentTiering",
    GetBucketIntelligentTiering => "cos:GetBucketIntelligentTiering",
    PutBucketAccelerate => "cos:PutBucketAccelerate",
    GetBucketAccelerate => "cos:GetBucketAccelerate",
    PutBucketObjectLock => "cos:PutBucketObjectLockConfiguration",
    GetBucketObjectLock => "cos:GetBucketObjectLockConfiguration",
    PutBucketStrictSignature => "cos:PutBucketStrictSignature",
    GetBucketStrictSignature => "cos:GetBucketStrictSignature",
    DeleteBucketStrictSignature => "cos:DeleteBucketStrictSignature",
    AppendObject => "cos:AppendObject",
    RestoreObject => "cos:PostObjectRestore",
    SelectObjectContent => "cos:GetObject",
    PutObjectRetention => "cos:PutObjectRetention",
    GetObjectRetention => "cos:GetObjectRetention",
    PutObjectLegalHold => "cos:PutObjectLegalHold",
    GetObjectLegalHold => "cos:GetObjectLegalHold",
    PutSymlink => "cos:PutSymlink",
    GetSymlink => "cos:GetSymlink",
    RenameObject => "cos:RenameObject",
    ProcessData => "cos:ProcessData",
}
