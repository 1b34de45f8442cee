//! From a claimed key to its live record, and from a proven credential to a caller with policies.
//!
//! Identities change seldom and are asked for by every request, so what was read is kept until the store's identity
//! generation moves: one small read tells. INVARIANT: nothing is served from here that is older than the snapshot's
//! generation, so a detached policy, a group that was left, or a disabled
//! key counts on the very next request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use daypass_access::credential::{Credential, KeyRecord, present};
use daypass_access::verify::Claim;
use daypass_access::{Caller, Layers, StoredPolicy};
use daypass_api::names::{AccessKeyId, Account};
use daypass_api::operation::AccessKeyStatus;
use daypass_api::{Error, ErrorCode};
use daypass_policy::{DocumentKind, OwnerAccount};
use daypass_store::View;
use sha2::{Digest, Sha256};

use crate::service::Service;

/// Most permanent keys that are kept at once.
const MAX_KEYS: usize = 10_000;
/// Most session policies that are kept compiled.
const MAX_SESSION_POLICIES: usize = 4096;

/// A permanent key with everything that hangs on it.
#[derive(Debug)]
pub(crate) struct Known {
    record: KeyRecord,
    identity_exists: bool,
    policies: Vec<StoredPolicy>,
    boundary: Option<StoredPolicy>,
}

/// Who presents a key, as long as nothing about it is verified.
pub(crate) struct Presenter {
    /// The secret and the identity that the key claims.
    pub(crate) credential: Credential,
    /// The permanent key that it rests on, with its policies; read once for the whole request.
    known: Option<Arc<Known>>,
}

/// What was read of identities, as of one generation.
#[derive(Default)]
pub(crate) struct IdentityCache {
    state: Mutex<(u64, HashMap<AccessKeyId, Arc<Known>>)>,
}

impl IdentityCache {
    fn find(&self, generation: u64, id: &AccessKeyId) -> Option<Arc<Known>> {
        let state = self.state.lock().ok()?;
        if state.0 == generation {
            state.1.get(id).cloned()
        } else {
            None
        }
    }

    fn keep(&self, generation: u64, id: &AccessKeyId, known: &Arc<Known>) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        // A snapshot older than what is kept must not bring the past back.
        if generation < state.0 {
            return;
        }
        if generation > state.0 || state.1.len() >= MAX_KEYS {
            *state = (generation, HashMap::new());
        }
        state.1.insert(id.clone(), Arc::clone(known));
    }
}

/// Compiled session policies by what they are compiled from. Filled only from tokens that proved genuine.
#[derive(Default)]
pub(crate) struct SessionPolicyCache {
    compiled: Mutex<HashMap<[u8; 32], StoredPolicy>>,
}

impl SessionPolicyCache {
    fn compile(&self, text: &str, account: Account) -> StoredPolicy {
        let mut digest = Sha256::new();
        digest.update(account.app_id.0.to_be_bytes());
        digest.update(account.owner_uin.0.to_be_bytes());
        digest.update(text.as_bytes());
        let name: [u8; 32] = digest.finalize().into();
        if let Some(found) = self
            .compiled
            .lock()
            .ok()
            .and_then(|compiled| compiled.get(&name).cloned())
        {
            return found;
        }
        let policy = compile(text, DocumentKind::Session, account);
        if let Ok(mut compiled) = self.compiled.lock() {
            if compiled.len() >= MAX_SESSION_POLICIES {
                compiled.clear();
            }
            compiled.insert(name, policy.clone());
        }
        policy
    }
}

/// A stored document as deciding wants it: one that does not parse is kept as unreadable, which denies.
pub(crate) fn compile(text: &str, kind: DocumentKind, account: Account) -> StoredPolicy {
    let owner = OwnerAccount {
        app_id: account.app_id.0,
        owner_uin: account.owner_uin.0,
    };
    daypass_policy::parse(text, kind, &owner).ok().map(Arc::new)
}

impl Service {
    /// The secret that must have signed, and who that would make the caller. Nothing is verified yet.
    pub(crate) async fn credential(&self, view: &View, claim: &Claim) -> Result<Presenter, Error> {
        let presented = present(claim.key_id(), claim.token(), &self.ring().ring)?;
        let known = self.known(view, presented.permanent_key()).await?;
        let record = known.as_deref().map(|known| &known.record);
        let identity_exists = known.as_deref().is_some_and(|known| known.identity_exists);
        let credential = presented.join(record, identity_exists)?;
        Ok(Presenter { credential, known })
    }

    /// The caller that a verified credential proves, with the policies that bind it.
    pub(crate) fn caller(&self, presenter: Presenter) -> Result<(Caller, Layers), Error> {
        let Credential {
            identity,
            session_policies,
            ..
        } = presenter.credential;
        let known = presenter.known.ok_or(ErrorCode::UnknownAccessKey)?;
        let session = session_policies
            .iter()
            .map(|text| self.session_policies.compile(text, identity.account))
            .collect();
        let layers = Layers {
            identity: known.policies.clone(),
            boundary: known.boundary.clone(),
            session,
        };
        Ok((Caller::Identified(identity), layers))
    }

    async fn known(&self, view: &View, id: &AccessKeyId) -> Result<Option<Arc<Known>>, Error> {
        let generation = view.identity_generation().await?;
        if let Some(known) = self.identities.find(generation, id) {
            return Ok(Some(known));
        }
        let Some(known) = self.read_known(view, id).await? else {
            return Ok(None);
        };
        let known = Arc::new(known);
        self.identities.keep(generation, id, &known);
        Ok(Some(known))
    }

    async fn read_known(&self, view: &View, id: &AccessKeyId) -> Result<Option<Known>, Error> {
        let Some(stored) = view.access_key(id).await? else {
            return Ok(None);
        };
        let secret = self
            .master
            .unwrap_secret(id, &stored.secret.wrapped)
            .map_err(|error| {
                tracing::error!(%error, access_key_id = %id, "a secret could not be unwrapped");
                Error::new(ErrorCode::InternalError)
            })?;
        let (account, uin) = (stored.account, stored.uin);
        let is_root = uin == account.owner_uin;
        let identity_exists = is_root || view.user(account.owner_uin, uin).await?.is_some();
        let attached = view.attached_policies(account.owner_uin, uin).await?;
        let boundary = view.boundary(account.owner_uin, uin).await?;
        let boundary = boundary.map(|text| compile(&text, DocumentKind::Identity, account));
        let policies = attached
            .iter()
            .map(|(_, text)| compile(text, DocumentKind::Identity, account))
            .collect();
        let active = stored.status == AccessKeyStatus::Active;
        let record = KeyRecord {
            id: id.clone(),
            account,
            uin,
            active,
            secret,
        };
        Ok(Some(Known {
            record,
            identity_exists,
            policies,
            boundary,
        }))
    }
}
