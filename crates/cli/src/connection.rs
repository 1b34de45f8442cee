//! From arguments, environment and profile to the two doors of the client.
//!
//! Each setting is taken from the first source that has it, a key with its secret and token from one source as a whole.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::Timestamp;
use daypass_api::names::Region;
use daypass_client::{
    ActionClient, Connection, Credentials, CredentialsProvider, Endpoint, ObjectClient, Profile,
    ProfileError, Trust,
};

use crate::environment::{self, PROFILE, SECRET_ID};
use crate::names;
use crate::profile;
use crate::report::Misuse;

/// Where the server is when nothing says so.
const USUAL_ENDPOINT: &str = "http://127.0.0.1:9000";
/// The region that calls name when nothing says so.
const USUAL_REGION: &str = "ap-guangzhou";

/// Where the server is, whom to trust, and as whom to speak.
#[derive(Args, Debug, Clone)]
pub(crate) struct ServerArguments {
    /// Where the server is: http://HOST[:PORT] or https://HOST[:PORT]. Otherwise DAYPASS_ENDPOINT or the profile says
    /// it, and else it is http://127.0.0.1:9000
    #[arg(long, value_name = "URL", help_heading = "Connection")]
    endpoint: Option<Endpoint>,
    /// The authorities to trust over HTTPS, PEM, instead of those of this machine. Otherwise DAYPASS_CA_FILE or the
    /// profile
    #[arg(long, value_name = "FILE", help_heading = "Connection")]
    ca_file: Option<PathBuf>,
    /// Section of ~/.config/daypass/profiles.toml with endpoint, ca_file, region and a key: secret_id, secret_key and
    /// token, or credential_process, or user_server and user_server_token; it counts before the environment. Otherwise DAYPASS_PROFILE or `default`, which count after it: DAYPASS_SECRET_ID,
    /// DAYPASS_SECRET_KEY and, for a temporary key, DAYPASS_TOKEN
    #[arg(long, value_name = "NAME", help_heading = "Connection")]
    profile: Option<String>,
}

/// Where the server is, and the region that calls of the token and access-management services name.
#[derive(Args, Debug, Clone)]
pub(crate) struct ServiceArguments {
    #[command(flatten)]
    server: ServerArguments,
    /// The region that the call names. Otherwise DAYPASS_REGION or the profile says it, and else it is ap-guangzhou
    #[arg(long, value_name = "NAME", value_parser = names::region, help_heading = "Connection")]
    region: Option<Region>,
}

/// As whom to sign, where nothing is sent.
#[derive(Args, Debug, Clone)]
pub(crate) struct KeyArguments {
    /// Section of ~/.config/daypass/profiles.toml with the key; it counts before the environment. Otherwise
    /// DAYPASS_PROFILE or `default`, which count after it: DAYPASS_SECRET_ID, DAYPASS_SECRET_KEY, DAYPASS_TOKEN
    #[arg(long, value_name = "NAME", help_heading = "Connection")]
    profile: Option<String>,
}

impl KeyArguments {
    /// The key that signs at this moment.
    pub(crate) async fn credentials(&self, now: Timestamp) -> Result<Arc<Credentials>> {
        let provider = Settings::of(self.profile.as_deref())?.provider()?;
        Ok(provider.credentials(now).await?)
    }
}

impl ServerArguments {
    /// The object store.
    pub(crate) fn objects(self) -> Result<ObjectClient> {
        let settings = Settings::of(self.profile.as_deref())?;
        Ok(ObjectClient::new(settings.connection(self)?))
    }
}

impl ServiceArguments {
    /// The token and access-management services.
    pub(crate) fn actions(self) -> Result<ActionClient> {
        let settings = Settings::of(self.server.profile.as_deref())?;
        let region = match self.region {
            Some(region) => region,
            None => settings.region()?,
        };
        Ok(ActionClient::new(settings.connection(self.server)?, region))
    }
}

/// What stands outside the command line, the source that counts more first.
struct Settings([Profile; 2]);

impl Settings {
    /// A profile that the command line names counts before the environment, any other one after it.
    fn of(profile: Option<&str>) -> Result<Self> {
        let environment = profile::of_the_environment()?;
        Ok(match profile {
            Some(name) => Self([profile::read(Some(name))?, environment]),
            None => {
                let name = environment::text(PROFILE)?;
                Self([environment, profile::read(name.as_deref())?])
            }
        })
    }

    /// The first that says something.
    fn first<'a, T: ?Sized>(&'a self, of: impl Fn(&'a Profile) -> Option<&'a T>) -> Option<&'a T> {
        self.0.iter().find_map(of)
    }

    fn region(&self) -> Result<Region> {
        let text = self.first(|source| source.region.as_deref());
        let parsed = names::region(text.unwrap_or(USUAL_REGION));
        Ok(parsed.map_err(|error| Misuse(error.to_owned()))?)
    }

    fn connection(&self, arguments: ServerArguments) -> Result<Connection> {
        let endpoint = match arguments.endpoint {
            Some(endpoint) => endpoint,
            None => self.endpoint()?,
        };
        if arguments.ca_file.is_some() && !endpoint.is_secure() {
            let text = format!("`--ca-file` is for HTTPS, and `{endpoint}` is not");
            return Err(Misuse(text).into());
        }
        let provider = self.provider()?;
        let authority = arguments.ca_file.as_deref();
        let authority = authority.or_else(|| self.first(|source| source.ca_file.as_deref()));
        let is_secure = endpoint.is_secure();
        let connection = Connection::new(endpoint, None).with_provider(provider);
        match authority.filter(|_| is_secure) {
            None => Ok(connection),
            Some(file) => {
                let trust = Trust::file(file).map_err(anyhow::Error::new);
                Ok(connection.with_trust(trust.context("no authority can be trusted")?))
            }
        }
    }

    fn provider(&self) -> Result<Arc<dyn CredentialsProvider>> {
        let keys = self.0.iter().find(|source| source.names_a_key());
        let keys = keys.ok_or(MissingCredentials(SECRET_ID))?;
        let provider = keys.provider().map_err(|error| match error {
            ProfileError::Incomplete(name) => MissingCredentials(name).into(),
            error => profile::told(error),
        })?;
        Ok(provider.ok_or(MissingCredentials(SECRET_ID))?)
    }

    fn endpoint(&self) -> Result<Endpoint> {
        let text = self.first(|source| source.endpoint.as_deref());
        let text = text.unwrap_or(USUAL_ENDPOINT);
        Ok(text
            .parse()
            .map_err(|error| Misuse(format!("the endpoint `{text}` is not one: {error}")))?)
    }
}

/// There is no key to sign with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not set")]
pub(crate) struct MissingCredentials(pub(crate) &'static str);
