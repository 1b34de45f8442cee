//! The program under measurement: started from its release binary with a fresh or a used folder, and stopped in order.
//!
//! Its log is written as shipped, one record for each request, and thrown away by the kernel.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use daypass_signature::SecretKey;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::http::{Connection, Request};
use crate::request::{Key, ObjectRequest, object};

/// How long the server may take to stop.
const LONGEST_STOP: Duration = Duration::from_secs(60);

/// An issuer on the loopback interface is asked, and one address may ask as often as it can.
const OPTIONS: &[&str] = &[
    "--federation-allow-private",
    "--web-identity-requests-per-second",
    "100000",
];

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts the server and waits until it is ready.
    pub(crate) fn start(binary: &Path, data: &Path, root: &Key, options: &[&str]) -> Result<Self> {
        let mut command = Command::new(binary);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(OPTIONS)
            .args(options)
            .env_clear()
            .env("DAYPASS_ROOT_SECRET_ID", &root.id)
            .env("DAYPASS_ROOT_SECRET_KEY", root.secret.expose());
        Self::launch(command)
    }

    /// Starts the user server with these settings and its own key, and waits until it is ready.
    pub(crate) fn start_user_server(binary: &Path, settings: &Path, own: &Key) -> Result<Self> {
        let mut command = Command::new(binary);
        command
            .args(["broker", "--listen", "127.0.0.1:0", "--config"])
            .arg(settings)
            .env_clear()
            .env("BROKER_SECRET_ID", &own.id)
            .env("BROKER_SECRET_KEY", own.secret.expose());
        Self::launch(command)
    }

    fn launch(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start `{}`", command.get_program().display()))?;
        let ready = ready_line(&mut child);
        if ready.is_err() {
            // What went wrong counts; a server that has ended already cannot be ended again.
            child.kill().ok();
            child.wait().ok();
        }
        Ok(Self {
            address: ready?,
            child,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Makes the bucket that everything is done in.
    pub(crate) fn make_bucket(&self, root: &Key) -> Result<()> {
        let request = ObjectRequest {
            method: "PUT",
            path: "/",
            query: "",
            length: Some(0),
        };
        let mut head = Vec::new();
        object(request, root, &mut head)?;
        let request = Request {
            head: &head,
            piece: b"",
            repeats: 0,
            answer_has_body: true,
        };
        let answer = Connection::open(self.address)?.exchange(&request, None)?;
        ensure!(
            answer.status == 200,
            "the bucket was not made: status {}",
            answer.status
        );
        Ok(())
    }

    /// Ends it as a power failure would, but for what the kernel still writes.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// Ends it in good order: anything but success is an error.
    pub(crate) fn stop(mut self) -> Result<()> {
        let process = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(process.context("the server has no process id")?, Signal::TERM)?;
        let begun = Instant::now();
        while begun.elapsed() < LONGEST_STOP {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the server did not stop well ({status})");
                return Ok(());
            }
            thread::sleep(Duration::from_millis(5));
        }
        bail!("the server did not stop within {LONGEST_STOP:?}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing left to end.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn ready_line(child: &mut Child) -> Result<SocketAddr> {
    let stdout = child.stdout.take().context("the server has no stdout")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    ensure!(
        !line.is_empty(),
        "the server ended before it was ready; start it by hand to see why"
    );
    let ready: Value = serde_json::from_str(&line).context("the ready line is not JSON")?;
    let address = ready.get("http").and_then(Value::as_str);
    address
        .context("the ready line names no address")?
        .parse()
        .context("the ready line's address is none")
}

/// A root key for one run.
pub(crate) fn root_key() -> Result<Key> {
    let random = random_text()?;
    let (id, secret) = random.split_at(32);
    Ok(Key {
        id: format!("AKID{id}"),
        secret: SecretKey::new(secret.to_owned()),
        token: None,
        presigns: false,
    })
}

/// Seventy-two random hexadecimal digits.
fn random_text() -> Result<String> {
    use std::io::Read;
    let mut bytes = [0; 36];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("no random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_its_own_key() {
        let (one, two) = (root_key().unwrap(), root_key().unwrap());
        assert_eq!((one.id.len(), one.secret.expose().len()), (36, 40));
        assert_ne!(one.id, two.id);
        assert_ne!(one.secret, two.secret);
    }
}
