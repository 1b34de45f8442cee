//! The condition keys. The list is closed: a mistyped key in a deny would silently never fire.

use super::operator::Test;

/// A fact about a request that conditions may look at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConditionKey {
    /// The clock of the server.
    CurrentTime,
    /// The address of the client.
    Ip,
    /// The tags that the request brings along, as `key&value`.
    RequestTag,
    /// The tags of the resource, as `key&value`.
    ResourceTag,
    /// The value of the resource's tag of this name; the older form of [`ConditionKey::ResourceTag`].
    Tag(String),
    /// The account that created the resource.
    CreateUin,
    /// The network that the request came from in the vendor's cloud; always absent here.
    RequesterVpc,
    /// The same under its other name; always absent here.
    Vpc,
    /// Whether the request came over TLS.
    SecureTransport,
    /// The version of TLS.
    TlsVersion,
    /// The header Host.
    Host,
    /// The header x-cos-storage-class.
    StorageClass,
    /// The parameter versionId.
    VersionId,
    /// The parameter prefix.
    Prefix,
    /// The header x-cos-acl.
    Acl,
    /// The header x-cos-forbid-overwrite.
    ForbidOverwrite,
    /// The header Content-Length.
    ContentLength,
    /// The header Content-Type.
    ContentType,
    /// The parameter response-content-type.
    ResponseContentType,
    /// The external id with which a role is assumed.
    ExternalId,
    /// The audience of a SAML assertion.
    SamlAudience,
    /// The issuer of a SAML assertion.
    SamlIssuer,
    /// The subject of a SAML assertion.
    SamlSubject,
    /// The format of the subject of a SAML assertion.
    SamlSubjectType,
    /// The audience of a web identity token.
    OidcAudience,
    /// The issuer of a web identity token.
    OidcIssuer,
    /// The subject of a web identity token.
    OidcSubject,
}

const TAG: &str = "qcs:tag/";

const KEYS: [(&str, ConditionKey); 26] = [
    ("qcs:current_time", ConditionKey::CurrentTime),
    ("qcs:ip", ConditionKey::Ip),
    ("qcs:request_tag", ConditionKey::RequestTag),
    ("qcs:resource_tag", ConditionKey::ResourceTag),
    ("qcs:create_uin", ConditionKey::CreateUin),
    ("vpc:requester_vpc", ConditionKey::RequesterVpc),
    ("qcs:vpc", ConditionKey::Vpc),
    ("cos:secure-transport", ConditionKey::SecureTransport),
    ("cos:tls-version", ConditionKey::TlsVersion),
    ("cos:host", ConditionKey::Host),
    ("cos:x-cos-storage-class", ConditionKey::StorageClass),
    ("cos:versionid", ConditionKey::VersionId),
    ("cos:prefix", ConditionKey::Prefix),
    ("cos:x-cos-acl", ConditionKey::Acl),
    ("cos:x-cos-forbid-overwrite", ConditionKey::ForbidOverwrite),
    ("cos:content-length", ConditionKey::ContentLength),
    ("cos:content-type", ConditionKey::ContentType),
    ("cos:response-content-type", ConditionKey::ResponseContentType),
    ("sts:external_id", ConditionKey::ExternalId),
    ("saml:aud", ConditionKey::SamlAudience),
    ("saml:iss", ConditionKey::SamlIssuer),
    ("saml:sub", ConditionKey::SamlSubject),
    ("saml:sub_type", ConditionKey::SamlSubjectType),
    ("oidc:aud", ConditionKey::OidcAudience),
    ("oidc:iss", ConditionKey::OidcIssuer),
    ("oidc:sub", ConditionKey::OidcSubject),
];

impl ConditionKey {
    /// Reads a key; blanks around it are typesetting damage of the official samples and ignored.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let name = text.trim();
        if let Some(tag) = name.strip_prefix(TAG) {
            return (!tag.is_empty()).then(|| ConditionKey::Tag(tag.to_owned()));
        }
        KEYS.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, key)| key.clone())
    }

    /// The key as it is written in a policy; of [`ConditionKey::Tag`] only the fixed part.
    pub fn name(&self) -> &'static str {
        KEYS.iter()
            .find(|(_, known)| known == self)
            .map_or(TAG, |(name, _)| name)
    }

    /// Every key as it is written in a policy; of [`ConditionKey::Tag`] only the fixed part.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KEYS.iter().map(|(name, _)| *name).chain([TAG])
    }

    /// Whether the key comes from a parameter in the query, whose values policies write URL-encoded.
    pub fn is_query_parameter(&self) -> bool {
        matches!(
            self,
            ConditionKey::VersionId | ConditionKey::Prefix | ConditionKey::ResponseContentType
        )
    }

    /// Whether a test could ever be decided for this key.
    pub(crate) fn suits(&self, test: Test) -> bool {
        let is_date = matches!(test, Test::Date(_));
        match self {
            _ if test == Test::Null => true,
            ConditionKey::CurrentTime => is_date,
            ConditionKey::Ip => test == Test::Ip,
            ConditionKey::SecureTransport => !is_date && !matches!(test, Test::Ip | Test::Numeric(_)),
            _ => !is_date && test != Test::Ip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys_read_and_print() {
        for (name, key) in KEYS {
            assert_eq!(ConditionKey::parse(name), Some(key.clone()));
            assert_eq!(ConditionKey::parse(&format!(" {name}\t")), Some(key.clone()));
            assert_eq!(key.name(), name);
        }
        assert_eq!(
            ConditionKey::parse("qcs:tag/team"),
            Some(ConditionKey::Tag("team".into()))
        );
    }

    #[test]
    fn others_do_not() {
        for name in [
            "",
            "cos:delimiter",
            "cos:max-keys",
            "cos:referer",
            "qcs: ip",
            "QCS:ip",
            "cos:Prefix",
            "ip",
            "mfa",
            "qcs:tag/",
            "qcs:tag",
            "cos:content_type",
            "cos:",
        ] {
            assert_eq!(ConditionKey::parse(name), None, "{name}");
        }
    }
}
