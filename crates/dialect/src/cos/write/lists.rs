//! The documents of lists: buckets, objects, uploads, parts.
//!
//! Where the vendor's pages and the SDKs disagree about the spelling of an element, both are written. An element
//! with a number or a truth value is never empty, since one SDK's decoder fails on that.

use std::borrow::Cow;

use daypass_api::names::Uin;
use daypass_api::outcome::{
    BucketList, BucketSummary, ObjectList, ObjectSummary, Ownership, PartList, PartSummary, UploadList,
    UploadSummary,
};

use crate::cos::document::Document;
use crate::cos::percent;

pub(super) fn buckets(list: &BucketList) -> Document {
    let mut document = Document::new();
    let last = list.buckets.last().map_or("", |bucket| bucket.name.as_str());
    document.element("ListAllMyBucketsResult", |document| {
        identity(document, "Owner", list.owner_uin, list.owner_uin);
        // Present even when it is empty: one SDK reads it unasked.
        document.element("Buckets", |document| {
            for bucket in &list.buckets {
                bucket_entry(document, bucket);
            }
        });
        document.leaf("Marker", list.marker.as_deref().unwrap_or_default());
        document.leaf("NextMarker", if list.truncated { last } else { "" });
        document.value("IsTruncated", list.truncated);
    });
    document
}

fn bucket_entry(document: &mut Document, bucket: &BucketSummary) {
    document.element("Bucket", |document| {
        document.leaf("Name", bucket.name.as_str());
        document.leaf("Location", bucket.region.as_str());
        document.leaf("CreationDate", &bucket.created.iso_seconds());
        document.leaf("BucketType", "cos");
    });
}

pub(super) fn objects(list: &ObjectList) -> Document {
    let request = &list.request;
    let spelled = Spelled(request.url_encoding);
    let mut document = Document::new();
    document.element("ListBucketResult", |document| {
        document.leaf("Name", request.bucket.as_str());
        if request.url_encoding {
            document.leaf("EncodingType", "url");
        }
        document.leaf("Prefix", &spelled.name(&request.prefix));
        document.leaf("Marker", &spelled.name(&request.marker));
        document.value("MaxKeys", request.max_keys);
        if !request.delimiter.is_empty() {
            document.leaf("Delimiter", &spelled.name(&request.delimiter));
        }
        document.value("IsTruncated", list.next_marker.is_some());
        if let Some(next) = &list.next_marker {
            document.leaf("NextMarker", &spelled.name(next));
        }
        spelled.common_prefixes(document, &list.common_prefixes);
        let owner = list.owner.to_string();
        for object in &list.objects {
            object_entry(document, spelled, &owner, object);
        }
    });
    document
}

fn object_entry(document: &mut Document, spelled: Spelled, owner: &str, object: &ObjectSummary) {
    document.element("Contents", |document| {
        document.leaf("Key", &spelled.name(object.key.as_str()));
        document.leaf("LastModified", &object.last_modified.iso_millis());
        document.leaf("ETag", &object.etag.quoted());
        document.value("Size", object.length);
        // Here, and only here, an owner is told by APPID.
        document.element("Owner", |document| {
            document.leaf("ID", owner);
            document.leaf("DisplayName", owner);
        });
        document.leaf("StorageClass", object.storage_class.name());
    });
}

pub(super) fn uploads(list: &UploadList) -> Document {
    let request = &list.request;
    let spelled = Spelled(request.url_encoding);
    let mut document = Document::new();
    document.element("ListMultipartUploadsResult", |document| {
        document.leaf("Bucket", request.bucket.as_str());
        if request.url_encoding {
            document.leaf("Encoding-Type", "url");
            document.leaf("EncodingType", "url");
        }
        document.leaf("KeyMarker", &spelled.name(&request.key_marker));
        document.leaf("UploadIdMarker", &spelled.name(&request.upload_id_marker));
        if let Some((key, upload_id)) = &list.next {
            document.leaf("NextKeyMarker", &spelled.name(key));
            document.leaf("NextUploadIdMarker", &spelled.name(upload_id));
        }
        document.value("MaxUploads", request.max_uploads);
        document.value("IsTruncated", list.next.is_some());
        document.leaf("Prefix", &spelled.name(&request.prefix));
        if !request.delimiter.is_empty() {
            document.leaf("Delimiter", &spelled.name(&request.delimiter));
        }
        for upload in &list.uploads {
            upload_entry(document, spelled, upload);
        }
        spelled.common_prefixes(document, &list.common_prefixes);
    });
    document
}

fn upload_entry(document: &mut Document, spelled: Spelled, upload: &UploadSummary) {
    document.element("Upload", |document| {
        document.leaf("Key", &spelled.name(upload.key.as_str()));
        document.leaf("UploadId", upload.upload_id.as_str());
        document.leaf("StorageClass", upload.storage_class.name());
        ownership(document, upload.ownership);
        document.leaf("Initiated", &upload.initiated.iso_millis());
    });
}

pub(super) fn parts(list: &PartList) -> Document {
    let request = &list.request;
    let spelled = Spelled(request.url_encoding);
    let last = list.parts.last().map(|part| part.part_number);
    let mut document = Document::new();
    document.element("ListPartsResult", |document| {
        document.leaf("Bucket", request.upload.bucket.as_str());
        if request.url_encoding {
            document.leaf("Encoding-type", "url");
            document.leaf("EncodingType", "url");
        }
        document.leaf("Key", &spelled.name(request.upload.key.as_str()));
        document.leaf("UploadId", request.upload.upload_id.as_str());
        ownership(document, list.ownership);
        document.value("PartNumberMarker", request.part_number_marker);
        for part in &list.parts {
            part_entry(document, part);
        }
        document.value("NextPartNumberMarker", last.unwrap_or(request.part_number_marker));
        document.leaf("StorageClass", list.storage_class.name());
        document.value("MaxParts", request.max_parts);
        document.value("IsTruncated", list.truncated);
    });
    document
}

fn part_entry(document: &mut Document, part: &PartSummary) {
    document.element("Part", |document| {
        document.value("PartNumber", part.part_number);
        document.leaf("LastModified", &part.last_modified.iso_millis());
        document.leaf("ETag", &part.etag.quoted());
        document.value("Size", part.length);
    });
}

fn ownership(document: &mut Document, ownership: Ownership) {
    identity(
        document,
        "Initiator",
        ownership.owner_uin,
        ownership.initiator_uin,
    );
    identity(document, "Owner", ownership.owner_uin, ownership.owner_uin);
}

fn identity(document: &mut Document, name: &str, owner: Uin, uin: Uin) {
    document.element(name, |document| {
        document.leaf("ID", &format!("qcs::cam::uin/{owner}:uin/{uin}"));
        document.value("DisplayName", uin);
    });
}

/// How names are spelled: percent-encoded when the client asked for it, else as they are.
#[derive(Clone, Copy)]
struct Spelled(bool);

impl Spelled {
    fn name(self, name: &str) -> Cow<'_, str> {
        if self.0 {
            Cow::Owned(percent::encode_path(name))
        } else {
            Cow::Borrowed(name)
        }
    }

    fn common_prefixes(self, document: &mut Document, prefixes: &[String]) {
        for prefix in prefixes {
            document.element("CommonPrefixes", |document| {
                document.leaf("Prefix", &self.name(prefix));
            });
        }
    }
}
