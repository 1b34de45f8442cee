//! The app of the demo: it has nothing but the temporary key that the user server gave it.

use anyhow::{Result, anyhow, ensure};
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::outcome::{SessionToken, TemporaryKey};
use daypass_client::{Connection, Credentials, KeySource, ObjectClient, UserServerKeys, request};
use hyper::body::Bytes;

use super::held;
use super::stage::{Stage, refused};

/// Length of the picture that alice uploads.
const PICTURE_BYTES: u32 = 100_000;

pub(super) struct App {
    credentials: Credentials,
    store: Connection,
    bucket: BucketName,
}

impl App {
    /// Step 1: asks the user server with alice's key of the application, and keeps what step 4 brings.
    pub(super) async fn ask_for_key(url: &str, stage: &Stage) -> Result<(Self, TemporaryKey)> {
        let user_server = UserServerKeys::new(url)?.with_bearer(&stage.alices_key);
        let key = user_server.fetch().await.map_err(|error| anyhow!("{error}"))?;
        let app = Self {
            credentials: key.clone().into(),
            store: stage.store(None),
            bucket: stage.bucket.clone(),
        };
        Ok((app, key))
    }

    /// Step 5, inside A ∩ B.
    pub(super) async fn upload_and_download(&self) -> Result<()> {
        let store = self.client(self.credentials.clone());
        let key = ObjectKey::parse(b"users/alice/cat.jpg")?;
        store
            .put_object(request::put_object(&self.bucket, &key), picture().into())
            .await?;
        held("PUT users/alice/cat.jpg", "stored")?;
        self.read_again().await?;
        held(
            "GET users/alice/cat.jpg",
            &format!("{PICTURE_BYTES} bytes, equal"),
        )
    }

    /// What was uploaded is there, for this key.
    pub(super) async fn read_again(&self) -> Result<()> {
        let store = self.client(self.credentials.clone());
        let key = ObjectKey::parse(b"users/alice/cat.jpg")?;
        let answer = store.get_object(request::read_object(&self.bucket, &key)).await?;
        let read = answer.bytes().await?;
        ensure!(read == picture(), "what came back is not what was stored");
        Ok(())
    }

    /// Outside B: another user's folder.
    pub(super) async fn leave_the_policy(&self) -> Result<()> {
        let store = self.client(self.credentials.clone());
        let key = ObjectKey::parse(b"users/bob/cat.jpg")?;
        let outcome = store
            .put_object(request::put_object(&self.bucket, &key), picture().into())
            .await;
        refused(outcome, 403, "AccessDenied")?;
        held("PUT users/bob/cat.jpg", "refused, 403 AccessDenied: outside B")
    }

    /// A token with one letter changed.
    pub(super) async fn tamper_with_the_token(&self) -> Result<()> {
        let token = self
            .credentials
            .token
            .as_ref()
            .map(SessionToken::expose)
            .unwrap_or_default();
        let (start, last) = token.split_at(token.len().saturating_sub(1));
        let changed = if last == "A" { "B" } else { "A" };
        let tampered = Credentials {
            token: Some(SessionToken::new(format!("{start}{changed}"))),
            ..self.credentials.clone()
        };
        let key = ObjectKey::parse(b"users/alice/cat.jpg")?;
        let outcome = self
            .client(tampered)
            .get_object(request::read_object(&self.bucket, &key))
            .await;
        refused(outcome, 403, "AccessDenied")?;
        held(
            "GET with one letter of the token changed",
            "refused, 403 AccessDenied",
        )
    }

    fn client(&self, credentials: Credentials) -> ObjectClient {
        ObjectClient::new(self.store.clone().with_credentials(Some(credentials)))
    }
}

/// Bytes that are not all the same, so that a mix-up would show.
fn picture() -> Bytes {
    (0..PICTURE_BYTES)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}
