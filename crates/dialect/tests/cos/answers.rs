//! Answers, each against a file in `tests/golden/cos`.
//!
//! When an answer was changed on purpose: the failing test writes what it got to a file beside the build's output
//! and names it; review that file and put it in the place of the golden one.

use std::fs;
use std::path::Path;

use daypass_api::names::{AppId, Uin};
use daypass_api::object::{ETag, ObjectHeaders, ObjectInfo, Span, StorageClass};
use daypass_api::operation::{
    InitiateMultipartUpload, ListMultipartUploads, ListObjects, ListParts, ResponseOverrides,
};
use daypass_api::outcome::{
    BucketList, BucketSummary, ObjectList, ObjectSummary, Ownership, PartList, PartSummary, UploadList,
    UploadSummary,
};
use daypass_api::{ErrorCode, Outcome};
use daypass_dialect::cos::{Answer, AnswerContext, HEADER_NAMES, write};

use crate::{CONTEXT, NOW, bucket, key, region, upload};

fn check(name: &str, outcome: &Outcome) {
    check_in(name, outcome, &CONTEXT);
}

fn check_in(name: &str, outcome: &Outcome, context: &AnswerContext<'_>) {
    let answer = write(outcome, context).unwrap();
    let actual = shown(&answer);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/cos")
        .join(name);
    if fs::read_to_string(&golden).ok().as_deref() == Some(actual.as_str()) {
        return;
    }
    let proposed = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&proposed, &actual).unwrap();
    panic!(
        "{name} differs; what was written is in {}:\n{actual}",
        proposed.display()
    );
}

fn shown(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status);
    for (name, value) in &answer.headers {
        let known = HEADER_NAMES.contains(&name.as_ref()) || name.starts_with("x-cos-meta-");
        assert!(known, "{name} is not listed");
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    text.push_str(std::str::from_utf8(&answer.body).unwrap());
    text.push('\n');
    text
}

fn etag() -> ETag {
    ETag::from_text("f173c1199e3d3b53dd91223cae16fb42")
}

fn ownership() -> Ownership {
    Ownership {
        owner_uin: Uin(100_000_000_001),
        initiator_uin: Uin(100_000_000_002),
    }
}

fn listing(url_encoding: bool) -> ListObjects {
    ListObjects {
        bucket: bucket(),
        prefix: String::new(),
        delimiter: String::new(),
        marker: String::new(),
        max_keys: 1000,
        url_encoding,
    }
}

fn object(name: &str) -> ObjectSummary {
    ObjectSummary {
        key: key(name),
        last_modified: NOW,
        etag: etag(),
        length: 37,
        storage_class: StorageClass::Standard,
    }
}

fn objects(request: ListObjects, full: bool) -> Outcome {
    Outcome::Objects(ObjectList {
        request,
        region: region(),
        owner: AppId(1_250_000_000),
        objects: if full {
            vec![object("a/b c+d&<你>\u{1}")]
        } else {
            Vec::new()
        },
        common_prefixes: if full { vec!["a b/".to_owned()] } else { Vec::new() },
        next_marker: full.then(|| "a b/".to_owned()),
    })
}

#[test]
fn buckets() {
    let list = |buckets, marker: Option<&str>, truncated| {
        Outcome::Buckets(BucketList {
            owner_uin: Uin(100_000_000_001),
            buckets,
            marker: marker.map(str::to_owned),
            truncated,
        })
    };
    let photos = BucketSummary {
        name: bucket(),
        region: region(),
        created: NOW,
    };
    check("buckets-none", &list(Vec::new(), None, false));
    check("buckets", &list(vec![photos], Some("a"), true));
    check("bucket-created", &Outcome::BucketCreated);
    check("bucket-head", &Outcome::BucketHead { region: region() });
    check("deleted", &Outcome::Deleted);
    check("location", &Outcome::Location(region()));
}

#[test]
fn lists_of_objects() {
    check("objects-none", &objects(listing(false), false));
    let full = ListObjects {
        prefix: "a b".to_owned(),
        delimiter: "/".to_owned(),
        marker: "a+".to_owned(),
        ..listing(false)
    };
    check("objects", &objects(full.clone(), true));
    let encoded = ListObjects {
        url_encoding: true,
        ..full
    };
    check("objects-url", &objects(encoded, true));
}

#[test]
fn lists_of_uploads() {
    let list = |full: bool| {
        let request = ListMultipartUploads {
            bucket: bucket(),
            prefix: if full { "a b" } else { "" }.to_owned(),
            delimiter: if full { "/" } else { "" }.to_owned(),
            key_marker: String::new(),
            upload_id_marker: String::new(),
            max_uploads: 1,
            url_encoding: full,
        };
        let entry = UploadSummary {
            key: upload().key,
            upload_id: upload().upload_id,
            storage_class: StorageClass::StandardIa,
            ownership: ownership(),
            initiated: NOW,
        };
        Outcome::Uploads(UploadList {
            request,
            uploads: if full { vec![entry] } else { Vec::new() },
            common_prefixes: if full { vec!["c d/".to_owned()] } else { Vec::new() },
            next: full.then(|| ("c d/".to_owned(), String::new())),
        })
    };
    check("uploads-none", &list(false));
    check("uploads-url", &list(true));
}

#[test]
fn lists_of_parts() {
    let list = |full: bool| {
        let part = PartSummary {
            part_number: 7,
            last_modified: NOW,
            etag: etag(),
            length: 1_048_576,
        };
        Outcome::Parts(PartList {
            request: ListParts {
                upload: upload(),
                part_number_marker: 3,
                max_parts: 1,
                url_encoding: full,
            },
            ownership: ownership(),
            storage_class: StorageClass::Standard,
            parts: if full { vec![part] } else { Vec::new() },
            truncated: full,
        })
    };
    check("parts-none", &list(false));
    check("parts-url", &list(true));
}

#[test]
fn uploads() {
    let upload = upload();
    check(
        "stored",
        &Outcome::Stored {
            etag: etag(),
            crc64: u64::MAX,
        },
    );
    check(
        "upload-started",
        &Outcome::UploadStarted {
            request: InitiateMultipartUpload {
                bucket: bucket(),
                key: key("a<\u{2}>b"),
                headers: ObjectHeaders::default(),
                acl: daypass_api::acl::AclRequest::default(),
                tags: Vec::new(),
                forbid_overwrite: false,
            },
            upload_id: upload.upload_id.clone(),
        },
    );
    check(
        "upload-completed",
        &Outcome::UploadCompleted {
            upload,
            etag: ETag::from_text("aa259a62513358f69e98e72e59856d88-3"),
            crc64: 7,
        },
    );
}

fn stored(span: Option<Span>, overrides: ResponseOverrides) -> Outcome {
    let text = |text: &str| Some(text.to_owned());
    Outcome::Object {
        info: ObjectInfo {
            length: 100,
            etag: etag(),
            crc64: 7,
            last_modified: NOW,
            headers: ObjectHeaders {
                cache_control: text("no-cache"),
                content_disposition: text("inline"),
                content_encoding: text("gzip"),
                content_language: text("zh"),
                content_type: text("image/jpeg"),
                expires: text("0"),
                storage_class: StorageClass::StandardIa,
                user_metadata: vec![("a".to_owned(), "你".to_owned())],
            },
        },
        span,
        overrides,
    }
}

#[test]
fn objects_and_spans_of_them() {
    check("object", &stored(None, ResponseOverrides::default()));
    let span = Span {
        start: 90,
        length: 10,
    };
    check("object-span", &stored(Some(span), ResponseOverrides::default()));
    let text = |text: &str| Some(text.to_owned());
    let overrides = ResponseOverrides {
        cache_control: text("1"),
        content_disposition: text("2"),
        content_encoding: text("3"),
        content_language: text("4"),
        content_type: text("5"),
        expires: text("6"),
    };
    check("object-overrides", &stored(None, overrides));
    let plain = Outcome::Object {
        info: ObjectInfo {
            length: 0,
            etag: etag(),
            crc64: 0,
            last_modified: NOW,
            headers: ObjectHeaders::default(),
        },
        span: None,
        overrides: ResponseOverrides::default(),
    };
    let by_path = AnswerContext {
        path_style: true,
        ..CONTEXT
    };
    check_in("object-plain-by-path", &plain, &by_path);
    check(
        "not-modified",
        &Outcome::NotModified {
            etag: etag(),
            last_modified: NOW,
        },
    );
}

#[test]
fn outcomes_of_other_apis_have_no_answer_here() {
    let error = write(&Outcome::Done, &CONTEXT).unwrap_err();
    assert_eq!(error.code, ErrorCode::InternalError);
}
