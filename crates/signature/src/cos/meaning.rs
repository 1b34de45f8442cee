//! What a signature must cover so that it cannot be bent to another purpose.
//!
//! A COS signature lists what it covers; anything else may be added to the request by whoever holds it. We accept
//! additions that do not change what the request does, and find those that do (design "Signed meaning"). The same
//! table guards the other direction: a listed parameter that selects the operation may not be taken away.

use super::claim::Claim;
use crate::{RequestView, request::starts_with_ignore_case};

/// The query parameters that select the operation or its target, in lower case, sorted.
pub const OPERATION_PARAMETERS: &[&str] = &[
    "accelerate",
    "acl",
    "append",
    "cors",
    "delete",
    "domain",
    "domaincertificate",
    "encryption",
    "intelligent-tiering",
    "intelligenttiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "object-lock",
    "origin",
    "partnumber",
    "policy",
    "referer",
    "rename",
    "replication",
    "restore",
    "retention",
    "select",
    "strict-signature",
    "symlink",
    "tagging",
    "uploadid",
    "uploads",
    "versionid",
    "versioning",
    "versions",
    "website",
];

/// Parameters that name the target only beside one of the given operation parameters; alone they mean nothing.
pub const COMPANION_PARAMETERS: &[(&str, &[&str])] = &[
    ("domainname", &["domaincertificate"]),
    ("id", &["inventory", "intelligent-tiering"]),
    ("position", &["append"]),
];

const MEANING_HEADERS: &[&str] = &[
    "x-cos-acl",
    "x-cos-metadata-directive",
    "x-cos-tagging",
    "x-cos-tagging-directive",
];

const MEANING_HEADER_PREFIXES: &[&str] = &[
    "x-cos-copy-source",
    "x-cos-grant-",
    "x-cos-server-side-encryption",
];

/// Whether the unsigned part is a header or a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeaningKind {
    /// A request header.
    Header,
    /// A query parameter.
    Parameter,
}

/// A part of a request that changes what it does and is not covered by its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedMeaning {
    /// Header or parameter.
    pub kind: MeaningKind,
    /// Its name, in lower case.
    pub name: String,
}

/// Tells whether a parameter selects the operation or its target by itself, whatever its case.
pub fn is_operation_parameter(name: &str) -> bool {
    OPERATION_PARAMETERS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// Finds the first parameter or header of the request that changes its meaning and is not signed.
///
/// An empty header is no header: SDKs leave empty ones out of the signature and send them all the same.
pub fn unsigned_meaning(view: &RequestView<'_>, claim: &Claim) -> Option<UnsignedMeaning> {
    unsigned_parameter(view, claim).or_else(|| unsigned_header(view, claim))
}

fn unsigned_parameter(view: &RequestView<'_>, claim: &Claim) -> Option<UnsignedMeaning> {
    let names = view
        .parameters()
        .iter()
        .filter_map(|parameter| str::from_utf8(&parameter.name).ok());
    let mut unsigned = names.filter(|name| selects(view, name) && !claim.covers_parameter(name));
    let name = unsigned.next()?.to_ascii_lowercase();
    Some(UnsignedMeaning {
        kind: MeaningKind::Parameter,
        name,
    })
}

fn unsigned_header(view: &RequestView<'_>, claim: &Claim) -> Option<UnsignedMeaning> {
    let present = view
        .headers()
        .iter()
        .filter(|(_, value)| !value.trim_ascii().is_empty());
    let mut unsigned = present.filter(|(name, _)| is_meaning_header(name) && !claim.covers_header(name));
    let (name, _) = unsigned.next()?;
    Some(UnsignedMeaning {
        kind: MeaningKind::Header,
        name: name.to_ascii_lowercase(),
    })
}

fn selects(view: &RequestView<'_>, name: &str) -> bool {
    is_operation_parameter(name)
        || COMPANION_PARAMETERS.iter().any(|(companion, beside)| {
            companion.eq_ignore_ascii_case(name) && beside.iter().any(|other| view.parameter(other).is_some())
        })
}

fn is_meaning_header(name: &str) -> bool {
    MEANING_HEADERS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
        || MEANING_HEADER_PREFIXES
            .iter()
            .any(|prefix| starts_with_ignore_case(name, prefix))
}

/// Tells whether an operation parameter is listed as signed but has been taken out of the request.
pub(super) fn drops_meaning(view: &RequestView<'_>, claim: &Claim) -> bool {
    claim
        .parameter_list
        .iter()
        .any(|listed| is_operation_parameter(listed) && view.parameter(listed).is_none())
}

#[cfg(test)]
mod tests {
    use super::super::{Selection, SignOptions, claim, sign};
    use super::*;
    use crate::{SecretKey, Window};

    /// Signs the given names only and tells what is found unsigned.
    fn find(
        query: &str,
        headers: &[(&str, &str)],
        signed: (&[&str], &[&str]),
    ) -> Option<(MeaningKind, String)> {
        let mut headers: Vec<(&str, &[u8])> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        let window = Window::new(10, 20).unwrap();
        let (header_names, parameter_names) = signed;
        let options = SignOptions {
            headers: Selection::Only(header_names),
            parameters: Selection::Only(parameter_names),
            ..SignOptions::standard(window)
        };
        let view = RequestView::new("PUT", "/k", query, &headers).unwrap();
        let text = sign(&view, "AKID", &SecretKey::new("s".to_owned()), &options);
        headers.push(("authorization", text.as_bytes()));
        let view = RequestView::new("PUT", "/k", query, &headers).unwrap();
        unsigned_meaning(&view, &claim(&view).unwrap().unwrap()).map(|found| (found.kind, found.name))
    }

    #[test]
    fn tables_are_sorted_and_lower_case() {
        assert!(OPERATION_PARAMETERS.is_sorted());
        assert!(
            OPERATION_PARAMETERS
                .iter()
                .all(|name| *name == name.to_ascii_lowercase())
        );
        for (_, beside) in COMPANION_PARAMETERS {
            assert!(
                beside.iter().all(|name| is_operation_parameter(name)),
                "{beside:?}"
            );
        }
    }

    #[test]
    fn every_operation_parameter_must_be_signed() {
        let unsigned = |name: &str| Some((MeaningKind::Parameter, name.to_owned()));
        for name in OPERATION_PARAMETERS {
            assert_eq!(find(name, &[], (&[], &[])), unsigned(name));
            assert_eq!(
                find(&format!("{}=1", name.to_ascii_uppercase()), &[], (&[], &[])),
                unsigned(name)
            );
            assert_eq!(find(name, &[], (&[], &[name])), None);
        }
        assert_eq!(
            find("partNumber=1&uploadId=2", &[], (&[], &["partNumber"])),
            unsigned("uploadid")
        );
        assert_eq!(find("%61cl", &[], (&[], &[])), unsigned("acl"));
    }

    #[test]
    fn companions_count_beside_their_operation_only() {
        let unsigned = |name: &str| Some((MeaningKind::Parameter, name.to_owned()));
        assert_eq!(find("id=1", &[], (&[], &[])), None);
        assert_eq!(find("inventory&id=1", &[], (&[], &["inventory"])), unsigned("id"));
        assert_eq!(find("inventory&id=1", &[], (&[], &["inventory", "id"])), None);
        assert_eq!(
            find("append&position=1", &[], (&[], &["append"])),
            unsigned("position")
        );
        assert_eq!(find("acl&position=1", &[], (&[], &["acl"])), None);
        let domain = "domaincertificate&domainname=x";
        assert_eq!(
            find(domain, &[], (&[], &["domaincertificate"])),
            unsigned("domainname")
        );
    }

    #[test]
    fn every_meaning_header_must_be_signed() {
        for name in [
            "x-cos-acl",
            "X-Cos-ACL",
            "x-cos-tagging",
            "x-cos-tagging-directive",
            "x-cos-metadata-directive",
            "x-cos-copy-source",
            "x-cos-copy-source-Range",
            "x-cos-copy-source-If-Match",
            "x-cos-grant-read",
            "x-cos-grant-full-control",
            "x-cos-server-side-encryption",
            "x-cos-server-side-encryption-customer-key",
        ] {
            let unsigned = Some((MeaningKind::Header, name.to_ascii_lowercase()));
            assert_eq!(find("", &[(name, "v")], (&[], &[])), unsigned);
            assert_eq!(find("", &[(name, "v")], (&[name], &[])), None);
            assert_eq!(
                find("", &[(name, " ")], (&[], &[])),
                None,
                "an empty {name} is no header"
            );
        }
    }

    #[test]
    fn the_rest_may_be_unsigned() {
        let headers = [
            ("host", "h"),
            ("content-type", "t"),
            ("x-cos-security-token", "t"),
            ("x-cos-storage-class", "STANDARD"),
            ("x-cos-aclx", "v"),
        ];
        let query = "prefix=a&marker=&max-keys=1&response-content-type=x&x-cos-security-token=t&sign=1&%FF=1";
        assert_eq!(find(query, &headers, (&[], &[])), None);
    }

    #[test]
    fn a_header_list_does_not_cover_parameters() {
        assert!(find("acl", &[], (&["acl"], &[])).is_some());
        assert!(find("", &[("x-cos-acl", "v")], (&[], &["x-cos-acl"])).is_some());
    }
}
