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

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};

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
    let arguments = Arguments::parse();
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
}
