//! What is not the same, and why.

use std::collections::{BTreeMap, BTreeSet};

/// Of these calls (all of them, where none is named) this difference, for this reason.
pub(crate) type Reason = (&'static [&'static str], &'static str, &'static str);

const DIGEST: &str = "the service asks for the digest of documents in its pages; the SDK leaves it out here";
const TYPE: &str = "every document says what it is; the SDK leaves it out here";
const EMPTY: &str = "the SDKs for Go and JavaScript leave out what is empty, too";
const UNSIGNED: &str = "the SDK forgets to sign the parameters of this one call";

/// Calls with a document that the SDK sends without its digest, and without its type.
const BARE: &[&str] = &[
    "complete_multipart_upload",
    "set_bucket_acl_list",
    "set_object_acl_list",
    "set_object_tags",
];

pub(crate) const OBJECTS: &[Reason] = &[
    (BARE, "+header content-md5", DIGEST),
    (BARE, "+signed header content-md5", DIGEST),
    (BARE, "+header content-type", TYPE),
    (BARE, "+signed header content-type", TYPE),
    (&["put_bucket_policy"], "+header content-md5", DIGEST),
    (&["put_bucket_policy"], "+signed header content-md5", DIGEST),
    (&["list_buckets"], "-parameter marker", EMPTY),
    (&["list_buckets"], "+signed parameter max-keys", UNSIGNED),
    (&["list_objects:plain"], "-parameter delimiter", EMPTY),
    (&["list_objects:plain"], "-parameter marker", EMPTY),
    (&["list_objects:plain"], "-parameter prefix", EMPTY),
    (&["list_objects:plain"], "-signed parameter delimiter", EMPTY),
    (&["list_objects:plain"], "-signed parameter marker", EMPTY),
    (&["list_objects:plain"], "-signed parameter prefix", EMPTY),
    (&["list_multipart_uploads"], "-parameter delimiter", EMPTY),
    (&["list_multipart_uploads"], "-parameter key-marker", EMPTY),
    (&["list_multipart_uploads"], "-parameter upload-id-marker", EMPTY),
    (&["list_multipart_uploads"], "-signed parameter delimiter", EMPTY),
    (&["list_multipart_uploads"], "-signed parameter key-marker", EMPTY),
    (
        &["list_multipart_uploads"],
        "-signed parameter upload-id-marker",
        EMPTY,
    ),
];

const SELF: &str = "it tells which SDK it is, for the vendor's own counting";
const KEYLESS: &str = "whoever calls this has no key: the documentation says `Authorization: SKIP`";

pub(crate) const ACTIONS: &[Reason] = &[
    (&[], "-header x-tc-requestclient", SELF),
    (&[], "-header x-tc-language", "it asks for messages in Chinese"),
    (&["AssumeRoleWithWebIdentity"], "-header x-tc-token", KEYLESS),
    (&["AssumeRoleWithWebIdentity"], "-signature", KEYLESS),
];

/// Actions for the operator of the store, which the vendor's service has not.
pub(crate) const ONLY_HERE: &[&str] = &[
    "CreateRootAccount",
    "GetRootAccount",
    "ListRootAccounts",
    "UpdateRootAccount",
];

/// Calls that are no request of their own.
pub(crate) const MADE_OF_OTHERS: &[(&str, &str)] = &[
    ("upload_parts", "it is `upload_part` for each part"),
    ("bytes", "it reads what `get_object` has begun"),
    ("next", "it reads what `get_object` has begun"),
    ("sign_form", "a form is not sent, and the Python SDK makes none"),
];

/// Each difference has a reason, and each reason a difference.
pub(crate) fn check(reasons: &[Reason], found: &BTreeMap<&'static str, BTreeSet<String>>) {
    let expected = |call: &str| -> BTreeSet<String> {
        let about = reasons
            .iter()
            .filter(|(calls, ..)| calls.is_empty() || calls.contains(&call));
        about.map(|(_, difference, _)| (*difference).to_owned()).collect()
    };
    let unknown = reasons.iter().flat_map(|(calls, ..)| *calls);
    let unknown: Vec<_> = unknown.filter(|call| !found.contains_key(**call)).collect();
    assert!(unknown.is_empty(), "reasons for what is not called: {unknown:?}");
    let wrong: Vec<String> = found
        .iter()
        .filter(|(call, differences)| expected(call) != **differences)
        .map(|(call, differences)| format!("{call}: found {differences:?}, expected {:?}", expected(call)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
