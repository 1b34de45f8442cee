//! The mistakes that are made with HmacSHA1 and HmacSHA256 over parameters.

use super::Diagnosis;
use super::change::{Change, HOST_HINT, METHOD_HINT, other_hosts, other_secrets, search};
use crate::v1::{Claim, Method, host_candidates, signature, string_to_sign};
use crate::{SecretKey, encode, mac, public_names};

const SERVICES: [&str; 2] = ["sts", "cam"];
const VALUE_HINT: &str = "the values are signed as they are, and encoded once when they are sent";

/// What is signed, and how.
#[derive(Clone)]
struct Recipe {
    http_method: String,
    host: String,
    path: String,
    parameters: Vec<(String, String)>,
    /// What is done to the text when it is made.
    rewrite: fn(String) -> String,
    method: Method,
    secret: SecretKey,
    sent: String,
}

impl Recipe {
    fn text(&self) -> String {
        (self.rewrite)(string_to_sign(
            &self.http_method,
            &self.host,
            &self.path,
            &self.parameters,
        ))
    }
}

/// Finds out what the maker of this claim has signed. `extra_hosts` are names under which the server is known, too.
pub fn diagnose_v1(
    http_method: &str,
    host: &str,
    path: &str,
    parameters: &[(String, String)],
    claim: &Claim,
    secret: &SecretKey,
    extra_hosts: &[&str],
) -> Diagnosis {
    let base = Recipe {
        http_method: http_method.to_owned(),
        host: host.to_owned(),
        path: path.to_owned(),
        parameters: parameters.to_vec(),
        rewrite: |text| text,
        method: claim.method,
        secret: secret.clone(),
        sent: claim.signature.clone(),
    };
    let matches = |recipe: &Recipe| {
        mac::same(
            &signature(recipe.method, &recipe.secret, &recipe.text()),
            &recipe.sent,
        )
    };
    let found = search(&base, &changes(&base, extra_hosts), matches);
    let signed = found.as_ref().map(|(_, recipe)| recipe.text().into_bytes());
    let is_accepted = SERVICES.iter().any(|service| {
        let hosts = host_candidates(host, extra_hosts, service, None);
        claim.verify(http_method, &hosts, path, parameters, secret)
    });
    Diagnosis {
        expected: base.text().into_bytes(),
        causes: found.map(|(causes, _)| causes),
        signed,
        is_accepted,
    }
}

fn changes(base: &Recipe, extra_hosts: &[&str]) -> Vec<Change<Recipe>> {
    let public = SERVICES.iter().flat_map(|service| public_names(service, None));
    let mut changes: Vec<Change<Recipe>> = other_hosts(&base.host, extra_hosts)
        .into_iter()
        .chain(public)
        .map(|host| {
            let cause = format!("the host was signed as `{host}`");
            Change::new("host", cause, HOST_HINT, move |recipe: &mut Recipe| {
                recipe.host.clone_from(&host)
            })
        })
        .collect();
    let others = ["GET", "POST"]
        .into_iter()
        .filter(|method| *method != base.http_method);
    changes.extend(others.map(|method| {
        let cause = format!("the method was signed as `{method}`");
        Change::new("method", cause, METHOD_HINT, move |recipe: &mut Recipe| {
            method.clone_into(&mut recipe.http_method);
        })
    }));
    let paths = ["/", "/v2/index.php", ""]
        .into_iter()
        .filter(|path| *path != base.path);
    changes.extend(paths.map(|path| {
        let cause = format!("the path was signed as `{path}`");
        let hint = "sign the path that is asked for: `/`, or `/v2/index.php` of API 2.0";
        Change::new("path", cause, hint, move |recipe: &mut Recipe| {
            path.clone_into(&mut recipe.path)
        })
    }));
    changes.extend(values());
    changes.extend(algorithms(base.method));
    changes.extend(
        other_secrets(&base.secret)
            .into_iter()
            .map(|(cause, hint, secret)| {
                Change::new("secret", cause, hint, move |recipe: &mut Recipe| {
                    recipe.secret = secret.clone()
                })
            }),
    );
    changes
}

fn values() -> Vec<Change<Recipe>> {
    fn each(recipe: &mut Recipe, change: impl Fn(&str) -> String) {
        for (_, value) in &mut recipe.parameters {
            *value = change(value);
        }
    }
    vec![
        Change::new(
            "values",
            "the values were signed encoded",
            VALUE_HINT,
            |recipe: &mut Recipe| {
                each(recipe, |value| encode(value));
            },
        ),
        Change::new(
            "values",
            "the blanks of the values were signed as `+`",
            VALUE_HINT,
            |recipe: &mut Recipe| {
                each(recipe, |value| value.replace(' ', "+"));
            },
        ),
        Change::new(
            "values",
            "the values were encoded twice when they were sent",
            VALUE_HINT,
            |recipe: &mut Recipe| {
                each(recipe, |value| {
                    String::from_utf8_lossy(&crate::decode_path(value)).into_owned()
                });
            },
        ),
        Change::new(
            "signature",
            "the `+` of the signature were sent unencoded, and came as blanks",
            "encode the signature as any value: `+` is %2B",
            |recipe: &mut Recipe| recipe.sent = recipe.sent.replace(' ', "+"),
        ),
        Change::new(
            "signature",
            "the signature was encoded twice when it was sent",
            "encode the signature once",
            |recipe: &mut Recipe| {
                recipe.sent = String::from_utf8_lossy(&crate::decode_path(&recipe.sent)).into_owned();
            },
        ),
        Change::new(
            "text",
            "the text was signed without the `?` before the parameters",
            "the text is method, host and path with nothing between them, then `?`, then the parameters",
            |recipe: &mut Recipe| recipe.rewrite = |text| text.replacen('?', "", 1),
        ),
        Change::new(
            "order",
            "the parameters were sorted without regard to upper and lower case",
            "sort the parameters by the bytes of their names, capitals first",
            |recipe: &mut Recipe| {
                recipe.rewrite = |text| {
                    let (head, tail) = text.split_once('?').unwrap_or((&text, ""));
                    let mut pairs: Vec<&str> = tail.split('&').collect();
                    pairs.sort_by_key(|pair| pair.split('=').next().unwrap_or_default().to_lowercase());
                    format!("{head}?{}", pairs.join("&"))
                };
            },
        ),
    ]
}

fn algorithms(method: Method) -> Vec<Change<Recipe>> {
    let hint = "SignatureMethod says which hash is used: `HmacSHA256`, and SHA-1 without it";
    let (cause, other) = match method {
        Method::HmacSha1 => (
            "it was signed with HmacSHA256, and SignatureMethod does not say so",
            Method::HmacSha256,
        ),
        Method::HmacSha256 => (
            "it was signed with HmacSHA1, and SignatureMethod says HmacSHA256",
            Method::HmacSha1,
        ),
    };
    vec![Change::new(
        "SignatureMethod",
        cause,
        hint,
        move |recipe: &mut Recipe| recipe.method = other,
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1;

    fn parameters() -> Vec<(String, String)> {
        let pairs = [
            ("Action", "GetFederationToken"),
            ("Nonce", "1"),
            ("Policy", "{\"a\": 1}"),
            ("SecretId", "AKIDx"),
            ("Timestamp", "1700000000"),
            ("a", "1"),
        ];
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    /// What is found when this text is signed and the usual request is received.
    fn check(sign: impl Fn(&SecretKey) -> String, expected: Option<&[&str]>) {
        let secret = SecretKey::new("secret".to_owned());
        let mut received = parameters();
        received.push(("Signature".to_owned(), sign(&secret)));
        let claim = v1::claim(&received).unwrap().unwrap();
        let diagnosis = diagnose_v1("POST", "sts.h:9000", "/", &received, &claim, &secret, &[]);
        let causes = diagnosis.causes;
        let causes: Option<Vec<&str>> = causes
            .as_ref()
            .map(|causes| causes.iter().map(|cause| cause.cause.as_str()).collect());
        assert_eq!(causes.as_deref(), expected);
    }

    #[test]
    fn each_mistake_is_found() {
        check(
            |secret| v1::sign("POST", "sts.h:9000", "/", &parameters(), secret),
            Some(&[]),
        );
        check(
            |secret| v1::sign("GET", "sts.h:9000", "/", &parameters(), secret),
            Some(&["the method was signed as `GET`"]),
        );
        check(
            |secret| {
                v1::sign(
                    "POST",
                    "sts.tencentcloudapi.com",
                    "/v2/index.php",
                    &parameters(),
                    secret,
                )
            },
            Some(&[
                "the host was signed as `sts.tencentcloudapi.com`",
                "the path was signed as `/v2/index.php`",
            ]),
        );
        let text = || string_to_sign("POST", "sts.h:9000", "/", &parameters());
        check(
            |secret| signature(Method::HmacSha256, secret, &text()),
            Some(&["it was signed with HmacSHA256, and SignatureMethod does not say so"]),
        );
        check(
            |secret| {
                let mut encoded = parameters();
                encoded.iter_mut().for_each(|(_, value)| *value = encode(&*value));
                v1::sign("POST", "sts.h:9000", "/", &encoded, secret)
            },
            Some(&["the values were signed encoded"]),
        );
        check(
            |_| signature(Method::HmacSha1, &SecretKey::new("other".to_owned()), &text()),
            None,
        );
    }
}
