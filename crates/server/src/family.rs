//! The two families of requests, told apart by their heads, and what is different about reading them.
//!
//! Requests to the object store are read from their heads; their bodies stream past, unless they are documents. Requests to the token and
//! access-management services are read whole, since their signature covers the body.

use bytes::Bytes;
use daypass_access::Caller;
use daypass_access::verify::{Claim, unreadable};
use daypass_api::attributes::Attributes;
use daypass_api::requirement::Access;
use daypass_api::{Error, ErrorCode, Operation};
use daypass_dialect::api3::{self, Call, Scheme, Spelling};
use daypass_dialect::cos;
use daypass_dialect::site::{self, Site, SiteConfig};
use daypass_signature::{self as signature, RequestView};
use daypass_store::BodyStream;

use crate::document;
use crate::edge::body::RequestBody;
use crate::form::OpenedForm;
use crate::received::{Received, pairs};

/// Which family a request belongs to, and how its answer is spelled.
pub(crate) enum Family {
    /// The object store, with whose request it is.
    Object(Site),
    /// The token and access-management services.
    Action(Spelling),
}

impl Family {
    /// Tells the family from the head alone. A bucket's host is always the object store's.
    pub(crate) fn of(received: &Received, sites: &SiteConfig) -> Self {
        let site = site::resolve(&received.host, sites);
        let is_action = matches!(site, Site::Service(_))
            && api3::is_action_request(
                &received.method,
                &received.path,
                &received.query,
                &received.headers,
            );
        if is_action {
            Self::Action(Spelling::of_path(&received.path))
        } else {
            Self::Object(site)
        }
    }

    /// What a request can only be for, where more must be read than its head to know all that it asks.
    pub(crate) fn likely(&self, received: &Received) -> Option<Access> {
        match self {
            Self::Object(site) => OpenedForm::likely(received, site),
            Self::Action(_) => None,
        }
    }
}

/// A request of which as much has been read as its family needs before it is known who asks.
pub(crate) enum Opened {
    /// To the object store.
    Object {
        /// Whose request it is.
        site: Site,
        /// Not read yet.
        body: RequestBody,
    },
    /// To the object store, with a form.
    Form(Box<OpenedForm>),
    /// To the other services.
    Action {
        /// What is called.
        call: Call,
        /// All of it.
        body: Bytes,
    },
}

/// What a request asks for, in our own words.
pub(crate) struct Asked {
    pub(crate) operation: Operation,
    pub(crate) attributes: Attributes,
    /// The bytes that stream past, where the family has them.
    pub(crate) body: Option<BodyStream<'static>>,
    /// How many of them it was judged by, where only their end tells whether there are so many.
    pub(crate) judged_length: Option<u64>,
    /// At how many bits in a second bytes shall pass at most.
    pub(crate) traffic_limit: Option<u64>,
    /// Whether the asker wants to know what is found about the policy of the temporary key.
    pub(crate) wants_judgement: bool,
}

impl Opened {
    /// Reads what must be read first, and settles how the answer will be spelled.
    pub(crate) async fn open(
        received: &Received,
        family: &mut Family,
        mut body: RequestBody,
    ) -> Result<Self, Error> {
        match family {
            Family::Object(site) if OpenedForm::is_wanted(received, site) => {
                let form = OpenedForm::open(received, site, body).await?;
                Ok(Self::Form(Box::new(form)))
            }
            Family::Object(site) => Ok(Self::Object {
                site: site.clone(),
                body,
            }),
            Family::Action(spelling) => {
                let body = body
                    .collect(api3::MAX_BODY_BYTES, ErrorCode::RequestTooLarge)
                    .await?;
                let call = api3::read(
                    &received.method,
                    &received.path,
                    &received.query,
                    &received.headers,
                    &body,
                )?;
                *spelling = call.spelling();
                Ok(Self::Action { call, body })
            }
        }
    }

    /// What the request can only be for, as far as it was read.
    pub(crate) fn likely(&self) -> Option<Access> {
        match self {
            Self::Form(form) => form.access(),
            Self::Object { .. } | Self::Action { .. } => None,
        }
    }

    /// Whether a browser asks beforehand. It signs nothing; what stands in its URL was signed for the request to come.
    pub(crate) fn is_preflight(&self, received: &Received) -> bool {
        matches!(self, Self::Object { .. }) && received.method == http::Method::OPTIONS
    }

    /// What the request says about its signature; nothing means that it is not signed.
    pub(crate) fn claim(&self, seen: &RequestView<'_>) -> Result<Option<Claim>, Error> {
        let claim = match self {
            Self::Object { .. } => {
                // The claim comes first: two signatures or two tokens are refused as such.
                let claim = signature::cos::claim(seen).map_err(|error| unreadable(&error))?;
                refuse_conflicts(seen)?;
                Ok(claim.map(Claim::Cos))
            }
            Self::Form(form) => return form.claim(seen),
            Self::Action { call, .. } if call.action().is_unsigned() => {
                require_skip(seen, call)?;
                Ok(None)
            }
            Self::Action { call, .. } => {
                let claim = match call.scheme() {
                    Scheme::Tc3 => signature::tc3::claim(seen).map(|claim| claim.map(Claim::Tc3)),
                    Scheme::V1 => {
                        signature::v1::claim(call.v1_parameters()).map(|claim| claim.map(Claim::V1))
                    }
                };
                // No other action may be called without a signature.
                claim.and_then(|claim| {
                    claim
                        .ok_or(signature::ClaimError::Missing("Authorization"))
                        .map(Some)
                })
            }
        };
        claim.map_err(|error| unreadable(&error))
    }

    /// What is asked for, all of it: a document is read before anything is decided.
    pub(crate) async fn read(self, received: &Received, caller: &Caller) -> Result<Asked, Error> {
        match self {
            Self::Object { site, mut body } => {
                let mut read = cos::read(&received.head(), &site)?;
                if *caller == Caller::Anonymous {
                    refuse_unsigned(&read)?;
                }
                if let Some(claims) = &read.document {
                    let text = document::collect(&mut body, claims).await?;
                    read = read.with_document(&text)?;
                }
                let operation = Operation::Object(read.operation);
                Ok(Asked {
                    operation,
                    attributes: read.attributes,
                    body: Some(Box::pin(body)),
                    judged_length: None,
                    traffic_limit: read.traffic_limit,
                    wants_judgement: false,
                })
            }
            Self::Form(form) => form.read(received),
            Self::Action { call, .. } => {
                let operation = call.operation()?;
                let attributes = Attributes {
                    external_id: external_id(&operation),
                    ..Attributes::default()
                };
                Ok(Asked {
                    operation,
                    attributes,
                    body: None,
                    judged_length: None,
                    traffic_limit: None,
                    wants_judgement: api3::asks_for_judgement(&received.headers)?,
                })
            }
        }
    }

    /// The headers that are signed and judged, with names and values as the verifier wants them: of a form those of the
    /// request that it stands for.
    pub(crate) fn header_pairs<'r>(&'r self, received: &'r Received) -> Vec<(&'r str, &'r [u8])> {
        match self {
            Self::Form(form) => pairs(&form.headers),
            Self::Object { .. } | Self::Action { .. } => received.header_pairs(),
        }
    }

    pub(crate) fn whole_body(&self) -> &[u8] {
        match self {
            Self::Object { .. } | Self::Form(_) => &[],
            Self::Action { body, .. } => body,
        }
    }

    pub(crate) fn parameters(&self) -> &[(String, String)] {
        match self {
            Self::Object { .. } | Self::Form(_) => &[],
            Self::Action { call, .. } => call.v1_parameters(),
        }
    }

    /// Names beside the received one that the host may have been signed under. INVARIANT: none for the object store,
    /// where the host names the bucket, or a signature made for the service would hold for any bucket.
    pub(crate) fn signed_hosts<'n>(&self, names: &'n [String]) -> Vec<&'n str> {
        match self {
            Self::Object { .. } | Self::Form(_) => Vec::new(),
            Self::Action { .. } => names.iter().map(String::as_str).collect(),
        }
    }

    /// The service that a signature of the API is made for.
    pub(crate) fn service(&self) -> &'static str {
        match self {
            Self::Object { .. } | Self::Form(_) => "cos",
            Self::Action { call, .. } => call.action().service().name(),
        }
    }
}

/// What a provider vouches for comes with `Authorization: SKIP`, and only so: a signature that nobody verified would look
/// like one that somebody did.
fn require_skip(seen: &RequestView<'_>, call: &Call) -> Result<(), Error> {
    if call.scheme() == Scheme::Tc3 && seen.header("authorization") == Some(b"SKIP") {
        return Ok(());
    }
    let text = format!("`{}` is called with `Authorization: SKIP`", call.action().name());
    Err(Error::with_message(ErrorCode::AuthorizationMalformed, text))
}

fn external_id(operation: &Operation) -> Option<String> {
    use daypass_api::operation::SessionOperation;
    let Operation::Session(SessionOperation::AssumeRole(assume)) = operation else {
        return None;
    };
    assume.external_id.as_ref().map(|id| id.as_str().to_owned())
}

/// A name given twice with different values could mean one thing to the signature and another to the operation.
pub(crate) fn refuse_conflicts(seen: &RequestView<'_>) -> Result<(), Error> {
    let conflict = signature::conflicting_parameter(seen).or_else(|| signature::conflicting_header(seen));
    conflict.map_or(Ok(()), |name| {
        let text = format!("`{name}` is given more than once with different values");
        Err(Error::with_message(ErrorCode::InvalidArgument, text))
    })
}

/// What the object store does for nobody who does not sign, whatever is public.
fn refuse_unsigned(read: &cos::Read) -> Result<(), Error> {
    use daypass_api::operation::ObjectOperation;
    if matches!(read.operation, ObjectOperation::ListBuckets(_)) {
        return Err(Error::new(ErrorCode::SignatureMissing));
    }
    if read.needs_signature() {
        Err(Error::new(ErrorCode::AccessDenied))
    } else {
        Ok(())
    }
}
