//! A request as somebody has it at hand: flags, what went over the wire, or a command line of curl.
//!
//! It is read to be looked at and never sent. Nothing is guessed: what is not understood is refused by its name, since a
//! request that was read wrong would be explained wrong.

use std::fmt;

use anyhow::{Context, Result, bail};

/// A request as `daypass sign` looks at it: path and query as they are on the wire.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path, which begins with `/`.
    pub path: String,
    /// What follows the first `?`.
    pub query: String,
    /// Its headers in their order, values without the blanks around them.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// Where a head ends, as it went over the wire, as editors keep it and as `curl -v` shows it.
const ENDS_OF_HEADS: &[&[u8]] = &[
    b"\r\n\r\n",
    b"\n\r\n",
    b"\n\n",
    b"\n>\n",
    b"\n> \n",
    b"\n>\r\n",
    b"\n> \r\n",
];

/// Query and headers may carry a signature and a token.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// Reads what went over the wire, or a command line of curl.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let text = bytes.trim_ascii_start();
        if text.starts_with(b"curl ") || text.starts_with(b"curl\n") {
            let text = str::from_utf8(text).context("the command line is not UTF-8")?;
            super::curl::parse(text)
        } else {
            raw(text)
        }
    }

    /// Puts one together from a URL.
    pub fn of(method: &str, url: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Result<Self> {
        let (scheme, rest) = url
            .split_once("://")
            .context("a URL begins with http:// or https://")?;
        let usual_port = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => bail!("a URL begins with http:// or https://"),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, target) = rest.split_at(end);
        let host = host.strip_suffix(usual_port).unwrap_or(host);
        if host.is_empty() {
            bail!("the URL names no host");
        }
        if host.contains(|char: char| char == '@' || char.is_whitespace() || char.is_control()) {
            bail!("the URL names more than a host and a port before its path");
        }
        let mut request = Self::with_target(method, target, headers, body);
        if request.header("host").is_none() {
            request.headers.insert(0, ("Host".to_owned(), host.to_owned()));
        }
        Ok(request)
    }

    fn with_target(method: &str, target: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.to_owned(),
            path: if path.is_empty() { "/" } else { path }.to_owned(),
            query: query.to_owned(),
            headers,
            body,
        }
    }

    /// The value of the first header of this name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self
            .headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.trim())
    }
}

/// Reads `Name: value`.
pub(super) fn header(text: &str) -> Result<(String, String)> {
    let (name, value) = text
        .split_once(':')
        .with_context(|| format!("`{text}` is no header: it has no `:`"))?;
    if name.is_empty() || name.contains(|char: char| char.is_whitespace() || char.is_control()) {
        bail!("`{name}` is not the name of a header");
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

/// What went over the wire, also as `curl -v` shows it, with `> ` before each line of the head.
fn raw(bytes: &[u8]) -> Result<Request> {
    let (head, body) = split_head(bytes);
    let head = str::from_utf8(head).context("the request's head is not UTF-8")?;
    let mut lines = head
        .lines()
        .map(|line| line.strip_prefix("> ").unwrap_or(line).trim_end());
    let first = lines.next().unwrap_or_default();
    let mut words = first.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        bail!("a request begins with a line such as `GET /key HTTP/1.1`, or with `curl`");
    };
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        bail!("a request begins with a line such as `GET /key HTTP/1.1`, or with `curl`");
    }
    let headers: Vec<(String, String)> = lines
        .filter(|line| !line.is_empty() && *line != ">")
        .map(header)
        .collect::<Result<_>>()?;
    // A key and a query may have a URL in them.
    if target.starts_with('/') {
        return Ok(Request::with_target(method, target, headers, body.to_vec()));
    }
    if !target.contains("://") {
        bail!("the target `{target}` begins with neither `/` nor `http`");
    }
    Request::of(method, target, headers, body.to_vec())
}

/// The head ends at the first empty line, of whatever kind; without one there is no body, which may have empty lines too.
fn split_head(bytes: &[u8]) -> (&[u8], &[u8]) {
    let first = ENDS_OF_HEADS.iter().filter_map(|end| {
        let place = bytes.windows(end.len()).position(|window| window == *end)?;
        Some((place, end.len()))
    });
    match first.min() {
        Some((place, length)) => {
            let (head, rest) = bytes.split_at(place);
            (head, rest.get(length..).unwrap_or_default())
        }
        None => (bytes, b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str, query: &str, headers: &[(&str, &str)], body: &str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn check(text: &str, expected: Request) {
        assert_eq!(Request::parse(text.as_bytes()).unwrap(), expected, "{text}");
    }

    #[test]
    fn what_went_over_the_wire() {
        check(
            "GET /a%20b?acl HTTP/1.1\r\nHost: h:9000\r\nA:  b \r\n\r\n",
            request("GET", "/a%20b", "acl", &[("Host", "h:9000"), ("A", "b")], ""),
        );
        check(
            "PUT / HTTP/1.1\nHost: h\n\nbody\n",
            request("PUT", "/", "", &[("Host", "h")], "body\n"),
        );
        check(
            "> GET /k HTTP/1.1\n> Host: h\n>\n",
            request("GET", "/k", "", &[("Host", "h")], ""),
        );
        check(
            "GET http://h:80/k?a=1",
            request("GET", "/k", "a=1", &[("Host", "h")], ""),
        );
        check(
            "GET https://h:80",
            request("GET", "/", "", &[("Host", "h:80")], ""),
        );
        check(
            "GET /a://b?url=http://h/ HTTP/1.1\nHost: h\n\n",
            request("GET", "/a://b", "url=http://h/", &[("Host", "h")], ""),
        );
    }

    #[test]
    fn the_first_empty_line_ends_the_head() {
        let check = |end: &str, body: &str| {
            let expected = request("PUT", "/k", "", &[("Host", "h")], body);
            check(&format!("PUT /k HTTP/1.1\nHost: h{end}{body}"), expected);
        };
        for end in [
            "\n\n",
            "\n\r\n",
            "\r\n\r\n",
            "\n>\n",
            "\n> \n",
            "\r\n>\r\n",
            "\r\n> \r\n",
        ] {
            check(end, "");
            check(end, "A: b\r\n\r\nc\n\nd\n> \n");
        }
    }

    #[test]
    fn command_lines() {
        check(
            "curl http://h:9000/k",
            request("GET", "/k", "", &[("Host", "h:9000")], ""),
        );
        check(
            "curl -sS -X PUT 'http://h/k?a=1&b' \\\n  -H 'A: b'\\''c' --header \"D: \\\"e\\\"\" -d x",
            request(
                "PUT",
                "/k",
                "a=1&b",
                &[
                    ("Host", "h"),
                    ("A", "b'c"),
                    ("D", "\"e\""),
                    ("Content-Type", "application/x-www-form-urlencoded"),
                ],
                "x",
            ),
        );
        check(
            "curl --data-raw $'{\"a\":\\n1}' -H 'content-type: application/json' --url https://h/ --compressed",
            request(
                "POST",
                "/",
                "",
                &[("Host", "h"), ("content-type", "application/json")],
                "{\"a\":\n1}",
            ),
        );
        check(
            "curl -I http://h/k",
            request("HEAD", "/k", "", &[("Host", "h")], ""),
        );
        check(
            "curl 'h/k?url=http://x/' --data-raw '-sX' -A -v",
            request(
                "POST",
                "/k",
                "url=http://x/",
                &[
                    ("Host", "h"),
                    ("User-Agent", "-v"),
                    ("Content-Type", "application/x-www-form-urlencoded"),
                ],
                "-sX",
            ),
        );
        check(
            "curl http://h/ -H $'A: \\u0021\\x3f\\'\\\\\\\"\\t.'",
            request("GET", "/", "", &[("Host", "h"), ("A", "!?'\\\"\t.")], ""),
        );
        check(
            "curl -XDELETE http://h/k",
            request("DELETE", "/k", "", &[("Host", "h")], ""),
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = Request::parse(text.as_bytes()).unwrap_err();
            assert!(format!("{error:#}").contains(expected), "{text}: {error:#}");
        };
        check("", "a request begins with");
        check("{}", "a request begins with");
        check("GET k", "begins with neither");
        check("GET /k HTTP/1.1\nHost", "it has no `:`");
        check("GET /k HTTP/1.1\nA b: c", "not the name of a header");
        check("GET ftp://h/", "http:// or https://");
        check("GET http:///k", "names no host");
        check("GET http://ann@h/k", "more than a host");
        check("curl 'http://h i/'", "more than a host");
        check("curl http://h/ -H $'A: \\e'", "`\\e`");
        check("curl http://h/ -H $'A: \\xff'", "no letter");
        check("curl http://h/ -H $'A: \\ud800'", "no letter");
        check("curl http://h/ -H $'A: \\u'", "no letter");
        check("curl ", "no URL");
        check("curl http://a/ http://b/", "more than one URL");
        check("curl -F a=b http://h/", "`-F`");
        check("curl http://h/ -d @file", "file");
        check("curl http://h/ -H", "needs a value");
        check("curl 'http://h/", "quotation mark");
    }
}
