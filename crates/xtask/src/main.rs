//! The house's daily commands: `cargo xtask <command>`.
//!
//! Each check is one step that can be run alone; `test` runs them all, in the order in which a fault is cheapest to
//! find, and is what continuous integration runs. No step is ever skipped: one that cannot be run has failed.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to whoever started it"
)]

mod arrows;
mod bench;
mod calls;
mod chromium;
mod console;
mod debian;
mod demo;
mod deny;
mod docs_run;
mod mutants;
mod npm;
mod package;
mod process;
mod sdk_browser;
mod sdk_go;
mod sdk_java;
mod sdk_node;
mod sdk_python;
mod steps;
mod suite;
mod tool;
mod workspace;

use std::process::ExitCode;

use anyhow::bail;

use crate::steps::STEPS;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        bail!("no command\n\n{}", help());
    };
    match command.as_str() {
        "--help" | "-h" | "help" => {
            print!("{}", help());
            Ok(())
        }
        "console" => console::run(rest),
        "docs-run" => docs_run::run(rest),
        "mutants" => mutants::run(rest),
        "package" => package::run(rest),
        "sdk-browser" => sdk_browser::run(rest),
        "sdk-go" => sdk_go::run(rest),
        "sdk-java" => sdk_java::run(rest),
        "sdk-node" => sdk_node::run(rest),
        "sdk-python" => sdk_python::run(rest),
        _ if !rest.is_empty() => bail!("`{command}` takes no arguments"),
        "test" => suite::run(),
        "setup" => setup(),
        name => match STEPS.iter().find(|step| step.name == name) {
            Some(step) => (step.run)(),
            None => bail!("unknown command `{name}`\n\n{}", help()),
        },
    }
}

/// Installs what the steps of `test` need beside the Rust toolchain, so that a later run can do without a network.
fn setup() -> anyhow::Result<()> {
    deny::TOOL.install()?;
    package::TOOL.install()?;
    sdk_python::install()?;
    sdk_node::install()?;
    sdk_browser::install()?;
    console::install()?;
    sdk_go::install()?;
    sdk_java::install()
}

fn help() -> String {
    let mut text = String::from(
        "Usage: cargo xtask <command>

Commands:
  test                      everything below that checks, in this order, as continuous integration does
  setup                     install what the checks need, into ignored folders
",
    );
    for step in &STEPS {
        text.push_str(&format!("  {:<25} {}\n", step.name, step.about));
    }
    text.push_str(
        "  mutants [--fresh]         break the gate and the evaluator in every listed way; a test must catch each\n",
    );
    text.push_str("  package install           the same, and installs, starts and purges it: as root, on a machine to spare\n");
    text.push_str("  sdk-python [argument]...  the same with arguments for pytest, such as `-k expired`\n");
    text.push_str(
        "  sdk-node [argument]...    the same with arguments for Node.js, such as `--test-name-pattern=expired`\n",
    );
    text.push_str("  sdk-browser [argument]... likewise\n");
    text.push_str("  console [argument]...     likewise\n");
    text.push_str(
        "  docs-run [argument]...    the same with arguments for the runner, such as `--only README.md`\n",
    );
    text.push_str(
        "  sdk-go [argument]...      the same with arguments for `go test`, such as `-run Scene`\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(arguments: &[&str]) -> String {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        run(&arguments).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_a_command_is_refused() {
        assert!(refusal(&[]).starts_with("no command"));
        assert!(refusal(&["tset"]).starts_with("unknown command `tset`"));
        assert_eq!(refusal(&["test", "--quick"]), "`test` takes no arguments");
        assert_eq!(refusal(&["deny", "x"]), "`deny` takes no arguments");
    }

    #[test]
    fn the_help_names_every_step() {
        for step in &STEPS {
            assert!(help().contains(&format!("\n  {} ", step.name)), "{}", step.name);
        }
    }
}
