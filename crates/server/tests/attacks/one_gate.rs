//! Every operation there is goes through the one gate: enumerated, not sampled.
//!
//! The tables below are exhaustive twice over. A new operation does not compile until `request_for` or `action_for`
//! knows how it is asked for, and the walk fails if a request does not reach the operation that it stands for.

use std::collections::BTreeSet;

use daypass_api::operation::{ObjectOperation, UnbuiltOperation};
use daypass_dialect::api3::Action;
use daypass_dialect::cos::{self, RequestHead};
use daypass_dialect::site::{self, SiteConfig};
use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::kit::{Key, Request, act, call, code, mint, policy, server, upload, user};
use crate::wire::{Answer, BUCKET};

/// How one operation is asked for, and which action that is.
struct Asked {
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    action: &'static str,
    /// What it asks for beside its own action.
    also: &'static str,
}

const fn asked(method: &'static str, target: &'static str, action: &'static str) -> Asked {
    Asked {
        method,
        target,
        headers: &[],
        body: "",
        action,
        also: action,
    }
}

const fn with_body(asked: Asked, body: &'static str) -> Asked {
    Asked { body, ..asked }
}

const fn with_headers(asked: Asked, headers: &'static [(&'static str, &'static str)]) -> Asked {
    Asked { headers, ..asked }
}

/// A copy of the object of these tests, which must be readable, too.
const fn copied(asked: Asked) -> Asked {
    Asked {
        headers: &[("x-cos-copy-source", "photos-1250000000.localhost/k")],
        also: "cos:GetObject",
        ..asked
    }
}

const PRIVATE: &[(&str, &str)] = &[("x-cos-acl", "private")];
const CORS: &str = "<CORSConfiguration><CORSRule><AllowedOrigin>http://a.test</AllowedOrigin>\
    <AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>";
/// It says nothing about what is asked for here.
const POLICY: &str = r#"{"version":"2.0","statement":[{"effect":"allow","principal":{"qcs":["*"]},
    "action":["name/cos:RestoreObject"],"resource":["qcs::cos::uid/1250000000:photos-1250000000/*"]}]}"#;
const TAGS: &str = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
const PARTS: &str = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>\
    <ETag>00000000000000000000000000000000</ETag></Part></CompleteMultipartUpload>";
const DELETE: &str = "<Delete><Object><Key>other</Key></Object></Delete>";

/// The operations that are built and judged. `{upload}` stands for an upload in progress.
const BUILT: &[(&str, Asked)] = &[
    ("ListBuckets", asked("GET", "/", "cos:GetService")),
    ("CreateBucket", asked("PUT", "/", "cos:PutBucket")),
    ("HeadBucket", asked("HEAD", "/", "cos:HeadBucket")),
    ("DeleteBucket", asked("DELETE", "/", "cos:DeleteBucket")),
    (
        "GetBucketLocation",
        asked("GET", "/?location", "cos:GetBucketLocation"),
    ),
    ("ListObjects", asked("GET", "/", "cos:GetBucket")),
    (
        "ListMultipartUploads",
        asked("GET", "/?uploads", "cos:ListMultipartUploads"),
    ),
    ("PutObject", asked("PUT", "/k", "cos:PutObject")),
    ("GetObject", asked("GET", "/k", "cos:GetObject")),
    ("HeadObject", asked("HEAD", "/k", "cos:HeadObject")),
    ("DeleteObject", asked("DELETE", "/other", "cos:DeleteObject")),
    (
        "InitiateMultipartUpload",
        asked("POST", "/k?uploads", "cos:InitiateMultipartUpload"),
    ),
    (
        "UploadPart",
        asked("PUT", "/k?partNumber=1&uploadId={upload}", "cos:UploadPart"),
    ),
    (
        "CompleteMultipartUpload",
        with_body(
            asked("POST", "/k?uploadId={upload}", "cos:CompleteMultipartUpload"),
            PARTS,
        ),
    ),
    (
        "AbortMultipartUpload",
        asked("DELETE", "/k?uploadId={upload}", "cos:AbortMultipartUpload"),
    ),
    ("GetBucketAcl", asked("GET", "/?acl", "cos:GetBucketACL")),
    (
        "PutBucketAcl",
        with_headers(asked("PUT", "/?acl", "cos:PutBucketACL"), PRIVATE),
    ),
    ("GetObjectAcl", asked("GET", "/k?acl", "cos:GetObjectACL")),
    (
        "PutObjectAcl",
        with_headers(asked("PUT", "/k?acl", "cos:PutObjectACL"), PRIVATE),
    ),
    ("GetBucketCors", asked("GET", "/?cors", "cos:GetBucketCORS")),
    (
        "PutBucketCors",
        with_body(asked("PUT", "/?cors", "cos:PutBucketCORS"), CORS),
    ),
    (
        "DeleteBucketCors",
        asked("DELETE", "/?cors", "cos:DeleteBucketCORS"),
    ),
    ("GetBucketPolicy", asked("GET", "/?policy", "cos:GetBucketPolicy")),
    (
        "PutBucketPolicy",
        with_body(asked("PUT", "/?policy", "cos:PutBucketPolicy"), POLICY),
    ),
    (
        "DeleteBucketPolicy",
        asked("DELETE", "/?policy", "cos:DeleteBucketPolicy"),
    ),
    (
        "GetBucketTagging",
        asked("GET", "/?tagging", "cos:GetBucketTagging"),
    ),
    (
        "PutBucketTagging",
        with_body(asked("PUT", "/?tagging", "cos:PutBucketTagging"), TAGS),
    ),
    (
        "DeleteBucketTagging",
        asked("DELETE", "/?tagging", "cos:DeleteBucketTagging"),
    ),
    (
        "GetObjectTagging",
        asked("GET", "/k?tagging", "cos:GetObjectTagging"),
    ),
    (
        "PutObjectTagging",
        with_body(asked("PUT", "/k?tagging", "cos:PutObjectTagging"), TAGS),
    ),
    (
        "DeleteObjectTagging",
        asked("DELETE", "/k?tagging", "cos:DeleteObjectTagging"),
    ),
    ("CopyObject", copied(asked("PUT", "/copy", "cos:PutObject"))),
    (
        "UploadPartCopy",
        copied(asked(
            "PUT",
            "/k?partNumber=1&uploadId={upload}",
            "cos:UploadPartCopy",
        )),
    ),
    (
        "DeleteObjects",
        with_body(asked("POST", "/?delete", "cos:DeleteObject"), DELETE),
    ),
    ("ListParts", asked("GET", "/k?uploadId={upload}", "cos:ListParts")),
];

/// The name of an operation that is built; none for one that is not.
fn built_name(operation: &ObjectOperation) -> Option<&'static str> {
    use ObjectOperation as Op;
    Some(match operation {
        Op::ListBuckets(_) => "ListBuckets",
        Op::CreateBucket(_) => "CreateBucket",
        Op::HeadBucket(_) => "HeadBucket",
        Op::DeleteBucket(_) => "DeleteBucket",
        Op::GetBucketLocation(_) => "GetBucketLocation",
        Op::ListObjects(_) => "ListObjects",
        Op::ListMultipartUploads(_) => "ListMultipartUploads",
        Op::PutObject(_) => "PutObject",
        Op::GetObject(_) => "GetObject",
        Op::HeadObject(_) => "HeadObject",
        Op::DeleteObject(_) => "DeleteObject",
        Op::InitiateMultipartUpload(_) => "InitiateMultipartUpload",
        Op::UploadPart(_) => "UploadPart",
        Op::CompleteMultipartUpload { .. } => "CompleteMultipartUpload",
        Op::AbortMultipartUpload(_) => "AbortMultipartUpload",
        Op::ListParts(_) => "ListParts",
        Op::GetBucketAcl(_) => "GetBucketAcl",
        Op::PutBucketAcl { .. } => "PutBucketAcl",
        Op::GetObjectAcl { .. } => "GetObjectAcl",
        Op::PutObjectAcl { .. } => "PutObjectAcl",
        Op::GetBucketCors(_) => "GetBucketCors",
        Op::PutBucketCors { .. } => "PutBucketCors",
        Op::DeleteBucketCors(_) => "DeleteBucketCors",
        Op::GetBucketPolicy(_) => "GetBucketPolicy",
        Op::PutBucketPolicy { .. } => "PutBucketPolicy",
        Op::DeleteBucketPolicy(_) => "DeleteBucketPolicy",
        Op::GetBucketTagging(_) => "GetBucketTagging",
        Op::PutBucketTagging { .. } => "PutBucketTagging",
        Op::DeleteBucketTagging(_) => "DeleteBucketTagging",
        Op::GetObjectTagging { .. } => "GetObjectTagging",
        Op::PutObjectTagging { .. } => "PutObjectTagging",
        Op::DeleteObjectTagging { .. } => "DeleteObjectTagging",
        Op::CopyObject(_) => "CopyObject",
        Op::UploadPartCopy(_) => "UploadPartCopy",
        Op::DeleteObjects(_) => "DeleteObjects",
        // A browser sends a preflight unsigned; it is answered from the bucket's rules, which give no rights. A form is
        // signed in its body: `forms` asks every layer about it.
        Op::PostObject(_) | Op::Preflight(_) | Op::Unbuilt(..) => return None,
    })
}

/// How an operation that is not offered is asked for.
fn unbuilt_request(name: UnbuiltOperation) -> Asked {
    use UnbuiltOperation as Name;
    let (method, target) = match name {
        Name::GetBucketObjectVersions => ("GET", "/?versions"),
        Name::PutBucketLifecycle => ("PUT", "/?lifecycle"),
        Name::GetBucketLifecycle => ("GET", "/?lifecycle"),
        Name::DeleteBucketLifecycle => ("DELETE", "/?lifecycle"),
        Name::PutBucketVersioning => ("PUT", "/?versioning"),
        Name::GetBucketVersioning => ("GET", "/?versioning"),
        Name::PutBucketWebsite => ("PUT", "/?website"),
        Name::GetBucketWebsite => ("GET", "/?website"),
        Name::DeleteBucketWebsite => ("DELETE", "/?website"),
        Name::PutBucketLogging => ("PUT", "/?logging"),
        Name::GetBucketLogging => ("GET", "/?logging"),
        Name::PutBucketReferer => ("PUT", "/?referer"),
        Name::GetBucketReferer => ("GET", "/?referer"),
        Name::PutBucketEncryption => ("PUT", "/?encryption"),
        Name::GetBucketEncryption => ("GET", "/?encryption"),
        Name::DeleteBucketEncryption => ("DELETE", "/?encryption"),
        Name::PutBucketInventory => ("PUT", "/?inventory&id=1"),
        Name::GetBucketInventory => ("GET", "/?inventory&id=1"),
        Name::DeleteBucketInventory => ("DELETE", "/?inventory&id=1"),
        Name::ListBucketInventory => ("GET", "/?inventory"),
        Name::PostBucketInventory => ("POST", "/?inventory&id=1"),
        Name::PutBucketReplication => ("PUT", "/?replication"),
        Name::GetBucketReplication => ("GET", "/?replication"),
        Name::DeleteBucketReplication => ("DELETE", "/?replication"),
        Name::PutBucketDomain => ("PUT", "/?domain"),
        Name::GetBucketDomain => ("GET", "/?domain"),
        Name::DeleteBucketDomain => ("DELETE", "/?domain"),
        Name::PutBucketDomainCertificate => ("PUT", "/?domaincertificate"),
        Name::GetBucketDomainCertificate => ("GET", "/?domaincertificate"),
        Name::DeleteBucketDomainCertificate => ("DELETE", "/?domaincertificate"),
        Name::PutBucketOrigin => ("PUT", "/?origin"),
        Name::GetBucketOrigin => ("GET", "/?origin"),
        Name::DeleteBucketOrigin => ("DELETE", "/?origin"),
        Name::PutBucketIntelligentTiering => ("PUT", "/?intelligenttiering"),
        Name::GetBucketIntelligentTiering => ("GET", "/?intelligent-tiering"),
        Name::PutBucketAccelerate => ("PUT", "/?accelerate"),
        Name::GetBucketAccelerate => ("GET", "/?accelerate"),
        Name::PutBucketObjectLock => ("PUT", "/?object-lock"),
        Name::GetBucketObjectLock => ("GET", "/?object-lock"),
        Name::PutBucketStrictSignature => ("PUT", "/?strict-signature"),
        Name::GetBucketStrictSignature => ("GET", "/?strict-signature"),
        Name::DeleteBucketStrictSignature => ("DELETE", "/?strict-signature"),
        Name::AppendObject => ("POST", "/k?append&position=0"),
        Name::RestoreObject => ("POST", "/k?restore"),
        Name::SelectObjectContent => ("POST", "/k?select&select-type=2"),
        Name::PutObjectRetention => ("PUT", "/k?retention"),
        Name::GetObjectRetention => ("GET", "/k?retention"),
        Name::PutObjectLegalHold => ("PUT", "/k?legal-hold"),
        Name::GetObjectLegalHold => ("GET", "/k?legal-hold"),
        Name::PutSymlink => ("PUT", "/k?symlink"),
        Name::GetSymlink => ("GET", "/k?symlink"),
        Name::RenameObject => ("PUT", "/k?rename"),
        Name::ProcessData => ("GET", "/k?ci-process=x"),
    };
    asked(method, target, name.action())
}

/// Path and query of an operation that is not offered.
pub(crate) fn unbuilt_target(name: UnbuiltOperation) -> &'static str {
    unbuilt_request(name).target
}

impl Asked {
    fn request(&self, server: &TestServer, upload: &str) -> Request {
        let mut request = Request::new(server, self.method, &self.target.replace("{upload}", upload));
        if self.action == "cos:GetService" {
            request = request.instead("Host", Some(&server.address().to_string()));
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if matches!(self.method, "PUT" | "POST") {
            request = request.body(self.body.as_bytes());
        }
        request
    }

    /// The operation that the dialect reads out of this request.
    fn operation(&self) -> ObjectOperation {
        let host = match self.action {
            "cos:GetService" => "localhost".to_owned(),
            _ => format!("{BUCKET}.localhost"),
        };
        let target = self.target.replace("{upload}", "1");
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut headers = http::HeaderMap::new();
        headers.insert("content-length", http::HeaderValue::from_static("0"));
        for (name, value) in self.headers {
            headers.insert(*name, http::HeaderValue::from_static(value));
        }
        let head = RequestHead {
            method: self.method,
            path,
            query,
            headers: &headers,
        };
        let region = daypass_api::names::Region::parse("ap-guangzhou").unwrap();
        let site = site::resolve(&host, &SiteConfig::new(region, &[], &[]));
        cos::read(&head, &site).unwrap().operation
    }
}

#[test]
fn the_tables_reach_what_they_stand_for() {
    for (name, asked) in BUILT {
        assert_eq!(built_name(&asked.operation()), Some(*name));
    }
    let names: BTreeSet<_> = BUILT.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), BUILT.len());
    for name in UnbuiltOperation::ALL {
        let operation = unbuilt_request(*name).operation();
        assert!(
            matches!(&operation, ObjectOperation::Unbuilt(reached, _) if reached == name),
            "{name:?}: {operation:?}"
        );
    }
}

/// The keys that an action is tried with.
pub(crate) struct Keys {
    /// Of a session that may do this one thing.
    pub(crate) only_this: Key,
    /// Of a session that may do everything but this.
    pub(crate) all_but_this: Key,
    /// Of a session that may do other things.
    pub(crate) only_that: Key,
}

impl Keys {
    pub(crate) async fn of(server: &TestServer, action: &str, also: &str) -> Self {
        let only_this = policy(&[("allow", &[action, also], &["*"])]);
        let all_but_this = policy(&[("allow", &["*"], &["*"]), ("deny", &[action], &["*"])]);
        let only_that = policy(&[("allow", &["cos:NoSuchAction", "cam:NoSuchAction"], &["*"])]);
        let root = Key::root();
        Self {
            only_this: mint(server, &root, Some(&only_this), 1800).await,
            all_but_this: mint(server, &root, Some(&all_but_this), 1800).await,
            only_that: mint(server, &root, Some(&only_that), 1800).await,
        }
    }
}

/// A server with a bucket, an object and an upload in it.
async fn furnished() -> (TestServer, String) {
    let server = server().await;
    let root = Key::root();
    assert_eq!(
        act(&server, &root, "PUT", "/k", b"secret bytes").await.status,
        200
    );
    let upload = upload(&server, &root, "/k").await;
    (server, upload)
}

fn is_refused(answer: &Answer) -> bool {
    // A batch is answered as a whole, each of its items by itself.
    let is_batch = answer.status == 200 && answer.body.windows(14).any(|text| text == b"<DeleteResult>");
    (answer.status == 403 || is_batch) && (answer.body.is_empty() || answer.code() == "AccessDenied")
}

#[tokio::test]
async fn m10_every_operation_of_the_object_store_asks_every_layer() {
    let (server, upload) = furnished().await;
    let nobody = user(
        &server,
        "nobody",
        &policy(&[("allow", &["cam:NoSuchAction"], &["*"])]),
    )
    .await;
    let unbuilt: Vec<_> = UnbuiltOperation::ALL
        .iter()
        .map(|name| unbuilt_request(*name))
        .collect();
    for asked in BUILT.iter().map(|(_, asked)| asked).chain(&unbuilt) {
        let Keys {
            only_this,
            all_but_this,
            only_that,
        } = Keys::of(&server, asked.action, asked.also).await;
        for key in [&all_but_this, &only_that, &nobody.key] {
            let answer = asked
                .request(&server, &upload)
                .sign(&server, key)
                .send(&server)
                .await;
            let what = String::from_utf8_lossy(&answer.body);
            assert!(is_refused(&answer), "{} {}: {what}", asked.method, asked.target);
            assert!(!what.contains("secret bytes"));
        }
        let unsigned = asked.request(&server, &upload).send(&server).await;
        assert!(is_refused(&unsigned), "{} {}", asked.method, asked.target);
        let answer = asked
            .request(&server, &upload)
            .sign(&server, &only_this)
            .send(&server)
            .await;
        assert!(
            !is_refused(&answer),
            "{} {}: {answer:?}",
            asked.method,
            asked.target
        );
    }
    // What was refused was not done: the object is there, and with it the bucket.
    assert_eq!(act(&server, &Key::root(), "GET", "/k", b"").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_offered_says_so_to_whoever_may() {
    let (server, upload) = furnished().await;
    for name in UnbuiltOperation::ALL {
        let request = unbuilt_request(*name).request(&server, &upload);
        let answer = request.sign(&server, &Key::root()).send(&server).await;
        assert_eq!(
            (answer.status, answer.code()),
            (501, "NotImplemented"),
            "{name:?}"
        );
    }
    server.stop().await;
}

/// Parameters with which an action is called, and whether what it does changes identities.
pub(crate) fn action_for(action: Action, uin: u64, policy: u64, role: &str) -> (Value, bool) {
    let of_role = |other: Value| {
        let mut parameters = json!({ "RoleId": role });
        if let (Some(all), Some(other)) = (parameters.as_object_mut(), other.as_object()) {
            all.extend(other.clone());
        }
        parameters
    };
    match action {
        Action::GetFederationToken => (json!({ "Name": "n" }), false),
        Action::GetCallerIdentity | Action::ListUsers | Action::ListAccessKeys | Action::ListPolicies => {
            (json!({}), false)
        }
        // No session has to do with accounts, not even to read.
        Action::CreateRootAccount | Action::ListRootAccounts => (json!({}), true),
        Action::GetRootAccount => (json!({ "OwnerUin": 100_000_000_001_u64 }), true),
        Action::UpdateRootAccount => (json!({ "OwnerUin": uin, "Status": "Disabled" }), true),
        Action::GetUser => (json!({ "Name": "victim" }), false),
        Action::GetPolicy => (json!({ "PolicyId": policy }), false),
        Action::ListAttachedUserPolicies => (json!({ "TargetUin": uin }), false),
        Action::AddUser => (json!({ "Name": "made", "UseApi": 1 }), true),
        Action::DeleteUser => (json!({ "Name": "victim", "Force": 1 }), true),
        Action::CreateAccessKey => (json!({ "TargetUin": uin }), true),
        Action::UpdateAccessKey => {
            let id = daypass_testkit::ROOT_SECRET_ID;
            (json!({ "AccessKeyId": id, "Status": "Inactive" }), true)
        }
        Action::DeleteAccessKey => (json!({ "AccessKeyId": daypass_testkit::ROOT_SECRET_ID }), true),
        Action::CreatePolicy => {
            let document =
                r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}"#;
            (json!({ "PolicyName": "made", "PolicyDocument": document }), true)
        }
        Action::DeletePolicy => (json!({ "PolicyId": [policy] }), true),
        Action::AttachUserPolicy => (json!({ "AttachUin": uin, "PolicyId": 1 }), true),
        Action::DetachUserPolicy => (json!({ "DetachUin": uin, "PolicyId": policy }), true),
        // Nobody has had such an answer.
        Action::ExplainDecision => (json!({ "RequestId": "NjU1MzdmMDBfNTQ4ZmI5ZjdfMWE=" }), false),
        Action::SearchAudit => (json!({}), false),
        Action::LintPolicy => (json!({ "PolicyDocument": "{}", "Kind": "session" }), false),
        Action::DescribeEffective => (json!({ "TargetUin": uin }), false),
        Action::GetUserAppId | Action::GetAccountSummary | Action::ListCollaborators | Action::ListGroups => {
            (json!({}), false)
        }
        Action::DescribeSubAccounts => (json!({ "FilterSubAccountUin": [uin] }), false),
        Action::GetSecurityLastUsed => (
            json!({ "SecretIdList": [daypass_testkit::ROOT_SECRET_ID] }),
            false,
        ),
        Action::ListEntitiesForPolicy | Action::ListPolicyVersions => (json!({ "PolicyId": policy }), false),
        Action::GetPolicyVersion => (json!({ "PolicyId": policy, "VersionId": 1 }), false),
        Action::ListAttachedUserAllPolicies => (
            json!({ "TargetUin": uin, "Page": 1, "Rp": 20, "AttachType": 0 }),
            false,
        ),
        Action::ListAttachedGroupPolicies => (json!({ "TargetGroupId": 1 }), false),
        Action::GetGroup | Action::ListUsersForGroup => (json!({ "GroupId": 1 }), false),
        Action::ListGroupsForUser => (json!({ "SubUin": uin }), false),
        Action::GetUserPermissionBoundary => (json!({ "TargetUin": uin }), false),
        Action::UpdateUser => (json!({ "Name": "victim", "Remark": "changed" }), true),
        Action::UpdatePolicy => (json!({ "PolicyId": policy, "Description": "changed" }), true),
        Action::CreatePolicyVersion => {
            let document =
                r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}"#;
            let parameters = json!({
                "PolicyId": policy, "PolicyDocument": document, "SetAsDefault": true,
            });
            (parameters, true)
        }
        Action::DeletePolicyVersion => (json!({ "PolicyId": policy, "VersionId": [1] }), true),
        Action::SetDefaultPolicyVersion => (json!({ "PolicyId": policy, "VersionId": 1 }), true),
        Action::AttachGroupPolicy => (json!({ "AttachGroupId": 1, "PolicyId": policy }), true),
        Action::DetachGroupPolicy => (json!({ "DetachGroupId": 1, "PolicyId": policy }), true),
        Action::CreateGroup => (json!({ "GroupName": "made" }), true),
        Action::UpdateGroup => (json!({ "GroupId": 1, "Remark": "changed" }), true),
        Action::DeleteGroup => (json!({ "GroupId": 1 }), true),
        Action::AddUserToGroup | Action::RemoveUserFromGroup => {
            (json!({ "Info": [{ "GroupId": 1, "Uin": uin }] }), true)
        }
        Action::PutUserPermissionsBoundary => (json!({ "TargetUin": uin, "PolicyId": policy }), true),
        Action::DeleteUserPermissionsBoundary => (json!({ "TargetUin": uin }), true),
        Action::AssumeRole => {
            let arn = format!("qcs::cam::uin/100000000001:role/{role}");
            (json!({ "RoleArn": arn, "RoleSessionName": "session" }), false)
        }
        Action::CreateOIDCConfig | Action::UpdateOIDCConfig => (
            json!({
                "Name": "made", "IdentityUrl": "https://id.test", "ClientId": ["daypass"], "AutoRotateKey": 1,
            }),
            true,
        ),
        Action::DescribeOIDCConfig => (json!({ "Name": "victim" }), false),
        Action::DeleteOIDCConfig => (json!({ "Name": "victim" }), true),
        // Nobody signs it: that the gate is asked for it as well is in `web_identity`.
        Action::AssumeRoleWithWebIdentity => (json!({}), false),
        Action::GetSessionToken | Action::QueryApiKey => (json!({}), false),
        // The denial of a session is that of the rule: what it changes is not given by policies.
        Action::RevokeSession => (json!({ "SessionName": "nobody" }), true),
        Action::ListRevocations | Action::ListSessions => (json!({}), false),
        // The operator's alone: no session has it, whatever its policies say.
        Action::DescribeKeyRing
        | Action::RotateKeyRing
        | Action::EndAllSessions
        | Action::RotateMasterKey => (json!({}), true),
        Action::GetRole | Action::GetRolePermissionBoundary => (of_role(json!({})), false),
        Action::DescribeRoleList => (json!({ "Page": 1, "Rp": 20 }), false),
        Action::ListAttachedRolePolicies => (of_role(json!({ "Page": 1, "Rp": 20 })), false),
        Action::CreateRole => (
            json!({ "RoleName": "made", "PolicyDocument": crate::acting::TRUSTS_ROOT }),
            true,
        ),
        Action::DeleteRole | Action::DeleteRolePermissionsBoundary => (of_role(json!({})), true),
        Action::UpdateAssumeRolePolicy => {
            let document = json!({ "PolicyDocument": crate::acting::TRUSTS_ROOT });
            (of_role(document), true)
        }
        Action::UpdateRoleDescription => (of_role(json!({ "Description": "changed" })), true),
        Action::UpdateRoleSessionDuration => (of_role(json!({ "SessionDuration": 1 })), true),
        Action::UpdateRoleConsoleLogin => (of_role(json!({ "ConsoleLogin": 1 })), true),
        Action::TagRole => (of_role(json!({ "Tags": [{ "Key": "k", "Value": "v" }] })), true),
        Action::UntagRole => (of_role(json!({ "TagKeys": ["k"] })), true),
        Action::AttachRolePolicy => (json!({ "AttachRoleId": role, "PolicyId": 1 }), true),
        Action::DetachRolePolicy => (json!({ "DetachRoleId": role, "PolicyId": policy }), true),
        Action::PutRolePermissionsBoundary => (of_role(json!({ "PolicyId": policy })), true),
    }
}

/// How the services refuse what is not allowed.
fn is_denied(response: &Value) -> bool {
    matches!(
        code(response),
        "UnauthorizedOperation" | "AuthFailure.UnauthorizedOperation"
    )
}

#[tokio::test]
async fn m10_every_action_asks_every_layer() {
    let server = server().await;
    let nothing = policy(&[("allow", &["cos:NoSuchAction"], &["*"])]);
    let victim = user(&server, "victim", &nothing).await;
    let nobody = user(&server, "nobody", &nothing).await;
    let role = crate::acting::role(&server, "victim", crate::acting::TRUSTS_ROOT, &nothing).await;
    for action in Action::ALL.iter().filter(|action| !action.is_unsigned()) {
        let (parameters, changes) = action_for(*action, victim.uin, victim.policy, &role);
        let name = format!("{}:{}", action.service().name(), action.name());
        let keys = Keys::of(&server, &name, &name).await;
        let of_a_session = async |key: &Key| call(&server, key, action.name(), parameters.clone()).await;
        let denied = of_a_session(&keys.all_but_this).await;
        assert!(is_denied(&denied), "{name}: {denied}");
        // Those of the token service give nothing that the caller has not got: a denial alone stops them. A role does.
        let takes_a_right = matches!(
            action,
            Action::AssumeRole
                | Action::RevokeSession
                | Action::ListRevocations
                | Action::ListSessions
                | Action::DescribeKeyRing
                | Action::RotateKeyRing
                | Action::EndAllSessions
                | Action::RotateMasterKey
        );
        let given = action.service().name() == "sts" && !takes_a_right;
        for key in [&keys.only_that, &nobody.key] {
            let answer = of_a_session(key).await;
            assert_eq!(is_denied(&answer), !given, "{name}: {answer}");
        }
        let allowed = of_a_session(&keys.only_this).await;
        assert_eq!(is_denied(&allowed), changes, "{name}: {allowed}");
        let unsigned =
            crate::kit::action_request(&server, &nobody.key, action.name(), &parameters.to_string());
        let unsigned = unsigned.instead("Authorization", None).send(&server).await;
        assert_ne!(code(&crate::kit::response(&unsigned)), "", "{name}");
    }
    // Nobody changed anything.
    let users = call(&server, &Key::root(), "ListUsers", json!({})).await;
    assert_eq!(users["Data"].as_array().unwrap().len(), 2);
    let summary = call(&server, &Key::root(), "GetAccountSummary", json!({})).await;
    let counted = ["Policies", "Group", "Roles"].map(|kind| &summary[kind]);
    // Those of the two users and of the role.
    assert_eq!(counted, [&json!(3), &json!(0), &json!(1)]);
    let role = call(&server, &Key::root(), "GetRole", json!({ "RoleId": role })).await;
    let role = &role["RoleInfo"];
    assert_eq!(
        (&role["Description"], &role["Tags"]),
        (&json!(""), &json!([])),
        "{role}"
    );
    server.stop().await;
}

#[tokio::test]
async fn m01_no_session_mints_another() {
    let server = server().await;
    let root = Key::root();
    let everything = policy(&[("allow", &["*"], &["*"])]);
    for narrowed in [None, Some(everything.as_str())] {
        let key = mint(&server, &root, narrowed, 1800).await;
        let minted = call(&server, &key, "GetFederationToken", json!({ "Name": "n" })).await;
        assert_eq!(code(&minted), "FailedOperation.TempKeyNotAllowed");
        let made = call(&server, &key, "CreateAccessKey", json!({})).await;
        assert!(is_denied(&made), "{made}");
        assert_eq!(
            act(&server, &key, "GET", "/", b"").await.status,
            200,
            "it is a good key"
        );
    }
    assert_eq!(
        code(&call(&server, &root, "CreateAccessKey", json!({})).await),
        ""
    );
    server.stop().await;
}
