//! Documents: policies and the XML bodies of the object API.
//!
//! Their law: what was read, printed and read again, is the same, and printing it again gives the same text. A print may
//! be longer than what was read; that it is too long is the only reason for which it may be refused.

use daypass_api::ErrorCode;
use daypass_api::names::BucketName;
use daypass_dialect::cos::{self, RequestHead, request};
use daypass_dialect::site::Site;
use daypass_policy::{
    Context, CosTarget, DocumentKind, MAX_RAW_BYTES, OwnerAccount, Policy, PolicyErrorKind, Principal,
    Request, Resource, parse,
};
use http::{HeaderMap, HeaderValue};

use crate::{Target, texts};

pub(crate) const POLICY: Target = Target {
    name: "policy",
    run: policy,
    seeds: || {
        texts(&[
            r#"{"version":"2.0","statement":[{"effect":"allow","action":["cos:GetObject","name/cos:Put*"],"resource":"qcs::cos:ap-guangzhou:uid/125:b-125/a*b/${uin}","condition":{"ip_equal":{"qcs:ip":["10.0.0.0/8","::1"]}}}]}"#,
            r#"{"version":"2.0","statement":[{"principal":{"qcs":["qcs::cam::uin/900:uin/901"]},"effect":"deny","action":"*","resource":"*","condition":{"for_all_value:string_like_if_exist":{"qcs:request_tag":["a&b"]}}}]}"#,
            r#"{"version":"2.0","statement":{"principal":{"service":"a.b"},"effect":"allow","action":"name/sts:AssumeRole"}}"#,
        ])
    },
    words: &[
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "\\u0000",
        "\\ud800",
        "*",
        "${uin}",
        "1e999",
        "null",
        "\"effect\":\"deny\",",
        "\"condition\":{}",
        "\"numeric_equal\":",
        "\"statement\":",
        "qcs::cos:::",
    ],
};

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 125,
    owner_uin: 900,
};

fn policy(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else {
        return false;
    };
    let mut understood = false;
    let kinds = [
        DocumentKind::Identity,
        DocumentKind::Session,
        DocumentKind::Bucket,
        DocumentKind::Trust,
    ];
    for kind in kinds {
        let Ok(policy) = parse(text, kind, &OWNER) else {
            continue;
        };
        understood = true;
        assert!(text.len() <= MAX_RAW_BYTES, "a text over the bound was read");
        decide(&policy);
        let printed = policy.to_string();
        match parse(&printed, kind, &OWNER) {
            Ok(again) => {
                assert!(again == policy, "the printed policy reads differently: {printed}");
                assert_eq!(again.to_string(), printed);
            }
            Err(error) => {
                let too_long = error.kind == PolicyErrorKind::TooLong && printed.len() > text.len();
                assert!(too_long, "the printed policy is refused: {error}: {printed}");
            }
        }
    }
    understood
}

/// The longest key that a request can carry, made for patterns of many stars.
fn decide(policy: &Policy) {
    let key = "a".repeat(850);
    let request = Request {
        action: "cos:GetObject",
        resource: Resource::Cos {
            region: "ap-guangzhou",
            app_id: 125,
            bucket: "b-125",
            target: CosTarget::Object { key: &key },
        },
        principal: Principal::Account {
            owner_uin: 900,
            uin: 901,
        },
        context: &Context::default(),
    };
    let (one, other) = (policy.evaluate(&request), policy.evaluate(&request));
    assert_eq!(
        (one.deny.is_some(), one.allow.is_some()),
        (other.deny.is_some(), other.allow.is_some())
    );
}

pub(crate) const XML: Target = Target {
    name: "xml",
    run: xml,
    seeds: || {
        texts(&[
            "<Delete><Quiet>true</Quiet><Object><Key>a&amp;b</Key><VersionId>null</VersionId></Object></Delete>",
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"0cc175b9c0f1b6a831c399e269772661\"</ETag></Part></CompleteMultipartUpload>",
            "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>",
            "<CORSConfiguration><CORSRule><ID>1</ID><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedHeader>*</AllowedHeader><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule></CORSConfiguration>",
            "<?xml version=\"1.0\"?><AccessControlPolicy><Owner><ID>qcs::cam::uin/900:uin/900</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>qcs::cam::uin/900:uin/900</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>",
            "<CreateBucketConfiguration></CreateBucketConfiguration>",
        ])
    },
    words: &[
        "<",
        "</",
        "/>",
        ">",
        "&lt;",
        "&#0;",
        "&#xd;",
        "&a;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<Object>",
        "<Tag>",
        "<!DOCTYPE a [<!ENTITY a \"aaaa\">]>",
        "<Key>",
        "</Key>",
        "<?xml version=\"1.1\"?>",
        "\u{1}",
        "\r\n",
    ],
};

fn xml(bytes: &[u8]) -> bool {
    let requests = [
        ("PUT", "/", ""),
        ("PUT", "/", "tagging"),
        ("PUT", "/a", "tagging"),
        ("PUT", "/", "cors"),
        ("PUT", "/", "acl"),
        ("PUT", "/a", "acl"),
        ("POST", "/", "delete"),
        ("POST", "/a", "uploadId=15851308210123456789abcdef"),
    ];
    let Ok(bucket) = BucketName::parse("b-125") else {
        return false;
    };
    let mut understood = false;
    let site = Site::Bucket(bucket);
    for (method, path, query) in requests {
        let headers = described(bytes.len());
        let head = RequestHead {
            method,
            path,
            query,
            headers: &headers,
        };
        let read = |document: &[u8]| cos::read(&head, &site).and_then(|read| read.with_document(document));
        let Ok(one) = read(bytes) else { continue };
        understood = true;
        let Some(printed) = request::document(&one.operation) else {
            continue;
        };
        match read(printed.as_bytes()) {
            Ok(other) => assert_eq!(other.operation, one.operation, "{printed}"),
            Err(error) => {
                let too_long = error.code == ErrorCode::XmlTooLarge && printed.len() > bytes.len();
                assert!(too_long, "{printed} is refused: {error}");
            }
        }
    }
    understood
}

/// The headers that a request with a document needs.
fn described(length: usize) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-length", HeaderValue::from(length));
    headers.insert(
        "content-md5",
        HeaderValue::from_static("1B2M2Y8AsgTpgAmY7PhCfg=="),
    );
    headers
}
