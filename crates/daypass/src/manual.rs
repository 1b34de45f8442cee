//! `daypass man`: manual pages, made from what `--help` says, so that the two cannot differ.
//!
//! There is one page for the program and one for each verb, named as `man` wants them: `daypass-sts-exec.1`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Command};
use clap_mangen::Man;

/// Print the manual page of the program or of a verb, or write all of them to a folder
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  daypass man cp | man -l -
  daypass man sts exec | man -l -
  daypass man --to ~/.local/share/man/man1")]
pub(crate) struct ManualArguments {
    /// The verb; the whole program unless given
    verb: Vec<String>,
    /// Write every page to this folder, which is made if need be
    #[arg(long, value_name = "FOLDER", conflicts_with = "verb")]
    to: Option<PathBuf>,
}

pub(crate) fn run(arguments: ManualArguments, mut program: Command) -> Result<()> {
    // Gives every verb its whole name, `daypass sts exec`.
    program.build();
    match arguments.to {
        Some(folder) => write_all(&program, &folder),
        None => {
            let page = page(named(&program, &arguments.verb)?)?;
            std::io::stdout()
                .write_all(&page)
                .context("the page could not be written")
        }
    }
}

fn named<'c>(program: &'c Command, verb: &[String]) -> Result<&'c Command> {
    let mut command = program;
    for word in verb {
        let Some(next) = command.find_subcommand(word) else {
            bail!("there is no verb `{}`", verb.join(" "));
        };
        command = next;
    }
    Ok(command)
}

fn write_all(program: &Command, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for command in all(program) {
        let path = folder.join(format!("{}.1", page_name(command)));
        fs::write(&path, page(command)?).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

/// The command and all below it, but for the `help` that the parser adds.
fn all(command: &Command) -> Vec<&Command> {
    let below = command
        .get_subcommands()
        .filter(|below| below.get_name() != "help")
        .flat_map(all);
    std::iter::once(command).chain(below).collect()
}

fn page_name(command: &Command) -> String {
    command
        .get_display_name()
        .unwrap_or(command.get_name())
        .to_owned()
}

fn page(command: &Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .title(page_name(command))
        .render(&mut page)
        .context("the page could not be made")?;
    Ok(page)
}
