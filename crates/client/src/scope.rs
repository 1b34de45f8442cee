//! From what a temporary key is for to the policy that narrows it to that.
//!
//! A [`Scope`] is what the COS STS SDKs take: actions, a bucket, and the keys that they reach. Where those SDKs differ in
//! what they make of it, this is the form that the documents show: one statement for each scope, its resources
//! `qcs::cos:<region>:uid/<appid>:<bucket>/<keys>`. Unlike there, names are taken as names: a `*` in the name of a user
//! does not become a wildcard, and what cannot be said in the policy language is refused.

use daypass_analysis::{Audience, Finding, LintContext, Severity, lint};
use daypass_api::names::{BucketName, Region};
use daypass_policy::OwnerAccount;
use serde_json::{Value, json};

/// The action that is about no bucket.
const OF_THE_ACCOUNT: &str = "name/cos:GetService";

/// What uploads a file, small or in parts, with a form or without.
pub const UPLOAD: &[&str] = &[
    "name/cos:PutObject",
    "name/cos:PostObject",
    "name/cos:InitiateMultipartUpload",
    "name/cos:ListMultipartUploads",
    "name/cos:ListParts",
    "name/cos:UploadPart",
    "name/cos:CompleteMultipartUpload",
    "name/cos:AbortMultipartUpload",
];

/// What reads an object and what is known about it.
pub const DOWNLOAD: &[&str] = &[
    "name/cos:GetObject",
    "name/cos:HeadObject",
    "name/cos:OptionsObject",
];

/// Which keys of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This one.
    Key(String),
    /// All that begin so; it ends with a `/`, or `ann` would reach what is `annabel`'s.
    Folder(String),
    /// All that match a pattern in which `*` stands for any text, as the SDKs take a prefix. What comes from outside must
    /// not be put into it.
    Pattern(String),
}

/// Some actions on some keys of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The actions, such as `name/cos:PutObject`; [`UPLOAD`] and [`DOWNLOAD`] are usual ones.
    pub actions: Vec<String>,
    /// The bucket.
    pub bucket: BucketName,
    /// Where the bucket is.
    pub region: Region,
    /// The keys.
    pub reach: Vec<Reach>,
}

/// Scopes of which no policy can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// There is no scope, or one has no action or no keys. The SDKs make something of that which nobody meant.
    #[error("a scope needs an action and keys that it reaches")]
    Nothing,
    /// A folder does not end with a slash.
    #[error("the folder `{0}` does not end with `/`, so that it would reach what only begins like it")]
    OpenFolder(String),
    /// A name has a meaning in the policy language.
    #[error("`{0}` has a `*` or `${{`, which mean something else in a policy")]
    Special(String),
    /// The policy is not one to be given out.
    #[error("the policy is dangerous: {}", told(.0))]
    Dangerous(Vec<Finding>),
}

impl Scope {
    /// These actions on all keys of a folder of the bucket.
    pub fn folder(bucket: &BucketName, region: &Region, folder: &str, actions: &[&[&str]]) -> Self {
        Self::new(bucket, region, Reach::Folder(folder.to_owned()), actions)
    }

    /// These actions on one key of the bucket.
    pub fn key(bucket: &BucketName, region: &Region, key: &str, actions: &[&[&str]]) -> Self {
        Self::new(bucket, region, Reach::Key(key.to_owned()), actions)
    }

    fn new(bucket: &BucketName, region: &Region, reach: Reach, actions: &[&[&str]]) -> Self {
        Self {
            actions: actions.concat().into_iter().map(str::to_owned).collect(),
            bucket: bucket.clone(),
            region: region.clone(),
            reach: vec![reach],
        }
    }

    fn statement(&self) -> Result<Value, ScopeError> {
        if self.actions.is_empty() || self.reach.is_empty() {
            return Err(ScopeError::Nothing);
        }
        let resource = if self.actions == [OF_THE_ACCOUNT] {
            json!("*")
        } else {
            let resources = self.reach.iter().map(|reach| self.resource(reach));
            json!(resources.collect::<Result<Vec<String>, _>>()?)
        };
        Ok(json!({ "effect": "allow", "action": self.actions, "resource": resource }))
    }

    fn resource(&self, reach: &Reach) -> Result<String, ScopeError> {
        let keys = match reach {
            Reach::Key(key) => plain(key)?.to_owned(),
            Reach::Folder(folder) if folder.ends_with('/') => format!("{}*", plain(folder)?),
            Reach::Folder(folder) => return Err(ScopeError::OpenFolder(folder.clone())),
            Reach::Pattern(pattern) => pattern.clone(),
        };
        let (region, bucket) = (self.region.as_str(), &self.bucket);
        let app_id = bucket.app_id().0;
        let keys = keys.strip_prefix('/').unwrap_or(&keys);
        Ok(format!(
            "qcs::cos:{region}:uid/{app_id}:{}/{keys}",
            bucket.as_str()
        ))
    }
}

/// The policy for a temporary key that is to do this and nothing else. What `daypass policy lint` calls an error is
/// refused.
pub fn policy(scopes: &[Scope]) -> Result<String, ScopeError> {
    let text = policy_as_it_is(scopes)?;
    let mut findings = findings(&text, scopes);
    findings.retain(|finding| finding.severity == Severity::Error);
    match findings.is_empty() {
        true => Ok(text),
        false => Err(ScopeError::Dangerous(findings)),
    }
}

/// The same policy, dangerous or not.
pub fn policy_as_it_is(scopes: &[Scope]) -> Result<String, ScopeError> {
    if scopes.is_empty() {
        return Err(ScopeError::Nothing);
    }
    let statements = scopes.iter().map(Scope::statement);
    let statements = statements.collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "version": "2.0", "statement": statements }).to_string())
}

/// All that is dangerous, useless or mistaken in a policy that was made of scopes.
pub fn findings(policy: &str, scopes: &[Scope]) -> Vec<Finding> {
    let first = scopes.first();
    let context = LintContext {
        audience: Audience::FrontEnd,
        owner: OwnerAccount {
            app_id: first.map_or(0, |scope| scope.bucket.app_id().0),
            // Resources of scopes name their account by its APPID.
            owner_uin: 0,
        },
        duration_seconds: None,
        by_root: false,
        bucket_region: first.map(|scope| scope.region.as_str()),
        end_user: None,
        permissions: None,
    };
    lint(Some(policy), &context)
}

/// A name that means itself in a policy.
fn plain(name: &str) -> Result<&str, ScopeError> {
    match name.contains('*') || name.contains("${") {
        true => Err(ScopeError::Special(name.to_owned())),
        false => Ok(name),
    }
}

fn told(findings: &[Finding]) -> String {
    let each = findings
        .iter()
        .map(|finding| format!("{} ({}): {}", finding.title, finding.rule, finding.what));
    each.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> BucketName {
        BucketName::parse("photos-1250000000").unwrap()
    }

    fn region() -> Region {
        Region::parse("ap-guangzhou").unwrap()
    }

    fn reaching(reach: Reach, actions: &[&str]) -> Scope {
        Scope::new(&bucket(), &region(), reach, &[actions])
    }

    #[test]
    fn the_policy_of_the_documents() {
        let scopes = [
            Scope::folder(&bucket(), &region(), "users/ann/", &[&["name/cos:PutObject"]]),
            Scope::key(&bucket(), &region(), "/a 你.txt", &[DOWNLOAD]),
            reaching(Reach::Key(String::new()), &[OF_THE_ACCOUNT]),
        ];
        let policy: Value = serde_json::from_str(&policy_as_it_is(&scopes).unwrap()).unwrap();
        let expected = json!({ "version": "2.0", "statement": [
            {
                "effect": "allow",
                "action": ["name/cos:PutObject"],
                "resource": ["qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/users/ann/*"],
            },
            {
                "effect": "allow",
                "action": ["name/cos:GetObject", "name/cos:HeadObject", "name/cos:OptionsObject"],
                "resource": ["qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/a 你.txt"],
            },
            { "effect": "allow", "action": [OF_THE_ACCOUNT], "resource": "*" },
        ]});
        assert_eq!(policy, expected);
    }

    #[test]
    fn usual_scopes_are_let_pass() {
        let scope = Scope::folder(&bucket(), &region(), "users/ann/", &[UPLOAD, DOWNLOAD]);
        assert_eq!(policy(std::slice::from_ref(&scope)), policy_as_it_is(&[scope]));
    }

    #[test]
    fn what_nobody_means_is_refused() {
        let check = |reach: Reach, actions: &[&str], expected: ScopeError| {
            assert_eq!(policy(&[reaching(reach, actions)]), Err(expected));
        };
        let put = &["name/cos:PutObject"];
        let folder = |name: &str| Reach::Folder(name.to_owned());
        check(folder("a/"), &[], ScopeError::Nothing);
        check(folder("ann"), put, ScopeError::OpenFolder("ann".to_owned()));
        check(folder(""), put, ScopeError::OpenFolder(String::new()));
        for special in ["*/", "a*b/", "${uin}/"] {
            check(folder(special), put, ScopeError::Special(special.to_owned()));
        }
        check(
            Reach::Key("*".to_owned()),
            put,
            ScopeError::Special("*".to_owned()),
        );
        assert_eq!(policy(&[]), Err(ScopeError::Nothing));
        let nowhere = Scope {
            reach: Vec::new(),
            ..reaching(folder("a/"), put)
        };
        assert_eq!(policy(&[nowhere]), Err(ScopeError::Nothing));
    }

    #[test]
    fn what_lint_calls_an_error_is_refused() {
        for (pattern, actions) in [("*", &["name/cos:PutObject"]), ("users/ann/*", &["name/cos:*"])] {
            let scope = reaching(Reach::Pattern(pattern.to_owned()), actions);
            let error = policy(std::slice::from_ref(&scope)).unwrap_err();
            assert!(matches!(&error, ScopeError::Dangerous(_)), "{error}");
            assert!(error.to_string().contains("the policy is dangerous: "), "{error}");
            assert!(policy_as_it_is(&[scope]).is_ok());
        }
    }
}
