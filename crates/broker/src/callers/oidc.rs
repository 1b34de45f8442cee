//! Users known by a token of an OpenID provider. Verifying it, and fetching the provider's keys in bounds, is
//! `federation`'s; here is which claim names the user.

use daypass_api::Timestamp;
use daypass_federation::{Issuer, KeyAddress, KeySource, Token};
use http::HeaderMap;

use super::{Said, Unknown, bearer};
use crate::settings::SettingsError;

/// Most audiences, and longest name of a claim.
const MAX_AUDIENCES: usize = 16;
const MAX_CLAIM_BYTES: usize = 128;

/// One provider.
pub(crate) struct Oidc {
    issuer: Issuer,
    audiences: Vec<String>,
    claim: String,
    keys: KeySource,
}

/// The keys of a provider: those at the address that the settings say, or those that he says himself.
pub(crate) fn keys(
    issuer: &str,
    address: Option<&str>,
    allow_private: bool,
) -> Result<KeySource, SettingsError> {
    if let Some(address) = address {
        let address = KeyAddress::parse(address);
        let address = address.map_err(|error| SettingsError::value("callers.jwks_url", error))?;
        return Ok(KeySource::at(address, allow_private));
    }
    if !issuer.starts_with("https://") && !allow_private {
        let problem = "it does not begin with `https://`; a provider without needs `allow_private`";
        return Err(SettingsError::value("callers.issuer", problem));
    }
    Ok(KeySource::new(allow_private))
}

impl Oidc {
    pub(crate) fn new(
        issuer: &str,
        keys: KeySource,
        audiences: &[String],
        claim: &str,
    ) -> Result<Self, SettingsError> {
        let issuer = Issuer::parse(issuer).map_err(|error| SettingsError::value("callers.issuer", error))?;
        if audiences.is_empty() || audiences.len() > MAX_AUDIENCES || audiences.iter().any(String::is_empty) {
            return Err(SettingsError::value(
                "callers.audiences",
                "there must be 1 to 16 audiences",
            ));
        }
        if claim.is_empty() || claim.len() > MAX_CLAIM_BYTES {
            return Err(SettingsError::value("callers.claim", "it has not 1 to 128 bytes"));
        }
        Ok(Self {
            issuer,
            audiences: audiences.to_vec(),
            claim: claim.to_owned(),
            keys,
        })
    }

    pub(crate) async fn know(&self, headers: &HeaderMap, now: Timestamp) -> Said {
        let text = bearer(headers)?;
        // Something else than a token of this form is another way's business.
        if text.split('.').count() != 3 {
            return None;
        }
        Some(self.verify(text, now).await)
    }

    async fn verify(&self, text: &str, now: Timestamp) -> Result<String, Unknown> {
        let refused = |refusal: daypass_federation::Refusal| Unknown::Refused(refusal.to_string());
        let token = Token::read(text).map_err(refused)?;
        let verified = self.keys.verify(&self.issuer, &token, &self.audiences, now).await;
        let verified = verified.map_err(|error| Unknown::Unavailable(error.to_string()))?;
        verified.map_err(refused)?;
        let name = token.text_claim(&self.claim).map(str::to_owned);
        name.ok_or_else(|| Unknown::Refused(format!("the token has no text in its claim `{}`", self.claim)))
    }
}
