//! `daypass policy effective`: what a user's policies, its boundary and a temporary key's policy allow together.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use daypass_analysis::{LayerDocuments, Row, effective, picture};
use daypass_policy::{DocumentKind, Policy};

use crate::judgement::{OwnerArguments, compiled};
use crate::live::{LiveArguments, LivePolicies};
use crate::report::{Misuse, Undecided};
use crate::{document, output};

/// Say what several policies allow together. Without --user no server is asked.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Files: A, the user's permissions, unless --user is given, and then B, the temporary key's policy, if there is
    /// one; `-` is standard input
    #[arg(value_name = "FILE", num_args = 0..=2)]
    documents: Vec<PathBuf>,
    /// File with the user's permission boundary
    #[arg(long, value_name = "FILE")]
    boundary: Option<PathBuf>,
    /// Write a picture of the layers as SVG into this file as well
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    owner: OwnerArguments,
    /// Lines of JSON; documents and statements are counted from 0
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    live: LiveArguments,
}

/// The examples of `effective`, and its exit codes.
pub(crate) const HELP: &str = "Examples:
  daypass policy effective user-server.json upload.json --svg what-remains.svg
  daypass policy effective --user ann upload.json
  daypass policy effective user.json --boundary boundary.json --json

Exit codes: 0 the answer was printed, also when it is `nothing`, 2 the command line or a file makes no sense,
7 the documents are too entangled to be told within the bound.";

/// The documents of one layer, read.
struct Layer {
    name: &'static str,
    policies: Vec<Policy>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let is_live = arguments.live.is_given();
    let (permissions, narrow) = match (is_live, arguments.documents.as_slice()) {
        (true, []) => (None, None),
        (true, [narrow]) => (None, Some(narrow)),
        (false, [permissions]) => (Some(permissions), None),
        (false, [permissions, narrow]) => (Some(permissions), Some(narrow)),
        _ => return Err(Misuse("name A and B as files, or --user NAME and B".to_owned()).into()),
    };
    if is_live && arguments.boundary.is_some() {
        let text = "the user's boundary is asked for, so that --boundary has no place beside --user";
        return Err(Misuse(text.to_owned()).into());
    }
    let live = arguments.live.fetch().await?;
    let from_file = |path: Option<&PathBuf>| -> Result<Vec<(String, String)>> {
        let read = |path: &Path| Ok((path.display().to_string(), document::read_any(path)?));
        path.map(|path| read(path)).into_iter().collect()
    };
    let mut texts = [
        ("A", DocumentKind::Identity, from_file(permissions)?),
        (
            "boundary",
            DocumentKind::Identity,
            from_file(arguments.boundary.as_ref())?,
        ),
        ("B", DocumentKind::Session, from_file(narrow)?),
    ];
    let owner_uin = live.as_ref().map(|live| live.owner_uin.0);
    if let Some(LivePolicies {
        policies, boundary, ..
    }) = live
    {
        let [own, bound, _] = &mut texts;
        own.2 = policies;
        bound.2 = boundary.into_iter().collect();
    }
    let all: Vec<&String> = texts
        .iter()
        .flat_map(|(_, _, list)| list.iter().map(|(_, text)| text))
        .collect();
    let owner = arguments.owner.settle_all(&all, owner_uin);
    let mut layers = Vec::new();
    for (name, kind, list) in &texts {
        // A user without any policy may do nothing; without a boundary or a policy of the key nothing narrows.
        if *name != "A" && list.is_empty() {
            continue;
        }
        let read = |(of, text): &(String, String)| compiled(text, Path::new(of), *kind, &owner);
        let policies = list.iter().map(read).collect::<Result<_>>()?;
        layers.push(Layer { name, policies });
    }
    print(&layers, arguments.json, arguments.svg.as_deref())
}

fn print(layers: &[Layer], as_json: bool, svg: Option<&Path>) -> Result<()> {
    let documents: Vec<Vec<&Policy>> = layers
        .iter()
        .map(|layer| layer.policies.iter().collect())
        .collect();
    let layers: Vec<LayerDocuments<'_>> = layers
        .iter()
        .zip(&documents)
        .map(|(layer, documents)| LayerDocuments {
            name: layer.name,
            documents,
        })
        .collect();
    let rows = effective(&layers).map_err(|_| {
        Undecided("the documents are too entangled to be told within the bound on work".to_owned())
    })?;
    if let Some(path) = svg {
        let svg = match layers.as_slice() {
            [left, right] => picture(left, right, None, &rows),
            [left, between, right] => picture(left, right, Some(between), &rows),
            _ => return Err(Misuse("a picture needs two layers: give B, or a boundary".to_owned()).into()),
        };
        std::fs::write(path, svg).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let text: String = match as_json {
        true => rows
            .iter()
            .map(|row| Ok(format!("{}\n", serde_json::to_string(row)?)))
            .collect::<Result<_>>()?,
        false if rows.is_empty() => "nothing\n".to_owned(),
        false => output::printable_lines(&rows.iter().map(in_words).collect::<String>()),
    };
    output::write(text.as_bytes())
}

/// A row for people: actions to the left, resources to the right, and what else holds below.
fn in_words(row: &Row) -> String {
    let side = |list: &[Vec<String>]| -> Vec<String> { list.iter().map(|one| one.join(" and ")).collect() };
    let (actions, resources) = (side(&row.actions), side(&row.resources));
    let width = actions
        .iter()
        .map(|text| text.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for line in 0..actions.len().max(resources.len()) {
        let cell = |list: &[String]| list.get(line).cloned().unwrap_or_default();
        let (left, right) = (cell(&actions), cell(&resources));
        let line = format!("{left:width$}  {right}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    for condition in &row.conditions {
        text.push_str(&format!("    under condition {condition}\n"));
    }
    for exception in &row.exceptions {
        let (actions, resources) = (exception.actions.join(", "), exception.resources.join(", "));
        let place = &exception.statement;
        text.push_str(&format!(
            "    but not {actions} on {resources} ({}, statement {})\n",
            place.layer,
            place.statement + 1
        ));
        for condition in &exception.conditions {
            text.push_str(&format!("        where {condition}\n"));
        }
    }
    if row.at_most {
        text.push_str("    at most: a variable, or what several patterns have in common, decides\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser, Debug)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn policy(action: &str, key: &str) -> String {
        format!(
            r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"{action}",
            "resource":"qcs::cos:ap-guangzhou:uid/1257:photos-1257/{key}"}}]}}"#
        )
    }

    #[tokio::test]
    async fn answers_and_refusals() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        write("a", &policy("cos:*", "*"));
        write("b", &policy("cos:GetObject", "ann/*"));
        write("bad", "[]");
        let check = async |words: &[&str], expected: Result<(), &str>| {
            let words = words.iter().map(|word| match word.strip_prefix('@') {
                Some(file) => path(file),
                None => (*word).to_owned(),
            });
            let line = Line::parse_from(["effective".to_owned()].into_iter().chain(words));
            let done = run(line.arguments).await;
            let done = done.map_err(|error| error.to_string().replace(&path(""), ""));
            assert_eq!(done, expected.map_err(str::to_owned));
        };
        check(&["@a", "@b"], Ok(())).await;
        check(&["@a", "@b", "--svg", "@picture", "--json"], Ok(())).await;
        assert!(
            std::fs::read_to_string(path("picture"))
                .unwrap()
                .contains("A ∩ B")
        );
        check(&["@a"], Ok(())).await;
        check(&["@a", "--boundary", "@b"], Ok(())).await;
        check(
            &["@a", "--svg", "@x"],
            Err("a picture needs two layers: give B, or a boundary"),
        )
        .await;
        check(&[], Err("name A and B as files, or --user NAME and B")).await;
        let refused = "the policy `bad` is refused: policy document is not a JSON object";
        check(&["@a", "@bad"], Err(refused)).await;
    }

    #[test]
    fn a_row_in_words() {
        let texts = |list: &[&[&str]]| -> Vec<Vec<String>> {
            list.iter()
                .map(|one| one.iter().map(|&text| text.to_owned()).collect())
                .collect()
        };
        let row = Row {
            actions: texts(&[&["cos:GetObject"], &["cos:Put*"]]),
            resources: texts(&[&["a*", "*b"]]),
            conditions: vec!["ip_equal on qcs:ip: 10.0.0.0/8".to_owned()],
            exceptions: Vec::new(),
            from: Vec::new(),
            at_most: true,
        };
        let expected = "cos:GetObject  a* and *b\ncos:Put*\n    under condition ip_equal on qcs:ip: 10.0.0.0/8\n    \
            at most: a variable, or what several patterns have in common, decides\n";
        assert_eq!(in_words(&row), expected);
    }
}
