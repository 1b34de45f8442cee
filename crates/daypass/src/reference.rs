//! Pages of the documentation that are made from the program itself, and the examples of its helps, held to it.
//!
//! `DAYPASS_RENEW_DOCS=1 cargo test -p daypass reference` writes the pages anew.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory, Parser};

use crate::Arguments;
use crate::environment::variable_of;
use crate::settings::{Settings, flag_of, keys};

/// Letters in a line of a help.
const WIDTH: usize = 100;
/// So many that no line of an example is wrapped.
const UNWRAPPED: usize = 10_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference")
}

/// Holds a page to what it should be, or makes it so.
fn hold(name: &str, made: &str) {
    let path = folder().join(name);
    if crate::environment::text("DAYPASS_RENEW_DOCS").unwrap().is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == made,
        "docs/reference/{name} is not what the program says: look at the difference that \
         `DAYPASS_RENEW_DOCS=1 cargo test -p daypass reference` makes"
    );
}

fn program(width: usize) -> Command {
    let mut program = Arguments::command().term_width(width);
    program.build();
    program
}

/// Every command with its whole name; `help` is the parser's own.
fn commands(command: &Command, before: &str, found: &mut Vec<(String, Command)>) {
    let name = format!("{before}{}", command.get_name());
    found.push((name.clone(), command.clone()));
    for below in command
        .get_subcommands()
        .filter(|below| below.get_name() != "help")
    {
        commands(below, &format!("{name} "), found);
    }
}

fn all(width: usize) -> Vec<(String, Command)> {
    let mut found = Vec::new();
    commands(&program(width), "", &mut found);
    found
}

#[test]
fn every_help_is_in_the_documentation() {
    let mut page = String::from(
        "# Every command\n\nWhat `--help` says, of every command: made from the program, and held to it by a test. The \
         overview is [cli.md](../cli.md).\n",
    );
    for (name, mut command) in all(WIDTH) {
        let help = command.render_long_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        write!(
            page,
            "\n## {name}\n\n```text\n{}\n```\n",
            lines.join("\n").trim_end()
        )
        .unwrap();
    }
    hold("commands.md", &page);
}

#[test]
fn every_setting_is_in_the_documentation() {
    let mut page = String::from(
        "# Every setting of `daypass serve`\n\nMade from the program, and held to it by a test. A flag outweighs the \
         environment, the environment the file, the file the default; `daypass config show` tells what counts and where it was \
         said. A commented file is [daypass.toml](../daypass.toml).\n\n\
         | key of the file | flag | variable | default | what it is |\n| --- | --- | --- | --- | --- |\n",
    );
    let serve = program(WIDTH).find_subcommand("serve").unwrap().clone();
    let defaults = crate::settings::flatten(&Settings::defaults()).unwrap();
    for key in keys() {
        let flag = flag_of(&key);
        let argument = serve.get_arguments().find(|argument| {
            argument
                .get_long()
                .is_some_and(|long| format!("--{long}") == flag)
        });
        let argument = argument.unwrap_or_else(|| panic!("{key}"));
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let what = help
            .split_once(" [default: ")
            .map_or(help.as_str(), |(what, _)| what);
        let default = defaults.iter().find(|(known, _)| *known == key);
        let code = |text: &str| format!("`{text}`");
        let cells = [
            code(&key),
            code(&flag),
            variable_of(&key).map(code).unwrap_or_default(),
            default
                .map(|(_, value)| code(&value.to_string()))
                .unwrap_or_default(),
            what.replace('|', "\\|"),
        ];
        writeln!(page, "| {} |", cells.join(" | ")).unwrap();
    }
    hold("settings.md", &page);
}

/// The command lines of an example: what stands before a pipe, after `$(`, without what a shell does with it.
fn lines_of(help: &str) -> Vec<String> {
    let joined = help.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in joined.lines().map(str::trim) {
        for (at, _) in line.match_indices("daypass ") {
            let before = line.get(..at).unwrap_or_default();
            let begins = before.is_empty()
                || ["$(", "<(", "| ", "&& ", "; "]
                    .iter()
                    .any(|mark| before.ends_with(mark))
                || before
                    .split(' ')
                    .all(|word| word.is_empty() || word.contains('='));
            if begins {
                found.push(line.get(at..).unwrap_or_default().to_owned());
            }
        }
    }
    found
}

/// The words of a command line, up to where a shell does something else.
fn words(line: &str) -> Option<Vec<String>> {
    let mut cut = line;
    for mark in [
        " | ", "   ", " > ", " >> ", " < ", " && ", "; ", " #", ")\"", " &",
    ] {
        cut = cut.split(mark).next().unwrap_or(cut);
    }
    let cut = cut.trim_end_matches(')');
    shlex::split(cut)
}

#[test]
fn every_help_has_an_example_and_every_example_parses() {
    let (mut without, mut wrong) = (Vec::new(), Vec::new());
    for (name, mut command) in all(UNWRAPPED) {
        let has_below = command.get_subcommands().any(|below| below.get_name() != "help");
        let help = command.render_long_help().to_string();
        let examples = ["Examples:", "Example:"]
            .iter()
            .find_map(|heading| help.split_once(heading))
            .map(|(_, examples)| lines_of(examples));
        match examples {
            None if has_below => {}
            None => without.push(name),
            Some(lines) => {
                assert!(!lines.is_empty(), "{name}: an example without a command line");
                for line in lines {
                    let words = words(&line).unwrap_or_else(|| panic!("{name}: {line}"));
                    if let Err(error) = Arguments::try_parse_from(&words) {
                        wrong.extend((error.exit_code() != 0).then(|| format!("{name}: {line}\n{error}")));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(without, Vec::<String>::new(), "helps without an example");
}

/// What the fields are is held by a test that asks a server.
#[test]
fn every_answer_for_scripts_is_documented() {
    let page = std::fs::read_to_string(folder().join("../cli.md")).unwrap();
    let (_, answers) = page.split_once("### What is answered").unwrap();
    for (name, command) in all(WIDTH) {
        let is_for_scripts = command
            .get_arguments()
            .any(|argument| ["json", "format"].contains(&argument.get_id().as_str()));
        let verb = name.trim_start_matches("daypass ");
        // Its findings have a page of their own.
        if is_for_scripts && verb != "check" {
            assert!(answers.contains(&format!("| `{verb}` | ")), "{verb}");
        }
    }
}
