//! The policies that exist in every account.
//!
//! Names and contents follow the vendor's list "Preset policies" for the object store. The numbers are
//! ours: small, so that they cannot meet a number given to a custom policy, and never reused.

/// A policy that exists in every account and cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// The policy's number; stable.
    pub id: u64,
    /// The policy's name.
    pub name: &'static str,
    /// What it is for, in one line.
    pub description: &'static str,
    /// The document, an identity policy.
    pub document: &'static str,
}

/// All preset policies, by rising number.
pub const PRESETS: [Preset; 11] = [
    Preset {
        id: 1,
        name: "AdministratorAccess",
        description: "everything in the account",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}"#,
    },
    Preset {
        id: 2,
        name: "ReadOnlyAccess",
        description: "read everything in the account",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["cos:List*","cos:Get*","cos:Head*","cos:OptionsObject","cam:List*","cam:Get*","cam:Describe*","sts:GetCallerIdentity"],"resource":"*"}]}"#,
    },
    Preset {
        id: 3,
        name: "QcloudCOSFullAccess",
        description: "everything in the object store",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":"cos:*","resource":"*"}]}"#,
    },
    Preset {
        id: 4,
        name: "QcloudCOSReadOnlyAccess",
        description: "read everything in the object store",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["cos:List*","cos:Get*","cos:Head*","cos:OptionsObject"],"resource":"*"}]}"#,
    },
    Preset {
        id: 5,
        name: "QcloudCOSGetServiceAccess",
        description: "list the buckets of the account",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":"cos:GetService","resource":"*"}]}"#,
    },
    Preset {
        id: 6,
        name: "QcloudCOSListOnly",
        description: "list buckets and objects, without reading any",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["cos:GetService","cos:HeadBucket","cos:GetBucket","cos:GetBucketObjectVersions"],"resource":"*"}]}"#,
    },
    Preset {
        id: 7,
        name: "QcloudCOSDataReadOnly",
        description: "read objects",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["cos:GetObject*","cos:HeadObject","cos:OptionsObject"],"resource":"*"}]}"#,
    },
    Preset {
        id: 8,
        name: "QcloudCOSDataWriteOnly",
        description: "write objects",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["cos:PutObject*","cos:ListParts","cos:InitiateMultipartUpload","cos:UploadPart","cos:UploadPartCopy","cos:CompleteMultipartUpload","cos:AbortMultipartUpload","cos:ListMultipartUploads"],"resource":"*"}]}"#,
    },
    Preset {
        id: 9,
        name: "QcloudCOSDataFullControl",
        description: "list, read, write and delete objects",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["cos:GetService","cos:GetBucket","cos:ListMultipartUploads","cos:GetObject*","cos:HeadObject","cos:GetBucketObjectVersions","cos:OptionsObject","cos:ListParts","cos:DeleteObject","cos:PostObject","cos:PostObjectRestore","cos:PutObject*","cos:InitiateMultipartUpload","cos:UploadPart","cos:UploadPartCopy","cos:CompleteMultipartUpload","cos:AbortMultipartUpload","cos:DeleteMultipleObjects","cos:AppendObject"],"resource":"*"}]}"#,
    },
    Preset {
        id: 10,
        name: "QcloudCOSBucketConfigRead",
        description: "read the configuration of buckets; includes listing them",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["cos:GetBucket*","cos:HeadBucket"],"resource":"*"}]}"#,
    },
    Preset {
        id: 11,
        name: "QcloudCOSBucketConfigWrite",
        description: "write the configuration of buckets; includes making them",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":"cos:PutBucket*","resource":"*"}]}"#,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DocumentKind, OwnerAccount, parse};

    fn check(name: &str, action: &str, expected: bool) {
        let preset = PRESETS.iter().find(|preset| preset.name == name).unwrap();
        let owner = OwnerAccount {
            app_id: 1,
            owner_uin: 1,
        };
        let policy = parse(preset.document, DocumentKind::Identity, &owner).unwrap();
        let covers = policy.statements()[0]
            .actions()
            .iter()
            .any(|pattern| pattern.covers(action));
        assert_eq!(covers, expected, "{name} {action}");
    }

    #[test]
    fn documents_are_legal_and_numbers_rise() {
        let owner = OwnerAccount {
            app_id: 1,
            owner_uin: 1,
        };
        for (index, preset) in (1..).zip(PRESETS) {
            assert_eq!(preset.id, index, "{}", preset.name);
            let policy = parse(preset.document, DocumentKind::Identity, &owner).unwrap();
            assert_eq!(policy.to_string(), preset.document);
        }
    }

    #[test]
    fn t18_t22_what_the_presets_give() {
        check("QcloudCOSReadOnlyAccess", "cos:GetObject", true);
        check("QcloudCOSReadOnlyAccess", "cos:PutObject", false);
        check("QcloudCOSListOnly", "cos:GetObject", false);
        check("QcloudCOSDataReadOnly", "cos:GetObjectTagging", true);
        check("QcloudCOSDataReadOnly", "cos:GetBucket", false);
        check("QcloudCOSDataWriteOnly", "cos:PostObject", false);
        check("QcloudCOSDataFullControl", "cos:RestoreObject", true);
        check("QcloudCOSBucketConfigRead", "cos:GetBucket", true);
        check("QcloudCOSBucketConfigWrite", "cos:PutBucket", true);
        check("QcloudCOSBucketConfigWrite", "cos:DeleteBucket", false);
        check("ReadOnlyAccess", "cam:GetUser", true);
        check("ReadOnlyAccess", "cam:AddUser", false);
        check("ReadOnlyAccess", "sts:AssumeRole", false);
        check("AdministratorAccess", "cam:AddUser", true);
    }
}
