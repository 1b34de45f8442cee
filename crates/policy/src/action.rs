//! Action patterns: `cos:PutObject`, `name/cos:Get*`, `*`.
//!
//! Official text writes one action in several ways (`GetBucketACL`, `GetBucketAcl`), hence letters are
//! compared without regard to case. The names of one service's actions are not checked: new ones appear,
//! and an unknown one matches no request.

use crate::error::{PolicyError, PolicyErrorKind};
use crate::glob::Glob;
use crate::scratch::Scratch;

/// Services whose actions may be named.
const SERVICES: [&str; 4] = ["cos", "ci", "cam", "sts"];

/// Two names of one action, in lower case.
const ALIASES: [(&str, &str); 1] = [("cos:postobjectrestore", "cos:restoreobject")];

/// A pattern for actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionPattern {
    /// As written, without the optional `name/`.
    text: String,
    /// The same in lower case.
    glob: Glob,
}

/// The action of a request, ready to be compared.
pub(crate) struct ActionName(Scratch<128>);

impl ActionPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let bare = text.strip_prefix("name/").unwrap_or(text);
        check(bare).map_err(|kind| PolicyError::new(kind, text))?;
        Ok(ActionPattern {
            text: bare.to_owned(),
            glob: Glob::pattern(&bare.to_ascii_lowercase()),
        })
    }

    /// The pattern as written, without the optional `name/`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the pattern covers an action such as `cos:PutObject`, under any of the action's names.
    pub fn covers(&self, action: &str) -> bool {
        self.matches(&ActionName::new(action))
    }

    pub(crate) fn matches(&self, action: &ActionName) -> bool {
        // Action patterns have no variables, so the answer is always known.
        let covers = |name: &str| self.glob.matches(name, None) == Some(true);
        action.names().into_iter().flatten().any(covers)
    }

    pub(crate) fn glob(&self) -> &Glob {
        &self.glob
    }
}

impl ActionName {
    pub(crate) fn new(action: &str) -> Self {
        let mut name = Scratch::new();
        name.push(action);
        name.make_ascii_lowercase();
        ActionName(name)
    }

    /// The names of the action, in lower case; a pattern covers it when it matches one of them.
    pub(crate) fn names(&self) -> [Option<&str>; 2] {
        let name = self.0.as_str();
        [Some(name), alias(name)]
    }
}

fn alias(name: &str) -> Option<&'static str> {
    ALIASES.iter().find_map(|&(one, other)| match name {
        _ if name == one => Some(other),
        _ if name == other => Some(one),
        _ => None,
    })
}

fn check(bare: &str) -> Result<(), PolicyErrorKind> {
    if !bare.is_empty() && bare.bytes().all(|byte| byte == b'*') {
        return Ok(());
    }
    let (service, name) = bare.split_once(':').ok_or(PolicyErrorKind::Action)?;
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'*';
    if service.is_empty() || name.is_empty() || !service.bytes().chain(name.bytes()).all(is_legal) {
        return Err(PolicyErrorKind::Action);
    }
    let known = SERVICES.iter().any(|known| known.eq_ignore_ascii_case(service)) || service.contains('*');
    if known {
        Ok(())
    } else {
        Err(PolicyErrorKind::ActionService)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, action: &str, expected: bool) {
        let pattern = ActionPattern::parse(pattern).unwrap();
        assert_eq!(pattern.covers(action), expected, "{pattern:?} {action}");
    }

    fn check_error(pattern: &str, expected: PolicyErrorKind) {
        assert_eq!(
            ActionPattern::parse(pattern).map_err(|error| error.kind),
            Err(expected),
            "{pattern}"
        );
    }

    #[test]
    fn t12_optional_prefix_and_any_case() {
        check("name/cos:PutObject", "cos:PutObject", true);
        check("cos:PutObject", "cos:PutObject", true);
        check("cos:putbucketacl", "cos:PutBucketACL", true);
        check("*", "sts:AssumeRole", true);
        check("name/*", "cam:AddUser", true);
        check("cos:*", "cam:AddUser", false);
        check("c*:Get*", "cam:GetUser", true);
        check("**", "unheard-of", true);
    }

    #[test]
    fn t17_no_action_implies_another() {
        check("cos:GetObject", "cos:HeadObject", false);
        check("cos:PutObject", "cos:PostObject", false);
        check("cos:PutObject", "cos:InitiateMultipartUpload", false);
        check("cos:PutObject", "cos:UploadPart", false);
        check("cos:PutObject", "cos:PutObjectACL", false);
        check("cos:GetBucket", "cos:GetBucketObjectVersions", false);
    }

    #[test]
    fn t18_wildcards_reach_the_bare_name() {
        check("cos:GetBucket*", "cos:GetBucket", true);
        check("cos:PutBucket*", "cos:PutBucket", true);
        check("cos:*Bucket", "cos:DeleteBucket", true);
    }

    #[test]
    fn restore_has_two_names() {
        check("cos:PostObjectRestore", "cos:RestoreObject", true);
        check("cos:RestoreObject", "cos:PostObjectRestore", true);
        check("cos:Post*", "cos:RestoreObject", true);
        check("cos:PostObject", "cos:RestoreObject", false);
    }

    #[test]
    fn refuses_what_names_no_action() {
        for text in [
            "",
            "name/",
            "PutObject",
            "Put*",
            "cos:",
            ":PutObject",
            "cos:Put Object",
            "cos:a/b",
        ] {
            check_error(text, PolicyErrorKind::Action);
        }
        for text in [
            "permid/280655",
            "actionName/x",
            "cos:Put\u{0}",
            "cos:\u{c9}",
            "cos:a:b",
            "name/name/cos:A",
        ] {
            check_error(text, PolicyErrorKind::Action);
        }
        check_error("cvm:RunInstances", PolicyErrorKind::ActionService);
        check_error("cso:PutObject", PolicyErrorKind::ActionService);
    }
}
