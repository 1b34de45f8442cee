//! `daypass policy lint` and `daypass policy compare`: what documents mean, told without a server but for
//! the policies that a user has now.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use daypass_analysis::{
    Audience, Containment, Doubt, Finding, LintContext, Severity, compare, compare_all, lint,
};
use daypass_policy::{DocumentKind, OwnerAccount, Policy, parse};
use serde_json::{Value as Json, json};

use crate::live::{LiveArguments, LivePolicies};
use crate::report::{Misuse, No, Undecided};
use crate::{document, output};

/// Whose documents are meant.
#[derive(Args, Debug)]
pub(crate) struct OwnerArguments {
    /// The application id of the account [default: the first one that the documents name, or 1250000000]
    #[arg(long, value_name = "NUMBER")]
    appid: Option<u64>,
    /// The account number of the account's root
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000_000_001)]
    owner_uin: u64,
}

/// What a document is for.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It narrows a temporary key for a page or an app
    FrontEnd,
    /// It is attached to a user, group or role
    User,
    /// It is attached to a bucket
    Bucket,
    /// It says who may assume a role
    Trust,
}

/// Find what is dangerous, useless or mistaken in a policy. Without --user no server is asked.
#[derive(Args, Debug)]
pub struct LintArguments {
    /// File with the document, or `-` for standard input; with --user those of the user are looked at instead
    #[arg(required_unless_present = "user", conflicts_with = "user")]
    document: Option<PathBuf>,
    /// What the document is for; with --user that is known
    #[arg(long, value_enum, default_value_t = Kind::FrontEnd, conflicts_with = "user")]
    kind: Kind,
    #[command(flatten)]
    owner: OwnerArguments,
    /// How long the key is to live
    #[arg(long, value_name = "N")]
    duration_seconds: Option<u64>,
    /// The temporary key is made with a root account's permanent key
    #[arg(long)]
    by_root: bool,
    /// The region of the bucket
    #[arg(long, value_name = "NAME")]
    bucket_region: Option<String>,
    /// The folder that stands for the one end user whom the key is for
    #[arg(long, value_name = "SEGMENT")]
    end_user: Option<String>,
    /// File with what the one who makes the key is allowed, to find what goes beyond
    #[arg(long, value_name = "FILE")]
    permissions: Option<PathBuf>,
    /// Lines of JSON; statements are counted from 0
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    live: LiveArguments,
}

/// Say whether one policy allows only what another allows too. Without --user no server is asked.
#[derive(Args, Debug)]
pub struct CompareArguments {
    /// File with the wider document A, such as a user's permissions, or `-` for standard input; with --user this is B,
    /// and A is what the user has
    #[arg(value_name = "A")]
    first: PathBuf,
    /// File with the narrower document B, such as a temporary key's policy, or `-` for standard input
    #[arg(value_name = "B", required_unless_present = "user", conflicts_with = "user")]
    second: Option<PathBuf>,
    /// What the wider document is for; with --user that is known
    #[arg(long, value_name = "KIND", value_enum, default_value_t = Kind::User, conflicts_with = "user")]
    kind_of_a: Kind,
    /// What the narrower document is for
    #[arg(long, value_name = "KIND", value_enum, default_value_t = Kind::FrontEnd)]
    kind_of_b: Kind,
    #[command(flatten)]
    owner: OwnerArguments,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    live: LiveArguments,
}

/// The examples of `lint`, and its exit codes.
pub(crate) const LINT_HELP: &str = "Examples:
  daypass policy lint upload.json --end-user ann
  daypass policy lint --user ann
  daypass policy lint - --kind bucket --json < bucket-policy.json
  daypass policy lint upload.json --permissions user-server.json --duration-seconds 1800

Exit codes: 0 nothing of severity E was found, 1 something was, 2 the command line or a file makes no sense.
The rules stand in docs/lint.md.";

/// The examples of `compare`, and its exit codes.
pub(crate) const COMPARE_HELP: &str = "Examples:
  daypass policy compare user-server.json upload.json
  daypass policy compare --user ann upload.json
  daypass policy compare old.json new.json --kind-of-a bucket --kind-of-b bucket --json

Exit codes: 0 everything that B allows is also allowed by A, 1 it is not, and a request shows it, 2 the command line
or a file makes no sense, 7 neither could be shown.";

pub(crate) async fn run_lint(mut arguments: LintArguments) -> Result<()> {
    if let Some(path) = arguments.document.take() {
        return end(look_at(
            &document::read_any(&path)?,
            arguments.kind,
            None,
            &arguments,
        )?);
    }
    let Some(live) = arguments.live.fetch().await? else {
        return Ok(());
    };
    let mut errors = 0;
    for (name, text) in live.policies.iter().chain(&live.boundary) {
        if !arguments.json {
            output::write(output::printable_lines(&format!("{name}:\n")).as_bytes())?;
        }
        let of = Some((name.as_str(), live.owner_uin.0));
        errors += look_at(text, Kind::User, of, &arguments)?;
    }
    end(errors)
}

/// Prints the findings about a document, and tells how many are errors. Of a user's policy its name is known, and the
/// account's root.
fn look_at(text: &str, kind: Kind, of: Option<(&str, u64)>, arguments: &LintArguments) -> Result<usize> {
    let text = text.to_owned();
    let permissions = arguments
        .permissions
        .as_deref()
        .map(document::read_any)
        .transpose()?;
    let texts: Vec<&String> = [&text].into_iter().chain(&permissions).collect();
    let owner = arguments
        .owner
        .settle_all(&texts, of.map(|(_, owner_uin)| owner_uin));
    let permissions = permissions
        .zip(arguments.permissions.as_deref())
        .map(|(text, path)| compiled(&text, path, DocumentKind::Identity, &owner))
        .transpose()?;
    let context = LintContext {
        audience: kind.audience(),
        owner,
        duration_seconds: arguments.duration_seconds,
        by_root: arguments.by_root,
        bucket_region: arguments.bucket_region.as_deref(),
        end_user: arguments.end_user.as_deref(),
        permissions: permissions.as_ref(),
    };
    let findings = lint(Some(&text), &context);
    let lines: Result<String> = match arguments.json {
        true => findings
            .iter()
            .map(|finding| Ok(output::json_line(&named(finding, of.map(|(name, _)| name))?)))
            .collect(),
        false => Ok(findings.iter().map(in_words).collect()),
    };
    output::write(lines?.as_bytes())?;
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    Ok(errors.count())
}

/// A finding as JSON, with the policy that it is about where there may be several.
fn named(finding: &Finding, policy: Option<&str>) -> Result<Json> {
    let mut json = serde_json::to_value(finding)?;
    if let (Some(members), Some(name)) = (json.as_object_mut(), policy) {
        members.insert("policy".to_owned(), name.into());
    }
    Ok(json)
}

fn end(errors: usize) -> Result<()> {
    match errors {
        0 => Ok(()),
        1 => Err(No("1 finding of severity E".to_owned()).into()),
        errors => Err(No(format!("{errors} findings of severity E")).into()),
    }
}

pub(crate) async fn run_compare(arguments: CompareArguments) -> Result<()> {
    let live = arguments.live.fetch().await?;
    let answer = match (&live, &arguments.second) {
        (Some(live), _) => compare_live(live, &arguments.first, arguments.kind_of_b, &arguments.owner)?,
        (None, Some(narrow)) => compare_files(&arguments, &arguments.first, narrow)?,
        (None, None) => return Err(Misuse("name A and B, or --user NAME and B".to_owned()).into()),
    };
    tell(&answer, arguments.json)
}

fn compare_files(arguments: &CompareArguments, wide: &Path, narrow: &Path) -> Result<Containment> {
    let texts = [document::read_any(wide)?, document::read_any(narrow)?];
    let [wide_text, narrow_text] = &texts;
    let owner = arguments.owner.settle(&[Some(wide_text), Some(narrow_text)]);
    let wide = compiled(wide_text, wide, arguments.kind_of_a.audience().kind(), &owner)?;
    let narrow = compiled(narrow_text, narrow, arguments.kind_of_b.audience().kind(), &owner)?;
    Ok(compare(&wide, &narrow))
}

/// Holds a document against a user's policies together, and against its boundary.
fn compare_live(live: &LivePolicies, path: &Path, kind: Kind, owner: &OwnerArguments) -> Result<Containment> {
    let narrow = document::read_any(path)?;
    let stored = live.policies.iter().chain(&live.boundary);
    let texts: Vec<&String> = [&narrow]
        .into_iter()
        .chain(stored.map(|(_, text)| text))
        .collect();
    let owner = owner.settle_all(&texts, Some(live.owner_uin.0));
    let read =
        |(name, text): &(String, String)| compiled(text, Path::new(name), DocumentKind::Identity, &owner);
    let own: Vec<Policy> = live.policies.iter().map(read).collect::<Result<_>>()?;
    let boundary = live.boundary.as_ref().map(read).transpose()?;
    let narrow = compiled(&narrow, path, kind.audience().kind(), &owner)?;
    let by_own = compare_all(&own.iter().collect::<Vec<_>>(), &narrow);
    match (by_own, boundary) {
        (Containment::Contained, Some(boundary)) => Ok(compare(&boundary, &narrow)),
        (Containment::Unknown(doubt), Some(boundary)) => Ok(match compare(&boundary, &narrow) {
            sure @ Containment::NotContained(_) => sure,
            _ => Containment::Unknown(doubt),
        }),
        (found, _) => Ok(found),
    }
}

fn tell(answer: &Containment, as_json: bool) -> Result<()> {
    let (json, words) = match answer {
        Containment::Contained => (
            json!({"answer": "contained"}),
            "contained: A allows all that B allows".to_owned(),
        ),
        Containment::NotContained(witness) => (
            json!({"answer": "not-contained", "witness": serde_json::to_value(witness)?}),
            format!("not contained: B allows {witness}, and A does not"),
        ),
        Containment::Unknown(doubt) => (
            json!({"answer": "unknown", "reason": reason(doubt)}),
            format!("not known: {}", reason(doubt)),
        ),
    };
    let text = if as_json {
        output::json_line(&json)
    } else {
        output::printable_lines(&words)
    };
    output::write(text.as_bytes())?;
    match answer {
        Containment::Contained => Ok(()),
        Containment::NotContained(_) => Err(No("B is not contained in A".to_owned()).into()),
        Containment::Unknown(_) => {
            Err(Undecided("whether B is contained in A is not known".to_owned()).into())
        }
    }
}

fn reason(doubt: &Doubt) -> String {
    match doubt {
        Doubt::TooLarge => {
            "the documents are too entangled to be compared within the bound on work".to_owned()
        }
        Doubt::Condition(condition) => format!("it hangs on the condition `{condition}`"),
        Doubt::Variable => "it hangs on the variable `${uin}`".to_owned(),
    }
}

pub(crate) fn compiled(text: &str, path: &Path, kind: DocumentKind, owner: &OwnerAccount) -> Result<Policy> {
    let misuse = |error| Misuse(format!("the policy `{}` is refused: {error}", path.display()));
    Ok(parse(text, kind, owner).map_err(misuse)?)
}

/// A finding for people, who count statements from 1.
fn in_words(finding: &Finding) -> String {
    let place = match (finding.statement, &finding.sid) {
        (Some(index), Some(sid)) => format!("statement {} ({sid}): ", index + 1),
        (Some(index), None) => format!("statement {}: ", index + 1),
        (None, _) => String::new(),
    };
    let Finding {
        rule,
        title,
        what,
        why,
        mend,
        ..
    } = finding;
    let letter = finding.severity.letter();
    let text = format!("{letter} {rule} {place}{title}: {what}\n       why: {why}\n      mend: {mend}\n");
    output::printable_lines(&text)
}

impl OwnerArguments {
    /// The account, which the documents usually name themselves.
    fn settle(&self, texts: &[Option<&String>]) -> OwnerAccount {
        let texts: Vec<&String> = texts.iter().copied().flatten().collect();
        self.settle_all(&texts, None)
    }

    /// The same, where the server has told the number of the root.
    pub(crate) fn settle_all(&self, texts: &[&String], owner_uin: Option<u64>) -> OwnerAccount {
        let named = || texts.iter().find_map(|text| named_account(text));
        OwnerAccount {
            app_id: self.appid.or_else(named).unwrap_or(1_250_000_000),
            owner_uin: owner_uin.unwrap_or(self.owner_uin),
        }
    }
}

/// The number of the first `uid/…`.
fn named_account(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once(":uid/")?;
    let (number, _) = rest.split_once(':')?;
    number.parse().ok()
}

impl Kind {
    fn audience(self) -> Audience {
        match self {
            Kind::FrontEnd => Audience::FrontEnd,
            Kind::User => Audience::User,
            Kind::Bucket => Audience::Bucket,
            Kind::Trust => Audience::Trust,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::*;

    #[derive(Parser, Debug)]
    struct Lint {
        #[command(flatten)]
        arguments: LintArguments,
    }

    #[derive(Parser, Debug)]
    struct Compare {
        #[command(flatten)]
        arguments: CompareArguments,
    }

    fn document(action: &str, key: &str) -> String {
        format!(
            r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"{action}",
            "resource":"qcs::cos:ap-guangzhou:uid/1257:photos-1257/{key}"}}]}}"#
        )
    }

    /// What becomes of a command line, with the documents as files `a` and `b`.
    async fn outcome(words: &str, a: &str, b: &str) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        fs::write(path("a"), a).unwrap();
        fs::write(path("b"), b).unwrap();
        let words: Vec<String> = words
            .split(' ')
            .map(|word| {
                if ["a", "b"].contains(&word) {
                    path(word)
                } else {
                    word.to_owned()
                }
            })
            .collect();
        let done = match words[0].as_str() {
            "lint" => run_lint(Lint::parse_from(&words).arguments).await,
            _ => run_compare(Compare::parse_from(&words).arguments).await,
        };
        done.map_err(|error| error.to_string().replace(&path("a"), "a"))
    }

    #[tokio::test]
    async fn lint_fails_on_errors_only() {
        let check = async |words: &str, a: &str, expected: Result<(), &str>| {
            assert_eq!(
                outcome(words, a, &document("cos:*", "ann/*")).await,
                expected.map_err(str::to_owned),
                "{words}"
            );
        };
        check("lint a", &document("cos:GetObject", "ann/*"), Ok(())).await;
        check(
            "lint a --json --end-user bob",
            &document("cos:GetObject", "ann/*"),
            Ok(()),
        )
        .await;
        check("lint a", &document("cos:*", "*"), Err("2 findings of severity E")).await;
        check("lint a --kind user", &document("cos:*", "*"), Ok(())).await;
        check(
            "lint a --appid 5",
            &document("cos:GetObject", "a"),
            Err("1 finding of severity E"),
        )
        .await;
        check("lint a", "{", Err("1 finding of severity E")).await;
        check(
            "lint a --permissions b",
            &document("cos:GetObject", "bob/*"),
            Ok(()),
        )
        .await;
        check(
            "lint b --permissions a",
            "[]",
            Err("the policy `a` is refused: policy document is not a JSON object"),
        )
        .await;
    }

    #[tokio::test]
    async fn compare_answers() {
        let check = async |words: &str, a: &str, b: &str, expected: Result<(), &str>| {
            assert_eq!(
                outcome(words, a, b).await,
                expected.map_err(str::to_owned),
                "{a} {b}"
            );
        };
        let (all, one) = (document("cos:*", "*"), document("cos:GetObject", "ann/*"));
        check("compare a b", &all, &one, Ok(())).await;
        check("compare a b --json", &one, &all, Err("B is not contained in A")).await;
        let office = |network: &str| {
            one.replace(
                r#""effect""#,
                &format!(r#""condition":{{"ip_equal":{{"qcs:ip":"{network}"}}}},"effect""#),
            )
        };
        let open = Err("whether B is contained in A is not known");
        check("compare a b", &office("10.0.0.0/8"), &office("10.1.0.0/16"), open).await;
        check(
            "compare a b",
            "[]",
            &one,
            Err("the policy `a` is refused: policy document is not a JSON object"),
        )
        .await;
    }

    #[test]
    fn a_finding_in_words() {
        let context = LintContext {
            audience: Audience::FrontEnd,
            owner: OwnerAccount {
                app_id: 1257,
                owner_uin: 9,
            },
            duration_seconds: None,
            by_root: false,
            bucket_region: None,
            end_user: None,
            permissions: None,
        };
        let text = document("cos:GetObject", "ann*").replace(r#""effect""#, r#""sid":"reads","effect""#);
        let words: String = lint(Some(&text), &context).iter().map(in_words).collect();
        let expected = "W L28 statement 1 (reads): a prefix that reaches its siblings: \
                        `qcs::cos:ap-guangzhou:uid/1257:photos-1257/ann*`\n       \
                        why: `user1*` is also `user10/…` and `user1-backup/…`\n      \
                        mend: end the folder with a slash, `user1/*`\n";
        assert_eq!(words, expected);
    }

    #[test]
    fn accounts_are_found_in_documents() {
        let check = |text: &str, expected| assert_eq!(named_account(text), expected, "{text}");
        check(&document("cos:GetObject", "a"), Some(1257));
        check("qcs::cos:::b-125/a", None);
        check("qcs::cos::uid/x:", None);
    }
}
