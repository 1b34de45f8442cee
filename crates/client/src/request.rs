//! The usual form of the requests that have many wishes: everything not said here is left at its default, and any
//! field can be set afterwards.

use daypass_api::acl::ObjectAclPreset;
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::object::{ObjectHeaders, Preconditions};
use daypass_api::operation::{
    BodyClaims, CopyObject, CopySource, InitiateMultipartUpload, ListMultipartUploads, ListObjects,
    ListParts, PutObject, ReadObject, ResponseOverrides, UploadRef,
};

/// Most entries of one page.
const PAGE: u32 = 1000;

/// Store an object. The length of the body is filled in from the payload.
pub fn put_object(bucket: &BucketName, key: &ObjectKey) -> PutObject {
    PutObject {
        bucket: bucket.clone(),
        key: key.clone(),
        headers: ObjectHeaders::default(),
        acl: ObjectAclPreset::Default.into(),
        tags: Vec::new(),
        forbid_overwrite: false,
        preconditions: Preconditions::default(),
        body: BodyClaims::default(),
    }
}

/// Read an object, or what is known about it.
pub fn read_object(bucket: &BucketName, key: &ObjectKey) -> ReadObject {
    ReadObject {
        bucket: bucket.clone(),
        key: key.clone(),
        range: None,
        preconditions: Preconditions::default(),
        overrides: ResponseOverrides::default(),
    }
}

/// Make an object of another one, with its headers and its tags.
pub fn copy_object(from: (&BucketName, &ObjectKey), to: (&BucketName, &ObjectKey)) -> CopyObject {
    CopyObject {
        source: CopySource {
            bucket: from.0.clone(),
            key: from.1.clone(),
            version_id: None,
            preconditions: Preconditions::default(),
        },
        put: put_object(to.0, to.1),
        replaces_headers: false,
        replaces_tags: false,
    }
}

/// List the objects whose keys begin so, in full pages from the beginning.
pub fn list_objects(bucket: &BucketName, prefix: &str) -> ListObjects {
    ListObjects {
        bucket: bucket.clone(),
        prefix: prefix.to_owned(),
        delimiter: String::new(),
        marker: String::new(),
        max_keys: PAGE,
        // Keys may hold what no document can spell.
        url_encoding: true,
    }
}

/// List the uploads in progress, a full page from the beginning.
pub fn list_multipart_uploads(bucket: &BucketName) -> ListMultipartUploads {
    ListMultipartUploads {
        bucket: bucket.clone(),
        prefix: String::new(),
        delimiter: String::new(),
        key_marker: String::new(),
        upload_id_marker: String::new(),
        max_uploads: PAGE,
        url_encoding: true,
    }
}

/// Begin an upload in parts.
pub fn initiate_multipart_upload(bucket: &BucketName, key: &ObjectKey) -> InitiateMultipartUpload {
    InitiateMultipartUpload {
        bucket: bucket.clone(),
        key: key.clone(),
        headers: ObjectHeaders::default(),
        acl: ObjectAclPreset::Default.into(),
        tags: Vec::new(),
        forbid_overwrite: false,
    }
}

/// List the parts of an upload, a full page from the beginning.
pub fn list_parts(upload: &UploadRef) -> ListParts {
    ListParts {
        upload: upload.clone(),
        part_number_marker: 0,
        max_parts: PAGE,
        url_encoding: true,
    }
}
