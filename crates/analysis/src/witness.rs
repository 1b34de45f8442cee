//! A request that proves something about policies, owned, printable, and put to the evaluator.

use std::fmt;
use std::net::IpAddr;

use daypass_policy::{
    ConditionKey, Context, CosTarget, Policy, Principal, QueryText, Request, Resource, Tag, Verdict,
};
use serde::{Serialize, Serializer};

/// A request that one policy allows and another does not.
///
/// It prints as a person would say it; as JSON it is that text with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The action, `cos:PutObject`.
    pub action: String,
    /// The index of the statement of the narrower document that allows it.
    pub statement: Option<usize>,
    pub(crate) subject: Subject,
    pub(crate) who: Who,
    pub(crate) facts: Vec<(ConditionKey, Fact)>,
}

/// What the request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Operation,
    Bucket(Place),
    Listing(Place, String),
    Object(Place, String),
    Identity {
        owner_uin: u64,
        path: String,
    },
    Role {
        owner_uin: u64,
        id: String,
        name: String,
    },
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) region: String,
    pub(crate) app_id: u64,
    pub(crate) bucket: String,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    Anonymous,
    Account {
        owner_uin: u64,
        uin: u64,
    },
    Role {
        owner_uin: u64,
        id: String,
        name: String,
    },
    Service(String),
    Federated {
        owner_uin: u64,
        provider: String,
    },
}

/// The value of a condition key in the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    Text(String),
    Query { raw: String, decoded: String },
    Time(i64),
    Ip(IpAddr),
    Bool(bool),
    Tags(Vec<(String, String)>),
}

impl Witness {
    /// Whether a policy alone allows the request: one statement allows it, and none denies it.
    pub fn is_allowed_by(&self, policy: &Policy) -> bool {
        self.allowing_statement(policy).is_some()
    }

    /// Whether documents that hold together allow the request: one of them does, and none denies it.
    pub fn is_allowed_by_all(&self, policies: &[&Policy]) -> bool {
        let opinions: Vec<(bool, bool)> = policies.iter().map(|policy| self.opinion(policy)).collect();
        opinions.iter().any(|(allows, _)| *allows) && !opinions.iter().any(|(_, denies)| *denies)
    }

    /// Whether a statement of the policy allows the request, and whether one denies it.
    fn opinion(&self, policy: &Policy) -> (bool, bool) {
        let verdict = self.put_to(policy);
        (verdict.allow.is_some(), verdict.deny.is_some())
    }

    /// The statement that allows the request, if the policy does.
    pub(crate) fn allowing_statement(&self, policy: &Policy) -> Option<usize> {
        let verdict = self.put_to(policy);
        match (verdict.deny, verdict.allow) {
            (None, Some(allow)) => Some(allow.statement),
            _ => None,
        }
    }

    fn put_to<'p>(&self, policy: &'p Policy) -> Verdict<'p> {
        let tags = |of: fn(&ConditionKey) -> bool| -> Vec<Tag<'_>> {
            let found = self.facts.iter().filter(|(key, _)| of(key));
            found.flat_map(|(_, fact)| fact.tags()).collect()
        };
        let request_tags = tags(|key| *key == ConditionKey::RequestTag);
        let resource_tags = tags(|key| matches!(key, ConditionKey::ResourceTag | ConditionKey::Tag(_)));
        let mut context = Context {
            request_tags: &request_tags,
            resource_tags: &resource_tags,
            ..Context::default()
        };
        for (key, fact) in &self.facts {
            fact.enter(key, &mut context);
        }
        policy.evaluate(&Request {
            action: &self.action,
            resource: self.subject.resource(),
            principal: self.who.principal(),
            context: &context,
        })
    }

    fn parts(&self) -> Vec<(String, String)> {
        let facts = self.facts.iter().map(|(key, fact)| {
            let name = match key {
                ConditionKey::Tag(tag) => format!("{}{tag}", key.name()),
                _ => key.name().to_owned(),
            };
            (name, fact.to_string())
        });
        facts.collect()
    }
}

impl Subject {
    fn resource(&self) -> Resource<'_> {
        match self {
            Subject::Operation => Resource::Operation,
            Subject::Bucket(place) => place.resource(CosTarget::Bucket),
            Subject::Listing(place, prefix) => place.resource(CosTarget::Listing { prefix }),
            Subject::Object(place, key) => place.resource(CosTarget::Object { key }),
            Subject::Identity { owner_uin, path } => Resource::Cam {
                owner_uin: *owner_uin,
                path,
            },
            Subject::Role { owner_uin, id, name } => Resource::Role {
                owner_uin: *owner_uin,
                id,
                name,
            },
        }
    }
}

impl Place {
    fn resource<'a>(&'a self, target: CosTarget<'a>) -> Resource<'a> {
        Resource::Cos {
            region: &self.region,
            app_id: self.app_id,
            bucket: &self.bucket,
            target,
        }
    }
}

impl Who {
    pub(crate) fn principal(&self) -> Principal<'_> {
        match self {
            Who::Anonymous => Principal::Anonymous,
            Who::Account { owner_uin, uin } => Principal::Account {
                owner_uin: *owner_uin,
                uin: *uin,
            },
            Who::Role { owner_uin, id, name } => Principal::Role {
                owner_uin: *owner_uin,
                id,
                name,
                caller_uin: None,
            },
            Who::Service(name) => Principal::Service(name),
            Who::Federated { owner_uin, provider } => Principal::Federated {
                owner_uin: *owner_uin,
                provider,
            },
        }
    }
}

impl Fact {
    fn tags(&self) -> impl Iterator<Item = Tag<'_>> {
        let tags = match self {
            Fact::Tags(tags) => tags.as_slice(),
            _ => &[],
        };
        tags.iter().map(|(key, value)| Tag { key, value })
    }

    /// Puts the value where the evaluator looks for it; tags are gathered apart.
    fn enter<'a>(&'a self, key: &ConditionKey, context: &mut Context<'a>) {
        match self {
            Fact::Text(text) => enter_text(text, key, context),
            Fact::Query { raw, decoded } => {
                let text = Some(QueryText { raw, decoded });
                match key {
                    ConditionKey::VersionId => context.version_id = text,
                    ConditionKey::Prefix => context.prefix = text,
                    ConditionKey::ResponseContentType => context.response_content_type = text,
                    _ => {}
                }
            }
            Fact::Time(time) => context.current_time = Some(*time),
            Fact::Ip(ip) => context.ip = Some(*ip),
            Fact::Bool(value) => context.secure_transport = Some(*value),
            Fact::Tags(_) => {}
        }
    }
}

fn enter_text<'a>(text: &'a str, key: &ConditionKey, context: &mut Context<'a>) {
    let place = match key {
        ConditionKey::TlsVersion => &mut context.tls_version,
        ConditionKey::Host => &mut context.host,
        ConditionKey::StorageClass => &mut context.storage_class,
        ConditionKey::Acl => &mut context.acl,
        ConditionKey::ForbidOverwrite => &mut context.forbid_overwrite,
        ConditionKey::ContentLength => &mut context.content_length,
        ConditionKey::ContentType => &mut context.content_type,
        ConditionKey::CreateUin => &mut context.create_uin,
        ConditionKey::ExternalId => &mut context.external_id,
        ConditionKey::SamlAudience => &mut context.saml_audience,
        ConditionKey::SamlIssuer => &mut context.saml_issuer,
        ConditionKey::SamlSubject => &mut context.saml_subject,
        ConditionKey::SamlSubjectType => &mut context.saml_subject_type,
        _ => return,
    };
    *place = Some(text);
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` on {}", self.action, self.subject)?;
        match &self.who {
            Who::Account { .. } => {}
            who => write!(f, " by {who}")?,
        }
        for (index, (name, value)) in self.parts().iter().enumerate() {
            let word = if index == 0 { "with" } else { "and" };
            write!(f, " {word} `{name}` = `{value}`")?;
        }
        Ok(())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Operation => f.write_str("the account as a whole"),
            Subject::Bucket(place) => write!(f, "the bucket {place}/`"),
            Subject::Listing(place, prefix) => write!(f, "the names {place}/{prefix}…`"),
            Subject::Object(place, key) => write!(f, "the object {place}/{key}`"),
            Subject::Identity { owner_uin, path } => write!(f, "`qcs::cam::uin/{owner_uin}:{path}`"),
            Subject::Role { owner_uin, id, name } => {
                write!(f, "the role `{name}` (number `{id}`) of `uin/{owner_uin}`")
            }
        }
    }
}

/// The beginning of a resource, without the quotation's end.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`qcs::cos:{}:uid/{}:{}", self.region, self.app_id, self.bucket)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Anonymous => f.write_str("nobody known"),
            Who::Account { owner_uin, uin } => write!(f, "`qcs::cam::uin/{owner_uin}:uin/{uin}`"),
            Who::Role { owner_uin, name, .. } => write!(f, "`qcs::cam::uin/{owner_uin}:roleName/{name}`"),
            Who::Service(name) => write!(f, "the service `{name}`"),
            Who::Federated { owner_uin, provider } => write!(f, "`qcs::cam::uin/{owner_uin}:{provider}`"),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Text(text) => f.write_str(text),
            Fact::Query { decoded, .. } => f.write_str(decoded),
            Fact::Time(seconds) => write!(f, "{seconds} s after 1970"),
            Fact::Ip(ip) => write!(f, "{ip}"),
            Fact::Bool(value) => write!(f, "{value}"),
            Fact::Tags(tags) => {
                let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}&{value}")).collect();
                f.write_str(&tags.join(", "))
            }
        }
    }
}

impl Serialize for Witness {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Parts {
            action: String,
            resource: String,
            principal: String,
            conditions: std::collections::BTreeMap<String, String>,
            statement: Option<usize>,
            text: String,
        }
        Parts {
            action: self.action.clone(),
            resource: self.subject.to_string().replace('`', ""),
            principal: self.who.to_string().replace('`', ""),
            conditions: self.parts().into_iter().collect(),
            statement: self.statement,
            text: self.to_string(),
        }
        .serialize(serializer)
    }
}
