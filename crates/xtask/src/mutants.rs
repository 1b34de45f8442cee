//! The mutation check: breaks the gate and the evaluator in every listed way, and sees that a test catches it.
//!
//! It works on a copy of the sources below `target/mutants`, so that nothing of ours is ever broken, and writes down
//! each result, so that a run that was stopped goes on where it was. It takes a rebuild for each mutant and is
//! therefore no part of `test`. `--fresh` forgets earlier results.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process;
use crate::workspace;

/// What is copied: enough for cargo to see the whole workspace.
const COPIED: [&str; 5] = ["Cargo.toml", "Cargo.lock", "bench", "crates", "tests/vectors"];

/// The tests that must catch a mutant, the likeliest first. Fewer random cases than usual, and the rest of the crates'
/// tests only for what those leave alive.
const TESTS: [&[&str]; 2] = [
    &["test", "--offline", "--quiet", "-p", "daypass-model"],
    &[
        "test",
        "--offline",
        "--quiet",
        "-p",
        "daypass-policy",
        "-p",
        "daypass-access",
    ],
];
const CASES: &str = "200000";

/// One way to break the code.
struct Mutant {
    name: String,
    file: String,
    find: String,
    replace: String,
}

/// What became of a mutant.
const CAUGHT: &str = "caught";
const SURVIVED: &str = "survived";
const UNBUILT: &str = "does not compile";

/// Tries every mutant that has no result yet, and prints the score.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let fresh = match arguments {
        [] => false,
        [argument] if argument == "--fresh" => true,
        _ => bail!("`mutants` takes only `--fresh`"),
    };
    let place = workspace::root().join("target").join("mutants");
    let (tree, results) = (place.join("tree"), place.join("results.txt"));
    if fresh && results.exists() {
        fs::remove_file(&results)?;
    }
    copy_sources(&tree)?;
    if !passes(&tree, &place) {
        bail!("the tests fail before anything is broken");
    }
    let mutants = mutants()?;
    let mut known = read_results(&results)?;
    for mutant in &mutants {
        if !known.contains_key(&mutant.name) {
            let result = outcome(mutant, &tree, &place)?;
            println!("{result}: {}", mutant.name);
            append(&results, &format!("{result}: {}\n", mutant.name))?;
            known.insert(mutant.name.clone(), result.to_owned());
        }
    }
    // Had the tests begun to fail by themselves, everything would look caught.
    if !passes(&tree, &place) {
        bail!("the tests fail after everything was mended");
    }
    score(&mutants, &known)
}

fn mutants() -> anyhow::Result<Vec<Mutant>> {
    let text = fs::read_to_string(workspace::root().join("tests/mutants.json"))?;
    let list: Value = serde_json::from_str(&text)?;
    let field = |mutant: &Value, name: &str| {
        let text = mutant.get(name).and_then(Value::as_str).map(str::to_owned);
        text.with_context(|| format!("a mutant has no `{name}`"))
    };
    let read = |mutant: &Value| {
        Ok(Mutant {
            name: field(mutant, "name")?,
            file: field(mutant, "file")?,
            find: field(mutant, "find")?,
            replace: field(mutant, "replace")?,
        })
    };
    let list = list
        .get("mutants")
        .and_then(Value::as_array)
        .context("no list of mutants")?;
    list.iter().map(read).collect()
}

/// A fresh copy, with fresh times of modification: cargo must not take for sound what it built from a broken file.
fn copy_sources(tree: &Path) -> anyhow::Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    fs::create_dir_all(tree.join("tests"))?;
    for name in COPIED {
        let mut copy = process::command("cp");
        process::run(
            copy.arg("-r")
                .arg(workspace::root().join(name))
                .arg(tree.join(name)),
        )?;
    }
    Ok(())
}

/// Breaks the copy, runs the tests on it, and mends it.
fn outcome(mutant: &Mutant, tree: &Path, place: &Path) -> anyhow::Result<&'static str> {
    let file = tree.join(&mutant.file);
    let sound = fs::read_to_string(&file)?;
    let broken = mutated(&sound, mutant)?;
    fs::write(&file, broken)?;
    let outcome = if passes(tree, place) {
        SURVIVED
    } else if builds(tree, place) {
        CAUGHT
    } else {
        UNBUILT
    };
    fs::write(&file, sound)?;
    Ok(outcome)
}

fn mutated(sound: &str, mutant: &Mutant) -> anyhow::Result<String> {
    let found = sound.matches(&mutant.find).count();
    if found != 1 {
        bail!("`{}`: its text is {found} times in {}", mutant.name, mutant.file);
    }
    Ok(sound.replace(&mutant.find, &mutant.replace))
}

fn builds(tree: &Path, place: &Path) -> bool {
    let build = ["check", "--offline", "--quiet", "-p", "daypass-access"];
    process::succeeds(cargo(tree, place).args(build))
}

fn passes(tree: &Path, place: &Path) -> bool {
    TESTS
        .iter()
        .all(|tests| process::succeeds(cargo(tree, place).args(*tests)))
}

fn cargo(tree: &Path, place: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", place.join("target"))
        .env("DAYPASS_MODEL_CASES", CASES);
    cargo
}

fn read_results(results: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    if !results.exists() {
        return Ok(BTreeMap::new());
    }
    let text = fs::read_to_string(results)?;
    let pair = |line: &str| {
        line.split_once(": ")
            .map(|(result, name)| (name.to_owned(), result.to_owned()))
    };
    Ok(text.lines().filter_map(pair).collect())
}

fn append(results: &Path, line: &str) -> anyhow::Result<()> {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(results)?;
    Ok(file.write_all(line.as_bytes())?)
}

/// Prints how many were caught; any other is an error.
fn score(mutants: &[Mutant], known: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let is = |mutant: &&Mutant, result: &str| known.get(&mutant.name).is_some_and(|known| known == result);
    let caught = mutants.iter().filter(|mutant| is(mutant, CAUGHT)).count();
    println!("{caught} of {} mutants are caught", mutants.len());
    let alive: Vec<&str> = mutants
        .iter()
        .filter(|mutant| !is(mutant, CAUGHT))
        .map(|mutant| mutant.name.as_str())
        .collect();
    if !alive.is_empty() {
        bail!("not caught:\n  {}", alive.join("\n  "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that has fallen behind the code would break nothing.
    #[test]
    fn every_mutant_still_fits_its_file() {
        let mutants = mutants().unwrap();
        assert!(mutants.len() >= 40);
        for mutant in &mutants {
            let sound = fs::read_to_string(workspace::root().join(&mutant.file)).unwrap();
            assert_ne!(mutated(&sound, mutant).unwrap(), sound, "{}", mutant.name);
        }
    }
}
