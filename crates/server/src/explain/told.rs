//! What a request leaves for its explanation, and the explanation made of it.

use daypass_access::{Caller, Decision, Environment, Facts, Identity, Layers, Principal, Question, Vouched};
use daypass_api::attributes::Attributes;
use daypass_api::names::Uin;
use daypass_api::requirement::Requirements;
use daypass_api::{ErrorCode, Timestamp};
use daypass_explain::{Cause, Explanation, Who, reasons};

/// Most items of a batch that are looked at: a batch is refused for each item alone, and mostly for one reason.
const MAX_ITEMS: usize = 8;

/// What is noted while a request is answered. A request that is allowed notes nothing.
#[derive(Default)]
pub(crate) struct Grounds {
    /// Who asks, or says so.
    pub(crate) caller: Option<Identity>,
    /// Whether it is so.
    pub(crate) proven: bool,
    /// What refused it before the policies.
    pub(crate) cause: Option<Cause>,
    /// What the policies were asked.
    pub(crate) decided: Option<Box<Decided>>,
}

/// Everything that a decision was made of.
pub(crate) struct Decided {
    pub(crate) requirements: Requirements,
    pub(crate) caller: Caller,
    pub(crate) layers: Layers,
    pub(crate) facts: Facts,
    pub(crate) attributes: Attributes,
    pub(crate) environment: Environment,
    pub(crate) decision: Decision,
    omitted: usize,
}

/// A request that is to be explained.
pub(crate) struct Told {
    pub(crate) request_id: String,
    pub(crate) now: Timestamp,
    pub(crate) method: String,
    pub(crate) operation: Option<&'static str>,
    pub(crate) code: Option<ErrorCode>,
    /// The root of the account that owns the bucket, where the request names one.
    pub(crate) owner: Option<Uin>,
    pub(crate) grounds: Grounds,
}

impl Decided {
    /// What a question was decided by, as much of it as will be told.
    pub(crate) fn of(requirements: &Requirements, question: &Question<'_>, decision: &Decision) -> Self {
        let (requirements, omitted) = refused(requirements, decision);
        Self {
            requirements,
            caller: question.caller.clone(),
            layers: question.layers.clone(),
            facts: question.facts.clone(),
            attributes: question.attributes.clone(),
            environment: *question.environment,
            decision: decision.clone(),
            omitted,
        }
    }
}

/// Of a batch the first items that were refused, and how many more there were.
fn refused(requirements: &Requirements, decision: &Decision) -> (Requirements, usize) {
    let Requirements::Each(each) = requirements else {
        return (requirements.clone(), 0);
    };
    let whole = decision.is_whole();
    let told = |(_, allowed): &(_, &bool)| whole || !**allowed;
    let of_interest = || each.iter().zip(&decision.items).filter(told);
    let kept = of_interest()
        .take(MAX_ITEMS)
        .map(|(requirement, _)| requirement.clone());
    let omitted = of_interest().count().saturating_sub(MAX_ITEMS);
    (Requirements::Each(kept.collect()), omitted)
}

impl Told {
    fn who(&self) -> Option<Who> {
        let vouched = self
            .grounds
            .decided
            .as_ref()
            .and_then(|decided| match &decided.caller {
                Caller::Vouched(vouched) => Some(of_provider(vouched)),
                Caller::Anonymous | Caller::Identified(_) => None,
            });
        let identity = self.grounds.caller.as_ref();
        vouched.or_else(|| identity.map(|identity| who(identity, self.grounds.proven)))
    }

    /// The explanation, with all that is known; who asks for it sees what is his.
    pub(crate) fn explain(&self) -> Explanation {
        let grounds = &self.grounds;
        let reasons = grounds.decided.as_ref().map(|decided| {
            let question = Question {
                caller: &decided.caller,
                layers: &decided.layers,
                facts: &decided.facts,
                attributes: &decided.attributes,
                environment: &decided.environment,
            };
            let mut reasons = reasons(&decided.requirements, &question, &decided.decision);
            reasons.omitted += decided.omitted;
            reasons
        });
        let judged = reasons.iter().flat_map(|reasons| &reasons.judgements);
        let owners = judged.filter_map(|judgement| judgement.owner_uin);
        let mut owners: Vec<u64> = owners.chain(self.owner.map(|owner| owner.0)).collect();
        owners.sort_unstable();
        owners.dedup();
        Explanation {
            request_id: self.request_id.clone(),
            time: self.now.unix_millis(),
            method: self.method.clone(),
            operation: self.operation.map(str::to_owned),
            code: self.code.map(|code| code.name().to_owned()),
            caller: self.who(),
            owners,
            cause: grounds.cause.clone(),
            reasons,
            withheld: false,
        }
    }
}

/// Somebody whom an identity provider vouches for has no account here: what he asks for is the provider's account's to know.
fn of_provider(vouched: &Vouched) -> Who {
    let owner = vouched.account.owner_uin;
    Who {
        proven: true,
        owner_uin: owner.0,
        principal: format!("qcs::cam::uin/{owner}:oidc-provider/{}", vouched.name),
        ..Who::default()
    }
}

fn who(identity: &Identity, proven: bool) -> Who {
    let owner = identity.account.owner_uin;
    let principal = match &identity.principal {
        Principal::User(uin) if *uin == owner => format!("qcs::cam::uin/{owner}:root"),
        Principal::User(uin) => format!("qcs::cam::uin/{owner}:uin/{uin}"),
        Principal::Role { name, .. } => format!("qcs::cam::uin/{owner}:roleName/{}", name.as_str()),
    };
    let key = match &identity.session {
        Some(session) => Some(daypass_token::temporary_key_id(session.id)),
        None => identity.origin.key().cloned(),
    };
    Who {
        proven,
        owner_uin: owner.0,
        principal,
        access_key_id: key.map(|key| key.as_str().to_owned()),
        session_name: identity.session.as_ref().map(|session| session.name.to_string()),
    }
}
