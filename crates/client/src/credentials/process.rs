//! Temporary keys from a program on this machine, which writes one to its standard output.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use daypass_api::outcome::TemporaryKey;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::key_json::{self, MAX_BYTES};
use super::{FetchError, KeySource};

/// How long the program may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keys from a program on this machine.
#[derive(Clone, Debug)]
pub struct ProcessKeys {
    program: OsString,
    arguments: Vec<OsString>,
}

impl ProcessKeys {
    /// Keys that this program writes, as JSON in a shape of the COS STS SDKs. It is started as it is, without a shell, for
    /// each key anew; what it writes to standard error goes where this program's goes.
    pub fn new(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
        }
    }

    async fn written(&self) -> Result<Vec<u8>, String> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("it cannot be started: {error}"))?;
        let mut document = Vec::new();
        if let Some(output) = child.stdout.take() {
            let mut bounded = output.take(MAX_BYTES as u64 + 1);
            let reading = bounded.read_to_end(&mut document).await;
            reading.map_err(|error| format!("what it writes cannot be read: {error}"))?;
        }
        if document.len() > MAX_BYTES {
            return Err("it writes more than a key has".to_owned());
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        match status.success() {
            true => Ok(document),
            false => Err(format!("it ended with {status}")),
        }
    }
}

#[async_trait]
impl KeySource for ProcessKeys {
    async fn fetch(&self) -> Result<TemporaryKey, FetchError> {
        let program = self.program.display();
        let written = tokio::time::timeout(PATIENCE, self.written()).await;
        let written = written.unwrap_or_else(|_| Err("it takes longer than a minute".to_owned()));
        let key = written.and_then(|document| key_json::read(&document));
        key.map_err(|error| format!("the program `{program}` gives no key: {error}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fetch(script: &str) -> Result<String, String> {
        let key = ProcessKeys::new("/bin/sh", ["-c", script]).fetch().await;
        key.map(|key| key.access_key_id.to_string())
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn what_the_program_writes_is_the_key() {
        let key = r#"{"credentials":{"tmpSecretId":"AKIDa","tmpSecretKey":"s","sessionToken":"t"},"expiredTime":1}"#;
        assert_eq!(fetch(&format!("echo '{key}'")).await.as_deref(), Ok("AKIDa"));
        let check = async |script: &str, expected: &str| {
            let error = fetch(script).await.unwrap_err();
            assert!(
                error.starts_with("the program `/bin/sh` gives no key: "),
                "{error}"
            );
            assert!(error.contains(expected), "{error}");
        };
        check(&format!("echo '{key}'; exit 3"), "it ended with exit status: 3").await;
        check("echo x", "it is not JSON").await;
        check("head -c 65537 /dev/zero", "it writes more than a key has").await;
        let missing = ProcessKeys::new("/nonexistent/helper", [""; 0]).fetch().await;
        assert!(missing.unwrap_err().to_string().contains("it cannot be started"));
    }
}
