//! Tells the service manager, where one started the program, that it is ready and that it is stopping.
//!
//! The manager names a datagram socket in `NOTIFY_SOCKET`, as `sd_notify(3)` describes; with `Type=notify` a unit counts
//! as started from the moment that it serves. Without the variable nobody waits to be told.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use anyhow::{Context, Result};

use crate::environment;

/// That requests are served from now on.
pub(crate) fn tell_ready() -> Result<()> {
    tell("READY=1")
}

/// That requests in flight are being finished.
pub(crate) fn tell_stopping() -> Result<()> {
    tell("STOPPING=1")
}

fn tell(state: &str) -> Result<()> {
    let Some(name) = environment::text(environment::NOTIFY_SOCKET)? else {
        return Ok(());
    };
    let told = address(&name).and_then(|address| {
        let socket = UnixDatagram::unbound()?;
        socket.send_to_addr(state.as_bytes(), &address)
    });
    told.map(drop)
        .with_context(|| format!("the service manager at `{name}` could not be told {state}"))
}

/// A path, or behind an `@` a name that no file has.
fn address(name: &str) -> std::io::Result<SocketAddr> {
    match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(std::ffi::OsStr::new(name).as_bytes()),
        None => SocketAddr::from_pathname(name),
    }
}
