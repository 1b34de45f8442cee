//! Which patterns are refused, and what the others cover.

use super::*;
use crate::request::CosTarget;

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 1250000000,
    owner_uin: 100000000001,
};
const BUCKET: &str = "examplebucket-1250000000";

fn covers(pattern: &str, resource: Resource<'_>, caller: Option<u64>, effect: Effect) -> bool {
    let spelling = resource.spell();
    let subject = Subject {
        resource: &resource,
        names: spelling.names(),
        caller,
    };
    ResourcePattern::parse(pattern, &OWNER, false)
        .unwrap()
        .covers(&subject, effect)
}

fn cos(target: CosTarget<'_>) -> Resource<'_> {
    Resource::Cos {
        region: "ap-guangzhou",
        app_id: 1250000000,
        bucket: BUCKET,
        target,
    }
}

fn check(path: &str, target: CosTarget<'_>, expected: bool) {
    let pattern = format!("qcs::cos:ap-guangzhou:uid/1250000000:{path}");
    assert_eq!(
        covers(&pattern, cos(target), None, Effect::Allow),
        expected,
        "{path} {target:?}"
    );
}

fn key(key: &str) -> CosTarget<'_> {
    CosTarget::Object { key }
}

#[test]
fn forms_of_the_path() {
    check("*", key("a"), true);
    check("*", CosTarget::Bucket, true);
    check("examplebucket-1250000000/*", key("a/b"), true);
    check("examplebucket-1250000000/*", CosTarget::Bucket, true);
    check("examplebucket-1250000000/", CosTarget::Bucket, true);
    check("examplebucket-1250000000/", key("a"), false);
    check("examplebucket-1250000000/doc/*", key("doc/a"), true);
    check("examplebucket-1250000000/doc/*", key("doca"), false);
    check("examplebucket-1250000000/doc/*", key("doc/"), true);
    check("examplebucket-1250000000/doc/*", CosTarget::Bucket, false);
    check("examplebucket-1250000000/doc/", key("doc/a"), false);
    check("examplebucket-1250000000/a.jpg", key("a.jpg"), true);
    check("examplebucket-1250000000/a.jpg", key("A.jpg"), false);
    check("examplebucket-1250000000/*.jpg", key("a/b.jpg"), true);
    check("examplebucket-1250000000/a:b", key("a:b"), true);
    check("examplebucket-1250000000/doc/*", key("doc/../x"), true);
    check("examplebucket-1250000000/x", key("doc/../x"), false);
    check("example*/a", key("a"), true);
    check("example*", CosTarget::Bucket, true);
    check("examplebucket-1250000000*", key("a"), true);
}

#[test]
fn listing_matches_at_the_bucket_or_at_its_prefix() {
    let listing = |prefix| CosTarget::Listing { prefix };
    check("examplebucket-1250000000/doc/*", listing("doc/"), true);
    check("examplebucket-1250000000/doc/*", listing("doc/x"), true);
    check("examplebucket-1250000000/doc/*", listing("do"), false);
    check("examplebucket-1250000000/doc/*", listing(""), false);
    check("examplebucket-1250000000/", listing("doc/"), true);
    check("examplebucket-1250000000/*", listing(""), true);
}

#[test]
fn t12_legacy_form() {
    check("prefix//1250000000/examplebucket/doc/*", key("doc/a"), true);
    check("prefix//1250000000/examplebucket/doc/*", key("doca"), false);
    check("prefix//1250000000/*", key("a"), true);
    check("prefix//1250000000/*", CosTarget::Bucket, true);
    check("prefix//1250000000/examplebucket/", CosTarget::Bucket, true);
    let text = "qcs::cos:ap-guangzhou:uid/1250000000:prefix//1250000000/examplebucket/doc/*";
    let pattern = ResourcePattern::parse(text, &OWNER, true).unwrap();
    assert_eq!(
        pattern.text(),
        "qcs::cos:ap-guangzhou:uid/1250000000:examplebucket-1250000000/doc/*"
    );
}

#[test]
fn region_account_and_service() {
    let check = |start: &str, expected| {
        let pattern = format!("{start}:*");
        assert_eq!(
            covers(&pattern, cos(key("a")), None, Effect::Allow),
            expected,
            "{pattern}"
        );
    };
    check("qcs::cos:ap-guangzhou:uid/1250000000", true);
    check("qcs::cos:ap-beijing:uid/1250000000", false);
    check("qcs::cos:ap-guangzhou-2:uid/1250000000", false);
    check("qcs::cos::uid/1250000000", true);
    check("qcs::cos:*:uid/1250000000", true);
    check("qcs::cos:ap-*:uid/1250000000", true);
    check("qcs::cos:ap-guangzhou:", true);
    check("qcs::cos:ap-guangzhou:uid/1250000001", false);
    check("qcs::*:ap-guangzhou:uid/1250000000", true);
    check("qcs::*:ap-guangzhou:uin/100000000001", true);
    check("qcs::*:ap-guangzhou:uin/100000000002", false);
    check("qcs::ci:ap-guangzhou:uid/1250000000", false);
    check("qcs::cam::uin/100000000001", false);
}

#[test]
fn operation_level_needs_the_bare_star() {
    assert!(covers("*", Resource::Operation, None, Effect::Allow));
    assert!(!covers("qcs::cos:::*", Resource::Operation, None, Effect::Allow));
    assert!(!covers("qcs::*:::*", Resource::Operation, None, Effect::Allow));
}

#[test]
fn access_management_paths() {
    let cam = |path| Resource::Cam {
        owner_uin: 100000000001,
        path,
    };
    let check = |pattern: &str, resource, caller, effect, expected| {
        assert_eq!(
            covers(pattern, resource, caller, effect),
            expected,
            "{pattern} {resource:?}"
        );
    };
    let (allow, deny) = (Effect::Allow, Effect::Deny);
    check(
        "qcs::cam::uin/100000000001:uin/5",
        cam("uin/5"),
        None,
        allow,
        true,
    );
    check("qcs::cam:::uin/*", cam("uin/5"), None, allow, true);
    check(
        "qcs::cam::uin/100000000002:uin/*",
        cam("uin/5"),
        None,
        allow,
        false,
    );
    check("qcs::cam:::uin/${uin}", cam("uin/5"), Some(5), allow, true);
    check("qcs::cam:::uin/${uin}", cam("uin/55"), Some(5), allow, false);
    check("qcs::cam:::uin/${uin}", cam("uin/5"), None, allow, false);
    check("qcs::cam:::uin/${uin}", cam("uin/5"), None, deny, true);
    check(
        "qcs::cam:::uin/${owner_uin}",
        cam("uin/100000000001"),
        None,
        allow,
        true,
    );
    let role = Resource::Role {
        owner_uin: 100000000001,
        id: "46",
        name: "dev",
    };
    check("qcs::cam:::roleName/dev", role, None, allow, true);
    check("qcs::cam:::role/46", role, None, allow, true);
    check("qcs::sts:::role/*", role, None, deny, true);
    check("qcs::cam:::roleName/46", role, None, allow, false);
    check("qcs::cos:::roleName-1250000000/dev", role, None, allow, false);
    check("qcs::cam:::roleName/*", cam("uin/5"), None, allow, false);
}

#[test]
fn variables_in_object_keys_never_match() {
    check("examplebucket-1250000000/${uin}/*", key("${uin}/a"), false);
    check("examplebucket-1250000000/${uin}/*", key("5/a"), false);
    check("examplebucket-1250000000/${app_id}", key("1250000000"), false);
    check("examplebucket-1250000000/${other}", key("${other}"), true);
}

#[test]
fn what_is_refused() {
    let check = |text: &str, own_only: bool, expected: PolicyErrorKind| {
        let result = ResourcePattern::parse(text, &OWNER, own_only).map_err(|error| error.kind);
        assert_eq!(result, Err(expected), "{text}");
    };
    use PolicyErrorKind as Kind;
    for text in [
        "",
        "**",
        "qcs",
        "qcs::cos:ap-guangzhou:uid/1250000000",
        "examplebucket-1250000000/*",
    ] {
        check(text, false, Kind::ResourceSyntax);
    }
    check("QCS::cos:::*", false, Kind::ResourceQcs);
    check("qcs:1:cos:::*", false, Kind::ResourceProject);
    check("qcs::cvm:::*", false, Kind::ResourceService);
    check("qcs::cos:gz::*", false, Kind::ResourceRegion);
    check("qcs::cos:AP:1:*", false, Kind::ResourceRegion);
    check("qcs::cam:ap-guangzhou::*", false, Kind::ResourceRegion);
    for account in [
        "uid/",
        "uid/x",
        "uid/01",
        "uin/100000000001",
        "1250000000",
        "uid/*",
        "uid/+1",
    ] {
        check(&format!("qcs::cos::{account}:*"), false, Kind::ResourceAccount);
    }
    check("qcs::cam::uid/1250000000:*", false, Kind::ResourceAccount);
    for path in [
        "",
        "examplebucket-1250000000",
        "examplebucket/*",
        "-1250000000/*",
        "/a",
        "a-b/*",
    ] {
        check(&format!("qcs::cos:::{path}"), false, Kind::ResourceContent);
    }
    for path in [
        "prefix//",
        "prefix//1250000000",
        "prefix//1250000000/",
        "prefix//1250000000/ex*/a",
    ] {
        check(&format!("qcs::cos:::{path}"), false, Kind::ResourceContent);
    }
    check("qcs::cam:::", false, Kind::ResourceContent);
    check("qcs::cos::uid/1250000001:*", true, Kind::ForeignResource);
    check("qcs::cam::uin/2:*", true, Kind::ForeignResource);
    check(
        "qcs::cos:::examplebucket-1250000001/*",
        true,
        Kind::ForeignResource,
    );
    check(
        "qcs::cos:::examplebucket-1250000001/*",
        false,
        Kind::ResourceContent,
    );
    check("qcs::cos:::prefix//1250000001/b/*", true, Kind::ForeignResource);
    check("qcs::cos:::prefix//1250000001/*", true, Kind::ForeignResource);
    check("qcs::cos:::prefix//1250000001/*", false, Kind::ResourceContent);
    check(
        "qcs::cos::uid/1250000000:examplebucket/*",
        true,
        Kind::ResourceContent,
    );
}
