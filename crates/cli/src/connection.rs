//! From arguments and environment to the two doors of the client.

use anyhow::Result;
use clap::Args;
use daypass_api::names::{AccessKeyId, Region};
use daypass_api::outcome::SessionToken;
use daypass_api::secret::SecretKey;
use daypass_client::{ActionClient, Connection, Credentials, Endpoint, ObjectClient};

use crate::environment::{self, SECRET_ID, SECRET_KEY, TOKEN};
use crate::names;
use crate::report::Misuse;

/// Where the server is.
#[derive(Args, Debug)]
pub(crate) struct ServerArguments {
    /// Where the server is. The key to sign with is read from DAYPASS_SECRET_ID, DAYPASS_SECRET_KEY and, for a
    /// temporary key, DAYPASS_TOKEN
    #[arg(
        long,
        value_name = "URL",
        env = "DAYPASS_ENDPOINT",
        default_value = "http://127.0.0.1:9000",
        help_heading = "Connection"
    )]
    endpoint: Endpoint,
}

/// Where the server is, and the region that calls of the token and access-management services name.
#[derive(Args, Debug)]
pub(crate) struct ServiceArguments {
    #[command(flatten)]
    server: ServerArguments,
    /// The region that the call names
    #[arg(
        long,
        value_name = "NAME",
        env = "DAYPASS_REGION",
        default_value = "ap-guangzhou",
        value_parser = names::region,
        help_heading = "Connection"
    )]
    region: Region,
}

impl ServerArguments {
    /// The object store.
    pub(crate) fn objects(self) -> Result<ObjectClient> {
        Ok(ObjectClient::new(self.connection()?))
    }

    fn connection(self) -> Result<Connection> {
        let [id, secret, token] = [SECRET_ID, SECRET_KEY, TOKEN].map(environment::text);
        let credentials = credentials(id?, secret?, token?)?;
        Ok(Connection::new(self.endpoint, Some(credentials)))
    }
}

impl ServiceArguments {
    /// The token and access-management services.
    pub(crate) fn actions(self) -> Result<ActionClient> {
        Ok(ActionClient::new(self.server.connection()?, self.region))
    }
}

/// There is no key to sign with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not set")]
pub(crate) struct MissingCredentials(pub(crate) &'static str);

fn credentials(id: Option<String>, secret: Option<String>, token: Option<String>) -> Result<Credentials> {
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
        .is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        return Err(Misuse(format!(
            "`{TOKEN}` holds blanks or other characters that no token has"
        ))
        .into());
    }
    Ok(Credentials {
        secret_id: AccessKeyId::parse(&id).map_err(|_| no_key_id())?,
        secret_key: SecretKey::new(secret),
        token: token.map(SessionToken::new),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: Option<&str>, secret: Option<&str>, token: Option<&str>, expected: Result<(), &str>) {
        let outcome = credentials(
            id.map(str::to_owned),
            secret.map(str::to_owned),
            token.map(str::to_owned),
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
