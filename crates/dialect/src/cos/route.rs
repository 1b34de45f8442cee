//! Which operation a request names, by its method, its target and the keys of its query.
//!
//! A recognised sub-resource wins, then an upload id, then a copy source, else the method alone says it. Operations
//! that the service does not offer are recognised all the same, so that none is mistaken for another. A sub-resource
//! of buckets is an unknown key on an object and the other way round: a read ignores it, a write is refused, since
//! it would store one thing as another.

use daypass_api::operation::UnbuiltOperation as Name;
use daypass_api::{Error, ErrorCode};

use super::query::Query;
use super::request_head::{RequestHead, invalid_argument};

/// An operation on a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BucketRoute {
    Create,
    Head,
    Delete,
    List,
    Location,
    GetAcl,
    PutAcl,
    GetCors,
    PutCors,
    DeleteCors,
    GetPolicy,
    PutPolicy,
    DeletePolicy,
    GetTagging,
    PutTagging,
    DeleteTagging,
    Preflight,
    ListUploads,
    DeleteObjects,
    Form,
    Unbuilt(Name),
}

/// An operation on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectRoute {
    Put,
    Get,
    Head,
    Delete,
    Initiate,
    Copy,
    UploadPart,
    UploadPartCopy,
    Complete,
    Abort,
    ListParts,
    GetAcl,
    PutAcl,
    GetTagging,
    PutTagging,
    DeleteTagging,
    Preflight,
    Unbuilt(Name),
}

/// Sub-resources of buckets: key of the query, method, operation.
const BUCKET_SUB_RESOURCES: &[(&str, &str, BucketRoute)] = &[
    ("acl", "PUT", BucketRoute::PutAcl),
    ("acl", "GET", BucketRoute::GetAcl),
    (
        "accelerate",
        "PUT",
        BucketRoute::Unbuilt(Name::PutBucketAccelerate),
    ),
    (
        "accelerate",
        "GET",
        BucketRoute::Unbuilt(Name::GetBucketAccelerate),
    ),
    ("cors", "PUT", BucketRoute::PutCors),
    ("cors", "GET", BucketRoute::GetCors),
    ("cors", "DELETE", BucketRoute::DeleteCors),
    ("domain", "PUT", BucketRoute::Unbuilt(Name::PutBucketDomain)),
    ("domain", "GET", BucketRoute::Unbuilt(Name::GetBucketDomain)),
    ("domain", "DELETE", BucketRoute::Unbuilt(Name::DeleteBucketDomain)),
    (
        "domaincertificate",
        "PUT",
        BucketRoute::Unbuilt(Name::PutBucketDomainCertificate),
    ),
    (
        "domaincertificate",
        "GET",
        BucketRoute::Unbuilt(Name::GetBucketDomainCertificate),
    ),
    (
        "domaincertificate",
        "DELETE",
        BucketRoute::Unbuilt(Name::DeleteBucketDomainCertificate),
    ),
    (
        "encryption",
        "PUT",
        BucketRoute::Unbuilt(Name::PutBucketEncryption),
    ),
    (
        "encryption",
        "GET",
        BucketRoute::Unbuilt(Name::GetBucketEncryption),
    ),
    (
        "encryption",
        "DELETE",
        BucketRoute::Unbuilt(Name::DeleteBucketEncryption),
    ),
    (
        "intelligent-tiering",
        "PUT",
        BucketRoute::Unbuilt(Name::PutBucketIntelligentTiering),
    ),
    (
        "intelligent-tiering",
        "GET",
        BucketRoute::Unbuilt(Name::GetBucketIntelligentTiering),
    ),
    (
        "intelligenttiering",
        "PUT",
        BucketRoute::Unbuilt(Name::PutBucketIntelligentTiering),
    ),
    (
        "intelligenttiering",
        "GET",
        BucketRoute::Unbuilt(Name::GetBucketIntelligentTiering),
    ),
    ("inventory", "PUT", BucketRoute::Unbuilt(Name::PutBucketInventory)),
    ("inventory", "GET", BucketRoute::Unbuilt(Name::GetBucketInventory)),
    (
        "inventory",
        "DELETE",
        BucketRoute::Unbuilt(Name::DeleteBucketInventory),
    ),
    (
        "inventory",
        "POST",
        BucketRoute::Unbuilt(Name::PostBucketInventory),
    ),
    ("lifecycle", "PUT", BucketRoute::Unbuilt(Name::PutBucketLifecycle)),
    ("lifecycle", "GET", BucketRoute::Unbuilt(Name::GetBucketLifecycle)),
    (
        "lifecycle",
        "DELETE",
        BucketRoute::Unbuilt(Name::DeleteBucketLifecycle),
    ),
    ("logging", "PUT", BucketRoute::Unbuilt(Name::PutBucketLogging)),
    ("logging", "GET", BucketRoute::Unbuilt(Name::GetBucketLogging)),
    (
        "object-lock",
        "PUT",
        BucketRoute::Unbuilt(Name::PutBucketObjectLock),
    ),
    (
        "object-lock",
        "GET",
        BucketRoute::Unbuilt(Name::GetBucketObjectLock),
    ),
    ("origin", "PUT", BucketRoute::Unbuilt(Name::PutBucketOrigin)),
    ("origin", "GET", BucketRoute::Unbuilt(Name::GetBucketOrigin)),
    ("origin", "DELETE", BucketRoute::Unbuilt(Name::DeleteBucketOrigin)),
    ("policy", "PUT", BucketRoute::PutPolicy),
    ("policy", "GET", BucketRoute::GetPolicy),
    ("policy", "DELETE", BucketRoute::DeletePolicy),
    ("referer", "PUT", BucketRoute::Unbuilt(Name::PutBucketReferer)),
    ("referer", "GET", BucketRoute::Unbuilt(Name::GetBucketReferer)),
    (
        "replication",
        "PUT",
        BucketRoute::Unbuilt(Name::PutBucketReplication),
    ),
    (
        "replication",
        "GET",
        BucketRoute::Unbuilt(Name::GetBucketReplication),
    ),
    (
        "replication",
        "DELETE",
        BucketRoute::Unbuilt(Name::DeleteBucketReplication),
    ),
    (
        "strict-signature",
        "PUT",
        BucketRoute::Unbuilt(Name::PutBucketStrictSignature),
    ),
    (
        "strict-signature",
        "GET",
        BucketRoute::Unbuilt(Name::GetBucketStrictSignature),
    ),
    (
        "strict-signature",
        "DELETE",
        BucketRoute::Unbuilt(Name::DeleteBucketStrictSignature),
    ),
    ("tagging", "PUT", BucketRoute::PutTagging),
    ("tagging", "GET", BucketRoute::GetTagging),
    ("tagging", "DELETE", BucketRoute::DeleteTagging),
    (
        "versioning",
        "PUT",
        BucketRoute::Unbuilt(Name::PutBucketVersioning),
    ),
    (
        "versioning",
        "GET",
        BucketRoute::Unbuilt(Name::GetBucketVersioning),
    ),
    ("website", "PUT", BucketRoute::Unbuilt(Name::PutBucketWebsite)),
    ("website", "GET", BucketRoute::Unbuilt(Name::GetBucketWebsite)),
    (
        "website",
        "DELETE",
        BucketRoute::Unbuilt(Name::DeleteBucketWebsite),
    ),
    ("delete", "POST", BucketRoute::DeleteObjects),
    (
        "versions",
        "GET",
        BucketRoute::Unbuilt(Name::GetBucketObjectVersions),
    ),
    ("location", "GET", BucketRoute::Location),
    ("uploads", "GET", BucketRoute::ListUploads),
];

/// Sub-resources of objects.
const OBJECT_SUB_RESOURCES: &[(&str, &str, ObjectRoute)] = &[
    ("acl", "PUT", ObjectRoute::PutAcl),
    ("acl", "GET", ObjectRoute::GetAcl),
    (
        "legal-hold",
        "PUT",
        ObjectRoute::Unbuilt(Name::PutObjectLegalHold),
    ),
    (
        "legal-hold",
        "GET",
        ObjectRoute::Unbuilt(Name::GetObjectLegalHold),
    ),
    ("retention", "PUT", ObjectRoute::Unbuilt(Name::PutObjectRetention)),
    ("retention", "GET", ObjectRoute::Unbuilt(Name::GetObjectRetention)),
    ("tagging", "PUT", ObjectRoute::PutTagging),
    ("tagging", "GET", ObjectRoute::GetTagging),
    ("tagging", "DELETE", ObjectRoute::DeleteTagging),
    ("symlink", "PUT", ObjectRoute::Unbuilt(Name::PutSymlink)),
    ("symlink", "GET", ObjectRoute::Unbuilt(Name::GetSymlink)),
    ("append", "POST", ObjectRoute::Unbuilt(Name::AppendObject)),
    ("rename", "PUT", ObjectRoute::Unbuilt(Name::RenameObject)),
    ("restore", "POST", ObjectRoute::Unbuilt(Name::RestoreObject)),
    ("select", "POST", ObjectRoute::Unbuilt(Name::SelectObjectContent)),
    ("uploads", "POST", ObjectRoute::Initiate),
];

/// Whether a query key, in lower case, selects an operation.
pub(super) fn is_sub_resource(name: &str) -> bool {
    names(BUCKET_SUB_RESOURCES, name) || names(OBJECT_SUB_RESOURCES, name)
}

/// The operation on a bucket that a request names.
pub(super) fn bucket_route(request: &RequestHead<'_>, query: &Query<'_>) -> Result<BucketRoute, Error> {
    if request.method == "OPTIONS" {
        return Ok(BucketRoute::Preflight);
    }
    if let Some(name) = before_sub_resources(request, query) {
        return Ok(BucketRoute::Unbuilt(name));
    }
    if let Some(route) = sub_resource(request, query, BUCKET_SUB_RESOURCES)? {
        let lists_inventories = route == BucketRoute::Unbuilt(Name::GetBucketInventory) && !query.has("id");
        return Ok(if lists_inventories {
            BucketRoute::Unbuilt(Name::ListBucketInventory)
        } else {
            route
        });
    }
    refuse_foreign(request, query, OBJECT_SUB_RESOURCES)?;
    refuse_forgotten_key(request, query)?;
    match request.method {
        "GET" => Ok(BucketRoute::List),
        "HEAD" => Ok(BucketRoute::Head),
        "PUT" => Ok(BucketRoute::Create),
        "DELETE" => Ok(BucketRoute::Delete),
        "POST" if is_form(request)? => Ok(BucketRoute::Form),
        _ => Err(method_not_allowed()),
    }
}

/// The operation on an object that a request names.
pub(super) fn object_route(request: &RequestHead<'_>, query: &Query<'_>) -> Result<ObjectRoute, Error> {
    if request.method == "OPTIONS" {
        return Ok(ObjectRoute::Preflight);
    }
    if let Some(name) = before_sub_resources(request, query) {
        return Ok(ObjectRoute::Unbuilt(name));
    }
    if let Some(route) = sub_resource(request, query, OBJECT_SUB_RESOURCES)? {
        return Ok(route);
    }
    refuse_foreign(request, query, BUCKET_SUB_RESOURCES)?;
    let copies = request.header("x-cos-copy-source")?.is_some();
    if query.has("uploadid") {
        return upload_route(request.method, query, copies);
    }
    if query.has("partnumber") && !is_read(request.method) {
        return Err(invalid_argument("partNumber comes without uploadId"));
    }
    match request.method {
        "GET" => Ok(ObjectRoute::Get),
        "HEAD" => Ok(ObjectRoute::Head),
        "PUT" if copies => Ok(ObjectRoute::Copy),
        "PUT" => Ok(ObjectRoute::Put),
        "DELETE" => Ok(ObjectRoute::Delete),
        _ => Err(method_not_allowed()),
    }
}

fn upload_route(method: &str, query: &Query<'_>, copies: bool) -> Result<ObjectRoute, Error> {
    match method {
        "GET" => Ok(ObjectRoute::ListParts),
        "POST" => Ok(ObjectRoute::Complete),
        "DELETE" => Ok(ObjectRoute::Abort),
        "PUT" if !query.has("partnumber") => Err(invalid_argument("uploadId comes without partNumber")),
        "PUT" if copies => Ok(ObjectRoute::UploadPartCopy),
        "PUT" => Ok(ObjectRoute::UploadPart),
        _ => Err(method_not_allowed()),
    }
}

/// What is told by more than a sub-resource: data processing.
fn before_sub_resources(request: &RequestHead<'_>, query: &Query<'_>) -> Option<Name> {
    match request.method {
        "GET" | "PUT" | "POST" | "DELETE" if query.names().any(is_processing) => Some(Name::ProcessData),
        _ => None,
    }
}

fn is_processing(name: &str) -> bool {
    name == "ci-process"
        || name.ends_with("_jobs")
        || (name.starts_with("x-ci-") && name != "x-ci-security-token")
}

/// The one sub-resource that the query names; two of them contradict each other.
fn sub_resource<R: Copy>(
    request: &RequestHead<'_>,
    query: &Query<'_>,
    table: &[(&str, &str, R)],
) -> Result<Option<R>, Error> {
    let mut named = query.names().filter(|name| names(table, name));
    let Some(name) = named.next() else {
        return Ok(None);
    };
    if named.next().is_some() {
        return Err(invalid_argument("the query names two sub-resources"));
    }
    table
        .iter()
        .find(|(known, method, _)| *known == name && *method == request.method)
        .map(|(_, _, route)| Some(*route))
        .ok_or_else(method_not_allowed)
}

fn refuse_foreign<R>(
    request: &RequestHead<'_>,
    query: &Query<'_>,
    foreign: &[(&str, &str, R)],
) -> Result<(), Error> {
    if !is_read(request.method) && query.names().any(|name| names(foreign, name)) {
        return Err(method_not_allowed());
    }
    Ok(())
}

/// A client that forgot its key, or sent an empty one, must not make, list or remove a bucket by it.
fn refuse_forgotten_key(request: &RequestHead<'_>, query: &Query<'_>) -> Result<(), Error> {
    let meant_for_an_object = ["uploadid", "partnumber", "versionid"]
        .iter()
        .any(|name| query.has(name))
        || request.header("x-cos-copy-source")?.is_some();
    if meant_for_an_object {
        return Err(invalid_argument("the request needs an object key"));
    }
    Ok(())
}

fn is_form(request: &RequestHead<'_>) -> Result<bool, Error> {
    let content_type = request.header("content-type")?.unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default();
    Ok(essence.trim().eq_ignore_ascii_case("multipart/form-data"))
}

fn is_read(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

fn names<R>(table: &[(&str, &str, R)], name: &str) -> bool {
    table.iter().any(|(known, _, _)| *known == name)
}

fn method_not_allowed() -> Error {
    Error::new(ErrorCode::MethodNotAllowed)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn with_head<T>(method: &str, header: &str, ask: impl Fn(&RequestHead<'_>) -> T) -> T {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header.split_once(": ") {
            let name = HeaderName::try_from(name).unwrap();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        ask(&RequestHead {
            method,
            path: "/",
            query: "",
            headers: &headers,
        })
    }

    fn bucket(method: &str, query: &str, header: &str, expected: Result<BucketRoute, ErrorCode>) {
        let query = Query::parse(query).unwrap();
        let route = with_head(method, header, |request| bucket_route(request, &query));
        assert_eq!(
            route.map_err(|error| error.code),
            expected,
            "{method} ?{query:?} {header}"
        );
    }

    fn object(method: &str, query: &str, header: &str, expected: Result<ObjectRoute, ErrorCode>) {
        let query = Query::parse(query).unwrap();
        let route = with_head(method, header, |request| object_route(request, &query));
        assert_eq!(
            route.map_err(|error| error.code),
            expected,
            "{method} ?{query:?} {header}"
        );
    }

    #[test]
    fn buckets() {
        use BucketRoute as Route;
        bucket("GET", "", "", Ok(Route::List));
        bucket("GET", "prefix=a&utm=1", "", Ok(Route::List));
        bucket("HEAD", "", "", Ok(Route::Head));
        bucket("PUT", "", "", Ok(Route::Create));
        bucket("DELETE", "", "", Ok(Route::Delete));
        bucket("GET", "location", "", Ok(Route::Location));
        bucket("GET", "uploads=&uploads", "", Ok(Route::ListUploads));
        bucket("GET", "ACL=", "", Ok(Route::GetAcl));
        bucket(
            "GET",
            "inventory",
            "",
            Ok(Route::Unbuilt(Name::ListBucketInventory)),
        );
        bucket(
            "GET",
            "inventory&id=1",
            "",
            Ok(Route::Unbuilt(Name::GetBucketInventory)),
        );
        bucket("POST", "delete", "", Ok(Route::DeleteObjects));
        bucket("OPTIONS", "acl", "", Ok(Route::Preflight));
        bucket("GET", "ci-process=x", "", Ok(Route::Unbuilt(Name::ProcessData)));
        bucket("GET", "x-ci-security-token=x", "", Ok(Route::List));
        let form = "content-type: Multipart/Form-Data; boundary=x";
        bucket("POST", "", form, Ok(Route::Form));
    }

    #[test]
    fn refused_on_buckets() {
        use ErrorCode::{InvalidArgument, MethodNotAllowed};
        bucket("POST", "", "", Err(MethodNotAllowed));
        bucket("PATCH", "", "", Err(MethodNotAllowed));
        bucket("get", "", "", Err(MethodNotAllowed));
        bucket("DELETE", "acl", "", Err(MethodNotAllowed));
        bucket("HEAD", "location", "", Err(MethodNotAllowed));
        bucket("PUT", "append", "", Err(MethodNotAllowed));
        bucket("GET", "restore", "", Ok(BucketRoute::List));
        bucket("GET", "acl&cors", "", Err(InvalidArgument));
        bucket("DELETE", "uploadId=a", "", Err(InvalidArgument));
        bucket("PUT", "partNumber=1&uploadId=a", "", Err(InvalidArgument));
        bucket("DELETE", "versionId=a", "", Err(InvalidArgument));
        bucket("PUT", "", "x-cos-copy-source: a", Err(InvalidArgument));
    }

    #[test]
    fn objects() {
        use ObjectRoute as Route;
        let copy = "x-cos-copy-source: b-1.cos.ap-guangzhou.myqcloud.com/a";
        object("GET", "", "", Ok(Route::Get));
        object("HEAD", "", "", Ok(Route::Head));
        object("PUT", "", "", Ok(Route::Put));
        object("PUT", "", copy, Ok(Route::Copy));
        object("DELETE", "", "", Ok(Route::Delete));
        object("POST", "uploads", "", Ok(Route::Initiate));
        object("POST", "uploads&uploadId=a", "", Ok(Route::Initiate));
        object("PUT", "uploadId=a&partNumber=1", "", Ok(Route::UploadPart));
        object("PUT", "uploadId=a&partNumber=1", copy, Ok(Route::UploadPartCopy));
        object("GET", "uploadId=a", "", Ok(Route::ListParts));
        object("POST", "uploadId=a", "", Ok(Route::Complete));
        object("DELETE", "uploadId=a", "", Ok(Route::Abort));
        object("GET", "acl&uploadId=a", "", Ok(Route::GetAcl));
        object(
            "POST",
            "append&position=0",
            "",
            Ok(Route::Unbuilt(Name::AppendObject)),
        );
        object(
            "POST",
            "select&select-type=2",
            "",
            Ok(Route::Unbuilt(Name::SelectObjectContent)),
        );
        object("PUT", "rename", "", Ok(Route::Unbuilt(Name::RenameObject)));
        object("GET", "partNumber=1", "", Ok(Route::Get));
        object("GET", "origin=x", "", Ok(Route::Get));
    }

    #[test]
    fn refused_on_objects() {
        use ErrorCode::{InvalidArgument, MethodNotAllowed};
        object("POST", "", "", Err(MethodNotAllowed));
        object("PATCH", "", "", Err(MethodNotAllowed));
        object("HEAD", "uploadId=a", "", Err(MethodNotAllowed));
        object("PUT", "policy", "", Err(MethodNotAllowed));
        object("GET", "uploads", "", Err(MethodNotAllowed));
        object("PUT", "uploadId=a", "", Err(InvalidArgument));
        object("PUT", "partNumber=1", "", Err(InvalidArgument));
        object("DELETE", "partNumber=1", "", Err(InvalidArgument));
        object("GET", "acl&tagging", "", Err(InvalidArgument));
    }

    /// Every operation that the service knows by name can be reached.
    #[test]
    fn no_unbuilt_operation_is_forgotten() {
        let elsewhere = [Name::ListBucketInventory, Name::ProcessData];
        for name in Name::ALL {
            let in_table = BUCKET_SUB_RESOURCES
                .iter()
                .any(|(_, _, route)| *route == BucketRoute::Unbuilt(*name))
                || OBJECT_SUB_RESOURCES
                    .iter()
                    .any(|(_, _, route)| *route == ObjectRoute::Unbuilt(*name));
            assert!(in_table != elsewhere.contains(name), "{name:?}");
        }
    }
}
