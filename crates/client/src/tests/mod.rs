//! The client against a server that answers what the test tells it to: what is on the wire, and what becomes of
//! answers that go wrong. HTTPS and transfers are tested against the real server.

mod actions;
mod cut;
mod forms;
mod given_up;
mod objects;
mod renewal;
mod resumed;
mod server;
mod tls;
mod transfers;
mod trouble;
mod ways;

use std::sync::Arc;
use std::time::Duration;

use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, BucketName, ObjectKey};
use daypass_api::outcome::SessionToken;
use daypass_api::secret::SecretKey;

use crate::{Clock, Connection, Credentials, Patience};
use server::Server;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const SECRET: &str = "ExampleSecretKeyExampleSecretKey";

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn now_seconds() -> i64 {
    crate::SystemClock.now().unix_seconds()
}

fn bucket() -> BucketName {
    BucketName::parse("photos-1250000000").unwrap()
}

fn key() -> ObjectKey {
    ObjectKey::parse("dir//a b+c/../你".as_bytes()).unwrap()
}

fn credentials() -> Credentials {
    Credentials {
        secret_id: AccessKeyId::parse("AKIDexample").unwrap(),
        secret_key: SecretKey::new(SECRET.to_owned()),
        token: Some(SessionToken::new("token".to_owned())),
    }
}

/// A connection that does not try the test's patience.
fn connection(server: &Server) -> Connection {
    let endpoint = server.endpoint().parse().unwrap();
    let patience = Patience {
        connect: Duration::from_secs(5),
        stall: Duration::from_secs(5),
        retries: 3,
        first_delay: Duration::from_millis(1),
    };
    Connection::new(endpoint, Some(credentials()))
        .with_clock(Arc::new(Standing))
        .with_patience(patience)
}
