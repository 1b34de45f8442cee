//! Forms: uploads that a browser sends as `multipart/form-data`, within what its signer allows.
//!
//! What the form may say stands in its policy, one condition for each field; whoever has the signed form can change none
//! of it, and can upload any file of the allowed length until it ends.

use std::fmt;
use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daypass_api::Timestamp;
use daypass_api::names::{BucketName, ObjectKey};
use daypass_signature::Window;
use daypass_signature::cos::post_policy_signature;
use serde_json::{Value, json};

use super::presign::key_to_sign_with;
use super::{ObjectClient, sign};
use crate::credentials::Credentials;
use crate::error::Error;

/// Most bytes that a form may upload.
const MAX_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// Under which key the file of a form is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormKey {
    /// This one.
    Exactly(ObjectKey),
    /// One that begins so; the form is filled in with the beginning and the name of the file, and a page may write
    /// another end.
    Below(String),
}

/// What the answer to a form is when the file is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormSuccess {
    /// A status: 200, 201 or 204. A page that reads the answer wants 200.
    Status(u16),
    /// The browser is sent to this address, with `bucket`, `key` and `etag` in its query.
    Redirect(String),
}

/// What a form may upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormUpload {
    /// Where to.
    pub bucket: BucketName,
    /// Under which key.
    pub key: FormKey,
    /// For how many seconds the form is good.
    pub seconds: u32,
    /// How many bytes the file may have.
    pub length: RangeInclusive<u64>,
    /// The type that the object gets, whatever the file is; without one it gets the usual type.
    pub content_type: Option<String>,
    /// The answer to a good upload.
    pub success: FormSuccess,
}

impl FormUpload {
    /// A form for files of any length that a form may have, that is good for ten minutes and answered with 200.
    pub fn new(bucket: &BucketName, key: FormKey) -> Self {
        Self {
            bucket: bucket.clone(),
            key,
            seconds: 600,
            length: 0..=MAX_BYTES,
            content_type: None,
            success: FormSuccess::Status(200),
        }
    }
}

/// A form that was signed. Its fields are hidden in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedForm {
    url: String,
    fields: Vec<(&'static str, String)>,
}

impl SignedForm {
    /// Where the form goes, by POST.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// All fields; the file comes after them, in a field `file`. Each use of this method is a place where what they allow
    /// may leak.
    pub fn expose(&self) -> &[(&'static str, String)] {
        &self.fields
    }
}

impl fmt::Debug for SignedForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedForm")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl ObjectClient {
    /// A form that uploads what this says, for whoever has it, within what the key of this connection may do.
    pub async fn sign_form(&self, upload: &FormUpload) -> Result<SignedForm, Error> {
        let credentials = key_to_sign_with(&self.connection, "a form").await?;
        let now = self.connection.now();
        let window = sign::window(now, i64::from(upload.seconds))?;
        let end = Timestamp::from_unix_seconds(window.end());
        let said = said(upload);
        let policy = policy(upload, &said, &credentials, window, end);
        let mut fields = said;
        fields.extend(signature_fields(&policy, &credentials, window));
        let endpoint = self.connection.endpoint();
        let (bucket, authority) = (upload.bucket.as_str(), endpoint.authority());
        let place = match endpoint.uses_path_style() {
            true => format!("{authority}/{bucket}/"),
            false => format!("{bucket}.{authority}/"),
        };
        Ok(SignedForm {
            url: format!("{}://{place}", endpoint.scheme()),
            fields,
        })
    }
}

/// The fields that say what is to be done.
fn said(upload: &FormUpload) -> Vec<(&'static str, String)> {
    let key = match &upload.key {
        FormKey::Exactly(key) => key.as_str().to_owned(),
        FormKey::Below(beginning) => format!("{beginning}${{filename}}"),
    };
    let mut fields = vec![("key", key)];
    if let Some(content_type) = &upload.content_type {
        fields.push(("Content-Type", content_type.clone()));
    }
    fields.push(match &upload.success {
        FormSuccess::Status(status) => ("success_action_status", status.to_string()),
        FormSuccess::Redirect(url) => ("success_action_redirect", url.clone()),
    });
    fields
}

/// Every field has a condition, so that nobody can add to the form or change it.
fn policy(
    upload: &FormUpload,
    said: &[(&'static str, String)],
    credentials: &Credentials,
    window: Window,
    end: Timestamp,
) -> String {
    let mut conditions = vec![
        json!({ "q-sign-algorithm": "sha1" }),
        json!({ "q-ak": credentials.secret_id.as_str() }),
        json!({ "q-sign-time": window.to_string() }),
        json!({ "bucket": upload.bucket.as_str() }),
        json!(["content-length-range", upload.length.start(), upload.length.end()]),
    ];
    let condition = |(name, value): &(&'static str, String)| -> Value {
        match (*name, &upload.key) {
            ("key", FormKey::Below(beginning)) => json!(["starts-with", "$key", beginning]),
            (name, _) => json!({ name: value }),
        }
    };
    conditions.extend(said.iter().map(condition));
    json!({ "expiration": end.iso_millis(), "conditions": conditions }).to_string()
}

fn signature_fields(policy: &str, credentials: &Credentials, window: Window) -> Vec<(&'static str, String)> {
    let signature = post_policy_signature(policy.as_bytes(), window, &credentials.signing_key());
    let mut fields = vec![
        ("policy", STANDARD.encode(policy)),
        ("q-sign-algorithm", "sha1".to_owned()),
        ("q-ak", credentials.secret_id.to_string()),
        ("q-key-time", window.to_string()),
        ("q-signature", signature),
    ];
    if let Some(token) = credentials.token_text() {
        fields.push(("x-cos-security-token", token.to_owned()));
    }
    fields
}
