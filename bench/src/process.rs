//! What the kernel says about processes: processor time and memory.
//!
//! Processor time is the sum over all threads, in nanoseconds, as long as no thread ended in between; when one did,
//! its share would be lost, and the process's own clock counts instead, which also has the dead but only 10 ms steps.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Processor time of some processes at one moment.
#[derive(Debug, Default)]
pub(crate) struct Processor {
    /// By the processes' clocks, in coarse steps.
    total: Duration,
    /// By thread.
    threads: BTreeMap<u32, Duration>,
}

impl Processor {
    /// What these processes have used so far.
    pub(crate) fn of(processes: &[u32]) -> Result<Self> {
        let mut used = Self::default();
        for process in processes {
            used.add(*process)
                .with_context(|| format!("process {process} cannot be looked at; it may have ended"))?;
        }
        Ok(used)
    }

    fn add(&mut self, process: u32) -> Result<()> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        self.total += clock(&stat).context("its clock cannot be read")?;
        for entry in fs::read_dir(format!("/proc/{process}/task"))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let id = name.and_then(|name| name.parse().ok());
            // A thread that has ended since is missing from the list, which `since` notices.
            if let (Some(id), Ok(text)) = (id, fs::read_to_string(path.join("schedstat"))) {
                let used = nanoseconds(&text).context("a thread's clock cannot be read")?;
                self.threads.insert(id, used);
            }
        }
        Ok(())
    }

    /// How much was used since an earlier moment.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let all_live = earlier.threads.keys().all(|id| self.threads.contains_key(id));
        if !all_live || earlier.threads.is_empty() {
            return self.total.saturating_sub(earlier.total);
        }
        self.sum().saturating_sub(earlier.sum())
    }

    fn sum(&self) -> Duration {
        self.threads.values().sum()
    }
}

/// User and system time in a `stat` line. The program's name may hold blanks and brackets, so that counting begins
/// after the last bracket.
fn clock(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let milliseconds = 1000_u64.checked_div(rustix::param::clock_ticks_per_second())?;
    Some(Duration::from_millis(
        (user + system).saturating_mul(milliseconds),
    ))
}

/// The first number of a thread's `schedstat`: how long it ran.
fn nanoseconds(schedstat: &str) -> Option<Duration> {
    let first = schedstat.split_whitespace().next()?;
    first.parse().ok().map(Duration::from_nanos)
}

/// Begins anew to look for the highest memory of a process; whether the kernel lets us.
pub(crate) fn forget_highest_memory(process: u32) -> bool {
    fs::write(format!("/proc/{process}/clear_refs"), "5").is_ok()
}

/// Resident memory of a process in MiB: now, and at its highest.
pub(crate) fn memory(process: u32) -> Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let now = mebibytes(&status, "VmRSS:").context("its memory cannot be read")?;
    let highest = mebibytes(&status, "VmHWM:").context("its highest memory cannot be read")?;
    Ok((now, highest))
}

fn mebibytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// The processes that this one started and that live.
pub(crate) fn children(process: u32) -> Result<Vec<u32>> {
    let text = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    text.split_whitespace()
        .map(|id| id.parse().context("the list of children cannot be read"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_found_behind_any_name() {
        let stat = "7 (a) b) R 1 7 7 0 -1 0 0 0 0 0 25 17 0 0 20 0 1 0 5 0 0";
        assert_eq!(clock(stat), Some(Duration::from_millis(420)));
        assert_eq!(clock("7 (a R 1"), None);
    }

    #[test]
    fn memory_is_read_by_name() {
        let status = "VmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(mebibytes(status, "VmRSS:"), Some(1.0));
        assert_eq!(mebibytes(status, "VmHWM:"), Some(2.0));
        assert_eq!(mebibytes(status, "VmPeak:"), None);
    }

    #[test]
    fn a_thread_that_ended_makes_the_coarse_clock_count() {
        let at = |total, threads: &[(u32, u64)]| Processor {
            total: Duration::from_millis(total),
            threads: threads
                .iter()
                .map(|(id, used)| (*id, Duration::from_micros(*used)))
                .collect(),
        };
        let since = |earlier: Processor, later: Processor| later.since(&earlier).as_micros();
        assert_eq!(
            since(at(10, &[(1, 9_000)]), at(20, &[(1, 12_345), (2, 5)])),
            3_350
        );
        assert_eq!(
            since(at(10, &[(1, 9_000), (2, 1)]), at(20, &[(1, 12_345)])),
            10_000
        );
    }

    #[test]
    fn this_process_uses_time_and_memory() {
        let own = [std::process::id()];
        let before = Processor::of(&own).unwrap();
        // The coarse clock counts when another test's thread ends meanwhile, so this may take some of its steps.
        let used = (0..1000).find_map(|round| {
            let sum = (0..1_000_000_u64).fold(round, |sum: u64, number| std::hint::black_box(sum ^ number));
            std::hint::black_box(sum);
            let used = Processor::of(&own).unwrap().since(&before);
            (!used.is_zero()).then_some(used)
        });
        assert!(used.is_some());
        let (now, highest) = memory(std::process::id()).unwrap();
        assert!(now > 0.0 && highest >= now);
    }
}
