//! A command line of curl, as browsers copy it and as people write it into reports.

use anyhow::{Context, Result, bail};

use super::request::{Request, header};

/// Options that do not change what is signed and have a value.
const WITH_VALUE: &[&str] = &[
    "-o",
    "--output",
    "-w",
    "--write-out",
    "-m",
    "--max-time",
    "--connect-timeout",
    "--resolve",
    "--connect-to",
    "--cacert",
    "--retry",
    "-D",
    "--dump-header",
    "-x",
    "--proxy",
    "--limit-rate",
];
/// Options that do not change what is signed and have none.
const WITHOUT_VALUE: &[&str] = &[
    "-s",
    "--silent",
    "-S",
    "--show-error",
    "-v",
    "--verbose",
    "-k",
    "--insecure",
    "-L",
    "--location",
    "-i",
    "--include",
    "-f",
    "--fail",
    "--fail-with-body",
    "--compressed",
    "-g",
    "--globoff",
    "--http1.1",
    "--http2",
    "--path-as-is",
    "-#",
    "-O",
    "-N",
    "--no-buffer",
];
/// Options whose letter may be followed by the value at once, and those that may stand together.
const SHORT_WITH_VALUE: &str = "XHdoAebTwmxD";

#[derive(Default)]
struct Parts {
    method: Option<String>,
    url: Option<String>,
    headers: Vec<(String, String)>,
    data: Option<Vec<u8>>,
    is_head: bool,
    is_upload: bool,
}

/// Reads a command line.
pub(super) fn parse(text: &str) -> Result<Request> {
    let words = words(text)?;
    let mut words = words.into_iter().skip(1).flat_map(apart);
    let mut parts = Parts::default();
    while let Some(word) = words.next() {
        if word == "-" || !word.starts_with('-') {
            parts.url(word)?;
        } else if !WITHOUT_VALUE.contains(&word.as_str()) && !parts.flag(&word) {
            let value = words
                .next()
                .with_context(|| format!("the option `{word}` needs a value"))?;
            parts.option(&word, value)?;
        }
    }
    parts.request()
}

impl Parts {
    fn url(&mut self, url: String) -> Result<()> {
        match self.url.replace(url) {
            None => Ok(()),
            Some(_) => bail!("the command line names more than one URL"),
        }
    }

    fn flag(&mut self, word: &str) -> bool {
        let is_head = matches!(word, "-I" | "--head");
        self.is_head |= is_head;
        is_head
    }

    fn option(&mut self, name: &str, value: String) -> Result<()> {
        match name {
            "-X" | "--request" => self.method = Some(value),
            "--url" => self.url(value)?,
            "-H" | "--header" => self.headers.push(header(&value)?),
            "-A" | "--user-agent" => self.headers.push(("User-Agent".to_owned(), value)),
            "-e" | "--referer" => self.headers.push(("Referer".to_owned(), value)),
            "-b" | "--cookie" => self.headers.push(("Cookie".to_owned(), value)),
            "-T" | "--upload-file" => self.is_upload = true,
            "-d" | "--data" | "--data-ascii" | "--data-binary" if value.starts_with('@') => {
                bail!("the body is in a file: put its text into the command line")
            }
            "-d" | "--data" | "--data-ascii" | "--data-binary" | "--data-raw" => self.add(&value),
            _ if WITH_VALUE.contains(&name) => {}
            _ => bail!("the option `{name}` of curl is not understood here"),
        }
        Ok(())
    }

    fn add(&mut self, value: &str) {
        match &mut self.data {
            Some(data) => {
                data.push(b'&');
                data.extend_from_slice(value.as_bytes());
            }
            None => self.data = Some(value.as_bytes().to_vec()),
        }
    }

    fn request(mut self) -> Result<Request> {
        let usual = match (self.is_head, self.is_upload, &self.data) {
            (true, _, _) => "HEAD",
            (_, true, _) => "PUT",
            (_, _, Some(_)) => "POST",
            _ => "GET",
        };
        let url = self.url.context("the command line has no URL")?;
        let has_type = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if self.data.is_some() && !has_type {
            let form = "application/x-www-form-urlencoded".to_owned();
            self.headers.push(("Content-Type".to_owned(), form));
        }
        let url = if url.contains("://") {
            url
        } else {
            format!("http://{url}")
        };
        let method = self.method.as_deref().unwrap_or(usual);
        Request::of(method, &url, self.headers, self.data.unwrap_or_default())
    }
}

/// `-sXPUT` is `-s -X PUT`, and `--header=A: b` is `--header` with its value.
fn apart(word: String) -> Vec<String> {
    let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else {
        return vec![word];
    };
    let mut words = Vec::new();
    let mut rest = letters.chars();
    while let Some(letter) = rest.next() {
        words.push(format!("-{letter}"));
        if SHORT_WITH_VALUE.contains(letter) {
            let value = rest.as_str();
            if !value.is_empty() {
                words.push(value.to_owned());
            }
            return words;
        }
    }
    if words.is_empty() { vec![word] } else { words }
}

/// Splits a text as a shell does: quotation marks of both kinds, `$'...'`, backslashes. Nothing is expanded.
fn words(text: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some('\r') => {
                    chars.next_if_eq(&'\n');
                }
                Some(char) => word.get_or_insert_default().push(char),
            },
            '\'' => quoted(&mut chars, '\'', false, word.get_or_insert_default())?,
            '"' => quoted(&mut chars, '"', true, word.get_or_insert_default())?,
            '$' if chars.next_if_eq(&'\'').is_some() => {
                quoted(&mut chars, '\'', true, word.get_or_insert_default())?;
            }
            char if char.is_whitespace() => words.extend(word.take()),
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Takes what stands between quotation marks.
fn quoted(
    chars: &mut impl Iterator<Item = char>,
    mark: char,
    escapes: bool,
    into: &mut String,
) -> Result<()> {
    while let Some(char) = chars.next() {
        match char {
            char if char == mark => return Ok(()),
            '\\' if escapes => match (chars.next(), mark) {
                (Some('n'), '\'') => into.push('\n'),
                (Some('r'), '\'') => into.push('\r'),
                (Some('t'), '\'') => into.push('\t'),
                (Some('\n'), '"') | (None, _) => {}
                (Some(char @ ('"' | '\\' | '$' | '`')), '"') => into.push(char),
                (Some(char), '"') => into.extend(['\\', char]),
                (Some(char), _) => into.push(char),
            },
            char => into.push(char),
        }
    }
    bail!("a quotation mark of the command line is not closed")
}
