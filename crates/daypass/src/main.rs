//! The one program: the server, the demo, and the verbs that talk to a server.

mod audit;
mod broker;
mod check;
mod config;
mod demo;
mod environment;
mod health;
mod manual;
#[cfg(test)]
mod reference;
mod serve;
mod settings;
mod supervisor;
mod tls;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Self-hosted object store with temporary keys, wire-compatible with Tencent Cloud COS, STS and CAM.
#[derive(Parser, Debug)]
#[command(
    name = "daypass",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_long_help = daypass_cli::EXIT_CODES
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Serve(Box<serve::ServeArguments>),
    Broker(broker::BrokerArguments),
    Demo(demo::DemoArguments),
    Tls(tls::TlsArguments),
    Config(config::ConfigArguments),
    Health(health::HealthArguments),
    Check(check::CheckArguments),
    Audit(audit::AuditArguments),
    #[command(flatten)]
    Verb(daypass_cli::Verb),
    /// Print the completion script of a shell
    #[command(after_long_help = "\
Examples:
  daypass completions bash > /etc/bash_completion.d/daypass
  source <(daypass completions bash)
  daypass completions zsh > \"${fpath[1]}/_daypass\"
  daypass completions fish > ~/.config/fish/completions/daypass.fish")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    Man(manual::ManualArguments),
}

fn main() -> ExitCode {
    let arguments = match arguments(std::env::args_os().collect()) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return daypass_cli::report(&anyhow::Error::new(error)),
    };
    let outcome = runtime.block_on(async {
        match arguments.command {
            Command::Serve(arguments) => serve::run(*arguments).await,
            Command::Check(arguments) => return check::run(arguments).await,
            Command::Audit(arguments) => return audit::run(arguments),
            Command::Broker(arguments) => broker::run(arguments).await,
            Command::Demo(arguments) => demo::run(arguments).await,
            Command::Tls(arguments) => tls::run(arguments),
            Command::Config(arguments) => config::run(arguments),
            Command::Health(arguments) => health::run(arguments).await,
            Command::Verb(verb) => verb.run().await,
            Command::Completions { shell } => completions(shell),
            Command::Man(arguments) => manual::run(arguments, Arguments::command()),
        }
        .map(|()| ExitCode::SUCCESS)
    });
    match outcome {
        Ok(code) => code,
        Err(error) => daypass_cli::report(&error),
    }
}

/// Reads the command line, and whether a script gave it. Help is printed, and what makes no sense is told.
fn arguments(words: Vec<OsString>) -> Result<Arguments, ExitCode> {
    let parsed = Arguments::command()
        .try_get_matches_from(&words)
        .and_then(|matches| {
            if wants_json(&matches) {
                daypass_cli::speak_json();
            }
            Arguments::from_arg_matches(&matches)
        });
    parsed.map_err(|error| {
        let ours = words.iter().take_while(|word| *word != "--");
        if error.use_stderr() && ours.clone().any(|word| word == "--json") {
            daypass_cli::speak_json();
            return daypass_cli::misused(&cause(&error.to_string()));
        }
        error.exit()
    })
}

/// What the parser of the command line complains of, on one line and without its advice.
fn cause(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.is_empty());
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}

/// Whether the answer of this verb is to be JSON, by either of the two ways to say so.
fn wants_json(matches: &ArgMatches) -> bool {
    if let Some((_, below)) = matches.subcommand() {
        return wants_json(below);
    }
    let says_json = matches.try_get_one("json").ok().flatten().copied();
    let format = matches.try_get_raw("format").ok().flatten();
    says_json == Some(true) || format.is_some_and(|mut words| words.any(|word| word == "json"))
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<()> {
    // Made whole first: the library panics when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "daypass", &mut script);
    std::io::stdout()
        .write_all(&script)
        .context("the script could not be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_complaint_is_one_line() {
        let check = |line: &str, expected: &str| {
            let error = Arguments::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(cause(&error.to_string()), expected);
        };
        check("daypass ls --jsn", "unexpected argument '--jsn' found");
        check(
            "daypass policy create --json",
            "the following required arguments were not provided: --name <NAME> --document <FILE>",
        );
    }

    #[test]
    fn scripts_are_known_by_what_they_ask_for() {
        let check = |line: &str, expected| {
            let matches = Arguments::command().get_matches_from(line.split(' '));
            assert_eq!(wants_json(&matches), expected, "{line}");
        };
        check("daypass ls", false);
        check("daypass ls --json", true);
        check("daypass user boundary get --user ann --json", true);
        check("daypass sts token --name a", false);
        check("daypass sts token --name a --format json", true);
        check("daypass sts exec -- env --json", false);
        check("daypass audit verify --json", true);
        check("daypass mb cos://photos-1250000000", false);
    }
}
