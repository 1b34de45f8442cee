//! The file of settings, as it is written: TOML, with unknown keys refused and its JSON schema made from these types.

use std::net::SocketAddr;
use std::path::PathBuf;

use daypass_tls::TlsConfig;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde_json::Value;

use crate::check::TemplateFault;
use crate::user::Names;

/// Longest file that is read, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// All settings of a broker.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where to listen for HTTP without TLS: for this machine, and for proxies that have TLS.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Where to listen for HTTPS, beside that; nowhere if left out.
    pub tls_listen: Option<SocketAddr>,
    /// File of the certificate for `tls_listen`, and of those between it and its root, PEM. A new one is shown within
    /// seconds.
    pub tls_cert: Option<PathBuf>,
    /// File of its private key, PEM.
    pub tls_key: Option<PathBuf>,
    /// Where to serve metrics for Prometheus, on `/_broker/metrics`; nowhere if left out.
    pub metrics_listen: Option<SocketAddr>,
    /// What becomes of user names with other letters than `A-Za-z0-9-_.@+,`: `refuse`, if left out, or `encode`.
    #[serde(default)]
    pub user_names: Names,
    /// The store and its token service.
    pub store: StoreSettings,
    /// Which pages may ask.
    #[serde(default)]
    pub cors: CorsSettings,
    /// Keys that are handed out more than once.
    #[serde(default)]
    pub cache: CacheSettings,
    /// Bounds of connections.
    #[serde(default)]
    pub limits: LimitSettings,
    /// The trail of what was handed out.
    #[serde(default)]
    pub audit: AuditSettings,
    /// How users are known; the first that accepts a caller counts. The same name is the same user, whoever says it.
    pub callers: Vec<CallerSettings>,
    /// What users get; the first that serves an endpoint counts, unless `?template=` names another.
    pub templates: Vec<TemplateSettings>,
}

/// The store and its token service.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// Where the broker reaches the token service: `http://<host>[:<port>]` or `https://...`.
    pub endpoint: String,
    /// Where users reach the store; the same if left out.
    pub public_endpoint: Option<String>,
    /// The bucket's region.
    pub region: String,
    /// The bucket, `<name>-<appid>`.
    pub bucket: String,
    /// Where the broker's own permanent key is from.
    pub key: KeyFrom,
}

/// Where the broker's own key is from. It never stands in the settings themselves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum KeyFrom {
    /// From two environment variables.
    Environment {
        /// The variable that holds the key's id.
        id_env: String,
        /// The variable that holds its secret.
        secret_env: String,
    },
    /// From a file of JSON, `{"secretId": "...", "secretKey": "..."}`.
    File {
        /// Which file.
        file: PathBuf,
    },
}

/// Which pages may ask.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CorsSettings {
    /// Origins such as `https://app.example`, or `*` for every one. Requests from others are refused.
    pub origins: Vec<String>,
    /// Whether pages may send cookies along; not with `*`.
    pub credentials: bool,
}

/// Keys that are handed out more than once.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSettings {
    /// Most keys that are kept; 0 keeps none.
    #[schemars(range(max = 1_000_000))]
    pub entries: usize,
    /// A key is handed out again while more than this share of its life is left, in percent.
    #[schemars(range(min = 1, max = 99))]
    pub least_left_percent: u32,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            entries: 10_000,
            least_left_percent: 50,
        }
    }
}

/// Bounds of connections.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Most connections at once; more wait.
    #[schemars(range(min = 1, max = 100_000))]
    pub connections: usize,
    /// Most connections at once of one address, or of one /64 of IPv6; more are closed. 0 for any number, as behind a
    /// proxy.
    #[schemars(range(max = 100_000))]
    pub connections_per_address: usize,
    /// Longest wait for a TLS handshake, for a request's head, for its body, for the next request, and for whoever does
    /// not take his answer, in seconds.
    #[schemars(range(min = 1, max = 600))]
    pub patience_seconds: u64,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: 256,
            patience_seconds: 10,
        }
    }
}

/// The trail of what was handed out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSettings {
    /// The file that gets one line of JSON for each answer; standard error if left out.
    pub file: Option<PathBuf>,
    /// At this size the file becomes `<file>.1`, and what was there before is gone.
    #[schemars(range(min = 4096))]
    pub max_bytes: u64,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            file: None,
            max_bytes: 64 * 1024 * 1024,
        }
    }
}

/// One way to know users.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CallerSettings {
    /// `Authorization: Bearer <token>` of an OpenID provider.
    Oidc {
        /// The provider, `https://...`; its keys are found through its discovery document, unless `jwks_url` is there.
        issuer: String,
        /// Where the provider's keys are, `https://...`, or `http://` on this machine; no discovery document is needed
        /// then.
        jwks_url: Option<String>,
        /// For whom a token must be.
        audiences: Vec<String>,
        /// The claim that names the user.
        #[serde(default = "default_claim")]
        claim: String,
        /// Whether the provider may have a private address and speak plain HTTP.
        #[serde(default)]
        allow_private: bool,
    },
    /// `Authorization: Bearer <key>` of a list of keys.
    ApiKeys {
        /// The keys.
        keys: Vec<ApiKeySettings>,
    },
    /// Somebody who is asked, with the caller's `Authorization` and `Cookie`.
    Webhook {
        /// Whom to ask, by GET; he answers 200 and `{"user": "..."}`, or 401, or 403.
        url: String,
        /// How long to wait for the answer, in milliseconds.
        #[serde(default = "default_webhook_timeout")]
        #[schemars(range(min = 1, max = 60_000))]
        timeout_ms: u64,
    },
}

/// One key of a user, of which only the digest is known.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeySettings {
    /// Whose it is.
    pub user: String,
    /// The SHA-256 of the key, 64 hexadecimal digits; `daypass broker new-key` makes both.
    pub sha256: String,
}

/// What users get.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateSettings {
    /// Its name, for `?template=`.
    pub name: String,
    /// The endpoints that it serves.
    pub endpoints: Vec<EndpointName>,
    /// The folder that keys of `sts` and `sts-scope` are for, such as `uploads/${user}/`.
    pub prefix: Option<String>,
    /// The key of the object that keys of the other endpoints are for, such as `file/${date}/${random}.${ext}`.
    pub key: Option<String>,
    /// What users may do: `upload`, `download`, `list`, `delete`, or actions such as `name/cos:PutObject`.
    pub actions: Vec<String>,
    /// What `${ext}` may be.
    #[serde(default)]
    pub extensions: Vec<String>,
    /// The content types that may be uploaded; any if left out.
    #[serde(default)]
    pub content_types: Vec<String>,
    /// Most bytes of an upload. Uploads in parts are not allowed then: the store holds each request against it.
    pub max_bytes: Option<u64>,
    /// How long a key lives, in seconds.
    #[serde(default = "default_seconds")]
    #[schemars(range(min = 1, max = 129_600))]
    pub duration_seconds: u32,
    /// How many keys a user may ask for in a minute.
    #[serde(default = "default_per_minute")]
    #[schemars(range(min = 1))]
    pub keys_per_minute: u32,
    /// All users reach the same folder, to read it.
    #[serde(default)]
    pub shared: bool,
    /// Rules of `docs/lint.md` whose errors are known and taken, such as `L05` for `delete`.
    #[serde(default)]
    pub accept: Vec<String>,
}

/// An endpoint, by the last part of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum EndpointName {
    /// A key for a folder.
    #[serde(rename = "sts")]
    Sts,
    /// A key for what the caller names, within the folder.
    #[serde(rename = "sts-scope")]
    StsScope,
    /// A key for one object, whose name is chosen here.
    #[serde(rename = "getKeyAndCredentials")]
    Key,
    /// A signature for one PUT.
    #[serde(rename = "put-sign")]
    PutSign,
    /// A signed form.
    #[serde(rename = "post-policy")]
    PostPolicy,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is too large.
    #[error("the settings are longer than 4 MiB")]
    TooLarge,
    /// The text is not what it must be; the words have the line and the key.
    #[error("{0}")]
    Text(String),
    /// A value makes no sense.
    #[error("`{key}`: {problem}")]
    Value {
        /// Which key.
        key: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A template makes no sense.
    #[error("template `{template}`: {problem}")]
    Template {
        /// Which.
        template: String,
        /// What is wrong.
        problem: String,
    },
    /// A template is dangerous.
    #[error("template `{template}` is dangerous: {fault}")]
    Dangerous {
        /// Which.
        template: String,
        /// What was found.
        fault: TemplateFault,
    },
}

impl Settings {
    /// Reads the text of the file.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        if text.len() > MAX_BYTES {
            return Err(SettingsError::TooLarge);
        }
        toml::from_str(text).map_err(|error| SettingsError::Text(error.to_string().trim_end().to_owned()))
    }

    /// What they say of HTTPS, if they do.
    pub(crate) fn tls(&self) -> Result<Option<TlsConfig>, SettingsError> {
        match (self.tls_listen, &self.tls_cert, &self.tls_key) {
            (Some(listen), Some(certificate), Some(key)) => Ok(Some(TlsConfig {
                listen,
                certificate: certificate.clone(),
                key: key.clone(),
                reload_every: TlsConfig::RELOAD_EVERY,
            })),
            (None, None, None) => Ok(None),
            _ => Err(SettingsError::value(
                "tls_listen",
                "HTTPS needs all three of `tls_listen`, `tls_cert` and `tls_key`",
            )),
        }
    }
}

impl SettingsError {
    pub(crate) fn value(key: &'static str, problem: impl ToString) -> Self {
        Self::Value {
            key,
            problem: problem.to_string(),
        }
    }
}

/// The JSON schema of the file.
pub fn schema() -> Value {
    schema_for!(Settings).to_value()
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9080))
}

fn default_claim() -> String {
    "sub".to_owned()
}

fn default_webhook_timeout() -> u64 {
    2000
}

fn default_seconds() -> u32 {
    1800
}

fn default_per_minute() -> u32 {
    60
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"
        callers = []
        templates = []
        [store]
        endpoint = "http://127.0.0.1:9000"
        region = "ap-guangzhou"
        bucket = "photos-1250000000"
        key = { id_env = "ID", secret_env = "SECRET" }
    "#;

    #[test]
    fn what_is_left_out_has_a_default() {
        let settings = Settings::parse(LEAST).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:9080");
        assert_eq!(settings.cache.entries, 10_000);
        assert!(settings.metrics_listen.is_none() && settings.cors.origins.is_empty());
    }

    #[test]
    fn unknown_keys_are_refused_wherever_they_stand() {
        let check = |more: &str, named: &str| {
            let text = format!("{more}\n{LEAST}");
            let error = Settings::parse(&text).map(drop).unwrap_err().to_string();
            assert!(error.contains(named), "{more}: {error}");
        };
        check("colour = 1", "unknown field `colour`");
        check("cors = { origin = [] }", "unknown field `origin`");
        check("audit = { path = 'a' }", "unknown field `path`");
        check("limits = { connection = 1 }", "unknown field `connection`");
        let text = LEAST.replace(
            "callers = []",
            "callers = [{ kind = 'webhook', url = 'u', retries = 1 }]",
        );
        assert!(
            Settings::parse(&text)
                .map(drop)
                .unwrap_err()
                .to_string()
                .contains("retries")
        );
        let text = LEAST.replace("callers = []", "callers = [{ kind = 'password' }]");
        assert!(
            Settings::parse(&text)
                .map(drop)
                .unwrap_err()
                .to_string()
                .contains("password")
        );
        let text = LEAST.replace("secret_env = \"SECRET\"", "secret = \"s\"");
        assert!(Settings::parse(&text).is_err());
    }

    #[test]
    fn the_schema_refuses_unknown_keys_too() {
        let schema = schema();
        let check = |place: &str| {
            let closed = schema
                .pointer(place)
                .and_then(|part| part.get("additionalProperties"));
            assert_eq!(closed, Some(&Value::Bool(false)), "{place}");
        };
        check("");
        for name in [
            "StoreSettings",
            "CorsSettings",
            "CacheSettings",
            "AuditSettings",
            "TemplateSettings",
        ] {
            check(&format!("/$defs/{name}"));
        }
    }
}
