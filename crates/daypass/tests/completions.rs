//! The completion scripts: what bash makes of its own, and that the others know every verb.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::process::Command;

const VERBS: [&str; 12] = [
    "serve",
    "demo",
    "mb",
    "ls",
    "cp",
    "mv",
    "cat",
    "presign",
    "sts",
    "user",
    "policy",
    "completions",
];

fn script(shell: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_daypass"))
        .args(["completions", shell])
        .output()
        .unwrap();
    assert!(output.status.success(), "{shell}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_script_knows_every_verb() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = script(shell);
        for verb in VERBS {
            assert!(script.contains(verb), "{shell} {verb}");
        }
    }
}

/// What bash offers for the last of these words.
fn offered(words: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daypass.bash");
    std::fs::write(&path, script("bash")).unwrap();
    let count = words.split(' ').count() - 1;
    let ask = format!(
        "set -e; source '{}'; complete -p daypass >&2; COMP_WORDS=({words}); COMP_CWORD={count}; \
        _daypass daypass \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
        printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        path.display()
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &ask])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert!(error.contains("_daypass"), "{error}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn bash_offers_what_fits() {
    let check = |words: &str, expected: &[&str]| assert_eq!(offered(words), expected, "{words}");
    check("daypass pres", &["presign"]);
    check("daypass policy sh", &["show"]);
    check("daypass cp --rec", &["--recursive"]);
    check("daypass presign --method p", &["put", "post"]);
}
