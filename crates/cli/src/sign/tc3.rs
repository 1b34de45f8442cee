//! `daypass sign tc3`

use anyhow::{Context, Result};
use clap::Args;
use daypass_signature::RequestView;
use daypass_signature::anatomy::diagnose_tc3;
use daypass_signature::tc3::{
    Claim, DerivedKeys, HeaderValues, canonical_request, claim, credential_scope, hashed_payload, sign,
    string_to_sign, utc_date,
};

use super::shown::{Found, Shown, key_fault, time_fault};
use super::{RequestArguments, Work, borrowed, unreadable};

/// Show what the TC3-HMAC-SHA256 signature of a request is made of. If the request is signed, say what is wrong.
#[derive(Args, Debug)]
#[command(after_long_help = "\
The SecretSigning that is shown signs whatever its holder likes for its day and service. Do not put it into reports.

The body counts to the byte: where the request comes from a file, so does a line break at its end.

Exit codes: 0 the signature is good, or there was none; 1 it is not good; 2 the request cannot be read.

Examples:
  daypass sign tc3 --method POST --url http://localhost:9000/ --header 'Content-Type: application/json' --body body.json \\
    --service sts --timestamp 1700000000
  daypass sign tc3 --request failing.txt
  daypass sign tc3 --request curl.txt --known-host sts.tencentcloudapi.com --json")]
pub struct Arguments {
    #[command(flatten)]
    request: RequestArguments,
    /// The service of a request that is signed here; the first part of its host unless given
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// When it is signed, in seconds since 1970; X-TC-Timestamp of the request, or now, unless given
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..))]
    timestamp: Option<i64>,
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    let work = arguments.request.work().await?;
    shown(&work, arguments.service.as_deref(), arguments.timestamp)?.print(work.json)
}

fn shown(work: &Work, service: Option<&str>, timestamp: Option<i64>) -> Result<Shown> {
    let request = &work.request;
    let headers = borrowed(&request.headers);
    let view =
        RequestView::new(&request.method, &request.path, &request.query, &headers).map_err(unreadable)?;
    let mut shown = match claim(&view).map_err(unreadable)? {
        Some(claim) => judged(work, &view, &claim),
        None => signed(work, &view, service, timestamp)?,
    };
    shown.compare(work.answer.as_deref().unwrap_or_default());
    Ok(shown)
}

fn pieces(work: &Work, view: &RequestView<'_>, of: (&str, &str, i64), signed_headers: &str) -> Shown {
    let (date, service, timestamp) = of;
    let payload = hashed_payload(view, &work.request.body);
    let text = canonical_request(view, signed_headers, &payload, HeaderValues::Lowered);
    let scope = credential_scope(date, service);
    let to_sign = string_to_sign(timestamp, &scope, &text);
    let keys = DerivedKeys::new(&work.key.secret, date, service);
    let [_, _, secret_signing] = keys.expose();
    let mut shown = Shown::default();
    shown.piece("Timestamp", timestamp.to_string());
    shown.piece("CredentialScope", scope);
    shown.piece("SignedHeaders", signed_headers);
    shown.piece("HashedPayload", payload);
    shown.piece("CanonicalRequest", String::from_utf8_lossy(&text));
    shown.piece("StringToSign", to_sign.as_str());
    shown.piece("SecretSigning", secret_signing.as_str());
    shown.piece("Signature", keys.signature(&to_sign));
    shown
}

fn judged(work: &Work, view: &RequestView<'_>, claim: &Claim) -> Shown {
    let of = (claim.date.as_str(), claim.service.as_str(), claim.timestamp);
    let mut shown = pieces(work, view, of, &claim.signed_headers);
    let now = work.now.unix_seconds();
    let time = time_fault(claim.window(now), &claim.timestamp.to_string(), now);
    shown.found = Some(Found {
        sent: claim.signature.clone(),
        about: "CanonicalRequest",
        diagnosis: diagnose_tc3(
            view,
            &work.request.body,
            claim,
            &work.key.secret,
            &work.known_hosts(),
        ),
        faults: [key_fault(&claim.key_id, &work.key.id), time]
            .into_iter()
            .flatten()
            .collect(),
    });
    shown
}

fn signed(
    work: &Work,
    view: &RequestView<'_>,
    service: Option<&str>,
    timestamp: Option<i64>,
) -> Result<Shown> {
    let sent = || work.request.header("x-tc-timestamp")?.parse().ok();
    let timestamp = timestamp.or_else(sent).unwrap_or_else(|| work.now.unix_seconds());
    let host = work.request.header("host").unwrap_or_default();
    let service = service.unwrap_or_else(|| host.split(['.', ':']).next().unwrap_or_default());
    let (key, body) = (&work.key, &work.request.body);
    let authorization = sign(view, body, &key.id, &key.secret, service, timestamp);
    let authorization = authorization.context("the timestamp lies beyond the calendar")?;
    let date = utc_date(timestamp).context("the timestamp lies beyond the calendar")?;
    let mut shown = pieces(work, view, (&date, service, timestamp), "content-type;host");
    shown.piece("Authorization", authorization);
    if key.token.is_some() {
        shown.piece(
            "Note",
            "send the token of the key as the header X-TC-Token: it is not signed",
        );
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use daypass_api::Timestamp;

    use super::super::tests::{text, vectors, work};
    use super::*;

    #[test]
    fn the_vectors_as_signer_and_as_judge() {
        let vectors = vectors("tc3");
        assert!(!vectors.is_empty());
        for vector in vectors {
            let name = text(&vector, "/name");
            let wire = work(&vector, "wire");
            let shown = shown(&wire, None, None).unwrap();
            let found = shown.found.as_ref().unwrap();
            assert!(
                found.faults.is_empty() && found.diagnosis.is_accepted,
                "{name}: {:?}",
                found.diagnosis.causes
            );
            assert_eq!(found.sent, text(&vector, "/expected/signature"), "{name}");
            let mut late = work(&vector, "wire");
            late.now = Timestamp::from_unix_seconds(wire.now.unix_seconds() + 3_600);
            let shown = super::shown(&late, None, None).unwrap();
            assert_eq!(shown.found.unwrap().faults.len(), 1, "{name}");
        }
    }
}
