//! Access control lists as requests and answers spell them: presets and grants in headers, and the document.
//!
//! Headers outweigh the document. A list is taken whole or not at all: an unknown permission, group or identity
//! refuses the request, since a grant that is passed over is as wrong as one that is invented.

use daypass_api::acl::{
    Acl, AclRequest, BucketAclPreset, BucketAclRequest, Grant, Grantee, MAX_GRANTS, ObjectAclPreset,
    ObjectAclRequest, Permission,
};
use daypass_api::names::Uin;
use daypass_api::outcome::AclReport;
use daypass_api::{Error, ErrorCode};

use super::document::Document;
use super::element::{Element, malformed};
use super::request_head::{RequestHead, invalid_argument};

/// Largest document that is read, in bytes: many times what 100 grants need.
const MAX_BODY_BYTES: usize = 256 * 1024;
const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema-instance";
const ALL_USERS: &str = "http://cam.qcloud.com/groups/global/AllUsers";
const AUTHENTICATED_USERS: &str = "http://cam.qcloud.com/groups/global/AuthenticatedUsers";

/// The presets of buckets by name.
pub(super) const BUCKET_ACLS: [(BucketAclPreset, &str); 4] = [
    (BucketAclPreset::Private, "private"),
    (BucketAclPreset::PublicRead, "public-read"),
    (BucketAclPreset::PublicReadWrite, "public-read-write"),
    (BucketAclPreset::AuthenticatedRead, "authenticated-read"),
];
/// The presets of objects by name.
pub(super) const OBJECT_ACLS: [(ObjectAclPreset, &str); 6] = [
    (ObjectAclPreset::Default, "default"),
    (ObjectAclPreset::Private, "private"),
    (ObjectAclPreset::PublicRead, "public-read"),
    (ObjectAclPreset::AuthenticatedRead, "authenticated-read"),
    (ObjectAclPreset::BucketOwnerRead, "bucket-owner-read"),
    (
        ObjectAclPreset::BucketOwnerFullControl,
        "bucket-owner-full-control",
    ),
];

const GRANT_PREFIX: &str = "x-cos-grant-";
/// A permission with its element's text and the end of its header.
type Spelling = (Permission, &'static str, &'static str);
/// The permissions that a bucket's list may give.
pub(super) const ON_BUCKETS: [Spelling; 5] = [
    (Permission::Read, "READ", "read"),
    (Permission::Write, "WRITE", "write"),
    (Permission::ReadAcp, "READ_ACP", "read-acp"),
    (Permission::WriteAcp, "WRITE_ACP", "write-acp"),
    (Permission::FullControl, "FULL_CONTROL", "full-control"),
];
/// The permissions that an object's list may give.
pub(super) const ON_OBJECTS: [Spelling; 4] = {
    let [read, _, read_acp, write_acp, full_control] = ON_BUCKETS;
    [read, read_acp, write_acp, full_control]
};

/// The list that the headers ask for, for a bucket.
pub(super) fn bucket_acl(request: &RequestHead<'_>) -> Result<BucketAclRequest, Error> {
    in_headers(request, &BUCKET_ACLS, &ON_BUCKETS)
}

/// The list that the headers ask for, for an object.
pub(super) fn object_acl(request: &RequestHead<'_>) -> Result<ObjectAclRequest, Error> {
    in_headers(request, &OBJECT_ACLS, &ON_OBJECTS)
}

/// Whether the headers ask for a list at all.
pub(super) fn is_in_headers(request: &RequestHead<'_>) -> Result<bool, Error> {
    for name in request.headers.keys().map(http::HeaderName::as_str) {
        let says = name == "x-cos-acl" || name.starts_with(GRANT_PREFIX);
        if says && request.header(name)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The preset that says what a list says to everybody, if it says something to them; `widest` where they may write.
///
/// A policy that watches `x-cos-acl` would not see a list that stands in a document and opens as much.
pub(super) fn opens_like(acl: &Acl, widest: &'static str) -> Option<&'static str> {
    let given = |grantee| acl.grants.iter().filter(move |grant| grant.grantee == grantee);
    let reads = |grant: &Grant| matches!(grant.permission, Permission::Read | Permission::ReadAcp);
    if !given(Grantee::AllUsers).all(reads) {
        Some(widest)
    } else if given(Grantee::AllUsers).next().is_some() {
        Some("public-read")
    } else {
        given(Grantee::AuthenticatedUsers)
            .next()
            .map(|_| "authenticated-read")
    }
}

fn in_headers<P: Copy + Default>(
    request: &RequestHead<'_>,
    presets: &[(P, &str)],
    permissions: &[Spelling],
) -> Result<AclRequest<P>, Error> {
    let grants = grants(request, permissions)?;
    match (request.header("x-cos-acl")?, grants.is_empty()) {
        (None, true) => Ok(AclRequest::default()),
        (None, false) => Ok(AclRequest::Grants(grants)),
        (Some(name), true) => presets
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(preset, _)| AclRequest::Preset(*preset))
            .ok_or_else(|| invalid_argument("x-cos-acl does not name an access control list")),
        (Some(_), false) => Err(Error::with_message(
            ErrorCode::InvalidRequest,
            "x-cos-acl and x-cos-grant-* cannot both be given",
        )),
    }
}

fn grants(request: &RequestHead<'_>, permissions: &[Spelling]) -> Result<Vec<Grant>, Error> {
    let named = request.headers.keys().map(http::HeaderName::as_str);
    for end in named.filter_map(|name| name.strip_prefix(GRANT_PREFIX)) {
        if !permissions.iter().any(|(_, _, known)| *known == end) {
            return Err(invalid_argument(format!(
                "`{GRANT_PREFIX}{end}` gives nothing here"
            )));
        }
    }
    let mut grants = Vec::new();
    for (permission, _, end) in permissions {
        let Some(text) = request.header(&format!("{GRANT_PREFIX}{end}"))? else {
            continue;
        };
        for item in text.split(',').map(str::trim) {
            let grantee = grantee_of_header(item)
                .ok_or_else(|| invalid_argument(format!("`{GRANT_PREFIX}{end}` names no identity")))?;
            grants.push(Grant {
                grantee,
                permission: *permission,
            });
        }
    }
    bounded(grants)
}

/// `id="…"` or `uin="…"`. Groups are not granted so: a policy that watches `x-cos-acl` would not see it.
fn grantee_of_header(item: &str) -> Option<Grantee> {
    let (name, value) = item.split_once('=')?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    match name.trim() {
        "id" | "uin" => grantee_of_id(value).filter(|grantee| matches!(grantee, Grantee::User { .. })),
        _ => None,
    }
}

/// `<owner>`, `<owner>/<user>`, `qcs::cam::uin/<owner>:uin/<user>`, or everybody.
fn grantee_of_id(id: &str) -> Option<Grantee> {
    if id == "qcs::cam::anyone:anyone" {
        return Some(Grantee::AllUsers);
    }
    let (owner, user) = match id.strip_prefix("qcs::cam::uin/") {
        Some(rest) => rest.split_once(":uin/")?,
        None => id.split_once('/').unwrap_or((id, id)),
    };
    Some(Grantee::User {
        owner_uin: uin(owner)?,
        uin: uin(user)?,
    })
}

fn uin(text: &str) -> Option<Uin> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn group(uri: &str) -> Option<Grantee> {
    match uri {
        ALL_USERS => Some(Grantee::AllUsers),
        AUTHENTICATED_USERS => Some(Grantee::AuthenticatedUsers),
        _ => None,
    }
}

fn bounded(grants: Vec<Grant>) -> Result<Vec<Grant>, Error> {
    if grants.len() > MAX_GRANTS {
        return Err(Error::new(ErrorCode::TooManyGrants));
    }
    Ok(grants)
}

/// Reads a document, whose list may give these permissions. Who owns something is not changed by saying it.
pub(super) fn read_document(body: &[u8], permissions: &[Spelling]) -> Result<Acl, Error> {
    let root = Element::parse(body, MAX_BODY_BYTES)?;
    let known = |child: &Element| matches!(child.name.as_str(), "Owner" | "AccessControlList");
    if root.name != "AccessControlPolicy" || !root.children.iter().all(known) {
        return Err(malformed("the document is not an AccessControlPolicy"));
    }
    let mut lists = root.all("AccessControlList");
    let (Some(list), None) = (lists.next(), lists.next()) else {
        return Err(malformed("the document does not have one AccessControlList"));
    };
    let read = |grant: &Element| read_grant(grant, permissions);
    let grants = list.children.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Acl {
        grants: bounded(grants)?,
    })
}

fn read_grant(grant: &Element, permissions: &[Spelling]) -> Result<Grant, Error> {
    let known = |child: &Element| matches!(child.name.as_str(), "Grantee" | "Permission");
    if grant.name != "Grant" || grant.children.len() != 2 || !grant.children.iter().all(known) {
        return Err(malformed("a grant does not have one Grantee and one Permission"));
    }
    let spelled = grant.text_of("Permission").unwrap_or_default().trim();
    let permission = permissions
        .iter()
        .find(|(_, text, _)| *text == spelled)
        .map(|(permission, _, _)| *permission);
    let grantee = grant.all("Grantee").next().and_then(read_grantee);
    Ok(Grant {
        grantee: grantee.ok_or_else(|| malformed("a Grantee names no identity"))?,
        permission: permission.ok_or_else(|| malformed("a Permission is not one"))?,
    })
}

fn read_grantee(grantee: &Element) -> Option<Grantee> {
    match (grantee.text_of("ID"), grantee.text_of("URI")) {
        (Some(id), None) => grantee_of_id(id.trim()),
        (None, Some(uri)) => group(uri.trim()),
        _ => None,
    }
}

/// Writes a list, with its owner where that is known.
pub(super) fn write_document(mut document: Document, owner: Option<Uin>, acl: &Acl) -> Document {
    document.element("AccessControlPolicy", |document| {
        if let Some(owner) = owner {
            document.element("Owner", |document| identity(document, owner, owner));
        }
        // Present even when it is empty: one SDK reads it unasked.
        document.element("AccessControlList", |document| {
            for grant in &acl.grants {
                document.element("Grant", |document| write_grant(document, *grant));
            }
        });
    });
    document
}

fn write_grant(document: &mut Document, grant: Grant) {
    let kind = match grant.grantee {
        Grantee::User { .. } => "CanonicalUser",
        Grantee::AllUsers | Grantee::AuthenticatedUsers => "Group",
    };
    let attributes = [("xmlns:xsi", SCHEMA), ("xsi:type", kind)];
    // Nothing but its name stands in a group: one SDK recognises presets by comparing whole grants.
    document.element_with("Grantee", &attributes, |document| match grant.grantee {
        Grantee::User { owner_uin, uin } => identity(document, owner_uin, uin),
        Grantee::AllUsers => document.leaf("URI", ALL_USERS),
        Grantee::AuthenticatedUsers => document.leaf("URI", AUTHENTICATED_USERS),
    });
    let spelled = ON_BUCKETS
        .iter()
        .find(|(permission, _, _)| *permission == grant.permission);
    document.leaf("Permission", spelled.map_or("", |(_, text, _)| text));
}

fn identity(document: &mut Document, owner: Uin, uin: Uin) {
    document.leaf("ID", &format!("qcs::cam::uin/{owner}:uin/{uin}"));
    document.value("DisplayName", uin);
}

/// Reads the answer; `None` when the document does not tell.
pub(super) fn read_answer(body: &[u8], root: &Element, inherited: bool) -> Option<AclReport> {
    let owner = root.all("Owner").next()?.text_of("ID").and_then(grantee_of_id)?;
    let Grantee::User { owner_uin, .. } = owner else {
        return None;
    };
    Some(AclReport {
        owner_uin,
        acl: read_document(body, &ON_BUCKETS).ok()?,
        inherited,
    })
}

/// The headers that ask for a list; `None` where only a document can.
pub(super) fn headers<P: PartialEq>(
    acl: &AclRequest<P>,
    presets: &[(P, &'static str)],
) -> Option<Vec<(String, String)>> {
    match acl {
        AclRequest::Preset(preset) => {
            let name = presets.iter().find(|(known, _)| known == preset);
            Some(vec![(
                "x-cos-acl".to_owned(),
                name.map_or("", |(_, name)| name).to_owned(),
            )])
        }
        AclRequest::Grants(grants) => {
            let mut headers = Vec::new();
            for (permission, _, end) in ON_BUCKETS {
                let given = grants.iter().filter(|grant| grant.permission == permission);
                let named: Vec<_> = given
                    .map(|grant| grantee_in_header(grant.grantee))
                    .collect::<Option<_>>()?;
                if !named.is_empty() {
                    headers.push((format!("{GRANT_PREFIX}{end}"), named.join(",")));
                }
            }
            Some(headers)
        }
        AclRequest::List(_) => None,
    }
}

fn grantee_in_header(grantee: Grantee) -> Option<String> {
    match grantee {
        Grantee::User { owner_uin, uin } if owner_uin == uin => Some(format!("id=\"{uin}\"")),
        Grantee::User { owner_uin, uin } => Some(format!("id=\"{owner_uin}/{uin}\"")),
        Grantee::AllUsers | Grantee::AuthenticatedUsers => None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_list_opens() {
        use Permission::{FullControl, Read, ReadAcp, Write, WriteAcp};
        let check = |grants: &[(Grantee, Permission)], expected: Option<&str>| {
            let grant = |(grantee, permission): &(Grantee, Permission)| Grant {
                grantee: *grantee,
                permission: *permission,
            };
            let acl = Acl {
                grants: grants.iter().map(grant).collect(),
            };
            assert_eq!(opens_like(&acl, "widest"), expected, "{grants:?}");
        };
        let (all, known) = (Grantee::AllUsers, Grantee::AuthenticatedUsers);
        let one = Grantee::User {
            owner_uin: Uin(1),
            uin: Uin(1),
        };
        check(&[], None);
        check(&[(one, FullControl)], None);
        check(&[(known, FullControl), (one, Write)], Some("authenticated-read"));
        for permission in [Read, ReadAcp] {
            check(&[(known, Write), (all, permission)], Some("public-read"));
        }
        for permission in [Write, WriteAcp, FullControl] {
            check(&[(all, Read), (all, permission)], Some("widest"));
        }
    }

    fn with<T>(
        headers: &[(&str, &str)],
        ask: impl Fn(&RequestHead<'_>) -> Result<T, Error>,
    ) -> Result<T, ErrorCode> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            map.insert(name, HeaderValue::from_str(value).unwrap());
        }
        let request = RequestHead {
            method: "PUT",
            path: "/",
            query: "acl",
            headers: &map,
        };
        ask(&request).map_err(|error| error.code)
    }

    fn user(owner: u64, uin: u64) -> Grantee {
        Grantee::User {
            owner_uin: Uin(owner),
            uin: Uin(uin),
        }
    }

    #[test]
    fn identities_in_headers() {
        let check = |text: &str, expected: Option<Grantee>| {
            let found = with(&[("x-cos-grant-read", text)], object_acl);
            let expected = expected.map(|grantee| {
                AclRequest::Grants(vec![Grant {
                    grantee,
                    permission: Permission::Read,
                }])
            });
            assert_eq!(found, expected.ok_or(ErrorCode::InvalidArgument), "{text}");
        };
        check("id=\"100\"", Some(user(100, 100)));
        check("id=\"100/101\"", Some(user(100, 101)));
        check("uin=\"100\"", Some(user(100, 100)));
        check(" id = \"qcs::cam::uin/100:uin/101\"", Some(user(100, 101)));
        for refused in [
            "100",
            "id=100",
            "id=\"\"",
            "id=\"+1\"",
            "id=\"100/\"",
            "id=\"qcs::cam::uin/100\"",
            "id=\"99999999999999999999999\"",
            "uri=\"http://cam.qcloud.com/groups/global/AllUsers\"",
            "id=\"qcs::cam::anyone:anyone\"",
            "mail=\"a\"",
            "id=\"100\",",
        ] {
            check(refused, None);
        }
    }

    #[test]
    fn headers_that_contradict_each_other_or_give_nothing() {
        let both = [("x-cos-acl", "private"), ("x-cos-grant-read", "id=\"1\"")];
        assert_eq!(with(&both, bucket_acl), Err(ErrorCode::InvalidRequest));
        let write = [("x-cos-grant-write", "id=\"1\"")];
        assert!(with(&write, bucket_acl).is_ok());
        assert_eq!(with(&write, object_acl), Err(ErrorCode::InvalidArgument));
        let unknown = [("x-cos-grant-all", "id=\"1\"")];
        assert_eq!(with(&unknown, bucket_acl), Err(ErrorCode::InvalidArgument));
        assert_eq!(
            with(&[("x-cos-acl", "default")], bucket_acl),
            Err(ErrorCode::InvalidArgument)
        );
        assert_eq!(
            with(&[("x-cos-grant-read", "")], bucket_acl),
            Ok(AclRequest::default())
        );
        let many = |count| vec!["id=\"1\""; count].join(",");
        assert!(with(&[("x-cos-grant-read", &many(100))], bucket_acl).is_ok());
        let refused = with(&[("x-cos-grant-read", &many(101))], bucket_acl);
        assert_eq!(refused, Err(ErrorCode::TooManyGrants));
    }

    fn document(grants: &str) -> String {
        format!("<AccessControlPolicy><AccessControlList>{grants}</AccessControlList></AccessControlPolicy>")
    }

    fn grant(grantee: &str, permission: &str) -> String {
        format!("<Grant><Grantee>{grantee}</Grantee><Permission>{permission}</Permission></Grant>")
    }

    #[test]
    fn documents() {
        let body = document(&grant(
            "<ID>qcs::cam::uin/1:uin/2</ID><DisplayName>x</DisplayName>",
            "WRITE",
        ));
        let acl = read_document(body.as_bytes(), &ON_BUCKETS).unwrap();
        assert_eq!(
            acl.grants,
            [Grant {
                grantee: user(1, 2),
                permission: Permission::Write
            }]
        );
        assert_eq!(
            read_document(document("").as_bytes(), &ON_OBJECTS),
            Ok(Acl::default())
        );
        let check = |body: &str, code| {
            let refused = read_document(body.as_bytes(), &ON_OBJECTS).unwrap_err();
            assert_eq!(refused.code, code, "{body:.120}");
        };
        let malformed = ErrorCode::MalformedXml;
        check("", malformed);
        check("<AccessControlPolicy/>", malformed);
        check("<Other/>", malformed);
        check(
            &document(&grant("<ID>qcs::cam::uin/1:uin/2</ID>", "WRITE")),
            malformed,
        );
        check(
            &document(&grant("<ID>qcs::cam::uin/1:uin/2</ID>", "read")),
            malformed,
        );
        check(&document(&grant("<ID>somebody</ID>", "READ")), malformed);
        check(
            &document(&grant("<URI>http://example.com</URI>", "READ")),
            malformed,
        );
        check(&document(&grant("<ID>1</ID><URI>x</URI>", "READ")), malformed);
        check(&document(&grant("", "READ")), malformed);
        check(&document("<Grant/>"), malformed);
        check(&document("<Other/>"), malformed);
        check(
            &document(&grant("<ID>1</ID>", "READ").repeat(101)),
            ErrorCode::TooManyGrants,
        );
        check(&" ".repeat(MAX_BODY_BYTES + 1), ErrorCode::XmlTooLarge);
    }

    proptest! {
        #[test]
        fn nothing_is_too_strange(text in "[ -~]{0,60}", body in any::<Vec<u8>>()) {
            let _ = grantee_of_header(&text);
            let _ = grantee_of_id(&text);
            let _ = read_document(&body, &ON_BUCKETS);
        }
    }
}
