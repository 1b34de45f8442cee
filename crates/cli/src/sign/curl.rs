//! A command line of curl, as browsers copy it and as people write it into reports.

use std::iter::Peekable;
use std::str::Chars;

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
    let mut words = words.into_iter().skip(1);
    let mut parts = Parts::default();
    while let Some(word) = words.next() {
        if word == "-" || !word.starts_with('-') {
            parts.url(word)?;
            continue;
        }
        let (options, mut attached) = apart(word);
        for option in options {
            if WITHOUT_VALUE.contains(&option.as_str()) || parts.flag(&option) {
                continue;
            }
            // A value is taken as it is, also where it begins like an option.
            let value = attached.take().or_else(|| words.next());
            let value = value.with_context(|| format!("the option `{option}` needs a value"))?;
            parts.option(&option, value)?;
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
            "-A" | "--user-agent" => self.add_header("User-Agent", &value),
            "-e" | "--referer" => self.add_header("Referer", &value),
            "-b" | "--cookie" => self.add_header("Cookie", &value),
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

    /// Blanks around a value are no part of it.
    fn add_header(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.trim().to_owned()));
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
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        let url = if scheme.is_some_and(|scheme| !scheme.contains(['/', '?', '#'])) {
            url
        } else {
            format!("http://{url}")
        };
        let method = self.method.as_deref().unwrap_or(usual);
        Request::of(method, &url, self.headers, self.data.unwrap_or_default())
    }
}

/// `-sXPUT` is `-s -X` with the value `PUT`.
fn apart(word: String) -> (Vec<String>, Option<String>) {
    let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else {
        return (vec![word], None);
    };
    let mut options = Vec::new();
    let mut rest = letters.chars();
    while let Some(letter) = rest.next() {
        options.push(format!("-{letter}"));
        if SHORT_WITH_VALUE.contains(letter) {
            let value = Some(rest.as_str().to_owned());
            return (options, value.filter(|value| !value.is_empty()));
        }
    }
    (options, None)
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
            '\'' => plain(&mut chars, word.get_or_insert_default())?,
            '"' => double(&mut chars, word.get_or_insert_default())?,
            '$' if chars.next_if_eq(&'\'').is_some() => escaped(&mut chars, word.get_or_insert_default())?,
            char if char.is_whitespace() => words.extend(word.take()),
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    Ok(words)
}

type Letters<'a> = Peekable<Chars<'a>>;

const NOT_CLOSED: &str = "a quotation mark of the command line is not closed";

/// Takes what stands between `'` and `'`: all of it, as it is.
fn plain(chars: &mut Letters<'_>, into: &mut String) -> Result<()> {
    loop {
        match chars.next().context(NOT_CLOSED)? {
            '\'' => return Ok(()),
            char => into.push(char),
        }
    }
}

/// Takes what stands between `"` and `"`, where a backslash counts before four letters and the end of a line.
fn double(chars: &mut Letters<'_>, into: &mut String) -> Result<()> {
    loop {
        match chars.next().context(NOT_CLOSED)? {
            '"' => return Ok(()),
            '\\' => match chars.next().context(NOT_CLOSED)? {
                '\n' => {}
                char @ ('"' | '\\' | '$' | '`') => into.push(char),
                char => into.extend(['\\', char]),
            },
            char => into.push(char),
        }
    }
}

/// Takes what stands between `$'` and `'`, with the escapes that browsers write there.
fn escaped(chars: &mut Letters<'_>, into: &mut String) -> Result<()> {
    loop {
        match chars.next().context(NOT_CLOSED)? {
            '\'' => return Ok(()),
            '\\' => into.push(match chars.next().context(NOT_CLOSED)? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => numbered(chars, 4, u32::from(char::MAX))?,
                // Beyond it is a byte, and no letter.
                'x' => numbered(chars, 2, 0x7f)?,
                char @ ('\'' | '"' | '\\' | '?') => char,
                char => bail!("the escape `\\{char}` of the command line is not understood here"),
            }),
            char => into.push(char),
        }
    }
}

/// A letter by its number, in so many digits at most.
fn numbered(chars: &mut Letters<'_>, digits: usize, most: u32) -> Result<char> {
    let mut number = None;
    for _ in 0..digits {
        let Some(digit) = chars.peek().and_then(|char| char.to_digit(16)) else {
            break;
        };
        chars.next();
        number = Some(number.unwrap_or(0) * 16 + digit);
    }
    number
        .filter(|number| *number <= most)
        .and_then(char::from_u32)
        .context("a numbered escape of the command line is no letter")
}
