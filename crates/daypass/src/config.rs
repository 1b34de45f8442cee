//! `daypass config`: looks at settings without starting anything.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::demo::say;
use crate::environment;
use crate::serve::ServeArguments;
use crate::settings::layers::{Layered, Layers};
use crate::settings::{Settings, check_together, file, schema};

/// Look at the settings of `daypass serve`.
#[derive(Args, Debug)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand, Debug)]
enum ConfigCommand {
    /// Read a file of settings, and tell what is wrong with it
    #[command(after_long_help = "Example:\n  daypass config check daypass.toml")]
    Check {
        /// The file
        file: PathBuf,
    },
    /// Print the JSON schema of the file
    #[command(after_long_help = "Example:\n  daypass config schema > daypass.schema.json")]
    Schema,
    /// Print the settings that count, and where each was said; takes what `daypass serve` takes
    #[command(after_long_help = "\
What is printed is a file of settings itself. Secrets are not printed, only where they come from.

Examples:
  daypass config show
  daypass config show --config daypass.toml --listen 127.0.0.1:0")]
    Show(Box<ServeArguments>),
}

/// Runs the verb.
pub(crate) fn run(arguments: ConfigArguments) -> Result<()> {
    match arguments.command {
        ConfigCommand::Check { file: path } => {
            check(file::read(&path)?)?;
            say(&format!("`{}` is in order", path.display()))
        }
        ConfigCommand::Schema => say(&format!("{:#}", schema())),
        ConfigCommand::Show(arguments) => {
            let layered = arguments.layered()?;
            check_together(&layered.settings)?;
            say(&format!("{}{}", secrets()?, layered.show()))
        }
    }
}

/// The file by itself: whoever writes it may have another environment than the server.
fn check(file: Settings) -> Result<()> {
    let (flags, environment) = Default::default();
    let layers = Layers {
        flags,
        environment,
        file,
    };
    let Layered { settings, .. } = layers.merge()?;
    check_together(&settings)
}

/// Which secrets the environment holds.
fn secrets() -> Result<String> {
    let mut lines = String::new();
    for (variable, what) in [
        (environment::ROOT_SECRET_KEY, "the secret of the root account"),
        (environment::MASTER_KEY, "the master key"),
        (environment::PREVIOUS_MASTER_KEY, "the previous master key"),
    ] {
        if environment::text(variable)?.is_some() {
            lines.push_str(&format!("# {what} is in {variable}, which is not shown\n"));
        }
    }
    Ok(lines)
}
