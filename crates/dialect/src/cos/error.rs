//! The one table from the service's error codes to those of the object API, and the error document.
//!
//! Texts that clients compare are exact: two SDKs correct their clock when they read `Request has expired`. What
//! tells refusals of keys, tokens and signatures apart stays in the log.

use daypass_api::{Error, ErrorCode, Timestamp};

use super::document::Document;
use super::headers;
use super::write::{Answer, XML_TYPE};

/// What an error document says beside the error.
#[derive(Clone, Copy, Debug)]
pub struct ErrorContext<'a> {
    /// What the request was aimed at, as [`super::resource`] writes it.
    pub resource: &'a str,
    /// The request's id.
    pub request_id: &'a str,
    /// The id under which the log has more.
    pub trace_id: &'a str,
    /// The server's time.
    pub now: Timestamp,
    /// Whether the request was a HEAD, whose answer has no body.
    pub is_head: bool,
}

/// How the object API spells an error.
struct Spelling {
    code: &'static str,
    status: u16,
    message: &'static str,
    /// The error comes from the check of who is asking: its text is fixed, and the document tells the time.
    of_authentication: bool,
}

/// Writes an error.
///
/// No element of the document is ever empty, since one SDK then reads none of them. `x-cos-error-code` is not sent,
/// since the same SDK would read it instead of the document.
pub fn write_error(error: &Error, context: &ErrorContext<'_>) -> Answer {
    let spelling = spelling(error.code);
    let (_, message) = code_and_message(error);
    let mut answer = Answer::new(spelling.status, context.request_id, context.now);
    answer.add(headers::TRACE_ID, not_empty(context.trace_id));
    answer.add(headers::CONTENT_TYPE, XML_TYPE);
    if let Some(length) = error.object_length {
        answer.add(headers::CONTENT_RANGE, format!("bytes */{length}"));
    }
    if !context.is_head {
        answer.body = document(&spelling, message, context).into();
    }
    answer.add(headers::CONTENT_LENGTH, answer.body.len().to_string());
    answer
}

/// The status that an error has where it is the answer.
pub(super) fn status(error: &Error) -> u16 {
    spelling(error.code).status
}

/// How an error is told inside another document.
pub(super) fn code_and_message(error: &Error) -> (&'static str, &str) {
    let spelling = spelling(error.code);
    let own = error.message.as_deref().filter(|message| !message.is_empty());
    let message = own
        .filter(|_| !spelling.of_authentication)
        .unwrap_or(spelling.message);
    (spelling.code, message)
}

fn document(spelling: &Spelling, message: &str, context: &ErrorContext<'_>) -> String {
    let mut document = Document::new();
    document.element("Error", |document| {
        document.leaf("Code", spelling.code);
        document.leaf("Message", message);
        document.leaf("Resource", not_empty(context.resource));
        document.leaf("RequestId", not_empty(context.request_id));
        document.leaf("TraceId", not_empty(context.trace_id));
        if spelling.of_authentication {
            document.leaf("ServerTime", &context.now.iso_seconds());
        }
    });
    document.into_text()
}

fn not_empty(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

const fn plain(code: &'static str, status: u16, message: &'static str) -> Spelling {
    Spelling {
        code,
        status,
        message,
        of_authentication: false,
    }
}

const fn of_authentication(code: &'static str, status: u16, message: &'static str) -> Spelling {
    Spelling {
        of_authentication: true,
        ..plain(code, status, message)
    }
}

fn spelling(code: ErrorCode) -> Spelling {
    use ErrorCode as E;
    match code {
        // Who is asking, and may they.
        E::AccessDenied | E::MeaningNotSigned | E::PostPolicyNotMet => {
            plain("AccessDenied", 403, "Access Denied.")
        }
        E::AuthorizationMalformed | E::TokenInvalid | E::SessionRevoked => {
            of_authentication("AccessDenied", 403, "Access Denied.")
        }
        E::SignatureMissing => {
            of_authentication("AccessDenied", 403, "Check auth failure because signature empty.")
        }
        E::SignatureExpired => of_authentication("AccessDenied", 403, "Request has expired"),
        E::RequestTimeTooSkewed => of_authentication(
            "RequestTimeTooSkewed",
            403,
            "The difference between the request time and the server's time is too large.",
        ),
        E::SignatureDoesNotMatch => of_authentication(
            "SignatureDoesNotMatch",
            403,
            "The Signature you specified is invalid.",
        ),
        E::UnknownAccessKey | E::DisabledAccessKey => of_authentication(
            "InvalidAccessKeyId",
            403,
            "The Access Key Id you provided does not exist in our records",
        ),
        E::TokenExpired => of_authentication("ExpiredToken", 400, "The provided token has expired."),

        // Buckets, objects, uploads.
        E::NoSuchBucket => plain("NoSuchBucket", 404, "The specified bucket does not exist."),
        E::BucketAlreadyExists => plain(
            "BucketAlreadyExists",
            409,
            "The requested bucket name is not available.",
        ),
        E::BucketAlreadyOwned => plain(
            "BucketAlreadyOwnedByYou",
            409,
            "Your previous request to create the named bucket succeeded and you already own it.",
        ),
        E::BucketNotEmpty => plain(
            "BucketNotEmpty",
            409,
            "The bucket you tried to delete is not empty.",
        ),
        E::InvalidBucketName => plain("InvalidBucketName", 400, "The specified bucket is not valid."),
        E::InvalidRegionName => plain("InvalidRegionName", 400, "The specified region is not valid."),
        E::TooManyBuckets => plain(
            "TooManyBuckets",
            400,
            "You have attempted to create more buckets than allowed.",
        ),
        E::NoSuchKey => plain("NoSuchKey", 404, "The specified key does not exist."),
        E::NoSuchUpload => plain(
            "NoSuchUpload",
            404,
            "The specified multipart upload does not exist.",
        ),
        E::NoSuchVersion => plain("NoSuchVersion", 404, "The specified version does not exist."),
        E::KeyTooLong => plain("KeyTooLong", 400, "Your key is too long."),
        E::InvalidObjectName => plain(
            "InvalidObjectName",
            400,
            "The specified object name is not valid.",
        ),
        E::InvalidUri => plain("InvalidURI", 400, "Couldn't parse the specified URI."),
        E::InvalidArgument => plain("InvalidArgument", 400, "Invalid Argument."),
        E::InvalidRequest => plain("InvalidRequest", 400, "Invalid Request."),
        E::TooManyGrants => plain(
            "AttachmentFull",
            400,
            "The access control list has more than 100 grants.",
        ),
        E::NoSuchCors => plain(
            "NoSuchCORSConfiguration",
            404,
            "The CORS configuration does not exist.",
        ),
        E::NoSuchBucketPolicy => plain("NoSuchBucketPolicy", 404, "The bucket policy does not exist."),
        E::MalformedPolicy => plain("MalformedPolicy", 400, "The policy is malformed."),
        E::CorsForbidden => plain(
            "AccessForbidden",
            403,
            "CORSResponse: This CORS request is not allowed.",
        ),
        E::NoSuchTags => plain("NoSuchTagSet", 404, "The TagSet does not exist."),
        E::InvalidTag => plain("InvalidTag", 400, "The tags are not valid."),
        E::InvalidCopySource => plain("InvalidCopySource", 400, "The copy source is not valid."),
        E::BadDigest => plain(
            "BadDigest",
            400,
            "The Content-MD5 you specified did not match what we received.",
        ),
        E::InvalidDigest => plain(
            "InvalidDigest",
            400,
            "The Content-MD5 you specified is not valid.",
        ),
        E::InvalidSha1Digest => plain(
            "InvalidSHA1Digest",
            400,
            "The x-cos-content-sha1 you specified is not valid.",
        ),
        E::EntityTooLarge => plain(
            "EntityTooLarge",
            400,
            "Your proposed upload exceeds the maximum allowed size.",
        ),
        E::EntityTooSmall => plain(
            "EntityTooSmall",
            400,
            "Your proposed upload is smaller than the minimum allowed size.",
        ),
        E::IncompleteBody => plain(
            "IncompleteBody",
            400,
            "You did not provide the number of bytes specified by the Content-Length HTTP header.",
        ),
        E::MissingContentLength => plain(
            "MissingContentLength",
            411,
            "You must provide the Content-Length HTTP header.",
        ),
        E::MissingRequestBody => plain("MissingRequestBodyError", 400, "Request body is empty."),
        E::InvalidPart => plain(
            "InvalidPart",
            400,
            "One or more of the specified parts could not be found.",
        ),
        E::InvalidPartOrder => plain(
            "InvalidPartOrder",
            400,
            "The list of parts was not in ascending order.",
        ),
        E::MalformedXml => plain(
            "MalformedXML",
            400,
            "The XML you provided was not well-formed or did not validate against our published schema.",
        ),
        E::MalformedPostRequest => plain(
            "MalformedPOSTRequest",
            400,
            "The body of your POST request is not well-formed multipart/form-data.",
        ),
        E::IncorrectNumberOfFiles => plain(
            "IncorrectNumberOfFilesInPostRequest",
            400,
            "POST requires exactly one file upload per request.",
        ),
        E::InvalidPolicyDocument => plain(
            "InvalidPolicyDocument",
            400,
            "The content of the form does not meet the conditions specified in the policy document.",
        ),
        E::XmlTooLarge => plain("XMLSizeLimit", 400, "The XML you provided is too large."),
        E::InvalidRange => plain("InvalidRange", 416, "The requested range is not satisfiable."),
        E::PreconditionFailed => plain("PreconditionFailed", 412, "Precondition not match."),
        E::ObjectExists => plain("FileAlreadyExists", 409, "The specified object already exists."),
        E::StorageClassNotSupported => plain(
            "NotSupportedStorageClass",
            400,
            "The specified storage class is not supported.",
        ),
        E::MethodNotAllowed => plain(
            "MethodNotAllowed",
            405,
            "The specified method is not allowed against this resource.",
        ),
        E::NotImplemented => plain(
            "NotImplemented",
            501,
            "A header or operation you provided is not implemented.",
        ),
        // The vendor documents no code for it; the code says whose fault it is.
        E::HeadersTooLarge => plain("InvalidRequest", 400, "The headers of the request are too large."),
        E::RequestTimeout => plain(
            "RequestTimeout",
            400,
            "Your socket connection to the server was not read from or written to within the timeout period.",
        ),
        E::SlowDown => plain("SlowDown", 503, "Reduce your request rate."),
        E::ServiceUnavailable => plain("ServiceUnavailable", 503, "Service is temporarily unavailable."),
        E::InternalError => internal_error(),

        // Codes of the APIs of tokens and access management: none of them arises from an object operation.
        E::InvalidAction
        | E::InvalidVersion
        | E::UnsupportedProtocol
        | E::MissingParameter
        | E::UnknownParameter
        | E::InvalidParameter
        | E::InvalidParameterValue
        | E::ParamError
        | E::RequestTooLarge
        | E::RequestLimitExceeded
        | E::TemporaryKeyNotAllowed
        | E::DurationOutOfRange
        | E::PolicyTooLong
        | E::PolicyNotWellFormed
        | E::PolicyInvalid
        | E::PolicyResourceMalformed
        | E::PolicyGrantsOtherAccount
        | E::UserFull
        | E::UserNameInUse
        | E::UserNameIllegal
        | E::UserNotExist
        | E::AccountNotExist
        | E::AccountInUse
        | E::AccountFull
        | E::AccountIsOperator
        | E::UserHasKeys
        | E::AccessKeyOverLimit
        | E::AccessKeyNotOfSubject
        | E::AccessKeyNotExist
        | E::PolicyFull
        | E::PolicyNameInUse
        | E::PolicyNameError
        | E::DescriptionTooLong
        | E::PolicyIdError
        | E::PolicyIdNotFound
        | E::PolicyReadOnly
        | E::AttachmentFull
        | E::PolicyIsBoundary
        | E::PolicyVersionFull
        | E::PolicyVersionNotExist
        | E::PolicyVersionIsDefault
        | E::EntityFilterError
        | E::TagParamError
        | E::TagLimitExceeded
        | E::PasswordRefused
        | E::LastRootKey
        | E::GroupFull
        | E::GroupNameInUse
        | E::GroupNotFound
        | E::ExplanationNotFound
        | E::MemberGroupNotExist
        | E::GroupUserFull
        | E::UserGroupFull
        | E::UserNotNamed
        | E::ScopeError
        | E::KeywordError
        | E::PolicyIdNotExist
        | E::MfaCheckFailed
        | E::MfaTypeNotSupported
        | E::RoleFull
        | E::RoleNameInUse
        | E::RoleNameError
        | E::RoleNotExist
        | E::ProviderFull
        | E::ProviderNameInUse
        | E::ProviderNameError
        | E::ProviderUrlError
        | E::ProviderKeyError
        | E::ProviderNotExist
        | E::WebIdentityTokenError
        | E::PrincipalQcsError
        | E::PrincipalQcsNotExist
        | E::PrincipalServiceNotExist
        | E::DocumentError
        | E::DocumentTooLong
        | E::DocumentVersionError
        | E::DocumentStatementError
        | E::DocumentEffectError
        | E::DocumentActionError
        | E::DocumentResourceError
        | E::DocumentResourceProjectError
        | E::DocumentResourceAccountError
        | E::DocumentPrincipalError
        | E::DocumentConditionError
        | E::DocumentConditionTypeError
        | E::DocumentConditionContentError => internal_error(),
    }
}

const fn internal_error() -> Spelling {
    plain(
        "InternalError",
        500,
        "We encountered an internal error. Please try again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: ErrorContext<'_> = ErrorContext {
        resource: "b-1.localhost/a%20b?",
        request_id: "NWQ2",
        trace_id: "OGVm",
        now: Timestamp::from_unix_millis(1_607_571_450_042),
        is_head: false,
    };

    fn text(answer: &Answer) -> &str {
        std::str::from_utf8(&answer.body).unwrap()
    }

    #[test]
    fn documents() {
        let answer = write_error(&Error::new(ErrorCode::NoSuchKey), &CONTEXT);
        assert_eq!(answer.status, 404);
        let expected = "<?xml version='1.0' encoding='utf-8' ?>\n<Error><Code>NoSuchKey</Code>\
            <Message>The specified key does not exist.</Message><Resource>b-1.localhost/a%20b?</Resource>\
            <RequestId>NWQ2</RequestId><TraceId>OGVm</TraceId></Error>";
        assert_eq!(text(&answer), expected);
        let length = expected.len().to_string();
        let headers: Vec<_> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_str()))
            .collect();
        assert_eq!(
            headers,
            [
                ("x-cos-request-id", "NWQ2"),
                ("Date", "Thu, 10 Dec 2020 03:37:30 GMT"),
                ("Server", "tencent-cos"),
                ("x-cos-trace-id", "OGVm"),
                ("Content-Type", "application/xml"),
                ("Content-Length", length.as_str()),
            ]
        );
    }

    #[test]
    fn refusals_of_keys_tell_the_time_and_nothing_else() {
        let secret = Error::with_message(ErrorCode::SignatureExpired, "it ended at noon");
        let answer = write_error(&secret, &CONTEXT);
        assert!(text(&answer).contains("<Message>Request has expired</Message>"));
        assert!(text(&answer).ends_with("<ServerTime>2020-12-10T03:37:30Z</ServerTime></Error>"));
        let denied = write_error(&Error::new(ErrorCode::AccessDenied), &CONTEXT);
        assert!(!text(&denied).contains("ServerTime"));
    }

    #[test]
    fn a_range_beyond_the_end_is_told_the_length() {
        let answer = write_error(&Error::range_beyond(10), &CONTEXT);
        assert_eq!(answer.status, 416);
        assert!(
            answer
                .headers
                .iter()
                .any(|(name, value)| name == "Content-Range" && value == "bytes */10")
        );
        let silent = write_error(&Error::new(ErrorCode::InvalidRange), &CONTEXT);
        assert!(!silent.headers.iter().any(|(name, _)| name == "Content-Range"));
    }

    #[test]
    fn a_head_has_no_body() {
        let context = ErrorContext {
            is_head: true,
            ..CONTEXT
        };
        let answer = write_error(&Error::new(ErrorCode::NoSuchKey), &context);
        assert_eq!((answer.status, answer.body.len()), (404, 0));
        assert_eq!(answer.headers.last().unwrap().1, "0");
    }

    #[test]
    fn every_code_has_a_complete_answer() {
        let empty = ErrorContext {
            resource: "",
            request_id: "",
            trace_id: "",
            ..CONTEXT
        };
        for code in ErrorCode::ALL {
            let answer = write_error(&Error::with_message(*code, ""), &empty);
            assert!((400..=599).contains(&answer.status), "{code:?}");
            assert!(!text(&answer).contains("/>"), "{code:?}: {}", text(&answer));
        }
    }

    #[test]
    fn codes_and_statuses() {
        let check = |code: ErrorCode, expected: &str, status: u16| {
            let answer = write_error(&Error::new(code), &CONTEXT);
            assert!(
                text(&answer).contains(&format!("<Code>{expected}</Code>")),
                "{code:?}"
            );
            assert_eq!(answer.status, status, "{code:?}");
        };
        check(ErrorCode::AccessDenied, "AccessDenied", 403);
        check(ErrorCode::MeaningNotSigned, "AccessDenied", 403);
        check(ErrorCode::PostPolicyNotMet, "AccessDenied", 403);
        check(ErrorCode::MalformedPostRequest, "MalformedPOSTRequest", 400);
        check(ErrorCode::InvalidPolicyDocument, "InvalidPolicyDocument", 400);
        check(
            ErrorCode::IncorrectNumberOfFiles,
            "IncorrectNumberOfFilesInPostRequest",
            400,
        );
        check(ErrorCode::SessionRevoked, "AccessDenied", 403);
        check(ErrorCode::TokenExpired, "ExpiredToken", 400);
        check(ErrorCode::DisabledAccessKey, "InvalidAccessKeyId", 403);
        check(ErrorCode::ObjectExists, "FileAlreadyExists", 409);
        check(ErrorCode::MissingContentLength, "MissingContentLength", 411);
        check(ErrorCode::PreconditionFailed, "PreconditionFailed", 412);
        check(ErrorCode::InvalidRange, "InvalidRange", 416);
        check(ErrorCode::NotImplemented, "NotImplemented", 501);
        check(ErrorCode::SlowDown, "SlowDown", 503);
        check(ErrorCode::PolicyFull, "InternalError", 500);
        let told = Error::with_message(ErrorCode::InvalidArgument, "max-keys is not a number");
        assert!(text(&write_error(&told, &CONTEXT)).contains("<Message>max-keys is not a number</Message>"));
    }
}
