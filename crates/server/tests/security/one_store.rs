//! Gateways over one store that is kept in memory, and the master keys that they are given.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use daypass_api::secret::SecretText;
use daypass_blob::memory::MemoryBlobs;
use daypass_kv::memory::MemoryKv;
use daypass_server::{Config, Engines, Ground, StartError};
use daypass_testkit::TestServer;

pub(crate) const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// An empty store.
pub(crate) fn engines() -> Engines {
    Engines {
        kv: Arc::new(MemoryKv::new()),
        blobs: Arc::new(MemoryBlobs::new()),
    }
}

/// A gateway whose master key lies in a file of its own data directory.
pub(crate) async fn gateway(engines: &Engines) -> TestServer {
    let change = |config: &mut Config| {
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&config.data)
            .unwrap();
        put_master_key(&config.data, MASTER_KEY);
    };
    start(engines, change).await.unwrap()
}

/// A gateway that is told its master key.
pub(crate) async fn told(engines: &Engines, master_key: &str) -> Result<TestServer, StartError> {
    let given = SecretText::new(master_key.to_owned());
    start(engines, |config| config.master_key = Some(given)).await
}

async fn start(engines: &Engines, change: impl FnOnce(&mut Config)) -> Result<TestServer, StartError> {
    let ground = Ground {
        engines: Some(engines.clone()),
        ..Ground::default()
    };
    let with_console = |config: &mut Config| {
        config.console_listen = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        change(config);
    };
    TestServer::on(with_console, ground).await
}

/// As an operator would who copies the file.
pub(crate) fn put_master_key(data: &Path, text: &str) {
    let (path, fresh) = (data.join("master.key"), data.join("master.copy"));
    let mut options = std::fs::File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    std::fs::rename(fresh, path).unwrap();
}

pub(crate) fn master_key(server: &TestServer) -> String {
    std::fs::read_to_string(server.data().join("master.key")).unwrap()
}
