//! One case in plain JSON, so that it can be shrunk and kept, and what engine and model say about it.
//!
//! A situation is everything that is stored: who calls, with which documents, and what the bucket has. A request is put
//! to it. The table of what a request asks for is written here a second time, from the reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use daypass_access as access;
use daypass_api::Operation;
use daypass_api::acl::{Acl, Grant, Grantee, ObjectAcl, Permission};
use daypass_api::attributes::{Attributes, QueryValue};
use daypass_api::names::{
    AccessKeyId, Account, AppId, BucketName, ObjectKey, Region, RoleId, RoleName, SessionId, Uin, UploadId,
    UserName,
};
use daypass_api::operation::*;
use daypass_api::time::Timestamp;
use daypass_model::condition::Given;
use daypass_model::decision as model;
use daypass_model::document::{Document, Place, Question};
use daypass_model::pattern;
use daypass_policy::{DocumentKind, OwnerAccount, parse};
use daypass_token::{Origin, SessionKind};
use serde_json::Value;

pub(crate) const OWN: Account = Account {
    app_id: AppId(125),
    owner_uin: Uin(900),
};
const OTHER: Account = Account {
    app_id: AppId(225),
    owner_uin: Uin(800),
};
const BUCKET: &str = "b-125";
const REGION: &str = "r-1";
/// The object that a copy reads.
const SOURCE: &str = "a/b";
/// What a deletion of several names besides its key.
const SECOND: &str = "a";

/// The same situation for both sides.
pub(crate) struct Situation {
    caller: access::Caller,
    layers: access::Layers,
    facts: access::Facts,
    model_caller: Option<model::Caller>,
    model_facts: model::Facts,
    tags: Vec<(String, String)>,
}

/// What both sides say: one answer, or one for each item of the operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) engine: Vec<bool>,
    pub(crate) model: Vec<bool>,
}

/// The answers about a whole case.
pub(crate) fn answers(case: &Value) -> Result<Answers, String> {
    Ok(Situation::read(case)?.ask(&case["request"]))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let pair = |pair: &Value| (text(&pair[0]).to_owned(), text(&pair[1]).to_owned());
    array(value).iter().map(pair).collect()
}

/// A document for both sides; the text `unreadable` is one that is stored and cannot be read.
fn document(
    value: &Value,
    kind: DocumentKind,
    account: Account,
) -> Result<(access::StoredPolicy, model::Stored), String> {
    if value == "unreadable" {
        return Ok((None, None));
    }
    let owner = OwnerAccount {
        app_id: account.app_id.0,
        owner_uin: account.owner_uin.0,
    };
    let place = match kind {
        DocumentKind::Session => Place::Session,
        DocumentKind::Bucket => Place::Bucket,
        _ => Place::Identity,
    };
    let text = value.to_string();
    let engine = parse(&text, kind, &owner);
    let model = Document::parse(&text, place);
    match (engine, model) {
        (Ok(engine), Some(model)) => Ok((Some(Arc::new(engine)), Some(model))),
        (engine, model) => Err(format!(
            "engine {:?}, model {}: {text}",
            engine.err(),
            model.is_some()
        )),
    }
}

impl Situation {
    /// Reads it, or tells which document one of the sides refuses.
    pub(crate) fn read(case: &Value) -> Result<Self, String> {
        let described = &case["caller"];
        let account = if described["account"] == "other" {
            OTHER
        } else {
            OWN
        };
        let list = |name: &str, kind| -> Result<(Vec<_>, Vec<_>), String> {
            let documents = array(&case[name]).iter().filter(|_| !described.is_null());
            let both = documents.map(|value| document(value, kind, account));
            Ok(both.collect::<Result<Vec<_>, String>>()?.into_iter().unzip())
        };
        let (identity, policies) = list("policies", DocumentKind::Identity)?;
        let (mut boundary, mut model_boundary) = list("boundary", DocumentKind::Identity)?;
        let (session, sessions) = list("sessions", DocumentKind::Session)?;
        let policy = match &case["bucket_policy"] {
            Value::Null => None,
            value => Some(document(value, DocumentKind::Bucket, OWN)?),
        };
        let (policy, model_policy) = policy.unzip();
        let object_acl = case["object_acl"].as_array().map(|_| grants(&case["object_acl"]));
        let (bucket_acl, bucket_grants) = grants(&case["bucket_acl"]);
        let tags = pairs(&case["tags"]);
        let bucket = access::BucketFacts {
            name: BucketName::parse(BUCKET).unwrap(),
            owner: OWN,
            region: Region::parse(REGION).unwrap(),
            acl: bucket_acl,
            policy,
            tags: tags.clone(),
            objects: vec![(
                ObjectKey::parse(SECOND.as_bytes()).unwrap(),
                object_acl
                    .clone()
                    .map_or(ObjectAcl::Inherit, |(acl, _)| ObjectAcl::Own(acl)),
            )],
        };
        Ok(Self {
            caller: engine_caller(described, account, session.len()),
            layers: access::Layers {
                identity: identity.into(),
                boundary: boundary.pop(),
                session: session.into(),
            },
            facts: access::Facts {
                buckets: vec![bucket],
                users: vec![(UserName::parse("eve").unwrap(), Uin(account.owner_uin.0 + 1))],
                ..access::Facts::default()
            },
            model_caller: (!described.is_null()).then(|| model::Caller {
                account: model_account(account),
                identity: match text(&described["is"]) {
                    "root" => model::Identity::Root,
                    "user" => model::Identity::User((account.owner_uin.0 + 1).to_string()),
                    _ => model::Identity::Role {
                        id: "46".to_owned(),
                        name: "dev".to_owned(),
                    },
                },
                uin: match text(&described["is"]) {
                    "root" => account.owner_uin.0.to_string(),
                    _ => (account.owner_uin.0 + 1).to_string(),
                },
                temporary: is_temporary(described, sessions.len()),
                federated: is_temporary(described, sessions.len()) && described["is"] != "role",
                policies,
                boundary: model_boundary.pop(),
                sessions,
            }),
            model_facts: model::Facts {
                owner: model_account(OWN),
                policy: model_policy,
                bucket_grants,
                object_grants: object_acl.map(|(_, grants)| grants),
            },
            tags,
        })
    }

    /// The same, but narrowed by exactly the session policies of another one.
    pub(crate) fn narrowed_as(&mut self, other: &Self) {
        self.layers.session = other.layers.session.clone();
        if let (Some(caller), Some(other)) = (&mut self.model_caller, &other.model_caller) {
            caller.sessions = other.sessions.clone();
        }
    }

    /// What both sides say about a request.
    pub(crate) fn ask(&self, request: &Value) -> Answers {
        let (operation, required) = self.operation(request);
        let tls_version = ["1.0", "1.1", "1.2", "1.3"]
            .into_iter()
            .find(|version| request["tls"] == *version);
        let environment = access::Environment {
            ip: text(&request["ip"]).parse().unwrap(),
            tls_version,
            now: Timestamp::from_unix_seconds(request["now"][0].as_i64().unwrap()),
        };
        let question = access::Question {
            caller: &self.caller,
            layers: &self.layers,
            facts: &self.facts,
            attributes: &attributes(request),
            environment: &environment,
        };
        let decision = access::decide(&operation, &question);
        let each = matches!(operation, Operation::Object(ObjectOperation::DeleteObjects(_)));
        let caller = self.model_caller.as_ref();
        if each {
            let one = |requirement| model::allowed(caller, std::slice::from_ref(requirement));
            return Answers {
                engine: decision.items,
                model: required.iter().map(one).collect(),
            };
        }
        Answers {
            engine: vec![decision.allowed],
            model: vec![model::allowed(caller, &required)],
        }
    }

    /// The operation, and what the reference says that it requires.
    fn operation(&self, request: &Value) -> (Operation, Vec<model::Requirement>) {
        use ObjectOperation as Op;
        let bucket = || BucketName::parse(BUCKET).unwrap();
        let name = text(&request["operation"]);
        let key_text = text(&request["key"]);
        let parsed = |text: &str| ObjectKey::parse(text.as_bytes()).unwrap();
        let key = || parsed(key_text);
        let prefix = text(&request["query"]["cos:prefix"][1]).to_owned();
        let read = || ReadObject {
            bucket: bucket(),
            key: key(),
            range: None,
            preconditions: Default::default(),
            overrides: Default::default(),
        };
        let upload = || UploadRef {
            bucket: bucket(),
            key: key(),
            upload_id: UploadId::parse("1700000000").unwrap(),
        };
        let put = || PutObject {
            bucket: bucket(),
            key: key(),
            headers: Default::default(),
            acl: Default::default(),
            tags: Vec::new(),
            forbid_overwrite: false,
            preconditions: Default::default(),
            body: BodyClaims::default(),
        };
        let source = || CopySource {
            bucket: bucket(),
            key: parsed(SOURCE),
            version_id: None,
            preconditions: Default::default(),
        };
        let on_bucket = |action: &str| vec![self.require(request, &[action], &[""], false)];
        let on_key = |action: &str| vec![self.require(request, &[action], &[key_text], false)];
        let listing = |action: &str| vec![self.require(request, &[action], &["", &prefix], false)];
        let read_source = || self.require(request, &["cos:GetObject"], &[SOURCE], true);
        let (operation, required) = match name {
            "GetObject" => (Op::GetObject(read()), on_key("cos:GetObject")),
            "HeadObject" => (Op::HeadObject(read()), on_key("cos:HeadObject")),
            "PutObject" => (Op::PutObject(put()), on_key("cos:PutObject")),
            "PostObject" => {
                let post = PostObject {
                    put: put(),
                    answer: Default::default(),
                };
                (Op::PostObject(post), on_key("cos:PostObject"))
            }
            "DeleteObject" => {
                let delete = DeleteObject {
                    bucket: bucket(),
                    key: key(),
                };
                (Op::DeleteObject(delete), on_key("cos:DeleteObject"))
            }
            "DeleteObjects" => {
                let entry = |key: &str| DeleteEntry {
                    key: parsed(key),
                    version_id: None,
                };
                let delete = DeleteObjects {
                    bucket: bucket(),
                    quiet: false,
                    entries: vec![entry(key_text), entry(SECOND)],
                };
                let one = |key: &str| self.require(request, &["cos:DeleteObject"], &[key], true);
                (Op::DeleteObjects(delete), vec![one(key_text), one(SECOND)])
            }
            "CopyObject" => {
                let copy = CopyObject {
                    source: source(),
                    put: put(),
                    replaces_headers: false,
                    replaces_tags: false,
                };
                let mut required = on_key("cos:PutObject");
                required.push(read_source());
                (Op::CopyObject(copy), required)
            }
            "UploadPartCopy" => {
                let part = UploadPartCopy {
                    source: source(),
                    span: None,
                    upload: upload(),
                    part_number: 1,
                };
                let any_of = ["cos:PutObject", "cos:UploadPart", "cos:UploadPartCopy"];
                let target = self.require(request, &any_of, &[key_text], false);
                (Op::UploadPartCopy(part), vec![target, read_source()])
            }
            "AbortMultipartUpload" => (
                Op::AbortMultipartUpload(upload()),
                on_key("cos:AbortMultipartUpload"),
            ),
            "GetObjectACL" => {
                let operation = Op::GetObjectAcl {
                    bucket: bucket(),
                    key: key(),
                };
                (operation, on_key("cos:GetObjectACL"))
            }
            "GetBucket" => {
                let list = ListObjects {
                    bucket: bucket(),
                    prefix: prefix.clone(),
                    delimiter: String::new(),
                    marker: String::new(),
                    max_keys: 1,
                    url_encoding: false,
                };
                (Op::ListObjects(list), listing("cos:GetBucket"))
            }
            "HeadBucket" => (Op::HeadBucket(bucket()), on_bucket("cos:HeadBucket")),
            "DeleteBucket" => (Op::DeleteBucket(bucket()), on_bucket("cos:DeleteBucket")),
            "GetBucketACL" => (Op::GetBucketAcl(bucket()), on_bucket("cos:GetBucketACL")),
            "GetBucketPolicy" => (Op::GetBucketPolicy(bucket()), on_bucket("cos:GetBucketPolicy")),
            "DeleteBucketPolicy" => (
                Op::DeleteBucketPolicy(bucket()),
                on_bucket("cos:DeleteBucketPolicy"),
            ),
            "GetService" => {
                let list = ListBuckets {
                    region: None,
                    marker: None,
                    max_keys: 1,
                };
                (
                    Op::ListBuckets(list),
                    self.require_own("cos:GetService", None, request),
                )
            }
            _ => return self.identity_operation(name, request),
        };
        (Operation::Object(operation), required)
    }

    fn identity_operation(&self, name: &str, request: &Value) -> (Operation, Vec<model::Requirement>) {
        use IdentityOperation as Op;
        let eve = || UserName::parse("eve").unwrap();
        let (operation, required) = match name {
            "GetUser" => {
                let account = self
                    .model_caller
                    .as_ref()
                    .map(|caller| caller.account.uin.clone());
                let number = account.map_or(0, |uin| uin.parse::<u64>().unwrap() + 1);
                let path = format!("uin/{number}");
                (
                    Op::GetUser(eve()),
                    self.require_own("cam:GetUser", Some(path), request),
                )
            }
            "ListUsers" => (Op::ListUsers, self.require_own("cam:ListUsers", None, request)),
            "AddUser" => {
                let user = CreateUser {
                    name: eve(),
                    remark: String::new(),
                    contact: Contact::default(),
                    with_access_key: false,
                };
                (
                    Op::CreateUser(user),
                    self.require_own("cam:AddUser", None, request),
                )
            }
            other => panic!("no operation `{other}`"),
        };
        (Operation::Identity(operation), required)
    }

    /// Any of these actions on something in the bucket.
    fn require(&self, request: &Value, actions: &[&str], paths: &[&str], beside: bool) -> model::Requirement {
        let context = context(request, &self.tags, beside);
        let question = |action: &&str| Question {
            action: (*action).to_owned(),
            resource: pattern::Resource {
                service: "cos".to_owned(),
                region: REGION.to_owned(),
                account: "uid/125".to_owned(),
                paths: paths.iter().map(|path| format!("{BUCKET}/{path}")).collect(),
            },
            context: context.clone(),
        };
        model::Requirement {
            facts: model::Facts {
                object_grants: self
                    .model_facts
                    .object_grants
                    .clone()
                    .filter(|_| paths == [SECOND]),
                ..self.model_facts.clone()
            },
            any_of: actions.iter().map(question).collect(),
        }
    }

    /// An action that is about the caller's own account, or nothing in particular; nobody's without a caller.
    fn require_own(&self, action: &str, path: Option<String>, request: &Value) -> Vec<model::Requirement> {
        let Some(caller) = &self.model_caller else {
            return Vec::new();
        };
        let service = action.split(':').next().unwrap_or_default().to_owned();
        let question = Question {
            action: action.to_owned(),
            resource: pattern::Resource {
                service,
                region: String::new(),
                account: format!("uin/{}", caller.account.uin),
                paths: path.into_iter().collect(),
            },
            context: context(request, &[], false),
        };
        vec![model::Requirement {
            facts: model::Facts {
                owner: caller.account.clone(),
                policy: None,
                bucket_grants: Vec::new(),
                object_grants: None,
            },
            any_of: vec![question],
        }]
    }
}

fn model_account(account: Account) -> pattern::Account {
    pattern::Account {
        uin: account.owner_uin.0.to_string(),
        app_id: account.app_id.0.to_string(),
    }
}

fn is_temporary(described: &Value, sessions: usize) -> bool {
    sessions > 0 || described["is"] == "role" || described["temporary"] == true
}

fn engine_caller(described: &Value, account: Account, sessions: usize) -> access::Caller {
    if described.is_null() {
        return access::Caller::Anonymous;
    }
    let user = Uin(account.owner_uin.0 + 1);
    let (principal, original_caller) = match text(&described["is"]) {
        "root" => (access::Principal::User(account.owner_uin), account.owner_uin),
        "user" => (access::Principal::User(user), user),
        _ => {
            let role = access::Principal::Role {
                id: RoleId(46),
                name: RoleName::parse("dev").unwrap(),
            };
            (role, user)
        }
    };
    let kind = match described["is"] == "role" {
        true => SessionKind::Role,
        false => SessionKind::Federation,
    };
    let session = is_temporary(described, sessions).then(|| access::Session {
        kind,
        id: SessionId([1; 16]),
        ancestors: Arc::default(),
        name: "test".into(),
        issued: Timestamp::default(),
        expires: Timestamp::default(),
        policies: vec![String::new(); sessions].into(),
        tags: Arc::default(),
        source_identity: None,
    });
    access::Caller::Identified(access::Identity {
        account,
        principal,
        origin: Origin::Key {
            caller: original_caller,
            key: AccessKeyId::parse("AKIDtest").unwrap(),
        },
        session: session.map(Arc::new),
    })
}

/// An ACL for both sides: pairs of a grantee and a permission.
fn grants(value: &Value) -> (Acl, Vec<model::Grant>) {
    let mut both = (Acl::default(), Vec::new());
    for (grantee, permission) in pairs(value) {
        let root = |account: Account| Grantee::User {
            owner_uin: account.owner_uin,
            uin: account.owner_uin,
        };
        let (engine_grantee, grantee) = match grantee.as_str() {
            "everybody" => (Grantee::AllUsers, model::Grantee::AllUsers),
            "signed" => (Grantee::AuthenticatedUsers, model::Grantee::AuthenticatedUsers),
            "own" => (root(OWN), model::Grantee::Account("900".to_owned())),
            _ => (root(OTHER), model::Grantee::Account("800".to_owned())),
        };
        let (engine_permission, permission) = match permission.as_str() {
            "Read" => (Permission::Read, model::Permission::Read),
            "Write" => (Permission::Write, model::Permission::Write),
            "ReadAcp" => (Permission::ReadAcp, model::Permission::ReadAcp),
            "WriteAcp" => (Permission::WriteAcp, model::Permission::WriteAcp),
            _ => (Permission::FullControl, model::Permission::FullControl),
        };
        both.0.grants.push(Grant {
            grantee: engine_grantee,
            permission: engine_permission,
        });
        both.1.push((grantee, permission));
    }
    both
}

fn attributes(request: &Value) -> Attributes {
    let header = |name: &str| request["headers"][name].as_str().map(str::to_owned);
    let query = |name: &str| {
        let value = &request["query"][name];
        value.is_array().then(|| QueryValue {
            raw: text(&value[0]).to_owned(),
            decoded: text(&value[1]).to_owned(),
        })
    };
    Attributes {
        prefix: query("cos:prefix"),
        version_id: query("cos:versionid"),
        response_content_type: query("cos:response-content-type"),
        storage_class: header("cos:x-cos-storage-class"),
        acl: header("cos:x-cos-acl"),
        content_length: header("cos:content-length"),
        content_type: header("cos:content-type"),
        host: header("cos:host"),
        request_tags: pairs(&request["request_tags"]),
        ..Attributes::default()
    }
}

/// The condition keys that a request has; of something named beside the target only what is true of it too.
fn context(request: &Value, tags: &[(String, String)], beside: bool) -> BTreeMap<String, Vec<Given>> {
    let mut context: BTreeMap<String, Vec<Given>> = BTreeMap::new();
    let mut give = |key: &str, text: &str, raw: Option<&str>| {
        context.entry(key.to_owned()).or_default().push(Given {
            text: text.to_owned(),
            raw: raw.map(str::to_owned),
        });
    };
    give("qcs:current_time", text(&request["now"][1]), None);
    give("qcs:ip", text(&request["ip"]), None);
    give(
        "cos:secure-transport",
        if request["tls"].is_null() { "false" } else { "true" },
        None,
    );
    if let Some(version) = request["tls"].as_str() {
        give("cos:tls-version", version, None);
    }
    for (key, value) in request["headers"].as_object().into_iter().flatten() {
        if !beside || key == "cos:host" {
            give(key, text(value), None);
        }
    }
    if !beside {
        for (key, value) in request["query"].as_object().into_iter().flatten() {
            give(key, text(&value[1]), Some(text(&value[0])));
        }
        for (key, value) in pairs(&request["request_tags"]) {
            give("qcs:request_tag", &format!("{key}&{value}"), None);
        }
    }
    for (key, value) in tags {
        give("qcs:resource_tag", &format!("{key}&{value}"), None);
        give(&format!("qcs:tag/{key}"), value, None);
    }
    context
}
