//! Uploads by form, as pages and mini programs send them: a policy that is signed anew for each, then the file.

use std::io::Write;

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daypass_signature::Window;
use daypass_signature::cos::post_policy_signature;
use serde_json::json;

use crate::request::{BUCKET_HOST, Key, unix_seconds};

const BOUNDARY: &str = "----daypass-bench-form";
/// How long a form may be sent.
const VALID_SECONDS: i64 = 3600;

/// Writes the head and the body of a form that puts these bytes under this key.
pub(crate) fn form(
    object_key: &str,
    file: &[u8],
    key: &Key,
    head: &mut Vec<u8>,
    body: &mut Vec<u8>,
) -> Result<()> {
    body.clear();
    for (name, value) in fields(object_key, key)? {
        write!(
            body,
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )?;
    }
    write!(
        body,
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )?;
    body.extend_from_slice(file);
    write!(body, "\r\n--{BOUNDARY}--\r\n")?;
    head.clear();
    write!(
        head,
        "POST / HTTP/1.1\r\nHost: {BUCKET_HOST}\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
        body.len()
    )?;
    Ok(())
}

/// All fields before the file, the signature among them.
fn fields(object_key: &str, key: &Key) -> Result<Vec<(&'static str, String)>> {
    ensure!(
        key.token.is_none(),
        "forms are measured with the permanent key only"
    );
    let now = unix_seconds()?;
    let window = Window::new(now - 60, now + VALID_SECONDS)?;
    let expiration = daypass_api::Timestamp::from_unix_seconds(now + VALID_SECONDS).iso_millis();
    let policy = json!({
        "expiration": expiration,
        "conditions": [
            { "q-sign-algorithm": "sha1" },
            { "q-ak": key.id },
            { "q-sign-time": window.to_string() },
            { "key": object_key },
            { "success_action_status": "200" },
            ["content-length-range", 0, 1 << 30],
        ],
    })
    .to_string();
    let signature = post_policy_signature(policy.as_bytes(), window, &key.secret);
    Ok(vec![
        ("key", object_key.to_owned()),
        ("success_action_status", "200".to_owned()),
        ("policy", STANDARD.encode(policy)),
        ("q-sign-algorithm", "sha1".to_owned()),
        ("q-ak", key.id.clone()),
        ("q-key-time", window.to_string()),
        ("q-signature", signature),
    ])
}

#[cfg(test)]
mod tests {
    use daypass_signature::SecretKey;

    use super::*;

    #[test]
    fn a_form_ends_with_its_file() {
        let key = Key {
            id: "AKIDEXAMPLE".to_owned(),
            secret: SecretKey::new("secret".to_owned()),
            token: None,
            presigns: false,
        };
        let (mut head, mut body) = (Vec::new(), Vec::new());
        form("put/1", b"the bytes", &key, &mut head, &mut body).unwrap();
        let length = format!("Content-Length: {}\r\n", body.len());
        assert!(String::from_utf8(head).unwrap().contains(&length));
        let end = format!("\r\n\r\nthe bytes\r\n--{BOUNDARY}--\r\n");
        assert!(String::from_utf8(body).unwrap().ends_with(&end));
    }
}
