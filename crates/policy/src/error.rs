//! What can be wrong with a policy document.
//!
//! The kinds are as fine as the finest code of any API that reports them; which code a kind becomes is
//! the business of the API. The detail quotes the offending text, shortened, for people and logs.

use std::fmt;

/// Longest quotation kept in an error, in characters.
const MAX_DETAIL: usize = 128;

/// A document that was refused, with the place and the offending text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// What rule was broken.
    pub kind: PolicyErrorKind,
    /// Index of the statement that broke it, when it was one.
    pub statement: Option<usize>,
    /// The offending text, shortened and with control characters escaped; may be empty.
    pub detail: String,
}

/// The rule of the language that a document breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PolicyErrorKind {
    /// The text is longer than its kind of document may be.
    #[error("policy document too long")]
    TooLong,
    /// Objects and lists are nested deeper than any legal document.
    #[error("policy document nested too deeply")]
    TooDeep,
    /// The text is not JSON, or not text at all once decoded.
    #[error("policy document is not well-formed JSON")]
    NotJson,
    /// The same element occurs twice in one object, be it in two spellings.
    #[error("element given twice")]
    DuplicateElement,
    /// The document as a whole is not a JSON object.
    #[error("policy document is not a JSON object")]
    NotAnObject,
    /// The document has an element that the language does not know.
    #[error("unknown element in policy document")]
    UnknownElement,
    /// The version is missing or not `2.0`.
    #[error("policy version must be 2.0")]
    Version,
    /// The statement list, or one statement, is missing, malformed or has an unknown element.
    #[error("malformed statement")]
    Statement,
    /// There are more statements, or more entries in one list, than we accept.
    #[error("too many elements")]
    TooMany,
    /// The effect is missing or neither `allow` nor `deny`.
    #[error("effect must be allow or deny")]
    Effect,
    /// There is no action, or the list of actions is empty.
    #[error("action missing")]
    ActionMissing,
    /// An action is not of the form `service:Name`.
    #[error("malformed action")]
    Action,
    /// An action belongs to a service that does not exist here.
    #[error("unknown service in action")]
    ActionService,
    /// There is no resource, or the list of resources is empty.
    #[error("resource missing")]
    ResourceMissing,
    /// A resource is given where the kind of document has none.
    #[error("resource not allowed in this kind of policy")]
    ResourceForbidden,
    /// A resource is neither `*` nor made of six segments.
    #[error("resource does not have six segments")]
    ResourceSyntax,
    /// The first segment of a resource is not `qcs`.
    #[error("resource does not begin with qcs")]
    ResourceQcs,
    /// The project segment of a resource is not empty.
    #[error("project segment of resource must be empty")]
    ResourceProject,
    /// The service segment of a resource names no service that exists here.
    #[error("unknown service in resource")]
    ResourceService,
    /// The region segment of a resource is malformed, or a short name of old times.
    #[error("malformed region in resource")]
    ResourceRegion,
    /// The account segment of a resource is malformed.
    #[error("malformed account in resource")]
    ResourceAccount,
    /// A resource names another account in a document that may only name the owner's.
    #[error("resource belongs to another account")]
    ForeignResource,
    /// The last segment of a resource can never name anything.
    #[error("malformed resource path")]
    ResourceContent,
    /// The kind of document needs a principal and has none.
    #[error("principal missing")]
    PrincipalMissing,
    /// A principal is given where the kind of document has none.
    #[error("principal not allowed in this kind of policy")]
    PrincipalForbidden,
    /// A principal is malformed.
    #[error("malformed principal")]
    Principal,
    /// An entry of the `qcs` (or `federated`) list of a principal is malformed or of an unknown form.
    #[error("malformed qcs principal")]
    PrincipalQcs,
    /// The condition element has the wrong shape.
    #[error("malformed condition")]
    Condition,
    /// A condition operator does not exist, or does not go with the key.
    #[error("unknown or unsuitable condition operator")]
    ConditionOperator,
    /// A condition key does not exist.
    #[error("unknown condition key")]
    ConditionKey,
    /// A condition value does not suit its operator.
    #[error("malformed condition value")]
    ConditionValue,
}

impl PolicyError {
    pub(crate) fn new(kind: PolicyErrorKind, detail: &str) -> Self {
        let detail = detail
            .chars()
            .take(MAX_DETAIL)
            .collect::<String>()
            .escape_debug()
            .to_string();
        PolicyError {
            kind,
            statement: None,
            detail,
        }
    }

    pub(crate) fn in_statement(mut self, index: usize) -> Self {
        self.statement = Some(index);
        self
    }
}

impl From<PolicyErrorKind> for PolicyError {
    fn from(kind: PolicyErrorKind) -> Self {
        PolicyError::new(kind, "")
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.statement {
            write!(f, "statement {index}: ")?;
        }
        write!(f, "{}", self.kind)?;
        if !self.detail.is_empty() {
            write!(f, ": `{}`", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_place_and_quotes_shortened() {
        let error = PolicyError::new(PolicyErrorKind::Action, "a\nb").in_statement(3);
        assert_eq!(error.to_string(), "statement 3: malformed action: `a\\nb`");
        assert_eq!(
            PolicyError::from(PolicyErrorKind::Version).to_string(),
            "policy version must be 2.0"
        );
        assert_eq!(
            PolicyError::new(PolicyErrorKind::Action, &"x".repeat(9999))
                .detail
                .len(),
            MAX_DETAIL
        );
    }
}
