//! The mistakes that are made with TC3-HMAC-SHA256.

use super::Diagnosis;
use super::change::{
    Change, HOST_HINT, METHOD_HINT, other_content_types, other_hosts, other_secrets, search,
};
use crate::tc3::{
    Claim, DerivedKeys, HeaderValues, canonical_request, credential_scope, hashed_payload, string_to_sign,
    utc_date,
};
use crate::{RequestView, SecretKey, mac, public_names};

const DAY_SECONDS: i64 = 86_400;
const BODY_HINT: &str = "hash the very bytes that are sent: serialise the body once, sign it, and send that";

/// What is signed, and how.
#[derive(Clone)]
struct Recipe {
    method: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    signed_headers: String,
    values: HeaderValues,
    payload: String,
    /// What is done to the canonical request when it is made.
    rewrite: fn(Vec<u8>) -> Vec<u8>,
    date: String,
    service: String,
    timestamp: i64,
    secret: SecretKey,
}

impl Recipe {
    fn canonical_request(&self) -> Option<Vec<u8>> {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let view = RequestView::new(&self.method, "/", &self.query, &headers).ok()?;
        let text = canonical_request(&view, &self.signed_headers, &self.payload, self.values);
        Some((self.rewrite)(text))
    }

    fn signature(&self) -> Option<String> {
        let scope = credential_scope(&self.date, &self.service);
        let text = string_to_sign(self.timestamp, &scope, &self.canonical_request()?);
        Some(DerivedKeys::new(&self.secret, &self.date, &self.service).signature(&text))
    }

    fn set_header(&mut self, name: &str, value: &str) {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
    }
}

/// Finds out what the maker of this claim has signed. `extra_hosts` are names under which the server is known, too.
pub fn diagnose_tc3(
    view: &RequestView<'_>,
    body: &[u8],
    claim: &Claim,
    secret: &SecretKey,
    extra_hosts: &[&str],
) -> Diagnosis {
    let payload = hashed_payload(view, body);
    let base = Recipe {
        method: view.method().to_owned(),
        query: view.query().to_owned(),
        headers: view
            .headers()
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
            .collect(),
        signed_headers: claim.signed_headers.clone(),
        values: HeaderValues::Lowered,
        payload,
        rewrite: |text| text,
        date: claim.date.clone(),
        service: claim.service.clone(),
        timestamp: claim.timestamp,
        secret: secret.clone(),
    };
    let expected = base.canonical_request().unwrap_or_default();
    let matches = |recipe: &Recipe| {
        let made = recipe.signature();
        made.is_some_and(|made| mac::same(&made, &claim.signature))
    };
    let found = search(&base, &changes(view, body, claim, secret, extra_hosts), matches);
    let signed = found.as_ref().and_then(|(_, recipe)| recipe.canonical_request());
    Diagnosis {
        expected,
        causes: found.map(|(causes, _)| causes),
        signed,
        is_accepted: claim.verify(view, body, secret, &claim.service, extra_hosts),
    }
}

fn changes(
    view: &RequestView<'_>,
    body: &[u8],
    claim: &Claim,
    secret: &SecretKey,
    extra_hosts: &[&str],
) -> Vec<Change<Recipe>> {
    let mut changes = vec![Change::new(
        "header values",
        "the values of headers were signed as they are",
        "header values are signed in lower case; most servers take either",
        |recipe: &mut Recipe| recipe.values = HeaderValues::AsSent,
    )];
    changes.extend(hosts(view, claim, extra_hosts));
    changes.extend(bodies(body));
    changes.extend(headers(view, claim));
    changes.extend(scopes(claim));
    changes.extend(texts(view));
    changes.extend(other_secrets(secret).into_iter().map(|(cause, hint, secret)| {
        Change::new("secret", cause, hint, move |recipe: &mut Recipe| {
            recipe.secret = secret.clone()
        })
    }));
    changes
}

fn hosts(view: &RequestView<'_>, claim: &Claim, extra_hosts: &[&str]) -> Vec<Change<Recipe>> {
    let received = String::from_utf8_lossy(view.header("host").unwrap_or_default()).into_owned();
    let region = view
        .header("x-tc-region")
        .and_then(|region| str::from_utf8(region).ok());
    let public = public_names(&claim.service, region);
    let one = |host: String| {
        let cause = format!("the host was signed as `{host}`");
        Change::new("host", cause, HOST_HINT, move |recipe: &mut Recipe| {
            recipe.set_header("host", &host)
        })
    };
    other_hosts(&received, extra_hosts)
        .into_iter()
        .chain(public)
        .map(one)
        .collect()
}

fn bodies(body: &[u8]) -> Vec<Change<Recipe>> {
    let text = String::from_utf8_lossy(body).into_owned();
    let compact: String = text.lines().map(str::trim).collect();
    let bodies = [
        ("the body was signed as empty", String::new()),
        ("the body was signed as `{}`", "{}".to_owned()),
        (
            "the body was signed with a line break after it",
            format!("{text}\n"),
        ),
        (
            "the body was signed without the line break after it",
            text.trim_end().to_owned(),
        ),
        (
            "the body was signed with LF for its CR LF",
            text.replace("\r\n", "\n"),
        ),
        (
            "the body was signed with CR LF for its LF",
            text.replace('\n', "\r\n"),
        ),
        (
            "the body was signed without blanks after `:` and `,`",
            text.replace(": ", ":").replace(", ", ","),
        ),
        (
            "the body was signed with blanks after `:` and `,`",
            text.replace(':', ": ").replace(',', ", "),
        ),
        ("the body was signed without its line breaks", compact),
        (
            "the body was signed as `UNSIGNED-PAYLOAD`",
            "UNSIGNED-PAYLOAD".to_owned(),
        ),
    ];
    let mut changes: Vec<Change<Recipe>> = bodies
        .into_iter()
        .map(|(cause, body)| {
            let hash = mac::sha256_hex(body.as_bytes());
            Change::new("body", cause, BODY_HINT, move |recipe: &mut Recipe| {
                recipe.payload.clone_from(&hash)
            })
        })
        .collect();
    changes.push(Change::new(
        "body",
        "the hash of the body was signed in upper case",
        "the hash of the body is lower-case hex",
        |recipe: &mut Recipe| recipe.payload.make_ascii_uppercase(),
    ));
    changes
}

fn headers(view: &RequestView<'_>, claim: &Claim) -> Vec<Change<Recipe>> {
    const HINT: &str =
        "sign what is sent: libraries and proxies set and change headers, `; charset=utf-8` above all";
    let mut changes = Vec::new();
    for name in claim.signed_headers.split(';').filter(|name| *name != "host") {
        let sent = String::from_utf8_lossy(view.header(name).unwrap_or_default()).into_owned();
        let values = if name == "content-type" {
            other_content_types(&sent)
        } else {
            vec![String::new()]
        };
        for value in values.into_iter().filter(|value| *value != sent) {
            let cause = format!("the header `{name}` was signed as `{value}`");
            let name = name.to_owned();
            changes.push(Change::new("header", cause, HINT, move |recipe: &mut Recipe| {
                recipe.set_header(&name, &value);
            }));
        }
    }
    changes
}

fn scopes(claim: &Claim) -> Vec<Change<Recipe>> {
    let mut changes = Vec::new();
    let days = [0, -DAY_SECONDS, DAY_SECONDS];
    let dates = days
        .iter()
        .filter_map(|days| utc_date(claim.timestamp.saturating_add(*days)));
    for date in dates.filter(|date| *date != claim.date) {
        let cause = format!(
            "the date was signed as `{date}`, and Credential says `{}`",
            claim.date
        );
        let hint = "the date of Credential is that of X-TC-Timestamp in UTC, not in local time";
        changes.push(Change::new("date", cause, hint, move |recipe: &mut Recipe| {
            recipe.date.clone_from(&date)
        }));
    }
    for service in ["sts", "cam", "cos", "cvm", "tc3"]
        .into_iter()
        .filter(|name| *name != claim.service)
    {
        let cause = format!(
            "the service was signed as `{service}`, and Credential says `{}`",
            claim.service
        );
        let hint =
            "the service is the first label of the vendor's host name, alike in key, scope and Credential";
        changes.push(Change::new("service", cause, hint, move |recipe: &mut Recipe| {
            service.clone_into(&mut recipe.service);
        }));
    }
    changes
}

fn texts(view: &RequestView<'_>) -> Vec<Change<Recipe>> {
    let other = if view.method() == "GET" { "POST" } else { "GET" };
    let method = Change::new(
        "method",
        format!("the method was signed as `{other}`"),
        METHOD_HINT,
        move |recipe: &mut Recipe| {
            other.clone_into(&mut recipe.method);
        },
    );
    let lower = Change::new(
        "method",
        "the method was signed in lower case",
        "the first line of the canonical request is the method in upper case",
        |recipe: &mut Recipe| {
            recipe.rewrite = |mut text| {
                let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
                text.iter_mut().take(end).for_each(u8::make_ascii_lowercase);
                text
            };
        },
    );
    let ended = Change::new(
        "canonical request",
        "the canonical request was signed with a line break after it",
        "the canonical request ends with the hash of the body",
        |recipe: &mut Recipe| {
            recipe.rewrite = |mut text| {
                text.push(b'\n');
                text
            };
        },
    );
    let blank = Change::new(
        "canonical request",
        "the canonical request was signed without the empty line after the headers",
        "each header ends with a line break, and an empty line follows",
        |recipe: &mut Recipe| {
            recipe.rewrite = |text| {
                let text = String::from_utf8_lossy(&text).into_owned();
                match text.rsplit_once("\n\n") {
                    Some((head, tail)) => format!("{head}\n{tail}").into_bytes(),
                    None => text.into_bytes(),
                }
            };
        },
    );
    vec![method, lower, ended, blank]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tc3::{claim, sign};

    const TIME: i64 = 1_700_000_000;
    const BODY: &str = "{\"a\": 1}\n";

    struct Sent<'s> {
        host: &'s str,
        content_type: &'s str,
        body: &'s str,
        secret: &'s str,
        service: &'s str,
    }

    const PLAIN: Sent<'_> = Sent {
        host: "sts.h:9000",
        content_type: "application/json",
        body: BODY,
        secret: "secret",
        service: "sts",
    };

    /// What is found when one request is signed and another one is received.
    fn causes(signed: &Sent<'_>, change: impl Fn(String) -> String) -> Option<Vec<String>> {
        let secret = SecretKey::new(signed.secret.to_owned());
        let headers: [(&str, &[u8]); 2] = [
            ("host", signed.host.as_bytes()),
            ("content-type", signed.content_type.as_bytes()),
        ];
        let view = RequestView::new("POST", "/", "", &headers).unwrap();
        let text = sign(
            &view,
            signed.body.as_bytes(),
            "AKIDx",
            &secret,
            signed.service,
            TIME,
        )
        .unwrap();
        let text = change(text);
        let headers: [(&str, &[u8]); 4] = [
            ("host", PLAIN.host.as_bytes()),
            ("content-type", PLAIN.content_type.as_bytes()),
            ("x-tc-timestamp", b"1700000000"),
            ("authorization", text.as_bytes()),
        ];
        let view = RequestView::new("POST", "/", "", &headers).unwrap();
        let claim = claim(&view).unwrap().unwrap();
        let diagnosis = diagnose_tc3(
            &view,
            BODY.as_bytes(),
            &claim,
            &SecretKey::new("secret".to_owned()),
            &[],
        );
        let causes = diagnosis.causes?;
        Some(causes.into_iter().map(|cause| cause.cause).collect())
    }

    fn check(signed: &Sent<'_>, expected: &[&str]) {
        let expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(causes(signed, |text| text), Some(expected));
    }

    #[test]
    fn each_mistake_is_found() {
        check(&PLAIN, &[]);
        check(
            &Sent {
                host: "sts.h",
                ..PLAIN
            },
            &["the host was signed as `sts.h`"],
        );
        check(
            &Sent {
                host: "sts.tencentcloudapi.com",
                ..PLAIN
            },
            &["the host was signed as `sts.tencentcloudapi.com`"],
        );
        check(
            &Sent {
                content_type: "application/json; charset=utf-8",
                ..PLAIN
            },
            &["the header `content-type` was signed as `application/json; charset=utf-8`"],
        );
        check(&Sent { body: "", ..PLAIN }, &["the body was signed as empty"]);
        check(
            &Sent {
                body: "{\"a\": 1}",
                ..PLAIN
            },
            &["the body was signed without the line break after it"],
        );
        check(
            &Sent {
                secret: "secret\n",
                ..PLAIN
            },
            &["the secret was used with a line break after it"],
        );
        check(
            &Sent {
                body: "{}",
                host: "sts.h",
                ..PLAIN
            },
            &["the host was signed as `sts.h`", "the body was signed as `{}`"],
        );
        let found = causes(&PLAIN, |text| text.replace("2023-11-14", "2023-11-15"));
        let expected = "the date was signed as `2023-11-14`, and Credential says `2023-11-15`";
        assert_eq!(found, Some(vec![expected.to_owned()]));
    }

    #[test]
    fn another_secret_is_not_explained() {
        assert_eq!(
            causes(
                &Sent {
                    secret: "other",
                    ..PLAIN
                },
                |text| text
            ),
            None
        );
    }
}
