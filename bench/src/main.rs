//! The bench driver: measures the program under load beside the limits of the machine, and writes the page of results.
//!
//! A closed loop over kept connections, every request signed, all in one run with nginx and the bare disk in turns, so
//! that ratios compare what happened within the same seconds. What it measures is listed in `rows`, what it is held
//! against in `goals`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to whoever started it"
)]
#![expect(clippy::disallowed_methods, reason = "measuring is reading the clock")]

mod administrator;
mod compare;
mod crowd;
mod disk;
mod form;
mod goals;
mod http;
mod issuer;
mod load;
mod machine;
mod nginx;
mod page;
mod pieces;
mod process;
mod request;
mod results;
mod rows;
mod run;
mod server;
mod stage;
mod user_server;
mod work;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};

use crate::machine::Machine;
use crate::results::Results;
use crate::rows::Selection;

/// Measures Daypass under load, beside nginx and the bare disk.
#[derive(Parser, Debug)]
#[command(name = "daypass-bench", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Run(RunArguments),
    /// Write the page of results again from what `run --json` wrote; several parts make one page
    Report {
        /// Parts of one run, the first one first
        #[arg(required = true, value_name = "JSON")]
        parts: Vec<PathBuf>,
        /// The page to write
        #[arg(long, value_name = "FILE", default_value_os_t = workspace::results())]
        report: PathBuf,
    },
    /// Show what changed between two runs, by what `run --json` wrote
    Compare {
        /// The earlier run
        before: PathBuf,
        /// The later run
        after: PathBuf,
    },
}

/// Measure: start the release server, put it under load, write the page of results.
#[derive(Args, Debug)]
#[command(after_long_help = run_help())]
struct RunArguments {
    /// Only rows that begin with one of these, such as `get-4k,pair`
    #[arg(long, value_name = "ROWS", value_delimiter = ',')]
    rows: Vec<String>,
    /// A look within a minute: short windows, one pass, two pairs, few objects. Too noisy to decide anything by
    #[arg(long)]
    quick: bool,
    /// How often every row is measured [default: 3, with --quick 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    passes: Option<u16>,
    /// How many alternating pairs of GETs [default: 9, with --quick 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pairs: Option<u16>,
    /// How long each cell is measured, in milliseconds; pairs take a third [default: 2500, with --quick 250]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(3..=60_000))]
    window: Option<u64>,
    /// How many objects there are to list [default: 100000, with --quick 3000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1002..=999_999))]
    objects: Option<u64>,
    /// How many users the large installation has; a tenth of it are roles, ten times it are ended sessions
    /// [default: 100000, with --quick 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    users: Option<u32>,
    /// The program to measure; without it, it is built first
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
    /// The page to write [default: bench/RESULTS.md for a full run, none for a part or a quick look]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write all numbers here, for `report` and `compare`
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn run_help() -> String {
    let ids: Vec<&str> = rows::ids().collect();
    format!(
        "A row is measured in turns: our server, then its limit (nginx over the same bytes, or durable files on the \
bare disk), so that a ratio compares the same seconds. Each cell warms up for a tenth of its window. Data lies in a \
temporary folder beside the build's output and goes when the run ends; up to 6 GiB of disk are used at once. Any \
answer with another status than expected fails the run.

A full run takes about a quarter of an hour and wants a quiet machine: driver and server share its cores. nginx is taken from \
the system, or fetched from Debian's packages into the target folder without being installed; where that fails, the \
rows beside it are left out with a note.

Rows:
  {}

Examples:
  cargo run --release -p daypass-bench -- run
  cargo run --release -p daypass-bench -- run --quick
  cargo run --release -p daypass-bench -- run --rows get-4k,pair --json now.json
  cargo run --release -p daypass-bench -- compare before.json now.json",
        ids.join(" ")
    )
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => measure(arguments),
        Command::Report { parts, report } => join(&parts, &report),
        Command::Compare { before, after } => show_changes(&before, &after),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: RunArguments) -> Result<()> {
    let begun = Instant::now();
    let selection = Selection(arguments.rows.clone());
    if let Some(unknown) = selection.unknown() {
        bail!("no row begins with `{unknown}`; `run --help` lists them");
    }
    let target = workspace::target();
    let mut results = Results {
        machine: Machine::look(workspace::root())?,
        commit: machine::commit(workspace::root()),
        date: date(),
        commands: vec![command_line()],
        ..Results::default()
    };
    let binary = arguments.server.clone().map_or_else(workspace::build, Ok)?;
    let or_quick = |usual, quick| if arguments.quick { quick } else { usual };
    let settings = run::Settings {
        target,
        binary: binary
            .canonicalize()
            .context("the program to measure is not there")?,
        selection,
        passes: usize::from(arguments.passes.unwrap_or(or_quick(3, 1))),
        pairs: usize::from(arguments.pairs.unwrap_or(or_quick(9, 2))),
        window: Duration::from_millis(
            arguments
                .window
                .unwrap_or(if arguments.quick { 250 } else { 2500 }),
        ),
        objects: arguments
            .objects
            .unwrap_or(if arguments.quick { 3000 } else { 100_000 }),
        users: arguments
            .users
            .map_or(Ok(if arguments.quick { 200 } else { 100_000 }), usize::try_from)?,
        large_connections: usize::from(or_quick(32, 4)),
        pieces: !arguments.quick,
    };
    run::run(&settings, &mut results)?;
    eprintln!("took {:.0} s", begun.elapsed().as_secs_f64());
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_string(&results)?)
            .with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    let is_full = arguments.rows.is_empty() && !arguments.quick;
    print!("{}", page::tables(&results));
    match arguments.report.or_else(|| is_full.then(workspace::results)) {
        Some(report) => page::write(&results, &report),
        None => Ok(()),
    }
}

fn join(parts: &[PathBuf], report: &std::path::Path) -> Result<()> {
    let mut whole: Option<Results> = None;
    for part in parts {
        let part = Results::read(part)?;
        match &mut whole {
            None => whole = Some(part),
            Some(whole) => whole.append(part),
        }
    }
    let whole = whole.context("there are no parts")?;
    print!("{}", page::tables(&whole));
    page::write(&whole, report)
}

fn show_changes(before: &std::path::Path, after: &std::path::Path) -> Result<()> {
    print!(
        "{}",
        compare::table(&Results::read(before)?, &Results::read(after)?)
    );
    Ok(())
}

/// As a person would type it at the root of the workspace; files are named without their folders.
fn command_line() -> String {
    let arguments = std::env::args()
        .skip(1)
        .map(|argument| match argument.rsplit_once('/') {
            Some((_, name)) => name.to_owned(),
            None => argument,
        });
    let arguments: Vec<String> = arguments.collect();
    format!("cargo run --release -p daypass-bench -- {}", arguments.join(" "))
}

fn date() -> String {
    let now = time::OffsetDateTime::now_utc();
    format!("{} {:02}:{:02} UTC", now.date(), now.hour(), now.minute())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
        for id in rows::ids() {
            assert!(run_help().contains(id), "{id}");
        }
    }
}
