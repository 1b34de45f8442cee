//! A running broker: settings made into what answers, its two listeners, and its end in good order.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use daypass_api::names::{BucketName, Region};
use daypass_client::{ActionClient, Clock, Connection, Credentials, Endpoint, Patience, SystemClock};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::StartError;
use crate::audit::Trail;
use crate::callers::Callers;
use crate::check::{self, Warning};
use crate::cross_origin::CrossOrigin;
use crate::desk::{Answer, Desk, Received};
use crate::figures::Figures;
use crate::keys::Keys;
use crate::place::Place;
use crate::rate::RateLimit;
use crate::ready::Ready;
use crate::refusal::Refusal;
use crate::settings::{Settings, SettingsError};
use crate::template::Template;
use crate::user::User;

/// Largest body of a request: scopes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Most bytes of a request's head; a token of a provider may have 16 KiB.
const MAX_HEAD_BYTES: usize = 32 * 1024;
const MAX_HEADERS: usize = 100;
/// Most connections of the metrics listener.
const METRICS_CONNECTIONS: usize = 16;
/// Longest wait for requests in flight at the end.
const LAST_WAIT: Duration = Duration::from_secs(10);
/// Most templates.
const MAX_TEMPLATES: usize = 256;

/// How patient the broker is with the token service: whoever asks it waits, too.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(3),
    stall: Duration::from_secs(10),
    retries: 1,
    first_delay: Duration::from_millis(200),
};

/// A running broker.
pub struct Broker {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
}

/// Settings that were understood, apart from the key and from what needs the machine.
struct Understood {
    place: Place,
    templates: Vec<Template>,
    callers: Callers,
    cross_origin: CrossOrigin,
    endpoint: Endpoint,
    public_endpoint: Endpoint,
    warnings: Vec<Warning>,
}

impl Broker {
    /// Whether the settings are in order, and what is worth knowing about them. Nothing is connected or opened.
    pub fn check(settings: &Settings) -> Result<Vec<Warning>, SettingsError> {
        Ok(understand(settings)?.warnings)
    }

    /// The policy B that a key for a user's folder has, for each template that makes such keys.
    pub fn policies(settings: &Settings, user: &str) -> Result<Vec<(String, String)>, SettingsError> {
        let understood = understand(settings)?;
        let user =
            User::parse(user, settings.user_names).map_err(|error| SettingsError::value("user", error))?;
        let policy = |template: &Template| {
            let policy = template.folder_policy(&understood.place, &user)?;
            Some((template.name.clone(), policy))
        };
        Ok(understood.templates.iter().filter_map(policy).collect())
    }

    /// Starts a broker that asks the token service with these credentials.
    pub async fn start(settings: &Settings, credentials: Credentials) -> Result<Self, StartError> {
        Self::start_by(settings, credentials, Arc::new(SystemClock)).await
    }

    /// The same by another clock.
    pub async fn start_by(
        settings: &Settings,
        credentials: Credentials,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let desk = Arc::new(desk(settings, credentials, clock)?);
        let (stop, stopped) = watch::channel(false);
        let listener = bind(settings.listen).await?;
        let address = listener.local_addr().map_err(|source| StartError::Listen {
            address: settings.listen,
            source,
        })?;
        let patience = Duration::from_secs(settings.limits.patience_seconds);
        let mut serving = JoinSet::new();
        let mut metrics_address = None;
        if let Some(metrics) = settings.metrics_listen {
            let listener = bind(metrics).await?;
            metrics_address = listener.local_addr().ok();
            let desk = Arc::clone(&desk);
            let handle = move |request: Request<Incoming>, _| {
                let answer = metrics_answer(&desk, &request);
                async move { answer }
            };
            serving.spawn(serve(
                listener,
                METRICS_CONNECTIONS,
                patience,
                stopped.clone(),
                handle,
            ));
        }
        let handle = move |request, peer| {
            let desk = Arc::clone(&desk);
            async move { desk.answer(receive(request, peer, patience).await).await }
        };
        serving.spawn(serve(
            listener,
            settings.limits.connections,
            patience,
            stopped,
            handle,
        ));
        Ok(Self {
            address,
            metrics_address,
            stop,
            serving,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves metrics, if it does.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Lets the requests in flight finish, and ends.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.serving.join_next().await.is_some() {}
    }
}

fn understand(settings: &Settings) -> Result<Understood, SettingsError> {
    let store = &settings.store;
    let endpoint = |key, text: &str| {
        text.parse::<Endpoint>()
            .map_err(|error| SettingsError::value(key, error))
    };
    let place = Place {
        bucket: BucketName::parse(&store.bucket)
            .map_err(|error| SettingsError::value("store.bucket", error))?,
        region: Region::parse(&store.region).map_err(|error| SettingsError::value("store.region", error))?,
    };
    let reached = endpoint("store.endpoint", &store.endpoint)?;
    let public_endpoint = match &store.public_endpoint {
        Some(text) => endpoint("store.public_endpoint", text)?,
        None => reached.clone(),
    };
    if settings.templates.is_empty() || settings.templates.len() > MAX_TEMPLATES {
        return Err(SettingsError::value(
            "templates",
            "there must be 1 to 256 templates",
        ));
    }
    let in_bounds = |key, value: u64, bounds: std::ops::RangeInclusive<u64>| match bounds.contains(&value) {
        true => Ok(()),
        false => Err(SettingsError::value(
            key,
            format!("it is not from {} to {}", bounds.start(), bounds.end()),
        )),
    };
    in_bounds("cache.entries", settings.cache.entries as u64, 0..=1_000_000)?;
    in_bounds(
        "cache.least_left_percent",
        u64::from(settings.cache.least_left_percent),
        1..=99,
    )?;
    in_bounds(
        "limits.connections",
        settings.limits.connections as u64,
        1..=100_000,
    )?;
    in_bounds(
        "limits.patience_seconds",
        settings.limits.patience_seconds,
        1..=600,
    )?;
    let (mut templates, mut warnings) = (Vec::<Template>::new(), Vec::new());
    for template in &settings.templates {
        let template = Template::new(template)?;
        if templates.iter().any(|other| other.name == template.name) {
            return Err(SettingsError::Template {
                template: template.name,
                problem: "another one has the same name".to_owned(),
            });
        }
        warnings.extend(check::check(&template, &place)?);
        templates.push(template);
    }
    Ok(Understood {
        callers: Callers::new(&settings.callers, settings.user_names)?,
        cross_origin: CrossOrigin::new(&settings.cors)?,
        place,
        templates,
        endpoint: reached,
        public_endpoint,
        warnings,
    })
}

fn desk(settings: &Settings, credentials: Credentials, clock: Arc<dyn Clock>) -> Result<Desk, StartError> {
    let understood = understand(settings)?;
    for warning in &understood.warnings {
        tracing::warn!("{warning}");
    }
    let connection = Connection::new(understood.endpoint, Some(credentials)).with_patience(PATIENCE);
    let connection = connection.with_clock(Arc::clone(&clock));
    let sts = ActionClient::new(connection, understood.place.region.clone());
    Ok(Desk {
        keys: Keys::new(sts.clone(), &settings.cache),
        ready: Ready::new(sts),
        store: Connection::new(understood.public_endpoint, None).with_clock(Arc::clone(&clock)),
        place: understood.place,
        templates: understood.templates,
        callers: understood.callers,
        cross_origin: understood.cross_origin,
        rate: RateLimit::default(),
        trail: Trail::open(&settings.audit)?,
        figures: Figures::default(),
        clock,
    })
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| StartError::Listen { address, source })
}

async fn receive(request: Request<Incoming>, peer: SocketAddr, patience: Duration) -> Received {
    let (head, body) = request.into_parts();
    let read = tokio::time::timeout(patience, Limited::new(body, MAX_BODY_BYTES).collect()).await;
    let body = match read {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "BodyTooLarge",
            "the body is larger than 64 KiB",
        )),
        Ok(Err(_)) => Err(Refusal::request("the body breaks off")),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeout",
            "the body does not come",
        )),
    };
    Received { head, body, peer }
}

fn metrics_answer(desk: &Desk, request: &Request<Incoming>) -> Answer {
    let is_asked = request.method() == Method::GET && request.uri().path() == "/_broker/metrics";
    let mut answer = Response::new(Full::new(match is_asked {
        true => Bytes::from(desk.figures()),
        false => Bytes::new(),
    }));
    if !is_asked {
        *answer.status_mut() = StatusCode::NOT_FOUND;
    }
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

/// Serves connections until told to stop, then lets those in flight finish.
async fn serve<H, F>(
    listener: TcpListener,
    connections: usize,
    patience: Duration,
    mut stop: watch::Receiver<bool>,
    handle: H,
) where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(connections));
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = open.join_next() => continue,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, peer, slot)) = accepted else {
            continue;
        };
        let (handle, stop) = (handle.clone(), stop.clone());
        open.spawn(async move {
            speak(stream, peer, patience, stop, handle).await;
            drop(slot);
        });
    }
    drop(listener);
    let finished = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WAIT, finished).await.is_err() {
        tracing::warn!("requests still in flight were cut off at the end");
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, slot)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            // Out of file descriptors, most likely: give others time to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn speak<H, F>(
    stream: TcpStream,
    peer: SocketAddr,
    patience: Duration,
    mut stop: watch::Receiver<bool>,
    handle: H,
) where
    H: Fn(Request<Incoming>, SocketAddr) -> F,
    F: Future<Output = Answer>,
{
    // Small answers must not wait for the acknowledgement of earlier ones.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request| {
        let answer = handle(request, peer);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES);
    let mut served = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let outcome = tokio::select! {
        outcome = served.as_mut() => outcome,
        () = stopped(&mut stop) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}

/// A sender that is gone means that the broker is gone: stop, too.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
