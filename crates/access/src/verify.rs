//! Whether a request was signed, in time, with the secret that it claims.

use std::fmt;

use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_signature::{
    ClaimError, RequestView, SecretKey, SentToken, WindowVerdict, cos, public_names, tc3, v1,
};

use crate::credential::Credential;

/// What a request says about its signature, in whichever scheme.
#[derive(Debug)]
pub enum Claim {
    /// The object store's own scheme.
    Cos(cos::Claim),
    /// That of a form whose policy is signed.
    Post(cos::PostClaim),
    /// The third scheme of the API.
    Tc3(tc3::Claim),
    /// The first scheme of the API.
    V1(v1::Claim),
}

impl Claim {
    /// The id of the key that is claimed to have signed.
    pub fn key_id(&self) -> &str {
        match self {
            Self::Cos(claim) => &claim.key_id,
            Self::Post(claim) => &claim.key_id,
            Self::Tc3(claim) => &claim.key_id,
            Self::V1(claim) => &claim.key_id,
        }
    }

    /// The token that came along.
    pub fn token(&self) -> Option<&str> {
        match self {
            Self::Cos(claim) => claim.token.as_ref().map(SentToken::expose),
            Self::Post(claim) => claim.token.as_ref().map(SentToken::expose),
            Self::Tc3(claim) => claim.token.as_ref().map(SentToken::expose),
            Self::V1(claim) => claim.token.as_ref().map(SentToken::expose),
        }
    }
}

/// A claim that cannot be read is refused as such; two different tokens are a bad token.
pub fn unreadable(error: &ClaimError) -> Error {
    let about_token = |field: &str| field.to_ascii_lowercase().ends_with("token");
    match error {
        ClaimError::TokenMismatch => Error::new(ErrorCode::TokenInvalid),
        ClaimError::TooLong { field, .. } | ClaimError::Malformed(field) if about_token(field) => {
            Error::new(ErrorCode::TokenInvalid)
        }
        ClaimError::Missing("Authorization") => Error::new(ErrorCode::SignatureMissing),
        ClaimError::Missing(name) => {
            Error::with_message(ErrorCode::AuthorizationMalformed, format!("`{name}` is missing"))
        }
        _ => Error::with_message(ErrorCode::AuthorizationMalformed, error.to_string()),
    }
}

/// The request as the verifier must see it.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// Method, path, query and headers as received.
    pub view: &'a RequestView<'a>,
    /// The whole body; the object store's scheme does not sign it.
    pub body: &'a [u8],
    /// The decoded parameters, where the first scheme of the API signs those.
    pub parameters: &'a [(String, String)],
    /// The service that an API request is for.
    pub service: &'a str,
    /// Names under which clients may know this server.
    pub hosts: &'a [&'a str],
}

/// Neither body nor parameters: they are whatever the client put there.
impl fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("view", self.view)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl Claim {
    /// Checks signature, window and life of the key, in this order: who cannot sign learns nothing about the key
    /// but whether it exists.
    pub fn verify(&self, signed: &Signed<'_>, credential: &Credential, now: Timestamp) -> Result<(), Error> {
        let secret = SecretKey::new(credential.secret.expose().to_owned());
        if !self.was_signed_with(signed, &secret) {
            return Err(Error::new(ErrorCode::SignatureDoesNotMatch));
        }
        self.check_window(now)?;
        if let Self::Cos(claim) = self
            && let Some(unsigned) = cos::unsigned_meaning(signed.view, claim)
        {
            let text = format!(
                "`{}` changes what the request does and is not covered by its signature",
                unsigned.name
            );
            return Err(Error::with_message(ErrorCode::MeaningNotSigned, text));
        }
        credential.check_alive(now)
    }

    fn was_signed_with(&self, signed: &Signed<'_>, secret: &SecretKey) -> bool {
        match self {
            Self::Cos(claim) => claim.verify(signed.view, secret, signed.hosts),
            // What the policy says of the form is held against it when the form is read.
            Self::Post(claim) => claim.verify(secret),
            Self::Tc3(claim) => {
                let region = signed
                    .view
                    .header("x-tc-region")
                    .and_then(|region| str::from_utf8(region).ok());
                let public = public_names(signed.service, region);
                let hosts: Vec<&str> = signed
                    .hosts
                    .iter()
                    .copied()
                    .chain(public.iter().map(String::as_str))
                    .collect();
                claim.verify(signed.view, signed.body, secret, signed.service, &hosts)
            }
            Self::V1(claim) => {
                let received = signed
                    .view
                    .header("host")
                    .and_then(|host| str::from_utf8(host).ok());
                let region = signed
                    .parameters
                    .iter()
                    .find(|(name, _)| name == "Region")
                    .map(|(_, value)| value.as_str());
                let hosts =
                    v1::host_candidates(received.unwrap_or_default(), signed.hosts, signed.service, region);
                claim.verify(
                    signed.view.method(),
                    &hosts,
                    signed.view.path(),
                    signed.parameters,
                    secret,
                )
            }
        }
    }

    fn check_window(&self, now: Timestamp) -> Result<(), Error> {
        let seconds = now.unix_seconds();
        let verdict = match self {
            Self::Cos(claim) => claim.window(seconds),
            Self::Post(claim) => claim.window(seconds),
            Self::Tc3(claim) => claim.window(seconds),
            Self::V1(claim) => claim.window(seconds),
        };
        match verdict {
            WindowVerdict::Valid => Ok(()),
            WindowVerdict::Expired => Err(Error::new(ErrorCode::SignatureExpired)),
            WindowVerdict::NotYetValid => Err(Error::new(ErrorCode::RequestTimeTooSkewed)),
        }
    }
}
