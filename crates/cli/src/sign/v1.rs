//! `daypass sign v1`

use anyhow::Result;
use clap::Args;
use daypass_signature::anatomy::diagnose_v1;
use daypass_signature::v1::{Claim, Method, claim, signature, string_to_sign};
use daypass_signature::{encode, parameters};

use super::shown::{Found, Shown, key_fault, time_fault};
use super::{RequestArguments, Work, unreadable};

/// Show what an HmacSHA1 or HmacSHA256 signature is made of. If the request is signed, say what is wrong.
#[derive(Args, Debug)]
#[command(after_long_help = "\
The parameters are those of the query, and of the body where the method is POST.

Exit codes: 0 the signature is good, or there was none; 1 it is not good; 2 the request cannot be read.

Examples:
  daypass sign v1 --url 'http://localhost:9000/?Action=GetCallerIdentity&Nonce=1&SecretId=AKIDx&Timestamp=1700000000'
  daypass sign v1 --request failing.txt --known-host sts.tencentcloudapi.com
  daypass sign v1 --request curl.txt --json")]
pub struct Arguments {
    #[command(flatten)]
    request: RequestArguments,
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    let work = arguments.request.work().await?;
    shown(&work)?.print(work.json)
}

fn shown(work: &Work) -> Result<Shown> {
    let request = &work.request;
    let all = all_parameters(work)?;
    let host = request.header("host").unwrap_or_default();
    let method = Method::of(&all);
    let text = string_to_sign(&request.method, host, &request.path, &all);
    let made = signature(method, &work.key.secret, &text);
    let mut shown = Shown::default();
    shown.piece(
        "SignatureMethod",
        match method {
            Method::HmacSha1 => "HmacSHA1",
            Method::HmacSha256 => "HmacSHA256",
        },
    );
    shown.piece("StringToSign", text);
    shown.piece("Signature", made.as_str());
    let is_signed = all.iter().any(|(name, _)| name == "Signature");
    let claimed = is_signed.then(|| claim(&all).map_err(unreadable)).transpose()?;
    match claimed.flatten() {
        Some(claim) => shown.found = Some(judged(work, host, &all, &claim)),
        None => shown.piece("Parameter", format!("Signature={}", encode(made))),
    }
    shown.compare(work.answer.as_deref().unwrap_or_default());
    Ok(shown)
}

fn judged(work: &Work, host: &str, all: &[(String, String)], claim: &Claim) -> Found {
    let request = &work.request;
    let now = work.now.unix_seconds();
    let time = time_fault(claim.window(now), &claim.timestamp.to_string(), now);
    let (secret, hosts) = (&work.key.secret, work.known_hosts());
    Found {
        sent: claim.signature.clone(),
        about: "StringToSign",
        diagnosis: diagnose_v1(&request.method, host, &request.path, all, claim, secret, &hosts),
        faults: [key_fault(&claim.key_id, &work.key.id), time]
            .into_iter()
            .flatten()
            .collect(),
    }
}

fn all_parameters(work: &Work) -> Result<Vec<(String, String)>> {
    let request = &work.request;
    let body = if request.method == "POST" {
        request.body.as_slice()
    } else {
        b""
    };
    let body = str::from_utf8(body.trim_ascii_end()).map_err(unreadable)?;
    let mut all = Vec::new();
    for part in [request.query.as_str(), body] {
        for one in parameters(part).map_err(unreadable)? {
            let name = str::from_utf8(&one.name).map_err(unreadable)?;
            let value = str::from_utf8(&one.value).map_err(unreadable)?;
            all.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{text, vectors, work};
    use super::*;

    #[test]
    fn a_request_without_a_signature_gets_one() {
        let vectors = vectors("sts-v1");
        let mut unsigned = work(vectors.first().unwrap(), "wire");
        for part in ["query", "body"] {
            let text = match part {
                "query" => unsigned.request.query.clone(),
                _ => String::from_utf8(unsigned.request.body.clone()).unwrap(),
            };
            let kept: Vec<&str> = text
                .split('&')
                .filter(|one| !one.starts_with("Signature="))
                .collect();
            match part {
                "query" => unsigned.request.query = kept.join("&"),
                _ => unsigned.request.body = kept.join("&").into_bytes(),
            }
        }
        let made = shown(&unsigned).unwrap();
        assert!(made.found.is_none());
        let expected = text(vectors.first().unwrap(), "/expected/signature");
        let piece = |name: &str| {
            made.pieces
                .iter()
                .find(|(other, _)| *other == name)
                .unwrap()
                .1
                .as_str()
        };
        assert_eq!(piece("Signature"), expected);
        assert!(piece("Parameter").starts_with("Signature="));
    }

    #[test]
    fn the_vectors_as_judge() {
        let vectors = vectors("sts-v1");
        assert!(!vectors.is_empty());
        for vector in vectors {
            let name = text(&vector, "/name");
            let shown = shown(&work(&vector, "wire")).unwrap();
            let found = shown.found.as_ref().unwrap();
            assert!(
                found.faults.is_empty() && found.diagnosis.is_accepted,
                "{name}: {:?}",
                found.diagnosis.causes
            );
            assert_eq!(found.sent, text(&vector, "/expected/signature"), "{name}");
        }
    }
}
