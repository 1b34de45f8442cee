//! The program's demonstration must succeed and narrate all its steps, in order.

use std::io::{BufRead, BufReader};
use std::process::{ChildStdout, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use crate::{process, workspace};

/// A demonstration that says nothing for so long hangs.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// How many steps it narrates.
const STEPS: usize = 5;

/// Runs `daypass demo --once`.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut command = process::command(workspace::release_binary()?);
    let mut child = command
        .args(["demo", "--once"])
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start `daypass demo --once`; build the program first")?;
    let stdout = child.stdout.take().context("the demonstration has no stdout")?;
    let narrated = narration(&lines(stdout));
    if narrated.is_err() {
        // The error of what was narrated counts; a demonstration that has ended already cannot be ended again.
        child.kill().ok();
    }
    let status = child.wait().context("cannot wait for the demonstration")?;
    check(&narrated?)?;
    ensure!(status.success(), "`daypass demo --once` failed ({status})");
    Ok(())
}

/// The lines of the demonstration as they come, read beside us so that waiting for one can end.
fn lines(stdout: ChildStdout) -> Receiver<std::io::Result<String>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn narration(lines: &Receiver<std::io::Result<String>>) -> anyhow::Result<Vec<String>> {
    let mut narrated = Vec::new();
    loop {
        match lines.recv_timeout(LONGEST_SILENCE) {
            Ok(line) => {
                let line = line.context("cannot read what the demonstration says")?;
                println!("{line}");
                narrated.push(line);
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(narrated),
            Err(RecvTimeoutError::Timeout) => bail!("the demonstration was silent for {LONGEST_SILENCE:?}"),
        }
    }
}

/// Every step must be there, each after the one before.
fn check(narrated: &[String]) -> anyhow::Result<()> {
    let mut rest = narrated.iter();
    for step in 1..=STEPS {
        let heading = format!("step {step}/{STEPS}");
        ensure!(
            rest.any(|line| line.contains(&heading)),
            "the demonstration did not print `{heading}` in its place"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(steps: &[usize]) -> bool {
        let narrated: Vec<String> = steps
            .iter()
            .map(|step| format!("step {step}/5 and so on"))
            .collect();
        check(&narrated).is_ok()
    }

    #[test]
    fn all_steps_must_be_narrated_in_order() {
        assert!(accepted(&[1, 2, 3, 4, 5]));
        assert!(accepted(&[1, 2, 2, 3, 4, 5]));
        assert!(!accepted(&[]));
        assert!(!accepted(&[1, 2, 3, 4]));
        assert!(!accepted(&[2, 1, 3, 4, 5]));
        assert!(!accepted(&[1, 2, 4, 5]));
    }
}
