//! Why an operation was not performed: one code for each cause, with the facts that the caller may know.
//!
//! A code is ours; each dialect has one table from it to its own code, status and text. What the caller is told
//! and what the log keeps are two texts joined by the request id.

use std::borrow::Cow;

/// Why an operation was not performed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message.as_deref().unwrap_or(self.code.name()))]
pub struct Error {
    /// The cause.
    pub code: ErrorCode,
    /// What the caller is told beyond the code's own text.
    pub message: Option<Cow<'static, str>>,
    /// How long the object is that has nothing of the range that was asked for.
    pub object_length: Option<u64>,
}

impl Error {
    /// An error that its code says all about.
    pub const fn new(code: ErrorCode) -> Self {
        Self {
            code,
            message: None,
            object_length: None,
        }
    }

    /// A range that lies beyond the end of an object of this length.
    pub const fn range_beyond(object_length: u64) -> Self {
        Self {
            code: ErrorCode::InvalidRange,
            message: None,
            object_length: Some(object_length),
        }
    }

    /// An error with a text for the caller.
    pub fn with_message(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: Some(message.into()),
            object_length: None,
        }
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident),+ $(,)?) => {
        /// The cause of an error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[doc = $doc])* $variant),+
        }

        impl ErrorCode {
            /// All codes, for tests that walk a dialect's table.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*).trim_ascii()),+
                }
            }

            /// The code's name here; not a dialect's spelling.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant)),+
                }
            }
        }
    };
}

codes! {
    // Who is asking, and may they.
    /// The caller may not do this.
    AccessDenied,
    /// A service-level request without a signature.
    SignatureMissing,
    /// A signature that cannot be read.
    AuthorizationMalformed,
    /// The signature's window has ended.
    SignatureExpired,
    /// The signature's window starts too far in the future, or the clocks differ too much.
    RequestTimeTooSkewed,
    /// The signature is not that of this request.
    SignatureDoesNotMatch,
    /// No such access key.
    UnknownAccessKey,
    /// The access key is disabled, or its identity is gone.
    DisabledAccessKey,
    /// The token is missing, malformed, or not this key's.
    TokenInvalid,
    /// The token has expired.
    TokenExpired,
    /// The token's session was ended.
    SessionRevoked,
    /// Something that changes what the request does is not covered by the signature.
    MeaningNotSigned,
    /// The form does not meet its policy, or the policy has expired.
    PostPolicyNotMet,

    // Buckets, objects, uploads.
    /// No such bucket.
    NoSuchBucket,
    /// The bucket's name is taken by another account.
    BucketAlreadyExists,
    /// The caller's account has the bucket already.
    BucketAlreadyOwned,
    /// The bucket still holds objects or uploads.
    BucketNotEmpty,
    /// Not a bucket name.
    InvalidBucketName,
    /// Not a region.
    InvalidRegionName,
    /// The account has as many buckets as it may.
    TooManyBuckets,
    /// No such object.
    NoSuchKey,
    /// No such upload.
    NoSuchUpload,
    /// No such object version.
    NoSuchVersion,
    /// The key is longer than 850 bytes.
    KeyTooLong,
    /// Not an object key.
    InvalidObjectName,
    /// Not a request target.
    InvalidUri,
    /// A header or parameter has a bad value.
    InvalidArgument,
    /// The request contradicts itself or cannot be honoured.
    InvalidRequest,
    /// The access control list has too many grants.
    TooManyGrants,
    /// The bucket has no rules for other origins.
    NoSuchCors,
    /// The bucket has no policy.
    NoSuchBucketPolicy,
    /// Not a policy that a bucket can have.
    MalformedPolicy,
    /// No rule lets this origin do this.
    CorsForbidden,
    /// There are no tags.
    NoSuchTags,
    /// Not tags, or too many.
    InvalidTag,
    /// Not a source to copy from.
    InvalidCopySource,
    /// The body does not have the announced MD5.
    BadDigest,
    /// `Content-MD5` is not one.
    InvalidDigest,
    /// The body does not have the announced SHA-1.
    InvalidSha1Digest,
    /// The body is too large.
    EntityTooLarge,
    /// A part that is not the last is too small.
    EntityTooSmall,
    /// The body ended early.
    IncompleteBody,
    /// The body has no announced length where one is needed.
    MissingContentLength,
    /// A body is needed.
    MissingRequestBody,
    /// A listed part is not there, or has another tag.
    InvalidPart,
    /// The parts are not listed in ascending order.
    InvalidPartOrder,
    /// Not the XML that was expected.
    MalformedXml,
    /// An XML body is too large.
    XmlTooLarge,
    /// Not a form, or one that is too large beside its file.
    MalformedPostRequest,
    /// A form has no file, or more than one.
    IncorrectNumberOfFiles,
    /// The policy of a form is none.
    InvalidPolicyDocument,
    /// No byte of the object is in the range.
    InvalidRange,
    /// A conditional header does not hold.
    PreconditionFailed,
    /// The object is there and must not be replaced.
    ObjectExists,
    /// Not a storage class, or not one that is offered.
    StorageClassNotSupported,
    /// The method is not one for this target.
    MethodNotAllowed,
    /// Not offered.
    NotImplemented,
    /// The headers are too large.
    HeadersTooLarge,
    /// The client was too slow.
    RequestTimeout,
    /// Too many at once; try again.
    SlowDown,
    /// Not now; try again.
    ServiceUnavailable,
    /// Our fault.
    InternalError,

    // The APIs of the token and access-management services.
    /// No such action.
    InvalidAction,
    /// No such version of the API.
    InvalidVersion,
    /// The method or the body's type is not one for these APIs.
    UnsupportedProtocol,
    /// A parameter is missing.
    MissingParameter,
    /// A parameter is not one of the action's.
    UnknownParameter,
    /// A parameter is malformed.
    InvalidParameter,
    /// A parameter has a bad value.
    InvalidParameterValue,
    /// A parameter of the action is bad.
    ParamError,
    /// The request is too large.
    RequestTooLarge,
    /// The limit of requests in a second is reached.
    RequestLimitExceeded,

    // Temporary keys.
    /// A temporary key may not ask for this.
    TemporaryKeyNotAllowed,
    /// The duration is out of range.
    DurationOutOfRange,
    /// The session policy, or the token with it, is too long.
    PolicyTooLong,
    /// The session policy is not well-formed.
    PolicyNotWellFormed,
    /// The session policy is well-formed and not a policy.
    PolicyInvalid,
    /// A resource in the session policy is malformed.
    PolicyResourceMalformed,
    /// The session policy names another account's resource.
    PolicyGrantsOtherAccount,

    /// The second factor that was shown is not one of the identity's.
    MfaCheckFailed,
    /// Second factors of this type are not known.
    MfaTypeNotSupported,

    // Identity providers.
    /// The account has as many providers as it may.
    ProviderFull,
    /// Another provider has the name.
    ProviderNameInUse,
    /// Not a provider's name.
    ProviderNameError,
    /// The issuer is not one, or one that may not be asked.
    ProviderUrlError,
    /// The keys of a provider are not such.
    ProviderKeyError,
    /// No such provider.
    ProviderNotExist,
    /// The web identity token is not taken.
    WebIdentityTokenError,

    // Roles.
    /// No more roles may be made.
    RoleFull,
    /// The name is taken.
    RoleNameInUse,
    /// Not a role name.
    RoleNameError,
    /// No such role.
    RoleNotExist,
    /// A principal's account number or form is not one.
    PrincipalQcsError,
    /// A principal does not exist.
    PrincipalQcsNotExist,
    /// There is no such service.
    PrincipalServiceNotExist,

    // Users, access keys, policies.
    /// No more users may be made.
    UserFull,
    /// The name is taken.
    UserNameInUse,
    /// Not a user name.
    UserNameIllegal,
    /// No such user.
    UserNotExist,
    /// There is no such root account.
    AccountNotExist,
    /// The number of a new root account is taken, or not greater than all that were given out.
    AccountInUse,
    /// There are too many root accounts.
    AccountFull,
    /// The operator's own account is never disabled.
    AccountIsOperator,
    /// The user still has access keys.
    UserHasKeys,
    /// The identity has as many access keys as it may.
    AccessKeyOverLimit,
    /// The access key is not that identity's.
    AccessKeyNotOfSubject,
    /// No such access key to manage.
    AccessKeyNotExist,
    /// No more policies may be made.
    PolicyFull,
    /// The name is taken.
    PolicyNameInUse,
    /// Not a policy name.
    PolicyNameError,
    /// The note is too long.
    DescriptionTooLong,
    /// Not a policy id.
    PolicyIdError,
    /// No such policy.
    PolicyIdNotFound,
    /// No such policy to give to a role, or to bound somebody.
    PolicyIdNotExist,
    /// The policy comes with the service and cannot be changed.
    PolicyReadOnly,
    /// The user has as many policies as it may.
    AttachmentFull,
    /// The policy is somebody's permission boundary, and cannot be removed before that is.
    PolicyIsBoundary,
    /// The policy has as many versions as it may.
    PolicyVersionFull,
    /// No such version of the policy.
    PolicyVersionNotExist,
    /// The version is the default one.
    PolicyVersionIsDefault,
    /// Not a kind of identity that policies are attached to.
    EntityFilterError,
    /// A tag is not one, or is given twice.
    TagParamError,
    /// There are more tags than there may be.
    TagLimitExceeded,
    /// A password is given, and there is no sign-in with passwords.
    PasswordRefused,
    /// The last active access key of the root would go, and with it the last way in.
    LastRootKey,
    /// No more groups may be made.
    GroupFull,
    /// The name is taken.
    GroupNameInUse,
    /// No such group.
    GroupNotFound,
    /// Nothing is kept of this request, or nothing that is the caller's to know.
    ExplanationNotFound,
    /// A group that users are to join or leave does not exist.
    MemberGroupNotExist,
    /// The group has as many members as it may.
    GroupUserFull,
    /// The user is in as many groups as it may.
    UserGroupFull,
    /// A user is named neither by uin nor by uid.
    UserNotNamed,
    /// Not a kind of policies.
    ScopeError,
    /// The search text is too long.
    KeywordError,
    /// The document is not well-formed.
    DocumentError,
    /// The document is too long.
    DocumentTooLong,
    /// `version` is not `2.0`.
    DocumentVersionError,
    /// A statement is not one.
    DocumentStatementError,
    /// `effect` is neither `allow` nor `deny`.
    DocumentEffectError,
    /// An action is not one.
    DocumentActionError,
    /// A resource is not one.
    DocumentResourceError,
    /// A resource's project segment is not empty.
    DocumentResourceProjectError,
    /// A resource names an account that it may not.
    DocumentResourceAccountError,
    /// A principal is not one, or stands where none may.
    DocumentPrincipalError,
    /// A condition is not one.
    DocumentConditionError,
    /// A condition's operator is unknown.
    DocumentConditionTypeError,
    /// A condition's value is not of its operator's type.
    DocumentConditionContentError,
}
