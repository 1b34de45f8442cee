//! `cargo xtask test`: all steps with a heading and a time for each, and a table at the end.
//!
//! The first failure ends the run, since later steps build on earlier ones; the table says what was not run.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::steps::{STEPS, Step};

/// What became of a step.
enum Fate {
    Passed(Duration),
    Failed(Duration),
    NotRun,
}

/// Runs all steps.
pub(crate) fn run() -> anyhow::Result<()> {
    let (fates, failure) = run_in_order(&STEPS);
    print!("{}", table(&STEPS, &fates));
    match failure {
        None => Ok(()),
        Some(error) => bail!("{error:#}"),
    }
}

fn run_in_order(steps: &[Step]) -> (Vec<Fate>, Option<anyhow::Error>) {
    let mut fates = Vec::new();
    let mut failure = None;
    for (index, step) in steps.iter().enumerate() {
        if failure.is_some() {
            fates.push(Fate::NotRun);
            continue;
        }
        println!(
            "\n==== {}/{} {}: {} ====",
            index + 1,
            steps.len(),
            step.name,
            step.about
        );
        let (result, took) = timed(step.run);
        fates.push(if result.is_ok() {
            Fate::Passed(took)
        } else {
            Fate::Failed(took)
        });
        failure = result.err().map(|error| error.context(step.name));
    }
    (fates, failure)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a step took is what a person wants to know"
)]
fn timed<T>(work: fn() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn table(steps: &[Step], fates: &[Fate]) -> String {
    let mut text = String::from("\n");
    for (step, fate) in steps.iter().zip(fates) {
        let (word, took) = match fate {
            Fate::Passed(took) => ("passed", seconds(*took)),
            Fate::Failed(took) => ("FAILED", seconds(*took)),
            Fate::NotRun => ("not run", String::new()),
        };
        text.push_str(format!("{:<12}{word:<9}{took:>9}", step.name).trim_end());
        text.push('\n');
    }
    text
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSES: Step = Step {
        name: "good",
        about: "",
        run: || Ok(()),
    };
    const FAILS: Step = Step {
        name: "bad",
        about: "",
        run: || bail!("broken"),
    };

    #[test]
    fn all_steps_run_while_they_pass() {
        let (fates, failure) = run_in_order(&[PASSES, PASSES]);
        assert!(failure.is_none());
        assert!(fates.iter().all(|fate| matches!(fate, Fate::Passed(_))));
    }

    #[test]
    fn a_failure_ends_the_run_and_is_named() {
        let (fates, failure) = run_in_order(&[PASSES, FAILS, PASSES]);
        assert_eq!(format!("{:#}", failure.unwrap()), "bad: broken");
        assert!(matches!(
            fates.as_slice(),
            [Fate::Passed(_), Fate::Failed(_), Fate::NotRun]
        ));
    }

    #[test]
    fn the_table_has_a_line_for_each_step() {
        let fates = [
            Fate::Passed(Duration::from_millis(61_240)),
            Fate::Failed(Duration::ZERO),
            Fate::NotRun,
        ];
        assert_eq!(
            table(&[PASSES, FAILS, PASSES], &fates),
            "\ngood        passed      61.2 s\nbad         FAILED       0.0 s\ngood        not run\n"
        );
    }
}
