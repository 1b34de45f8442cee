//! The facts of a request that conditions look at.

use std::fmt;
use std::net::IpAddr;

use super::key::ConditionKey;
use crate::escapes::upper_case_escapes;
use crate::scratch::Scratch;

/// What a request brings for the condition keys. The default has nothing: every key is absent.
///
/// `None` means that the header or parameter was not sent; an empty text is present. Texts are as sent,
/// numbers included, since a header may hold anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Context<'a> {
    /// The time now, in seconds since 1970.
    pub current_time: Option<i64>,
    /// The address of the client.
    pub ip: Option<IpAddr>,
    /// Whether the request came over TLS.
    pub secure_transport: Option<bool>,
    /// The version of TLS, such as `1.2`; absent without TLS.
    pub tls_version: Option<&'a str>,
    /// The header Host.
    pub host: Option<&'a str>,
    /// The header or form field x-cos-storage-class.
    pub storage_class: Option<&'a str>,
    /// The parameter versionId.
    pub version_id: Option<QueryText<'a>>,
    /// The parameter prefix.
    pub prefix: Option<QueryText<'a>>,
    /// The header x-cos-acl or the form field acl.
    pub acl: Option<&'a str>,
    /// The header x-cos-forbid-overwrite.
    pub forbid_overwrite: Option<&'a str>,
    /// The header Content-Length, or the size of the file in a form.
    pub content_length: Option<&'a str>,
    /// The header or form field Content-Type.
    pub content_type: Option<&'a str>,
    /// The parameter response-content-type.
    pub response_content_type: Option<QueryText<'a>>,
    /// The tags that the request brings along; none is the same as absent.
    pub request_tags: &'a [Tag<'a>],
    /// The tags of the resource; none is the same as absent.
    pub resource_tags: &'a [Tag<'a>],
    /// The account number of whoever created the resource.
    pub create_uin: Option<&'a str>,
    /// The external id with which a role is assumed.
    pub external_id: Option<&'a str>,
    /// The audience of a SAML assertion.
    pub saml_audience: Option<&'a str>,
    /// The issuer of a SAML assertion.
    pub saml_issuer: Option<&'a str>,
    /// The subject of a SAML assertion.
    pub saml_subject: Option<&'a str>,
    /// The format of the subject of a SAML assertion.
    pub saml_subject_type: Option<&'a str>,
    /// The audience of a web identity token.
    pub oidc_audience: Option<&'a str>,
    /// The issuer of a web identity token.
    pub oidc_issuer: Option<&'a str>,
    /// The subject of a web identity token.
    pub oidc_subject: Option<&'a str>,
}

/// The value of a parameter in the query, in both its forms: policies usually name the encoded one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueryText<'a> {
    /// As sent.
    pub raw: &'a str,
    /// URL-decoded once.
    pub decoded: &'a str,
}

/// A tag of a bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The name of the tag.
    pub key: &'a str,
    /// The value of the tag.
    pub value: &'a str,
}

/// One value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Query(QueryText<'a>),
    Tag(Tag<'a>),
    Time(i64),
    Ip(IpAddr),
    Bool(bool),
}

impl<'a> Context<'a> {
    /// All values that the request has for a key.
    pub(crate) fn values<'k>(&self, key: &'k ConditionKey) -> impl Iterator<Item = Value<'a>> + use<'a, 'k> {
        let tags = match key {
            ConditionKey::RequestTag => self.request_tags,
            ConditionKey::ResourceTag | ConditionKey::Tag(_) => self.resource_tags,
            _ => &[],
        };
        self.single(key)
            .into_iter()
            .chain(tags.iter().filter_map(move |&tag| match key {
                ConditionKey::Tag(name) => (tag.key == name).then_some(Value::Text(tag.value)),
                _ => Some(Value::Tag(tag)),
            }))
    }

    fn single(&self, key: &ConditionKey) -> Option<Value<'a>> {
        match key {
            ConditionKey::CurrentTime => self.current_time.map(Value::Time),
            ConditionKey::Ip => self.ip.map(Value::Ip),
            ConditionKey::SecureTransport => self.secure_transport.map(Value::Bool),
            ConditionKey::TlsVersion => self.tls_version.map(Value::Text),
            ConditionKey::Host => self.host.map(Value::Text),
            ConditionKey::StorageClass => self.storage_class.map(Value::Text),
            ConditionKey::VersionId => self.version_id.map(Value::Query),
            ConditionKey::Prefix => self.prefix.map(Value::Query),
            ConditionKey::Acl => self.acl.map(Value::Text),
            ConditionKey::ForbidOverwrite => self.forbid_overwrite.map(Value::Text),
            ConditionKey::ContentLength => self.content_length.map(Value::Text),
            ConditionKey::ContentType => self.content_type.map(Value::Text),
            ConditionKey::ResponseContentType => self.response_content_type.map(Value::Query),
            ConditionKey::CreateUin => self.create_uin.map(Value::Text),
            ConditionKey::ExternalId => self.external_id.map(Value::Text),
            ConditionKey::SamlAudience => self.saml_audience.map(Value::Text),
            ConditionKey::SamlIssuer => self.saml_issuer.map(Value::Text),
            ConditionKey::SamlSubject => self.saml_subject.map(Value::Text),
            ConditionKey::OidcAudience => self.oidc_audience.map(Value::Text),
            ConditionKey::OidcIssuer => self.oidc_issuer.map(Value::Text),
            ConditionKey::OidcSubject => self.oidc_subject.map(Value::Text),
            ConditionKey::SamlSubjectType => self.saml_subject_type.map(Value::Text),
            ConditionKey::RequesterVpc | ConditionKey::Vpc => None,
            ConditionKey::RequestTag | ConditionKey::ResourceTag | ConditionKey::Tag(_) => None,
        }
    }
}

impl<'a> Value<'a> {
    /// The value in the form in which it is compared: a tag as one text, the escapes of a query in upper case.
    pub(crate) fn spell<'r>(self, room: &'r mut Scratch<512>) -> Value<'r>
    where
        'a: 'r,
    {
        match self {
            Value::Tag(tag) => {
                [tag.key, "&", tag.value]
                    .into_iter()
                    .for_each(|part| room.push(part));
                Value::Text(room.as_str())
            }
            Value::Query(query) => {
                room.extend(upper_case_escapes(query.raw));
                Value::Query(QueryText {
                    raw: room.as_str(),
                    ..query
                })
            }
            Value::Text(_) | Value::Time(_) | Value::Ip(_) | Value::Bool(_) => self,
        }
    }
}

/// Prints the value as the request has it: a tag in the form of policies, a time in seconds since 1970.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Query(query) => f.write_str(query.decoded),
            Value::Tag(tag) => write!(f, "{}&{}", tag.key, tag.value),
            Value::Time(seconds) => write!(f, "{seconds}"),
            Value::Ip(ip) => write!(f, "{ip}"),
            Value::Bool(value) => write!(f, "{value}"),
        }
    }
}

impl<'a> QueryText<'a> {
    /// A value that needs no encoding, which is the same in both forms.
    pub fn plain(text: &'a str) -> Self {
        QueryText {
            raw: text,
            decoded: text,
        }
    }
}
