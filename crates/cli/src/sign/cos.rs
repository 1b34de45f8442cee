//! `daypass sign cos`

use anyhow::{Context, Result};
use clap::Args;
use daypass_signature::anatomy::{Cause, diagnose_cos};
use daypass_signature::cos::{
    Claim, NameList, Selection, SignOptions, claim, http_string, sign, sign_key, signature, string_to_sign,
    unsigned_meaning,
};
use daypass_signature::{RequestView, SecretKey, Window, decode_path};

use super::shown::{Found, Shown, key_fault, time_fault};
use super::{RequestArguments, Work, borrowed, unreadable};
use crate::quantity;
use crate::report::Misuse;

/// Show what the signature of a request to the object service is made of. If the request is signed, say what is wrong.
#[derive(Args, Debug)]
#[command(after_long_help = "\
The SignKey that is shown is worth as much as the secret itself for its KeyTime: whoever has it signs whatever they like.
Do not put it into reports. The secret itself is never shown.

A request that is signed is judged: the known mistakes are made, alone and in pairs, until the signature comes out that was
sent; then the first byte is named that the signer had otherwise. The key in use must be the one that signed.

Exit codes: 0 the signature is good, or there was none; 1 it is not good; 2 the request cannot be read.

Examples:
  daypass sign cos --url http://photos-1250000000.cos.ap-guangzhou.myqcloud.com/cat.jpg --key-time '1700000000;1700000600'
  daypass sign cos --method PUT --url http://photos-1250000000.localhost:9000/a --header 'x-cos-acl: private'
  curl -v http://photos-1250000000.localhost:9000/a -H \"Authorization: $AUTH\" 2>&1 | grep '^> ' | daypass sign cos --request -
  daypass sign cos --request failing.txt --answer refusal.xml --json")]
pub struct Arguments {
    #[command(flatten)]
    request: RequestArguments,
    /// From when until when SignKey holds, in seconds since 1970: START;END. From now on unless given
    #[arg(long, value_name = "START;END", value_parser = window)]
    key_time: Option<Window>,
    /// From when until when the signature holds; as --key-time unless given
    #[arg(long, value_name = "START;END", value_parser = window)]
    sign_time: Option<Window>,
    /// How long, where no --key-time is given
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = quantity::link_seconds)]
    expires: u32,
    /// Sign this header, and no other that is not named so; what the official SDKs sign unless given
    #[arg(long = "sign-header", value_name = "NAME")]
    sign_headers: Vec<String>,
    /// Sign this parameter, and no other that is not named so; all unless given
    #[arg(long = "sign-parameter", value_name = "NAME")]
    sign_parameters: Vec<String>,
}

/// When, and which names.
#[derive(Default)]
struct Choice {
    key_time: Option<Window>,
    sign_time: Option<Window>,
    expires: u32,
    headers: Vec<String>,
    parameters: Vec<String>,
}

pub(super) fn window(text: &str) -> Result<Window, String> {
    Window::parse(text).map_err(|error| error.to_string())
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    let work = arguments.request.work().await?;
    let choice = Choice {
        key_time: arguments.key_time,
        sign_time: arguments.sign_time,
        expires: arguments.expires,
        headers: arguments.sign_headers,
        parameters: arguments.sign_parameters,
    };
    shown(&work, &choice)?.print(work.json)
}

fn shown(work: &Work, choice: &Choice) -> Result<Shown> {
    let request = &work.request;
    let headers = borrowed(&request.headers);
    let view =
        RequestView::new(&request.method, &request.path, &request.query, &headers).map_err(unreadable)?;
    let mut shown = match claim(&view).map_err(unreadable)? {
        Some(claim) => judged(work, &view, &claim),
        None => signed(work, choice)?,
    };
    shown.compare(work.answer.as_deref().unwrap_or_default());
    Ok(shown)
}

/// The pieces of a signature, each as the one before it makes it.
fn pieces(
    view: &RequestView<'_>,
    secret: &SecretKey,
    times: (Window, Window),
    lists: (&NameList, &NameList),
) -> Shown {
    let (sign_time, key_time) = times;
    let key = sign_key(secret, key_time);
    let text = http_string(view, lists.0, lists.1);
    let to_sign = string_to_sign(sign_time, &text);
    let mut shown = Shown::default();
    shown.piece("KeyTime", key_time.to_string());
    shown.piece("SignKey", key.expose());
    shown.piece("HeaderList", lists.0.as_str());
    shown.piece("UrlParamList", lists.1.as_str());
    shown.piece("HttpString", String::from_utf8_lossy(&text));
    shown.piece("StringToSign", to_sign.as_str());
    shown.piece("Signature", signature(&key, &to_sign));
    shown
}

fn judged(work: &Work, view: &RequestView<'_>, claim: &Claim) -> Shown {
    let times = (claim.sign_time, claim.key_time);
    let lists = (&claim.header_list, &claim.parameter_list);
    let mut shown = pieces(view, &work.key.secret, times, lists);
    let now = work.now.unix_seconds();
    let time = format!("{} and {}", claim.sign_time, claim.key_time);
    let meaning = unsigned_meaning(view, claim).map(|meaning| Cause {
        part: "lists",
        cause: format!(
            "the request asks for something that is not signed: `{}`",
            meaning.name
        ),
        hint: "sign every parameter and header that selects what is done",
    });
    let faults = [
        key_fault(&claim.key_id, &work.key.id),
        time_fault(claim.window(now), &time, now),
        meaning,
    ];
    shown.found = Some(Found {
        sent: claim.signature.clone(),
        about: "HttpString",
        diagnosis: diagnose_cos(view, claim, &work.key.secret, &work.known_hosts()),
        faults: faults.into_iter().flatten().collect(),
    });
    shown
}

/// Signs a request that is not signed; the token of a temporary key is signed with it.
fn signed(work: &Work, choice: &Choice) -> Result<Shown> {
    const TOKEN: &str = "x-cos-security-token";
    let mut all = work.request.headers.clone();
    let added = work
        .key
        .token
        .as_ref()
        .filter(|_| work.request.header(TOKEN).is_none());
    all.extend(added.map(|token| (TOKEN.to_owned(), token.clone())));
    let headers = borrowed(&all);
    let request = &work.request;
    let view =
        RequestView::new(&request.method, &request.path, &request.query, &headers).map_err(unreadable)?;
    let now = work.now.unix_seconds();
    let usual = Window::new(now, now.saturating_add(choice.expires.into()));
    let key_time = match choice.key_time {
        Some(time) => time,
        None => usual.context("the clock of this machine is before 1970")?,
    };
    let sign_time = choice.sign_time.unwrap_or(key_time);
    let (names, parameters) = (plain(&choice.headers)?, plain(&choice.parameters)?);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
    let options = SignOptions {
        sign_time,
        key_time,
        headers: selection(&names),
        parameters: selection(&parameters),
    };
    let authorization = sign(&view, &work.key.id, &work.key.secret, &options);
    let with = [headers.as_slice(), &[("authorization", authorization.as_bytes())]].concat();
    let with = RequestView::new(&request.method, &request.path, &request.query, &with).map_err(unreadable)?;
    // Read back, so that the lists that are shown are those that were signed.
    let claim = claim(&with)
        .map_err(unreadable)?
        .context("the signature cannot be read back")?;
    let lists = (&claim.header_list, &claim.parameter_list);
    let mut shown = pieces(&view, &work.key.secret, (sign_time, key_time), lists);
    shown.piece("Authorization", authorization);
    if added.is_some() {
        shown.piece(
            "Note",
            format!("send the token of the key as the header {TOKEN}: it is signed"),
        );
    }
    Ok(shown)
}

fn selection<'a>(names: &'a [&'a str]) -> Selection<'a> {
    if names.is_empty() {
        Selection::Standard
    } else {
        Selection::Only(names)
    }
}

/// Names may be given as they stand in a list, encoded.
fn plain(names: &[String]) -> Result<Vec<String>> {
    let one = |name: &String| {
        let name = String::from_utf8(decode_path(name).into_owned());
        name.map_err(|_| Misuse("the name of a parameter is not UTF-8".to_owned()).into())
    };
    names.iter().map(one).collect()
}

#[cfg(test)]
mod tests;
