//! The manual pages: one for each verb, and made of what the verb's help says.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeSet;
use std::process::{Command, Output};

fn daypass(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_daypass"))
        .args(words)
        .output()
        .unwrap()
}

fn text(words: &[&str]) -> String {
    let output = daypass(words);
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The verbs that the help of this one lists.
fn below(words: &[String]) -> Vec<String> {
    let all: Vec<&str> = words.iter().map(String::as_str).chain(["-h"]).collect();
    let help = text(&all);
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.map(str::to_owned).collect()
}

/// The name of the page of each verb, as the help tells them.
fn pages(words: &[String], into: &mut BTreeSet<String>) {
    into.insert(format!(
        "daypass{}.1",
        words.iter().map(|word| format!("-{word}")).collect::<String>()
    ));
    for name in below(words) {
        pages(&[words, &[name]].concat(), into);
    }
}

#[test]
fn every_verb_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("man1");
    text(&["man", "--to", to.to_str().unwrap()]);
    let written: BTreeSet<String> = std::fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut expected = BTreeSet::new();
    pages(&[], &mut expected);
    assert_eq!(written, expected);
    assert!(written.len() > 90, "{}", written.len());
    for name in ["daypass-sts-exec.1", "daypass-policy-lint.1"] {
        let page = std::fs::read_to_string(to.join(name)).unwrap();
        assert!(
            page.contains(".SH SYNOPSIS") && page.contains("Example"),
            "{name}"
        );
    }
}

#[test]
fn a_page_is_printed_by_the_name_of_its_verb() {
    assert!(text(&["man"]).contains("Exit codes:"));
    let page = text(&["man", "sts", "exec"]);
    assert!(
        page.contains(".TH daypass\\-sts\\-exec 1") || page.contains(".TH daypass-sts-exec 1"),
        "{page}"
    );
    let output = daypass(&["man", "sts", "nothing"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no verb `sts nothing`"));
}
