//! From settings to the server's configuration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use daypass_api::names::{Account, AppId, Uin};
use daypass_api::secret::{SecretKey, SecretText};
use daypass_server::tls::Authority;
use daypass_server::{AuditConfig, Config, EdgeLimits, ExplainConfig, Origin, RootSeed};
use daypass_tls::TlsConfig;
use tracing_subscriber::EnvFilter;

use super::layers::{Layered, Source};
use super::{Limits, MIB, Settings, secret};
use crate::{environment, tls};

/// No default is missing: what is asked for here stands in `Settings::defaults`.
const DEFAULT_MISSING: &str = "a setting has no default";

/// What the server is told, and what it logs.
pub(crate) fn settle(layered: Layered) -> Result<(Config, EnvFilter)> {
    let settings = &layered.settings;
    check_together(settings)?;
    let root_secret = secret_of(&layered, "root_secret_key_file", environment::ROOT_SECRET_KEY)?;
    let master_key = secret_of(&layered, "master_key_file", environment::MASTER_KEY)?;
    let previous_master_key = secret_of(
        &layered,
        "previous_master_key_file",
        environment::PREVIOUS_MASTER_KEY,
    )?;
    let filter = settings.log.as_ref().context(DEFAULT_MISSING)?;
    let filter = filter.0.filter().map_err(anyhow::Error::msg)?;
    let data = settings.data.clone().context(DEFAULT_MISSING)?;
    let least = settings.min_session_seconds.context(DEFAULT_MISSING)?.number();
    let sts_rate = settings.limits.sts_requests_per_second;
    let sts_rate = sts_rate.context(DEFAULT_MISSING)?.number();
    let web_identity_rate = settings.limits.web_identity_requests_per_second;
    let web_identity_rate = web_identity_rate.context(DEFAULT_MISSING)?.number();
    let config = Config {
        tls: tls_config(settings, &data)?,
        data,
        listen: settings.listen.context(DEFAULT_MISSING)?,
        console_listen: settings.console_listen,
        console_origins: console_origins(settings)?,
        console_api: settings.console_api_url.clone().map(|origin| origin.0),
        hosts: settings
            .hosts
            .iter()
            .flatten()
            .map(|host| host.0.clone())
            .collect(),
        trusted_proxies: settings
            .trusted_proxies
            .iter()
            .flatten()
            .map(|proxy| proxy.0)
            .collect(),
        region: settings.region.clone().context(DEFAULT_MISSING)?.0,
        min_session_seconds: i64::try_from(least)?,
        strict_policies: settings.strict_policies.unwrap_or(false),
        sts_requests_per_second: u32::try_from(sts_rate)?,
        web_identity_requests_per_second: u32::try_from(web_identity_rate)?,
        federation_allow_private: settings.federation_allow_private.context(DEFAULT_MISSING)?,
        master_key,
        previous_master_key,
        root: RootSeed {
            account: Account {
                app_id: AppId(settings.appid.context(DEFAULT_MISSING)?.number()),
                owner_uin: Uin(settings.owner_uin.context(DEFAULT_MISSING)?.number()),
            },
            secret_id: settings.root_secret_id.clone(),
            secret_key: root_secret.map(SecretKey::from),
        },
        explain: ExplainConfig {
            max_bytes: settings.explain_max_bytes.context(DEFAULT_MISSING)?.number(),
            max_age_days: settings.explain_max_age_days.context(DEFAULT_MISSING)?.number(),
            record_allowed: settings.explain_allowed.unwrap_or(false),
            danger_on_wire: settings.danger_explain_denials.unwrap_or(false),
        },
        audit: AuditConfig {
            directory: settings.audit_dir.clone(),
            max_bytes: settings.audit_max_bytes.context(DEFAULT_MISSING)?.number(),
            max_age_days: settings.audit_max_age_days.context(DEFAULT_MISSING)?.number(),
            on_loss: settings.audit_on_loss.as_ref().context(DEFAULT_MISSING)?.0.0,
        },
        limits: edge_limits(&settings.limits)?,
        metadata_cache_bytes: metadata_cache_bytes(&settings.limits)?,
    };
    Ok((config, filter))
}

/// Refuses settings that make sense only together, wherever each was said.
pub(crate) fn check_together(settings: &Settings) -> Result<()> {
    let Settings {
        tls_listen,
        tls_cert,
        tls_key,
        ..
    } = settings;
    match (tls_cert.is_some(), tls_key.is_some()) {
        (true, false) => bail!("`--tls-cert` needs `--tls-key`, or `tls_key` in the file"),
        (false, true) => bail!("`--tls-key` needs `--tls-cert`, or `tls_cert` in the file"),
        (true, true) if tls_listen.is_none() => {
            bail!("`--tls-cert` and `--tls-key` need `--tls-listen`, or `tls_listen` in the file")
        }
        _ => Ok(()),
    }
}

fn edge_limits(limits: &Limits) -> Result<EdgeLimits> {
    let seconds = |number: u64| Duration::from_secs(number);
    Ok(EdgeLimits {
        connections: usize::try_from(limits.connections.context(DEFAULT_MISSING)?.number())?,
        connections_per_address: usize::try_from(
            limits.connections_per_address.context(DEFAULT_MISSING)?.number(),
        )?,
        handshake_timeout: seconds(
            limits
                .handshake_timeout_seconds
                .context(DEFAULT_MISSING)?
                .number(),
        ),
        head_timeout: seconds(limits.head_timeout_seconds.context(DEFAULT_MISSING)?.number()),
        body_timeout: seconds(limits.body_timeout_seconds.context(DEFAULT_MISSING)?.number()),
        body_bytes_per_second: limits.body_bytes_per_second.context(DEFAULT_MISSING)?.number(),
        shutdown_timeout: seconds(limits.shutdown_timeout_seconds.context(DEFAULT_MISSING)?.number()),
    })
}

fn metadata_cache_bytes(limits: &Limits) -> Result<usize> {
    let mebibytes = limits.metadata_cache_mib.context(DEFAULT_MISSING)?.number();
    Ok(usize::try_from(mebibytes.saturating_mul(MIB))?)
}

/// A secret: from the file that a flag names, from the environment, or from the file that the settings name.
fn secret_of(layered: &Layered, key: &str, variable: &str) -> Result<Option<SecretText>> {
    let in_environment = environment::text(variable)?.map(SecretText::new);
    if in_environment.is_some() && layered.source(key) != Source::Flag {
        return Ok(in_environment);
    }
    layered.path(key).map(|path| secret::read(&path)).transpose()
}

/// Where else the console is opened from; without a console that would be said in vain.
fn console_origins(settings: &Settings) -> Result<Vec<Origin>> {
    let origins: Vec<Origin> = settings
        .console_origins
        .iter()
        .flatten()
        .map(|origin| origin.0.clone())
        .collect();
    if settings.console_listen.is_none() && (!origins.is_empty() || settings.console_api_url.is_some()) {
        bail!("`console_origins` and `console_api_url` are about the console: give `console_listen` as well");
    }
    Ok(origins)
}

/// HTTPS with the certificate that was given, or the one in the data directory.
fn tls_config(settings: &Settings, data: &Path) -> Result<Option<TlsConfig>> {
    let Some(listen) = settings.tls_listen else {
        return Ok(None);
    };
    let (certificate, key) = match (&settings.tls_cert, &settings.tls_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        _ => made_certificate(data)?,
    };
    Ok(Some(TlsConfig {
        listen,
        certificate,
        key,
        reload_every: TlsConfig::RELOAD_EVERY,
    }))
}

fn made_certificate(data: &Path) -> Result<(PathBuf, PathBuf)> {
    let authority = Authority::in_folder(tls::folder(data));
    let (certificate, key) = (authority.certificate(), authority.key());
    if !certificate.exists() || !key.exists() {
        bail!(
            "there is no certificate in `{}`: make one with `daypass tls init --data {}`, or give yours with \
             `--tls-cert` and `--tls-key`",
            tls::folder(data).display(),
            data.display(),
        );
    }
    Ok((certificate, key))
}

#[cfg(test)]
mod tests {
    use super::super::layers::Layers;
    use super::*;

    fn settled(file: &str) -> Result<Config> {
        let file = toml::from_str(file).unwrap();
        let layers = Layers {
            flags: Settings::default(),
            environment: Settings::default(),
            file,
        };
        settle(layers.merge()?).map(|(config, _)| config)
    }

    #[test]
    fn nothing_said_is_the_default_of_everything() {
        let config = settled("").unwrap();
        assert_eq!(config.limits, EdgeLimits::default());
        assert_eq!(config.metadata_cache_bytes, Config::METADATA_CACHE_BYTES);
        assert_eq!(config.listen.to_string(), "127.0.0.1:9000");
        assert_eq!(config.min_session_seconds, 1800);
        assert!(config.hosts.is_empty() && config.tls.is_none() && config.console_listen.is_none());
    }

    #[test]
    fn what_is_said_arrives() {
        let config = settled(
            "data = '/srv/daypass'\nlisten = '[::]:80'\nconsole_listen = '127.0.0.1:9090'\n\
             hosts = ['store.example.org']\nregion = 'ap-shanghai'\nmin_session_seconds = 60\n\
             appid = 1250000001\nowner_uin = 100000000002\nroot_secret_id = 'AKIDexample0123456789'\n\
             tls_listen = '[::]:443'\ntls_cert = 'cert.pem'\ntls_key = 'key.pem'\n[limits]\nconnections = 10\n\
             connections_per_address = 0\nhandshake_timeout_seconds = 1\nhead_timeout_seconds = 2\n\
             body_timeout_seconds = 3\nbody_bytes_per_second = 4\nshutdown_timeout_seconds = 5\nmetadata_cache_mib = 8\n",
        )
        .unwrap();
        assert_eq!(config.data, PathBuf::from("/srv/daypass"));
        assert_eq!(config.listen.to_string(), "[::]:80");
        assert_eq!(config.console_listen.unwrap().to_string(), "127.0.0.1:9090");
        assert_eq!(config.hosts[0].as_str(), "store.example.org");
        assert_eq!(config.region.as_str(), "ap-shanghai");
        assert_eq!(config.min_session_seconds, 60);
        assert_eq!(config.root.account.app_id, AppId(1_250_000_001));
        assert_eq!(config.root.account.owner_uin, Uin(100_000_000_002));
        assert_eq!(config.root.secret_id.as_deref(), Some("AKIDexample0123456789"));
        let tls = config.tls.unwrap();
        assert_eq!((tls.certificate, tls.key), ("cert.pem".into(), "key.pem".into()));
        let expected = EdgeLimits {
            connections: 10,
            connections_per_address: 0,
            handshake_timeout: Duration::from_secs(1),
            head_timeout: Duration::from_secs(2),
            body_timeout: Duration::from_secs(3),
            body_bytes_per_second: 4,
            shutdown_timeout: Duration::from_secs(5),
        };
        assert_eq!(config.limits, expected);
        assert_eq!(config.metadata_cache_bytes, 8 * 1024 * 1024);
    }

    #[test]
    fn settings_that_need_each_other() {
        let check = |file: &str, expected: &str| {
            let error = settled(file).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("tls_cert = 'a'", "needs `--tls-key`");
        check("tls_key = 'a'", "needs `--tls-cert`");
        check("tls_cert = 'a'\ntls_key = 'a'", "need `--tls-listen`");
        check(
            "tls_listen = '[::]:1'\ndata = '/nonexistent'",
            "there is no certificate",
        );
        check("master_key_file = '/nonexistent/key'", "could not be read");
    }
}
