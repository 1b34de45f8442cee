//! What the suites really asked of the token service and the access management: each writes it down while it runs, and
//! `docs/sdks.md` shows it.
//!
//! A line is the SDK, the action and how it was answered, `ok` or a code, separated by tabs. The page's tables must be
//! what these lines say, and every action that `docs/compatibility.md` calls offered must have succeeded in one of the
//! general SDKs: so neither page can promise what no SDK was seen to do. Likewise every error code that the program can
//! spell must have come to one SDK, but for a few that no test can bring about or that belong to no SDK's action.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::workspace;

/// The suites, and what the language of each is called.
const SUITES: [(&str, &str); 4] = [
    ("go", "Go"),
    ("java", "Java"),
    ("node", "Node.js"),
    ("python", "Python"),
];

/// Where the tables of the page begin; what is before is written by hand.
const TABLES: &str = "## Actions\n";

/// The answer that is no refusal.
const OK: &str = "ok";

/// Where every error code of the API is spelled, and where in it that begins.
const SPELLED: (&str, &str) = ("crates/dialect/src/api3/error.rs", "fn spell(");

/// Codes that no suite brings about: faults, more accounts than there can be, and those of the actions that are our own
/// and that no SDK has; the tests of the server bring about the latter.
const UNSEEN: &[&str] = &[
    "FailedOperation.AccountIsOperator",
    "InternalError",
    "InternalError.SystemError",
    "InvalidParameter.AccountFull",
    "InvalidParameter.AccountInUse",
    "ResourceNotFound.AccountNotExist",
    "ServiceUnavailable",
];

/// The file for the calls of one suite, which is not there until the suite has called.
pub(crate) fn fresh(suite: &str) -> anyhow::Result<PathBuf> {
    let file = file(suite)?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).context("cannot make a folder for the calls")?;
    }
    if file.exists() {
        fs::remove_file(&file).context("cannot remove the calls of an earlier run")?;
    }
    Ok(file)
}

/// Compares the page with what the suites called when they ran last.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut text = String::new();
    for (suite, _) in SUITES {
        let calls = fs::read_to_string(file(suite)?)
            .with_context(|| format!("`cargo xtask sdk-{suite}` must have run before"))?;
        text.push_str(&calls);
    }
    let calls = Calls::parse(&text)?;
    calls.cover(&offered(&document("compatibility.md")?))?;
    let (table, _) = SPELLED;
    let source =
        fs::read_to_string(workspace::root().join(table)).context("cannot read where codes are spelled")?;
    calls.refuse(&spelled(&source))?;
    let page = document("sdks.md")?;
    let Some(start) = page.find(TABLES) else {
        bail!("docs/sdks.md has no heading `{}`", TABLES.trim());
    };
    let (by_hand, shown) = page.split_at(start);
    let called = calls.tables();
    if shown == called {
        return Ok(());
    }
    let better = file("sdks")?.with_extension("md");
    fs::write(&better, format!("{by_hand}{called}")).context("cannot write what was called")?;
    bail!(
        "docs/sdks.md does not show what the suites called; `{}` does",
        better.display()
    )
}

fn file(suite: &str) -> anyhow::Result<PathBuf> {
    let folder = workspace::target()?.join("sdk-calls");
    Ok(folder.join(suite).with_extension("tsv"))
}

fn document(name: &str) -> anyhow::Result<String> {
    fs::read_to_string(workspace::root().join("docs").join(name))
        .with_context(|| format!("cannot read docs/{name}"))
}

/// The error codes in a source that spells them: its texts that are made of words in capitals alone.
fn spelled(source: &str) -> BTreeSet<String> {
    let (_, beginning) = SPELLED;
    let body = source
        .find(beginning)
        .map_or("", |start| source.get(start..).unwrap_or_default());
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_uppercase())
            && word.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    // Every second piece between quotation marks is a text; none of those has a quotation mark of its own.
    body.split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.split('.').all(is_word))
        .map(str::to_owned)
        .collect()
}

/// The actions that the page on compatibility calls offered.
fn offered(page: &str) -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    let mut section = "";
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading;
        }
        let of_actions = section.starts_with("Token service") || section.starts_with("Access management");
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, names, here, ..] = cells.as_slice()
            && of_actions
            && (here.starts_with("yes") || here.starts_with("differs"))
        {
            actions.extend(names.split(", ").map(str::to_owned));
        }
    }
    actions
}

/// By which SDKs something happened, for each thing that did.
type Seen = BTreeMap<String, BTreeSet<String>>;

/// Everything that the suites called.
#[derive(Default)]
struct Calls {
    /// Actions that succeeded.
    actions: Seen,
    /// Codes of refusals.
    codes: Seen,
}

impl Calls {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut calls = Self::default();
        for line in text.lines() {
            let mut fields = line.split('\t');
            let (Some(sdk), Some(action), Some(outcome), None) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            else {
                bail!("no call: `{line}`");
            };
            if action.is_empty() || outcome == "unreadable" {
                bail!("an answer that an SDK could not read: `{line}`");
            }
            let (seen, what) = if outcome == OK {
                (&mut calls.actions, action)
            } else {
                (&mut calls.codes, outcome)
            };
            seen.entry(what.to_owned()).or_default().insert(sdk.to_owned());
        }
        Ok(calls)
    }

    /// Fails unless each of these actions succeeded in a general SDK.
    fn cover(&self, actions: &BTreeSet<String>) -> anyhow::Result<()> {
        let general = |action: &&String| {
            let sdks = self.actions.get(*action);
            sdks.is_some_and(|sdks| SUITES.iter().any(|(_, language)| sdks.contains(*language)))
        };
        let missing: Vec<&str> = actions
            .iter()
            .filter(|action| !general(action))
            .map(String::as_str)
            .collect();
        if actions.is_empty() || !missing.is_empty() {
            bail!("offered, and called by no SDK: {}", missing.join(", "));
        }
        Ok(())
    }

    /// Fails unless each of these codes came to some SDK, or is none that can.
    fn refuse(&self, codes: &BTreeSet<String>) -> anyhow::Result<()> {
        let known = |code: &&String| UNSEEN.contains(&code.as_str());
        let missing: Vec<&str> = codes
            .iter()
            .filter(|code| !self.codes.contains_key(*code) && !known(code))
            .map(String::as_str)
            .collect();
        if codes.is_empty() || !missing.is_empty() {
            bail!("error codes that came to no SDK: {}", missing.join(", "));
        }
        Ok(())
    }

    fn tables(&self) -> String {
        let actions = table("action", &self.actions);
        let codes = table("code", &self.codes);
        format!("{TABLES}\n{actions}\n## Refusals\n\n{codes}")
    }
}

fn table(what: &str, seen: &Seen) -> String {
    let mut text = format!("| {what} |");
    for (_, language) in SUITES {
        text.push_str(&format!(" {language} |"));
    }
    text.push_str("\n| --- | --- | --- | --- | --- |\n");
    for (name, sdks) in seen {
        text.push_str(&format!("| {name} |"));
        for (_, language) in SUITES {
            let cell = match (sdks.contains(language), sdks.contains(&format!("{language} STS"))) {
                (true, true) => " both |",
                (true, false) => " yes |",
                (false, true) => " STS |",
                (false, false) => " |",
            };
            text.push_str(cell);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_what_was_called() {
        let calls =
            Calls::parse("Go\tA\tok\nGo STS\tA\tok\nJava STS\tA\tok\nPython\tB\tok\nPython\tB\tBad\n")
                .unwrap();
        let rule = "| --- | --- | --- | --- | --- |\n";
        let head = |what: &str| format!("| {what} | Go | Java | Node.js | Python |\n{rule}");
        let actions = "| A | both | STS | | |\n| B | | | | yes |\n";
        let codes = "| Bad | | | | yes |\n";
        let expected = format!(
            "## Actions\n\n{}{actions}\n## Refusals\n\n{}{codes}",
            head("action"),
            head("code")
        );
        assert_eq!(calls.tables(), expected);
    }

    #[test]
    fn what_is_offered_must_have_been_called_by_a_general_sdk() {
        let calls = Calls::parse("Go\tA\tok\nGo STS\tB\tok\nGo\tC\tBad\n").unwrap();
        let cover = |names: &[&str]| calls.cover(&names.iter().map(|name| (*name).to_owned()).collect());
        assert!(cover(&["A"]).is_ok());
        for missing in ["B", "C", "D"] {
            assert!(cover(&["A", missing]).is_err(), "{missing}");
        }
        assert!(cover(&[]).is_err());
    }

    #[test]
    fn every_code_must_have_come_to_an_sdk() {
        let calls = Calls::parse("Go\tA\tBad.Word\n").unwrap();
        let refuse = |names: &[&str]| calls.refuse(&names.iter().map(|name| (*name).to_owned()).collect());
        assert!(refuse(&["Bad.Word", "InternalError"]).is_ok());
        assert!(refuse(&["Bad.Word", "Worse"]).is_err());
        assert!(refuse(&[]).is_err());
    }

    #[test]
    fn codes_are_found_where_they_are_spelled() {
        let source = "const X: &str = \"Nothing\";\nfn spell(code) {\n A => (\"Bad.Word\", \"it is bad\"),\n \
                      B => (\"Worse\", \"Bad\"),\n}";
        assert_eq!(
            spelled(source).into_iter().collect::<Vec<_>>(),
            ["Bad", "Bad.Word", "Worse"]
        );
        let source = fs::read_to_string(workspace::root().join(SPELLED.0)).unwrap();
        let codes = spelled(&source);
        assert!(
            codes.contains("InvalidParameter.StrategyFormatError") && codes.len() > 50,
            "{codes:?}"
        );
        assert!(UNSEEN.iter().all(|code| codes.contains(*code)));
    }

    #[test]
    fn lines_that_are_no_calls() {
        for line in ["Go\tA", "Go\tA\tok\tmore", "Go\t\tok", "Go\tA\tunreadable", ""] {
            assert!(Calls::parse(&format!("{line}\n")).is_err(), "{line:?}");
        }
    }

    #[test]
    fn offered_actions() {
        let page = "## Object API\n| A | yes |\n## Token service (x)\n| B | yes |\n| C | not yet |\n\
                    ## Access management\n| D, E | differs: x |\n## Headers\n| F | yes |\n";
        assert_eq!(offered(page).into_iter().collect::<Vec<_>>(), ["B", "D", "E"]);
        assert!(offered(&document("compatibility.md").unwrap()).contains("GetFederationToken"));
    }
}
