//! The closed loop: so many workers, each doing one operation after another, and what that came to.
//!
//! Workers warm up, meet, and begin the measured window together; each then counts its own operations over its own
//! time until its last one ends. So nothing half done is counted, neither in rate nor in processor time, however long
//! one operation takes. Any failure of a worker fails the whole measurement.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::process::{Processor, forget_highest_memory, memory};
use crate::results::Measured;

/// One operation; the argument counts the worker's operations.
pub(crate) type Step<'a> = Box<dyn FnMut(u64) -> Result<()> + 'a>;

/// How to measure.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// How many workers.
    pub(crate) workers: usize,
    /// How long to work before measuring; nothing at all when it is zero.
    pub(crate) warm_up: Duration,
    /// How long to measure.
    pub(crate) window: Duration,
    /// The most operations of one worker in the window.
    pub(crate) most: u64,
    /// The processes that do the work asked for; none when the workers do it themselves.
    pub(crate) processes: Vec<u32>,
}

const WARMING_UP: u8 = 0;
const MEASURING: u8 = 1;
const STOPPING: u8 = 2;

/// What one worker did in the window.
struct Share {
    latencies: Vec<Duration>,
    took: Duration,
}

/// Lets workers loose, each on what `make` gives it.
pub(crate) fn measure<'a, M>(plan: &Plan, make: M) -> Result<Measured>
where
    M: Fn(usize) -> Result<Step<'a>> + Sync,
{
    let loop_ = ClosedLoop {
        plan,
        phase: AtomicU8::new(WARMING_UP),
        busy: AtomicUsize::new(plan.workers),
        warm: Barrier::new(plan.workers + 1),
        go: Barrier::new(plan.workers + 1),
    };
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for index in 0..plan.workers {
            let (loop_, make) = (&loop_, &make);
            workers.push(scope.spawn(move || loop_.work(|| make(index))));
        }
        loop_.warm_up();
        let before = Counters::read(plan);
        loop_.time();
        let shares: Vec<Result<Share>> = workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| Err(anyhow!("a worker panicked")))
            })
            .collect();
        let before = before?;
        let shares: Vec<Share> = shares.into_iter().collect::<Result<_>>()?;
        before.complete(plan, summary(&shares)?)
    })
}

/// What the kernel had counted when the window began.
struct Counters {
    server: Processor,
    driver: Processor,
    /// Whether the highest memory is that of the window.
    memory_is_new: bool,
}

impl Counters {
    fn read(plan: &Plan) -> Result<Self> {
        Ok(Self {
            memory_is_new: plan
                .processes
                .iter()
                .all(|process| forget_highest_memory(*process)),
            driver: Processor::of(&[std::process::id()])?,
            server: Processor::of(&plan.processes)?,
        })
    }

    /// Adds what was used since, for each operation.
    fn complete(&self, plan: &Plan, mut measured: Measured) -> Result<Measured> {
        let for_each = |used: Duration| used.as_secs_f64() * 1e6 / measured.operations as f64;
        // The threads of the workers are gone, and their time is in the process's own clock alone.
        measured.driver_cpu_us = for_each(Processor::of(&[std::process::id()])?.since(&self.driver));
        if !plan.processes.is_empty() {
            measured.server_cpu_us = Some(for_each(Processor::of(&plan.processes)?.since(&self.server)));
            let peaks: Result<Vec<f64>> = plan
                .processes
                .iter()
                .map(|process| Ok(memory(*process)?.1))
                .collect();
            measured.server_peak_mib = self.memory_is_new.then_some(peaks?.iter().sum());
        }
        Ok(measured)
    }
}

struct ClosedLoop<'a> {
    plan: &'a Plan,
    phase: AtomicU8,
    busy: AtomicUsize,
    warm: Barrier,
    go: Barrier,
}

impl ClosedLoop<'_> {
    /// The life of one worker. It comes to both meetings even when it has failed, since others wait there.
    fn work<'s>(&self, make: impl FnOnce() -> Result<Step<'s>>) -> Result<Share> {
        let ready = make().and_then(|mut step| {
            let mut count = 0;
            while !self.plan.warm_up.is_zero() && self.phase.load(Ordering::Relaxed) == WARMING_UP {
                step(count)?;
                count += 1;
            }
            Ok((step, count))
        });
        self.warm.wait();
        self.go.wait();
        let share = ready.and_then(|(mut step, count)| self.measured(&mut step, count));
        if share.is_err() {
            self.phase.store(STOPPING, Ordering::Relaxed);
        }
        self.busy.fetch_sub(1, Ordering::Relaxed);
        share
    }

    /// At least one operation, even when the machine is so busy that the window is over by then.
    fn measured(&self, step: &mut Step<'_>, first: u64) -> Result<Share> {
        let mut latencies = Vec::new();
        let begun = Instant::now();
        let mut now = begun;
        for count in first..first.saturating_add(self.plan.most) {
            step(count)?;
            let end = Instant::now();
            latencies.push(end - now);
            now = end;
            if self.phase.load(Ordering::Relaxed) != MEASURING {
                break;
            }
        }
        let took = now - begun;
        Ok(Share { latencies, took })
    }

    fn warm_up(&self) {
        thread::sleep(self.plan.warm_up);
        self.phase.store(MEASURING, Ordering::Relaxed);
        self.warm.wait();
    }

    fn time(&self) {
        let begun = Instant::now();
        self.go.wait();
        while self.busy.load(Ordering::Relaxed) > 0 {
            let left = self.plan.window.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            thread::sleep(left.min(Duration::from_millis(20)));
        }
        self.phase.store(STOPPING, Ordering::Relaxed);
    }
}

fn summary(shares: &[Share]) -> Result<Measured> {
    let mut latencies: Vec<Duration> = shares
        .iter()
        .flat_map(|share| share.latencies.iter().copied())
        .collect();
    latencies.sort_unstable();
    let highest = latencies.last().context("nothing was done within the window")?;
    let rate = shares
        .iter()
        .filter(|share| !share.took.is_zero())
        .map(|share| share.latencies.len() as f64 / share.took.as_secs_f64())
        .sum();
    let stalled = latencies.iter().filter(|latency| is_stall(**latency)).count();
    Ok(Measured {
        operations: latencies.len() as u64,
        rate,
        p50_ms: milliseconds(quantile(&latencies, 50)),
        p99_ms: milliseconds(quantile(&latencies, 99)),
        max_ms: milliseconds(*highest),
        stalled: stalled as u64,
        ..Measured::default()
    })
}

/// The mark of two small writes with Nagle's algorithm against a delayed acknowledgement: 40 ms and a little.
fn is_stall(latency: Duration) -> bool {
    (Duration::from_millis(38)..Duration::from_millis(50)).contains(&latency)
}

fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(index).copied().unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(workers: usize, most: u64) -> Plan {
        Plan {
            workers,
            warm_up: Duration::ZERO,
            window: Duration::from_secs(60),
            most,
            processes: Vec::new(),
        }
    }

    #[test]
    fn every_worker_does_as_much_as_it_may() {
        let done = AtomicUsize::new(0);
        let measured = measure(&plan(3, 7), |_| {
            Ok(Box::new(|_| {
                done.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }))
        });
        assert_eq!((measured.unwrap().operations, done.into_inner()), (21, 21));
    }

    #[test]
    fn one_failure_fails_the_whole_and_hangs_nobody() {
        let error = |text: &'static str| Err(anyhow!(text));
        let failed = measure(&plan(3, u64::MAX), |index| match index {
            1 => Ok(Box::new(
                move |count| if count == 5 { error("sixth") } else { Ok(()) },
            )),
            _ => Ok(Box::new(|_| Ok(()))),
        });
        assert_eq!(failed.unwrap_err().to_string(), "sixth");
        let failed = measure(&plan(2, 1), |index| match index {
            0 => Err(anyhow!("no connection")),
            _ => Ok(Box::new(|_| Ok(()))),
        });
        assert_eq!(failed.unwrap_err().to_string(), "no connection");
    }

    #[test]
    fn a_window_that_is_too_short_still_has_something_in_it() {
        let window = Plan {
            window: Duration::ZERO,
            ..plan(2, u64::MAX)
        };
        let measured = measure(&window, |_| Ok(Box::new(|_| Ok(())))).unwrap();
        assert!(measured.operations >= 2);
    }

    #[test]
    fn the_window_ends_a_measurement_and_the_warm_up_is_not_counted() {
        let window = Plan {
            warm_up: Duration::from_millis(20),
            window: Duration::from_millis(30),
            ..plan(2, u64::MAX)
        };
        let done = AtomicUsize::new(0);
        let measured = measure(&window, |_| {
            Ok(Box::new(|_| {
                done.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(1));
                Ok(())
            }))
        })
        .unwrap();
        assert!(measured.operations > 0 && measured.operations < done.into_inner() as u64);
        assert!(measured.p50_ms >= 1.0 && measured.p99_ms >= measured.p50_ms);
    }

    #[test]
    fn quantiles_are_of_what_was_measured() {
        let sorted: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        let check = |percent, expected| {
            assert_eq!(
                quantile(&sorted, percent),
                Duration::from_millis(expected),
                "{percent}"
            );
        };
        check(50, 100);
        check(99, 198);
        check(100, 200);
        assert_eq!(
            quantile(&[Duration::from_millis(3)], 99),
            Duration::from_millis(3)
        );
    }

    #[test]
    fn only_the_delayed_acknowledgement_counts_as_a_stall() {
        let check = |milliseconds, expected| {
            assert_eq!(
                is_stall(Duration::from_millis(milliseconds)),
                expected,
                "{milliseconds}"
            );
        };
        check(10, false);
        check(40, true);
        check(44, true);
        check(70, false);
    }
}
