//! The mistakes that are made with the signature of the object service.

use super::Diagnosis;
use super::change::{
    Change, HOST_HINT, METHOD_HINT, other_content_types, other_hosts, other_secrets, search,
};
use crate::cos::{Claim, NameList, http_string, sign_key, signature, string_to_sign};
use crate::encoding::{decode_path, encode};
use crate::{RequestView, SecretKey, Window, mac};

const METHODS: [&str; 6] = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"];
const PATH_HINT: &str = "sign the path decoded, as the key is spelled, and send it encoded once";
const LIST_HINT: &str =
    "sign exactly the names of the list, sorted, lower-case, and encoded in list and text alike";
const VALUE_HINT: &str =
    "encode each value once: all but letters, digits, `-`, `_`, `.` and `~`, as upper-case %XX";

/// What is signed, and how.
#[derive(Clone)]
struct Recipe {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    header_list: NameList,
    parameter_list: NameList,
    /// What is done to the HttpString when it is made.
    rewrite: fn(Vec<u8>) -> Vec<u8>,
    string_to_sign: fn(Window, &[u8]) -> String,
    sign_time: Window,
    key_time: Window,
    secret: SecretKey,
    sign: fn(&SecretKey, Window, &str) -> String,
}

impl Recipe {
    fn http_string(&self) -> Option<Vec<u8>> {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let view = RequestView::new(&self.method, &self.path, &self.query, &headers).ok()?;
        let text = http_string(&view, &self.header_list, &self.parameter_list);
        Some((self.rewrite)(text))
    }

    fn signature(&self) -> Option<String> {
        let text = (self.string_to_sign)(self.sign_time, &self.http_string()?);
        Some((self.sign)(&self.secret, self.key_time, &text))
    }

    fn set_header(&mut self, name: &str, value: &str) {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
    }
}

/// Finds out what the maker of this claim has signed. `extra_hosts` are names under which the server is known, too.
pub fn diagnose_cos(
    view: &RequestView<'_>,
    claim: &Claim,
    secret: &SecretKey,
    extra_hosts: &[&str],
) -> Diagnosis {
    let base = Recipe {
        method: view.method().to_owned(),
        path: view.path().to_owned(),
        query: view.query().to_owned(),
        headers: view
            .headers()
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
            .collect(),
        header_list: claim.header_list.clone(),
        parameter_list: claim.parameter_list.clone(),
        rewrite: |text| text,
        string_to_sign,
        sign_time: claim.sign_time,
        key_time: claim.key_time,
        secret: secret.clone(),
        sign: |secret, key_time, text| signature(&sign_key(secret, key_time), text),
    };
    let expected = http_string(view, &claim.header_list, &claim.parameter_list);
    let matches = |recipe: &Recipe| {
        let made = recipe.signature();
        made.is_some_and(|made| mac::same(&made, &claim.signature))
    };
    let found = search(&base, &changes(view, claim, secret, extra_hosts), matches);
    let signed = found.as_ref().and_then(|(_, recipe)| recipe.http_string());
    Diagnosis {
        expected,
        causes: found.map(|(causes, _)| causes),
        signed,
        is_accepted: claim.verify(view, secret, extra_hosts),
    }
}

fn changes(
    view: &RequestView<'_>,
    claim: &Claim,
    secret: &SecretKey,
    extra_hosts: &[&str],
) -> Vec<Change<Recipe>> {
    let mut changes = hosts(view, claim, extra_hosts);
    changes.extend(paths(view));
    changes.extend(methods(view));
    changes.extend(headers(view, claim));
    changes.extend(lists(view, claim));
    changes.extend(texts());
    changes.extend(keys(claim, secret));
    changes
}

fn hosts(view: &RequestView<'_>, claim: &Claim, extra_hosts: &[&str]) -> Vec<Change<Recipe>> {
    if !claim.covers_header("host") {
        return Vec::new();
    }
    let received = String::from_utf8_lossy(view.header("host").unwrap_or_default()).into_owned();
    let one = |host: String| {
        let cause = format!("the host was signed as `{host}`");
        Change::new("host", cause, HOST_HINT, move |recipe: &mut Recipe| {
            recipe.set_header("host", &host)
        })
    };
    let none = std::iter::once(String::new()).filter(|_| !received.is_empty());
    other_hosts(&received, extra_hosts)
        .into_iter()
        .chain(none)
        .map(one)
        .collect()
}

fn paths(view: &RequestView<'_>) -> Vec<Change<Recipe>> {
    let raw = view.path();
    let decoded = String::from_utf8_lossy(&decode_path(raw)).into_owned();
    // The recipe's path is decoded when it is signed: encoded once more, it is signed as it stands.
    let verbatim = |path: &str| path.replace('%', "%25");
    let encoded_all = encode(&decoded).replace("%2F", "/");
    let without_first = decoded
        .trim_start_matches('/')
        .split_once('/')
        .map(|(_, rest)| format!("/{rest}"));
    let label = view
        .header("host")
        .and_then(|host| str::from_utf8(host).ok())
        .unwrap_or_default();
    let label = label.split('.').next().unwrap_or_default();
    let mut paths = vec![
        ("the path was signed as it is on the wire, encoded", verbatim(raw)),
        ("the path was signed encoded", verbatim(&encoded_all)),
        (
            "the path was signed encoded, `/` too",
            verbatim(&encode(&decoded)),
        ),
        (
            "the path was signed encoded in lower case",
            verbatim(&lower_escapes(&encoded_all)),
        ),
        (
            "the path was encoded twice before it was sent, and signed as it was",
            decoded.clone(),
        ),
        (
            "a `+` of the path was signed as a blank",
            verbatim(&decoded.replace('+', " ")),
        ),
        (
            "a blank of the path was signed as `+`",
            verbatim(&decoded.replace(' ', "+")),
        ),
        (
            "the path was signed without the `/` before it",
            verbatim(decoded.trim_start_matches('/')),
        ),
        (
            "the path was signed with two `/` before it",
            verbatim(&format!("/{decoded}")),
        ),
        (
            "the path was signed in lower case",
            verbatim(&decoded.to_lowercase()),
        ),
        (
            "the path was signed without the `/` after it",
            verbatim(decoded.trim_end_matches('/')),
        ),
        (
            "the path was signed with a `/` after it",
            verbatim(&format!("{decoded}/")),
        ),
        (
            "the path was signed with the bucket before the key",
            verbatim(&format!("/{label}{decoded}")),
        ),
        (
            "the path was signed with its query",
            verbatim(&format!("{decoded}?{}", view.query())),
        ),
    ];
    if let Some(rest) = without_first {
        paths.push((
            "the path was signed without its first part, the bucket",
            verbatim(&rest),
        ));
    }
    let one = |(cause, path): (&'static str, String)| {
        Change::new("path", cause, PATH_HINT, move |recipe: &mut Recipe| {
            recipe.path.clone_from(&path)
        })
    };
    paths.into_iter().map(one).collect()
}

fn methods(view: &RequestView<'_>) -> Vec<Change<Recipe>> {
    let others = METHODS
        .iter()
        .filter(|method| !method.eq_ignore_ascii_case(view.method()));
    let one = |method: &&'static str| {
        let cause = format!("the method was signed as `{}`", method.to_ascii_lowercase());
        let method = *method;
        Change::new("method", cause, METHOD_HINT, move |recipe: &mut Recipe| {
            method.clone_into(&mut recipe.method);
        })
    };
    let mut changes: Vec<Change<Recipe>> = others.map(one).collect();
    changes.push(Change::new(
        "method",
        "the method was signed in upper case",
        "the first line of HttpString is the method in lower case",
        |recipe: &mut Recipe| {
            recipe.rewrite = |mut text| {
                let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
                text.iter_mut().take(end).for_each(u8::make_ascii_uppercase);
                text
            };
        },
    ));
    changes
}

fn headers(view: &RequestView<'_>, claim: &Claim) -> Vec<Change<Recipe>> {
    const HINT: &str = "sign what is sent: something between the signer and the server has set, changed or taken out the header";
    let mut changes = Vec::new();
    let mut set = |name: String, value: String| {
        let cause = match value.is_empty() {
            true => format!("the header `{name}` was signed as empty, or was not there when it was signed"),
            false => format!("the header `{name}` was signed as `{value}`"),
        };
        changes.push(Change::new("header", cause, HINT, move |recipe: &mut Recipe| {
            recipe.set_header(&name, &value);
        }));
    };
    for name in claim.header_list.iter().filter(|name| *name != "host") {
        let sent = String::from_utf8_lossy(view.header(name).unwrap_or_default()).into_owned();
        let values = match name {
            "content-type" => other_content_types(&sent),
            "content-length" => vec![String::new(), "0".to_owned()],
            _ => vec![String::new()],
        };
        for value in values.into_iter().filter(|value| *value != sent) {
            set(name.to_owned(), value);
        }
    }
    changes
}

fn lists(view: &RequestView<'_>, claim: &Claim) -> Vec<Change<Recipe>> {
    let sorted = |list: &NameList| NameList::of(list.iter().map(|name| decode_path(name).into_owned()));
    let all_headers = NameList::of(view.headers().iter().map(|(name, _)| *name));
    let own = |name: &[u8]| name.to_ascii_lowercase().starts_with(b"q-");
    let names = view
        .parameters()
        .iter()
        .map(|one| one.name.as_ref())
        .filter(|name| !own(name));
    let all_parameters = NameList::of(names);
    let header_lists = [
        (
            "the headers were signed sorted, and listed in another order",
            sorted(&claim.header_list),
        ),
        (
            "no header was signed, and yet some are listed",
            NameList::default(),
        ),
        ("all headers were signed, and not all are listed", all_headers),
        ("`host` alone was signed of the headers", NameList::of(["host"])),
    ];
    let parameter_lists = [
        (
            "the parameters were signed sorted, and listed in another order",
            sorted(&claim.parameter_list),
        ),
        (
            "no parameter was signed, and yet some are listed",
            NameList::default(),
        ),
        (
            "all parameters were signed, and not all are listed",
            all_parameters,
        ),
    ];
    let of_headers = header_lists.into_iter().map(|(cause, list)| {
        Change::new("header list", cause, LIST_HINT, move |recipe: &mut Recipe| {
            recipe.header_list.clone_from(&list);
        })
    });
    let of_parameters = parameter_lists.into_iter().map(|(cause, list)| {
        Change::new("parameter list", cause, LIST_HINT, move |recipe: &mut Recipe| {
            recipe.parameter_list.clone_from(&list);
        })
    });
    of_headers.chain(of_parameters).collect()
}

fn texts() -> Vec<Change<Recipe>> {
    fn rewriting(cause: &'static str, hint: &'static str, rewrite: fn(Vec<u8>) -> Vec<u8>) -> Change<Recipe> {
        Change::new("encoding", cause, hint, move |recipe: &mut Recipe| {
            recipe.rewrite = rewrite
        })
    }
    vec![
        rewriting(
            "the values were signed as they are, not encoded",
            VALUE_HINT,
            |text| {
                in_pairs(&text, |line| {
                    decode_path(&String::from_utf8_lossy(line)).into_owned()
                })
            },
        ),
        rewriting(
            "the values were signed encoded in lower case",
            VALUE_HINT,
            |text| {
                in_pairs(&text, |line| {
                    lower_escapes(&String::from_utf8_lossy(line)).into_bytes()
                })
            },
        ),
        rewriting("a blank was signed as `+` instead of `%20`", VALUE_HINT, |text| {
            in_pairs(&text, |line| {
                String::from_utf8_lossy(line).replace("%20", "+").into_bytes()
            })
        }),
        rewriting("`/` was not encoded in the values", VALUE_HINT, |text| {
            in_pairs(&text, |line| {
                String::from_utf8_lossy(line).replace("%2F", "/").into_bytes()
            })
        }),
        rewriting(
            "one of `! ' ( ) *` was not encoded in the values",
            VALUE_HINT,
            |text| {
                in_pairs(&text, |line| {
                    let pairs = [
                        ("%21", "!"),
                        ("%27", "'"),
                        ("%28", "("),
                        ("%29", ")"),
                        ("%2A", "*"),
                    ];
                    let line = String::from_utf8_lossy(line).into_owned();
                    pairs
                        .iter()
                        .fold(line, |line, (from, to)| line.replace(from, to))
                        .into_bytes()
                })
            },
        ),
        rewriting(
            "the values were encoded twice when they were signed",
            VALUE_HINT,
            |text| {
                in_pairs(&text, |line| {
                    String::from_utf8_lossy(line).replace('%', "%25").into_bytes()
                })
            },
        ),
        rewriting(
            "HttpString was signed without the line break after its last line",
            "each of the four lines of HttpString ends with a line break",
            |mut text| {
                text.pop();
                text
            },
        ),
        rewriting(
            "HttpString was signed with CR LF for its line breaks",
            "lines end with LF alone",
            |text| String::from_utf8_lossy(&text).replace('\n', "\r\n").into_bytes(),
        ),
        Change::new(
            "StringToSign",
            "StringToSign was signed without the line break after its last line",
            "each of the three lines of StringToSign ends with a line break",
            |recipe: &mut Recipe| {
                recipe.string_to_sign = |time, text| string_to_sign(time, text).trim_end().to_owned();
            },
        ),
        Change::new(
            "StringToSign",
            "HttpString itself was signed in the place of its SHA-1",
            "the third line of StringToSign is the SHA-1 of HttpString, as lower-case hex",
            |recipe: &mut Recipe| {
                recipe.string_to_sign =
                    |time, text| format!("sha1\n{time}\n{}\n", String::from_utf8_lossy(text));
            },
        ),
    ]
}

fn keys(claim: &Claim, secret: &SecretKey) -> Vec<Change<Recipe>> {
    let (sign_time, key_time) = (claim.sign_time, claim.key_time);
    let mut changes: Vec<Change<Recipe>> = other_secrets(secret)
        .into_iter()
        .map(|(cause, hint, secret)| {
            Change::new("secret", cause, hint, move |recipe: &mut Recipe| {
                recipe.secret = secret.clone()
            })
        })
        .collect();
    let way = |cause, hint, sign: fn(&SecretKey, Window, &str) -> String| {
        Change::new("SignKey", cause, hint, move |recipe: &mut Recipe| {
            recipe.sign = sign
        })
    };
    let hex = "SignKey is the lower-case hex text of the first HMAC, and that text is the key of the second";
    changes.push(way(
        "the bytes of SignKey were used, not its hex text",
        hex,
        |secret, time, text| {
            let key = mac::hmac_sha1(secret.as_bytes(), time.to_string().as_bytes());
            mac::hex(&mac::hmac_sha1(&key, text.as_bytes()))
        },
    ));
    changes.push(way(
        "the secret signed StringToSign itself, without SignKey",
        hex,
        |secret, _, text| mac::hex(&mac::hmac_sha1(secret.as_bytes(), text.as_bytes())),
    ));
    changes.push(way(
        "the signature was sent in upper case",
        "the signature is lower-case hex",
        |secret, time, text| signature(&sign_key(secret, time), text).to_ascii_uppercase(),
    ));
    let time_hint = "q-key-time is what SignKey is made of, q-sign-time is the second line of StringToSign";
    changes.push(Change::new(
        "KeyTime",
        format!("SignKey was made for `{sign_time}`, and q-key-time says `{key_time}`"),
        time_hint,
        move |recipe: &mut Recipe| recipe.key_time = sign_time,
    ));
    changes.push(Change::new(
        "KeyTime",
        format!("StringToSign holds `{key_time}`, and q-sign-time says `{sign_time}`"),
        time_hint,
        move |recipe: &mut Recipe| recipe.sign_time = key_time,
    ));
    changes
}

/// Changes the lines of parameters and headers, the third and fourth.
fn in_pairs(text: &[u8], change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    let lines: Vec<Vec<u8>> = lines
        .map(|(index, line)| if index < 2 { line.to_vec() } else { change(line) })
        .collect();
    lines.join(&b'\n')
}

fn lower_escapes(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (escape, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        out.push('%');
        out.push_str(&escape.to_ascii_lowercase());
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests;
