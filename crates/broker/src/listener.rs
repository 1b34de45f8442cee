//! A running broker: settings made into what answers, and its end in good order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use daypass_api::names::{BucketName, Region};
use daypass_client::{ActionClient, Clock, Connection, Credentials, Endpoint, Patience, SystemClock};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::StartError;
use crate::audit::Trail;
use crate::beyond;
use crate::callers::Callers;
use crate::check::{self, Warning};
use crate::cross_origin::CrossOrigin;
use crate::desk::Desk;
use crate::keys::Keys;
use crate::place::Place;
use crate::rate::RateLimit;
use crate::ready::Ready;
use crate::settings::{Settings, SettingsError};
use crate::sockets::{Addresses, Listeners};
use crate::template::Template;
use crate::user::User;

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
    addresses: Addresses,
    desk: Arc<Desk>,
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
        let desk = Arc::new(desk(settings, credentials, Arc::clone(&clock))?);
        let listeners = Listeners::open(settings, clock.now()).await?;
        let (stop, stopped) = watch::channel(false);
        Ok(Self {
            addresses: listeners.addresses(),
            serving: listeners.serve(&desk, &settings.limits, &clock, &stopped),
            desk,
            stop,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.addresses.plain
    }

    /// Where it listens with TLS, if it does.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.addresses.secure
    }

    /// Where it serves metrics, if it does.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.addresses.metrics
    }

    /// What its templates grant beyond what its own key may do, in words, as far as the token service says.
    pub async fn beyond(&self) -> Result<Vec<String>, daypass_client::Error> {
        beyond::look(&self.desk.sts, &self.desk.templates, &self.desk.place).await
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
        "limits.connections_per_address",
        settings.limits.connections_per_address as u64,
        0..=100_000,
    )?;
    in_bounds(
        "limits.patience_seconds",
        settings.limits.patience_seconds,
        1..=600,
    )?;
    settings.tls()?;
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
        ready: Ready::new(sts.clone()),
        sts,
        store: Connection::new(understood.public_endpoint, None).with_clock(Arc::clone(&clock)),
        place: understood.place,
        templates: understood.templates,
        callers: understood.callers,
        cross_origin: understood.cross_origin,
        rate: RateLimit::default(),
        trail: Trail::open(&settings.audit)?,
        figures: Arc::default(),
        clock,
    })
}
