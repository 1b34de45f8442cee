//! The actions that the object store knows: what each is about, and what it is for.
//!
//! Policies may name any action, known or not. Where one is about follows from its name: this is the one place
//! that draws the conclusion. The second names that the presets use are listed as well.

use daypass_policy::ActionPattern;

/// What requests with an action are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Target {
    /// No one resource.
    Operation,
    /// A bucket itself.
    Bucket,
    /// The names in a bucket that begin with a prefix.
    Listing,
    /// An object.
    Object,
    /// Something in access management.
    Identity,
    /// A role.
    Role,
}

/// What an action is for, as far as front-end keys are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Stores an object in one request.
    Upload,
    /// Takes part in storing an object in parts.
    Multipart,
    /// Reads an object.
    Download,
    /// Looks at the names in a bucket, or at whether it is there.
    List,
    /// Anything else: deletes, configures, shares.
    Manage,
}

/// All actions of the object store.
pub(crate) const COS: &[&str] = &[
    "cos:AbortMultipartUpload",
    "cos:AppendObject",
    "cos:CompleteMultipartUpload",
    "cos:DeleteBucket",
    "cos:DeleteBucketCORS",
    "cos:DeleteBucketDomain",
    "cos:DeleteBucketDomainCertificate",
    "cos:DeleteBucketEncryption",
    "cos:DeleteBucketInventory",
    "cos:DeleteBucketLifecycle",
    "cos:DeleteBucketOrigin",
    "cos:DeleteBucketPolicy",
    "cos:DeleteBucketReplication",
    "cos:DeleteBucketStrictSignature",
    "cos:DeleteBucketTagging",
    "cos:DeleteBucketWebsite",
    "cos:DeleteMultipleObjects",
    "cos:DeleteObject",
    "cos:DeleteObjectTagging",
    "cos:GetBucket",
    "cos:GetBucketACL",
    "cos:GetBucketAccelerate",
    "cos:GetBucketCORS",
    "cos:GetBucketDomain",
    "cos:GetBucketDomainCertificate",
    "cos:GetBucketEncryption",
    "cos:GetBucketIntelligentTiering",
    "cos:GetBucketInventory",
    "cos:GetBucketLifecycle",
    "cos:GetBucketLocation",
    "cos:GetBucketLogging",
    "cos:GetBucketObjectLockConfiguration",
    "cos:GetBucketObjectVersions",
    "cos:GetBucketOrigin",
    "cos:GetBucketPolicy",
    "cos:GetBucketReferer",
    "cos:GetBucketReplication",
    "cos:GetBucketStrictSignature",
    "cos:GetBucketTagging",
    "cos:GetBucketVersioning",
    "cos:GetBucketWebsite",
    "cos:GetObject",
    "cos:GetObjectACL",
    "cos:GetObjectLegalHold",
    "cos:GetObjectRetention",
    "cos:GetObjectTagging",
    "cos:GetService",
    "cos:GetSymlink",
    "cos:HeadBucket",
    "cos:HeadObject",
    "cos:InitiateMultipartUpload",
    "cos:ListBucketInventory",
    "cos:ListMultipartUploads",
    "cos:ListParts",
    "cos:OptionsObject",
    "cos:PostBucketInventory",
    "cos:PostObject",
    "cos:PostObjectRestore",
    "cos:ProcessData",
    "cos:PutBucket",
    "cos:PutBucketACL",
    "cos:PutBucketAccelerate",
    "cos:PutBucketCORS",
    "cos:PutBucketDomain",
    "cos:PutBucketDomainCertificate",
    "cos:PutBucketEncryption",
    "cos:PutBucketIntelligentTiering",
    "cos:PutBucketInventory",
    "cos:PutBucketLifecycle",
    "cos:PutBucketLogging",
    "cos:PutBucketObjectLockConfiguration",
    "cos:PutBucketOrigin",
    "cos:PutBucketPolicy",
    "cos:PutBucketReferer",
    "cos:PutBucketReplication",
    "cos:PutBucketStrictSignature",
    "cos:PutBucketTagging",
    "cos:PutBucketVersioning",
    "cos:PutBucketWebsite",
    "cos:PutObject",
    "cos:PutObjectACL",
    "cos:PutObjectCopy",
    "cos:PutObjectLegalHold",
    "cos:PutObjectRetention",
    "cos:PutObjectTagging",
    "cos:PutSymlink",
    "cos:RenameObject",
    "cos:RestoreObject",
    "cos:UploadPart",
    "cos:UploadPartCopy",
];

/// What an SDK asks for when it stores a large object.
pub(crate) const PARTS: [&str; 5] = [
    "cos:InitiateMultipartUpload",
    "cos:UploadPart",
    "cos:CompleteMultipartUpload",
    "cos:ListParts",
    "cos:ListMultipartUploads",
];

/// Whether the object store has an action, written with or without regard to case.
pub(crate) fn is_known(action: &str) -> bool {
    COS.iter().any(|known| known.eq_ignore_ascii_case(action))
}

/// What requests with an action may be about. An unknown action of the object store may be about a bucket or an
/// object; which actions of the other services name what is left open.
pub(crate) fn targets(action: &str) -> &'static [Target] {
    let Some(name) = bare(action) else {
        return match service(action) {
            "cam" | "sts" => &[Target::Operation, Target::Identity, Target::Role],
            _ => &[Target::Operation],
        };
    };
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    match () {
        () if is("GetService") => &[Target::Operation],
        () if ["GetBucket", "GetBucketObjectVersions", "ListMultipartUploads"]
            .iter()
            .any(|known| is(known)) =>
        {
            &[Target::Listing]
        }
        () if !is_known(action) => &[Target::Bucket, Target::Object],
        () if name.to_ascii_lowercase().contains("bucket") => &[Target::Bucket],
        () => &[Target::Object],
    }
}

/// The object store's actions that a pattern covers. One without a wildcard can only cover its own name and that
/// name's second one, so that most of the list need not be asked.
pub(crate) fn covered(pattern: &ActionPattern) -> impl Iterator<Item = &'static str> {
    let text = pattern.text();
    let is_literal = !text.contains('*');
    let own = COS.iter().position(|known| known.eq_ignore_ascii_case(text));
    let alone = own.filter(|_| is_literal && !has_second_name(text));
    let candidates = match alone {
        Some(place) => COS.get(place..=place).unwrap_or_default(),
        None => COS,
    };
    candidates.iter().copied().filter(|known| pattern.covers(known))
}

/// Whether presets name an action otherwise.
fn has_second_name(action: &str) -> bool {
    ["cos:PostObjectRestore", "cos:RestoreObject"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(action))
}

/// What an action is for; `None` for an unknown one.
pub(crate) fn purpose(action: &str) -> Option<Purpose> {
    let name = bare(action)?;
    let one_of = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if !is_known(action) {
        None
    } else if one_of(&["PutObject", "PostObject", "AppendObject"]) {
        Some(Purpose::Upload)
    } else if one_of(&["AbortMultipartUpload", "UploadPartCopy"])
        || PARTS.iter().any(|part| part.eq_ignore_ascii_case(action))
    {
        Some(Purpose::Multipart)
    } else if one_of(&["GetObject", "HeadObject", "OptionsObject"]) {
        Some(Purpose::Download)
    } else if one_of(&["GetBucket", "HeadBucket", "GetBucketObjectVersions"]) {
        Some(Purpose::List)
    } else {
        Some(Purpose::Manage)
    }
}

/// The name of an action of the object store.
fn bare(action: &str) -> Option<&str> {
    action
        .split_once(':')
        .and_then(|(service, name)| service.eq_ignore_ascii_case("cos").then_some(name))
}

fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_actions_are_about_and_for() {
        let check = |action, target: &[Target], purpose_of| {
            assert_eq!(
                (targets(action), purpose(action)),
                (target, purpose_of),
                "{action}"
            );
        };
        check("cos:PutObject", &[Target::Object], Some(Purpose::Upload));
        check("cos:putbucketacl", &[Target::Bucket], Some(Purpose::Manage));
        check("cos:GetBucket", &[Target::Listing], Some(Purpose::List));
        check(
            "cos:ListMultipartUploads",
            &[Target::Listing],
            Some(Purpose::Multipart),
        );
        check("cos:GetService", &[Target::Operation], Some(Purpose::Manage));
        check("cos:Unheard", &[Target::Bucket, Target::Object], None);
        check("ci:CreateJob", &[Target::Operation], None);
        check(
            "sts:AssumeRole",
            &[Target::Operation, Target::Identity, Target::Role],
            None,
        );
    }

    #[test]
    fn the_page_for_those_who_come_from_minio_names_actions_that_there_are() {
        let page = include_str!("../../../docs/from-minio.md");
        let names = page.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == ':'));
        let of_objects = |name: &&str| name.starts_with("cos:") && name.contains(char::is_uppercase);
        let named: Vec<&str> = names.filter(of_objects).collect();
        assert!(named.len() > 20);
        for name in named {
            assert!(COS.contains(&name), "{name}");
        }
    }
}
