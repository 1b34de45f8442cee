//! From arguments, environment and profile to the two doors of the client.
//!
//! Each setting is taken from the first source that has it, a key with its secret and token from one source as a whole.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::names::{AccessKeyId, Region};
use daypass_api::outcome::SessionToken;
use daypass_api::secret::SecretKey;
use daypass_client::{ActionClient, Connection, Credentials, Endpoint, ObjectClient, Trust};

use crate::environment::{self, PROFILE, SECRET_ID, SECRET_KEY, TOKEN};
use crate::names;
use crate::profile::{self, Profile};
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
    /// Section of ~/.config/daypass/profiles.toml with endpoint, ca_file, region, secret_id, secret_key and token; it
    /// counts before the environment. Otherwise DAYPASS_PROFILE or `default`, which count after it: DAYPASS_SECRET_ID,
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

impl ServerArguments {
    /// The object store.
    pub(crate) fn objects(self) -> Result<ObjectClient> {
        let settings = Settings::of(&self)?;
        Ok(ObjectClient::new(settings.connection(self)?))
    }
}

impl ServiceArguments {
    /// The token and access-management services.
    pub(crate) fn actions(self) -> Result<ActionClient> {
        let settings = Settings::of(&self.server)?;
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
    fn of(arguments: &ServerArguments) -> Result<Self> {
        let environment = profile::of_the_environment()?;
        Ok(match &arguments.profile {
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
        let keys = self.0.iter().find(|source| source.names_a_key());
        let keys = keys.ok_or(MissingCredentials(SECRET_ID))?;
        let credentials = credentials(
            keys.secret_id.clone(),
            keys.secret_key.clone(),
            keys.token.clone(),
        )?;
        let authority = arguments.ca_file.as_deref();
        let authority = authority.or_else(|| self.first(|source| source.ca_file.as_deref()));
        let is_secure = endpoint.is_secure();
        let connection = Connection::new(endpoint, Some(credentials));
        match authority.filter(|_| is_secure) {
            None => Ok(connection),
            Some(file) => {
                let trust = Trust::file(file).map_err(anyhow::Error::new);
                Ok(connection.with_trust(trust.context("no authority can be trusted")?))
            }
        }
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

fn credentials(
    id: Option<String>,
    secret: Option<SecretKey>,
    token: Option<SessionToken>,
) -> Result<Credentials> {
    let id = id.ok_or(MissingCredentials(SECRET_ID))?;
    let secret = secret.ok_or(MissingCredentials(SECRET_KEY))?;
    let no_key_id = || {
        Misuse(format!(
            "`{SECRET_ID}` is not the id of a key: it holds letters, digits, `-` and `_`"
        ))
    };
    // What no header can carry is refused here, where its name is known; neither secret nor token is shown.
    if token
        .as_ref()
        .is_some_and(|token| !token.expose().bytes().all(|byte| byte.is_ascii_graphic()))
    {
        return Err(Misuse(format!(
            "`{TOKEN}` holds blanks or other characters that no token has"
        ))
        .into());
    }
    Ok(Credentials {
        secret_id: AccessKeyId::parse(&id).map_err(|_| no_key_id())?,
        secret_key: secret,
        token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: Option<&str>, secret: Option<&str>, token: Option<&str>, expected: Result<(), &str>) {
        let outcome = credentials(
            id.map(str::to_owned),
            secret.map(|text| SecretKey::new(text.to_owned())),
            token.map(|text| SessionToken::new(text.to_owned())),
        );
        let outcome = outcome.map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(
            outcome
                .as_ref()
                .map_err(|error| error.get(..expected.err().unwrap_or("").len()).unwrap()),
            expected.as_ref().map_err(|text| *text)
        );
    }

    #[test]
    fn keys_from_the_environment() {
        check(Some("AKID1"), Some("s"), None, Ok(()));
        check(Some("AKID1"), Some("s"), Some("t_-"), Ok(()));
        check(None, Some("s"), None, Err("`DAYPASS_SECRET_ID` is not set"));
        check(
            Some("AKID1"),
            None,
            Some("t"),
            Err("`DAYPASS_SECRET_KEY` is not set"),
        );
        check(
            Some("a b"),
            Some("s"),
            None,
            Err("`DAYPASS_SECRET_ID` is not the id"),
        );
        check(
            Some("AKID1"),
            Some("s"),
            Some("a\nb"),
            Err("`DAYPASS_TOKEN` holds blanks"),
        );
    }
}
