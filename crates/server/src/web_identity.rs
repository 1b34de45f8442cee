//! Identity providers on the request path: what the operations on them do, and taking their word for somebody.
//!
//! Whoever sends a token is nobody until it is verified, so that everything before is bounded: how often an address may
//! ask and how often anybody may ask about one provider, and the key source bounds what is fetched. What is wrong is
//! told in words that do not tell which providers there are, nor what an issuer answered.

use std::net::{IpAddr, Ipv6Addr};

use daypass_access::Vouched;
use daypass_access::vouched::{LiveProvider, assume_role_with_web_identity};
use daypass_api::names::{Account, ProviderId, Uin};
use daypass_api::operation::{
    AssumeRoleWithWebIdentity, Operation, ProviderOperation, ProviderSettings, SessionOperation,
};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_federation::{Expected, Issuer, KeySet, KeySource, Token, Verified};
use daypass_store::View;
use daypass_store::identity::StoredProvider;

use crate::identify::IdentityCache;
use crate::rate::RateLimit;
use crate::service::Service;

/// What taking the word of identity providers needs.
pub(crate) struct Federation {
    sources: KeySource,
    private: bool,
    providers: IdentityCache<(Uin, ProviderId), LiveProvider>,
    by_address: RateLimit<IpAddr>,
    by_provider: RateLimit<(Uin, ProviderId)>,
}

/// Requests about one provider, for each that one address may make.
const ADDRESSES_OF_A_PROVIDER: u32 = 10;

impl Federation {
    /// `private` allows issuers on private addresses and without HTTPS; an address may make so many requests in a
    /// second.
    pub(crate) fn new(private: bool, per_second: u32) -> Self {
        Self {
            sources: KeySource::new(private),
            private,
            providers: IdentityCache::default(),
            by_address: RateLimit::new(per_second),
            by_provider: RateLimit::new(per_second.saturating_mul(ADDRESSES_OF_A_PROVIDER)),
        }
    }

    /// Verifies a token with the provider's own keys, or with those that its issuer has.
    async fn verify(
        &self,
        provider: &StoredProvider,
        token: &str,
        now: Timestamp,
    ) -> Result<Verified, Error> {
        let record = &provider.record;
        let token = Token::read(token).map_err(|refusal| refused(refusal.to_string()))?;
        let verified = match &record.keys {
            Some(text) => {
                let keys = KeySet::parse(text.as_bytes()).map_err(|error| {
                    tracing::error!(%error, provider = %record.name, "the keys of a provider cannot be read");
                    unavailable()
                })?;
                let expected = Expected {
                    issuer: &record.issuer,
                    audiences: &record.audiences,
                    now,
                };
                token.verify(&keys, &expected)
            }
            None => {
                let issuer = Issuer::parse(&record.issuer).map_err(|_| unavailable())?;
                let asked = self.sources.verify(&issuer, &token, &record.audiences, now);
                asked.await.map_err(|error| {
                    tracing::warn!(%error, issuer = issuer.as_str(), "the keys of an issuer cannot be had");
                    unavailable()
                })?
            }
        };
        verified.map_err(|refusal| refused(refusal.to_string()))
    }
}

fn refused(text: String) -> Error {
    Error::with_message(ErrorCode::WebIdentityTokenError, text)
}

fn unavailable() -> Error {
    refused("the keys of the identity provider are not to be had".to_owned())
}

/// Nobody has one address of a network of version 6: whoever has one has 2^64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
        },
    }
}

/// What a call without a signature asks for, if it is one that an identity provider must vouch for.
pub(crate) fn asked_of_provider(operation: &Operation) -> Option<&AssumeRoleWithWebIdentity> {
    match operation {
        Operation::Session(SessionOperation::AssumeRoleWithWebIdentity(assume)) => Some(assume),
        _ => None,
    }
}

impl Service {
    /// Takes a provider's word for whoever asks. The view that comes back is one from after the issuer was asked.
    pub(crate) async fn vouched(
        &self,
        view: View,
        assume: &AssumeRoleWithWebIdentity,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(Vouched, View), Error> {
        self.federation.by_address.count(&network(address), now)?;
        let (_, provider) = self.provider_of(&view, assume).await?;
        drop(view);
        let name = (assume.owner, provider.id);
        self.federation.by_provider.count(&name, now)?;
        let token = assume.token.expose();
        let verified = self.federation.verify(&provider, token, now).await?;
        // Meanwhile the provider may have been changed or removed.
        let view = self.store.view().await?;
        let (account, known) = self.provider_of(&view, assume).await?;
        if (known.id, known.record.revision) != (provider.id, provider.record.revision) {
            return Err(no_provider());
        }
        let record = known.record;
        let vouched = Vouched {
            account,
            provider: known.id,
            name: record.name,
            revision: record.revision,
            issuer: record.issuer,
            subject: verified.subject,
            audience: verified.audience,
        };
        Ok((vouched, view))
    }

    async fn provider_of(
        &self,
        view: &View,
        assume: &AssumeRoleWithWebIdentity,
    ) -> Result<(Account, StoredProvider), Error> {
        let account = view.account(assume.owner).await?.ok_or_else(no_provider)?;
        if view.is_account_disabled(assume.owner).await? {
            return Err(no_provider());
        }
        let provider = view.provider_named(assume.owner, &assume.provider).await?;
        Ok((account, provider.ok_or_else(no_provider)?))
    }

    /// The provider that a session began with, if it is there.
    pub(crate) async fn live_provider(
        &self,
        view: &View,
        name: (Uin, ProviderId),
    ) -> Result<Option<LiveProvider>, Error> {
        let generation = view.identity_generation().await?;
        if let Some(known) = self.federation.providers.find(generation, &name) {
            return Ok(Some(*known));
        }
        let (owner, id) = name;
        let Some(found) = view.provider(owner, id).await? else {
            return Ok(None);
        };
        let live = LiveProvider {
            owner,
            id,
            revision: found.record.revision,
        };
        self.federation
            .providers
            .keep(generation, &name, &std::sync::Arc::new(live));
        Ok(Some(live))
    }

    /// A key for somebody for whom a provider vouches, allowed by the role's trust.
    pub(crate) async fn mint_for_vouched(
        &self,
        view: &View,
        vouched: &Vouched,
        assume: &AssumeRoleWithWebIdentity,
        facts: &daypass_access::Facts,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let role = facts.role(assume.owner, &assume.role);
        let role = role.ok_or(ErrorCode::RoleNotExist)?;
        // Nobody signed the request, so that nothing else asked for the ring.
        let generation = view.identity_generation().await?;
        let (least, ring) = (
            self.min_session_seconds,
            self.key_ring.as_of(view, generation).await?,
        );
        let fresh = self.fresh_session();
        let minted = assume_role_with_web_identity(vouched, assume, role, least, fresh, &ring.ring, now);
        minted.map(Outcome::TemporaryKey)
    }

    /// Performs what was asked of providers and allowed.
    pub(crate) async fn perform_provider(
        &self,
        view: View,
        operation: ProviderOperation,
        account: Account,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        use ProviderOperation as Op;
        match operation {
            Op::Create(settings) => {
                self.check_provider(&settings)?;
                self.store.create_provider(account, &settings, now).await
            }
            Op::Get(name) => self.store.get_provider(&view, account, &name).await,
            Op::Update(settings) => {
                self.check_provider(&settings)?;
                self.store.update_provider(account, &settings, now).await
            }
            Op::Delete(name) => self.store.delete_provider(account, &name).await,
        }
    }

    fn check_provider(&self, settings: &ProviderSettings) -> Result<(), Error> {
        let url_error = |text: String| Error::with_message(ErrorCode::ProviderUrlError, text);
        Issuer::parse(&settings.issuer).map_err(|error| url_error(error.to_string()))?;
        if !self.federation.private && !settings.issuer.starts_with("https://") {
            return Err(url_error("an issuer is asked over HTTPS".to_owned()));
        }
        match &settings.keys {
            None => Ok(()),
            Some(text) => KeySet::parse(text.as_bytes())
                .map(drop)
                .map_err(|error| Error::with_message(ErrorCode::ProviderKeyError, error.to_string())),
        }
    }
}

fn no_provider() -> Error {
    refused("no such identity provider takes the token".to_owned())
}
