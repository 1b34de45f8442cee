//! The texts that a server, or another signer, has made of the same request.
//!
//! The object service's own refusals carry StringToSign and FormatString in their XML, `daypass explain --json` tells
//! them of a request that a Daypass server refused; and the log of a program may hold the bare text.

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;

/// Names of texts, and what they are called here.
const NAMES: [(&str, &str); 5] = [
    ("StringToSign", "StringToSign"),
    ("HttpString", "HttpString"),
    ("FormatString", "HttpString"),
    ("CanonicalRequest", "CanonicalRequest"),
    ("CanonicalString", "CanonicalRequest"),
];

/// A text, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// The texts that are in an answer.
pub(super) fn texts(bytes: &[u8]) -> Result<Vec<Text>> {
    let text = str::from_utf8(bytes).context("the answer is not UTF-8")?;
    let mut found = Vec::new();
    match text.trim_start().chars().next() {
        Some('{' | '[') => {
            let json = serde_json::from_str(text).context("the answer begins as JSON and is none")?;
            in_json(&json, &mut found);
        }
        Some('<') => in_xml(text, &mut found),
        Some(_) => found.push(bare(text)),
        None => {}
    }
    if found.is_empty() {
        bail!("the answer holds neither StringToSign nor HttpString, FormatString or CanonicalRequest");
    }
    Ok(found)
}

fn called(name: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, called)| *called)
}

/// The depth is bounded by the parser. `explain` tells a text as an object of its name and its value.
fn in_json(json: &Json, found: &mut Vec<Text>) {
    match json {
        Json::Object(members) => {
            if let (Some(Json::String(name)), Some(Json::String(text))) =
                (members.get("Name"), members.get("Value"))
            {
                found.extend(called(name).map(|name| Text {
                    name,
                    text: text.clone(),
                }));
            }
            for (name, value) in members {
                match (called(name), value) {
                    (Some(name), Json::String(text)) => found.push(Text {
                        name,
                        text: text.clone(),
                    }),
                    _ => in_json(value, found),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| in_json(item, found)),
        _ => {}
    }
}

fn in_xml(text: &str, found: &mut Vec<Text>) {
    for (element, name) in NAMES {
        let inner = text
            .split_once(&format!("<{element}>"))
            .and_then(|(_, rest)| rest.split_once(&format!("</{element}>")));
        if let Some((inner, _)) = inner {
            let pairs = [
                ("&lt;", "<"),
                ("&gt;", ">"),
                ("&quot;", "\""),
                ("&apos;", "'"),
                ("&#xA;", "\n"),
                ("&#10;", "\n"),
            ];
            let plain = pairs
                .iter()
                .fold(inner.to_owned(), |text, (from, to)| text.replace(from, to));
            found.push(Text {
                name,
                text: plain.replace("&amp;", "&"),
            });
        }
    }
}

fn bare(text: &str) -> Text {
    let is_string_to_sign = text.starts_with("sha1\n") || text.starts_with("TC3-HMAC-SHA256\n");
    let name = match (is_string_to_sign, text.lines().nth(1)) {
        (true, _) => "StringToSign",
        (false, Some("/")) if text.starts_with(|char: char| char.is_ascii_uppercase()) => "CanonicalRequest",
        (false, Some(_)) => "HttpString",
        (false, None) => "StringToSign",
    };
    Text {
        name,
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expected: &[(&'static str, &str)]) {
        let expected: Vec<Text> = expected
            .iter()
            .map(|(name, text)| Text {
                name,
                text: (*text).to_owned(),
            })
            .collect();
        assert_eq!(texts(answer.as_bytes()).unwrap_or_default(), expected, "{answer}");
    }

    #[test]
    fn texts_of_answers() {
        check(
            "<?xml version='1.0'?><Error><StringToSign>sha1\n1;2\nx\n</StringToSign>\
            <FormatString>get\n/&amp;lt;\n\n\n</FormatString></Error>",
            &[
                ("StringToSign", "sha1\n1;2\nx\n"),
                ("HttpString", "get\n/&lt;\n\n\n"),
            ],
        );
        check(
            r#"{"Cause": {"Facts": [{"Name": "HttpString", "Value": "get\n/\n\n\n"}]}}"#,
            &[("HttpString", "get\n/\n\n\n")],
        );
        check(
            r#"{"a": [{"CanonicalRequest": "POST\n/"}]}"#,
            &[("CanonicalRequest", "POST\n/")],
        );
        check("sha1\n1;2\nx\n", &[("StringToSign", "sha1\n1;2\nx\n")]);
        check("POST\n/\n\na:b\n", &[("CanonicalRequest", "POST\n/\n\na:b\n")]);
        check("get\n/\n\n\n", &[("HttpString", "get\n/\n\n\n")]);
        for nothing in ["", "{}", "<Error/>", "{"] {
            check(nothing, &[]);
        }
    }
}
