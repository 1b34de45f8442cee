//! Request heads, each one really signed: q-sign for the object store, TC3 for the token service.
//!
//! Nothing is signed ahead of time, since clients do not either; what it costs is part of the driver's processor time,
//! which every row states. Bodies are not signed, as with the official SDKs.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use daypass_signature::cos::{self, SignOptions};
use daypass_signature::{RequestView, SecretKey, Window, tc3};

/// The bucket that everything is done in.
pub(crate) const BUCKET_HOST: &str = "bench-1250000000.cos.ap-guangzhou.myqcloud.com";
/// Its name, and its region's.
pub(crate) const BUCKET: &str = "bench-1250000000";
pub(crate) const REGION: &str = "ap-guangzhou";
/// How long a signature holds.
const VALID_SECONDS: i64 = 3600;

/// A key to sign with, permanent or temporary.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// SecretId.
    pub(crate) id: String,
    /// SecretKey.
    pub(crate) secret: SecretKey,
    /// The token of a temporary key.
    pub(crate) token: Option<String>,
    /// Whether object requests carry signature and token in the query, as links do, instead of in headers.
    pub(crate) presigns: bool,
}

impl Key {
    /// The same key, for links.
    pub(crate) fn presigning(&self) -> Self {
        Self {
            presigns: true,
            ..self.clone()
        }
    }
}

/// What an object request says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    /// How long the body is, when there is one.
    pub(crate) length: Option<usize>,
}

/// Writes the signed head of an object request.
pub(crate) fn object(request: ObjectRequest<'_>, key: &Key, head: &mut Vec<u8>) -> Result<()> {
    let length = request.length.map(|length| length.to_string());
    let mut headers: Vec<(&str, &[u8])> = vec![("Host", BUCKET_HOST.as_bytes())];
    if let Some(length) = &length {
        headers.push(("Content-Length", length.as_bytes()));
    }
    if let Some(token) = key.token.as_ref().filter(|_| !key.presigns) {
        headers.push(("x-cos-security-token", token.as_bytes()));
    }
    let view = RequestView::new(request.method, request.path, request.query, &headers)?;
    let now = unix_seconds()?;
    let options = SignOptions::standard(Window::new(now - 60, now + VALID_SECONDS)?);
    let (authorization, signed_query);
    let mut query = request.query;
    if key.presigns {
        let signature = cos::presign(&view, &key.id, &key.secret, key.token.as_deref(), &options)?;
        signed_query = [query, if query.is_empty() { "" } else { "&" }, &signature].concat();
        query = &signed_query;
    } else {
        authorization = cos::sign(&view, &key.id, &key.secret, &options);
        headers.push(("Authorization", authorization.as_bytes()));
    }
    let separator = if query.is_empty() { "" } else { "?" };
    head.clear();
    write!(
        head,
        "{} {}{separator}{query} HTTP/1.1\r\n",
        request.method, request.path
    )?;
    end(&headers, head)
}

/// An action of the token service or of access management.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Action {
    pub(crate) name: &'static str,
    service: &'static str,
    version: &'static str,
}

impl Action {
    pub(crate) const GET_FEDERATION_TOKEN: Self = Self::of_sts("GetFederationToken");
    pub(crate) const ASSUME_ROLE: Self = Self::of_sts("AssumeRole");
    pub(crate) const ASSUME_ROLE_WITH_WEB_IDENTITY: Self = Self::of_sts("AssumeRoleWithWebIdentity");
    pub(crate) const REVOKE_SESSION: Self = Self {
        version: "2026-11-01",
        ..Self::of_sts("RevokeSession")
    };
    pub(crate) const CREATE_ROOT_ACCOUNT: Self = Self::of_cam("CreateRootAccount");
    pub(crate) const ADD_USER: Self = Self::of_cam("AddUser");
    pub(crate) const CREATE_POLICY: Self = Self::of_cam("CreatePolicy");
    pub(crate) const ATTACH_USER_POLICY: Self = Self::of_cam("AttachUserPolicy");
    pub(crate) const CREATE_ROLE: Self = Self::of_cam("CreateRole");
    pub(crate) const CREATE_OIDC_CONFIG: Self = Self::of_cam("CreateOIDCConfig");

    const fn of_sts(name: &'static str) -> Self {
        Self {
            name,
            service: "sts",
            version: "2018-08-13",
        }
    }

    const fn of_cam(name: &'static str) -> Self {
        Self {
            name,
            service: "cam",
            version: "2019-01-16",
        }
    }
}

/// Writes the head of a call, signed with the key, or without one of a call that nobody signs.
pub(crate) fn call(action: Action, body: &[u8], key: Option<&Key>, head: &mut Vec<u8>) -> Result<()> {
    let now = unix_seconds()?;
    let (timestamp, length) = (now.to_string(), body.len().to_string());
    let host = [action.service, ".tencentcloudapi.com"].concat();
    let mut headers: Vec<(&str, &[u8])> = vec![
        ("Host", host.as_bytes()),
        ("Content-Type", b"application/json"),
        ("Content-Length", length.as_bytes()),
        ("X-TC-Action", action.name.as_bytes()),
        ("X-TC-Version", action.version.as_bytes()),
        ("X-TC-Timestamp", timestamp.as_bytes()),
        ("X-TC-Region", b"ap-guangzhou"),
    ];
    let view = RequestView::new("POST", "/", "", &headers)?;
    let authorization = match key {
        Some(key) => tc3::sign(&view, body, &key.id, &key.secret, action.service, now)
            .context("the clock is set to a time that cannot be signed")?,
        None => "SKIP".to_owned(),
    };
    headers.push(("Authorization", authorization.as_bytes()));
    head.clear();
    head.extend_from_slice(b"POST / HTTP/1.1\r\n");
    end(&headers, head)
}

fn end(headers: &[(&str, &[u8])], head: &mut Vec<u8>) -> Result<()> {
    for (name, value) in headers {
        write!(head, "{name}: ")?;
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    Ok(())
}

/// Now, in seconds since 1970.
pub(crate) fn unix_seconds() -> Result<i64> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the clock is set before 1970")?;
    Ok(i64::try_from(now.as_secs())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(token: Option<&str>) -> Key {
        Key {
            id: "AKIDEXAMPLE".to_owned(),
            secret: SecretKey::new("secret".to_owned()),
            token: token.map(str::to_owned),
            presigns: false,
        }
    }

    /// The headers of a head as the other side reads them.
    fn received(head: &[u8]) -> (String, Vec<(String, Vec<u8>)>) {
        let text = std::str::from_utf8(head)
            .unwrap()
            .strip_suffix("\r\n\r\n")
            .unwrap();
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .collect();
        (line, headers)
    }

    #[test]
    fn object_requests_verify() {
        for token in [None, Some("token")] {
            let key = key(token);
            let mut head = Vec::new();
            let request = ObjectRequest {
                method: "GET",
                path: "/get/1",
                query: "prefix=a&max-keys=9",
                length: None,
            };
            object(request, &key, &mut head).unwrap();
            let (line, headers) = received(&head);
            assert_eq!(line, "GET /get/1?prefix=a&max-keys=9 HTTP/1.1");
            let pairs: Vec<(&str, &[u8])> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_slice()))
                .collect();
            let view = RequestView::new("GET", "/get/1", "prefix=a&max-keys=9", &pairs).unwrap();
            let claim = cos::claim(&view).unwrap().unwrap();
            assert!(claim.verify(&view, &key.secret, &[]));
            assert_eq!(claim.token.as_ref().map(|sent| sent.expose()), token);
        }
    }

    #[test]
    fn links_verify() {
        for (token, query) in [(None, ""), (Some("token"), "prefix=a")] {
            let key = key(token).presigning();
            let mut head = Vec::new();
            let request = ObjectRequest {
                method: "GET",
                path: "/get/1",
                query,
                length: None,
            };
            object(request, &key, &mut head).unwrap();
            let (line, headers) = received(&head);
            let target = line
                .strip_prefix("GET ")
                .unwrap()
                .strip_suffix(" HTTP/1.1")
                .unwrap();
            let (path, query) = target.split_once('?').unwrap();
            let pairs: Vec<(&str, &[u8])> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_slice()))
                .collect();
            let view = RequestView::new("GET", path, query, &pairs).unwrap();
            let claim = cos::claim(&view).unwrap().unwrap();
            assert!(claim.verify(&view, &key.secret, &[]));
            assert_eq!(claim.token.as_ref().map(|sent| sent.expose()), token);
            assert_eq!(pairs.len(), 1);
        }
    }

    #[test]
    fn calls_verify() {
        let (key, body) = (key(None), br#"{"Name":"bench"}"#);
        let mut head = Vec::new();
        call(Action::GET_FEDERATION_TOKEN, body, Some(&key), &mut head).unwrap();
        let (_, headers) = received(&head);
        let pairs: Vec<(&str, &[u8])> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let view = RequestView::new("POST", "/", "", &pairs).unwrap();
        let claim = tc3::claim(&view).unwrap().unwrap();
        assert!(claim.verify(&view, body, &key.secret, "sts", &[]));
    }
}
