//! `daypass policy lint` and `daypass policy compare`: what documents mean, told without a server.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use daypass_analysis::{Audience, Containment, Doubt, Finding, LintContext, Severity, compare, lint};
use daypass_policy::{DocumentKind, OwnerAccount, Policy, parse};
use serde_json::json;

use crate::report::{Misuse, Undecided};
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

/// Find what is dangerous, useless or mistaken in a policy. No server is asked.
#[derive(Args, Debug)]
pub struct LintArguments {
    /// File with the document, or `-` for standard input
    document: PathBuf,
    /// What the document is for
    #[arg(long, value_enum, default_value_t = Kind::FrontEnd)]
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
}

/// Say whether one policy allows only what another allows too. No server is asked.
#[derive(Args, Debug)]
pub struct CompareArguments {
    /// File with the wider document, such as a user's permissions, or `-` for standard input
    #[arg(value_name = "A")]
    wide: PathBuf,
    /// File with the narrower document, such as a temporary key's policy, or `-` for standard input
    #[arg(value_name = "B")]
    narrow: PathBuf,
    /// What the wider document is for
    #[arg(long, value_name = "KIND", value_enum, default_value_t = Kind::User)]
    kind_of_a: Kind,
    /// What the narrower document is for
    #[arg(long, value_name = "KIND", value_enum, default_value_t = Kind::FrontEnd)]
    kind_of_b: Kind,
    #[command(flatten)]
    owner: OwnerArguments,
    /// One line of JSON
    #[arg(long)]
    json: bool,
}

/// The examples of `lint`, and its exit codes.
pub(crate) const LINT_HELP: &str = "Examples:
  daypass policy lint upload.json --end-user ann
  daypass policy lint - --kind bucket --json < bucket-policy.json
  daypass policy lint upload.json --permissions user-server.json --duration-seconds 1800

Exit codes: 0 nothing of severity E was found, 1 something was, 2 the command line or a file makes no sense.
The rules stand in docs/lint.md.";

/// The examples of `compare`, and its exit codes.
pub(crate) const COMPARE_HELP: &str = "Examples:
  daypass policy compare user-server.json upload.json
  daypass policy compare old.json new.json --kind-of-a bucket --kind-of-b bucket --json

Exit codes: 0 everything that B allows is also allowed by A, 1 it is not, and a request shows it, 2 the command line
or a file makes no sense, 7 neither could be shown.";

pub(crate) fn run_lint(arguments: &LintArguments) -> Result<()> {
    let text = document::read_any(&arguments.document)?;
    let permissions = arguments
        .permissions
        .as_deref()
        .map(document::read_any)
        .transpose()?;
    let owner = arguments.owner.settle(&[Some(&text), permissions.as_ref()]);
    let permissions = permissions
        .zip(arguments.permissions.as_deref())
        .map(|(text, path)| compiled(&text, path, DocumentKind::Identity, &owner))
        .transpose()?;
    let context = LintContext {
        audience: arguments.kind.audience(),
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
            .map(|finding| Ok(format!("{}\n", serde_json::to_string(finding)?)))
            .collect(),
        false => Ok(findings.iter().map(in_words).collect()),
    };
    output::write(lines?.as_bytes())?;
    match findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count()
    {
        0 => Ok(()),
        1 => bail!("1 finding of severity E"),
        errors => bail!("{errors} findings of severity E"),
    }
}

pub(crate) fn run_compare(arguments: &CompareArguments) -> Result<()> {
    let texts = [
        document::read_any(&arguments.wide)?,
        document::read_any(&arguments.narrow)?,
    ];
    let [wide, narrow] = &texts;
    let owner = arguments.owner.settle(&[Some(wide), Some(narrow)]);
    let wide = compiled(
        wide,
        &arguments.wide,
        arguments.kind_of_a.audience().kind(),
        &owner,
    )?;
    let narrow = compiled(
        narrow,
        &arguments.narrow,
        arguments.kind_of_b.audience().kind(),
        &owner,
    )?;
    let answer = compare(&wide, &narrow);
    let (json, words) = match &answer {
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
    let text = if arguments.json {
        output::json_line(&json)
    } else {
        output::printable_lines(&words)
    };
    output::write(text.as_bytes())?;
    match answer {
        Containment::Contained => Ok(()),
        Containment::NotContained(_) => bail!("B is not contained in A"),
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

fn compiled(text: &str, path: &Path, kind: DocumentKind, owner: &OwnerAccount) -> Result<Policy> {
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
        let named = || texts.iter().flatten().find_map(|text| named_account(text));
        OwnerAccount {
            app_id: self.appid.or_else(named).unwrap_or(1_250_000_000),
            owner_uin: self.owner_uin,
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
    fn outcome(words: &str, a: &str, b: &str) -> Result<(), String> {
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
            "lint" => run_lint(&Lint::parse_from(&words).arguments),
            _ => run_compare(&Compare::parse_from(&words).arguments),
        };
        done.map_err(|error| error.to_string().replace(&path("a"), "a"))
    }

    #[test]
    fn lint_fails_on_errors_only() {
        let check = |words: &str, a: &str, expected: Result<(), &str>| {
            assert_eq!(
                outcome(words, a, &document("cos:*", "ann/*")),
                expected.map_err(str::to_owned),
                "{words}"
            );
        };
        check("lint a", &document("cos:GetObject", "ann/*"), Ok(()));
        check(
            "lint a --json --end-user bob",
            &document("cos:GetObject", "ann/*"),
            Ok(()),
        );
        check("lint a", &document("cos:*", "*"), Err("2 findings of severity E"));
        check("lint a --kind user", &document("cos:*", "*"), Ok(()));
        check(
            "lint a --appid 5",
            &document("cos:GetObject", "a"),
            Err("1 finding of severity E"),
        );
        check("lint a", "{", Err("1 finding of severity E"));
        check(
            "lint a --permissions b",
            &document("cos:GetObject", "bob/*"),
            Ok(()),
        );
        check(
            "lint b --permissions a",
            "[]",
            Err("the policy `a` is refused: policy document is not a JSON object"),
        );
    }

    #[test]
    fn compare_answers() {
        let check = |words: &str, a: &str, b: &str, expected: Result<(), &str>| {
            assert_eq!(outcome(words, a, b), expected.map_err(str::to_owned), "{a} {b}");
        };
        let (all, one) = (document("cos:*", "*"), document("cos:GetObject", "ann/*"));
        check("compare a b", &all, &one, Ok(()));
        check("compare a b --json", &one, &all, Err("B is not contained in A"));
        let office = |network: &str| {
            one.replace(
                r#""effect""#,
                &format!(r#""condition":{{"ip_equal":{{"qcs:ip":"{network}"}}}},"effect""#),
            )
        };
        let open = Err("whether B is contained in A is not known");
        check("compare a b", &office("10.0.0.0/8"), &office("10.1.0.0/16"), open);
        check(
            "compare a b",
            "[]",
            &one,
            Err("the policy `a` is refused: policy document is not a JSON object"),
        );
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
