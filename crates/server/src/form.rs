//! The upload of a form: its fields are read before it is known who asks, its file streams past.
//!
//! A form is signed in its fields, either its policy or, as by the mini-program SDK, its request; both at once are
//! refused, and so is a signature beside the form that is not the one in it. Whoever signed, the form is then judged as
//! the request that it stands for: its fields are that request's headers to the verifier, to the conditions of policies
//! and to the store.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use daypass_access::verify::{Claim, unreadable};
use daypass_access::{Caller, Environment, Facts, Layers, Question, decide};
use daypass_api::attributes::Attributes;
use daypass_api::names::BucketName;
use daypass_api::requirement::{Access, Resource};
use daypass_api::{Error, ErrorCode, Operation};
use daypass_dialect::cos::{FileReader, Form, FormReader, PostPolicy, RequestHead, is_form_upload};
use daypass_dialect::site::Site;
use daypass_signature::RequestView;
use daypass_signature::cos::{self, Location, PostClaim, PostFields};
use daypass_store::BodyStream;
use futures_util::{Stream, StreamExt};
use http::HeaderMap;

use crate::edge::body::RequestBody;
use crate::family::{Asked, refuse_conflicts};
use crate::received::Received;

/// A form of which all but the file has been read.
pub(crate) struct OpenedForm {
    bucket: BucketName,
    form: Form,
    /// Those of the request that the form stands for.
    pub(crate) headers: HeaderMap,
    /// What the request says about a signature beside its form.
    beside: Option<cos::Claim>,
    file: FileBody,
}

impl OpenedForm {
    /// Whether a request is one.
    pub(crate) fn is_wanted(received: &Received, site: &Site) -> bool {
        is_form_upload(&received.head(), site)
    }

    /// What a form asks for, as far as its head tells.
    pub(crate) fn likely(received: &Received, site: &Site) -> Option<Access> {
        let bucket = Form::bucket(&received.head(), site).ok()?;
        Self::is_wanted(received, site).then(|| post_access(Resource::Bucket(bucket)))
    }

    /// What this one asks for, if its key is one.
    pub(crate) fn access(&self) -> Option<Access> {
        let key = self.form.object_key().ok()?;
        Some(post_access(Resource::Object(self.bucket.clone(), key)))
    }

    /// Reads up to the file.
    pub(crate) async fn open(received: &Received, site: &Site, body: RequestBody) -> Result<Self, Error> {
        let bucket = Form::bucket(&received.head(), site)?;
        let pairs = received.header_pairs();
        let seen = received.view(&pairs)?;
        let beside = cos::claim(&seen).map_err(|error| unreadable(&error))?;
        refuse_conflicts(&seen)?;
        let reader = FormReader::new(&received.head())?;
        let patience = body.patience();
        let (form, file) = tokio::time::timeout(patience, FileBody::open(body, reader))
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorCode::RequestTimeout)))?;
        Ok(Self {
            headers: form.headers(&received.headers)?,
            bucket,
            form,
            beside,
            file,
        })
    }

    /// What the form says about its signature; nothing means that it is not signed. What is seen is the request that the
    /// form stands for.
    pub(crate) fn claim(&self, seen: &RequestView<'_>) -> Result<Option<Claim>, Error> {
        refuse_conflicts(seen)?;
        let token = cos::sent_token(seen).map_err(|error| unreadable(&error))?;
        let signature = self.form.filled("signature");
        let claim = match (signature, self.form.is_signed_by_policy()) {
            (Some(_), true) => return Err(two_signatures()),
            (Some(text), false) => {
                let claim = cos::claim_in_form(text, token).map_err(|error| unreadable(&error))?;
                return self.beside_is(Some(&claim)).map(|()| Some(Claim::Cos(claim)));
            }
            (None, true) => {
                let fields = PostFields {
                    algorithm: self.form.filled("q-sign-algorithm"),
                    key_id: self.form.filled("q-ak"),
                    key_time: self.form.filled("q-key-time"),
                    signature: self.form.filled("q-signature"),
                };
                let policy = self.form.policy()?.ok_or_else(|| missing("policy"))?;
                let claim = PostClaim::read(fields, policy, token).map_err(|error| unreadable(&error))?;
                Some(Claim::Post(claim))
            }
            (None, false) => None,
        };
        self.beside_is(None).map(|()| claim)
    }

    /// A signature beside the form is the one in it, as the mini-program SDK sends it twice, or there is none.
    fn beside_is(&self, in_form: Option<&cos::Claim>) -> Result<(), Error> {
        let Some(beside) = &self.beside else {
            return Ok(());
        };
        let same = in_form.is_some_and(|claim| {
            let beside = cos::Claim {
                location: Location::Form,
                token: claim.token.clone(),
                ..beside.clone()
            };
            beside == *claim
        });
        if same { Ok(()) } else { Err(two_signatures()) }
    }

    /// What is asked for, once the policy of the form was held against it.
    pub(crate) fn read(self, received: &Received) -> Result<Asked, Error> {
        let mut length = (0, u64::MAX);
        if let Some(text) = self.form.policy()? {
            let policy = PostPolicy::read(&text)?;
            policy.judge(&self.form, self.bucket.as_str(), &received.headers, received.now)?;
            length = policy.length();
        }
        let head = RequestHead {
            headers: &self.headers,
            ..received.head()
        };
        let mut read = self.form.read(&head, self.bucket)?;
        let likely = received
            .body_length()
            .map(|length| self.form.likely_file_length(length));
        read.attributes.content_length = likely.map(|length| length.to_string());
        Ok(Asked {
            operation: Operation::Object(read.operation),
            attributes: read.attributes,
            body: Some(self.file.of_length(length).boxed()),
            judged_length: likely,
            traffic_limit: read.traffic_limit,
            wants_judgement: false,
        })
    }
}

fn post_access(resource: Resource) -> Access {
    Access {
        action: "cos:PostObject",
        resource,
    }
}

fn two_signatures() -> Error {
    let text = "the form is signed more than once, or beside it and not in it";
    Error::with_message(ErrorCode::AuthorizationMalformed, text)
}

fn missing(field: &str) -> Error {
    Error::with_message(ErrorCode::AuthorizationMalformed, format!("`{field}` is missing"))
}

/// The bytes of a form's file, no fewer and no more than its policy allows.
struct FileBody {
    body: RequestBody,
    reader: FileReader,
    /// Fewest and most.
    length: (u64, u64),
    seen: u64,
    ended: bool,
}

impl FileBody {
    async fn open(mut body: RequestBody, mut reader: FormReader) -> Result<(Form, Self), Error> {
        loop {
            let piece = body.next().await.ok_or_else(|| reader.unfinished())??;
            if let Some((form, reader)) = reader.push(piece)? {
                let file = Self {
                    body,
                    reader,
                    length: (0, u64::MAX),
                    seen: 0,
                    ended: false,
                };
                return Ok((form, file));
            }
        }
    }

    fn of_length(self, length: (u64, u64)) -> Self {
        Self { length, ..self }
    }

    /// Counts bytes on their way; the first one too many is not let past.
    fn counted(&mut self, bytes: Bytes) -> Result<Bytes, Error> {
        self.seen = self.seen.saturating_add(bytes.len() as u64);
        if self.seen > self.length.1 {
            return Err(Error::new(ErrorCode::EntityTooLarge));
        }
        Ok(bytes)
    }

    /// The end of the body: an error unless it is that of the form, and the file is long enough.
    fn end(&mut self) -> Option<Result<Bytes, Error>> {
        self.ended = true;
        let ended = self.reader.finish();
        let long_enough = if self.seen < self.length.0 {
            Err(Error::new(ErrorCode::EntityTooSmall))
        } else {
            Ok(())
        };
        ended.and(long_enough).err().map(Err)
    }
}

impl Stream for FileBody {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            let next = match self.reader.next_bytes() {
                Some(bytes) => self.counted(bytes),
                None => match ready!(self.body.poll_next_unpin(context)) {
                    Some(Ok(piece)) => match self.reader.push(piece) {
                        Ok(()) => continue,
                        Err(error) => Err(error),
                    },
                    Some(Err(error)) => Err(error),
                    None => return Poll::Ready(self.end()),
                },
            };
            self.ended = next.is_err();
            return Poll::Ready(Some(next));
        }
    }
}

/// What was decided about a form, as long as it is only likely how long its file is.
pub(crate) struct Rejudged {
    operation: Operation,
    caller: Caller,
    layers: Layers,
    facts: Facts,
    attributes: Attributes,
    environment: Environment,
    judged: u64,
}

impl Rejudged {
    /// Holds a body to the length by which it was judged: of another one it must be allowed as well, or it ends in a
    /// refusal and nothing is stored.
    pub(crate) fn hold(
        body: BodyStream<'static>,
        judged: u64,
        operation: &Operation,
        question: &Question<'_>,
    ) -> BodyStream<'static> {
        let again = Self {
            operation: operation.clone(),
            caller: question.caller.clone(),
            layers: question.layers.clone(),
            facts: question.facts.clone(),
            attributes: question.attributes.clone(),
            environment: *question.environment,
            judged,
        };
        let begun = (body, 0_u64, Some(again));
        let step = |(mut body, seen, again): (BodyStream<'static>, u64, Option<Self>)| async move {
            match body.next().await {
                Some(Ok(bytes)) => {
                    let seen = seen.saturating_add(bytes.len() as u64);
                    Some((Ok(bytes), (body, seen, again)))
                }
                Some(Err(error)) => Some((Err(error), (body, seen, None))),
                None => match again {
                    Some(again) if again.refuses(seen) => {
                        Some((Err(Error::new(ErrorCode::AccessDenied)), (body, seen, None)))
                    }
                    _ => None,
                },
            }
        };
        futures_util::stream::unfold(begun, step).boxed()
    }

    fn refuses(&self, length: u64) -> bool {
        if length == self.judged {
            return false;
        }
        let attributes = Attributes {
            content_length: Some(length.to_string()),
            ..self.attributes.clone()
        };
        let question = Question {
            caller: &self.caller,
            layers: &self.layers,
            facts: &self.facts,
            attributes: &attributes,
            environment: &self.environment,
        };
        !decide(&self.operation, &question).allowed
    }
}
