//! From text to a checked, compiled document.
//!
//! Reading is strict: whatever the language does not know is refused, because an element that is skipped
//! in a deny leaves a hole. The few leniencies are those that official SDKs and samples need.

use crate::action::ActionPattern;
use crate::condition::{self, Condition};
use crate::document::{DocumentKind, Effect, OwnerAccount, Policy, Statement};
use crate::error::{PolicyError, PolicyErrorKind};
use crate::index::Index;
use crate::json::{self, Fields, Json};
use crate::principal::PrincipalPattern;
use crate::resource::ResourcePattern;

/// Most statements that a document may have.
pub const MAX_STATEMENTS: usize = 256;

/// Most entries that one list in a document may have.
pub const MAX_LIST: usize = 1024;

/// Reads and checks a document. What comes back is complete: nothing in it is ignored later.
///
/// ```
/// use daypass_policy::{DocumentKind, OwnerAccount, parse};
///
/// let owner = OwnerAccount { app_id: 1250000000, owner_uin: 100000000001 };
/// let text = r#"{"version":"2.0","statement":[{"effect":"allow","action":"name/cos:PutObject",
///     "resource":"qcs::cos:ap-guangzhou:uid/1250000000:examplebucket-1250000000/doc/*"}]}"#;
/// let policy = parse(text, DocumentKind::Session, &owner)?;
/// assert_eq!(policy.statements().len(), 1);
/// # Ok::<(), daypass_policy::PolicyError>(())
/// ```
pub fn parse(text: &str, kind: DocumentKind, owner: &OwnerAccount) -> Result<Policy, PolicyError> {
    let Json::Object(mut fields) = json::read(text, kind.limit())? else {
        return Err(PolicyErrorKind::NotAnObject.into());
    };
    check_version(fields.take("version")?, kind)?;
    let reader = Reader { kind, owner };
    let shared = fields
        .take("principal")?
        .map(|principal| reader.principals(principal))
        .transpose()?;
    let statements = fields.take("statement")?;
    if let Some(name) = fields.leftover() {
        return Err(PolicyError::new(PolicyErrorKind::UnknownElement, name));
    }
    let statements = match statements {
        Some(Json::List(statements)) => statements,
        Some(Json::Object(single)) => vec![Json::Object(single)],
        _ => return Err(PolicyErrorKind::Statement.into()),
    };
    match statements.len() {
        0 => return Err(PolicyErrorKind::Statement.into()),
        1..=MAX_STATEMENTS => {}
        _ => return Err(PolicyErrorKind::TooMany.into()),
    }
    let read = |(index, statement)| {
        reader
            .statement(statement, shared.as_ref())
            .map_err(|error: PolicyError| error.in_statement(index))
    };
    let statements = statements
        .into_iter()
        .enumerate()
        .map(read)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Policy {
        kind,
        owner: *owner,
        index: Index::new(&statements),
        statements,
    })
}

fn check_version(version: Option<Json>, kind: DocumentKind) -> Result<(), PolicyError> {
    match version {
        Some(Json::Text(version)) if version == "2.0" => Ok(()),
        None if kind == DocumentKind::Session => Ok(()),
        Some(Json::Text(version)) => Err(PolicyError::new(PolicyErrorKind::Version, &version)),
        _ => Err(PolicyErrorKind::Version.into()),
    }
}

/// Reads the parts of a document of one kind.
struct Reader<'a> {
    kind: DocumentKind,
    owner: &'a OwnerAccount,
}

/// The principals of a statement; `None` once a session's meaningless "everybody" has been dropped.
type Principals = Option<Vec<PrincipalPattern>>;

impl Reader<'_> {
    fn statement(&self, statement: Json, shared: Option<&Principals>) -> Result<Statement, PolicyError> {
        let Json::Object(mut fields) = statement else {
            return Err(PolicyErrorKind::Statement.into());
        };
        let [sid, effect, action, resource, condition] = [
            fields.take("sid")?,
            fields.take("effect")?,
            fields.take("action")?,
            fields.take("resource")?,
            fields.take("condition")?,
        ];
        let principals = self.statement_principals(&mut fields, shared)?;
        // Before what is missing: whoever writes `notAction` wants to hear of that, not of a missing action.
        if let Some(name) = fields.leftover() {
            return Err(PolicyError::new(PolicyErrorKind::Statement, name));
        }
        let sid = parse_sid(sid)?;
        let effect = parse_effect(effect)?;
        let actions = parse_actions(action)?;
        let resources = self.resources(resource)?;
        let conditions = self.conditions(condition)?;
        Ok(Statement {
            sid,
            effect,
            principals,
            actions,
            resources,
            conditions,
        })
    }

    fn resources(&self, resources: Option<Json>) -> Result<Option<Vec<ResourcePattern>>, PolicyError> {
        match (resources, self.kind) {
            (None, DocumentKind::Trust) => Ok(None),
            (Some(_), DocumentKind::Trust) => Err(PolicyErrorKind::ResourceForbidden.into()),
            (None, _) => Err(PolicyErrorKind::ResourceMissing.into()),
            (Some(resources), _) => {
                let texts = texts(resources, PolicyErrorKind::ResourceSyntax)?;
                if texts.is_empty() {
                    return Err(PolicyErrorKind::ResourceMissing.into());
                }
                let own_only = self.kind.owns_resources();
                let read = |text: &String| ResourcePattern::parse(text, self.owner, own_only);
                texts.iter().map(read).collect::<Result<_, _>>().map(Some)
            }
        }
    }

    fn statement_principals(
        &self,
        fields: &mut Fields,
        shared: Option<&Principals>,
    ) -> Result<Principals, PolicyError> {
        let own = fields
            .take("principal")?
            .map(|principal| self.principals(principal))
            .transpose()?;
        match (own, shared) {
            (Some(_), Some(_)) => Err(PolicyError::new(PolicyErrorKind::DuplicateElement, "principal")),
            (Some(own), None) => Ok(own),
            (None, Some(shared)) => Ok(shared.clone()),
            (None, None) => match self.kind {
                DocumentKind::Identity | DocumentKind::Session => Ok(None),
                DocumentKind::Bucket | DocumentKind::Trust => Err(PolicyErrorKind::PrincipalMissing.into()),
            },
        }
    }

    fn principals(&self, principal: Json) -> Result<Principals, PolicyError> {
        if self.kind == DocumentKind::Identity {
            return Err(PolicyErrorKind::PrincipalForbidden.into());
        }
        let principals = match principal {
            Json::Text(text) if text == "*" => vec![PrincipalPattern::parse_qcs(&text, self.kind)?],
            Json::Object(fields) => self.principal_lists(fields)?,
            _ => return Err(PolicyErrorKind::Principal.into()),
        };
        if self.kind != DocumentKind::Session {
            return Ok(Some(principals));
        }
        // Official SDKs write "everybody" here, which adds nothing; anybody else would be a different
        // policy from the one that is evaluated.
        match principals
            .iter()
            .all(|principal| *principal == PrincipalPattern::Everyone)
        {
            true => Ok(None),
            false => Err(PolicyErrorKind::PrincipalForbidden.into()),
        }
    }

    fn principal_lists(&self, mut fields: Fields) -> Result<Vec<PrincipalPattern>, PolicyError> {
        let mut principals = Vec::new();
        for text in principal_list(&mut fields, "qcs")? {
            principals.push(PrincipalPattern::parse_qcs(&text, self.kind)?);
        }
        for text in principal_list(&mut fields, "service")? {
            principals.push(PrincipalPattern::parse_service(&text)?);
        }
        if self.kind == DocumentKind::Trust {
            for text in principal_list(&mut fields, "federated")? {
                principals.push(PrincipalPattern::parse_federated(&text)?);
            }
        }
        match fields.leftover() {
            Some(name) => Err(PolicyError::new(PolicyErrorKind::Principal, name)),
            None if principals.is_empty() => Err(PolicyErrorKind::PrincipalMissing.into()),
            None => Ok(principals),
        }
    }

    fn conditions(&self, condition: Option<Json>) -> Result<Vec<Condition>, PolicyError> {
        condition.map_or(Ok(Vec::new()), |condition| {
            condition::parse(condition, self.owner)
        })
    }
}

fn parse_sid(sid: Option<Json>) -> Result<Option<String>, PolicyError> {
    match sid {
        None => Ok(None),
        Some(Json::Text(sid)) => Ok(Some(sid)),
        Some(_) => Err(PolicyError::new(PolicyErrorKind::Statement, "sid")),
    }
}

fn parse_effect(effect: Option<Json>) -> Result<Effect, PolicyError> {
    match effect {
        Some(Json::Text(effect)) if effect.eq_ignore_ascii_case("allow") => Ok(Effect::Allow),
        Some(Json::Text(effect)) if effect.eq_ignore_ascii_case("deny") => Ok(Effect::Deny),
        Some(Json::Text(effect)) => Err(PolicyError::new(PolicyErrorKind::Effect, &effect)),
        _ => Err(PolicyErrorKind::Effect.into()),
    }
}

fn parse_actions(actions: Option<Json>) -> Result<Vec<ActionPattern>, PolicyError> {
    let actions = actions.ok_or(PolicyErrorKind::ActionMissing)?;
    let texts = texts(actions, PolicyErrorKind::Action)?;
    if texts.is_empty() {
        return Err(PolicyErrorKind::ActionMissing.into());
    }
    texts.iter().map(|text| ActionPattern::parse(text)).collect()
}

fn principal_list(fields: &mut Fields, name: &str) -> Result<Vec<String>, PolicyError> {
    match fields.take_exact(name) {
        None => Ok(Vec::new()),
        Some(list) => {
            let texts = texts(list, PolicyErrorKind::Principal)?;
            if texts.is_empty() {
                Err(PolicyErrorKind::PrincipalMissing.into())
            } else {
                Ok(texts)
            }
        }
    }
}

/// A text, or a list of texts, as the language allows everywhere.
fn texts(value: Json, otherwise: PolicyErrorKind) -> Result<Vec<String>, PolicyError> {
    let values = match value {
        Json::List(values) if values.len() > MAX_LIST => return Err(PolicyErrorKind::TooMany.into()),
        Json::List(values) => values,
        single => vec![single],
    };
    let text = |value| match value {
        Json::Text(text) => Ok(text),
        _ => Err(otherwise.into()),
    };
    values.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests;
