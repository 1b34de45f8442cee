//! Mistakes, and the search for those that explain a signature.

use crate::{SecretKey, hosts};

/// Something that was done otherwise than the scheme wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Which part of the signature it is about.
    pub part: &'static str,
    /// What was done.
    pub cause: String,
    /// What to do about it.
    pub hint: &'static str,
}

/// A mistake, as a change of what is signed and how. Two changes of one part are never made together.
pub(super) struct Change<R> {
    pub(super) cause: Cause,
    make: Box<dyn Fn(&mut R)>,
}

impl<R> Change<R> {
    pub(super) fn new(
        part: &'static str,
        cause: impl Into<String>,
        hint: &'static str,
        make: impl Fn(&mut R) + 'static,
    ) -> Self {
        Self {
            cause: Cause {
                part,
                cause: cause.into(),
                hint,
            },
            make: Box::new(make),
        }
    }
}

/// The fewest changes, two at most, after which the recipe gives what was sent; and the recipe.
pub(super) fn search<R: Clone>(
    base: &R,
    changes: &[Change<R>],
    matches: impl Fn(&R) -> bool,
) -> Option<(Vec<Cause>, R)> {
    if matches(base) {
        return Some((Vec::new(), base.clone()));
    }
    let made = |change: &Change<R>, recipe: &R| {
        let mut recipe = recipe.clone();
        (change.make)(&mut recipe);
        recipe
    };
    for change in changes {
        let recipe = made(change, base);
        if matches(&recipe) {
            return Some((vec![change.cause.clone()], recipe));
        }
    }
    for (index, first) in changes.iter().enumerate() {
        let recipe = made(first, base);
        let others = changes.iter().skip(index + 1);
        for second in others.filter(|second| second.cause.part != first.cause.part) {
            let both = made(second, &recipe);
            if matches(&both) {
                return Some((vec![first.cause.clone(), second.cause.clone()], both));
            }
        }
    }
    None
}

/// Hosts that a client may have signed instead of the one it sent.
pub(super) fn other_hosts(received: &str, extra_hosts: &[&str]) -> Vec<String> {
    let mut names = hosts::alternatives(received, extra_hosts);
    let bare = hosts::without_port(received);
    for port in ["80", "443", "9000"] {
        let name = format!("{bare}:{port}");
        if name != received && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

pub(super) const HOST_HINT: &str =
    "sign the Host that is sent, with its port; a proxy in between must pass the Host on";
pub(super) const METHOD_HINT: &str = "sign the method that is sent";
const SECRET_HINT: &str =
    "take blanks and line breaks off the secret, as they come with a file or a variable";

/// Secrets that a client may have read instead: with what files and variables have around them.
pub(super) fn other_secrets(secret: &SecretKey) -> Vec<(&'static str, &'static str, SecretKey)> {
    let text = secret.expose();
    let with = |what, text: String| (what, SECRET_HINT, SecretKey::new(text));
    vec![
        with(
            "the secret was used with a line break after it",
            format!("{text}\n"),
        ),
        with(
            "the secret was used with CR and LF after it",
            format!("{text}\r\n"),
        ),
        with("the secret was used with a blank after it", format!("{text} ")),
        with("the secret was used with a blank before it", format!(" {text}")),
        with(
            "the secret was used with quotation marks around it",
            format!("\"{text}\""),
        ),
        with(
            "the secret was used without the blanks around it",
            text.trim().to_owned(),
        ),
    ]
}

/// Values of Content-Type that libraries and proxies put in the place of one another.
pub(super) fn other_content_types(sent: &str) -> Vec<String> {
    let bare = sent.split(';').next().unwrap_or_default().trim();
    let usual = [
        "application/json",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "application/xml",
        "multipart/form-data",
        "text/plain",
    ];
    let mut types = vec![String::new(), bare.to_owned()];
    for kind in std::iter::once(bare).chain(usual) {
        types.push(kind.to_owned());
        types.push(format!("{kind}; charset=utf-8"));
        types.push(format!("{kind};charset=utf-8"));
        types.push(format!("{kind}; charset=UTF-8"));
    }
    types.retain(|other| other != sent);
    types
}
