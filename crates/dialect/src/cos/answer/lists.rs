//! Reads the documents of lists: buckets, objects, uploads, parts.

use daypass_api::names::{BucketName, ObjectKey, Region, Uin};
use daypass_api::object::{ETag, StorageClass};
use daypass_api::operation::{ListMultipartUploads, ListObjects, ListParts};
use daypass_api::outcome::{
    BucketList, BucketSummary, ObjectList, ObjectSummary, Ownership, PartList, PartSummary, UploadList,
    UploadSummary,
};
use daypass_api::{Outcome, Timestamp};

use super::{AnswerParts, Failure, required, unreadable, upload_id};
use crate::cos::element::Element;
use crate::cos::percent;

pub(super) fn buckets(answer: &AnswerParts<'_>, marker: Option<String>) -> Result<Outcome, Failure> {
    let document = answer.document("ListAllMyBucketsResult")?;
    let buckets = document
        .all("Buckets")
        .flat_map(|buckets| buckets.all("Bucket"))
        .map(bucket)
        .collect::<Result<_, _>>()?;
    Ok(Outcome::Buckets(BucketList {
        owner_uin: identity(&document, "Owner")?.1,
        buckets,
        marker,
        truncated: document.text_of("IsTruncated") == Some("true"),
    }))
}

pub(super) fn objects(answer: &AnswerParts<'_>, request: &ListObjects) -> Result<Outcome, Failure> {
    let document = answer.document("ListBucketResult")?;
    let spelled = Spelled(request.url_encoding);
    let objects: Vec<_> = document
        .all("Contents")
        .map(|contents| object_entry(contents, spelled))
        .collect::<Result<_, _>>()?;
    let owner = document
        .all("Contents")
        .find_map(|contents| contents.all("Owner").next()?.text_of("ID")?.parse().ok());
    let truncated = document.text_of("IsTruncated") == Some("true");
    let next_marker = truncated.then(|| spelled.required(&document, "NextMarker"));
    Ok(Outcome::Objects(ObjectList {
        request: request.clone(),
        region: answer.region()?,
        // Without an entry, the bucket's name still tells whose it is.
        owner: owner.unwrap_or_else(|| request.bucket.app_id()),
        objects,
        common_prefixes: common_prefixes(&document, spelled)?,
        next_marker: next_marker.transpose()?,
    }))
}

pub(super) fn uploads(answer: &AnswerParts<'_>, request: &ListMultipartUploads) -> Result<Outcome, Failure> {
    let document = answer.document("ListMultipartUploadsResult")?;
    let spelled = Spelled(request.url_encoding);
    let next = (document.text_of("IsTruncated") == Some("true")).then(|| {
        let key = spelled.required(&document, "NextKeyMarker")?;
        Ok::<_, Failure>((key, spelled.required(&document, "NextUploadIdMarker")?))
    });
    Ok(Outcome::Uploads(UploadList {
        request: request.clone(),
        uploads: document
            .all("Upload")
            .map(|upload| upload_entry(upload, spelled))
            .collect::<Result<_, _>>()?,
        common_prefixes: common_prefixes(&document, spelled)?,
        next: next.transpose()?,
    }))
}

pub(super) fn parts(answer: &AnswerParts<'_>, request: &ListParts) -> Result<Outcome, Failure> {
    let document = answer.document("ListPartsResult")?;
    Ok(Outcome::Parts(PartList {
        request: request.clone(),
        ownership: ownership(&document)?,
        storage_class: storage_class(&document)?,
        parts: document.all("Part").map(part).collect::<Result<_, _>>()?,
        truncated: document.text_of("IsTruncated") == Some("true"),
    }))
}

/// How names are spelled, as the operation asked for.
#[derive(Clone, Copy)]
struct Spelled(bool);

impl Spelled {
    fn required(self, element: &Element, name: &str) -> Result<String, Failure> {
        let text = required(element, name)?;
        if !self.0 {
            return Ok(text.to_owned());
        }
        percent::decode(text)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or(unreadable("a name is not percent-encoded"))
    }

    fn key(self, element: &Element) -> Result<ObjectKey, Failure> {
        let key = self.required(element, "Key")?;
        ObjectKey::parse(key.as_bytes()).map_err(|_| unreadable("bad key"))
    }
}

fn bucket(element: &Element) -> Result<BucketSummary, Failure> {
    Ok(BucketSummary {
        name: BucketName::parse(required(element, "Name")?).map_err(|_| unreadable("bad bucket name"))?,
        region: Region::parse(required(element, "Location")?).map_err(|_| unreadable("bad region"))?,
        created: moment(element, "CreationDate")?,
    })
}

fn object_entry(element: &Element, spelled: Spelled) -> Result<ObjectSummary, Failure> {
    Ok(ObjectSummary {
        key: spelled.key(element)?,
        last_modified: moment(element, "LastModified")?,
        etag: ETag::from_text(required(element, "ETag")?),
        length: number(element, "Size")?,
        storage_class: storage_class(element)?,
    })
}

fn upload_entry(element: &Element, spelled: Spelled) -> Result<UploadSummary, Failure> {
    Ok(UploadSummary {
        key: spelled.key(element)?,
        upload_id: upload_id(element)?,
        storage_class: storage_class(element)?,
        ownership: ownership(element)?,
        initiated: moment(element, "Initiated")?,
    })
}

fn part(element: &Element) -> Result<PartSummary, Failure> {
    Ok(PartSummary {
        part_number: number(element, "PartNumber")?,
        last_modified: moment(element, "LastModified")?,
        etag: ETag::from_text(required(element, "ETag")?),
        length: number(element, "Size")?,
    })
}

fn common_prefixes(document: &Element, spelled: Spelled) -> Result<Vec<String>, Failure> {
    document
        .all("CommonPrefixes")
        .map(|prefix| spelled.required(prefix, "Prefix"))
        .collect()
}

fn ownership(element: &Element) -> Result<Ownership, Failure> {
    let (owner_uin, initiator_uin) = identity(element, "Initiator")?;
    Ok(Ownership {
        owner_uin,
        initiator_uin,
    })
}

/// Root account and identity of `qcs::cam::uin/<root>:uin/<identity>`.
fn identity(element: &Element, name: &str) -> Result<(Uin, Uin), Failure> {
    let parse = |text: &str| {
        let (owner, uin) = text.strip_prefix("qcs::cam::uin/")?.split_once(":uin/")?;
        Some((owner.parse().ok()?, uin.parse().ok()?))
    };
    element
        .all(name)
        .next()
        .and_then(|identity| identity.text_of("ID"))
        .and_then(parse)
        .ok_or(unreadable("bad identity"))
}

fn storage_class(element: &Element) -> Result<StorageClass, Failure> {
    StorageClass::from_name(required(element, "StorageClass")?).ok_or(unreadable("unknown storage class"))
}

fn moment(element: &Element, name: &str) -> Result<Timestamp, Failure> {
    Timestamp::parse_iso(required(element, name)?).ok_or(unreadable("bad time"))
}

fn number<N: std::str::FromStr>(element: &Element, name: &str) -> Result<N, Failure> {
    required(element, name)?
        .parse()
        .map_err(|_| unreadable("bad number"))
}
