//! Resource patterns: `*` and `qcs:project:service:region:account:path`.
//!
//! A pattern that could never match anything (a bucket without its number, an old short region) is refused
//! when it is read: in a deny it would look like protection and give none.

use crate::document::{Effect, OwnerAccount};
use crate::error::{PolicyError, PolicyErrorKind};
use crate::glob::{self, Glob};
use crate::principal::account_number;
use crate::request::{Resource, Spelling};

/// Region names of old times, which no bucket here has.
const SHORT_REGIONS: [&str; 8] = ["gz", "sh", "bj", "ca", "sg", "hk", "cd", "de"];

/// A pattern for resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcePattern {
    /// As written, with the legacy `prefix//` form rewritten.
    text: String,
    /// `None` for the bare `*`.
    parts: Option<Parts>,
}

/// The service segment of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// The object store.
    Cos,
    /// Data processing; accepted in documents, offered by nobody here.
    Ci,
    /// Access management.
    Cam,
    /// The token service.
    Sts,
    /// Any service, `*`.
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    service: Service,
    /// `None` for every region.
    region: Option<Glob>,
    account: Account,
    path: Glob,
    /// Whether the path has variables, which the object store does not fill in.
    has_variables: bool,
}

/// The owner by its two numbers, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Account {
    app_id: Option<u64>,
    owner_uin: Option<u64>,
}

/// The resource of a request next to what a pattern needs to know about the question.
pub(crate) struct Subject<'a> {
    pub(crate) resource: &'a Resource<'a>,
    pub(crate) names: [Option<&'a str>; 2],
    pub(crate) caller: Option<u64>,
}

impl ResourcePattern {
    /// Reads a pattern; `own_only` refuses those that name another account.
    pub(crate) fn parse(text: &str, owner: &OwnerAccount, own_only: bool) -> Result<Self, PolicyError> {
        if text == "*" {
            return Ok(ResourcePattern {
                text: text.to_owned(),
                parts: None,
            });
        }
        parse_segments(text, owner, own_only).map_err(|kind| PolicyError::new(kind, text))
    }

    /// The pattern as written, with the legacy `prefix//` form rewritten.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether this is the bare `*`.
    pub fn is_everything(&self) -> bool {
        self.parts.is_none()
    }

    /// The service that the pattern names; [`Service::Any`] for the bare `*`.
    pub fn service(&self) -> Service {
        self.parts.as_ref().map_or(Service::Any, |parts| parts.service)
    }

    /// The path segment, or `*` for the bare `*`.
    pub fn path(&self) -> &str {
        self.text.splitn(6, ':').nth(5).unwrap_or("*")
    }

    /// The region segment; empty when every region is meant.
    pub fn region(&self) -> &str {
        let region = self.text.split(':').nth(3).unwrap_or_default();
        if region == "*" { "" } else { region }
    }

    /// The full name of the bucket when the pattern names exactly one.
    pub fn bucket(&self) -> Option<&str> {
        let (bucket, _) = self.path().split_once('/')?;
        (self.service() == Service::Cos && !bucket.contains('*')).then_some(bucket)
    }

    /// The application id of the account whose resources are meant; `None` where that is not known, and for
    /// the bare `*`.
    pub fn app_id(&self) -> Option<u64> {
        self.parts.as_ref().and_then(|parts| parts.account.app_id)
    }

    /// The account number of the root whose resources are meant; `None` as in [`ResourcePattern::app_id`].
    pub fn owner_uin(&self) -> Option<u64> {
        self.parts.as_ref().and_then(|parts| parts.account.owner_uin)
    }

    /// Whether the path has policy variables, which the object store does not fill in.
    pub fn has_variables(&self) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.has_variables)
    }

    /// What the name of everything that the pattern covers begins with.
    pub(crate) fn beginning(&self) -> &str {
        self.parts.as_ref().map_or("", |parts| parts.path.beginning())
    }

    /// Whether the pattern covers a resource, for the account that owns the document.
    ///
    /// A name that hangs on an unknown caller counts as covered by a deny and not by an allow.
    pub(crate) fn covers(&self, subject: &Subject<'_>, effect: Effect) -> bool {
        match &self.parts {
            None => true,
            Some(parts) => parts.covers(subject, effect),
        }
    }
}

impl Parts {
    fn covers(&self, subject: &Subject<'_>, effect: Effect) -> bool {
        let in_scope = match *subject.resource {
            Resource::Operation => false,
            Resource::Cos { region, app_id, .. } => {
                matches!(self.service, Service::Cos | Service::Any)
                    && self.account.app_id == Some(app_id)
                    && self
                        .region
                        .as_ref()
                        .is_none_or(|glob| glob.matches(region, None) == Some(true))
                    && !self.has_variables
            }
            Resource::Cam { owner_uin, .. } => {
                matches!(self.service, Service::Cam | Service::Any) && self.is_global_of(owner_uin)
            }
            Resource::Role { owner_uin, .. } => {
                matches!(self.service, Service::Cam | Service::Sts | Service::Any)
                    && self.is_global_of(owner_uin)
            }
        };
        in_scope
            && subject
                .names
                .iter()
                .flatten()
                .any(|name| self.covers_name(name, subject.caller, effect))
    }

    /// Whether this is about a resource without a region, of this account.
    fn is_global_of(&self, owner_uin: u64) -> bool {
        self.region.is_none() && self.account.owner_uin == Some(owner_uin)
    }

    fn covers_name(&self, name: &str, caller: Option<u64>, effect: Effect) -> bool {
        self.path.matches(name, caller).unwrap_or(effect == Effect::Deny)
    }
}

impl Resource<'_> {
    pub(crate) fn spell(&self) -> Spelling {
        Spelling::of(self)
    }

    /// Whether the resource belongs to another account than this one.
    pub(crate) fn is_foreign_to(&self, owner: &OwnerAccount) -> bool {
        match *self {
            Resource::Operation => false,
            Resource::Cos { app_id, .. } => app_id != owner.app_id,
            Resource::Cam { owner_uin, .. } | Resource::Role { owner_uin, .. } => {
                owner_uin != owner.owner_uin
            }
        }
    }
}

fn parse_segments(
    text: &str,
    owner: &OwnerAccount,
    own_only: bool,
) -> Result<ResourcePattern, PolicyErrorKind> {
    let mut segments = text.splitn(6, ':');
    let mut next = || segments.next().ok_or(PolicyErrorKind::ResourceSyntax);
    let (qcs, project, service, region, account, path) =
        (next()?, next()?, next()?, next()?, next()?, next()?);
    if qcs != "qcs" {
        return Err(PolicyErrorKind::ResourceQcs);
    }
    if !project.is_empty() {
        return Err(PolicyErrorKind::ResourceProject);
    }
    let service_name = service;
    let service = parse_service(service)?;
    let region_glob = parse_region(region, service)?;
    let account_name = account;
    let account = parse_account(account, service, owner)?;
    let foreign = if own_only {
        PolicyErrorKind::ForeignResource
    } else {
        PolicyErrorKind::ResourceContent
    };
    if own_only && account != Account::of(owner) {
        return Err(foreign);
    }
    let path = if service == Service::Cos {
        settle_cos_path(path, account, foreign)?
    } else {
        path.to_owned()
    };
    if path.is_empty() {
        return Err(PolicyErrorKind::ResourceContent);
    }
    let text = format!("qcs::{service_name}:{region}:{account_name}:{path}");
    let path_glob = Glob::template(&path, owner);
    let has_variables = glob::has_variable(&path);
    let parts = Parts {
        service,
        region: region_glob,
        account,
        path: path_glob,
        has_variables,
    };
    Ok(ResourcePattern {
        text,
        parts: Some(parts),
    })
}

fn parse_service(text: &str) -> Result<Service, PolicyErrorKind> {
    match text {
        "cos" => Ok(Service::Cos),
        "ci" => Ok(Service::Ci),
        "cam" => Ok(Service::Cam),
        "sts" => Ok(Service::Sts),
        "*" => Ok(Service::Any),
        _ => Err(PolicyErrorKind::ResourceService),
    }
}

fn parse_region(text: &str, service: Service) -> Result<Option<Glob>, PolicyErrorKind> {
    if text.is_empty() || text == "*" {
        return Ok(None);
    }
    let is_legal =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'*';
    let is_global = matches!(service, Service::Cam | Service::Sts);
    if is_global || !text.bytes().all(is_legal) || SHORT_REGIONS.contains(&text) {
        return Err(PolicyErrorKind::ResourceRegion);
    }
    Ok(Some(Glob::pattern(text)))
}

fn parse_account(text: &str, service: Service, owner: &OwnerAccount) -> Result<Account, PolicyErrorKind> {
    if text.is_empty() {
        return Ok(Account::of(owner));
    }
    let by_app_id = matches!(service, Service::Cos | Service::Ci | Service::Any);
    let by_uin = matches!(service, Service::Cam | Service::Sts | Service::Any);
    match text.split_once('/') {
        Some(("uid", number)) if by_app_id => {
            account_number(number).map(|app_id| match app_id == owner.app_id {
                true => Account::of(owner),
                false => Account {
                    app_id: Some(app_id),
                    owner_uin: None,
                },
            })
        }
        Some(("uin", number)) if by_uin => account_number(number).map(|uin| match uin == owner.owner_uin {
            true => Account::of(owner),
            false => Account {
                app_id: None,
                owner_uin: Some(uin),
            },
        }),
        _ => None,
    }
    .ok_or(PolicyErrorKind::ResourceAccount)
}

impl Account {
    fn of(owner: &OwnerAccount) -> Self {
        Account {
            app_id: Some(owner.app_id),
            owner_uin: Some(owner.owner_uin),
        }
    }
}

/// Rewrites the legacy form and sees to it that the path can name something of the account.
fn settle_cos_path(
    path: &str,
    account: Account,
    foreign: PolicyErrorKind,
) -> Result<String, PolicyErrorKind> {
    let path = match path.strip_prefix("prefix//") {
        Some(legacy) => rewrite_legacy(legacy, account, foreign)?,
        None => path.to_owned(),
    };
    let Some((bucket, _)) = path.split_once('/') else {
        // Everything in a bucket is behind its slash; only a wildcard reaches over it.
        return if path.contains('*') {
            Ok(path)
        } else {
            Err(PolicyErrorKind::ResourceContent)
        };
    };
    if !bucket.contains('*') {
        let (name, number) = bucket.rsplit_once('-').ok_or(PolicyErrorKind::ResourceContent)?;
        let app_id = account_number(number).ok_or(PolicyErrorKind::ResourceContent)?;
        if name.is_empty() {
            return Err(PolicyErrorKind::ResourceContent);
        }
        if account.app_id != Some(app_id) {
            return Err(foreign);
        }
    }
    Ok(path)
}

/// `<appid>/<bucket without appid>/<key>` to `<bucket>-<appid>/<key>`; `<appid>/*` to `*`.
///
/// A wildcard within the bucket's name has no equal in the new form.
fn rewrite_legacy(
    legacy: &str,
    account: Account,
    foreign: PolicyErrorKind,
) -> Result<String, PolicyErrorKind> {
    let (number, rest) = legacy.split_once('/').ok_or(PolicyErrorKind::ResourceContent)?;
    let app_id = account_number(number).ok_or(PolicyErrorKind::ResourceContent)?;
    if account.app_id != Some(app_id) {
        return Err(foreign);
    }
    match rest.split_once('/') {
        None if rest == "*" => Ok(rest.to_owned()),
        Some((bucket, key)) if !bucket.contains('*') => Ok(format!("{bucket}-{app_id}/{key}")),
        _ => Err(PolicyErrorKind::ResourceContent),
    }
}

#[cfg(test)]
mod tests;
