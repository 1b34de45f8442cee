//! The statements of both documents side by side, and what follows once it is known which of them match.

use std::collections::BTreeMap;

use daypass_policy::{Condition, DocumentKind, Effect, Policy, ResourcePattern, Service, Statement};

use super::conditions::{excludes, implies};
use super::{Doubt, Exhausted, Scope, Work, contexts};
use crate::actions::Target;
use crate::witness::{Subject, Who, Witness};

/// The variable that stands for whoever asks.
const CALLER: &str = "${uin}";

/// How many requests are looked at for the same matching statements, when conditions leave it open.
const MAX_TRIES: usize = 4;

/// A statement and the document that it stands in.
#[derive(Debug)]
pub(super) struct Clause<'p> {
    /// Its place among all statements of both documents.
    pub(super) number: u32,
    /// Whether it is of the wide document.
    pub(super) is_wide: bool,
    pub(super) policy: &'p Policy,
    pub(super) statement: &'p Statement,
}

/// The statements of both documents.
pub(super) fn of<'p>(wide: &[&'p Policy], narrow: &'p Policy) -> Vec<Clause<'p>> {
    let side = |policy: &'p Policy, is_wide| {
        let statements = policy.statements().iter();
        statements.map(move |statement| (policy, statement, is_wide))
    };
    let both = wide
        .iter()
        .flat_map(|policy| side(policy, true))
        .chain(side(narrow, false));
    (0..)
        .zip(both)
        .map(|(number, (policy, statement, is_wide))| Clause {
            number,
            is_wide,
            policy,
            statement,
        })
        .collect()
}

/// Whether a resource hangs on the number of whoever asks.
pub(super) fn hang_on_caller(wide: &[&Policy], narrow: &Policy) -> bool {
    let policies = wide.iter().copied().chain([narrow]);
    let statements = policies.flat_map(Policy::statements);
    let mut resources = statements.flat_map(|statement| statement.resources().unwrap_or_default());
    resources.any(|resource| !matches!(resource.service(), Service::Cos) && resource.path().contains(CALLER))
}

impl<'p> Clause<'p> {
    pub(super) fn allows(&self) -> bool {
        self.statement.effect() == Effect::Allow
    }

    /// Whether requests that this statement allows are those that are asked about.
    pub(super) fn may_witness(&self) -> bool {
        !self.is_wide && self.allows()
    }

    pub(super) fn names(&self, who: &Who) -> bool {
        let principals = self.statement.principals();
        principals.is_none_or(|list| list.iter().any(|one| one.standing(&who.principal()).is_some()))
    }

    pub(super) fn covers(&self, action: &str) -> bool {
        self.statement
            .actions()
            .iter()
            .any(|pattern| pattern.covers(action))
    }

    pub(super) fn conditions(&self) -> &'p [Condition] {
        self.statement.conditions()
    }

    /// The path patterns of the statement in a scope; a star for everything there.
    pub(super) fn paths(&self, target: Target, scope: &Scope, who: &Who) -> Vec<String> {
        match self.statement.resources() {
            None if self.policy.kind() == DocumentKind::Trust => vec!["*".to_owned()],
            None => Vec::new(),
            Some(resources) => {
                let paths = resources
                    .iter()
                    .filter_map(|one| self.path(one, target, scope, who));
                paths.collect()
            }
        }
    }

    fn path(&self, resource: &ResourcePattern, target: Target, scope: &Scope, who: &Who) -> Option<String> {
        if resource.is_everything() {
            return (!self.is_out_of_reach(scope)).then(|| "*".to_owned());
        }
        let service = resource.service();
        match scope {
            Scope::Nowhere => None,
            Scope::Store { region, app_id } => {
                let is_there = matches!(service, Service::Cos | Service::Any)
                    && resource.app_id() == Some(*app_id)
                    && (resource.region().is_empty() || super::globs::contains(resource.region(), region))
                    && !resource.has_variables();
                is_there.then(|| resource.path().to_owned())
            }
            Scope::Account { owner_uin } => {
                let is_kind = match service {
                    Service::Cam | Service::Any => true,
                    Service::Sts => target == Target::Role,
                    Service::Cos | Service::Ci => false,
                };
                let is_there =
                    is_kind && resource.owner_uin() == Some(*owner_uin) && resource.region().is_empty();
                is_there.then(|| self.fill(resource.path(), who))
            }
        }
    }

    /// A user's right to everything is to everything of the own account.
    fn is_out_of_reach(&self, scope: &Scope) -> bool {
        let owner = self.policy.owner();
        let is_foreign = match scope {
            Scope::Nowhere => false,
            Scope::Store { app_id, .. } => *app_id != owner.app_id,
            Scope::Account { owner_uin } => *owner_uin != owner.owner_uin,
        };
        self.policy.kind() == DocumentKind::Identity && self.allows() && is_foreign
    }

    fn fill(&self, path: &str, who: &Who) -> String {
        let owner = self.policy.owner();
        let path = path
            .replace("${owner_uin}", &owner.owner_uin.to_string())
            .replace("${app_id}", &owner.app_id.to_string());
        match who {
            Who::Account { uin, .. } => path.replace(CALLER, &uin.to_string()),
            _ => path,
        }
    }
}

/// Judges requests by the statements that match them.
pub(super) struct Leaf<'a> {
    wide: &'a [&'a Policy],
    narrow: &'a Policy,
    who: &'a Who,
    /// The sets of matching statements that were looked at: how often yet, or `None` when they are safe.
    judged: BTreeMap<Vec<u32>, Option<usize>>,
    doubt: Option<Doubt>,
}

impl<'a> Leaf<'a> {
    pub(super) fn new(wide: &'a [&'a Policy], narrow: &'a Policy, who: &'a Who) -> Self {
        Leaf {
            wide,
            narrow,
            who,
            judged: BTreeMap::new(),
            doubt: None,
        }
    }

    /// What remained open, if anything.
    pub(super) fn into_doubt(self) -> Option<Doubt> {
        self.doubt
    }

    /// A request about the subject that only the narrow document allows, where there is one and it is found.
    pub(super) fn judge(
        &mut self,
        action: &str,
        subject: impl FnOnce() -> Subject,
        matching: &[&Clause<'_>],
        work: &mut Work,
    ) -> Result<Option<Witness>, Exhausted> {
        if !matching.iter().any(|clause| clause.may_witness()) {
            return Ok(None);
        }
        let numbers = matching.iter().map(|clause| clause.number).collect();
        let tries = self
            .judged
            .entry(numbers)
            .or_insert_with(|| (!is_safe(matching)).then_some(0));
        match tries {
            None | Some(MAX_TRIES) => return Ok(None),
            Some(tries) => *tries += 1,
        }
        let request = Witness {
            action: action.to_owned(),
            statement: None,
            subject: subject(),
            who: self.who.clone(),
            facts: Vec::new(),
        };
        let conditions: Vec<&Condition> = matching.iter().flat_map(|clause| clause.conditions()).collect();
        for mut request in contexts::requests(&request, &conditions) {
            work.spend(16 * matching.len())?;
            if let Some(statement) = request.allowing_statement(self.narrow)
                && !request.is_allowed_by_all(self.wide)
            {
                request.statement = Some(statement);
                return Ok(Some(request));
            }
        }
        let open = conditions.first();
        self.doubt.get_or_insert_with(|| {
            let name = open.map(|one| format!("{} on {}", one.operator().name(), one.key().name()));
            Doubt::Condition(name.unwrap_or_default())
        });
        Ok(None)
    }
}

/// Whether no request that exactly these statements match can be a witness, by what their conditions say.
fn is_safe(matching: &[&Clause<'_>]) -> bool {
    let side = |is_wide, allows| {
        let found = matching
            .iter()
            .filter(move |clause| clause.is_wide == is_wide && clause.allows() == allows);
        found.map(|clause| clause.conditions())
    };
    let is_refused = |when: &[Condition]| side(false, false).any(|deny| implies(when, deny));
    let is_granted = |when: &[Condition]| {
        side(true, true).any(|allow| implies(when, allow))
            && side(true, false).all(|deny| is_refused(deny) || excludes(when, deny))
    };
    side(false, true).all(|when| is_refused(when) || is_granted(when))
}
