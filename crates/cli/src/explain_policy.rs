//! `daypass policy explain`: one request against documents, told without a server.
//!
//! The gate itself decides, over facts that the command line names: so the answer is the server's, for these documents.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use daypass_access::{
    BucketFacts, Caller, Environment, Facts, Identity, Layers, Origin, Principal, Question, StoredPolicy,
};
use daypass_api::Timestamp;
use daypass_api::acl::Acl;
use daypass_api::attributes::{Attributes, QueryValue};
use daypass_api::names::{
    AccessKeyId, Account, AppId, BucketName, GroupId, ObjectKey, PolicyId, Region, RoleId, RoleName, Uin,
};
use daypass_api::operation::Subject;
use daypass_api::requirement::{Access, Need, Requirement, Requirements, Resource, Values};
use daypass_client::{Clock, SystemClock};
use daypass_explain::{Explanation, Who, in_words, reasons};
use daypass_policy::{DocumentKind, OwnerAccount, parse};

use crate::report::{Misuse, No};
use crate::{document, output};

/// The examples, and the exit codes.
pub(crate) const HELP: &str = "Examples:
  daypass policy explain --action cos:PutObject --resource qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/a.jpg \\
    --user-policy ann.json --session upload.json
  daypass policy explain --action cos:GetBucket --resource qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/home/ \\
    --user-policy - --context cos:prefix=home/ --json < ann.json

Keys of --context are those of policies: qcs:ip (127.0.0.1 unless given), qcs:current_time (now unless given),
cos:prefix, qcs:tag/<name> for a tag of the bucket, … Access control lists, and rules that bind whole operations, are no
documents and not looked at.

Exit codes: 0 it is allowed, 1 it is not, 2 the command line or a file makes no sense.";

/// Say what documents say to one request, and the smallest statement that would have it allowed. No server is asked.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The action, such as cos:PutObject
    #[arg(long, value_name = "NAME")]
    action: String,
    /// The resource, as policies name one; `*` for what is about nothing in particular
    #[arg(long, value_name = "QCS")]
    resource: String,
    /// Who asks, as bucket policies name one: qcs::cam::uin/<root>:uin/<number>, :root, :roleName/<name>; or anonymous
    #[arg(
        long,
        value_name = "QCS",
        default_value = "qcs::cam::uin/100000000001:uin/100000000002"
    )]
    principal: String,
    /// The application id of the account of who asks [default: that of the resource]
    #[arg(long, value_name = "NUMBER")]
    appid: Option<u64>,
    /// The number of the root that owns the bucket [default: the account of who asks]
    #[arg(long, value_name = "NUMBER")]
    bucket_owner_uin: Option<u64>,
    /// File with a policy of the user or role, or `-` for standard input; may be given several times
    #[arg(long, value_name = "FILE")]
    user_policy: Vec<PathBuf>,
    /// File with the permission boundary
    #[arg(long, value_name = "FILE")]
    boundary: Option<PathBuf>,
    /// File with a session policy; one for each step of minting
    #[arg(long, value_name = "FILE")]
    session: Vec<PathBuf>,
    /// File with the bucket's policy
    #[arg(long, value_name = "FILE")]
    bucket_policy: Option<PathBuf>,
    /// What the request has for a condition key; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    context: Vec<(String, String)>,
    /// One line of JSON; statements are counted from 0
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: Arguments) -> Result<()> {
    let place = Place::parse(&arguments.resource)?;
    let caller = arguments.caller(&place)?;
    let account = caller.identity().map(|identity| identity.account);
    let owner = place.owner(&arguments, account);
    let layers = arguments.layers(account)?;
    let policy = arguments.bucket_policy.as_deref();
    let facts = place.facts(
        owner,
        policy
            .map(|path| compiled(path, DocumentKind::Bucket, owner))
            .transpose()?,
        &arguments.context,
    );
    let (attributes, environment) = circumstances(&arguments.context)?;
    let requirements = Requirements::All(vec![Requirement {
        any_of: vec![Access {
            // The name lives as long as the program, which explains once.
            action: String::leak(arguments.action.clone()),
            resource: place.resource(&arguments.action)?,
        }],
        need: Need::Allowed,
        values: Values::Request,
    }]);
    let question = Question {
        caller: &caller,
        layers: &layers,
        facts: &facts,
        attributes: &attributes,
        environment: &environment,
    };
    let reasons = reasons(&requirements, &question, &question.settle(&requirements));
    let allowed = reasons.allowed;
    let explanation = Explanation {
        operation: Some(arguments.action),
        caller: account.map(|account| Who {
            proven: true,
            owner_uin: account.owner_uin.0,
            principal: arguments.principal,
            ..Who::default()
        }),
        reasons: Some(reasons),
        ..Explanation::default()
    };
    let text = match arguments.json {
        true => output::json_line(&serde_json::to_value(&explanation)?),
        false => in_words(&explanation),
    };
    output::write(text.as_bytes())?;
    match allowed {
        true => Ok(()),
        false => Err(No("it is not allowed".to_owned()).into()),
    }
}

/// What a resource names.
enum Place {
    Service,
    Cos {
        region: Region,
        bucket: BucketName,
        rest: String,
    },
    Cam {
        path: String,
    },
}

impl Place {
    fn parse(text: &str) -> Result<Self> {
        let misuse = |what: &str| Misuse(format!("the resource `{text}` {what}"));
        if text == "*" {
            return Ok(Self::Service);
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["qcs", _, "cos", region, _, path] => {
                let (bucket, rest) = path.split_once('/').unwrap_or((path, ""));
                Ok(Self::Cos {
                    region: Region::parse(region).map_err(|_| misuse("names no region"))?,
                    bucket: BucketName::parse(bucket).map_err(|_| misuse("names no bucket"))?,
                    rest: rest.to_owned(),
                })
            }
            ["qcs", _, "cam", _, _, path] => Ok(Self::Cam {
                path: (*path).to_owned(),
            }),
            _ => Err(misuse("is neither `*` nor qcs::cos:… nor qcs::cam:…").into()),
        }
    }

    fn resource(&self, action: &str) -> Result<Resource> {
        Ok(match self {
            Self::Service => Resource::Service,
            Self::Cos { bucket, rest, .. } => {
                let lists = [
                    "cos:GetBucket",
                    "cos:GetBucketObjectVersions",
                    "cos:ListMultipartUploads",
                ];
                match rest.as_str() {
                    prefix if lists.contains(&action) => Resource::Listing(bucket.clone(), prefix.to_owned()),
                    "" => Resource::Bucket(bucket.clone()),
                    key => {
                        let key = ObjectKey::parse(key.as_bytes());
                        Resource::Object(bucket.clone(), key.map_err(|error| Misuse(error.to_string()))?)
                    }
                }
            }
            Self::Cam { path } => of_access_management(path)?,
        })
    }

    /// The account whose bucket it is.
    fn owner(&self, arguments: &Arguments, caller: Option<Account>) -> Account {
        let own = caller.map_or(Uin(100_000_000_001), |account| account.owner_uin);
        let app_id = match self {
            Self::Cos { bucket, .. } => bucket.app_id(),
            Self::Service | Self::Cam { .. } => caller.map_or(AppId(1_250_000_000), |account| account.app_id),
        };
        let foreign = caller.is_some_and(|account| account.app_id != app_id);
        // Two accounts have two roots: one that is not told is none of the other's.
        let guessed = if foreign {
            Uin(own.0.saturating_add(1))
        } else {
            own
        };
        Account {
            app_id,
            owner_uin: arguments.bucket_owner_uin.map_or(guessed, Uin),
        }
    }

    fn facts(&self, owner: Account, policy: Option<StoredPolicy>, context: &[(String, String)]) -> Facts {
        let Self::Cos { region, bucket, .. } = self else {
            return Facts::default();
        };
        let tags = context
            .iter()
            .filter_map(|(key, value)| match key.strip_prefix("qcs:tag/") {
                Some(name) => Some((name.to_owned(), value.clone())),
                None if key == "qcs:resource_tag" => tag(value),
                None => None,
            });
        Facts {
            buckets: vec![BucketFacts {
                name: bucket.clone(),
                owner,
                region: region.clone(),
                acl: Acl::default(),
                policy,
                tags: tags.collect(),
                objects: Vec::new(),
            }],
            ..Facts::default()
        }
    }
}

fn of_access_management(path: &str) -> Result<Resource> {
    let misuse = || {
        Misuse(format!(
            "`{path}` is none of uin/<N>, groupid/<N> and policyid/<N>"
        ))
    };
    let (kind, number) = path.split_once('/').ok_or_else(misuse)?;
    let number: u64 = number.parse().map_err(|_| misuse())?;
    match kind {
        "uin" => Ok(Resource::Identity(Subject::Uin(Uin(number)))),
        "groupid" => Ok(Resource::Group(GroupId(number))),
        "policyid" => Ok(Resource::Policy(PolicyId(number))),
        _ => Err(misuse().into()),
    }
}

impl Arguments {
    fn caller(&self, place: &Place) -> Result<Caller> {
        if self.principal == "anonymous" {
            return Ok(Caller::Anonymous);
        }
        let misuse = || Misuse(format!("the principal `{}` is not understood", self.principal));
        let rest = self.principal.strip_prefix("qcs::cam::uin/").ok_or_else(misuse)?;
        let (root, who) = rest.split_once(':').ok_or_else(misuse)?;
        let owner_uin = Uin(root.parse().map_err(|_| misuse())?);
        let app_id = match (self.appid, place) {
            (Some(app_id), _) => AppId(app_id),
            (None, Place::Cos { bucket, .. }) => bucket.app_id(),
            (None, _) => AppId(1_250_000_000),
        };
        let principal = match who.split_once('/') {
            None if who == "root" => Principal::User(owner_uin),
            Some(("uin", uin)) => Principal::User(Uin(uin.parse().map_err(|_| misuse())?)),
            Some(("roleName", name)) => Principal::Role {
                id: RoleId(1),
                name: RoleName::parse(name).map_err(|_| misuse())?,
            },
            _ => return Err(misuse().into()),
        };
        Ok(Caller::Identified(Identity {
            account: Account { app_id, owner_uin },
            principal,
            origin: Origin::Key {
                caller: owner_uin,
                key: AccessKeyId::parse("AKIDoftheexplanation").map_err(|_| misuse())?,
            },
            session: None,
        }))
    }

    fn layers(&self, account: Option<Account>) -> Result<Layers> {
        let Some(account) = account else {
            if !self.user_policy.is_empty() || self.boundary.is_some() || !self.session.is_empty() {
                return Err(Misuse("nobody has policies: name a principal".to_owned()).into());
            }
            return Ok(Layers::default());
        };
        let all = |paths: &[PathBuf], kind| -> Result<Arc<[StoredPolicy]>> {
            paths.iter().map(|path| compiled(path, kind, account)).collect()
        };
        let boundary = self.boundary.as_deref();
        Ok(Layers {
            identity: all(&self.user_policy, DocumentKind::Identity)?,
            boundary: boundary
                .map(|path| compiled(path, DocumentKind::Identity, account))
                .transpose()?,
            session: all(&self.session, DocumentKind::Session)?,
        })
    }
}

fn compiled(path: &Path, kind: DocumentKind, account: Account) -> Result<StoredPolicy> {
    let text = document::read(path)?;
    let owner = OwnerAccount {
        app_id: account.app_id.0,
        owner_uin: account.owner_uin.0,
    };
    let misuse = |error| Misuse(format!("the policy `{}` is refused: {error}", path.display()));
    Ok(Some(Arc::new(parse(&text, kind, &owner).map_err(misuse)?)))
}

fn circumstances(context: &[(String, String)]) -> Result<(Attributes, Environment)> {
    let mut attributes = Attributes::default();
    let mut environment = Environment {
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        tls_version: None,
        now: SystemClock.now(),
    };
    for (key, value) in context {
        let misuse = || Misuse(format!("`{value}` is no value of `{key}`"));
        let text = || Some(value.clone());
        let query = || {
            Some(QueryValue {
                raw: value.clone(),
                decoded: value.clone(),
            })
        };
        match key.as_str() {
            "qcs:ip" => environment.ip = value.parse().map_err(|_| misuse())?,
            "qcs:current_time" => environment.now = Timestamp::parse_iso(value).ok_or_else(misuse)?,
            "cos:secure-transport" => {
                let secure: bool = value.parse().map_err(|_| misuse())?;
                environment.tls_version = secure.then_some(environment.tls_version.unwrap_or("1.3"));
            }
            "cos:tls-version" => {
                let known = ["1.2", "1.3"].into_iter().find(|version| version == value);
                environment.tls_version = Some(known.ok_or_else(misuse)?);
            }
            "cos:host" => attributes.host = text(),
            "cos:x-cos-storage-class" => attributes.storage_class = text(),
            "cos:versionid" => attributes.version_id = query(),
            "cos:prefix" => attributes.prefix = query(),
            "cos:x-cos-acl" => attributes.acl = text(),
            "cos:x-cos-forbid-overwrite" => attributes.forbid_overwrite = text(),
            "cos:content-length" => attributes.content_length = text(),
            "cos:content-type" => attributes.content_type = text(),
            "cos:response-content-type" => attributes.response_content_type = query(),
            "sts:external_id" => attributes.external_id = text(),
            "qcs:request_tag" => attributes.request_tags.push(tag(value).ok_or_else(misuse)?),
            "qcs:resource_tag" if tag(value).is_some() => {}
            tag if tag.starts_with("qcs:tag/") => {}
            _ => return Err(Misuse(format!("`{key}` is no condition key with a value here")).into()),
        }
    }
    Ok((attributes, environment))
}

/// A tag in the form of policies, `key&value`.
fn tag(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once('&')?;
    Some((key.to_owned(), value.to_owned()))
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("it is written as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(resource: &str, action: &str, expected: Option<Resource>) {
        let found = Place::parse(resource).and_then(|place| place.resource(action));
        assert_eq!(found.ok(), expected, "{resource}");
    }

    #[test]
    fn resources() {
        let bucket = BucketName::parse("photos-1250000000").unwrap();
        let cos = |rest: &str| format!("qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000{rest}");
        let key = ObjectKey::parse(b"a/b").unwrap();
        check("*", "cos:GetService", Some(Resource::Service));
        check(&cos(""), "cos:HeadBucket", Some(Resource::Bucket(bucket.clone())));
        check(
            &cos("/a/b"),
            "cos:GetObject",
            Some(Resource::Object(bucket.clone(), key)),
        );
        check(
            &cos("/a/"),
            "cos:GetBucket",
            Some(Resource::Listing(bucket, "a/".to_owned())),
        );
        check(
            "qcs::cam::uin/1:groupid/7",
            "cam:GetGroup",
            Some(Resource::Group(GroupId(7))),
        );
        for bad in [
            "",
            "photos",
            "qcs::cos:ap-guangzhou:uid/1:photos/a",
            "qcs::cam::uin/1:roleName/x",
        ] {
            check(bad, "cos:GetObject", None);
        }
    }

    #[test]
    fn circumstances_by_their_keys() {
        let pairs = |text: &str| vec![pair(text).unwrap()];
        let (attributes, environment) = circumstances(&pairs("cos:prefix=home/")).unwrap();
        assert_eq!(attributes.prefix.unwrap().decoded, "home/");
        assert_eq!(environment.tls_version, None);
        let (_, environment) = circumstances(&pairs("cos:secure-transport=true")).unwrap();
        assert_eq!(environment.tls_version, Some("1.3"));
        for bad in [
            "qcs:ip=here",
            "cos:prefx=a",
            "qcs:current_time=now",
            "cos:tls-version=9",
            "qcs:request_tag=a",
        ] {
            assert!(circumstances(&pairs(bad)).is_err(), "{bad}");
        }
        assert!(pair("cos:prefix").is_err());
    }
}
