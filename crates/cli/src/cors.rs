//! `daypass cors`

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::cors::{CorsMethod, CorsRule, CorsRules};

use crate::connection::ServerArguments;
use crate::remote::RemoteBucket;
use crate::{cors_document, document, output};

/// Which web pages may reach a bucket.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Show a bucket's rules
    #[command(after_long_help = "\
With --json it prints what `put --document` takes.

Examples:
  daypass cors get cos://photos-1250000000
  daypass cors get cos://photos-1250000000 --json > cors.json")]
    Get(GetArguments),
    /// Give a bucket rules, in place of all that it has
    #[command(after_long_help = "\
A browser lets a page of another origin reach the bucket only where a rule says so: the first one that has the page's \
origin, the request's method and all of its headers. Flags make one rule; a file may have up to 100, as the \
`CORSConfiguration` in XML that the service has, or as JSON with the same names:

  {\"CORSRule\": [{\"AllowedOrigin\": [\"https://app.example\"], \"AllowedMethod\": [\"GET\", \"PUT\"],
    \"AllowedHeader\": [\"*\"], \"ExposeHeader\": [\"ETag\"], \"MaxAgeSeconds\": 600}]}

Rules restrain browsers only: nobody may do more because of them.

Examples:
  daypass cors put cos://photos-1250000000 --origin http://localhost:5173 --method GET,HEAD,PUT,POST,DELETE \\
    --header '*' --expose ETag,x-cos-request-id --max-age 600
  daypass cors put cos://photos-1250000000 --document cors.json
  daypass cors put cos://photos-1250000000 --document - < cors.xml")]
    Put(PutArguments),
    /// Take all rules of a bucket away
    #[command(after_long_help = "Example:\n  daypass cors rm cos://photos-1250000000")]
    Rm(BucketArguments),
}

/// One bucket.
#[derive(Args, Debug)]
pub struct BucketArguments {
    /// The bucket, as cos://<name>-<appid>
    bucket: RemoteBucket,
    #[command(flatten)]
    server: ServerArguments,
}

/// One bucket, and how its rules are shown.
#[derive(Args, Debug)]
pub struct GetArguments {
    #[command(flatten)]
    of: BucketArguments,
    /// Print a line of JSON
    #[arg(long)]
    json: bool,
}

/// One bucket and its rules from now on.
#[derive(Args, Debug)]
pub struct PutArguments {
    #[command(flatten)]
    of: BucketArguments,
    /// File with the rules, JSON or XML, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["origins", "methods", "allowed", "exposed", "max_age"])]
    document: Option<PathBuf>,
    #[command(flatten)]
    rule: RuleArguments,
}

/// One rule.
#[derive(Args, Debug)]
struct RuleArguments {
    /// Origins of pages, as https://app.example; one `*` may stand in each
    #[arg(long = "origin", value_name = "ORIGIN", value_delimiter = ',', value_parser = origin, required_unless_present = "document")]
    origins: Vec<String>,
    /// Methods of requests: GET, PUT, POST, DELETE, HEAD
    #[arg(long = "method", value_name = "METHOD", value_delimiter = ',', value_parser = method, required_unless_present = "document")]
    methods: Vec<CorsMethod>,
    /// Headers that requests may have; `*` for all
    #[arg(long = "header", value_name = "NAME", value_delimiter = ',')]
    allowed: Vec<String>,
    /// Headers of answers that pages may read
    #[arg(long = "expose", value_name = "NAME", value_delimiter = ',')]
    exposed: Vec<String>,
    /// For how long a browser may remember the rule
    #[arg(long, value_name = "SECONDS")]
    max_age: Option<u32>,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Get(arguments) => get(arguments).await,
        Command::Put(arguments) => put(arguments).await,
        Command::Rm(arguments) => rm(arguments).await,
    }
}

async fn get(arguments: GetArguments) -> Result<()> {
    let RemoteBucket(bucket) = arguments.of.bucket;
    let rules = arguments.of.server.objects()?.bucket_cors(&bucket).await;
    let rules = rules.with_context(|| format!("cannot read the rules of the bucket `{bucket}`"))?;
    if arguments.json {
        return output::write(output::json_line(&cors_document::json(&rules)?).as_bytes());
    }
    let head = ["ID", "ORIGINS", "METHODS", "HEADERS", "EXPOSED", "MAX-AGE"];
    output::list(&rules.rules, false, |_| serde_json::Value::Null, &head, row)
}

fn row(rule: &CorsRule) -> Vec<String> {
    let texts = |texts: &[String]| match texts {
        [] => "-".to_owned(),
        texts => texts.join(","),
    };
    let methods: Vec<_> = rule.methods.iter().map(|method| method.name()).collect();
    vec![
        rule.id.clone().unwrap_or_else(|| "-".to_owned()),
        texts(&rule.origins),
        methods.join(","),
        texts(&rule.headers),
        texts(&rule.exposed),
        rule.max_age
            .map_or_else(|| "-".to_owned(), |seconds| seconds.to_string()),
    ]
}

async fn put(arguments: PutArguments) -> Result<()> {
    let RemoteBucket(bucket) = arguments.of.bucket;
    let rules = match &arguments.document {
        Some(path) => {
            let file = || format!("cannot use the rules in `{}`", path.display());
            cors_document::parse(&document::read_text(path).with_context(file)?).with_context(file)?
        }
        None => arguments.rule.rules(),
    };
    let client = arguments.of.server.objects()?;
    let put = client.set_bucket_cors(&bucket, rules).await;
    put.with_context(|| format!("cannot give rules to the bucket `{bucket}`"))
}

async fn rm(arguments: BucketArguments) -> Result<()> {
    let RemoteBucket(bucket) = arguments.bucket;
    let removed = arguments.server.objects()?.delete_bucket_cors(&bucket).await;
    removed.with_context(|| format!("cannot take away the rules of the bucket `{bucket}`"))
}

impl RuleArguments {
    fn rules(self) -> CorsRules {
        let rule = CorsRule {
            id: None,
            origins: self.origins,
            methods: self.methods,
            headers: self.allowed,
            exposed: self.exposed,
            max_age: self.max_age,
        };
        CorsRules {
            rules: vec![rule],
            vary: None,
        }
    }
}

/// An origin as browsers write it. The commonest mistake is the address of a page, which would fit no request.
fn origin(text: &str) -> Result<String, String> {
    let host = text.split_once("://").map(|(_, host)| host);
    let is_pattern = text.contains('*') || text == "null";
    let is_good = host.map_or(is_pattern, |host| !host.is_empty()) && !host.unwrap_or(text).contains('/');
    match is_good {
        true => Ok(text.to_owned()),
        false => Err(
            "an origin is scheme, host and port, as https://app.example:8443, without a path; `*` is every one"
                .to_owned(),
        ),
    }
}

fn method(text: &str) -> Result<CorsMethod, String> {
    CorsMethod::from_name(&text.to_ascii_uppercase())
        .ok_or_else(|| "it is not one of GET, PUT, POST, DELETE and HEAD".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let check = |text: &str, is_one: bool| assert_eq!(origin(text).is_ok(), is_one, "{text}");
        for good in [
            "https://app.example",
            "http://localhost:5173",
            "https://*.app.example",
            "http://127.0.0.1:*",
            "*",
            "*.app.example",
            "null",
        ] {
            check(good, true);
        }
        for bad in [
            "",
            "app.example",
            "https://",
            "https://app.example/",
            "https://app.example/page",
            "*/",
        ] {
            check(bad, false);
        }
    }
}
