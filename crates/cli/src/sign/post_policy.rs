//! `daypass sign post-policy`

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use daypass_client::{Clock, SystemClock};
use daypass_signature::Window;
use daypass_signature::cos::{post_policy_signature, post_policy_string_to_sign, sign_key};

use super::shown::Shown;
use super::{Key, cos, read};
use crate::connection::KeyArguments;
use crate::quantity;
use crate::report::{Misuse, No};

/// Show what the signature of a form's policy is made of. The policy is signed to the byte, as it is in the file.
#[derive(Args, Debug)]
#[command(after_long_help = "\
The SignKey that is shown is worth as much as the secret itself for its KeyTime. Do not put it into reports.

With --signature, says whether it is the one that comes out: exit code 1 if it is not.

Examples:
  daypass sign post-policy --policy policy.json
  daypass sign post-policy --policy policy.json --key-time '1700000000;1700000600' --json
  daypass sign post-policy --policy policy.json --key-time '1700000000;1700000600' --signature 0123...")]
pub struct Arguments {
    /// File with the policy, as it was before its Base64; `-` is standard input
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// From when until when the signature holds, in seconds since 1970: START;END. From now on unless given
    #[arg(long, value_name = "START;END", value_parser = cos::window)]
    key_time: Option<Window>,
    /// How long, where no --key-time is given
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = quantity::link_seconds)]
    expires: u32,
    /// A signature to compare with
    #[arg(long, value_name = "HEX", requires = "key_time")]
    signature: Option<String>,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    key: KeyArguments,
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    let policy = read(&arguments.policy)?;
    if let Err(error) = serde_json::from_slice::<serde_json::Value>(&policy) {
        return Err(Misuse(format!("the policy is not JSON: {error}")).into());
    }
    let clock = SystemClock.now();
    let key = Key::of(&arguments.key, clock).await?;
    let now = clock.unix_seconds();
    let usual = Window::new(now, now.saturating_add(arguments.expires.into()));
    let key_time = match arguments.key_time {
        Some(time) => time,
        None => usual.context("the clock of this machine is before 1970")?,
    };
    let shown = shown(&key, &policy, key_time);
    shown.print(arguments.json)?;
    match arguments.signature {
        Some(sent) if !is_made(&shown, &sent) => Err(No(format!(
            "the signature `{sent}` is not that of this policy, time and key"
        ))
        .into()),
        _ => Ok(()),
    }
}

fn shown(key: &Key, policy: &[u8], key_time: Window) -> Shown {
    let mut shown = Shown::default();
    shown.piece("KeyTime", key_time.to_string());
    shown.piece("SignKey", sign_key(&key.secret, key_time).expose());
    shown.piece("StringToSign", post_policy_string_to_sign(policy));
    shown.piece("Signature", post_policy_signature(policy, key_time, &key.secret));
    shown.piece("q-sign-algorithm", "sha1");
    shown.piece("q-ak", key.id.as_str());
    shown.piece("q-key-time", key_time.to_string());
    shown
}

fn is_made(shown: &Shown, sent: &str) -> bool {
    shown
        .pieces
        .iter()
        .any(|(name, text)| *name == "Signature" && text == sent)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{key, text, vectors};
    use super::*;

    #[test]
    fn the_vectors() {
        let vectors = vectors("cos-post-policy");
        assert!(!vectors.is_empty());
        for vector in vectors {
            let Some(policy) = vector["inputs"]["policy_text"].as_str() else {
                continue;
            };
            let time = Window::parse(text(&vector, "/inputs/key_time")).unwrap();
            let shown = shown(&key(&vector), policy.as_bytes(), time);
            assert!(is_made(&shown, text(&vector, "/expected/signature")));
            assert!(!is_made(&shown, "0"));
            let piece = |name| {
                shown
                    .pieces
                    .iter()
                    .find(|(other, _)| *other == name)
                    .unwrap()
                    .1
                    .as_str()
            };
            assert_eq!(piece("SignKey"), text(&vector, "/expected/sign_key"));
            assert_eq!(piece("StringToSign"), text(&vector, "/expected/string_to_sign"));
        }
    }
}
