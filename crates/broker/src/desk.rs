//! The way of a request: which endpoint, from which page, who asks, what his template says, a key, the shape, the trail.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::outcome::TemporaryKey;
use daypass_client::{ActionClient, Clock, Connection, FormKey, FormUpload, ObjectClient};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::asked::{self, Asked};
use crate::audit::{self, Line, Trail};
use crate::callers::{Caller, Callers};
use crate::cross_origin::{CrossOrigin, Origin as PageOrigin};
use crate::figures::Figures;
use crate::keys::{Keys, Origin};
use crate::place::Place;
use crate::rate::RateLimit;
use crate::ready::Ready;
use crate::refusal::Refusal;
use crate::scopes;
use crate::settings::EndpointName;
use crate::shape::Around;
use crate::template::Template;

/// How long a signature for one upload is good, in seconds.
const SIGNED_SECONDS: u32 = 900;
/// Most bytes of a form, where the template says nothing.
const MAX_FORM_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// What answers.
pub(crate) struct Desk {
    pub(crate) place: Place,
    pub(crate) templates: Vec<Template>,
    pub(crate) callers: Callers,
    pub(crate) cross_origin: CrossOrigin,
    pub(crate) rate: RateLimit,
    pub(crate) keys: Keys,
    /// The store as users reach it.
    pub(crate) store: Connection,
    pub(crate) ready: Ready,
    pub(crate) sts: ActionClient,
    pub(crate) trail: Trail,
    pub(crate) figures: Arc<Figures>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A request whose body was read.
pub(crate) struct Received {
    pub(crate) head: request::Parts,
    /// Why there is no body, where it could not be read.
    pub(crate) body: Result<Bytes, Refusal>,
    pub(crate) peer: SocketAddr,
}

/// What is known of a request so far, for its line in the trail.
#[derive(Default)]
struct Course<'d> {
    caller: Option<Caller>,
    template: Option<&'d Template>,
    key: Option<TemporaryKey>,
    origin: Option<Origin>,
    object: Option<String>,
}

/// What an answer is.
pub(crate) type Answer = Response<Full<Bytes>>;

impl Desk {
    /// Answers a request.
    pub(crate) async fn answer(&self, received: Received) -> Answer {
        let begun = Instant::now();
        let page = self.cross_origin.of(&received.head.headers);
        let mut answer = match received.head.uri.path() {
            "/_broker/live" => document(StatusCode::OK, &json!({ "live": true })),
            "/_broker/ready" => self.readiness().await,
            path => match asked::endpoint(path) {
                Some(endpoint) => self.answer_for_key(endpoint, &page, &received).await,
                None => refused(
                    &Refusal::new(StatusCode::NOT_FOUND, "NotFound", "there is nothing here"),
                    "",
                ),
            },
        };
        self.cross_origin
            .tell(&page, &received.head.method, answer.headers_mut());
        self.figures.took(begun.elapsed());
        answer
    }

    async fn readiness(&self) -> Answer {
        match self.ready.is_ready().await {
            true => document(StatusCode::OK, &json!({ "ready": true })),
            false => document(StatusCode::SERVICE_UNAVAILABLE, &json!({ "ready": false })),
        }
    }

    /// The figures, for the other listener.
    pub(crate) fn figures(&self) -> String {
        self.figures.text(self.keys.kept())
    }

    async fn answer_for_key(&self, endpoint: EndpointName, page: &PageOrigin, received: &Received) -> Answer {
        let now = self.clock.now();
        let request_id = request_id();
        let mut course = Course::default();
        let outcome = match (page, &received.head.method) {
            (PageOrigin::Refused, _) => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "OriginNotAllowed",
                "pages of this origin may not ask; `[cors] origins` lists those that may",
            )),
            (PageOrigin::Allowed(_), &Method::OPTIONS) => return empty(),
            _ => {
                self.serve(endpoint, received, now, &request_id, &mut course)
                    .await
            }
        };
        let line = Line {
            time: audit::time(now),
            request_id: &request_id,
            peer: received.peer.ip().to_string(),
            endpoint: endpoint.as_str(),
            caller: course.caller.as_ref().map(|caller| caller.kind),
            user: course.caller.as_ref().map(|caller| caller.user.as_str()),
            template: course.template.map(|template| template.name.as_str()),
            outcome: match (&outcome, course.origin) {
                (Err(refusal), _) => refusal.word,
                (Ok(_), Some(Origin::Cached)) => "cached",
                (Ok(_), _) => "minted",
            },
            key: course.key.as_ref().map(|key| key.access_key_id.as_str()),
            expires: course.key.as_ref().map(|key| key.expires.unix_seconds()),
            object: course.object.as_deref(),
        };
        let outcome = match self.trail.write(&line) {
            Ok(()) => outcome,
            Err(error) => {
                tracing::error!(%error, "the audit trail cannot be written, so no key is handed out");
                Err(Refusal::unavailable("what is handed out cannot be recorded"))
            }
        };
        match outcome {
            Ok(value) => {
                self.figures.handed_out(course.origin.unwrap_or(Origin::Minted));
                document(StatusCode::OK, &value)
            }
            Err(refusal) => {
                self.figures.refused(refusal.word);
                refused(&refusal, &request_id)
            }
        }
    }

    async fn serve<'d>(
        &'d self,
        endpoint: EndpointName,
        received: &Received,
        now: Timestamp,
        request_id: &str,
        course: &mut Course<'d>,
    ) -> Result<Value, Refusal> {
        check_method(endpoint, &received.head.method)?;
        let asked = Asked::read(received.head.uri.query().unwrap_or_default())?;
        let body = received.body.as_ref().map_err(Refusal::clone)?;
        let caller = course
            .caller
            .insert(self.callers.know(&received.head.headers, now).await?);
        let (index, template) = self.template(endpoint, &asked)?;
        course.template = Some(template);
        let user = &caller.user;
        let count = self.rate.count(index, template.per_minute, user, now);
        count.map_err(Refusal::too_many)?;

        if matches!(endpoint, EndpointName::Sts | EndpointName::StsScope) {
            let policy = match endpoint {
                EndpointName::StsScope => scopes::policy(body, template, &self.place, user)?,
                _ => template.folder_policy(&self.place, user).unwrap_or_default(),
            };
            let (minted, origin) = self.keys.shared(user, &policy, template.seconds, now).await?;
            course.origin = Some(origin);
            let key = course.key.insert(minted.key.clone());
            return Ok(asked.shape.of(key, &self.around(now, request_id, None)));
        }
        self.serve_one_object(endpoint, &asked, now, request_id, course)
            .await
    }

    /// A key for one object whose name is chosen here, or what is signed with it.
    async fn serve_one_object<'d>(
        &'d self,
        endpoint: EndpointName,
        asked: &Asked,
        now: Timestamp,
        request_id: &str,
        course: &mut Course<'d>,
    ) -> Result<Value, Refusal> {
        let (Some(template), Some(caller)) = (course.template, &course.caller) else {
            return Err(Refusal::unavailable("nobody is known to ask"));
        };
        let user = &caller.user;
        let ext = asked.extension(&template.extensions)?;
        let content_type = match endpoint {
            // Whoever holds a key says the type himself, and the key's policy holds him to the list.
            EndpointName::Key => None,
            _ => asked.content_type(&template.bounds.content_types)?,
        };
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|_| Refusal::unavailable("there is no randomness to choose a key with"))?;
        let object = template.choose(user, ext, now, random);
        let object =
            object.ok_or_else(|| Refusal::unavailable("the template makes a key that is too long"))?;
        let policy = template.object_policy(&self.place, object.as_str());
        let minted = self.keys.mint(user, &policy, template.seconds, now).await?;
        course.origin = Some(Origin::Minted);
        course.object = Some(object.as_str().to_owned());
        let key = course.key.insert(minted.key);
        if endpoint == EndpointName::Key {
            return Ok(asked
                .shape
                .of(key, &self.around(now, request_id, Some(object.as_str()))));
        }
        let upload = Upload {
            store: ObjectClient::new(self.store.clone().with_credentials(Some(key.clone().into()))),
            bucket: &self.place.bucket,
            object: &object,
            token: key.token.expose(),
            content_type,
            seconds: SIGNED_SECONDS.min(template.seconds),
        };
        match endpoint {
            EndpointName::PutSign => upload.by_put().await,
            _ => upload.by_form(template.bounds.max_bytes).await,
        }
    }

    /// The template that is asked for, if it serves this endpoint; without a name the first that does.
    fn template(&self, endpoint: EndpointName, asked: &Asked) -> Result<(usize, &Template), Refusal> {
        let is_it = |template: &Template| match asked.template.as_deref() {
            Some(name) => template.name == name,
            None => template.endpoints.contains(&endpoint),
        };
        let found = self
            .templates
            .iter()
            .enumerate()
            .find(|(_, template)| is_it(template));
        let serves = found.filter(|(_, template)| template.endpoints.contains(&endpoint));
        serves.ok_or_else(|| {
            Refusal::new(
                StatusCode::FORBIDDEN,
                "TemplateNotAllowed",
                "no such template serves this endpoint",
            )
        })
    }

    fn around<'a>(&'a self, now: Timestamp, request_id: &'a str, object: Option<&'a str>) -> Around<'a> {
        Around {
            now,
            request_id,
            bucket: self.place.bucket.as_str(),
            region: self.place.region.as_str(),
            object,
        }
    }
}

/// One upload that is signed here, for somebody who gets no key.
struct Upload<'a> {
    store: ObjectClient,
    bucket: &'a BucketName,
    object: &'a ObjectKey,
    token: &'a str,
    content_type: Option<&'a str>,
    seconds: u32,
}

impl Upload<'_> {
    async fn by_put(&self) -> Result<Value, Refusal> {
        let signed = self
            .store
            .sign_put(self.bucket, self.object, self.content_type, self.seconds)
            .await?;
        Ok(json!({
            "cosHost": host_of(signed.url(), self.object.as_str()), "cosKey": self.object.as_str(), "url": signed.url(),
            "authorization": signed.expose_authorization(), "securityToken": self.token,
            "contentType": self.content_type,
        }))
    }

    async fn by_form(&self, max_bytes: Option<u64>) -> Result<Value, Refusal> {
        let form = FormUpload {
            seconds: self.seconds,
            length: 0..=max_bytes.unwrap_or(MAX_FORM_BYTES).min(MAX_FORM_BYTES),
            content_type: self.content_type.map(str::to_owned),
            ..FormUpload::new(self.bucket, FormKey::Exactly(self.object.clone()))
        };
        let signed = self.store.sign_form(&form).await?;
        let field = |name: &str| {
            let found = signed.expose().iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| value.as_str())
        };
        Ok(json!({
            "cosHost": host_of(signed.url(), ""), "cosKey": self.object.as_str(), "url": signed.url(),
            "policy": field("policy"), "qSignAlgorithm": field("q-sign-algorithm"), "qAk": field("q-ak"),
            "qKeyTime": field("q-key-time"), "qSignature": field("q-signature"),
            "securityToken": self.token, "contentType": self.content_type,
            "successActionStatus": field("success_action_status"),
        }))
    }
}

impl EndpointName {
    /// The last part of its path.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::StsScope => "sts-scope",
            Self::Key => "getKeyAndCredentials",
            Self::PutSign => "put-sign",
            Self::PostPolicy => "post-policy",
        }
    }
}

/// Scopes are a body, which a GET does not have.
fn check_method(endpoint: EndpointName, method: &Method) -> Result<(), Refusal> {
    let is_good = match endpoint {
        EndpointName::StsScope => method == Method::POST,
        _ => method == Method::GET || method == Method::POST,
    };
    let wrong = || {
        Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "ask with GET or POST",
        )
    };
    is_good.then_some(()).ok_or_else(wrong)
}

/// What front ends write between `https://` and the key: the host, and the bucket where it stands in the path.
fn host_of<'u>(url: &'u str, object: &str) -> &'u str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let encoded = object.split('/').count();
    match object {
        "" => rest.trim_end_matches('/'),
        _ => {
            let mut before = rest;
            for _ in 0..encoded {
                before = before.rsplit_once('/').map_or(before, |(before, _)| before);
            }
            before
        }
    }
}

/// Random, so that it says nothing about others.
fn request_id() -> String {
    let mut random = [0; 12];
    // Without randomness the id is one that others have too; the line in the trail still has its time.
    let _ = getrandom::fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn document(status: StatusCode, value: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(value.to_string())));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    private(answer.headers_mut());
    answer
}

fn refused(refusal: &Refusal, request_id: &str) -> Answer {
    let mut answer = document(refusal.status, &refusal.document(request_id));
    if let Some(seconds) = refusal.retry_after {
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

fn empty() -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    private(answer.headers_mut());
    answer
}

/// Keys are for whoever asked, and for nobody's cache.
fn private(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}
