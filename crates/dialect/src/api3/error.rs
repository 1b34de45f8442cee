//! The table from our error codes to those of API 3.0, and from there to API 2.0.
//!
//! Spellings are the services' own, misspellings included, for they are part of the protocol. The two services
//! name the same causes differently in a few places; the table is exhaustive, so that a new code does not
//! compile until it is spelled.

use std::borrow::Cow;

use daypass_api::{Error, ErrorCode};

use super::action::Service;

/// The code and text of an error in API 3.0.
pub(super) fn describe(error: &Error, service: Option<Service>) -> (&'static str, Cow<'static, str>) {
    let (code, text) = spell(error.code, service);
    let message = error.message.clone().unwrap_or(Cow::Borrowed(text));
    // One SDK takes this code with this word for a bad region, and gives up the region until it is restarted.
    if code == "InvalidParameterValue" && message.contains("Region") {
        return (code, Cow::Borrowed(text));
    }
    (code, message)
}

/// The number, name and text of an error in API 2.0.
pub(super) fn describe_legacy(error: &Error) -> (u32, &'static str, Cow<'static, str>) {
    if error.code == ErrorCode::PolicyGrantsOtherAccount {
        let message = Cow::Borrowed("(60024)you are not resource owner");
        return (4000, "StrategyResourceInvalid", message);
    }
    let (code, message) = describe(error, Some(Service::Sts));
    let (family, detail) = code.split_once('.').unwrap_or((code, code));
    let number = match (family, detail) {
        ("AuthFailure", "SecretIdNotFound") => 4104,
        ("AuthFailure", "TokenFailure") => 4105,
        ("AuthFailure", _) => 4100,
        ("UnauthorizedOperation", _) => 4102,
        ("RequestLimitExceeded", _) => 4400,
        ("UnsupportedProtocol", _) => 4600,
        ("InternalError", _) => 6000,
        ("NoSuchVersion", _) => 6100,
        ("ServiceUnavailable", _) => 6200,
        _ => 4000,
    };
    (number, detail, message)
}

fn spell(code: ErrorCode, service: Option<Service>) -> (&'static str, &'static str) {
    match service {
        Some(Service::Cam) => spell_cam(code),
        Some(Service::Sts) => spell_sts(code),
        None => spell_any(code),
    }
}

fn spell_cam(code: ErrorCode) -> (&'static str, &'static str) {
    match code {
        ErrorCode::AccessDenied => (
            "AuthFailure.UnauthorizedOperation",
            "you are not authorized to perform this operation",
        ),
        ErrorCode::InternalError => ("InternalError.SystemError", "internal error"),
        _ => spell_any(code),
    }
}

/// The token service is coarser about documents than access management is.
fn spell_sts(code: ErrorCode) -> (&'static str, &'static str) {
    match code {
        ErrorCode::InternalError => ("InternalError.SystemError", "internal error"),
        ErrorCode::RoleNotExist => ("ResourceNotFound.RoleNotFound", "the role does not exist"),
        ErrorCode::DocumentError => spell_any(ErrorCode::PolicyNotWellFormed),
        ErrorCode::DocumentTooLong => spell_any(ErrorCode::PolicyTooLong),
        ErrorCode::DocumentResourceAccountError => spell_any(ErrorCode::PolicyGrantsOtherAccount),
        ErrorCode::DocumentResourceError | ErrorCode::DocumentResourceProjectError => {
            spell_any(ErrorCode::PolicyResourceMalformed)
        }
        ErrorCode::DocumentVersionError
        | ErrorCode::DocumentStatementError
        | ErrorCode::DocumentEffectError
        | ErrorCode::DocumentActionError
        | ErrorCode::DocumentPrincipalError
        | ErrorCode::DocumentConditionError
        | ErrorCode::DocumentConditionTypeError
        | ErrorCode::DocumentConditionContentError => spell_any(ErrorCode::PolicyInvalid),
        _ => spell_any(code),
    }
}

#[expect(clippy::too_many_lines, reason = "one line for each code")]
fn spell_any(code: ErrorCode) -> (&'static str, &'static str) {
    use ErrorCode as Code;
    match code {
        Code::AccessDenied => (
            "UnauthorizedOperation",
            "you are not authorized to perform this operation",
        ),
        Code::SignatureMissing => ("AuthFailure.SignatureFailure", "the request is not signed"),
        Code::AuthorizationMalformed => (
            "AuthFailure.InvalidAuthorization",
            "the authorization cannot be read",
        ),
        Code::SignatureExpired | Code::RequestTimeTooSkewed => (
            "AuthFailure.SignatureExpire",
            "the timestamp differs from the server's time by more than 5 minutes",
        ),
        Code::SignatureDoesNotMatch => (
            "AuthFailure.SignatureFailure",
            "the provided credentials could not be validated, please check your signature is correct",
        ),
        Code::MeaningNotSigned | Code::PostPolicyNotMet => (
            "AuthFailure.SignatureFailure",
            "something that decides what the request does is not signed",
        ),
        Code::UnknownAccessKey | Code::DisabledAccessKey => {
            ("AuthFailure.SecretIdNotFound", "the SecretId is not found")
        }
        Code::TokenInvalid | Code::TokenExpired | Code::SessionRevoked => {
            ("AuthFailure.TokenFailure", "the token is not valid")
        }

        Code::InvalidAction => ("InvalidAction", "there is no such action"),
        Code::InvalidVersion => ("NoSuchVersion", "there is no such version"),
        Code::UnsupportedProtocol | Code::MethodNotAllowed => (
            "UnsupportedProtocol",
            "the method or the type of the body is not supported",
        ),
        Code::NotImplemented => (
            "UnsupportedOperation",
            "the operation is not offered by this server",
        ),
        Code::MissingParameter => ("MissingParameter", "a required parameter is missing"),
        Code::UnknownParameter => ("UnknownParameter", "a parameter is not recognized"),
        Code::InvalidParameter => ("InvalidParameter", "a parameter is malformed"),
        Code::InvalidParameterValue => ("InvalidParameterValue", "a parameter has a bad value"),
        Code::ParamError => ("InvalidParameter.ParamError", "a parameter is bad"),
        Code::RequestTooLarge | Code::EntityTooLarge | Code::HeadersTooLarge => {
            ("RequestSizeLimitExceeded", "the request is too large")
        }
        Code::RequestLimitExceeded | Code::SlowDown => ("RequestLimitExceeded", "too many requests"),
        Code::InvalidArgument
        | Code::InvalidRequest
        | Code::InvalidUri
        | Code::IncompleteBody
        | Code::MissingContentLength
        | Code::MissingRequestBody => ("InvalidParameter", "the request is malformed"),
        Code::RequestTimeout => ("FailedOperation", "the request was not received in time"),
        Code::ServiceUnavailable => ("ServiceUnavailable", "the service is not available, try again"),

        Code::TemporaryKeyNotAllowed => (
            "FailedOperation.TempKeyNotAllowed",
            "a temporary key is not allowed for this action",
        ),
        Code::DurationOutOfRange => ("InvalidParameter.OverTimeError", "the duration is out of range"),
        Code::PolicyTooLong => ("InvalidParameter.PolicyTooLong", "the policy is too long"),
        Code::PolicyNotWellFormed => (
            "InvalidParameter.StrategyFormatError",
            "the policy is not well-formed JSON",
        ),
        Code::PolicyInvalid => ("InvalidParameter.StrategyInvalid", "the policy is not valid"),
        Code::PolicyResourceMalformed => ("InvalidParameter.ResouceError", "resource error"),
        Code::PolicyGrantsOtherAccount => {
            ("InvalidParameter.GrantOtherResource", "cant grant other resource")
        }

        Code::MfaCheckFailed => ("FailedOperation.CheckMFAError", "the MFA code is wrong"),
        Code::MfaTypeNotSupported => (
            "FailedOperation.MFATypeNotSupported",
            "MFA devices of this type are not known",
        ),

        Code::ProviderFull => (
            "LimitExceeded.IdentityFull",
            "there are as many identity providers as there may be",
        ),
        Code::ProviderNameInUse => (
            "InvalidParameter.IdentityNameInUse",
            "the name of the identity provider is in use",
        ),
        Code::ProviderNameError => (
            "InvalidParameterValue.NameError",
            "the name is not 1 to 128 of letters, digits and +=,.@_-",
        ),
        Code::ProviderUrlError => (
            "InvalidParameterValue.IdentityUrlError",
            "the url of the identity provider is not one",
        ),
        Code::ProviderKeyError => (
            "InvalidParameterValue.IdentityKeyError",
            "the keys of the identity provider are not such",
        ),
        Code::ProviderNotExist => (
            "ResourceNotFound.IdentityNotExist",
            "the identity provider does not exist",
        ),
        Code::WebIdentityTokenError => (
            "InvalidParameter.WebIdentityTokenError",
            "the web identity token is not taken",
        ),

        Code::RoleFull => (
            "InvalidParameter.RoleFull",
            "there are as many roles as there may be",
        ),
        Code::RoleNameInUse => ("InvalidParameter.RoleNameInUse", "the role name is in use"),
        Code::RoleNameError => (
            "InvalidParameter.RoleNameError",
            "the role name is not 1 to 128 of letters, digits and +=,.@_-",
        ),
        Code::RoleNotExist => ("InvalidParameter.RoleNotExist", "the role does not exist"),
        Code::PrincipalQcsError => (
            "InvalidParameter.PrincipalQcsError",
            "a principal of a role is not one",
        ),
        Code::PrincipalQcsNotExist => (
            "InvalidParameter.PrincipalQcsNotExist",
            "a principal does not exist",
        ),
        Code::PrincipalServiceNotExist => (
            "InvalidParameter.PrincipalServiceNotExist",
            "a service does not exist",
        ),

        Code::UserFull => (
            "InvalidParameter.SubUserFull",
            "there are as many users as there may be",
        ),
        Code::UserNameInUse => ("InvalidParameter.SubUserNameInUse", "the user name is in use"),
        Code::UserNameIllegal => (
            "InvalidParameter.UserNameIllegal",
            "the user name is not 1 to 64 of letters, digits and +=,.@_-",
        ),
        Code::AccountNotExist => ("ResourceNotFound.AccountNotExist", "the account does not exist"),
        Code::AccountInUse => ("InvalidParameter.AccountInUse", "the number is in use"),
        Code::AccountFull => ("InvalidParameter.AccountFull", "there are too many accounts"),
        Code::AccountIsOperator => (
            "FailedOperation.AccountIsOperator",
            "the operator's account is never disabled",
        ),
        Code::UserNotExist => ("ResourceNotFound.UserNotExist", "the user does not exist"),
        Code::UserHasKeys => ("OperationDenied.HaveKeys", "the user still has access keys"),
        Code::AccessKeyOverLimit => (
            "OperationDenied.AccessKeyOverLimit",
            "the identity has as many access keys as it may",
        ),
        Code::AccessKeyNotOfSubject => (
            "OperationDenied.UinNotMatch",
            "the access key is not of this identity",
        ),
        Code::AccessKeyNotExist => ("ResourceNotFound.SecretNotExist", "the access key does not exist"),
        Code::PolicyFull => (
            "FailedOperation.PolicyFull",
            "there are as many policies as there may be",
        ),
        Code::PolicyNameInUse => ("FailedOperation.PolicyNameInUse", "the policy name is in use"),
        Code::PolicyNameError => (
            "InvalidParameter.PolicyNameError",
            "the policy name is not 1 to 128 of letters, digits and +=,.@_-",
        ),
        Code::DescriptionTooLong => (
            "InvalidParameter.DescriptionLengthOverlimit",
            "the description is longer than 300 bytes",
        ),
        Code::PolicyIdError => ("InvalidParameter.PolicyIdError", "the policy id is not one"),
        Code::PolicyIdNotFound => ("ResourceNotFound.PolicyIdNotFound", "the policy does not exist"),
        Code::PolicyIdNotExist => ("InvalidParameter.PolicyIdNotExist", "the policy does not exist"),
        Code::PolicyReadOnly => ("FailedOperation", "a preset policy cannot be changed"),
        Code::AttachmentFull => (
            "InvalidParameter.AttachmentFull",
            "the identity has as many policies as it may",
        ),
        Code::PolicyIsBoundary => (
            "ResourceInUse",
            "the policy is the permission boundary of a user or a role: remove the boundary first",
        ),
        Code::PolicyVersionFull => (
            "FailedOperation.PolicyVersionFull",
            "the policy has as many versions as it may",
        ),
        Code::PolicyVersionNotExist => (
            "InvalidParameter.PolicyVersionNotExists",
            "the version of the policy does not exist",
        ),
        Code::PolicyVersionIsDefault => (
            "FailedOperation.PolicyVersionAlreadyDefault",
            "the version is the default one",
        ),
        Code::EntityFilterError => (
            "InvalidParameter.EntityFilterError",
            "`EntityFilter` is none of `All`, `User`, `Group` and `Role`",
        ),
        Code::TagParamError => (
            "InvalidParameter.TagParamError",
            "a tag is not a key of 1 to 128 and a value of up to 256 characters, each key once",
        ),
        Code::TagLimitExceeded => (
            "InvalidParameter.TagLimitExceeded",
            "there are more tags than there may be",
        ),
        Code::PasswordRefused => (
            "InvalidParameter.PasswordViolatedRules",
            "no password is accepted: this server has no sign-in with passwords",
        ),
        Code::LastRootKey => (
            "OperationDenied",
            "the last active access key of the root account can be neither disabled nor deleted",
        ),
        Code::GroupFull => (
            "InvalidParameter.GroupFull",
            "there are as many groups as there may be",
        ),
        Code::GroupNameInUse => ("InvalidParameter.GroupNameInUse", "the group name is in use"),
        Code::GroupNotFound => ("ResourceNotFound.GroupNotExist", "the group does not exist"),
        Code::ExplanationNotFound => (
            "ResourceNotFound.ExplanationNotExist",
            "nothing is known about this request",
        ),
        Code::MemberGroupNotExist => ("InvalidParameter.GroupNotExist", "the group does not exist"),
        Code::GroupUserFull => (
            "InvalidParameter.GroupUserFull",
            "the group has as many members as it may",
        ),
        Code::UserGroupFull => (
            "InvalidParameter.UserGroupFull",
            "the user is in as many groups as it may",
        ),
        Code::UserNotNamed => (
            "InvalidParameter.UserUinAndUinNotAllNull",
            "neither the uin nor the uid of a user is given",
        ),
        Code::ScopeError => (
            "InvalidParameter.ScopeError",
            "`Scope` is none of `All`, `QCS` and `Local`",
        ),
        Code::KeywordError => ("InvalidParameter.KeywordError", "the keyword is too long"),

        Code::DocumentError => (
            "InvalidParameter.PolicyDocumentError",
            "the document is not well-formed",
        ),
        Code::DocumentTooLong => (
            "InvalidParameter.PolicyDocumentLengthOverLimit",
            "the document is too long",
        ),
        Code::DocumentVersionError => ("InvalidParameter.VersionError", "the version is not `2.0`"),
        Code::DocumentStatementError => ("InvalidParameter.StatementError", "a statement is not valid"),
        Code::DocumentEffectError => (
            "InvalidParameter.EffectError",
            "an effect is neither `allow` nor `deny`",
        ),
        Code::DocumentActionError => ("InvalidParameter.ActionError", "an action is not valid"),
        Code::DocumentResourceError => ("InvalidParameter.ResourceError", "a resource is not valid"),
        Code::DocumentResourceProjectError => (
            "InvalidParameter.ResourceProjectError",
            "the second segment of a resource is not empty",
        ),
        Code::DocumentResourceAccountError => (
            "InvalidParameter.ResourceUinError",
            "a resource names another account",
        ),
        Code::DocumentPrincipalError => ("InvalidParameter.PrincipalError", "a principal is not valid"),
        Code::DocumentConditionError => ("InvalidParameter.ConditionError", "a condition is not valid"),
        Code::DocumentConditionTypeError => (
            "InvalidParameter.ConditionTypeError",
            "the operator of a condition is unknown",
        ),
        Code::DocumentConditionContentError => (
            "InvalidParameter.ConditionContentError",
            "the value of a condition is not valid",
        ),

        // The object store's causes never reach this dialect; if one does, it is our fault.
        Code::InternalError
        | Code::NoSuchBucket
        | Code::BucketAlreadyExists
        | Code::BucketAlreadyOwned
        | Code::BucketNotEmpty
        | Code::InvalidBucketName
        | Code::InvalidRegionName
        | Code::TooManyBuckets
        | Code::NoSuchKey
        | Code::NoSuchUpload
        | Code::NoSuchVersion
        | Code::KeyTooLong
        | Code::InvalidObjectName
        | Code::InvalidCopySource
        | Code::NoSuchTags
        | Code::InvalidTag
        | Code::NoSuchCors
        | Code::NoSuchBucketPolicy
        | Code::MalformedPolicy
        | Code::CorsForbidden
        | Code::TooManyGrants
        | Code::BadDigest
        | Code::InvalidDigest
        | Code::InvalidSha1Digest
        | Code::EntityTooSmall
        | Code::InvalidPart
        | Code::InvalidPartOrder
        | Code::MalformedPostRequest
        | Code::IncorrectNumberOfFiles
        | Code::InvalidPolicyDocument
        | Code::MalformedXml
        | Code::XmlTooLarge
        | Code::InvalidRange
        | Code::PreconditionFailed
        | Code::ObjectExists
        | Code::StorageClassNotSupported => ("InternalError", "internal error"),
    }
}
