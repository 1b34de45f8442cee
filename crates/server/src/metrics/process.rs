//! What the operating system says of this process; nothing where it does not say it.

use rustix::process::{Resource, getrlimit};

/// What is told of the process.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) resident_bytes: Option<u64>,
    pub(super) open_descriptors: Option<u64>,
    pub(super) most_descriptors: Option<u64>,
}

impl Process {
    /// As it is now.
    pub(super) fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").ok();
        let descriptors = std::fs::read_dir("/proc/self/fd").ok();
        Self {
            resident_bytes: status.as_deref().and_then(resident_bytes),
            // The directory that is being read is one of them.
            open_descriptors: descriptors.map(|entries| (entries.count() as u64).saturating_sub(1)),
            most_descriptors: getrlimit(Resource::Nofile).current,
        }
    }
}

/// The line `VmRSS:     1234 kB`.
fn resident_bytes(status: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = rest.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status() {
        let check = |status, expected| assert_eq!(resident_bytes(status), expected, "{status}");
        check("Name:\ta\nVmRSS:\t    2048 kB\nThreads:\t1\n", Some(2048 * 1024));
        check("Name:\ta\n", None);
        check("VmRSS:\t2048 MB\n", None);
        check("VmRSS:\t99999999999999999999 kB\n", None);
        check("VmRSS:\t18446744073709551615 kB\n", None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_there() {
        let process = Process::now();
        assert!(process.resident_bytes > Some(100_000), "{process:?}");
        assert!(process.open_descriptors >= Some(3), "{process:?}");
    }
}
