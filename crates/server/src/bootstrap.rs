//! From a data directory to an open store: engines, master key, root account, key ring.
//!
//! Every step can be cut off and is taken up again at the next start: a master key is made only while there is no
//! account, generated credentials are written down before the account that has them exists.

use std::path::Path;
use std::sync::Arc;

use daypass_api::ErrorCode;
use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, Account, PolicyId, PolicyName};
use daypass_api::secret::{SecretKey, SecretText};
use daypass_blob::local::{LocalBlobs, LocalOptions};
use daypass_kv::redb::{RedbKv, RedbOptions, Statistics};
use daypass_policy::preset::{PRESETS, Preset};
use daypass_store::identity::{KeyMaterial, PresetPolicy, WrappedKeyRing, WrappedSecret};
use daypass_store::{Store, StoreOptions};
use daypass_token::{KeyRing, MasterKey, WrapError};

use crate::StartError;
use crate::clock::SystemRandom;
use crate::config::{Config, Engines, RootSeed};
use crate::data_directory::DataDirectory;
use crate::master_key::{self, Masters};
use crate::metrics::{BlobMeter, MeteredBlobs};
use crate::opened_tokens::OpenedTokens;
use crate::secrets_at_rest::{self, GivenKeys, KeyFiles};

/// What the server stands on.
pub(crate) struct Foundation {
    pub(crate) store: Store,
    pub(crate) masters: Masters,
    pub(crate) ring: StoredRing,
    pub(crate) account: Account,
    pub(crate) kv: Arc<Statistics>,
    pub(crate) blobs: Arc<BlobMeter>,
}

/// A key ring, and the bytes it is stored as: a new one replaces exactly these.
pub(crate) struct StoredRing {
    pub(crate) ring: KeyRing,
    pub(crate) wrapped: WrappedKeyRing,
    /// What it has opened; another ring opens anew.
    pub(crate) opened: OpenedTokens,
}

impl StoredRing {
    pub(crate) fn new(ring: KeyRing, wrapped: WrappedKeyRing) -> Self {
        let opened = OpenedTokens::default();
        Self {
            ring,
            wrapped,
            opened,
        }
    }
}

/// Opens the data directory, and furnishes an empty one; on engines that are given, only its other files count.
pub(crate) async fn open(
    config: &Config,
    engines: Option<Engines>,
    now: Timestamp,
    random: SystemRandom,
) -> Result<Foundation, StartError> {
    make_directory(&config.data)?;
    let blobs = Arc::new(BlobMeter::default());
    let (engines, kv) = match engines {
        Some(engines) => (engines, Arc::default()),
        None => open_engines(config, &blobs).await?,
    };
    let store = open_store(engines).await?;
    let existing = store.view().await?.first_account().await?;
    let given = GivenKeys {
        current: config.master_key.as_ref().map(SecretText::expose),
        previous: config.previous_master_key.as_ref().map(SecretText::expose),
    };
    let files = given.current.is_none().then(|| KeyFiles::new(&config.data));
    let keys = secrets_at_rest::master_keys(&config.data, given, existing.is_none(), random.bytes())?;
    let keys = master_key::finish(&store, keys, files.as_ref(), random, now).await?;
    let account = match existing {
        Some(account) => account,
        None => make_root(&store, config, keys.current(), now, random).await?,
    };
    let ring = open_ring(&store, keys.current(), now, random).await?;
    let masters = Masters::new(keys, files);
    Ok(Foundation {
        store,
        masters,
        ring,
        account,
        kv,
        blobs,
    })
}

fn make_directory(data: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data);
    made.map_err(|error| StartError::file(data, error))
}

async fn open_engines(
    config: &Config,
    meter: &Arc<BlobMeter>,
) -> Result<(Engines, Arc<Statistics>), StartError> {
    let data = DataDirectory::new(&config.data);
    let options = RedbOptions {
        cache_bytes: config.metadata_cache_bytes,
        ..RedbOptions::default()
    };
    let kv = RedbKv::open(&data.metadata(), options)
        .await
        .map_err(StartError::Metadata)?;
    let blobs = LocalBlobs::open(&data.blobs(), LocalOptions::default())
        .await
        .map_err(StartError::Blobs)?;
    let statistics = kv.statistics();
    let engines = Engines {
        kv: Arc::new(kv),
        blobs: Arc::new(MeteredBlobs::new(blobs, Arc::clone(meter))),
    };
    Ok((engines, statistics))
}

async fn open_store(engines: Engines) -> Result<Store, StartError> {
    let options = StoreOptions {
        presets: presets(),
        ..StoreOptions::default()
    };
    let store = Store::open(engines.kv, engines.blobs, options).await;
    store.map_err(StartError::Layout)
}

async fn make_root(
    store: &Store,
    config: &Config,
    master: &MasterKey,
    now: Timestamp,
    random: SystemRandom,
) -> Result<Account, StartError> {
    let RootSeed {
        account,
        secret_id,
        secret_key,
    } = &config.root;
    let (fresh_id, fresh_secret) = daypass_token::permanent_key(&random.bytes());
    let id = secret_id.as_deref().map_or(Ok(fresh_id), given_id)?;
    let secret = secret_key.clone().unwrap_or(fresh_secret);
    secrets_at_rest::refuse_weak(&id, &secret)?;
    if secret_key.is_none() || secret_id.is_none() {
        secrets_at_rest::write_root_credentials(&config.data, *account, &id, &secret)?;
    }
    let key = key_material(master, id, secret, random).map_err(|_| StartError::WeakSecret)?;
    store.create_account(*account, &key, now).await?;
    tracing::info!(
        appid = account.app_id.0,
        owner_uin = account.owner_uin.0,
        "made the root account"
    );
    Ok(*account)
}

/// A key id from outside must not look like a temporary key's, or it would be taken for one.
fn given_id(text: &str) -> Result<AccessKeyId, StartError> {
    let id = AccessKeyId::parse(text).map_err(|_| StartError::BadSecretId)?;
    let good = daypass_token::session_id_of(&id).is_none() && (16..=128).contains(&text.len());
    if good {
        Ok(id)
    } else {
        Err(StartError::BadSecretId)
    }
}

/// A key together with its secret as it is kept.
pub(crate) fn key_material(
    master: &MasterKey,
    id: AccessKeyId,
    secret: SecretKey,
    random: SystemRandom,
) -> Result<KeyMaterial, WrapError> {
    let wrapped = master.wrap_secret(&id, &secret, &random.bytes())?;
    Ok(KeyMaterial {
        id,
        secret,
        wrapped: WrappedSecret {
            wrapped: wrapped.into(),
        },
    })
}

/// The policies that come with the service, as the store shows them.
fn presets() -> Arc<[PresetPolicy]> {
    let preset = |preset: &Preset| {
        let name = PolicyName::parse(preset.name).ok()?;
        let document = Arc::from(preset.document);
        let description = preset.description.to_owned();
        Some(PresetPolicy {
            id: PolicyId(preset.id),
            name,
            description,
            document,
            created: Timestamp::default(),
        })
    };
    PRESETS.iter().filter_map(preset).collect()
}

async fn open_ring(
    store: &Store,
    master: &MasterKey,
    now: Timestamp,
    random: SystemRandom,
) -> Result<StoredRing, StartError> {
    if let Some(wrapped) = store.view().await?.key_ring().await? {
        let ring = KeyRing::unwrap(master, &wrapped.wrapped).map_err(|_| StartError::MasterKeyWrong)?;
        return Ok(StoredRing::new(ring, wrapped));
    }
    let ring = KeyRing::new(now, &random.bytes());
    let wrapped = ring
        .wrap(master, &random.bytes())
        .map_err(|_| StartError::MasterKeyWrong)?;
    let wrapped = WrappedKeyRing {
        wrapped: wrapped.into(),
    };
    if !store.replace_key_ring(None, &wrapped, now).await? {
        return Err(StartError::Store(ErrorCode::ServiceUnavailable.into()));
    }
    Ok(StoredRing::new(ring, wrapped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_policy_is_offered() {
        assert_eq!(presets().len(), PRESETS.len());
    }
}
