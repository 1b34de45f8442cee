//! From a claimed key to its live record, and from a proven credential to a caller with policies.
//!
//! Identities change seldom and are asked for by every request, so what was read is kept until the store's identity
//! generation moves: one small read tells. INVARIANT: nothing is served from here that is older than the snapshot's
//! generation, so a detached policy, a group that was left, or a disabled key counts on the very next request.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use daypass_access::credential::{Credential, KeyRecord, Opened, present};
use daypass_access::verify::Claim;
use daypass_access::{Caller, Layers, StoredPolicy};
use daypass_api::names::{AccessKeyId, Account, Uin};
use daypass_api::operation::AccessKeyStatus;
use daypass_api::secret::SecretKey;
use daypass_api::{Error, ErrorCode};
use daypass_policy::DocumentKind;
use daypass_store::View;
use daypass_store::identity::{StoredAccessKey, WrappedSecret};

use crate::audit::Spelling;
use crate::bootstrap::StoredRing;
use crate::metrics::CacheMeter;
use crate::roles::KnownRole;
use crate::service::Service;

/// Most permanent keys, and most roles, that are kept at once.
const MAX_KEPT: usize = 10_000;

/// A permanent key with everything that hangs on it.
#[derive(Debug)]
pub(crate) struct Known {
    record: KeyRecord,
    identity_exists: bool,
    policies: Arc<[StoredPolicy]>,
    boundary: Option<StoredPolicy>,
    spelling: Spelling,
}

/// Who presents a key, as long as nothing about it is verified.
pub(crate) struct Presenter {
    /// The secret and the identity that the key claims.
    pub(crate) credential: Credential,
    /// The permanent key that it rests on, if it does, with its policies; read once for the whole request.
    known: Option<Arc<Known>>,
    /// The roles that it rests on and that exist; that of the session itself, if it is one of a role, is the last one.
    roles: Vec<Arc<KnownRole>>,
    /// How the key's holder is spelled in records.
    pub(crate) spelling: Spelling,
}

/// What was read of one kind of identities, as of one generation.
pub(crate) struct IdentityCache<K, V> {
    pub(crate) meter: CacheMeter,
    state: Mutex<(u64, HashMap<K, Arc<V>>)>,
}

impl<K, V> Default for IdentityCache<K, V> {
    fn default() -> Self {
        Self {
            meter: CacheMeter::default(),
            state: Mutex::default(),
        }
    }
}

impl<K: Clone + Eq + Hash, V> IdentityCache<K, V> {
    pub(crate) fn find(&self, generation: u64, id: &K) -> Option<Arc<V>> {
        let state = self.state.lock().ok()?;
        if state.0 == generation {
            state.1.get(id).cloned()
        } else {
            None
        }
    }

    pub(crate) fn keep(&self, generation: u64, id: &K, known: &Arc<V>) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        // A snapshot older than what is kept must not bring the past back.
        if generation < state.0 {
            return;
        }
        if generation > state.0 || state.1.len() >= MAX_KEPT {
            *state = (generation, HashMap::new());
        }
        state.1.insert(id.clone(), Arc::clone(known));
    }
}

impl Service {
    /// The secret that must have signed, and who that would make the caller. Nothing is verified yet.
    pub(crate) async fn credential(&self, view: &View, claim: &Claim) -> Result<Presenter, Error> {
        let generation = view.identity_generation().await?;
        // Whoever presents a key: who cannot open the ring cannot know what other gateways ended.
        let ring = self.key_ring.as_of(view, generation).await?;
        let mut spelling = None;
        let presented = present(claim.key_id(), claim.token(), |key_id, token| {
            let (opened, spelled) = self.opened(&ring, key_id, token)?;
            spelling = Some(spelled);
            Ok(opened)
        })?;
        let known = match presented.permanent_key() {
            Some(id) => self.known(view, generation, id).await?,
            None => None,
        };
        let provider = match presented.provider() {
            Some(name) => self.live_provider(view, name).await?,
            None => None,
        };
        // A temporary key is spelled as itself, and a permanent one as what is known of it.
        let spelling = spelling.or_else(|| known.as_ref().map(|known| Arc::clone(&known.spelling)));
        let record = known.as_deref().map(|known| &known.record);
        let identity_exists = known.as_deref().is_some_and(|known| known.identity_exists);
        let roles = self.known_roles(view, generation, &presented.roles()).await?;
        let live: Vec<_> = roles.iter().map(|role| role.live.clone()).collect();
        let credential = presented.join(record, identity_exists, provider, &live)?;
        Ok(Presenter {
            credential,
            known,
            roles,
            spelling: spelling.unwrap_or_default(),
        })
    }

    /// The caller that a verified credential proves, with the policies that bind it.
    pub(crate) fn caller(&self, presenter: Presenter) -> Result<(Caller, Layers), Error> {
        let Credential {
            identity,
            session_policies,
            ..
        } = presenter.credential;
        let (own, boundary) = match identity.role() {
            None => {
                let known = presenter.known.ok_or(ErrorCode::UnknownAccessKey)?;
                (Arc::clone(&known.policies), known.boundary.clone())
            }
            // A role's rights and its bounds are its own, and not those of whoever acts as it.
            Some(id) => {
                let role = presenter.roles.last().filter(|role| role.live.id == id);
                let role = role.ok_or(ErrorCode::DisabledAccessKey)?;
                (Arc::clone(&role.policies), role.boundary.clone())
            }
        };
        let layers = Layers {
            identity: own,
            boundary,
            session: session_policies,
        };
        Ok((Caller::Identified(identity), layers))
    }

    fn opened(
        &self,
        ring: &StoredRing,
        key_id: &AccessKeyId,
        token: &str,
    ) -> Result<(Arc<Opened>, Spelling), Error> {
        ring.opened
            .find_or(key_id, token, &self.metrics.opened_tokens, || {
                Opened::open(&ring.ring, key_id, token, |text, account| {
                    self.policies.compile(text, DocumentKind::Session, account)
                })
            })
    }

    async fn known(
        &self,
        view: &View,
        generation: u64,
        id: &AccessKeyId,
    ) -> Result<Option<Arc<Known>>, Error> {
        let found = self.identities.find(generation, id);
        if let Some(known) = self.identities.meter.count(found) {
            return Ok(Some(known));
        }
        let Some(known) = self.read_known(view, id).await? else {
            return Ok(None);
        };
        let known = Arc::new(known);
        self.identities.keep(generation, id, &known);
        Ok(Some(known))
    }

    /// The secret of a key. What the view of a request shows may be wrapped under a master key whose exchange has ended
    /// since: then the store has it under the one that took its place.
    async fn secret(&self, stored: &StoredAccessKey) -> Result<SecretKey, Error> {
        let id = &stored.id;
        let unwrap = |wrapped: &WrappedSecret| self.masters.keys().unwrap_secret(id, &wrapped.wrapped);
        if let Ok(secret) = unwrap(&stored.secret) {
            return Ok(secret);
        }
        let fresh = self.store.view().await?.access_key(id).await?;
        let fresh = fresh.ok_or(ErrorCode::UnknownAccessKey)?;
        unwrap(&fresh.secret).map_err(|error| {
            tracing::error!(%error, access_key_id = %id, "a secret could not be unwrapped");
            Error::new(ErrorCode::InternalError)
        })
    }

    /// The policies of a user, those of its groups too, and its boundary, as they are in the view.
    pub(crate) async fn own_policies(
        &self,
        view: &View,
        account: Account,
        uin: Uin,
    ) -> Result<(Vec<StoredPolicy>, Option<StoredPolicy>), Error> {
        let compile = |text: &str| self.policies.compile(text, DocumentKind::Identity, account);
        let attached = view.attached_policies(account.owner_uin, uin).await?;
        let boundary = view.boundary(account.owner_uin, uin).await?;
        let policies = attached.iter().map(|(_, text)| compile(text)).collect();
        Ok((policies, boundary.map(|text| compile(&text))))
    }

    async fn read_known(&self, view: &View, id: &AccessKeyId) -> Result<Option<Known>, Error> {
        let Some(stored) = view.access_key(id).await? else {
            return Ok(None);
        };
        let secret = self.secret(&stored).await?;
        let (account, uin) = (stored.account, stored.uin);
        let is_root = uin == account.owner_uin;
        let identity_exists = is_root || view.user(account.owner_uin, uin).await?.is_some();
        let (policies, boundary) = self.own_policies(view, account, uin).await?;
        let disabled = view.is_account_disabled(account.owner_uin).await?;
        let active = stored.status == AccessKeyStatus::Active && !disabled;
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
            policies: policies.into(),
            boundary,
            spelling: Spelling::default(),
        }))
    }
}
