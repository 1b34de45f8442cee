//! Policies of temporary keys, judged when the keys are minted, for the audit trail and for whoever asks.
//!
//! What is found depends on the policy, on the rights that it narrows and on little else, so it is kept under a digest
//! of these, until the store's identity generation moves. A policy that was not seen before takes some tenth of a
//! millisecond, one made to be dear some milliseconds: that is done on threads of its own, a few at once. For whoever asks,
//! and where the server is strict, it is always done; for the trail alone only as long as all that takes no more than a
//! small share of a processor, so that nobody makes minting dear by sending new policies. What is left out then is
//! counted, and the trail says so.

use std::sync::{Arc, Mutex};
use std::thread::available_parallelism;

use daypass_access::{Question, StoredPolicy, issue, issue_role};
use daypass_analysis::{Finding, Judgement, LayerDocuments, Minting, Severity, Verdict, judge};
use daypass_api::names::{Account, Uin};
use daypass_api::operation::{RoleRef, SessionOperation};
use daypass_api::outcome::{self, JudgedFinding, JudgedSeverity, Within};
use daypass_api::{Error, ErrorCode, Operation, Outcome};
use daypass_audit::record as trail;
use daypass_policy::{OwnerAccount, Policy};
use daypass_store::View;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Duration, Instant};

use crate::audit::Record;
use crate::bounded::Bounded;
use crate::metrics::Counter;
use crate::perform::Performed;
use crate::service::Service;

/// Memory for judgements, in bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// What a judgement takes beside its texts, and each finding, at most.
const BYTES_EACH: usize = 512;
/// Which part of the time may go into judging for the trail alone: so many microseconds of each second.
const MICROS_PER_SECOND: i64 = 50_000;
/// The most letters of a request that proves a finding.
const MAX_WITNESS_LETTERS: usize = 800;

/// The judgements that were made, and how new ones are.
pub(crate) struct Judgements {
    pub(crate) meter: JudgementMeter,
    strict: bool,
    known: Mutex<Bounded<[u8; 32], Arc<Judgement>>>,
    allowance: Arc<Allowance>,
    /// How many may be made at once.
    room: Arc<Semaphore>,
}

/// The figures of judgements.
#[derive(Debug, Default)]
pub(crate) struct JudgementMeter {
    pub(crate) known: Counter,
    pub(crate) made: Counter,
    pub(crate) skipped: Counter,
    pub(crate) refused: Counter,
}

/// A policy that is to be judged, with everything that it is judged by, as of one view.
pub(crate) struct Judging {
    policy: Option<String>,
    bounds: Bounds,
    seconds: u64,
    generation: u64,
    wanted: bool,
}

/// Whose rights a temporary key is to have, before its own policy.
struct Bounds {
    account: Account,
    /// A user's or a role's number.
    principal: u64,
    is_role: bool,
    by_root: bool,
    layers: Vec<(&'static str, Vec<StoredPolicy>)>,
    /// The texts of the policies of sessions before.
    inherited: Vec<String>,
}

impl Judgements {
    /// Where it is strict, a finding of severity E refuses.
    pub(crate) fn new(strict: bool) -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self {
            meter: JudgementMeter::default(),
            strict,
            known: Mutex::new(Bounded::new(MAX_BYTES)),
            allowance: Arc::new(Allowance::new(Instant::now())),
            room: Arc::new(Semaphore::new((processors / 2).max(1))),
        }
    }

    /// What is found; nothing where it is for the trail alone and there is too much to do.
    async fn of(&self, judging: Judging) -> Result<Option<Arc<Judgement>>, Error> {
        let name = judging.name();
        if let Some(found) = self.known.lock().ok().and_then(|mut known| known.find(&name)) {
            self.meter.known.one();
            return Ok(Some(found));
        }
        let Some(permit) = self.permit(judging.wanted).await else {
            self.meter.skipped.one();
            return Ok(None);
        };
        let allowance = Arc::clone(&self.allowance);
        let made = tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            let judgement = judging.judge();
            allowance.spend(begun.elapsed());
            drop(permit);
            Arc::new(judgement)
        });
        let judgement = made.await.map_err(|_| ErrorCode::InternalError)?;
        self.meter.made.one();
        if let Ok(mut known) = self.known.lock() {
            known.keep(name, Arc::clone(&judgement), weight(&judgement));
        }
        Ok(Some(judgement))
    }

    /// Does what somebody asked for about policies, a few at once, on threads of their own.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = Arc::clone(&self.room).acquire_owned().await;
        let permit = permit.map_err(|_| ErrorCode::InternalError)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        done.await.map_err(|_| ErrorCode::InternalError)?
    }

    async fn permit(&self, wanted: bool) -> Option<OwnedSemaphorePermit> {
        let room = Arc::clone(&self.room);
        if wanted || self.strict {
            return room.acquire_owned().await.ok();
        }
        match self.allowance.is_left(Instant::now()) {
            true => room.try_acquire_owned().ok(),
            false => None,
        }
    }
}

impl Service {
    /// What is to be judged when this is performed: the policy of a federation's key, and that of a role's where there
    /// is one.
    pub(crate) async fn judging(
        &self,
        view: &View,
        operation: &Operation,
        wanted: bool,
        question: &Question<'_>,
    ) -> Result<Option<Judging>, Error> {
        let Operation::Session(operation) = operation else {
            return Ok(None);
        };
        let (policy, duration, default, role) = match operation {
            SessionOperation::GetFederationToken(get) => {
                (&get.policy, get.duration_seconds, issue::DEFAULT_SECONDS, None)
            }
            SessionOperation::AssumeRole(assume) => (
                &assume.policy,
                assume.duration_seconds,
                issue_role::DEFAULT_ROLE_SECONDS,
                Some((assume.owner, &assume.role)),
            ),
            SessionOperation::AssumeRoleWithWebIdentity(assume) => (
                &assume.policy,
                assume.duration_seconds,
                issue_role::DEFAULT_ROLE_SECONDS,
                Some((assume.owner, &assume.role)),
            ),
            _ => return Ok(None),
        };
        let bounds = match role {
            None => own_bounds(question),
            // Without a policy of its own the key is to have just what the role has.
            Some(_) if policy.is_none() && !wanted => None,
            Some((owner, role)) => self.role_bounds(view, question, owner, role).await?,
        };
        let Some(bounds) = bounds else { return Ok(None) };
        Ok(Some(Judging {
            policy: policy.clone(),
            bounds,
            seconds: u64::try_from(duration.unwrap_or(default)).unwrap_or_default(),
            generation: view.identity_generation().await?,
            wanted,
        }))
    }

    /// Judges what was minted, before anybody has it: the trail is told, whoever asked is told, and where the server is
    /// strict, a finding of severity E refuses.
    pub(crate) async fn judged(
        &self,
        judging: Option<Judging>,
        mut performed: Performed,
        record: &mut Record,
    ) -> Result<Performed, Error> {
        let Some(judging) = judging else {
            return Ok(performed);
        };
        let wanted = judging.wanted;
        let found = self.judgements.of(judging).await?;
        record.note_judgement(recorded(found.as_deref()));
        let Some(judgement) = found else {
            return Ok(performed);
        };
        if let (true, Some(finding)) = (self.judgements.strict, judgement.error()) {
            self.judgements.meter.refused.one();
            return Err(refusal(finding));
        }
        if let (true, Outcome::TemporaryKey(key)) = (wanted, &mut performed.outcome) {
            key.judgement = Some(Box::new(told(&judgement)));
        }
        Ok(performed)
    }

    /// A role's policies and its boundary, and where a session asks, its policies too: it keeps them all.
    async fn role_bounds(
        &self,
        view: &View,
        question: &Question<'_>,
        owner: Uin,
        role: &RoleRef,
    ) -> Result<Option<Bounds>, Error> {
        let Some(role) = question.facts.role(owner, role) else {
            return Ok(None);
        };
        let generation = view.identity_generation().await?;
        let known = self.known_roles(view, generation, &[(owner, role.id)]).await?;
        let Some(known) = known.first() else {
            return Ok(None);
        };
        let mut layers = vec![("A", known.policies.to_vec())];
        layers.extend(known.boundary.iter().map(|one| ("boundary", vec![one.clone()])));
        let steps = question.layers.session.iter();
        layers.extend(steps.map(|one| ("session", vec![one.clone()])));
        let session = question
            .caller
            .identity()
            .and_then(|caller| caller.session.as_ref());
        Ok(Some(Bounds {
            account: role.account,
            principal: role.id.0,
            is_role: true,
            by_root: false,
            layers,
            inherited: session
                .map(|session| session.policies.to_vec())
                .unwrap_or_default(),
        }))
    }
}

/// The rights of whoever asks with a permanent key; nobody else may.
fn own_bounds(question: &Question<'_>) -> Option<Bounds> {
    let identity = question.caller.identity()?;
    let by_root = identity.is_root();
    let mut layers = Vec::new();
    // A root account may do everything, whatever is attached to it.
    if !by_root {
        layers.push(("A", question.layers.identity.to_vec()));
        let boundary = question.layers.boundary.iter();
        layers.extend(boundary.map(|one| ("boundary", vec![one.clone()])));
    }
    Some(Bounds {
        account: identity.account,
        principal: identity.user()?.0,
        is_role: false,
        by_root,
        layers,
        inherited: Vec::new(),
    })
}

impl Judging {
    /// Everything that what is found depends on. Each text is led by its length, so that no two of them read alike.
    fn name(&self) -> [u8; 32] {
        let Bounds {
            account,
            principal,
            is_role,
            inherited,
            ..
        } = &self.bounds;
        let mut digest = Sha256::new();
        let numbers = [account.app_id.0, account.owner_uin.0, *principal];
        for number in numbers.into_iter().chain([self.generation, self.seconds]) {
            digest.update(number.to_be_bytes());
        }
        digest.update([u8::from(*is_role), u8::from(self.policy.is_some())]);
        for text in self.policy.iter().chain(inherited) {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        }
        digest.finalize().into()
    }

    fn judge(&self) -> Judgement {
        let bounds = &self.bounds;
        let documents: Vec<(&str, Vec<&Policy>)> = bounds
            .layers
            .iter()
            .map(|(name, layer)| (*name, readable(layer)))
            .collect();
        let layers: Vec<LayerDocuments<'_>> = documents
            .iter()
            .map(|(name, documents)| LayerDocuments { name, documents })
            .collect();
        judge(&Minting {
            policy: self.policy.as_deref(),
            owner: OwnerAccount {
                app_id: bounds.account.app_id.0,
                owner_uin: bounds.account.owner_uin.0,
            },
            layers: &layers,
            duration_seconds: Some(self.seconds),
            by_root: bounds.by_root,
        })
    }
}

/// The documents of a layer; one that cannot be read denies everything, and then nothing of the layer allows.
pub(crate) fn readable(layer: &[StoredPolicy]) -> Vec<&Policy> {
    let all: Option<Vec<&Policy>> = layer.iter().map(Option::as_deref).collect();
    all.unwrap_or_default()
}

fn weight(judgement: &Judgement) -> usize {
    let findings = judgement.findings.iter();
    findings.fold(BYTES_EACH, |sum, finding| {
        let witness = match &finding.witness {
            Some(_) => 4 * judgement.policy_bytes,
            None => 0,
        };
        sum + BYTES_EACH + finding.what.len() + witness
    })
}

/// As the trail has it: which rules, and how often.
fn recorded(found: Option<&Judgement>) -> Option<trail::Judgement> {
    let Some(judgement) = found else {
        return Some(trail::Judgement {
            unjudged: Some("busy".to_owned()),
            ..trail::Judgement::default()
        });
    };
    let mut findings: Vec<trail::JudgedRule> = Vec::new();
    for finding in &judgement.findings {
        let severity = finding.severity.letter();
        let known = findings
            .iter_mut()
            .find(|known| known.rule == finding.rule && known.severity == severity);
        match known {
            Some(known) => known.count += 1,
            None => findings.push(trail::JudgedRule {
                rule: finding.rule.to_owned(),
                severity: severity.to_owned(),
                count: 1,
            }),
        }
    }
    let is_too_large = judgement.within == Verdict::TooLarge;
    let recorded = trail::Judgement {
        findings,
        omitted: judgement.omitted as u64,
        unjudged: is_too_large.then(|| "too-large".to_owned()),
    };
    (recorded != trail::Judgement::default()).then_some(recorded)
}

/// As whoever asked is told.
fn told(judgement: &Judgement) -> outcome::Judgement {
    outcome::Judgement {
        within: match judgement.within {
            Verdict::Contained => Within::Contained,
            Verdict::NotContained => Within::NotContained,
            Verdict::Unknown => Within::Unknown,
            Verdict::TooLarge => Within::TooLarge,
        },
        findings: judgement.findings.iter().map(told_finding).collect(),
        omitted: judgement.omitted as u64,
    }
}

pub(crate) fn told_finding(finding: &Finding) -> JudgedFinding {
    let witness = finding.witness.as_ref().map(ToString::to_string);
    JudgedFinding {
        rule: finding.rule.to_owned(),
        severity: match finding.severity {
            Severity::Error => JudgedSeverity::Error,
            Severity::Warning => JudgedSeverity::Warning,
        },
        statement: finding.statement.map(|index| index as u64),
        message: format!("{}: {}", finding.title, finding.what),
        hint: finding.mend.to_owned(),
        witness: witness.map(|text| text.chars().take(MAX_WITNESS_LETTERS).collect()),
    }
}

/// The refusal of a strict server: which rule, where, and the way out.
fn refusal(finding: &Finding) -> Error {
    let place = finding.statement.map_or_else(String::new, |index| {
        format!(" in the statement {index}, counted from 0")
    });
    let text = format!(
        "this server refuses such policies, by the rule {}{place}: {}: {}; {}",
        finding.rule, finding.title, finding.what, finding.mend
    );
    Error::with_message(ErrorCode::PolicyInvalid, text)
}

/// The time that may go into judging for the trail alone. What is made for others counts, too.
struct Allowance(Mutex<Left>);

#[derive(Clone, Copy)]
struct Left {
    micros: i64,
    as_of: Instant,
}

impl Allowance {
    fn new(now: Instant) -> Self {
        Self(Mutex::new(Left {
            micros: MICROS_PER_SECOND,
            as_of: now,
        }))
    }

    fn is_left(&self, now: Instant) -> bool {
        let Ok(mut left) = self.0.lock() else {
            return false;
        };
        let passed = i64::try_from(now.duration_since(left.as_of).as_micros()).unwrap_or(i64::MAX);
        let fresh = passed.saturating_mul(MICROS_PER_SECOND) / 1_000_000;
        // What is too short to bring anything goes on counting.
        if fresh > 0 {
            *left = Left {
                micros: left.micros.saturating_add(fresh).min(MICROS_PER_SECOND),
                as_of: now,
            };
        }
        left.micros > 0
    }

    fn spend(&self, took: Duration) {
        if let Ok(mut left) = self.0.lock() {
            let micros = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
            // No debt is so large that it would not be paid within seconds.
            left.micros = left.micros.saturating_sub(micros).max(-MICROS_PER_SECOND);
        }
    }
}

#[cfg(test)]
mod tests {
    use daypass_api::names::AppId;

    use super::*;

    const FOLDER: &str = r#"{"version":"2.0","statement":[{"effect":"allow","action":"cos:GetObject",
        "resource":"qcs::cos:ap-guangzhou:uid/125:b-125/ann/*"}]}"#;

    fn judging(policy: Option<&str>) -> Judging {
        Judging {
            policy: policy.map(str::to_owned),
            bounds: Bounds {
                account: Account {
                    app_id: AppId(125),
                    owner_uin: Uin(900),
                },
                principal: 901,
                is_role: false,
                by_root: false,
                layers: Vec::new(),
                inherited: Vec::new(),
            },
            seconds: 1800,
            generation: 1,
            wanted: false,
        }
    }

    #[test]
    fn a_share_of_the_time_is_left() {
        let now = Instant::now();
        let allowance = Allowance::new(now);
        assert!(allowance.is_left(now));
        allowance.spend(Duration::from_micros(49_999));
        assert!(allowance.is_left(now));
        allowance.spend(Duration::from_micros(1));
        assert!(!allowance.is_left(now));
        assert!(!allowance.is_left(now + Duration::from_micros(19)));
        assert!(allowance.is_left(now + Duration::from_micros(20)));
        allowance.spend(Duration::from_secs(1000));
        let later = now + Duration::from_micros(20);
        assert!(!allowance.is_left(later + Duration::from_secs(1)));
        assert!(allowance.is_left(later + Duration::from_secs(2)));
    }

    #[tokio::test]
    async fn what_was_judged_is_known_and_whoever_asks_never_waits_in_vain() {
        let judgements = Judgements::new(false);
        let of = async |judging| judgements.of(judging).await.unwrap();
        let first = of(judging(Some(FOLDER))).await.unwrap();
        assert!(Arc::ptr_eq(&first, &of(judging(Some(FOLDER))).await.unwrap()));
        judgements.allowance.spend(Duration::from_secs(9));
        assert!(of(judging(None)).await.is_none());
        assert!(Arc::ptr_eq(&first, &of(judging(Some(FOLDER))).await.unwrap()));
        let wanted = Judging {
            wanted: true,
            ..judging(None)
        };
        assert!(of(wanted).await.is_some());
        let meter = &judgements.meter;
        let figures = [&meter.known, &meter.made, &meter.skipped].map(Counter::value);
        assert_eq!(figures, [2, 2, 1]);
    }

    #[test]
    fn nothing_that_matters_is_left_out_of_the_name() {
        let with = |change: &dyn Fn(&mut Judging)| {
            let mut judging = judging(Some(FOLDER));
            change(&mut judging);
            judging.name()
        };
        let names = [
            with(&|_| {}),
            with(&|one| one.policy = None),
            with(&|one| one.policy = Some(String::new())),
            with(&|one| one.seconds = 7201),
            with(&|one| one.generation = 2),
            with(&|one| one.bounds.principal = 902),
            with(&|one| one.bounds.is_role = true),
            with(&|one| one.bounds.account.owner_uin = Uin(901)),
            with(&|one| one.bounds.inherited = vec![String::new()]),
            with(&|one| one.bounds.inherited = vec![FOLDER.to_owned()]),
        ];
        for (place, name) in names.iter().enumerate() {
            assert_eq!(names.iter().position(|other| other == name), Some(place));
        }
    }

    #[test]
    fn a_layer_that_cannot_be_read_allows_nothing() {
        let owner = OwnerAccount {
            app_id: 125,
            owner_uin: 900,
        };
        let policy = daypass_policy::parse(FOLDER, daypass_policy::DocumentKind::Identity, &owner).unwrap();
        let layer = [Some(Arc::new(policy)), None];
        assert_eq!(readable(&layer[..1]).len(), 1);
        assert_eq!(readable(&layer).len(), 0);
    }
}
