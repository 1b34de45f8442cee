//! File descriptors: how many connections the system lets a process have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A connection is one; the blob that it reads or writes is another.
const OF_A_CONNECTION: u64 = 2;
/// For the engines, listeners, logs, the console, and work in the background.
const RESERVED: u64 = 256;
/// Fewer connections than this are no server.
const LEAST: usize = 8;

/// Raises the limit of the process as far as these connections need it, and returns how many of them fit.
pub(crate) fn make_room(connections: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let needed = (connections as u64)
        .saturating_mul(OF_A_CONNECTION)
        .saturating_add(RESERVED);
    let wanted = limit.maximum.map_or(needed, |most| most.min(needed));
    let mut allowed = limit.current;
    if allowed.is_some_and(|allowed| allowed < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => allowed = Some(wanted),
            Err(error) => tracing::warn!(%error, "the limit of file descriptors could not be raised"),
        }
    }
    let fit = fit(connections, allowed);
    if fit < connections {
        tracing::warn!(
            wanted = connections,
            connections = fit,
            descriptors = allowed,
            "fewer connections than wanted: raise the hard limit of file descriptors (`ulimit -Hn`)"
        );
    }
    fit
}

fn fit(connections: usize, allowed: Option<u64>) -> usize {
    let Some(allowed) = allowed else {
        return connections;
    };
    let room = allowed.saturating_sub(RESERVED) / OF_A_CONNECTION;
    connections.min(usize::try_from(room).unwrap_or(usize::MAX).max(LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_into_descriptors() {
        let check = |allowed, expected| assert_eq!(fit(4096, allowed), expected, "{allowed:?}");
        check(None, 4096);
        check(Some(u64::MAX), 4096);
        check(Some(8448), 4096);
        check(Some(8446), 4095);
        check(Some(1024), 384);
        check(Some(256), LEAST);
        check(Some(0), LEAST);
        assert_eq!(fit(3, Some(0)), 3);
    }

    #[test]
    fn a_few_connections_always_fit() {
        assert_eq!(make_room(4), 4);
    }
}
